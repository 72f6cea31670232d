# SPDX-License-Identifier: MIT
"""Without BYOK_ENCRYPTION_SECRET nothing is stored: a key lives in keyvault's memory and dies with it."""

import pytest
from grove import rogue_behaviours
from grove.api import Api
from grove.stack import Stack

KEY = "sk-proj-A1b2C3d4E5f6G7h8WXYZ"


@pytest.fixture(scope="module")
def session_only(stack_settings):
    house = Stack(**stack_settings, BYOK_ENCRYPTION_SECRET=None)
    house.up()
    yield house
    house.close()


@pytest.fixture
def owner(session_only):
    with Api(session_only.url) as client:
        yield client


def session_key(owner, rogue):
    return owner.ok("POST", "/api/api-keys/session", 201, json={"provider": "openai-compatible", "key": KEY, "baseUrl": rogue.base_url})


def test_saving_is_refused_with_guidance(owner, rogue, session_only):
    assert owner.session["byok"] == {"persistence": "session-only"}
    owner.refused("POST", "/api/api-keys", 409, "byok_persistence_disabled",
                  json={"provider": "openai-compatible", "keyName": "x", "key": KEY, "baseUrl": rogue.base_url})
    assert session_only.sql("SELECT count(*) FROM vault.user_api_keys") == "0"


def test_session_key_is_used_for_a_chat(owner, rogue):
    rogue.on("model-a", rogue_behaviours.answer("hello"))
    handle = session_key(owner, rogue)["handle"]
    owner.headers["X-Session-Key"] = handle
    assert owner.chat("hi").status_code == 200
    assert rogue.asked()[0].header("Authorization") == f"Bearer {KEY}"


def test_reloaded_page_has_no_key(owner, rogue):
    session_key(owner, rogue)
    error = owner.chat("hi").json()["error"]
    assert error["code"] == "byok_required"


def test_deleted_handle_is_dead(owner, rogue):
    rogue.on("model-a", rogue_behaviours.answer("hello"))
    handle = session_key(owner, rogue)["handle"]
    owner.ok("DELETE", f"/api/api-keys/session/{handle}", 204)
    owner.headers["X-Session-Key"] = handle
    answer = owner.chat("hi")
    assert answer.status_code == 403 and answer.json()["error"]["code"] == "byok_required"


def test_invented_handle_opens_nothing(owner):
    for handle in ("A" * 43, "x", "../..", "0" * 2000):
        owner.headers["X-Session-Key"] = handle
        answer = owner.chat("hi")
        assert answer.status_code in (400, 403, 431), (handle, answer.text)


def test_restarted_keyvault_has_forgotten_it(owner, rogue, session_only):
    handle = session_key(owner, rogue)["handle"]
    session_only.expected_errors |= {"request.failed"}
    session_only.kill("keyvault")
    owner.headers["X-Session-Key"] = handle
    assert owner.chat("hi").json()["error"]["code"] == "byok_required"
