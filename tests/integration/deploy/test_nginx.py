# SPDX-License-Identifier: MIT
"""nginx as deploy/up sets it up: rules of the configuration's text, and what it does in front of a gateway that
tells what it was sent."""

import http.client
import json
import re
import shutil
import socket
import ssl
import subprocess
import time

import pytest

from deploy_kit import ROOT
from grove.wait import wait_until

CSP = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
       "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'; "
       "require-trusted-types-for 'script'")
FILES = sorted((ROOT / "deploy" / "nginx").glob("*.conf*"))


# The text of the configuration


def directives(path):
    """The file without comments, one directive or brace a line."""
    text = re.sub(r"^\s*#.*$", "", path.read_text(), flags=re.M)
    return [line.strip() for line in text.splitlines() if line.strip()]


def locations(lines):
    """Each location with the lines directly inside it."""
    stack = []
    for line in lines:
        if line.endswith("{"):
            stack.append((line, []))
        elif line == "}":
            head, inside = stack.pop()
            if head.startswith("location"):
                yield head, inside
        elif stack:
            stack[-1][1].append(line)


def test_there_is_something_to_check():
    assert len(FILES) > 6
    assert sum("proxy_pass " in line for path in FILES for line in directives(path)) >= 3


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_directive_that_misleads(path):
    for line in directives(path):
        word = line.split()[0]
        assert word not in ("alias", "if", "rewrite", "set"), line
        assert word != "location" or not re.match(r"location\s+~", line), line
        assert word != "add_header" or path.name == "response-headers.conf", line


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_each_proxied_location_strips_headers(path):
    for head, inside in locations(directives(path)):
        if any(line.startswith("proxy_pass ") for line in inside):
            assert "include proxy-headers.conf;" in inside, head
        assert not any(line.startswith("access_log") for line in inside), head


def test_the_access_log_has_no_query_and_no_cookie():
    text = "\n".join(directives(ROOT / "deploy" / "nginx" / "nginx.conf.template"))
    log_format = text[text.index("log_format"):].split(";")[0]
    for variable in ("$request ", "$request'", "$request\"", "$request_uri", "$args", "$query_string", "cookie", "referer",
                     "authorization", "$uri"):
        assert variable not in log_format


def test_every_error_of_nginx_is_the_houses_own():
    """The same status, type, code and sentence as the table in common/base/err.c."""
    source = re.sub(r'"\s*\n\s*"', "", (ROOT / "common" / "base" / "err.c").read_text())
    types = dict(re.findall(r'#define (\w+) "(\w+)"', source))
    house = {(status, types[kind], code, sentence) for status, kind, code, sentence in
             re.findall(r'\{ (\d+), (\w+), "(\w+)",\s*"([^"]+)"', source)}
    lines = [line.split(" ", 3) for line in (ROOT / "deploy" / "nginx" / "api-errors.txt").read_text().splitlines()
             if not line.startswith("#")]
    assert len(lines) > 10
    for line in lines:
        assert tuple(line) in house


# What it does


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.pairs, self.body = status, headers, body

    def header(self, name):
        values = [value for key, value in self.pairs if key.lower() == name.lower()]
        assert len(values) < 2, f"{name} twice: {values}"
        return values[0] if values else None

    def json(self):
        return json.loads(self.body)


def ask(state, path, method="GET", body=None, headers=(), tls=False, host=None):
    if tls:
        context = ssl.create_default_context(cafile=state.folder / "tls" / "self-signed.crt")
        connection = http.client.HTTPSConnection("localhost", state.https, timeout=20, context=context)
    else:
        connection = http.client.HTTPConnection("127.0.0.1", state.http, timeout=20)
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    connection.putheader("Host", host or f"localhost:{state.http}")
    for name, value in headers:
        connection.putheader(name, value)
    if body is not None:
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    answer = connection.getresponse()
    result = Answer(answer.status, answer.getheaders(), answer.read())
    connection.close()
    return result


def send(state, data):
    """Raw bytes in, the whole answer out."""
    with socket.create_connection(("127.0.0.1", state.http), timeout=20) as s:
        s.sendall(data)
        received = b""
        while chunk := s.recv(65536):
            received += chunk
    if not received:
        return None
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    return Answer(int(first.split()[1]), [tuple(line.split(": ", 1)) for line in lines], body)


