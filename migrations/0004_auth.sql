-- SPDX-License-Identifier: MIT
--
-- Personal tokens. The secret is 32 random bytes, so its SHA-256 is stored as it is: nothing that could be guessed needs a slow hash.

CREATE TABLE auth.tokens (
	user_id       uuid NOT NULL,
	id            uuid NOT NULL,
	public_id     text NOT NULL CONSTRAINT tokens_public_id CHECK (public_id ~ '^[a-z0-9]{12}$'),
	secret_sha256 bytea NOT NULL CONSTRAINT tokens_secret CHECK (octet_length(secret_sha256) = 32),
	name          text NOT NULL CONSTRAINT tokens_name CHECK (char_length(name) BETWEEN 1 AND 100),
	scopes        text NOT NULL CONSTRAINT tokens_scopes CHECK (octet_length(scopes) BETWEEN 1 AND 200),
	created_at    timestamptz(3) NOT NULL DEFAULT now(),
	expires_at    timestamptz(3),
	last_used_on  date,
	revoked_at    timestamptz(3),
	PRIMARY KEY (user_id, id)
);
-- Random, so that saying "taken" about one tells nothing; it is how a token is found.
CREATE UNIQUE INDEX tokens_by_public_id ON auth.tokens (public_id);

-- Whose token it is comes out of this table, before there is an app.user_id. So besides a person's own rows a unit of work sees
-- the one token it names beforehand in app.token (set for its transaction only by sql/set_token.sql), and may write that day's use.
ALTER TABLE auth.tokens ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.tokens FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON auth.tokens FOR ALL
	USING (user_id = NULLIF(current_setting('app.user_id', true), '')::uuid)
	WITH CHECK (user_id = NULLIF(current_setting('app.user_id', true), '')::uuid);
CREATE POLICY named_token ON auth.tokens FOR SELECT
	USING (public_id = NULLIF(current_setting('app.token', true), ''));
CREATE POLICY named_token_use ON auth.tokens FOR UPDATE
	USING (public_id = NULLIF(current_setting('app.token', true), ''))
	WITH CHECK (public_id = NULLIF(current_setting('app.token', true), ''));

GRANT INSERT, UPDATE (last_used_on, revoked_at) ON auth.tokens TO grove_auth;
