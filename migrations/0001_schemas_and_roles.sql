-- role: session
-- SPDX-License-Identifier: MIT
--
-- The ground every later file stands on: one schema and one login role per daemon that owns data, nothing
-- for PUBLIC, and grove_meta.make_tenant_table(), which puts a table behind forced row-level security.
-- deploy/up creates the roles first, with passwords; elsewhere they are created here without the right to
-- log in, and whoever runs the database gives them a password.

DO $$
DECLARE
	daemon text;
	role text;
BEGIN
	FOREACH daemon IN ARRAY ARRAY['auth', 'vault', 'account', 'vm'] LOOP
		role := 'grove_' || daemon;
		IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
			EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE '
				'NOREPLICATION', role);
		END IF;
		EXECUTE format('ALTER ROLE %I SET search_path = %I', role, daemon);
		EXECUTE format('ALTER ROLE %I SET statement_timeout = %L', role, '5s');
		EXECUTE format('ALTER ROLE %I SET idle_in_transaction_session_timeout = %L', role, '10s');
		EXECUTE format('ALTER ROLE %I SET lock_timeout = %L', role, '3s');
	END LOOP;
END
$$;

-- Nobody is in by default: neither into the database nor into the schema that every database has.
DO $$
BEGIN
	EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
	EXECUTE format('GRANT CONNECT ON DATABASE %I TO grove_auth, grove_vault, grove_account, grove_vm',
		current_database());
END
$$;
REVOKE ALL ON SCHEMA public FROM PUBLIC;

SET LOCAL ROLE grove_owner;

-- In PostgreSQL everybody may run every new function and use every new type; here only who is told so.
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES REVOKE USAGE ON TYPES FROM PUBLIC;

CREATE SCHEMA auth;
CREATE SCHEMA vault;
CREATE SCHEMA account;
CREATE SCHEMA vm;

GRANT USAGE ON SCHEMA auth TO grove_auth;
GRANT USAGE ON SCHEMA vault TO grove_vault;
GRANT USAGE ON SCHEMA account TO grove_account;
GRANT USAGE ON SCHEMA vm TO grove_vm;

-- The owning daemon may read what is in its schema; each right to change something is granted table by
-- table in the file that creates the table.
DO $$
DECLARE
	daemon text;
BEGIN
	FOREACH daemon IN ARRAY ARRAY['auth', 'vault', 'account', 'vm'] LOOP
		EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT SELECT ON TABLES TO %I',
			daemon, 'grove_' || daemon);
		EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT USAGE ON SEQUENCES TO %I',
			daemon, 'grove_' || daemon);
		EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT EXECUTE ON FUNCTIONS TO %I',
			daemon, 'grove_' || daemon);
		EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT USAGE ON TYPES TO %I',
			daemon, 'grove_' || daemon);
	END LOOP;
END
$$;

-- Puts a table behind row-level security that binds its owner too: a row is visible and writable only while
-- app.user_id, which a daemon sets at the start of every unit of work, names the row's user. After a
-- transaction that set it the setting is '' rather than NULL, and a bare cast of '' would be an error.
CREATE FUNCTION grove_meta.make_tenant_table(tenant_table regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = tenant_table AND attname = 'user_id'
			AND atttypid = 'uuid'::regtype AND attnotnull AND NOT attisdropped) THEN
		RAISE EXCEPTION 'table % needs a column user_id uuid NOT NULL', tenant_table;
	END IF;
	EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', tenant_table);
	EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', tenant_table);
	EXECUTE format('CREATE POLICY tenant ON %s FOR ALL '
		'USING (user_id = NULLIF(current_setting(''app.user_id'', true), '''')::uuid) '
		'WITH CHECK (user_id = NULLIF(current_setting(''app.user_id'', true), '''')::uuid)', tenant_table);
END
$$;