def raw(target, *lines, method="GET", host="localhost"):
    return "\r\n".join([f"{method} {target} HTTP/1.1", f"Host: {host}", *lines, "Connection: close", "", ""]).encode()


def has_error_shape(answer, status, code):
    assert answer.status == status, answer.body
    assert answer.header("Content-Type").startswith("application/json")
    error = answer.json()["error"]
    assert error["code"] == code and error["type"] and error["message"]
    assert re.fullmatch("[0-9a-f]{32}", answer.header("X-Request-Id"))
    has_security_headers(answer)
    assert answer.header("Cache-Control") == "no-store"


def has_security_headers(answer):
    assert answer.header("Content-Security-Policy") == CSP
    assert answer.header("X-Content-Type-Options") == "nosniff"
    assert answer.header("Referrer-Policy") == "no-referrer"
    assert answer.header("Cross-Origin-Opener-Policy") == "same-origin"
    assert answer.header("Cross-Origin-Resource-Policy") == "same-origin"
    assert "camera=()" in answer.header("Permissions-Policy")
    assert answer.header("Server") == "nginx"
    assert not [name for name, _ in answer.pairs if name.lower().startswith("access-control-")]


@pytest.mark.parametrize("path, title", [
    ("/", "index"), ("/pricing", "pricing"), ("/app", "app"), ("/app/c/123?x=1", "app"), ("/dashboard", "app"),
    ("/dashboard/keys", "app"), ("/admin", "app"), ("/unlock", "app"), ("//app", "app"), ("/%61pp", "app")])
def test_pages_are_served(state, path, title):
    answer = ask(state, path)
    assert answer.status == 200 and f"<title>{title}</title>" in answer.body.decode()
    assert answer.header("Content-Type") == "text/html; charset=utf-8"
    assert answer.header("Cache-Control") == "no-cache"
    assert answer.header("Strict-Transport-Security") is None
    has_security_headers(answer)


@pytest.mark.parametrize("path", [
    "/index.html", "/app.html", "/errors/404.html", "/assets", "/assets/", "/assets/none.js", "/assets/../app.html", "/nope",
    "/APP", "/application", "/.git/config", "/assets/%2e%2e/index.html", "/favicon.ico",
    "/-/verdict", "/-/page/404", "/-/api/404", "/%2561pp/x", "/app;/x", "/internal/auth-request", "/api-keys", "/healthz/x"])
def test_what_is_not_listed_does_not_exist(state, path):
    answer = ask(state, path)
    assert answer.status == 404, answer.body
    assert b"<title>errors/404</title>" in answer.body
    assert answer.header("Cache-Control") == "no-cache"
    has_security_headers(answer)


@pytest.mark.parametrize("path", ["/assets/..%2f..%2fpackage.json", "/../x", "/assets/%00", "/app\\..\\x", "/assets/%2f..%2f..%2fetc"])
def test_no_path_leads_out(state, path):
    answer = send(state, raw(path))
    assert answer.status in (400, 404)
    has_security_headers(answer)


def test_assets_are_kept_for_ever_and_compressed(state):
    answer = ask(state, "/assets/app-12345678.js", headers=[("Accept-Encoding", "gzip")])
    assert answer.status == 200
    assert answer.header("Cache-Control") == "public, max-age=31536000, immutable"
    assert answer.header("Content-Encoding") == "gzip"
    assert answer.header("Content-Type") == "application/javascript; charset=utf-8"
    has_security_headers(answer)


def test_pages_take_no_other_method(state):
    answer = ask(state, "/app", "POST", b"x")
    assert answer.status == 405
    has_security_headers(answer)


def test_https_serves_the_same_with_a_certificate_for_localhost(state):
    answer = ask(state, "/app", tls=True, host=f"localhost:{state.https}")
    assert answer.status == 200
    assert answer.header("Strict-Transport-Security") == "max-age=63072000; includeSubDomains"
    has_security_headers(answer)
    assert dict(ask(state, "/api/x", tls=True).json()["headers"])["Grove-Scheme"] == "https"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_tls_is_refused(state, version):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    with socket.create_connection(("127.0.0.1", state.https), timeout=20) as s, pytest.raises((ssl.SSLError, OSError)):
        context.wrap_socket(s)


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
def test_http2_is_spoken(state):
    done = subprocess.run(["curl", "-sk", "--http2", "-d", "{}", "-o", "/dev/null", "-w", "%{http_version} %{http_code}",
                           f"https://localhost:{state.https}/api/echo"], capture_output=True, text=True, check=True)
    assert done.stdout == "2 200"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "LOCALHOST"])
