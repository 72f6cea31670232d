/* SPDX-License-Identifier: MIT */
/* The base-URL guard: tables of spellings, at save time and at connect time. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "base/base.h"
#include "fetch/guard.h"

#include "base/banned.h"

struct fixture {
	struct guard *guard;
};

static char *allow_items[] = {
	(char *)"127.0.0.1:11434",  (char *)"[::1]:11434",    (char *)"localhost:8000",
	(char *)"ollama.lan:11434", (char *)"10.1.2.3:8080",  (char *)"LLM.corp.internal:443",
	(char *)"ollama:11434",	    (char *)"192.168.1.9:80",
};
static const char *const trusted[] = { "http://127.0.0.1:9999", "https://Models.Example.org",
				       "http://10.9.9.9:81" };

static int make_guard(void **state)
{
	static struct fixture f;
	struct config_list allow = { allow_items, ARRAY_SIZE(allow_items) };
	AUTO(strbuf_clear) struct strbuf errors = STRBUF_INIT(4096);

	enum err err = guard_new(&allow, trusted, ARRAY_SIZE(trusted), &f.guard, &errors);
	if (err != OK)
		fprintf(stderr, "%s", errors.data);
	*state = &f;
	return err == OK ? 0 : -1;
}

static int drop_guard(void **state)
{
	guard_free(((struct fixture *)*state)->guard);
	return 0;
}

struct url_case {
	const char *url;
	enum err err;
	const char *origin, *path;
};

#define BAD ERR_INVALID_REQUEST
#define FORBIDDEN ERR_PROVIDER_ADDRESS_FORBIDDEN

static const struct url_case url_cases[] = {
	/* accepted, and what they are normalised to */
	{ "https://api.openai.com", OK, "https://api.openai.com:443", "" },
	{ "https://api.openai.com/", OK, "https://api.openai.com:443", "" },
	{ "https://api.openai.com/v1", OK, "https://api.openai.com:443", "/v1" },
	{ "https://api.openai.com/v1/", OK, "https://api.openai.com:443", "/v1" },
	{ "HTTPS://API.OpenAI.com:443/v1", OK, "https://api.openai.com:443", "/v1" },
	{ "https://llm.example.com:8443/a/b-c_d.e~f", OK, "https://llm.example.com:8443",
	  "/a/b-c_d.e~f" },
	{ "https://xn--bcher-kva.example/v1", OK, "https://xn--bcher-kva.example:443", "/v1" },
	{ "https://8.8.8.8/v1", OK, "https://8.8.8.8:443", "/v1" },
	{ "https://134744072/", OK, "https://8.8.8.8:443", "" },
	{ "https://[2606:4700::1111]/v1", OK, "https://[2606:4700::1111]:443", "/v1" },
	{ "https://[2606:4700:0:0::1111]:8443", OK, "https://[2606:4700::1111]:8443", "" },
	{ "https://1e100.net", OK, "https://1e100.net:443", "" },
	/* entries of the operator and trusted origins */
	{ "http://127.0.0.1:11434/v1", OK, "http://127.0.0.1:11434", "/v1" },
	{ "http://2130706433:11434/v1", OK, "http://127.0.0.1:11434", "/v1" },
	{ "https://127.0.0.1:11434/v1", OK, "https://127.0.0.1:11434", "/v1" },
	{ "http://[::1]:11434", OK, "http://[::1]:11434", "" },
	{ "http://localhost:8000/v1", OK, "http://localhost:8000", "/v1" },
	{ "http://ollama.lan:11434", OK, "http://ollama.lan:11434", "" },
	{ "http://ollama:11434/v1", OK, "http://ollama:11434", "/v1" },
	{ "http://10.1.2.3:8080", OK, "http://10.1.2.3:8080", "" },
	{ "https://llm.corp.internal", OK, "https://llm.corp.internal:443", "" },
	{ "http://192.168.1.9", OK, "http://192.168.1.9:80", "" },
	{ "http://127.0.0.1:9999/v1", OK, "http://127.0.0.1:9999", "/v1" },
	{ "http://10.9.9.9:81", OK, "http://10.9.9.9:81", "" },
	{ "https://models.example.org/", OK, "https://models.example.org:443", "" },
	/* beside the entries */
	{ "http://127.0.0.1:11435/v1", FORBIDDEN, NULL, NULL },
	{ "http://localhost:11434/v1", FORBIDDEN, NULL, NULL },
	{ "http://127.0.0.2:11434/v1", FORBIDDEN, NULL, NULL },
	{ "https://127.0.0.1:9999/v1", FORBIDDEN, NULL, NULL },
	{ "https://10.1.2.3:8081", FORBIDDEN, NULL, NULL },
	{ "http://models.example.org/", FORBIDDEN, NULL, NULL },
	{ "http://x.localhost:8000", FORBIDDEN, NULL, NULL },
	/* loopback, in every spelling that reaches it */
	{ "https://127.0.0.1/", FORBIDDEN, NULL, NULL },
	{ "https://127.1/", FORBIDDEN, NULL, NULL },
	{ "https://127.0.1/", FORBIDDEN, NULL, NULL },
	{ "https://2130706433/", FORBIDDEN, NULL, NULL },
	{ "https://0x7f000001/", FORBIDDEN, NULL, NULL },
	{ "https://0x7f.1/", FORBIDDEN, NULL, NULL },
	{ "https://0X7F.0.0.1/", FORBIDDEN, NULL, NULL },
	{ "https://0177.0.0.1/", FORBIDDEN, NULL, NULL },
	{ "https://017700000001/", FORBIDDEN, NULL, NULL },
	{ "https://0/", FORBIDDEN, NULL, NULL },
	{ "https://0.0.0.0/", FORBIDDEN, NULL, NULL },
	{ "https://localhost/", FORBIDDEN, NULL, NULL },
	{ "https://LOCALHOST/", FORBIDDEN, NULL, NULL },
	{ "https://foo.localhost/", FORBIDDEN, NULL, NULL },
	{ "https://[::1]/", FORBIDDEN, NULL, NULL },
	{ "https://[::]/", FORBIDDEN, NULL, NULL },
	{ "https://[0:0:0:0:0:0:0:1]/", FORBIDDEN, NULL, NULL },
	{ "https://[::ffff:127.0.0.1]/", FORBIDDEN, NULL, NULL },
	{ "https://[::ffff:7f00:1]/", FORBIDDEN, NULL, NULL },
	{ "https://[::127.0.0.1]/", FORBIDDEN, NULL, NULL },
	{ "https://[64:ff9b::7f00:1]/", FORBIDDEN, NULL, NULL },
	{ "https://[64:ff9b:1::7f00:1]/", FORBIDDEN, NULL, NULL },
	{ "https://[2002:7f00:1::]/", FORBIDDEN, NULL, NULL },
	{ "https://[2001:0:7f00:1::]/", FORBIDDEN, NULL, NULL },
	/* private and special */
	{ "https://10.0.0.1", FORBIDDEN, NULL, NULL },
	{ "https://172.16.0.1", FORBIDDEN, NULL, NULL },
	{ "https://172.31.255.255", FORBIDDEN, NULL, NULL },
	{ "https://192.168.0.1", FORBIDDEN, NULL, NULL },
	{ "https://100.64.0.1", FORBIDDEN, NULL, NULL },
	{ "https://169.254.169.254/latest/meta-data", FORBIDDEN, NULL, NULL },
	{ "https://2852039166/", FORBIDDEN, NULL, NULL },
	{ "https://[fd00:ec2::254]/", FORBIDDEN, NULL, NULL },
	{ "https://[::ffff:a9fe:a9fe]/", FORBIDDEN, NULL, NULL },
	{ "https://[fe80::1]/", FORBIDDEN, NULL, NULL },
	{ "https://[fc00::1]/", FORBIDDEN, NULL, NULL },
	{ "https://[ff02::1]/", FORBIDDEN, NULL, NULL },
	{ "https://224.0.0.1", FORBIDDEN, NULL, NULL },
	{ "https://255.255.255.255", FORBIDDEN, NULL, NULL },
	{ "https://intranet/", FORBIDDEN, NULL, NULL },
	{ "https://metadata.google.internal/", FORBIDDEN, NULL, NULL },
	{ "https://printer.local/", FORBIDDEN, NULL, NULL },
	{ "http://api.openai.com/", FORBIDDEN, NULL, NULL },
	{ "http://8.8.8.8/", FORBIDDEN, NULL, NULL },
	/* form */
	{ "", BAD, NULL, NULL },
	{ "https://", BAD, NULL, NULL },
	{ "https:///v1", BAD, NULL, NULL },
	{ "https:/api.openai.com", BAD, NULL, NULL },
	{ "https:api.openai.com", BAD, NULL, NULL },
	{ "//api.openai.com", BAD, NULL, NULL },
	{ "api.openai.com", BAD, NULL, NULL },
	{ "ftp://api.openai.com", BAD, NULL, NULL },
	{ "file:///etc/passwd", BAD, NULL, NULL },
	{ "gopher://127.0.0.1:6379/_x", BAD, NULL, NULL },
	{ " https://api.openai.com", BAD, NULL, NULL },
	{ "https://api.openai.com ", BAD, NULL, NULL },
	{ "https://api.openai.com\n", BAD, NULL, NULL },
	{ "https://api.openai.com\r\nX: y", BAD, NULL, NULL },
	{ "https://api.openai.com\t/v1", BAD, NULL, NULL },
	{ "https://user@api.openai.com", BAD, NULL, NULL },
	{ "https://user:pw@127.0.0.1", BAD, NULL, NULL },
	{ "https://api.openai.com@127.0.0.1/", BAD, NULL, NULL },
	{ "https://127.0.0.1\\@api.openai.com/", BAD, NULL, NULL },
	{ "https://api.openai.com#@127.0.0.1/", BAD, NULL, NULL },
	{ "https://api.openai.com?x=1", BAD, NULL, NULL },
	{ "https://api.openai.com/v1?x=1", BAD, NULL, NULL },
	{ "https://api.openai.com/v1#f", BAD, NULL, NULL },
	{ "https://api.openai.com./v1", BAD, NULL, NULL },
	{ "https://localhost./", BAD, NULL, NULL },
	{ "https://127.0.0.1./", BAD, NULL, NULL },
	{ "https://api..openai.com/", BAD, NULL, NULL },
	{ "https://.openai.com/", BAD, NULL, NULL },
	{ "https://-api.openai.com/", BAD, NULL, NULL },
	{ "https://api-.openai.com/", BAD, NULL, NULL },
	{ "https://api_x.openai.com/", BAD, NULL, NULL },
	{ "https://api.open%61i.com/", BAD, NULL, NULL },
	{ "https://%31%32%37.0.0.1/", BAD, NULL, NULL },
	{ "https://b\xc3\xbc"
	  "cher.example/",
	  BAD, NULL, NULL },
	{ "https://\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1/", BAD, NULL, NULL },
	{ "https://127\xe3\x80\x82"
	  "0.0.1/",
	  BAD, NULL, NULL },
	{ "https://256.256.256.256/", BAD, NULL, NULL },
	{ "https://1.2.3.4.5/", BAD, NULL, NULL },
	{ "https://0x7g.1.2.0x3/", BAD, NULL, NULL },
	{ "https://127.0.0.08/", BAD, NULL, NULL },
	{ "https://4294967296/", BAD, NULL, NULL },
	{ "https://[::1/", BAD, NULL, NULL },
	{ "https://[]/", BAD, NULL, NULL },
	{ "https://::1/", BAD, NULL, NULL },
	{ "https://[fe80::1%25eth0]/", BAD, NULL, NULL },
	{ "https://[v1.x]/", BAD, NULL, NULL },
	{ "https://[::1]x/", BAD, NULL, NULL },
	{ "https://api.openai.com:/", BAD, NULL, NULL },
	{ "https://api.openai.com:0/", BAD, NULL, NULL },
	{ "https://api.openai.com:00443/", BAD, NULL, NULL },
	{ "https://api.openai.com:+443/", BAD, NULL, NULL },
	{ "https://api.openai.com:65536/", BAD, NULL, NULL },
	{ "https://api.openai.com:4294967739/", BAD, NULL, NULL },
	{ "https://api.openai.com:443:443/", BAD, NULL, NULL },
	{ "https://api.openai.com:22/", BAD, NULL, NULL },
	{ "https://api.openai.com:80/", BAD, NULL, NULL },
	{ "https://api.openai.com:6379/", BAD, NULL, NULL },
	{ "https://api.openai.com:5432/", BAD, NULL, NULL },
	{ "https://api.openai.com/../x", BAD, NULL, NULL },
	{ "https://api.openai.com/v1/..", BAD, NULL, NULL },
	{ "https://api.openai.com/./v1", BAD, NULL, NULL },
	{ "https://api.openai.com//v1", BAD, NULL, NULL },
	{ "https://api.openai.com/v1//", BAD, NULL, NULL },
	{ "https://api.openai.com/%2e%2e/v1", BAD, NULL, NULL },
	{ "https://api.openai.com/a%2fb", BAD, NULL, NULL },
	{ "https://api.openai.com/a\\b", BAD, NULL, NULL },
};

