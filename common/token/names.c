/* SPDX-License-Identifier: MIT */
/* The names of daemons, roles, tiers, ways to sign in and scopes, as they stand in envelopes,
 * tables and answers. */
#include "token/envelope.h"

#include "base/mem.h"

#include "base/banned.h"

static const char *const daemon_names[DAEMON_COUNT] = {
	[DAEMON_GATEWAY] = "gateway",
	[DAEMON_AUTH_VERIFIER] = "auth-verifier",
	[DAEMON_KEYVAULT] = "keyvault",
	[DAEMON_CHAT_PROXY] = "chat-proxy",
	[DAEMON_ACCOUNT_STORE] = "account-store",
	[DAEMON_VM_CONTROLLER] = "vm-controller",
};

static const char *const role_names[] = {
	[ROLE_NONE] = "none",
	[ROLE_USER] = "user",
	[ROLE_ADMIN] = "admin",
	[ROLE_OWNER] = "owner",
};

static const char *const tier_names[] = {
	[TIER_NONE] = "none",
	[TIER_FREE] = "free",
	[TIER_PLUS] = "plus",
	[TIER_PRO] = "pro",
	[TIER_ENTERPRISE] = "enterprise",
};

static const char *const amr_names[] = {
	[AMR_NONE] = "none",	 [AMR_LOCAL] = "local",	      [AMR_TOKEN] = "token",
	[AMR_ACCESS] = "access", [AMR_PASSWORD] = "password",
};

static const struct {
	enum scope scope;
	const char *name;
} scope_names[] = {
	{ SCOPE_CHAT, "chat" }, { SCOPE_CONVERSATIONS, "conversations" },
	{ SCOPE_KEYS, "keys" }, { SCOPE_MCP, "mcp" },
	{ SCOPE_CLI, "cli" },
};

static const char *name_of(const char *const *names, size_t count, size_t i)
{
	BUG_ON(i >= count);
	return names[i];
}

/* From `first` on: "none" is what we call an absence, never something a name may ask for. */
static enum err find_name(const char *const *names, size_t count, size_t first, struct text name,
			  size_t *ret)
{
	for (size_t i = first; i < count; i++) {
		if (!text_is(name, names[i]))
			continue;
		*ret = i;
		return OK;
	}
	return ERR_INVALID_REQUEST;
}

const char *daemon_name(enum daemon_id id)
{
	return name_of(daemon_names, ARRAY_SIZE(daemon_names), id);
}

enum err daemon_from_name(struct text name, enum daemon_id *ret)
{
	size_t i = 0;
	enum err err = find_name(daemon_names, ARRAY_SIZE(daemon_names), 0, name, &i);

	if (err == OK)
		*ret = (enum daemon_id)i;
	return err;
}

const char *role_name(enum role r)
{
	return name_of(role_names, ARRAY_SIZE(role_names), r);
}

enum err role_from_name(struct text t, enum role *ret)
{
	size_t i = 0;
	enum err err = find_name(role_names, ARRAY_SIZE(role_names), ROLE_USER, t, &i);

	if (err == OK)
		*ret = (enum role)i;
	return err;
}

const char *tier_name(enum tier t)
{
	return name_of(tier_names, ARRAY_SIZE(tier_names), t);
}

enum err tier_from_name(struct text t, enum tier *ret)
{
	size_t i = 0;
	enum err err = find_name(tier_names, ARRAY_SIZE(tier_names), TIER_FREE, t, &i);

	if (err == OK)
		*ret = (enum tier)i;
	return err;
}

const char *amr_name(enum amr a)
{
	return name_of(amr_names, ARRAY_SIZE(amr_names), a);
}

enum err amr_from_name(struct text t, enum amr *ret)
{
	size_t i = 0;
	enum err err = find_name(amr_names, ARRAY_SIZE(amr_names), AMR_LOCAL, t, &i);

	if (err == OK)
		*ret = (enum amr)i;
	return err;
}

const char *scope_name(enum scope s)
{
	for (size_t i = 0; i < ARRAY_SIZE(scope_names); i++)
		if (scope_names[i].scope == s)
			return scope_names[i].name;
	return NULL;
}

enum err scope_from_name(struct text t, enum scope *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(scope_names); i++) {
		if (!text_is(t, scope_names[i].name))
			continue;
		*ret = scope_names[i].scope;
		return OK;
	}
	return ERR_INVALID_REQUEST;
}
