# SPDX-License-Identifier: MIT
"""One auth-verifier with a real PostgreSQL; account-store is scripted."""

import uuid

import pytest
from grove.daemon import Daemon
from grove.envelope import Peer, PeerKeys
from grove.fake_daemons import FakeDaemons, lone_settings

OWNER = str(uuid.uuid4())


class People(FakeDaemons):
    """account-store's POST /internal/people/resolve. `disabled` and `gone` hold user ids."""

    def __init__(self):
        super().__init__()
        self.disabled, self.gone, self.broken = set(), set(), None
        self.on("POST", "/internal/people/resolve", self.resolve)

    def resolve(self, exchange):
        asked = exchange.request.json
        user = OWNER if asked["kind"] == "local" else asked["userId"]
        if self.broken:
            self.broken(exchange)
        elif user in self.gone:
            exchange.reply(404, {"error": {"type": "not_found_error", "code": "not_found", "message": "No."}})
        else:
            exchange.reply(200, {"userId": user, "email": None, "displayName": None, "role": "owner" if user == OWNER else "user",
                                 "tier": "pro", "disabled": user in self.disabled})


class Verifier:
    def __init__(self, postgres, people, folder, expected_errors=(), **settings):
        self.postgres, self.people, self.keys = postgres, people, PeerKeys()
        self.settings = lone_settings("auth-verifier", self.keys, folder, people.port, postgres, **settings)
        self.daemon = Daemon("auth-verifier", expected_errors, **self.settings).start()

    @property
    def port(self):
        return self.daemon.port

    def call(self, method, path, body=None, user=None, **changes):
        with Peer(self.keys, "gateway", "auth-verifier", self.daemon.port, user) as peer:
            return peer.call(method, path, body, **changes)

    def identify(self, **shown):
        return self.call("POST", "/internal/identify",
                         {name: shown.get(name) for name in ("authorization", "cookie", "accessEmail", "accessAssertion")})

    def bearer(self, token):
        return self.identify(authorization=f"Bearer {token}")

    def make_token(self, user, scopes=("chat",), name="test", **more):
        answer = self.call("POST", "/v1/tokens", {"name": name, "scopes": list(scopes), **more}, user)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def as_role(self, sql, **settings):
        """SQL as the daemon's own role, with session settings; rows as psql prints them."""
        before = "".join(f"SET app.{name} = '{value}';" for name, value in settings.items())
        return self.postgres.sql(f"SET ROLE grove_auth; {before} {sql}")

    def close(self):
        self.daemon.stop()
        self.daemon.log_file.unlink()


@pytest.fixture(scope="session")
def people_server():
    server = People()
    yield server
    server.close()


@pytest.fixture
def people(people_server):
    people_server.disabled.clear()
    people_server.gone.clear()
    people_server.broken = None
    people_server.requests.clear()
    return people_server


@pytest.fixture(scope="session")
def running_verifier(postgres, people_server, tmp_path_factory):
    made = Verifier(postgres, people_server, tmp_path_factory.mktemp("auth-verifier"))
    yield made
    made.close()


@pytest.fixture
def verifier(running_verifier, people):  # pylint: disable=unused-argument
    return running_verifier


@pytest.fixture
def make_verifier(postgres, people, tmp_path):
    made = []

    def make(expected_errors=(), **settings):
        made.append(Verifier(postgres, people, tmp_path, expected_errors, **settings))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def user():
    return str(uuid.uuid4())


@pytest.fixture
def owner():
    return OWNER