static void every_spelling_is_judged_as_the_table_says(void **state)
{
	const struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(url_cases); i++) {
		const struct url_case *c = &url_cases[i];
		struct guard_url url = { .port = 7 };
		enum err err = guard_check_url(f->guard, text_of(c->url), &url);
		if (err != c->err)
			fail_msg("%s: got %d, want %d", c->url, err, c->err);
		if (err != OK) {
			assert_int_equal(url.port, 7); /* untouched on failure */
			continue;
		}
		assert_string_equal(url.origin, c->origin);
		assert_string_equal(url.path, c->path);
	}
	assert_true(ARRAY_SIZE(url_cases) >= 120);
}

static void embedded_zero_bytes_and_endless_urls_are_refused(void **state)
{
	const struct fixture *f = *state;
	struct guard_url url;
	char long_url[4096];

	assert_int_equal(
		guard_check_url(f->guard, (struct text){ "https://a.example\0.b", 20 }, &url), BAD);
	assert_int_equal(guard_check_url(f->guard, TEXT_NULL, &url), BAD);
	memset(long_url, 'a', sizeof(long_url));
	memcpy(long_url, "https://a.example/", 18);
	assert_int_equal(guard_check_url(f->guard, (struct text){ long_url, 1040 }, &url), OK);
	assert_int_equal(guard_check_url(f->guard, (struct text){ long_url, 1041 }, &url), BAD);
	assert_int_equal(guard_check_url(f->guard, (struct text){ long_url, 4096 }, &url), BAD);
	memset(long_url + 8, 'a', 300);
	assert_int_equal(guard_check_url(f->guard, (struct text){ long_url, 308 }, &url), BAD);
}

