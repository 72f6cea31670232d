# SPDX-License-Identifier: MIT
"""A PostgreSQL cluster of a test's own: Unix socket in a temporary folder, scram passwords, migrated."""

import os
import pathlib
import secrets
import shutil
import subprocess
import tempfile

from .paths import MIGRATIONS, PG_BIN, clean_environment
from .user import unprivileged

ROLES = {"auth-verifier": "grove_auth", "keyvault": "grove_vault", "account-store": "grove_account", "vm-controller": "grove_vm"}


class Postgres:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="grove-pg-"))
        self.prefix, user = unprivileged()
        os.chown(self.folder, user.pw_uid, user.pw_gid)
        # Daemons under test may run as somebody else than the server.
        self.folder.chmod(0o755)
        self.password = secrets.token_hex(16)
        self._initialise()
        self.start()
        self.sql("CREATE DATABASE grove TEMPLATE template0 LOCALE 'C.UTF-8'", database="postgres")
        self.migrate()

    def _initialise(self):
        password_file = self.folder / "password"
        password_file.write_text(self.password)
        password_file.chmod(0o644)
        self._run("initdb", "-D", f"{self.folder}/data", "-U", "postgres", "--auth=scram-sha-256",
                  f"--pwfile={password_file}", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
        password_file.unlink()

    def _run(self, program, *args):
        subprocess.run([*self.prefix, str(PG_BIN / program), *args], cwd="/", check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.PIPE, text=True)

    def start(self):
        options = f"-c listen_addresses='' -c unix_socket_directories='{self.folder}' -c fsync=off"
        self._run("pg_ctl", "-D", f"{self.folder}/data", "-w", "-l", f"{self.folder}/log", "-o", options, "start")

    def stop(self, mode="fast"):
        self._run("pg_ctl", "-D", f"{self.folder}/data", "-m", mode, "-w", "stop")

    def environment(self, database="grove", user="postgres", password=None):
        return clean_environment(PGHOST=self.folder, PGUSER=user, PGDATABASE=database, PGPASSWORD=password or self.password)

    def migrate(self):
        subprocess.run([MIGRATIONS / "migrate"], env=self.environment(), check=True, capture_output=True, text=True)

    def sql(self, text, database="grove", user="postgres", password=None):
        """Rows as psql prints them, or a CalledProcessError with what the server said in .stderr."""
        result = subprocess.run(["psql", "-XqtA", "-v", "ON_ERROR_STOP=1", "-c", text], check=True, capture_output=True,
                                env=self.environment(database, user, password), text=True)
        return result.stdout.strip()

    def daemon_settings(self, daemon):
        """GROVE_DATABASE and its password file for one daemon, whose role gets a fresh password."""
        role, password = ROLES[daemon], secrets.token_hex(16)
        self.sql(f"ALTER ROLE {role} LOGIN PASSWORD '{password}'")
        file = self.folder / f"{role}.password"
        file.write_text(password)
        file.chmod(0o600)
        return {"GROVE_DATABASE": f"host={self.folder} dbname=grove user={role}", "GROVE_DATABASE_PASSWORD_FILE": file}

    def close(self):
        self.stop("immediate")
        shutil.rmtree(self.folder)
