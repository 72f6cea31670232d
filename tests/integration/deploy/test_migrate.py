# SPDX-License-Identifier: MIT
"""The migration runner: one transaction per file, and refusing whatever would leave a half-known schema."""

import shutil
import subprocess

import pytest

from deploy_kit import ROOT

RUNNER = ROOT / "migrations" / "migrate"
CHANGED, NEWER, NUMBERING, FAILED, PENDING = 3, 4, 5, 6, 7


class Folder:
    """A folder of migrations whose path has a space and quotes, and the runner pointed at it."""

    def __init__(self, path, env):
        self.path, self.env = path, env
        path.mkdir()

    def write(self, name, text):
        (self.path / name).write_text(text)

    def start(self, *args):
        return subprocess.Popen([str(RUNNER), *args, "--dir", str(self.path)], env=self.env,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def migrate(self, *args, expect=0):
        process = self.start(*args)
        output, _ = process.communicate(timeout=60)
        assert process.returncode == expect, output
        return output


@pytest.fixture
def folder(tmp_path, cluster, database):
    return Folder(tmp_path / "it's \\ two words", cluster.environment(database))


def applied(cluster, database):
    return cluster.sql(database, "SELECT string_agg(name, ',' ORDER BY version) FROM grove_meta.migrations")


def test_files_apply_in_order_from_an_empty_database_and_only_once(folder, cluster, database):
    folder.write("0001_first.sql", "CREATE SCHEMA a; CREATE TABLE a.t (n int);")
    folder.write("0002_second.sql", "INSERT INTO a.t VALUES (1);")
    assert "pending  0001_first.sql" in folder.migrate("status", expect=PENDING)
    folder.migrate()
    assert "up to date at 0002" in folder.migrate()
    assert applied(cluster, database) == "first,second"
    assert cluster.sql(database, "SELECT count(*) FROM a.t") == "1"
    assert "applied  0002_second.sql" in folder.migrate("status")


def test_everything_belongs_to_the_owner_role(folder, cluster, database):
    folder.write("0001_first.sql", "CREATE SCHEMA a; CREATE TABLE a.t (n int);")
    folder.migrate()
    assert cluster.sql(database, "SELECT DISTINCT tableowner FROM pg_tables "
                                 "WHERE schemaname IN ('a', 'grove_meta')") == "grove_owner"


def test_a_failing_file_leaves_nothing_and_names_its_line(folder, cluster, database):
    folder.write("0001_first.sql", "CREATE SCHEMA a;")
    folder.write("0002_half.sql", "CREATE TABLE a.kept (n int);\nINSERT INTO a.kept VALUES (1);\n"
                                  "INSERT INTO a.missing VALUES (1);\n")
    output = folder.migrate(expect=FAILED)
    assert "0002_half.sql:3" in output
    assert applied(cluster, database) == "first"
    assert cluster.sql(database, "SELECT to_regclass('a.kept') IS NULL") == "t"
    folder.write("0002_half.sql", "CREATE TABLE a.kept (n int);")
    folder.migrate()
    assert applied(cluster, database) == "first,half"


def test_a_changed_file_is_refused_and_nothing_after_it_runs(folder, cluster, database):
    folder.write("0001_first.sql", "CREATE SCHEMA a;")
    folder.migrate()
    folder.write("0001_first.sql", "CREATE SCHEMA a; -- edited")
    folder.write("0002_second.sql", "CREATE SCHEMA b;")
    assert "0001_first.sql was changed" in folder.migrate(expect=CHANGED)
    folder.migrate("status", expect=CHANGED)
    assert applied(cluster, database) == "first"


def test_a_renamed_file_is_refused(folder):
    folder.write("0001_first.sql", "CREATE SCHEMA a;")
    folder.migrate()
    (folder.path / "0001_first.sql").rename(folder.path / "0001_other.sql")
    assert "first" in folder.migrate(expect=CHANGED)


def test_a_database_newer_than_the_folder_is_refused(folder, cluster, database):
    folder.write("0001_first.sql", "CREATE SCHEMA a;")
    folder.write("0002_second.sql", "CREATE SCHEMA b;")
    folder.migrate()
    (folder.path / "0002_second.sql").unlink()
    assert "newer" in folder.migrate(expect=NEWER)
    assert applied(cluster, database) == "first,second"


@pytest.mark.parametrize("names, said", [
    (["0001_a.sql", "0003_c.sql"], "number 2 is missing"),
    (["0001_a.sql", "0001_b.sql"], "used twice"),
    (["0001_a.sql", "0002_B.sql"], "named NNNN"),
    (["0000_a.sql"], "start at 0001"),
])
def test_wrong_numbers_are_refused_before_anything_runs(folder, cluster, database, names, said):
    for name in names:
        folder.write(name, "SELECT 1;")
    assert said in folder.migrate(expect=NUMBERING)
    assert cluster.sql(database, "SELECT to_regclass('grove_meta.migrations') IS NULL") == "t"


@pytest.mark.parametrize("text", ["COMMIT;", "  rollback ;", "BEGIN;", "Start Transaction;", "\\! true"])
def test_a_file_cannot_steer_the_transaction_or_psql(folder, text):
    folder.write("0001_a.sql", f"SELECT 1;\n{text}\n")
    assert "0001_a.sql:2" in folder.migrate(expect=NUMBERING)


def test_a_transaction_ended_in_the_middle_of_a_line_is_an_error(folder, cluster, database):
    folder.write("0001_a.sql", "SELECT 1; COMMIT; SELECT 2;")
    assert "ended its own transaction" in folder.migrate(expect=FAILED)
    assert applied(cluster, database) == ""


def test_runners_at_the_same_time_apply_each_file_once(folder, cluster, database):
    folder.write("0001_a.sql", "CREATE SCHEMA a; CREATE TABLE a.t (n int); SELECT pg_sleep(0.3);")
    folder.write("0002_b.sql", "INSERT INTO a.t VALUES (1);")
    runners = [folder.start() for _ in range(4)]
    for runner in runners:
        output, _ = runner.communicate(timeout=60)
        assert runner.returncode == 0, output
    assert cluster.sql(database, "SELECT count(*) FROM a.t") == "1"


def test_upgrades_can_be_walked_file_by_file(folder, cluster, database):
    folder.write("0001_a.sql", "CREATE SCHEMA a;")
    folder.write("0002_b.sql", "CREATE SCHEMA b;")
    folder.migrate("--to", "1")
    assert applied(cluster, database) == "a"
    folder.migrate()
    assert applied(cluster, database) == "a,b"


def test_no_server_is_its_own_exit_code(folder):
    folder.env = folder.env | {"PGHOST": "/nonexistent"}
    folder.write("0001_a.sql", "SELECT 1;")
    assert "no connection" in folder.migrate(expect=2)


@pytest.fixture
def real(cluster, database, tmp_path):
    """The project's own files, applied."""
    shutil.copytree(ROOT / "migrations", tmp_path / "migrations")
    result = subprocess.run([tmp_path / "migrations" / "migrate"], env=cluster.environment(database),
                            capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stderr
    for role in ("auth", "vault", "account", "vm"):
        cluster.sql(database, f"ALTER ROLE grove_{role} LOGIN")
    return lambda text, user="postgres", check=True: cluster.sql(database, text, user, check)


def test_daemon_roles_have_no_power_of_their_own(real):
    assert real("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'grove\\_%' AND "
                "(rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole OR rolreplication)") == "0"
    assert real("SELECT count(*) FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member "
                "WHERE r.rolname LIKE 'grove\\_%'") == "0"


def test_a_daemon_role_reaches_its_own_schema_only(real):
    owners = {"grove_auth": "auth", "grove_vault": "vault", "grove_account": "account", "grove_vm": "vm"}
    for role, own in owners.items():
        reached = real(
            "SELECT string_agg(nspname, ',') FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname NOT IN "
            f"('information_schema') AND has_schema_privilege('{role}', oid, 'USAGE')")
        assert reached == own
        assert real(f"SELECT has_schema_privilege('{role}', '{own}', 'CREATE')") == "f"
        assert real("SHOW search_path", role) == own
        assert real("SHOW statement_timeout", role) == "5s"
        assert "permission denied" in real("CREATE TEMP TABLE t (n int)", role, check=False).stderr


def test_every_table_with_a_person_has_forced_row_level_security(real):
    assert real(
        "SELECT coalesce(string_agg(c.oid::regclass::text, ','), '') FROM pg_class c "
        "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'user_id' AND NOT a.attisdropped "
        "WHERE c.relkind IN ('r', 'p') AND NOT (c.relrowsecurity AND c.relforcerowsecurity)") == ""


def test_every_table_and_function_belongs_to_the_owner_role(real):
    assert real("SELECT coalesce(string_agg(c.oid::regclass::text, ','), '') FROM pg_class c "
                "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN "
                "('auth', 'vault', 'account', 'vm', 'grove_meta') AND c.relkind IN ('r', 'p', 'v', 'S') "
                "AND pg_get_userbyid(c.relowner) <> 'grove_owner'") == ""


TENANT = """
    SET ROLE grove_owner;
    CREATE TABLE account.things_of_test (user_id uuid NOT NULL, id int, PRIMARY KEY (user_id, id));
    SELECT grove_meta.make_tenant_table('account.things_of_test');
    GRANT INSERT ON account.things_of_test TO grove_account;
"""
ONE, TWO = "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"


def test_a_tenant_table_shows_and_takes_only_the_rows_of_the_named_user(real):
    real(TENANT)
    real(f"SET app.user_id = '{ONE}'; INSERT INTO things_of_test VALUES ('{ONE}', 1)", "grove_account")
    count = "SELECT count(*) FROM things_of_test"
    assert real(f"SET app.user_id = '{ONE}'; {count}", "grove_account") == "1"
    assert real(f"SET app.user_id = '{TWO}'; {count}", "grove_account") == "0"
    assert real(count, "grove_account") == "0"
    # After a unit of work the setting is an empty string, not NULL.
    assert real(f"BEGIN; SET LOCAL app.user_id = '{ONE}'; COMMIT; {count}", "grove_account") == "0"
    assert real(f"SET ROLE grove_owner; {count.replace('things', 'account.things')}") == "0"
    refused = real(f"SET app.user_id = '{ONE}'; INSERT INTO things_of_test VALUES ('{TWO}', 1)",
                   "grove_account", check=False)
    assert "row-level security" in refused.stderr
    assert "permission denied" in real("DELETE FROM things_of_test", "grove_account", check=False).stderr
    assert "permission denied" in real("SELECT * FROM account.things_of_test", "grove_auth",
                                       check=False).stderr


def test_a_table_without_a_user_cannot_become_a_tenant_table(real):
    real("SET ROLE grove_owner; CREATE TABLE account.bare_of_test (id int)")
    assert "needs a column user_id" in real(
        "SET ROLE grove_owner; SELECT grove_meta.make_tenant_table('account.bare_of_test')",
        check=False).stderr