def test_loopback_names_are_accepted(state, host):
    assert ask(state, "/app", host=f"{host}:{state.http}").status == 200
    assert ask(state, "/app", host=host).status == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "169.254.1.1", "localhost.", "127.0.0.2"])
def test_a_foreign_host_is_refused(state, host):
    page = ask(state, "/app", host=host)
    assert page.status == (200 if host == "localhost." else 421)
    if page.status == 421:
        has_security_headers(page)
        has_error_shape(ask(state, "/api/session", host=host), 421, "misdirected")


def test_healthz_is_the_gateways(state):
    answer = ask(state, "/healthz")
    assert answer.status == 200 and answer.body == b"ok\n"
    has_security_headers(answer)


# What reaches the gateway


IDENTITY_HEADERS = """
    Cf-Access-Authenticated-User-Email Cf-Access-Jwt-Assertion Cf-Access-Token Cf-Access-Client-Id Cf-Access-Client-Secret
    Cf-Connecting-IP True-Client-IP Forwarded Via X-Forwarded-For X-Forwarded-Host X-Forwarded-Proto X-Forwarded-Port
    X-Forwarded-Server X-Forwarded-User X-Forwarded-Email X-Forwarded-Groups X-Forwarded-Uri X-Forwarded-Prefix X-Real-IP
    X-User X-User-Id X-User-Email X-User-Role X-Auth-User X-Auth-Email X-Auth-Token X-Auth-Request-User X-Auth-Request-Email
    X-Remote-User Remote-User X-Original-URL X-Original-URI X-Original-Method X-Rewrite-URL X-HTTP-Method-Override
    X-HTTP-Method X-Method-Override X-Accel-Redirect X-Accel-Buffering X-Middleware-Subrequest Proxy Proxy-Authorization TE
    Trailer Upgrade Grove-Identity X-Grove-Identity X-Suite-Identity X-Suite-User Accept-Encoding
    """.split()


def received(answer):
    assert answer.status == 200, answer.body
    return [(name.lower(), value) for name, value in answer.json()["headers"]]


@pytest.mark.parametrize("spell", [str, str.upper, str.lower, lambda name: name.replace("-", "_")])
def test_no_identity_header_of_a_client_reaches_the_gateway(state, spell):
    names = IDENTITY_HEADERS if spell("a-b") != "a_b" else [name for name in IDENTITY_HEADERS if "-" in name]
    # A few at a time: nginx limits how many headers a request has.
    for start in range(0, len(names), 10):
        lines = [f"{spell(name)}: forged" for name in names[start:start + 10] for _ in range(2)]
        answer = send(state, raw("/api/echo", *lines))
        assert "forged" not in [value for _, value in received(answer)]


def test_our_own_headers_are_set_whatever_a_client_sends(state):
    headers = dict(received(ask(state, "/api/echo", headers=[
        ("Grove-Edge", "guess"), ("X-Request-Id", "chosen"), ("Grove-Client-Address", "1.2.3.4"), ("Grove-Scheme", "gopher")])))
    assert headers["grove-edge"] == (state.folder / "secrets" / "edge").read_text().strip()
    assert re.fullmatch("[0-9a-f]{32}", headers["x-request-id"])
    assert headers["grove-client-address"] == "127.0.0.1"
    assert headers["grove-scheme"] == "http"
    assert headers["host"] == f"localhost:{state.http}"


def test_what_a_client_may_say_arrives_as_it_was_sent(state):
    sent = [("Authorization", "Bearer t"), ("Cookie", "a=b"), ("Origin", "http://x"), ("X-Grove-CSRF", "c"),
            ("X-Session-Key", "k"), ("Last-Event-ID", "7"), ("Content-Type", "application/json"), ("Sec-Fetch-Site", "none")]
    answer = ask(state, "/api/a%2Fb/%61?x=1&y=%20", "PATCH", b"{}", sent)
    headers = dict(received(answer))
    assert all(headers[name.lower()] == value for name, value in sent)
    assert answer.json() | {"headers": 0} == {"method": "PATCH", "target": "/api/a%2Fb/%61?x=1&y=%20", "bytes": 2, "headers": 0}


def test_unknown_methods_are_the_gateways_to_refuse(state):
    assert ask(state, "/api/echo", "FOO").json()["method"] == "FOO"