static void a_request_may_have_a_query_but_no_fragment(void **state)
{
	const struct fixture *f = *state;
	struct guard_url url;

	assert_int_equal(guard_check_target(f->guard,
					    TEXT("https://g.example.com/v1/m%2Fx:stream?alt=sse"),
					    &url),
			 OK);
	assert_string_equal(url.origin, "https://g.example.com:443");
	assert_string_equal(url.path, "");
	assert_int_equal(guard_check_target(f->guard, TEXT("https://g.example.com?x"), &url), OK);
	assert_int_equal(guard_check_target(f->guard, TEXT("https://g.example.com/#x"), &url), BAD);
	assert_int_equal(guard_check_target(f->guard, TEXT("https://127.0.0.1/?x"), &url),
			 FORBIDDEN);
	assert_int_equal(guard_check_target(f->guard, TEXT("https://g.example.com/a b"), &url),
			 BAD);
}

static void without_a_guard_only_the_public_is_open(void **state)
{
	struct guard_url url;
	(void)state;

	assert_int_equal(guard_check_url(NULL, TEXT("https://api.openai.com"), &url), OK);
	assert_int_equal(guard_check_url(NULL, TEXT("http://127.0.0.1:11434"), &url), FORBIDDEN);
}

static void fill(struct sockaddr_storage *out, const char *ip, uint16_t port)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, ip, &in.sin_addr) == 1)
		memcpy(out, &in, sizeof(in));
	else if (inet_pton(AF_INET6, ip, &in6.sin6_addr) == 1)
		memcpy(out, &in6, sizeof(in6));
	else
		fail_msg("bad address in a test: %s", ip);
}

