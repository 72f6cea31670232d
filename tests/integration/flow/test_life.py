# SPDX-License-Identifier: MIT
"""The life of every daemon: start, sandbox, draining stop; and what it says when it cannot start."""

import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import uuid

import httpx
import pytest
from grove.daemon import Daemon
from grove.envelope import PeerKeys
from grove.fake_daemons import KEYS32, PEERS, FakeDaemons, lone_settings
from grove.paths import BIN, DAEMONS, clean_environment
from grove.raw_http import request
from grove.wait import wait_until

# Alone, a daemon cannot reach the others; some of them say so.
LONELY = ("request.failed",)


@pytest.fixture
def settings(postgres, tmp_path):
    return lambda name, **more: lone_settings(name, PeerKeys(), tmp_path, postgres=postgres, **more)


def run(name, *args, **env):
    return subprocess.run([BIN / name, *args], env=clean_environment(**env), cwd="/", capture_output=True, text=True, timeout=20, check=False)


def status_of(daemon):
    text = pathlib.Path(f"/proc/{daemon.process.pid}/status").read_text()
    return dict(re.findall(r"^(\w+):\s+(.*)$", text, re.M))


@pytest.mark.parametrize("name", DAEMONS)
def test_it_starts_answers_and_stops(settings, name):
    with Daemon(name, **settings(name)) as daemon:
        ops = f"http://127.0.0.1:{daemon.ops_port}"
        for path, text in (("/healthz", "ok"), ("/readyz", "ready"), ("/metrics", "grove_loop_lag_seconds")):
            answer = httpx.get(ops + path, trust_env=False)
            assert answer.status_code == 200 and text in answer.text
        metrics = httpx.get(f"{ops}/metrics", trust_env=False).text
        for figure in ("process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds"):
            assert float(re.search(rf"^{figure} (\S+)", metrics, re.M)[1]) > 0, figure
        assert httpx.get(f"{ops}/nothing", trust_env=False).status_code == 404
        assert httpx.post(f"{ops}/healthz", trust_env=False).status_code == 405
        assert httpx.get(f"http://127.0.0.1:{daemon.port}/metrics", trust_env=False).status_code in (401, 404)


@pytest.mark.release_only
@pytest.mark.parametrize("name", DAEMONS)
def test_it_gave_up_what_it_does_not_need(settings, name):
    made = settings(name)
    with Daemon(name, **made) as daemon:
        proc = pathlib.Path(f"/proc/{daemon.process.pid}")
        status = status_of(daemon)
        assert status["Seccomp"] == "2" and status["NoNewPrivs"] == "1"
        for task in (proc / "task").iterdir():  # every thread, too
            assert "Seccomp:\t2\n" in (task / "status").read_text()
        assert re.search(r"Max core file size\s+0\s+0\s", (proc / "limits").read_text())
        # Not dumpable: the kernel gives its files in /proc to root.
        assert (proc / "mem").stat().st_uid == 0
        landlock = next(line for line in daemon.log().splitlines() if "sandbox.landlock" in line)
        assert '"abi":0' in landlock or '"closed":true' in landlock


@pytest.mark.parametrize("name", DAEMONS)
def test_no_secret_is_left_where_others_look(settings, name):
    made = settings(name)
    with Daemon(name, **made) as daemon:
        proc = pathlib.Path(f"/proc/{daemon.process.pid}")
        shown = (proc / "environ").read_bytes() + (proc / "cmdline").read_bytes() + daemon.log().encode()
        hidden = [str(made[variable]) for variable in KEYS32.get(name, ())]
        hidden += [line.split()[2] for line in pathlib.Path(made["GROVE_PEER_KEYS_FILE"]).read_text().splitlines()]
        if "GROVE_DATABASE_PASSWORD_FILE" in made:
            hidden.append(pathlib.Path(made["GROVE_DATABASE_PASSWORD_FILE"]).read_text())
        for secret in hidden:
            assert secret.encode() not in shown


@pytest.mark.parametrize("name", DAEMONS)
def test_a_wrong_setting_is_told_with_all_others(settings, name):
    made = settings(name) | {"GROVE_LISTEN": "localhost:1", "GROVE_OPS_LISTEN": "x", "GROVE_LOG_LEVEL": "loud", "GROVE_NONSENSE": "1",
                             "GROVE_PEER_KEYS_FILE": "/nowhere"}
    result = run(name, **made)
    assert result.returncode == 2
    for variable in ("GROVE_LISTEN", "GROVE_OPS_LISTEN", "GROVE_LOG_LEVEL", "GROVE_NONSENSE", "GROVE_PEER_KEYS_FILE"):
        assert f"{variable}:" in result.stderr, result.stderr
    assert run(name, "--check-config", **made).returncode == 2
    assert run(name, "--check-config", **settings(name)).returncode == 0


