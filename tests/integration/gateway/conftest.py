# SPDX-License-Identifier: MIT
"""One gateway on its own; whatever is behind it is scripted."""

import uuid

import httpx
import pytest
from grove.daemon import Daemon
from grove.envelope import PeerKeys
from grove.fake_daemons import FakeDaemons, lone_settings

OWNER = str(uuid.uuid4())
ORIGIN = "http://localhost:8080"


def identify(exchange):
    """auth-verifier: nobody in particular is the owner; "Bearer scope,scope" is a token with those scopes; the rest is nobody."""
    shown = exchange.request.json["authorization"]
    person = {"userId": OWNER, "email": None, "displayName": "Owner", "role": "owner", "tier": "pro", "amr": "local",
              "scopes": None, "sessionId": "local"}
    if shown is None:
        exchange.reply(200, person)
    elif shown.startswith("Bearer ") and shown != "Bearer bad":
        exchange.reply(200, person | {"amr": "token", "sessionId": "t1", "scopes": [s for s in shown[7:].split(",") if s != "none"]})
    else:
        exchange.reply(401, {"error": {"type": "authentication_error", "code": "unauthenticated", "message": "No."}})


def identify_strictly(exchange):
    """The same where AUTH_REQUIRED=true."""
    if exchange.request.json["authorization"] is None:
        exchange.reply(401, {"error": {"type": "authentication_error", "code": "unauthenticated", "message": "No."}})
    else:
        identify(exchange)


class Door:
    """The gateway, and a client of it that behaves like the web app."""

    def __init__(self, behind, folder, expected_errors=(), **settings):
        self.behind = behind
        self.daemon = Daemon("gateway", expected_errors, **lone_settings("gateway", PeerKeys(), folder, behind.port, **settings))
        self.daemon.start()
        self.url = f"http://127.0.0.1:{self.daemon.port}"
        self.client = httpx.Client(base_url=self.url, headers={"Host": "localhost:8080"}, trust_env=False, timeout=30)

    def browser(self):
        """Headers of a good change."""
        answer = self.client.get("/api/session")
        assert answer.status_code == 200, answer.text
        return {"Origin": ORIGIN, "X-Grove-CSRF": answer.json()["csrfToken"]}

    def metrics(self):
        return httpx.get(f"http://127.0.0.1:{self.daemon.ops_port}/metrics", trust_env=False).text

    def close(self):
        self.client.close()
        self.daemon.stop()
        self.daemon.log_file.unlink()


@pytest.fixture(scope="session")
def behind_server():
    server = FakeDaemons()
    yield server
    server.close()


@pytest.fixture
def behind(behind_server):
    behind_server.reset()
    behind_server.on("POST", "/internal/identify", identify)
    behind_server.on("GET", "/internal/status", lambda exchange: exchange.reply(200, {"persistence": "encrypted"}))
    return behind_server


@pytest.fixture
def make_door(behind, tmp_path):
    made = []

    def make(expected_errors=(), **settings):
        made.append(Door(behind, tmp_path, expected_errors, **settings))
        return made[-1]

    yield make
    for door in made:
        door.close()


@pytest.fixture
def door(make_door):
    return make_door()


@pytest.fixture
def closed_door(make_door, behind):
    """AUTH_REQUIRED=true."""
    behind.on("POST", "/internal/identify", identify_strictly)
    return make_door(AUTH_REQUIRED="true", AUTH_PASSWORD_SIGN_IN="true")
