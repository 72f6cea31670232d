# SPDX-License-Identifier: MIT
"""One account-store on its own: real PostgreSQL, the real daemon, a stand-in for keyvault."""

import importlib.util
import pathlib
import uuid

import pytest
from grove.daemon import Daemon
from grove.envelope import Peer, PeerKeys
from grove.api import error_of

_spec = importlib.util.spec_from_file_location("fake_keyvault", pathlib.Path(__file__).with_name("fake_keyvault.py"))
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
FakeKeyvault = _module.FakeKeyvault


class Person:
    """Somebody in the table of people, and what the gateway and chat-proxy do for them."""

    def __init__(self, store, user):
        self.store, self.id = store, user

    def call(self, method, path, body=None, caller="gateway", **changes):
        return self.store.peer(caller, self.id).call(method, path, body, **changes)

    def ok(self, method, path, status=200, body=None, caller="gateway"):
        answer = self.call(method, path, body, caller)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def refused(self, method, path, status, code, body=None, caller="gateway"):
        return error_of(self.call(method, path, body, caller), status, code)

    def conversation(self, **fields):
        return self.ok("POST", "/v1/conversations", 201, fields)

    def turn(self, conversation, content=None, **fields):
        body = {"runId": str(uuid.uuid4()), "conversationId": conversation["id"], "model": "model-a", "provider": "openai"} | fields
        if content is not None:
            body["content"] = content
        return body

    def begin(self, conversation, content=None, status=201, **fields):
        body = self.turn(conversation, content, **fields)
        made = self.ok("POST", "/internal/turns", status, body, "chat-proxy")
        return made | {"runId": body["runId"]} if status == 201 else made

    def flush(self, turn, seq, text, status=204):
        return self.ok("POST", f"/internal/turns/{turn['assistantMessageId']}/flush", status,
                       {"runId": turn["runId"], "seq": seq, "text": text}, "chat-proxy")

    def finish(self, turn, text="", seq=1, status="completed", http=204, **fields):
        return self.ok("POST", f"/internal/turns/{turn['assistantMessageId']}/finish", http,
                       {"runId": turn["runId"], "seq": seq, "text": text, "status": status} | fields, "chat-proxy")

    def exchange(self, conversation, question, answer="An answer.", **fields):
        """A whole turn."""
        turn = self.begin(conversation, question, **fields)
        self.finish(turn, answer)
        return turn

    def path(self, conversation, branch=None, query=""):
        branch = branch or conversation["rootBranchId"]
        return self.ok("GET", f"/v1/conversations/{conversation['id']}/branches/{branch}/messages{query}")


class Store:
    """The daemon and what stands around it."""

    def __init__(self, postgres, vault, folder, **settings):
        self.postgres, self.vault, self.keys = postgres, vault, PeerKeys()
        pairs = [(caller, "account-store") for caller in ("gateway", "chat-proxy", "auth-verifier")] + [("account-store", "keyvault")]
        self.settings = postgres.daemon_settings("account-store") | {
            "GROVE_PEER_KEYS_FILE": self.keys.file(folder, "account-store", *pairs), "GROVE_KEYVAULT": f"127.0.0.1:{vault.port}",
            "GROVE_REAPER_INTERVAL_MS": 100} | settings
        self.daemon = None
        self.peers = {}

    def peer(self, caller, user=None):
        """Connections are kept: making a client costs more than a request."""
        key = caller, user, self.port
        if key not in self.peers:
            self.peers[key] = Peer(self.keys, caller, "account-store", self.port, user)
        return self.peers[key]

    @property
    def port(self):
        return self.daemon.port

    def start(self, expected_errors=()):
        self.daemon = Daemon("account-store", expected_errors, **self.settings)
        self.daemon.start()
        return self

    def stop(self):
        for peer in self.peers.values():
            peer.client.close()
        self.daemon.stop()
        self.daemon.log_file.unlink()

    def kill(self):
        """kill -9, and up again on what is in the database."""
        self.daemon.kill()
        self.daemon.log_file.unlink()
        self.start()

    def person(self, tier="free"):
        user = str(uuid.uuid4())
        self.postgres.sql(f"INSERT INTO account.users (id, kind, email, role, tier) VALUES"
                          f" ('{user}', 'access', '{user}@example.org', 'user', '{tier}')")
        return Person(self, user)

    def as_person(self, person, sql):
        """SQL as the daemon's role, with that person's id set."""
        user = person.id if person else ""
        return self.postgres.sql(f"SET ROLE grove_account; SELECT 'as ' || set_config('app.user_id', '{user}', false); {sql}").splitlines()[1:]


@pytest.fixture(scope="session")
def vault():
    made = FakeKeyvault()
    yield made
    made.close()


@pytest.fixture(scope="session")
def running_store(postgres, vault, tmp_path_factory):
    made = Store(postgres, vault, tmp_path_factory.mktemp("account-store"))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def store(running_store):
    return running_store


@pytest.fixture
def make_store(postgres, vault, tmp_path):
    """Further daemons on the same database, with settings of their own."""
    made = []

    def make(expected_errors=(), **settings):
        made.append(Store(postgres, vault, tmp_path, **settings).start(expected_errors))
        return made[-1]

    yield make
    for one in made:
        one.stop()


@pytest.fixture
def ann(store):
    return store.person()


@pytest.fixture
def bob(store):
    return store.person()