def test_a_chunked_body_arrives_with_one_length(state):
    answer = send(state, raw("/api/echo", "Transfer-Encoding: chunked", method="POST") + b"3\r\nabc\r\n0\r\n\r\n")
    headers = received(answer)
    assert ("content-length", "3") in headers and "transfer-encoding" not in dict(headers)


# Refusals of nginx itself


@pytest.mark.parametrize("data, status, code", [
    (raw("/api/x", "Bad Name : v"), 400, "invalid_request"),
    (raw("/api/x", "Content-Length: 1", "Content-Length: 1", method="POST"), 400, "invalid_request"),
    (raw("/api/x", "Content-Length: 1", "Transfer-Encoding: chunked", method="POST"), 400, "invalid_request"),
    (raw("/api/x", "Transfer-Encoding: gzip, chunked", method="POST"), 400, "invalid_request"),
    (raw("/api/x", "Host: other"), 400, "invalid_request"),
    (raw("/api/x?" + "q" * 9000), 414, "uri_too_long"),
    (raw("/api/x", "X-Big: " + "b" * 9000), 431, "headers_too_large"),
    (raw("/api/x", "X-Some: " + "b" * 7000, "X-More: " + "b" * 7000, "X-Most: " + "b" * 7000, "X-Far: " + "b" * 7000,
         "X-Over: " + "b" * 7000), 431, "headers_too_large"),
    (raw("/api/x", "Content-Length: 26214401", method="POST"), 413, "too_large"),
    (raw("/api"), 404, "not_found"),
    (raw("/api/x", method="TRACE"), 405, "method_not_allowed"),
])
def test_refusals_under_api_have_the_error_shape(state, data, status, code):
    has_error_shape(send(state, data), status, code)


@pytest.mark.parametrize("data, status", [
    (raw("/app", "Bad Name : v"), 400), (raw("/app?" + "q" * 9000), 414), (raw("/app", "X-Big: " + "b" * 9000), 431),
    (b"nonsense\r\n\r\n", 400), (raw("/app", "Content-Length: 20000", method="POST"), 413)])
def test_refusals_elsewhere_keep_the_security_headers(state, data, status):
    answer = send(state, data)
    assert answer.status == status
    has_security_headers(answer)


def test_a_refusal_of_the_gateway_passes_unchanged(state):
    answer = ask(state, "/api/refuse")
    assert (answer.status, answer.body) == (413, b'{"error":{"code":"own"}}')
    assert answer.header("X-Request-Id") == "mine"
    assert answer.header("Cache-Control") == "no-store"
    assert answer.header("X-Powered-By") is None
    has_security_headers(answer)


def test_plain_http_on_the_https_port_is_refused(state):
    with socket.create_connection(("127.0.0.1", state.https), timeout=20) as s:
        s.sendall(raw("/api/x"))
        assert s.recv(100).startswith(b"HTTP/1.1 400 ")


# Streams and bodies


def test_a_stream_is_passed_on_as_it_comes(state):
    connection = http.client.HTTPConnection("localhost", state.http, timeout=20)
    connection.request("GET", "/api/stream")
    answer = connection.getresponse()
    lateness = []
    for _ in range(3):
        line = answer.fp.readline()
        while not line.startswith(b"data"):
            line = answer.fp.readline()
        lateness.append(time.time() - float(line.split()[2]))
    connection.close()
    # A buffer would hold the first event until the last, 0.8 s later.
    assert max(lateness) < 0.35, lateness


@pytest.mark.parametrize("tls", [False, True])
def test_a_large_body_touches_no_file(state, tls):
    answer = ask(state, "/api/echo", "POST", b"w" * (20 << 20), tls=tls)
    assert answer.json()["bytes"] == 20 << 20
    assert list((state.folder / "nginx" / "no-files").iterdir()) == []


def test_the_log_has_routes_and_no_queries_paths_or_cookies(state):
    ask(state, "/api/conversations/wombat-id?q=wombat-query", headers=[("Cookie", "a=wombat-cookie"),
        ("Authorization", "Bearer wombat-token"), ("Referer", "http://localhost/wombat")])
    send(state, raw("/api/x?wombat" + "q" * 9000))
    ask(state, "/app", host="wombat.example")
    ask(state, "/sign-in")

    def log():
        return (state.folder / "log" / "nginx" / "current").read_text()

    def lines():
        return [json.loads(line) for line in log().splitlines() if line.startswith("{")]

    wait_until(lambda: lines() and lines()[-1]["route"] == "/sign-in", "the last request in the log")
    assert any(line["route"] == "/api/conversations" and line["status"] == 200 for line in lines())
    assert "wombat" not in log()


