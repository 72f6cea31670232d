# SPDX-License-Identifier: MIT
"""One keyvault on its own: the real daemon on a real PostgreSQL, spoken to as its three callers do."""

import secrets
import subprocess
import uuid

import httpx
import pytest
from grove import sealed_rows
from grove.api import error_of
from grove.daemon import Daemon
from grove.envelope import Peer, PeerKeys
from grove.paths import MIGRATIONS
from grove.postgres import Postgres

KEY = "sk-proj-A1b2C3d4E5f6G7h8WXYZ"
LOCAL = "http://127.0.0.1:11434/v1"


class Person:
    """Somebody, and what the three callers ask of keyvault for them."""

    def __init__(self, vault, user=None, session="test"):
        self.vault, self.id, self.session = vault, str(user or uuid.uuid4()), session

    def call(self, method, path, body=None, caller="gateway", **changes):
        return self.vault.peer(caller, self.id).call(method, path, body, sid=self.session, **changes)

    def ok(self, method, path, status=200, body=None, caller="gateway"):
        answer = self.call(method, path, body, caller)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def refused(self, method, path, status, code, body=None, caller="gateway"):
        return error_of(self.call(method, path, body, caller), status, code)

    def save(self, key=KEY, provider="openai-compatible", **fields):
        if provider == "openai-compatible":
            fields = {"baseUrl": LOCAL} | fields
        return self.ok("POST", "/v1/api-keys", 201, {"provider": provider, "key": key} | fields)

    def keys(self):
        return self.ok("GET", "/v1/api-keys")["items"]

    def session_key(self, key=KEY, provider="openai-compatible", **fields):
        if provider == "openai-compatible":
            fields = {"baseUrl": LOCAL} | fields
        return self.ok("POST", "/v1/api-keys/session", 201, {"provider": provider, "key": key} | fields)

    def lease(self, provider=None, status=201, **fields):
        return self.ok("POST", "/internal/leases", status, {"provider": provider, "model": "m"} | fields, "chat-proxy")

    def no_lease(self, status, code, provider=None, **fields):
        return self.refused("POST", "/internal/leases", status, code, {"provider": provider, "model": "m"} | fields, "chat-proxy")

    def settle(self, lease, outcome="ok", **fields):
        body = {"keyId": lease["keyId"], "outcome": outcome, "promptTokens": 1, "completionTokens": 1, "cost": 0} | fields
        self.ok("POST", f"/internal/leases/{lease['leaseId']}/settle", 204, body, "chat-proxy")

    def data_key(self, status=200, **body):
        return self.ok("POST", "/internal/data-keys", status, body or None, "account-store")


class Vault:
    """A daemon with a database of its own. None in settings leaves one out."""

    def __init__(self, cluster, folder, database=None, **settings):
        self.cluster, self.database = cluster, database or cluster.make_database()
        self.keys = PeerKeys()
        pairs = [(caller, "keyvault") for caller in ("gateway", "chat-proxy", "account-store")]
        self.settings = cluster.settings | {
            "GROVE_DATABASE": f"host={cluster.folder} dbname={self.database} user=grove_vault",
            "GROVE_PEER_KEYS_FILE": self.keys.file(folder, f"keyvault-{self.database}-{secrets.token_hex(4)}", *pairs),
            "UPSTREAM_LOCAL_ALLOW": "127.0.0.1:11434,127.0.0.1:11435",
            "DATA_ENCRYPTION_SECRET": secrets.token_hex(32), "BYOK_ENCRYPTION_SECRET": secrets.token_hex(32)} | settings
        self.settings = {name: value for name, value in self.settings.items() if value is not None}
        self.daemon, self.peers = None, {}

    def start(self, expected_errors=(), event="daemon.ready"):
        """event="daemon.listening" for a daemon that is not going to be ready."""
        self.daemon = Daemon("keyvault", expected_errors, **self.settings)
        self.daemon.event = event
        self.daemon.start()
        return self

    def change(self, **settings):
        self.settings = {name: value for name, value in (self.settings | settings).items() if value is not None}
        return self

    def _leave(self):
        for peer in self.peers.values():
            peer.client.close()
        self.peers = {}

    def stop(self):
        self._leave()
        daemon, self.daemon = self.daemon, None
        if daemon:
            daemon.stop()
            daemon.log_file.unlink()

    def kill(self):
        self._leave()
        self.daemon.kill()
        self.daemon.log_file.unlink()
        self.daemon = None

    def restart(self, **settings):
        self.stop()
        return self.change(**settings).start()

    def peer(self, caller, user=None):
        key = caller, user
        if key not in self.peers:
            self.peers[key] = Peer(self.keys, caller, "keyvault", self.daemon.port, user)
        return self.peers[key]

    def person(self):
        return Person(self)

    def sql(self, text):
        return self.cluster.sql(text, self.database)

    def as_person(self, user, text):
        """SQL as the daemon's role, with that person set; None for nobody."""
        return self.sql(f"SET ROLE grove_vault; SELECT 'as ' || set_config('app.user_id', '{user or ''}', false); {text}").splitlines()[1:]

    def readiness(self):
        answer = httpx.get(f"http://127.0.0.1:{self.daemon.ops_port}/readyz", trust_env=False)
        return answer.status_code, answer.text

    def reader(self):
        return sealed_rows.VaultReader(self.sql, {"byok": self.settings.get("BYOK_ENCRYPTION_SECRET"),
                                                  "data": self.settings["DATA_ENCRYPTION_SECRET"]})

    def checksums(self):
        tables = self.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'vault' ORDER BY 1").splitlines()
        return {table: self.sql(f"SELECT md5(coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), '')) FROM vault.{table} t")
                for table in tables}


class Cluster(Postgres):
    """PostgreSQL with one fixed password for the daemon's role and many databases."""

    def __init__(self):
        super().__init__()
        self.settings = self.daemon_settings("keyvault")

    def make_database(self):
        name = f"vault_{secrets.token_hex(6)}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE template0 LOCALE 'C.UTF-8'", "postgres")
        subprocess.run([MIGRATIONS / "migrate"], env=self.environment(name), check=True, capture_output=True, text=True)
        return name


@pytest.fixture(scope="session")
def vault_cluster():
    made = Cluster()
    yield made
    made.close()


@pytest.fixture(scope="session")
def running_vault(vault_cluster, tmp_path_factory):
    made = Vault(vault_cluster, tmp_path_factory.mktemp("keyvault"))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def vault(running_vault):
    return running_vault


@pytest.fixture
def make_vault(vault_cluster, tmp_path):
    """Further daemons: make_vault(NAME=value…), each with a database of its own unless told which."""
    made = []

    def make(expected_errors=(), start=True, **settings):
        one = Vault(vault_cluster, tmp_path, **settings)
        made.append(one)
        return one.start(expected_errors) if start else one

    yield make
    for one in made:
        one.stop()


@pytest.fixture
def beside(make_vault, vault):
    """A further daemon on the database of the one that all share, with the same secrets: beside(NAME=value…)."""

    def make(expected_errors=(), **settings):
        same = {name: vault.settings[name] for name in ("BYOK_ENCRYPTION_SECRET", "DATA_ENCRYPTION_SECRET")}
        return make_vault(expected_errors=expected_errors, database=vault.database, **(same | settings))

    return make


@pytest.fixture
def ann(vault):
    return vault.person()


@pytest.fixture
def bob(vault):
    return vault.person()