static void addresses_are_public_or_not(void **state)
{
	static const char *const public[] = {
		"1.1.1.1",	   "8.8.8.8",	       "9.255.255.255",	  "11.0.0.0",
		"100.63.255.255",  "100.128.0.0",      "126.255.255.255", "128.0.0.1",
		"169.253.255.255", "169.255.0.0",      "172.15.255.255",  "172.32.0.0",
		"191.255.255.255", "192.0.1.0",	       "192.0.3.0",	  "192.88.98.255",
		"192.88.100.0",	   "192.167.255.255",  "192.169.0.0",	  "198.17.255.255",
		"198.20.0.0",	   "198.51.99.255",    "198.51.101.0",	  "203.0.112.255",
		"203.0.114.0",	   "223.255.255.255",  "2606:4700::1111", "2001:4860:4860::8888",
		"2001:200::1",	   "2003::1",	       "3ffe::1",	  "3fff:1000::1",
		"::ffff:8.8.8.8",  "64:ff9b::808:808",
	};
	static const char *const not_public[] = {
		"0.0.0.0",
		"0.1.2.3",
		"10.0.0.0",
		"10.255.255.255",
		"100.64.0.0",
		"100.100.100.200",
		"100.127.255.255",
		"127.0.0.1",
		"127.255.255.255",
		"168.63.129.16",
		"169.254.0.1",
		"169.254.169.254",
		"172.16.0.0",
		"172.31.255.255",
		"192.0.0.1",
		"192.0.0.192",
		"192.0.2.1",
		"192.88.99.1",
		"192.168.0.0",
		"192.168.255.255",
		"198.18.0.0",
		"198.19.255.255",
		"198.51.100.1",
		"203.0.113.255",
		"224.0.0.1",
		"239.255.255.255",
		"240.0.0.1",
		"255.255.255.255",
		"::",
		"::1",
		"::2",
		"::7f00:1",
		"::8.8.8.8",
		"::ffff:127.0.0.1",
		"::ffff:10.0.0.1",
		"::ffff:169.254.169.254",
		"64:ff9b::7f00:1",
		"64:ff9b::a00:1",
		"64:ff9b::a9fe:a9fe",
		"64:ff9b:1::808:808",
		"64:ff9b:0:0:1::808:808",
		"2002:808:808::1",
		"2001::1",
		"2001:0:808:808::1",
		"2001:2::1",
		"2001:10::1",
		"2001:20::1",
		"2001:1ff::1",
		"2001:db8::1",
		"3fff::1",
		"3fff:fff::1",
		"fc00::1",
		"fd00:ec2::254",
		"fd20:ce::254",
		"fdff::1",
		"fe80::1",
		"febf::1",
		"fec0::1",
		"ff02::1",
		"100::1",
		"4000::1",
		"e000::1",
		"::ffff:0:0:1",
		"5f00::1",
	};
	struct sockaddr_storage at;
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(public); i++) {
		fill(&at, public[i], 443);
		if (!guard_address_is_public((struct sockaddr *)&at))
			fail_msg("%s is public", public[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(not_public); i++) {
		fill(&at, not_public[i], 443);
		if (guard_address_is_public((struct sockaddr *)&at))
			fail_msg("%s is not public", not_public[i]);
	}
	at.ss_family = AF_UNIX;
	assert_false(guard_address_is_public((struct sockaddr *)&at));
}

struct permit_case {
	const char *url, *ip;
	uint16_t port;
	bool permitted;
};

static const struct permit_case permit_cases[] = {
	{ "https://api.openai.com", "1.2.3.4", 443, true },
	{ "https://api.openai.com", "1.2.3.4", 444, false }, /* the port of the URL, no other */
	{ "https://api.openai.com", "127.0.0.1", 443, false }, /* a name that was re-bound */
	{ "https://api.openai.com", "10.0.0.1", 443, false },
	{ "https://api.openai.com", "::1", 443, false },
	{ "https://api.openai.com", "::ffff:127.0.0.1", 443, false },
	{ "https://api.openai.com", "169.254.169.254", 443, false },
	{ "https://evil.example:11434", "127.0.0.1", 11434,
	  false }, /* entries belong to their host, not to the address */
	{ "https://evil.example:8080", "10.1.2.3", 8080, false },
	{ "http://127.0.0.1:11434", "127.0.0.1", 11434, true },
	{ "http://127.0.0.1:11434", "::ffff:127.0.0.1", 11434, true },
	{ "http://127.0.0.1:11434", "127.0.0.2", 11434, false },
	{ "http://[::1]:11434", "::1", 11434, true },
	{ "http://[::1]:11434", "127.0.0.1", 11434, false },
	{ "http://localhost:8000", "127.0.0.1", 8000, true },
	{ "http://localhost:8000", "::1", 8000, true },
	{ "http://localhost:8000", "10.0.0.1", 8000, false },
	{ "http://ollama.lan:11434", "192.168.7.7", 11434, true },
	{ "http://ollama.lan:11434", "fd12::7", 11434, true },
	{ "http://ollama.lan:11434", "9.9.9.9", 11434, true },
	{ "http://ollama.lan:11434", "127.0.0.1", 11434, false },
	{ "http://ollama.lan:11434", "169.254.169.254", 11434, false },
	{ "http://ollama.lan:11434", "fd00:ec2::254", 11434, false },
	{ "http://ollama.lan:11434", "64:ff9b::a9fe:a9fe", 11434, false },
	{ "http://ollama.lan:11434", "2002:a9fe:a9fe::", 11434, false },
	{ "http://ollama.lan:11434", "0.0.0.0", 11434, false },
	{ "http://127.0.0.1:9999", "127.0.0.1", 9999, true },
	{ "https://models.example.org", "10.3.3.3", 443, true },
	{ "https://models.example.org", "127.0.0.1", 443, true },
	{ "https://models.example.org", "169.254.169.254", 443, false },
};

static void the_resolved_address_decides(void **state)
{
	const struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(permit_cases); i++) {
		const struct permit_case *c = &permit_cases[i];
		struct guard_url url;
		struct sockaddr_storage at;
		if (guard_check_url(f->guard, text_of(c->url), &url) != OK)
			fail_msg("%s is not accepted", c->url);
		fill(&at, c->ip, c->port);
		if (guard_permits_address(f->guard, &url, (struct sockaddr *)&at) != c->permitted)
			fail_msg("%s at %s:%u: want %d", c->url, c->ip, c->port, c->permitted);
	}
}

