# SPDX-License-Identifier: MIT
"""The pytest fixtures of the integration and browser tests; a conftest.py imports them all."""

import os
import secrets

import pytest

from .api import Api
from .fake_model import FakeModel
from .postgres import Postgres
from .rogue_model import RogueModel
from .stack import OUTAGE_EVENTS, Stack


@pytest.fixture(scope="session")
def fake_model():
    model = FakeModel()
    yield model
    model.close()


@pytest.fixture(scope="session")
def rogue_server():
    model = RogueModel()
    yield model
    model.close()


@pytest.fixture
def rogue(rogue_server):
    rogue_server.reset()
    yield rogue_server
    rogue_server.reset()


@pytest.fixture(scope="session")
def postgres():
    server = Postgres()
    yield server
    server.close()


@pytest.fixture(scope="session")
def stack_settings(fake_model, rogue_server):
    """What every stack needs to know: the two providers are allowed, though they are on loopback; and a run whose
    daemon died is given up sooner than people would want it."""
    return {"UPSTREAM_LOCAL_ALLOW": f"127.0.0.1:{fake_model.port},127.0.0.1:{rogue_server.port}",
            "GROVE_RUN_ABANDONED_MS": "8000", "GROVE_REAPER_INTERVAL_MS": "500"}


@pytest.fixture(scope="session")
def running_stack(stack_settings):
    house = Stack(**stack_settings)
    house.up()
    yield house
    house.close()


@pytest.fixture
def stack(running_stack, request):
    """The house that most tests share. Afterwards its logs hold no error but those a test announced by
    the marker expects_errors("event.name", …)."""
    running_stack.check_logs(OUTAGE_EVENTS)
    yield running_stack
    marker = request.node.get_closest_marker("expects_errors")
    running_stack.check_logs(set(marker.args) if marker else ())


@pytest.fixture
def make_stack(stack_settings):
    """Brings up further houses: make_stack(NAME=value…)."""
    made = []

    def make(up=True, **settings):
        house = Stack(**(stack_settings | settings))
        made.append(house)
        if up:
            house.up()
        return house

    yield make
    for house in made:
        house.close()


@pytest.fixture
def api(stack):
    """The local owner in a browser, with no key and no token of an earlier test."""
    with Api(stack.url) as client:
        for path in ("/api/api-keys", "/api/tokens"):
            for item in client.ok("GET", path)["items"]:
                client.ok("DELETE", f"{path}/{item['id']}", 204)
        yield client


@pytest.fixture
def rogue_api(api, rogue):
    """… with a key for the rogue provider."""
    api.save_key(rogue.base_url)
    return api


@pytest.fixture
def canary():
    """A word that cannot be anywhere by chance."""
    return f"canary{secrets.token_hex(12)}"


@pytest.hookimpl(tryfirst=True, hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows the tail of each daemon's log."""
    outcome = yield
    report = outcome.get_result()
    house = getattr(item, "funcargs", {}).get("stack")
    if report.when == "call" and report.failed and house is not None:
        lines = int(os.environ.get("GROVE_TEST_LOG_LINES", "40"))
        for name in ("gateway", "chat-proxy", "account-store", "keyvault", "auth-verifier", "postgres"):
            tail = "\n".join(house.log(name).splitlines()[-lines:])
            report.sections.append((f"log of {name}", tail))
