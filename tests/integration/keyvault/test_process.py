# SPDX-License-Identifier: MIT
"""What the process gives up, and what is left of a key in its memory: release build, sandbox on."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest
from grove.paths import BIN, SANITIZED, clean_environment
from grove.user import unprivileged
from grove.wait import wait_until

pytestmark = [pytest.mark.release_only, pytest.mark.skipif(SANITIZED, reason="sanitizers need what the sandbox takes away")]


def status(vault):
    text = pathlib.Path(f"/proc/{vault.daemon.process.pid}/status").read_text()
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def test_system_calls_are_filtered_and_new_rights_are_out(vault):
    found = status(vault)
    assert found["Seccomp"] == "2" and found["NoNewPrivs"] == "1"


def test_memory_for_secrets_is_locked(vault):
    handle = vault.person().session_key()["handle"]
    assert handle and int(status(vault)["VmLck"].split()[0]) > 0


def test_secrets_are_neither_in_arguments_nor_in_the_environment(vault):
    pid = vault.daemon.process.pid
    seen = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    if os.access(f"/proc/{pid}/environ", os.R_OK):
        seen += pathlib.Path(f"/proc/{pid}/environ").read_bytes()
    assert b"UPSTREAM_LOCAL_ALLOW" in seen or os.geteuid() != 0
    for name in ("BYOK_ENCRYPTION_SECRET", "DATA_ENCRYPTION_SECRET"):
        assert vault.settings[name].encode() not in seen


def unprivileged_twin(vault, folder):
    """The same daemon under a user id that is not root's: what is not dumpable shows itself there."""
    prefix, user = unprivileged()
    settings = dict(vault.settings)
    for name in ("GROVE_PEER_KEYS_FILE", "GROVE_DATABASE_PASSWORD_FILE"):
        copy = folder / name
        shutil.copy(settings[name], copy)
        os.chown(copy, user.pw_uid, user.pw_gid)
        settings[name] = copy
    for path in (folder, *folder.parents[:2]):
        path.chmod(0o711)
    log = open(folder / "log", "w+b")
    command = [*prefix, shutil.copy(BIN / "keyvault", folder)]
    listen = {"GROVE_LISTEN": "127.0.0.1:0", "GROVE_OPS_LISTEN": "127.0.0.1:0"}
    process = subprocess.Popen(command, env=clean_environment(**settings, **listen), stderr=log, cwd="/")
    wait_until(lambda: b"daemon.ready" in (folder / "log").read_bytes() or process.poll() is not None, "the twin")
    assert process.poll() is None, (folder / "log").read_text()
    return process


def test_process_is_not_dumpable_and_leaves_no_core(vault, tmp_path_factory):
    twin = unprivileged_twin(vault, tmp_path_factory.mktemp("twin"))
    try:
        # Files in /proc of what is not dumpable are root's, and closed to the user it runs as.
        assert os.stat(f"/proc/{twin.pid}/environ").st_uid == 0
        prefix, _ = unprivileged()
        for name in ("environ", "maps", "mem"):
            read = subprocess.run([*prefix, "head", "-c1", f"/proc/{twin.pid}/{name}"], capture_output=True)
            assert read.returncode != 0 and b"denied" in read.stderr, name
        assert re.search(r"Max core file size +0 +0", pathlib.Path(f"/proc/{twin.pid}/limits").read_text())
    finally:
        twin.terminate()
        assert twin.wait(20) == 0


def writable_memory(pid):
    """All that the process could have a key in, as root may see it."""
    maps = pathlib.Path(f"/proc/{pid}/maps").read_text()
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps.splitlines():
            where, rights, *_ = line.split()
            if not rights.startswith("rw") or line.endswith("[vvar]"):
                continue
            start, end = (int(part, 16) for part in where.split("-"))
            try:
                memory.seek(start)
                yield memory.read(end - start)
            except OSError:
                continue