def test_a_rule_over_settings_is_told_with_the_single_errors(settings):
    result = run("chat-proxy", **settings("chat-proxy") | {"UPSTREAM_LOCAL_ALLOW": "127.0.0.1:1,garbage", "UPSTREAM_CONNECT_MS": "soon"})
    assert result.returncode == 2
    assert "UPSTREAM_LOCAL_ALLOW: garbage" in result.stderr and "UPSTREAM_CONNECT_MS:" in result.stderr, result.stderr
    result = run("gateway", **settings("gateway") | {"AUTH_REQUIRED": "true", "GROVE_PUBLIC_ORIGIN": "here"})
    assert result.returncode == 2
    assert "AUTH_REQUIRED:" in result.stderr and "GROVE_PUBLIC_ORIGIN:" in result.stderr, result.stderr


@pytest.mark.parametrize("name", DAEMONS)
def test_a_port_in_use_is_named(settings, name):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for variable, other in (("GROVE_LISTEN", "GROVE_OPS_LISTEN"), ("GROVE_OPS_LISTEN", "GROVE_LISTEN")):
            result = run(name, **settings(name), **{variable: f"127.0.0.1:{port}", other: "127.0.0.1:0"})
            assert result.returncode == 1 and f"127.0.0.1:{port}" in result.stderr and "in use" in result.stderr, result.stderr


def test_the_command_line_is_small(settings):
    assert run("gateway", "--version").stdout.startswith("gateway ")
    text = run("gateway", "--help").stdout
    assert "Usage: gateway" in text and "GROVE_CSRF_SECRET" in text and "AUTH_REQUIRED" in text
    names = run("auth-verifier", "--config-names").stdout.split()
    assert {"GROVE_DATABASE", "GROVE_DATABASE_PASSWORD", "GROVE_DATABASE_PASSWORD_FILE", "GROVE_ACCOUNT_STORE", "AUTH_REQUIRED"} <= set(names)
    assert not [name for name in run("gateway", "--config-names").stdout.split() if "DATABASE" in name]
    assert run("gateway", "--config-help").stdout.startswith("| variable |")
    assert run("gateway", "--check-config", **settings("gateway")).stdout == "The settings are in order.\n"
    for wrong in (("--nonsense",), ("--help", "--version"), ("help",)):
        result = run("gateway", *wrong)
        assert result.returncode == 2 and result.stderr


@pytest.mark.parametrize("spoil, says", [
    (lambda text: "", "empty"), (lambda text: "nonsense\n", "line 1"), (lambda text: text.replace("gateway keyvault", "gateway gateway", 1), "line"),
    (lambda text: "".join(line for line in text.splitlines(True) if " keyvault " not in line), "keyvault")], ids=["empty", "nonsense", "wrong pair", "missing pair"])
def test_pair_keys_that_do_not_do_stop_the_start(settings, tmp_path, spoil, says):
    made = settings("gateway")
    file = pathlib.Path(made["GROVE_PEER_KEYS_FILE"])
    file.write_text(spoil(file.read_text()))
    result = run("gateway", **made, GROVE_LISTEN="127.0.0.1:0", GROVE_OPS_LISTEN="127.0.0.1:0")
    assert result.returncode == 1 and says in result.stderr, result.stderr


def test_pair_keys_that_anybody_can_read_stop_the_start(settings):
    made = settings("vm-controller")
    pathlib.Path(made["GROVE_PEER_KEYS_FILE"]).chmod(0o644)
    result = run("vm-controller", **made, GROVE_LISTEN="127.0.0.1:0", GROVE_OPS_LISTEN="127.0.0.1:0")
    assert result.returncode == 1 and "every user" in result.stderr


def test_it_listens_on_unix_sockets_and_cleans_up(settings, tmp_path):
    made = settings("vm-controller", GROVE_LISTEN=f"unix:{tmp_path}/api", GROVE_OPS_LISTEN=f"unix:{tmp_path}/ops")
    for _ in range(2):  # what the first may have left does not disturb the second
        process = subprocess.Popen([BIN / "vm-controller"], env=clean_environment(**made), stderr=subprocess.DEVNULL)
        try:
            client = httpx.Client(transport=httpx.HTTPTransport(uds=f"{tmp_path}/ops"))

            def ready():
                try:
                    return client.get("http://ops/readyz").status_code == 200
                except httpx.TransportError:
                    return False
            wait_until(ready, "the daemon at its socket")
            assert (tmp_path / "api").stat().st_mode & 0o777 == 0o600
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0


@pytest.fixture
def gateway_with_a_held_request(settings):
    """A request under way, and what lets it end."""
    behind, release = FakeDaemons(), threading.Event()

    def hold(exchange):
        exchange.wait(release)
        exchange.reply(200, {"held": True})
    behind.on("POST", "/internal/identify", lambda e: e.reply(200, {
        "userId": str(uuid.uuid4()), "email": None, "displayName": "O", "role": "owner", "tier": "pro", "amr": "local", "scopes": None,
        "sessionId": "local"}))
    behind.on("GET", "/v1/models", hold)
    daemon = Daemon("gateway", LONELY, **(settings("gateway") | {
        f"GROVE_{peer.upper().replace('-', '_')}": f"127.0.0.1:{behind.port}" for peer in PEERS["gateway"]}))
    daemon.start()
    client = socket.create_connection(("127.0.0.1", daemon.port), timeout=20)
    client.sendall(request("GET", "/api/models", close=False))
    wait_until(lambda: behind.seen("/v1/models"), "the request to be under way")
    yield daemon, client, release
    release.set()
    client.close()
    behind.close()
    if daemon.process and daemon.process.poll() is None:
        daemon.kill()
    daemon.log_file.unlink()


