# SPDX-License-Identifier: MIT
"""What the tests of deploy/ and migrations/ share: a throw-away PostgreSQL cluster, a copy of the checkout."""

import os
import pathlib
import pwd
import shutil
import subprocess
import tempfile

from grove.ports import free_port

ROOT = pathlib.Path(__file__).resolve().parents[3]
PG_BIN = pathlib.Path("/usr/lib/postgresql/15/bin")


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


DAEMONS = ("gateway", "auth-verifier", "keyvault", "chat-proxy", "account-store", "vm-controller")


class Result:
    def __init__(self, done):
        self.code, self.output = done.returncode, done.stdout


class Project:
    """A copy of deploy/ and migrations/ in a folder with a space in its name, with stand-ins for the daemons and
    a few pages, so that deploy/up can be tested without a build."""

    def __init__(self, folder):
        self.folder = folder
        self.bin = folder / "build" / "release" / "bin"
        self.bin.mkdir(parents=True)
        for part in ("deploy", "migrations"):
            shutil.copytree(ROOT / part, folder / part)
        for path in (folder / "migrations").glob("0*.sql"):
            if not path.name.startswith("0001"):
                path.unlink()
        for daemon in DAEMONS:
            shutil.copy(pathlib.Path(__file__).with_name("stand_in.py"), self.bin / daemon)
            (self.bin / daemon).chmod(0o755)
        pages = folder / "services" / "web" / "dist"
        for page in ("index", "pricing", "app", "errors/401", "errors/404", "errors/50x"):
            (pages / page).parent.mkdir(parents=True, exist_ok=True)
            (pages / f"{page}.html").write_text(f"<!doctype html><title>{page}</title>")
        (pages / "assets").mkdir()
        (pages / "assets" / "app-12345678.js").write_text("export const x = 1;\n" * 200)


class State:
    """One state directory of a project, and the commands an operator has for it."""

    def __init__(self, project, folder, **settings):
        self.project, self.folder, self.settings = project, folder, settings
        self.http, self.https = free_port(), free_port()

    def environment(self, **settings):
        env = {k: v for k, v in os.environ.items() if not k.startswith(("GROVE_", "AUTH_", "BYOK_", "DATA_"))}
        ports = {"GROVE_HTTP_PORT": str(self.http), "GROVE_HTTPS_PORT": str(self.https)}
        return env | {"GROVE_STATE": str(self.folder)} | ports | self.settings | settings

    def command(self, *words, **settings):
        return subprocess.Popen(words, cwd=self.project.folder, env=self.environment(**settings), text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def run(self, *words, **settings):
        process = self.command(*words, **settings)
        output, _ = process.communicate(timeout=180)
        return Result(subprocess.CompletedProcess(words, process.returncode, output))

    def up(self, expect=0, **settings):
        result = self.run("deploy/up", "--no-packages", "--no-build", **settings)
        assert result.code == expect, result.output
        return result.output

    def down(self):
        result = self.run("deploy/down")
        assert result.code == 0, result.output
        return result.output

    def status(self):
        return self.run("deploy/status")

    def pids(self):
        """Service → pid, as deploy/status tells them."""
        lines = (line.split() for line in self.status().output.splitlines())
        return {words[0]: int(words[3]) for words in lines if len(words) > 3 and words[2] == "pid"}

    def processes(self):
        """Every process that names this state in its arguments, environment or working directory."""
        name = str(self.folder)
        found = []
        for folder in pathlib.Path("/proc").iterdir():
            if not folder.name.isdigit() or int(folder.name) == os.getpid():
                continue
            try:
                texts = [os.readlink(folder / "cwd"), (folder / "cmdline").read_bytes().decode(errors="replace"),
                         (folder / "environ").read_bytes().decode(errors="replace")]
            except OSError:
                continue
            if any(name in text for text in texts):
                found.append(int(folder.name))
        return found

    def sql(self, text, role="super", password=None):
        secret = {"super": "postgres_superuser"}.get(role, f"postgres_{role}")
        env = {"PATH": os.environ["PATH"], "PGUSER": f"grove_{role}", "PGDATABASE": "grove",
               "PGHOST": (self.folder / "run" / "postgres-socket").read_text().strip(),
               "PGPASSWORD": password or (self.folder / "secrets" / secret).read_text().strip()}
        return subprocess.run(["psql", "-XqtAw", "-v", "ON_ERROR_STOP=1", "-c", text], check=False, env=env,
                              capture_output=True, text=True, timeout=60)