def comes_to(vault, word, count):
    """An answer can be read before the daemon has let go of it, so this waits a moment."""
    seen = []
    wait_until(lambda: seen.append(sum(part.count(word) for part in writable_memory(vault.daemon.process.pid))) or seen[-1] == count,
               f"{count} copies in memory", 5)
    return True


def can_look(vault):
    try:
        next(writable_memory(vault.daemon.process.pid))
        return True
    except (OSError, StopIteration):
        return False


def test_no_copy_of_a_key_stays_in_memory_after_its_request(vault, canary):
    """Stored, leased, listed, refused: whatever buffers a key went through, they are wiped."""
    if not can_look(vault):
        pytest.skip("needs root and the right to read the daemon's memory")
    ann, key = vault.person(), f"sk-{canary}-{'x' * 200}"
    ann.save(key)
    ann.save(f" {key} ", "anthropic")
    ann.call("POST", "/v1/api-keys", {"provider": "nobody", "key": key})
    ann.call("POST", "/v1/api-keys", {"provider": "openai", "key": f"{key} {canary}"})
    for _ in range(3):
        assert ann.lease()["key"] == key
    assert key in str(ann.ok("GET", "/internal/keys", caller="chat-proxy"))
    assert comes_to(vault, canary.encode(), 0)
    # The search can find something: a session key stays, once, in locked memory.
    handle = ann.session_key(key)["handle"]
    assert comes_to(vault, canary.encode(), 1)
    ann.lease(sessionHandle=handle)
    assert comes_to(vault, canary.encode(), 1)
    ann.ok("DELETE", f"/v1/api-keys/session/{handle}", 204)
    assert comes_to(vault, canary.encode(), 0)


def test_data_keys_do_not_stay_in_memory(vault):
    if not can_look(vault):
        pytest.skip("needs root and the right to read the daemon's memory")
    ann = vault.person()
    answer = ann.data_key()
    assert comes_to(vault, vault.reader().data_key(ann.id, "data"), 0)
    assert comes_to(vault, answer["key"].encode(), 0)


def test_configured_secrets_stand_in_memory_once_and_nowhere_as_text(vault):
    if not can_look(vault):
        pytest.skip("needs root and the right to read the daemon's memory")
    for name in ("BYOK_ENCRYPTION_SECRET", "DATA_ENCRYPTION_SECRET"):
        assert comes_to(vault, bytes.fromhex(vault.settings[name]), 1)
        assert comes_to(vault, vault.settings[name].encode(), 0)


def test_no_socket_to_the_internet_is_ever_opened(make_vault, tmp_path):
    """strace from the first instruction; the database is reached by its Unix socket, so the only internet sockets are the two listeners."""
    if subprocess.run(["sh", "-c", "command -v strace"], capture_output=True).returncode:
        pytest.skip("strace is not installed")
    trace = tmp_path / "trace"
    vault = make_vault()
    ann = vault.person()
    tracer = subprocess.Popen(["strace", "-f", "-qq", "-e", "trace=socket,connect", "-o", trace, "-p", str(vault.daemon.process.pid)],
                              stderr=subprocess.PIPE, text=True)
    try:
        wait_until(lambda: status(vault)["TracerPid"] != "0" or tracer.poll() is not None, "the tracer")
        if tracer.poll() is not None:
            pytest.skip(f"strace may not attach: {tracer.stderr.read()}")
        ann.save(baseUrl="http://127.0.0.1:11434/v1")
        ann.save("sk-x", "openai")
        ann.lease("openai")
        ann.session_key()
        vault.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'grove_vault' AND datname = current_database()")
        wait_until(lambda: "AF_UNIX" in trace.read_text(), "the database to be reached again")
        wait_until(lambda: vault.readiness()[0] == 200, "keyvault to be ready again")
        assert ann.lease("openai")["key"] == "sk-x"
    finally:
        tracer.terminate()
        tracer.wait()
    assert not re.search(r"AF_INET6?\b(?!.*= -1 EPERM)", trace.read_text()), trace.read_text()