static void bad_entries_are_all_named(void **state)
{
	static char *items[] = {
		(char *)"127.0.0.1",
		(char *)"169.254.169.254:80",
		(char *)"[fd00:ec2::254]:80",
		(char *)"http://x:1",
		(char *)"a b:1",
		(char *)"host:0",
		(char *)"host:99999",
		(char *)"host:80/path",
		(char *)"*:80",
		(char *)"0.0.0.0:80",
		(char *)"good.lan:80",
		(char *)"::1:80",
		(char *)"[64:ff9b::a9fe:a9fe]:80",
	};
	static const char *const origins[] = { "https://x.example/v1", "x.example",
					       "http://169.254.169.254" };
	struct config_list allow = { items, ARRAY_SIZE(items) };
	AUTO(strbuf_clear) struct strbuf errors = STRBUF_INIT(8192);
	struct guard *g = NULL;
	(void)state;

	assert_int_equal(guard_new(&allow, origins, ARRAY_SIZE(origins), &g, &errors), BAD);
	assert_null(g);
	for (size_t i = 0; i < ARRAY_SIZE(items); i++) {
		AUTO(auto_free) char *line = xasprintf("%s: ", items[i]);
		bool named = strstr(errors.data, line) != NULL;
		if (named != (strcmp(items[i], "good.lan:80") != 0))
			fail_msg("%s: named %d in\n%s", items[i], named, errors.data);
	}
	for (size_t i = 0; i < ARRAY_SIZE(origins); i++)
		assert_non_null(strstr(errors.data, origins[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_spelling_is_judged_as_the_table_says),
		cmocka_unit_test(embedded_zero_bytes_and_endless_urls_are_refused),
		cmocka_unit_test(a_request_may_have_a_query_but_no_fragment),
		cmocka_unit_test(without_a_guard_only_the_public_is_open),
		cmocka_unit_test(addresses_are_public_or_not),
		cmocka_unit_test(the_resolved_address_decides),
		cmocka_unit_test(bad_entries_are_all_named),
	};

	return cmocka_run_group_tests(tests, make_guard, drop_guard);
}