def test_sigterm_lets_a_request_end(gateway_with_a_held_request):
    daemon, client, release = gateway_with_a_held_request
    daemon.process.send_signal(signal.SIGTERM)
    wait_until(lambda: "daemon.draining" in daemon.log(), "draining")
    ready = httpx.get(f"http://127.0.0.1:{daemon.ops_port}/readyz", trust_env=False)
    assert ready.status_code == 503 and "draining" in ready.text
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", daemon.port), timeout=1)
    assert daemon.process.poll() is None
    release.set()
    answer = b""
    while part := client.recv(65536):
        answer += part
    assert answer.startswith(b"HTTP/1.1 200 ") and b"\r\nConnection: close\r\n" in answer
    assert daemon.process.wait(5) == 0
    assert '"event":"daemon.stopped"' in daemon.log() and '"cancelled":0' in daemon.log()
    daemon.process = None


def test_a_second_sigterm_ends_at_once(gateway_with_a_held_request):
    daemon, _, _ = gateway_with_a_held_request
    daemon.process.send_signal(signal.SIGTERM)
    wait_until(lambda: "daemon.draining" in daemon.log(), "draining")
    daemon.process.send_signal(signal.SIGTERM)
    assert daemon.process.wait(2) == 1
    daemon.process = None


@pytest.mark.slow
def test_what_does_not_end_is_cut_after_ten_seconds(gateway_with_a_held_request):
    daemon, client, _ = gateway_with_a_held_request
    daemon.process.send_signal(signal.SIGTERM)
    assert daemon.process.wait(15) == 0
    assert client.recv(100) == b""
    assert '"cancelled":1' in daemon.log()
    daemon.process = None


@pytest.mark.parametrize("name", ["auth-verifier", "keyvault", "account-store"])
def test_it_waits_for_its_database_and_comes_back_to_it(settings, postgres, name):
    made = settings(name)
    postgres.stop()
    try:
        daemon = Daemon(name, ("db.connect_failed", "db.lost"), **made)
        with daemon.log_file.open("ab") as log:
            daemon.process = subprocess.Popen([BIN / name], env=clean_environment(**daemon.settings), cwd="/", stdout=log, stderr=log)
        wait_until(lambda: "daemon.listening" in daemon.log(), "it to listen")
        ops = re.search(r'"ops":"([^"]+)"', daemon.log())[1]
        ready = httpx.get(f"http://{ops}/readyz", trust_env=False)
        assert ready.status_code == 503 and ready.text.startswith("database: ")
        assert httpx.get(f"http://{ops}/healthz", trust_env=False).status_code == 200
    finally:
        postgres.start()
    wait_until(lambda: httpx.get(f"http://{ops}/readyz", trust_env=False).status_code == 200, "it to be ready")
    postgres.stop()
    wait_until(lambda: httpx.get(f"http://{ops}/readyz", trust_env=False).status_code == 503, "it to notice")
    postgres.start()
    wait_until(lambda: httpx.get(f"http://{ops}/readyz", trust_env=False).status_code == 200, "it to come back")
    daemon.stop()
    daemon.log_file.unlink()


@pytest.mark.release_only
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
@pytest.mark.parametrize("name", DAEMONS)
def test_it_runs_as_nobody_with_its_sandbox(settings, name, tmp_path):
    """Figures come from /proc/self, which the kernel gives to root when a process is not dumpable."""
    made = settings(name)
    for variable in ("GROVE_PEER_KEYS_FILE", "GROVE_DATABASE_PASSWORD_FILE"):
        if variable in made:
            os.chown(made[variable], 65534, 65534)
    for folder in [tmp_path, *tmp_path.parents][:3]:
        folder.chmod(0o755)
    daemon = Daemon(name, **made)
    with daemon.log_file.open("ab") as log:
        daemon.process = subprocess.Popen(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", BIN / name],
                                          env=clean_environment(**daemon.settings, GROVE_ALLOW_UNLOCKED_MEMORY="true"), cwd="/", stdout=log, stderr=log)
    ready = wait_until(daemon._ready_event, daemon.log())  # pylint: disable=protected-access
    metrics = httpx.get(f"http://{ready['ops']}/metrics", trust_env=False).text
    assert float(re.search(r"^process_open_fds (\S+)", metrics, re.M)[1]) > 3
    assert float(re.search(r"^process_proportional_memory_bytes (\S+)", metrics, re.M)[1]) > 0
    daemon.stop()
    daemon.log_file.unlink()
