# SPDX-License-Identifier: MIT
"""deploy/up, deploy/down and deploy/status with stand-ins for the daemons."""

import contextlib
import os
import pathlib
import pwd
import re
import signal
import socket

import pytest

from deploy_kit import DAEMONS
from grove.wait import wait_until

SERVICES = {*DAEMONS, "postgres", "nginx"}


@contextlib.contextmanager
def listener(port=0):
    with contextlib.closing(socket.socket()) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("127.0.0.1", port))
        s.listen()
        yield s.getsockname()[1]


def test_up_ends_ready_and_says_where(make_state):
    state = make_state("first state")
    output = state.up()
    assert f"ready at http://localhost:{state.http}" in output
    status = state.status()
    assert status.code == 0
    assert set(state.pids()) == SERVICES
    assert len(re.findall(r"^\S+ +run +pid \d+ +\d+\.\d MB +ready$", status.output, re.M)) == len(SERVICES)


def test_up_again_changes_nothing(state):
    before = state.pids()
    state.up()
    assert state.pids() == before


def test_every_process_runs_unprivileged_and_names_its_state(state):
    processes = state.processes()
    assert set(state.pids().values()) <= set(processes)
    # runsvdir, eight runsv and svlogd, the services and the children of nginx and PostgreSQL
    assert len(processes) > 8 * 3
    for pid in processes:
        assert os.stat(f"/proc/{pid}").st_uid != 0
    expected = "grove" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    assert pathlib.Path(state.folder, "secrets").owner() == expected


def test_children_of_the_services_are_found_by_the_state_too(state):
    processes = set(state.processes())
    for service in ("postgres", "nginx"):
        pid = state.pids()[service]
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        assert children and {int(child) for child in children} <= processes


def test_no_secret_stands_in_arguments_or_environment(state):
    secrets = {line.split()[-1] for path in (state.folder / "secrets").rglob("*") if path.is_file()
               for line in path.read_text().splitlines()}
    assert len(secrets) > 10
    for pid in state.processes():
        for name in ("cmdline", "environ"):
            text = pathlib.Path(f"/proc/{pid}/{name}").read_text(errors="replace")
            assert not [secret for secret in secrets if secret in text]


def test_state_and_secrets_are_closed_to_others(state):
    assert state.folder.stat().st_mode & 0o007 == 0
    for folder in state.folder.iterdir():
        assert folder.stat().st_mode & (0o077 if folder.is_dir() else 0o007) == 0, folder
    for path in (state.folder / "secrets").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_daemon_gets_its_own_settings_only(state):
    environ = pathlib.Path(f"/proc/{state.pids()['chat-proxy']}/environ").read_text().split("\0")
    names = {line.split("=")[0] for line in environ if line} - {"LC_CTYPE"}
    assert names == {"GROVE_LISTEN", "GROVE_OPS_LISTEN", "GROVE_PEER_KEYS_FILE", "GROVE_KEYVAULT",
                     "GROVE_ACCOUNT_STORE"}


def test_a_daemon_has_the_keys_of_its_own_pairs_only(state):
    for daemon in DAEMONS:
        lines = (state.folder / "secrets" / f"peers-{daemon}").read_text().splitlines()
        assert lines and all(daemon in line.split()[:2] for line in lines)
    pairs = (state.folder / "secrets" / "pairs").read_text().splitlines()
    assert len(pairs) == len({line.split()[2] for line in pairs}) == 9


@pytest.mark.parametrize("service", ["keyvault", "postgres", "nginx"])
def test_what_is_killed_comes_back(state, service):
    before = state.pids()[service]
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: state.pids().get(service, before) != before, f"{service} to come back", timeout=60)
    wait_until(lambda: state.status().code == 0, "everything to be ready", timeout=60)


def test_a_changed_setting_restarts_its_readers_only(state):
    before = state.pids()
    output = state.up(UPSTREAM_LOCAL_ALLOW="127.0.0.1:9")
    assert "restarting chat-proxy" in output
    after = state.pids()
    assert {name for name in before if before[name] != after[name]} == {"chat-proxy"}
    state.up()


def test_settings_come_from_the_file_and_the_environment_wins(state):
    file = state.folder / "grove.env"
    text = file.read_text()
    file.write_text(text + "\nUPSTREAM_LOCAL_ALLOW = x\n")
    assert "not of the form" in state.up(expect=2)
    file.write_text(text + "\nUPSTREAM_LOCAL_ALLOW=\"10.0.0.1:1\"\nGROVE_HTTP_PORT=1\n")
    state.up()
    read = lambda: pathlib.Path(f"/proc/{state.pids()['chat-proxy']}/environ").read_text()
    assert "UPSTREAM_LOCAL_ALLOW=10.0.0.1:1\0" in read()
    state.up(UPSTREAM_LOCAL_ALLOW="10.0.0.2:2")
    assert "UPSTREAM_LOCAL_ALLOW=10.0.0.2:2\0" in read()
    file.write_text(text)
    state.up()


