/* SPDX-License-Identifier: MIT */
/* The ops and body tables of keyvault's routes; the route table needs their sizes. */
#pragma once

#include "flow/flow.h"

#include "api_key.h"
#include "data_key.h"
#include "origins.h"
#include "usable_key.h"

struct key_form {
	struct text provider, key_name;
	struct json_text base_url;
	struct secret key;
	struct json_number monthly_budget;
	struct json_int daily_limit, rate_limit_rpm, priority_order;
};

struct create_key {
	struct data_key data_key; /* first: shared steps */
	struct key_form form;
	struct key_address address;
	struct uuid id;
};
extern const struct json_field create_key_form_fields[];
extern const struct flow_step create_key_flow[];
void create_key_clear(void *op);

struct create_session_key {
	struct key_form form;
};
extern const struct json_field create_session_key_form_fields[];
extern const struct flow_step create_session_key_flow[], delete_session_key_flow[];
void create_session_key_clear(void *op);

struct patch_form {
	struct json_text key_name;
	struct json_bool active;
	struct json_number monthly_budget;
	struct json_int daily_limit, rate_limit_rpm, priority_order;
};
struct patch_key {
	struct patch_form form;
};
extern const struct json_field patch_key_form_fields[];
extern const struct flow_step patch_key_flow[], list_keys_flow[], delete_key_flow[],
	show_status_flow[];

struct data_key_form {
	struct json_int version;
};
struct provide_data_key {
	struct data_key data_key; /* first: shared steps */
	struct data_key_form form;
};
extern const struct json_field data_key_form_fields[];
extern const struct flow_step provide_data_key_flow[];
void provide_data_key_clear(void *op);

struct lease_form {
	struct json_text provider, session_handle;
	struct text model;
	struct json_uuid_list exclude_key_ids;
};
struct lease_key {
	struct lease_form form;
	struct usable_keys keys;
};
extern const struct json_field lease_form_fields[];
extern const struct flow_step lease_key_flow[];

extern const struct flow_step usable_keys_flow[];

struct settle_form {
	struct json_uuid key_id;
	struct text outcome;
	struct json_int prompt_tokens, completion_tokens;
	struct json_number cost;
};
struct settle_lease {
	struct settle_form form;
};
extern const struct json_field settle_form_fields[];
extern const struct flow_step settle_lease_flow[];
