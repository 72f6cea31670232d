# SPDX-License-Identifier: MIT
"""PostgreSQL as the second wall: roles, schemas, forced row-level security."""

import pytest
from grove.stack import SqlError

ROLES = {"auth": "auth", "vault": "vault", "account": "account", "vm": "vm"}


@pytest.mark.parametrize("role", ROLES)
def test_role_may_do_nothing_beyond_its_schema(stack, role):
    assert stack.sql(f"SELECT rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole FROM pg_roles WHERE rolname = 'grove_{role}'") == "f"
    owned = stack.sql(f"SELECT count(*) FROM pg_class WHERE pg_get_userbyid(relowner) = 'grove_{role}'")
    assert owned == "0"
    reachable = stack.sql(
        "SELECT string_agg(DISTINCT n.nspname, ' ') FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        f" WHERE c.relkind IN ('r', 'p', 'v', 'S') AND n.nspname IN ('auth', 'vault', 'account', 'vm', 'grove_meta')"
        f" AND has_schema_privilege('grove_{role}', n.oid, 'USAGE')"
        f" AND has_table_privilege('grove_{role}', c.oid, 'SELECT, INSERT, UPDATE, DELETE')")
    assert reachable in (role, ""), reachable
    for other in set(ROLES) - {role}:
        table = stack.sql(f"SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = '{other}' LIMIT 1")
        if table:
            with pytest.raises(SqlError, match="permission denied"):
                stack.sql(f"SELECT * FROM {table}", role)
    with pytest.raises(SqlError, match="permission denied"):
        stack.sql(f"CREATE TABLE {role}.mine (a int)", role)


def test_every_table_with_a_person_in_it_forces_row_level_security(stack):
    open_tables = stack.sql(
        "SELECT string_agg(format('%I.%I', n.nspname, c.relname), ' ') FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'user_id' AND NOT a.attisdropped"
        " WHERE c.relkind IN ('r', 'p') AND n.nspname IN ('auth', 'vault', 'account', 'vm') AND NOT (c.relrowsecurity AND c.relforcerowsecurity)")
    assert open_tables == ""
    without_check = stack.sql("SELECT string_agg(format('%I.%I', schemaname, tablename), ' ') FROM pg_policies"
                              " WHERE schemaname IN ('auth', 'vault', 'account', 'vm') AND (qual IS NULL OR (with_check IS NULL AND cmd <> 'SELECT'))")
    assert without_check == ""


def test_uniqueness_never_crosses_people(stack):
    wide = stack.sql(
        "SELECT string_agg(i.indexrelid::regclass::text, ' ') FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid"
        " JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'user_id'"
        " WHERE i.indisunique AND n.nspname IN ('auth', 'vault', 'account', 'vm') AND a.attnum <> ALL (i.indkey::smallint[])")
    # A token is looked up by its random public id before anybody knows whose it is.
    assert set(wide.split()) <= {"auth.tokens_by_public_id"}


@pytest.mark.parametrize("table", ["conversations", "messages", "branches", "preferences"])
def test_without_a_person_a_tenant_table_is_empty(stack, api, table):
    api.conversation(title="mine")
    assert stack.sql(f"SELECT count(*) FROM account.{table}", "account") == "0"


def test_person_sees_only_their_own_rows(stack, api):
    api.conversation(title="mine")
    owner = api.session["user"]["id"]
    mine = stack.sql(f"SET app.user_id = '{owner}'; SELECT count(*) FROM account.conversations", "account")
    other = stack.sql("SET app.user_id = '00000000-0000-4000-8000-000000000001'; SELECT count(*) FROM account.conversations", "account")
    assert int(mine) >= 1 and other == "0"


def test_row_of_another_person_cannot_be_written(stack, api):
    owner = api.session["user"]["id"]
    with pytest.raises(SqlError, match="row-level security"):
        stack.sql("SET app.user_id = '00000000-0000-4000-8000-000000000001';"
                  f" INSERT INTO account.preferences (user_id, body) VALUES ('{owner}', '{{}}')", "account")


def test_statements_are_not_logged(stack):
    for name in ("log_statement", "log_min_error_statement", "log_min_duration_statement", "log_parameter_max_length_on_error"):
        assert stack.sql(f"SHOW {name}") in ("none", "panic", "-1", "0"), name
