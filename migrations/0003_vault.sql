-- SPDX-License-Identifier: MIT
--
-- Keys: what opens what. The configured secrets never come here; a key-encryption key (KEK) is derived from one of them and this table's
-- salt, wraps each person's data keys, and those seal provider keys here and content in account. docs/sealed-format.md has the bytes.

-- One random salt per family ('byok' from BYOK_ENCRYPTION_SECRET, 'data' from DATA_ENCRYPTION_SECRET), made once and never changed.
CREATE TABLE vault.kek_salts (
	family     text PRIMARY KEY CONSTRAINT kek_salts_family CHECK (family IN ('byok', 'data')),
	salt       bytea NOT NULL CONSTRAINT kek_salts_salt CHECK (octet_length(salt) = 32),
	created_at timestamptz(3) NOT NULL DEFAULT now()
);
GRANT INSERT ON vault.kek_salts TO grove_vault;

-- Every KEK that ever wrapped something, with a record only it opens: so that a wrong secret is noticed at start, before anything is written with it.
CREATE TABLE vault.kek_versions (
	family        text NOT NULL REFERENCES vault.kek_salts (family),
	kek_id        bytea NOT NULL CONSTRAINT kek_versions_kek_id CHECK (octet_length(kek_id) = 4),
	canary_sealed bytea NOT NULL,
	created_at    timestamptz(3) NOT NULL DEFAULT now(),
	PRIMARY KEY (family, kek_id)
);
GRANT INSERT ON vault.kek_versions TO grove_vault;

CREATE TABLE vault.user_data_keys (
	user_id        uuid NOT NULL,
	family         text NOT NULL,
	version        bigint NOT NULL CONSTRAINT user_data_keys_version CHECK (version BETWEEN 1 AND 2147483647),
	kek_id         bytea NOT NULL,
	wrapped_sealed bytea NOT NULL,
	created_at     timestamptz(3) NOT NULL DEFAULT now(),
	PRIMARY KEY (user_id, family, version),
	CONSTRAINT user_data_keys_kek FOREIGN KEY (family, kek_id) REFERENCES vault.kek_versions (family, kek_id)
);
CREATE INDEX user_data_keys_by_kek ON vault.user_data_keys (family, kek_id);
DO $$ BEGIN PERFORM grove_meta.make_tenant_table('vault.user_data_keys'); END $$;
GRANT INSERT, DELETE ON vault.user_data_keys TO grove_vault;

-- The key is sealed under the person's 'byok' data key and bound to person, row, provider and origin. Base URL and origin stay readable.
CREATE TABLE vault.user_api_keys (
	user_id        uuid NOT NULL,
	id             uuid NOT NULL,
	provider       text NOT NULL CONSTRAINT user_api_keys_provider
	               CHECK (provider IN ('openai', 'anthropic', 'google', 'openrouter', 'openai-compatible')),
	key_name       text NOT NULL CONSTRAINT user_api_keys_name CHECK (char_length(key_name) BETWEEN 1 AND 100),
	key_sealed     bytea NOT NULL,
	-- Also in the record's header. Here it lets PostgreSQL keep a data key for as long as something is sealed with it.
	data_key_family  text NOT NULL DEFAULT 'byok' CONSTRAINT user_api_keys_data_key_family CHECK (data_key_family = 'byok'),
	data_key_version bigint NOT NULL,
	key_preview    text NOT NULL CONSTRAINT user_api_keys_preview CHECK (char_length(key_preview) <= 4),
	base_url       text CONSTRAINT user_api_keys_base_url CHECK (octet_length(base_url) <= 1024),
	origin         text NOT NULL CONSTRAINT user_api_keys_origin CHECK (octet_length(origin) <= 300),
	active         boolean NOT NULL DEFAULT true,
	monthly_budget double precision CONSTRAINT user_api_keys_budget CHECK (monthly_budget >= 0),
	daily_limit    bigint CONSTRAINT user_api_keys_daily CHECK (daily_limit >= 0),
	rate_limit_rpm bigint CONSTRAINT user_api_keys_rpm CHECK (rate_limit_rpm >= 0),
	priority_order bigint NOT NULL DEFAULT 100,
	status         text NOT NULL DEFAULT 'ok' CONSTRAINT user_api_keys_status CHECK (status IN ('ok', 'rejected')),
	created_at     timestamptz(3) NOT NULL DEFAULT now(),
	updated_at     timestamptz(3) NOT NULL DEFAULT now(),
	last_used_at   timestamptz(3),
	PRIMARY KEY (user_id, id),
	CONSTRAINT user_api_keys_base CHECK ((provider = 'openai-compatible') = (base_url IS NOT NULL)),
	CONSTRAINT user_api_keys_data_key FOREIGN KEY (user_id, data_key_family, data_key_version)
	           REFERENCES vault.user_data_keys (user_id, family, version)
);
DO $$ BEGIN PERFORM grove_meta.make_tenant_table('vault.user_api_keys'); END $$;
GRANT INSERT, DELETE, UPDATE (key_name, active, monthly_budget, daily_limit, rate_limit_rpm, priority_order, status, updated_at, last_used_at)
	ON vault.user_api_keys TO grove_vault;

-- What a key was used for, a row a UTC day: budgets and limits are judged from it.
CREATE TABLE vault.key_usage (
	user_id           uuid NOT NULL,
	key_id            uuid NOT NULL,
	day               date NOT NULL,
	requests          bigint NOT NULL DEFAULT 0,
	prompt_tokens     bigint NOT NULL DEFAULT 0,
	completion_tokens bigint NOT NULL DEFAULT 0,
	cost              numeric(16, 8) NOT NULL DEFAULT 0,
	minute            timestamptz(3) NOT NULL DEFAULT 'epoch',
	minute_requests   bigint NOT NULL DEFAULT 0,
	PRIMARY KEY (user_id, key_id, day),
	CONSTRAINT key_usage_key FOREIGN KEY (user_id, key_id) REFERENCES vault.user_api_keys (user_id, id) ON DELETE CASCADE
);
DO $$ BEGIN PERFORM grove_meta.make_tenant_table('vault.key_usage'); END $$;
GRANT INSERT, UPDATE (requests, prompt_tokens, completion_tokens, cost, minute, minute_requests) ON vault.key_usage TO grove_vault;
