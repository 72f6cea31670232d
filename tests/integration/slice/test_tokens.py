# SPDX-License-Identifier: MIT
"""Personal tokens: what a program sends as its API key."""

import re

import pytest
from grove.api import Api

SCOPES = ["chat", "conversations", "keys", "mcp", "cli"]


def test_token_is_shown_once_and_only_its_hash_is_kept(stack, api):
    made = api.save_token(["chat"], "laptop")
    assert {"id", "name", "scopes", "token", "expiresAt"} <= set(made)
    assert re.fullmatch(r"grove_[A-Za-z0-9_-]{12}_[A-Za-z0-9_-]{43}[A-Za-z0-9_-]{6}", made["token"])
    listed = api.ok("GET", "/api/tokens")["items"]
    assert [(item["name"], item["scopes"]) for item in listed] == [("laptop", ["chat"])]
    assert made["token"] not in str(listed) and "token" not in listed[0]
    secret = made["token"].split("_", 2)[2][:43]
    dump = stack.sql("SELECT string_agg(t::text, '') FROM auth.tokens t")
    assert secret not in dump


def test_token_opens_what_its_scopes_say_and_nothing_else(stack, api):
    conversations = Api(stack.url, api.save_token(["conversations"])["token"])
    chat = Api(stack.url, api.save_token(["chat"])["token"])
    assert conversations.get("/api/conversations").status_code == 200
    assert chat.get("/api/models").status_code == 200
    chat.refused("GET", "/api/conversations", 403, "forbidden")
    conversations.refused("GET", "/api/models", 403, "forbidden")
    for client in (conversations, chat):
        client.refused("POST", "/api/api-keys", 403, "forbidden", json={"provider": "openai", "keyName": "x", "key": "sk-x"})
        client.refused("POST", "/api/tokens", 403, "forbidden", json={"name": "more", "scopes": SCOPES})


def test_token_needs_neither_origin_nor_csrf(stack, api):
    program = Api(stack.url, api.save_token(["conversations"])["token"])
    assert program.post("/api/conversations", json={"title": "made by a program"}).status_code == 201


def test_revoked_token_is_dead_at_once(stack, api):
    made = api.save_token(["conversations"])
    program = Api(stack.url, made["token"])
    assert program.get("/api/conversations").status_code == 200  # now it is in every cache there is
    api.ok("DELETE", f"/api/tokens/{made['id']}", 204)
    program.refused("GET", "/api/conversations", 401, "unauthenticated")
    assert api.ok("GET", "/api/tokens")["items"] == []


@pytest.mark.parametrize("spoil", [
    lambda t: t[:-1], lambda t: t + "A", lambda t: t[:20] + ("A" if t[20] != "A" else "B") + t[21:], lambda t: t.upper(),
    lambda t: "grove_", lambda t: "x", lambda t: f"{t}, {t}", lambda t: t.replace("grove_", "sk-")],
    ids=["short", "long", "altered", "upper case", "empty parts", "letter", "two", "other prefix"])
def test_bad_token_is_never_answered_with_the_local_owner(stack, api, spoil):
    token = spoil(api.save_token(["conversations"])["token"])
    with Api(stack.url, "x") as program:
        program.headers["Authorization"] = f"Bearer {token}"
        program.refused("GET", "/api/conversations", 401, "unauthenticated")
        program.refused("GET", "/api/session", 401, "unauthenticated")


@pytest.mark.parametrize("body, param", [
    ({"scopes": ["chat"]}, "name"), ({"name": "x"}, "scopes"), ({"name": "x", "scopes": []}, "scopes"),
    ({"name": "x", "scopes": ["root"]}, "scopes"), ({"name": "x", "scopes": "chat"}, "scopes"), ({"name": 1, "scopes": ["chat"]}, "name"),
    ({"name": "", "scopes": ["chat"]}, "name"), ({"name": "x", "scopes": ["chat"], "role": "admin"}, "role"),
    ({"name": "x", "scopes": ["chat"], "expiresAt": "tomorrow"}, "expiresAt")], ids=str)
def test_bad_token_request_names_the_field(api, body, param):
    error = api.refused("POST", "/api/tokens", 400, "invalid_request", json=body)
    assert error["param"].split("[")[0].split(".")[0] == param


def test_expired_token_is_refused(stack, api):
    api.refused("POST", "/api/tokens", 400, "invalid_request", json={"name": "x", "scopes": ["chat"], "expiresAt": "2020-01-01T00:00:00Z"})
    made = api.ok("POST", "/api/tokens", 201, json={"name": "x", "scopes": ["conversations"], "expiresAt": "2099-01-01T00:00:00Z"})
    assert made["expiresAt"].startswith("2099-01-01T00:00:00")
    assert Api(stack.url, made["token"]).get("/api/conversations").status_code == 200


def test_unknown_token_id_is_not_found(api):
    api.refused("DELETE", "/api/tokens/00000000-0000-4000-8000-000000000000", 404, "not_found")
    api.refused("DELETE", "/api/tokens/nonsense", 404, "not_found")