# Pages behind an identity


@pytest.fixture(scope="module")
def guarded(make_state):
    state = make_state("guarded", AUTH_REQUIRED="true", AUTH_TRUST_IDENTITY_HEADERS="true")
    state.up()
    return state


@pytest.mark.parametrize("path", ["/app", "/app/", "/app/c/1", "/dashboard", "/admin/users", "/unlock"])
@pytest.mark.parametrize("verdict, status", [(204, 200), (401, 401), (403, 403), (200, 503), (201, 503), (302, 503),
                                             (404, 503), (500, 503), (503, 503)])
def test_only_204_opens_a_page(guarded, path, verdict, status):
    answer = ask(guarded, path, headers=[("Cookie", f"verdict={verdict}")])
    assert answer.status == status
    assert (b"<title>app</title>" in answer.body) == (status == 200)
    has_security_headers(answer)


@pytest.mark.parametrize("path", ["/", "/pricing", "/assets/app-12345678.js", "/healthz"])
def test_public_pages_stay_public(guarded, path):
    assert ask(guarded, path).status == 200


@pytest.mark.parametrize("path", ["/APP/x", "/%2561pp/x", "/app;/x", "/..;/app/x", "/app%09", "/app%0a/x", "/app%5cx"])
def test_no_spelling_slips_past_the_question(guarded, path):
    answer = ask(guarded, path)
    assert answer.status in (400, 401, 404) and b"<title>app</title>" not in answer.body


def test_identities_of_access_pass_in_trusted_mode_every_copy(guarded):
    lines = ["Cf-Access-Jwt-Assertion: one", "Cf-Access-Jwt-Assertion: two", "Cf-Access-Authenticated-User-Email: a@b.c",
             "Cf_Access_Jwt_Assertion: three", "Cf-Access-Token: four"]
    headers = received(send(guarded, raw("/api/echo", *lines)))
    assert [value for name, value in headers if name.startswith("cf")] == ["one", "two", "a@b.c"]


def test_a_dead_verifier_and_a_dead_gateway_refuse(guarded):
    for daemon in ("auth-verifier", "gateway"):
        folder = guarded.folder / "run" / "services" / daemon
        subprocess.run(["sv", "down", str(folder)], check=True, stdout=subprocess.DEVNULL)
    try:
        answer = ask(guarded, "/app", headers=[("Cookie", "verdict=204")])
        assert answer.status == 503 and b"<title>errors/50x</title>" in answer.body
        refused = ask(guarded, "/api/session")
        has_error_shape(refused, 503, "unavailable")
        assert refused.header("Retry-After") == "2"
        assert ask(guarded, "/healthz").status == 503
    finally:
        for daemon in ("auth-verifier", "gateway"):
            subprocess.run(["sv", "up", str(guarded.folder / "run" / "services" / daemon)], check=True,
                           stdout=subprocess.DEVNULL)


def test_with_password_sign_in_a_page_sends_to_it(make_state):
    state = make_state("passwords", AUTH_REQUIRED="true", AUTH_PASSWORD_SIGN_IN="true",
                       GROVE_PUBLIC_ORIGIN="https://chat.example.com", GROVE_EDGE_ADDRESSES="127.0.0.1")
    state.up()
    answer = ask(state, "/app", host="chat.example.com")
    assert (answer.status, answer.header("Location")) == (303, "/sign-in")
    has_security_headers(answer)
    # Behind a named edge the client's own address counts, and too many requests of one client are too many.
    client = [("CF-Connecting-IP", "203.0.113.7")]
    assert dict(received(ask(state, "/api/echo", headers=client)))["grove-client-address"] == "203.0.113.7"
    statuses = [ask(state, "/api/auth/sign-in", "POST", b"{}", client).status for _ in range(12)]
    assert 200 in statuses and 429 in statuses
    refused = ask(state, "/api/auth/sign-in", "POST", b"{}", client)
    has_error_shape(refused, 429, "rate_limited")
    assert refused.header("Retry-After")
    assert ask(state, "/api/echo").status == 200
