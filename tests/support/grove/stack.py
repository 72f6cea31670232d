# SPDX-License-Identifier: MIT
"""The whole house, brought up the way people do it: deploy/up in a temporary GROVE_STATE with free ports."""

import os
import pathlib
import re
import secrets
import shutil
import signal
import subprocess
import tempfile

from . import logs
from .paths import DAEMONS, PG_BIN, PRESET, ROOT, clean_environment
from .ports import free_port
from .wait import wait_until

# A daemon that lost its neighbour or its database for a moment says so; that is what these tests do to it.
OUTAGE_EVENTS = {"db.lost", "db.connect_failed", "request.failed"}


class Stack:
    def __init__(self, state=None, **settings):
        """Settings are environment variables of deploy/up; None leaves one out."""
        self.parent = None
        if state is None:
            self.parent = pathlib.Path(tempfile.mkdtemp(prefix="grove stack "))  # a space, on purpose
            self.parent.chmod(0o755)
            state = self.parent / "state"
        self.state = pathlib.Path(state)
        self.port, self.tls_port = free_port(), free_port()
        self.url = f"http://localhost:{self.port}"
        self.tls_url = f"https://localhost:{self.tls_port}"
        self.expected_errors = set()
        self.settings = {"BYOK_ENCRYPTION_SECRET": secrets.token_hex(32)} | settings
        self._seen = {}

    def environment(self):
        given = {name: value for name, value in self.settings.items() if value is not None}
        return clean_environment(GROVE_STATE=self.state, GROVE_HTTP_PORT=self.port, GROVE_HTTPS_PORT=self.tls_port,
                                 GROVE_PRESET=PRESET, **given)

    def run(self, command, *args, check=True):
        """One of deploy/'s commands. Its output goes through a file: what it leaves running must not hold a pipe of ours."""
        with tempfile.TemporaryFile("w+") as output:
            code = subprocess.run([ROOT / "deploy" / command, *args], env=self.environment(), cwd="/", check=False, timeout=600,
                                  stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT).returncode
            output.seek(0)
            text = output.read()
        if check:
            assert code == 0, f"deploy/{command} ended with {code}:\n{text}"
        return code, text

    def up(self, *args, check=True):
        return self.run("up", "--no-packages", *(args or ("--no-build",)), check=check)

    def down(self):
        return self.run("down")

    def close(self):
        """Ends everything and demands that it ended well."""
        try:
            self.down()
            self.check_logs()
            assert not self.processes(), f"still running after deploy/down: {self.processes()}"
        finally:
            if self.parent and not os.environ.get("GROVE_KEEP_STATE"):
                shutil.rmtree(self.parent, ignore_errors=True)

    # What runs

    def pid(self, service):
        """The pid that deploy/status would print, or None."""
        try:
            pid = int((self.state / f"run/services/{service}/supervise/pid").read_text())
        except (FileNotFoundError, ValueError):
            return None
        return pid if pathlib.Path(f"/proc/{pid}").exists() else None

    def ports(self, service):
        """Port and ops port of a daemon."""
        for line in (self.state / "run/ports").read_text().splitlines():
            name, port, ops = line.split()
            if name == service:
                return int(port), int(ops)
        raise KeyError(service)

    def processes(self):
        """Pids of everything that names this state in its arguments, environment or working directory."""
        found = []
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                names = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
                if int(folder.name) != os.getpid() and (str(self.state).encode() in names
                                                        or os.readlink(folder / "cwd").startswith(str(self.state))):
                    found.append(int(folder.name))
            except OSError:
                continue
        return found

    def kill(self, service, number=signal.SIGKILL):
        """kill -9, and waits until the supervisor has brought it back and all is ready."""
        pid = self.pid(service)
        os.kill(pid, number)
        wait_until(lambda: self.pid(service) not in (None, pid), f"the supervisor to restart {service}")
        self.wait_ready()

    def statuses(self):
        """deploy/status as {service: line}."""
        _, text = self.run("status", check=False)
        return {line.split()[0]: line for line in text.splitlines() if line.strip()}

    def wait_ready(self, timeout=60):
        def ready():
            code, text = self.run("status", check=False)
            assert code == 0, text
            return True
        wait_until(ready, "everything to be ready", timeout, every=0.2)

    def rss_kib(self, service):
        status = pathlib.Path(f"/proc/{self.pid(service)}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1])

    # The database

    def sql(self, text, role="super"):
        """psql as one of the house's roles: super, auth, vault, account, vm."""
        name = "postgres_superuser" if role == "super" else f"postgres_{role}"
        env = clean_environment(PGHOST=self.socket_folder(), PGDATABASE="grove", PGUSER=f"grove_{role}",
                                PGPASSWORD=(self.state / "secrets" / name).read_text().strip())
        result = subprocess.run(["psql", "-XqtA", "-v", "ON_ERROR_STOP=1", "-c", text], env=env, capture_output=True, text=True,
                                check=False)
        if result.returncode != 0:
            raise SqlError(result.stderr)
        return result.stdout.strip()

    def socket_folder(self):
        return (self.state / "run/postgres-socket").read_text().strip()

    def stop_postgres(self):
        subprocess.run(["sv", "-w", "30", "down", self.state / "run/services/postgres"], check=True, capture_output=True)

    def start_postgres(self):
        subprocess.run(["sv", "up", self.state / "run/services/postgres"], check=True, capture_output=True)
        wait_until(lambda: subprocess.run([PG_BIN / "pg_isready", "-q", "-h", self.socket_folder()], check=False).returncode == 0,
                   "PostgreSQL to accept connections", 60)

    # Logs

    def log(self, service):
        folder = self.state / "log" / service
        files = sorted(folder.glob("@*")) + [folder / "current"]
        return "".join(file.read_text(errors="replace") for file in files if file.exists())

    def new_log(self, service):
        """What a service wrote since this was last asked."""
        text = self.log(service)
        start = self._seen.get(service, 0)
        self._seen[service] = len(text)
        return text[start:] if start <= len(text) else text

    def check_logs(self, expected=()):
        """Fails on a sanitizer report, and on an error that nobody announced, since the last check."""
        for daemon in DAEMONS:
            text = self.new_log(daemon)
            assert not logs.sanitizer_reports(text), f"{daemon}: sanitizer report\n{text}"
            unexpected = logs.errors(text, self.expected_errors | set(expected))
            assert not unexpected, f"{daemon} logged errors: {unexpected}"


class SqlError(Exception):
    """What the server answered."""