def test_all_wrong_settings_are_told_at_once_and_nothing_starts(make_state):
    state = make_state("wrong settings")
    state.folder.mkdir()
    (state.folder / "secrets").mkdir()
    (state.folder / "grove.env").write_text(
        "VM_DIRVER=auto\njust words\nDATA_ENCRYPTION_SECRET='open\nGROVE_LISTEN=0.0.0.0:1\n"
        "ADMIN_EMAILS=a\nADMIN_EMAILS=b\nBYOK_ENCRYPTION_SECRET_FILE=/nonexistent\nVM_DRIVER=cloud\n")
    output = state.up(expect=2, GROVE_HTTP_PORT="80x", AUTH_REQUIRED="perhaps")
    for said in ("line 1: VM_DIRVER is not a setting; did you mean VM_DRIVER?", "line 2: not of the form",
                 "line 3: DATA_ENCRYPTION_SECRET: a quote", "line 4: GROVE_LISTEN is set by",
                 "line 6: ADMIN_EMAILS is set twice", "BYOK_ENCRYPTION_SECRET_FILE: the file '/nonexistent'",
                 "VM_DRIVER: must be", "GROVE_HTTP_PORT: '80x'", "AUTH_REQUIRED: 'perhaps'"):
        assert said in output
    assert state.processes() == []
    assert not (state.folder / "postgres" / "data").exists()


def test_wrong_settings_leave_what_runs_alone(state):
    before = state.pids()
    assert "VM_DRIVER: must be" in state.up(expect=2, VM_DRIVER="cloud")
    assert state.pids() == before and state.status().code == 0


@pytest.mark.parametrize("name", ["GROVE_HTTP_PORT", "GROVE_HTTPS_PORT"])
def test_a_taken_port_is_named_with_its_holder_and_nothing_is_left(make_state, name):
    state = make_state("port taken")
    with listener() as port:
        output = state.up(expect=3, **{name: str(port)})
        assert f"port {port} is taken" in output and name in output
        assert f"(pid {os.getpid()})" in output
    assert state.processes() == []


def test_daemon_ports_in_use_are_avoided_and_remembered(make_state):
    state = make_state("other ports")
    with contextlib.ExitStack() as stack:
        for port in (7400, 7503):
            with contextlib.suppress(OSError):	# somebody else has it already: just as good
                stack.enter_context(listener(port))
        state.up()
        ports = (state.folder / "run" / "ports").read_text()
        assert "gateway 7400" not in ports and not re.search(r"chat-proxy \d+ 7503", ports)
        state.up()
    state.down()
    state.up()
    assert (state.folder / "run" / "ports").read_text() == ports


def test_a_second_state_stands_beside_the_first(state, make_state):
    other = make_state("second state")
    other.up()
    assert state.status().code == 0 and other.status().code == 0
    ports = [set(re.findall(r" (\d+)", (s.folder / "run" / "ports").read_text())) for s in (state, other)]
    assert not ports[0] & ports[1]
    before = state.pids()
    assert not set(before.values()) & set(other.pids().values())
    other.down()
    assert other.processes() == []
    assert state.pids() == before and state.status().code == 0


def test_down_keeps_the_data_and_up_brings_it_back(make_state):
    state = make_state("data")
    state.up()
    assert state.sql("CREATE TABLE account.kept AS SELECT 42 AS n").returncode == 0
    secrets = {path.name: path.read_text() for path in (state.folder / "secrets").iterdir() if path.is_file()}
    state.down()
    assert state.processes() == []
    assert state.status().code == 1
    assert "nothing is running" in state.down()
    state.up()
    assert state.sql("SELECT n FROM account.kept").stdout.strip() == "42"
    assert secrets == {path.name: path.read_text() for path in (state.folder / "secrets").iterdir() if path.is_file()}


def test_down_without_a_state_is_fine(make_state):
    assert "nothing is running" in make_state("never made").down()


def test_ups_at_the_same_time_end_in_one_running_state(make_state):
    state = make_state("race")
    processes = [state.command("deploy/up", "--no-packages", "--no-build") for _ in range(3)]
    for process in processes:
        output, _ = process.communicate(timeout=180)
        assert process.returncode == 0, output
    assert state.status().code == 0
    supervisors = [pid for pid in state.processes()
                   if pathlib.Path(f"/proc/{pid}/cmdline").read_text().startswith("runsvdir")]
    assert len(supervisors) == 1


def test_a_daemon_that_is_not_ready_is_named_and_nothing_is_left(project, make_state):
    state = make_state("not ready")
    flag = project.bin / "keyvault.not-ready"
    flag.write_text("database: no connection\n")
    try:
        output = state.up(expect=1, GROVE_READY_SECONDS="2")
        assert "keyvault is not ready: database: no connection" in output
        assert "daemon.ready" in output
        assert state.processes() == []
    finally:
        flag.unlink()
    state.up()


