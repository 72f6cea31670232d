# SPDX-License-Identifier: MIT
"""deploy/up again, and a second state beside the first: nothing lost, nothing shared."""

import pytest
from grove.api import Api


def test_second_state_lives_beside_the_first(stack, api, make_stack):
    made = api.conversation(title="in the first")
    second = make_stack()
    with Api(second.url) as other:
        assert other.session["user"]["id"] != api.session["user"]["id"]
        assert other.ok("GET", "/api/conversations")["items"] == []
    ours = {stack.pid(name) for name in ("gateway", "postgres", "nginx")}
    second.down()
    assert ours == {stack.pid(name) for name in ("gateway", "postgres", "nginx")}
    assert api.ok("GET", f"/api/conversations/{made['id']}")["title"] == "in the first"


def test_down_and_up_again_keeps_everything(make_stack):
    house = make_stack()
    with Api(house.url) as owner:
        made = owner.conversation(title="kept")
        token = owner.save_token(["conversations"])["token"]
        owner.save_key("https://api.example.com/v1")
        user = owner.session["user"]["id"]
    pids = house.processes()
    house.up()  # a second time on a running state changes nothing
    assert sorted(house.processes()) == sorted(pids)
    house.down()
    assert house.processes() == []
    house.up()
    with Api(house.url) as owner:
        assert owner.session["user"]["id"] == user
        assert owner.ok("GET", f"/api/conversations/{made['id']}")["title"] == "kept"
        assert len(owner.ok("GET", "/api/api-keys")["items"]) == 1
    assert Api(house.url, token).get("/api/conversations").status_code == 200


def test_taken_port_is_named(stack, make_stack):
    house = make_stack(up=False)
    house.port = stack.port
    code, text = house.up(check=False)
    assert code != 0 and str(stack.port) in text and "GROVE_HTTP_PORT" in text


def test_status_lists_every_daemon_with_its_pid(stack):
    lines = stack.statuses()
    for name in ("gateway", "auth-verifier", "keyvault", "chat-proxy", "account-store", "vm-controller"):
        assert str(stack.pid(name)) in lines[name].split() and "ready" in lines[name] and "MB" in lines[name]


@pytest.mark.parametrize("settings, names", [
    ({"BYOK_ENCRYPTION_SECRET": "short", "DATA_ENCRYPTION_SECRET": "x", "AUTH_REQUIRED": "perhaps"},
     ["BYOK_ENCRYPTION_SECRET", "DATA_ENCRYPTION_SECRET", "AUTH_REQUIRED"]),
    ({"BYOK_ENCRYPTION_SECRET": ""}, ["BYOK_ENCRYPTION_SECRET"]),
    ({"BYOK_ENCRYPTION_SECRET": "0" * 64}, ["BYOK_ENCRYPTION_SECRET"]),
    ({"UPSTREAM_LOCAL_ALLOW": "no port"}, ["UPSTREAM_LOCAL_ALLOW"]),
    ({"PROVIDER_OPENAI_BASE_URL": "ftp://x", "UPSTREAM_SILENCE_MS": "-1"},
     ["PROVIDER_OPENAI_BASE_URL", "UPSTREAM_SILENCE_MS"]),
    ({"AUTH_REQUIRED": "true"}, ["AUTH_REQUIRED"]),
    ({"AUTH_REQUIRED": "true", "AUTH_TRUST_IDENTITY_HEADERS": "true"}, ["AUTH_ACCESS_TEAM_DOMAIN", "AUTH_ACCESS_AUDIENCE"])], ids=str)
def test_wrong_settings_are_all_named_at_once_and_nothing_starts(make_stack, settings, names):
    house = make_stack(up=False, **settings)
    code, text = house.up(check=False)
    assert code != 0
    assert [name for name in names if name not in text] == [], text
    assert house.processes() == []
    for value in settings.values():
        assert len(value) < 20 or value not in text, "a secret was printed"
