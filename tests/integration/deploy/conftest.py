# SPDX-License-Identifier: MIT
"""What the tests of deploy/ and migrations/ share: a throw-away PostgreSQL cluster, free ports, waiting."""

import contextlib
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import tempfile
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
PG_BIN = pathlib.Path("/usr/lib/postgresql/15/bin")


def wait_until(condition, what, timeout=30.0):
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        result = condition()
        if result:
            return result
        time.sleep(0.05)
    raise AssertionError(f"waited {timeout} s in vain for {what}")


def free_port():
    with contextlib.closing(socket.socket()) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def unprivileged():
    """PostgreSQL refuses to run as root: the words that make a command run as somebody else, and who."""
    if os.geteuid() != 0:
        return [], pwd.getpwuid(os.geteuid())
    user = pwd.getpwnam("nobody")
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"], user


class Cluster:
    """A PostgreSQL server of its own on a Unix socket, with trust authentication and no fsync."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="grove-pg-"))
        self.prefix, user = unprivileged()
        os.chown(self.folder, user.pw_uid, user.pw_gid)
        self.run("initdb", "-D", f"{self.folder}/data", "-U", "postgres", "--auth=trust",
                 "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
        self.run("pg_ctl", "-D", f"{self.folder}/data", "-w", "-l", f"{self.folder}/log", "-o",
                 f"-c listen_addresses='' -c unix_socket_directories='{self.folder}' -c fsync=off", "start")

    def run(self, program, *args):
        subprocess.run([*self.prefix, str(PG_BIN / program), *args], cwd="/", check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def environment(self, database, user="postgres"):
        env = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        return env | {"PGHOST": str(self.folder), "PGUSER": user, "PGDATABASE": database}

    def sql(self, database, text, user="postgres", check=True):
        result = subprocess.run(["psql", "-XqtA", "-v", "ON_ERROR_STOP=1", "-c", text], check=False,
                                env=self.environment(database, user), capture_output=True, text=True)
        if check:
            assert result.returncode == 0, result.stderr
            return result.stdout.strip()
        return result

    def stop(self):
        self.run("pg_ctl", "-D", f"{self.folder}/data", "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.folder)


@pytest.fixture(scope="session")
def cluster():
    server = Cluster()
    yield server
    server.stop()


@pytest.fixture
def database(cluster, request):
    """The name of an empty database. Roles belong to the cluster, so they are dropped with it."""
    name = "t_" + str(abs(hash(request.node.nodeid)) % 10**9)
    cluster.sql("postgres", f"CREATE DATABASE {name} TEMPLATE template0")
    yield name
    cluster.sql("postgres", f"DROP DATABASE {name} WITH (FORCE)")
    for role in ("grove_auth", "grove_vault", "grove_account", "grove_vm", "grove_owner"):
        cluster.sql("postgres", f"DROP ROLE IF EXISTS {role}")