def test_status_tells_who_is_not_ready_and_why(project, state):
    flag = project.bin / "gateway.not-ready"
    flag.write_text("account-store: away\n")
    try:
        status = state.status()
        assert status.code == 1
        assert re.search(r"^gateway +run .* account-store: away$", status.output, re.M)
    finally:
        flag.unlink()


def test_the_http_port_can_change_while_running(make_state):
    state = make_state("moving")
    state.up()
    before = state.pids()
    old = state.http
    with listener() as port:
        state.http = port
    assert "nginx takes over" in state.up()
    assert state.status().code == 0
    after = state.pids()
    # The public origin follows the port, and the gateway reads it.
    assert {name for name in before if before[name] != after[name]} == {"gateway"}
    with contextlib.closing(socket.socket()) as s:
        assert wait_until(lambda: s.connect_ex(("127.0.0.1", old)) != 0, "the old port to close")


def test_a_supervisor_that_was_killed_is_replaced(make_state):
    state = make_state("orphans")
    state.up()
    supervisor = int((state.folder / "run" / "supervisor.pid").read_text())
    os.kill(supervisor, signal.SIGKILL)
    wait_until(lambda: not pathlib.Path(f"/proc/{supervisor}").exists(), "the supervisor to die")
    assert "lost their supervisor" in state.up()
    assert state.status().code == 0
    pids = state.pids()
    os.kill(int((state.folder / "run" / "supervisor.pid").read_text()), signal.SIGKILL)
    state.down()
    assert state.processes() == [], pids


def test_a_data_secret_given_at_first_is_asked_for_later(make_state):
    state = make_state("given secret")
    given = "00" * 31 + "01"
    state.up(DATA_ENCRYPTION_SECRET=given)
    assert not (state.folder / "secrets" / "data_encryption_secret").exists()
    assert "DATA_ENCRYPTION_SECRET: it was given" in state.up(expect=2)
    file = state.folder.parent / "secret"
    file.write_text(given)
    file.chmod(0o600)
    before = state.pids()
    state.up(DATA_ENCRYPTION_SECRET_FILE=str(file))
    assert state.pids() == before


def test_a_folder_of_somebody_else_is_not_taken_for_a_state(make_state):
    state = make_state("photos")
    state.folder.mkdir()
    (state.folder / "holiday.jpg").write_text("x")
    mode = state.folder.stat().st_mode
    assert "is not a state directory" in state.up(expect=1)
    assert state.folder.stat().st_mode == mode


def test_a_very_long_path_still_gets_its_socket(make_state):
    state = make_state("a state with a rather long name " * 4)
    state.up()
    folder = pathlib.Path((state.folder / "run" / "postgres-socket").read_text().strip())
    assert len(str(folder)) < 80 and folder.stat().st_mode & 0o077 == 0
    assert state.sql("SELECT 1").stdout.strip() == "1"


def test_postgres_is_private(state):
    pid = state.pids()["postgres"]
    inodes = {os.readlink(path) for path in pathlib.Path(f"/proc/{pid}/fd").iterdir()}
    tcp = [line.split()[9] for name in ("tcp", "tcp6") if os.path.exists(f"/proc/net/{name}")
           for line in pathlib.Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    assert not inodes & {f"socket:[{inode}]" for inode in tcp}
    assert "password authentication failed" in state.sql("SELECT 1", "auth", "wrong").stderr
    for setting, value in {"data_checksums": "on", "fsync": "on", "password_encryption": "scram-sha-256",
                           "server_encoding": "UTF8", "log_statement": "none"}.items():
        assert state.sql(f"SHOW {setting}").stdout.strip() == value
    assert state.sql("SELECT datcollate FROM pg_database WHERE datname = 'grove'").stdout.strip() == "C.UTF-8"


@pytest.mark.parametrize("role, schema", [("auth", "auth"), ("vault", "vault"), ("account", "account"), ("vm", "vm")])
def test_each_role_signs_in_with_its_own_password(state, role, schema):
    assert state.sql("SHOW search_path", role).stdout.strip() == schema
    own = (state.folder / "secrets" / f"postgres_{role}").read_text().strip()
    other = "vault" if role != "vault" else "auth"
    assert state.sql("SELECT 1", other, own).returncode != 0


def test_what_a_person_wrote_is_not_in_postgres_log(state):
    marker = "wombat-in-the-statement"
    state.sql(f"SELECT '{marker}'::text::int + 1 FROM nowhere_{marker.replace('-', '_')[:5]}")
    state.sql("CREATE TABLE account.logged (t text PRIMARY KEY)")
    state.sql(f"INSERT INTO account.logged VALUES ('{marker}')")
    state.sql(f"INSERT INTO account.logged VALUES ('{marker}')")
    log = lambda: (state.folder / "log" / "postgres" / "current").read_text()
    wait_until(lambda: "duplicate key" in log(), "PostgreSQL to log the failure")
    assert marker not in log()
    state.sql("DROP TABLE account.logged")
