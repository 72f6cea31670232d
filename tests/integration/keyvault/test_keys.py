# SPDX-License-Identifier: MIT
"""Stored keys as their owner sees them, and who may ask for what."""

import json
import re

import pytest
from grove.api import error_of
from grove.envelope import claims, sign
from grove.paths import ROOT
from grove.raw_http import request, send_raw

KEY = "sk-proj-A1b2C3d4E5f6G7h8WXYZ"
LOCAL = "http://127.0.0.1:11434/v1"


def test_created_key_says_everything_but_itself(ann):
    made = ann.save(keyName=" work ", monthlyBudget=12.5, dailyLimit=100, rateLimitRpm=5, priorityOrder=3)
    assert made | {"id": "", "createdAt": ""} == {
        "id": "", "provider": "openai-compatible", "keyName": "work", "keyPreview": "WXYZ", "baseUrl": LOCAL, "active": True, "status": "ok",
        "monthlyBudget": 12.5, "dailyLimit": 100, "rateLimitRpm": 5, "priorityOrder": 3, "createdAt": "", "lastUsedAt": None}
    assert ann.keys() == [made]
    assert KEY[:-4] not in str(made)


def test_defaults_are_no_limits_and_the_middle_of_the_order(ann):
    made = ann.save(provider="anthropic")
    assert (made["keyName"], made["baseUrl"], made["priorityOrder"]) == ("anthropic", None, 100)
    assert made["monthlyBudget"] is made["dailyLimit"] is made["rateLimitRpm"] is None


@pytest.mark.parametrize("key, preview", [("x" * 8 + "abcd", "abcd"), ("x" * 7 + "abcd", ""), ("ollama", ""), ("k", "")])
def test_short_key_shows_nothing_of_itself(ann, key, preview):
    assert ann.save(key)["keyPreview"] == preview


def test_blanks_around_a_key_are_not_part_of_it(ann):
    ann.save(f" \t{KEY}\r\n")
    assert ann.lease()["key"] == KEY


@pytest.mark.parametrize("change, code, param", [
    ({"provider": "nobody"}, "invalid_request", "provider"), ({"provider": None}, "invalid_request", "provider"),
    ({"key": " "}, "invalid_request", "key"), ({"key": "a b"}, "invalid_request", "key"), ({"key": "a\u00e9b"}, "invalid_request", "key"),
    ({"key": "a\x7fb"}, "invalid_request", "key"), ({"key": "x" * 4097}, "invalid_request", "key"), ({"key": None}, "invalid_request", "key"),
    ({"keyName": "\U0001f333" * 101}, "invalid_request", "keyName"), ({"baseUrl": None}, "invalid_request", "baseUrl"),
    ({"baseUrl": "http://10.0.0.1/v1"}, "provider_address_forbidden", "baseUrl"), ({"baseUrl": "https://x/?q=1"}, "invalid_request", "baseUrl"),
    ({"provider": "openai"}, "invalid_request", "baseUrl"), ({"monthlyBudget": -0.01}, "invalid_request", "monthlyBudget"),
    ({"monthlyBudget": 1e7}, "invalid_request", "monthlyBudget"), ({"dailyLimit": -1}, "invalid_request", "dailyLimit"),
    ({"rateLimitRpm": 1.5}, "invalid_request", "rateLimitRpm"), ({"priorityOrder": 1 << 40}, "invalid_request", "priorityOrder"),
    ({"userId": "x"}, "invalid_request", "userId")], ids=str)
def test_bad_form_names_its_field_and_stores_nothing(ann, change, code, param):
    body = {"provider": "openai-compatible", "key": KEY, "baseUrl": LOCAL} | change
    answer = ann.call("POST", "/v1/api-keys", {name: value for name, value in body.items() if value is not None})
    error = answer.json()["error"]
    assert (error["code"], error["param"]) == (code, param) and KEY not in answer.text
    assert ann.keys() == []


def test_key_named_twice_is_no_json(ann, vault):
    body = f'{{"provider": "openai", "key": "{KEY}", "key": "other"}}'.encode()
    peer = vault.peer("gateway", ann.id)
    envelope = sign(peer.key, json.dumps(claims("gateway", "keyvault", "POST", "/v1/api-keys", body, ann.id)).encode())
    answer = peer.send("POST", "/v1/api-keys", envelope, body)
    error_of(answer, 400, "invalid_json")
    assert KEY not in answer.text and ann.keys() == []


def test_name_of_a_hundred_trees_is_short_enough(ann):
    assert ann.save(keyName="\U0001f333" * 100)["keyName"] == "\U0001f333" * 100


def test_everything_but_the_key_and_its_address_can_be_changed(ann):
    made = ann.save()
    change = {"keyName": "other", "active": False, "priorityOrder": -5, "monthlyBudget": 1, "dailyLimit": 2, "rateLimitRpm": 3}
    changed = ann.ok("PATCH", f"/v1/api-keys/{made['id']}", body=change)
    assert changed == made | change
    cleared = ann.ok("PATCH", f"/v1/api-keys/{made['id']}", body={"monthlyBudget": None, "dailyLimit": None, "rateLimitRpm": None})
    assert cleared == changed | {"monthlyBudget": None, "dailyLimit": None, "rateLimitRpm": None}
    assert ann.ok("PATCH", f"/v1/api-keys/{made['id']}", body={}) == cleared
    for name, value in (("key", KEY), ("provider", "openai"), ("baseUrl", LOCAL), ("origin", LOCAL), ("status", "ok"), ("userId", ann.id)):
        assert ann.refused("PATCH", f"/v1/api-keys/{made['id']}", 400, "invalid_request", {name: value})["param"] == name
    for name, value in (("keyName", " "), ("keyName", "x" * 101), ("active", None), ("priorityOrder", None), ("dailyLimit", "1")):
        assert ann.refused("PATCH", f"/v1/api-keys/{made['id']}", 400, "invalid_request", {name: value})["param"] == name
    assert ann.keys() == [cleared]


def test_deleted_key_is_gone_with_its_usage(ann, vault):
    made = ann.save()
    ann.settle(ann.lease(), cost=1)
    ann.ok("DELETE", f"/v1/api-keys/{made['id']}", 204)
    assert ann.keys() == [] and vault.sql(f"SELECT count(*) FROM vault.key_usage WHERE user_id = '{ann.id}'") == "0"
    ann.refused("DELETE", f"/v1/api-keys/{made['id']}", 404, "not_found")
    ann.no_lease(403, "byok_required")


def test_key_of_another_person_does_not_exist(ann, bob):
    made = ann.save()
    for path in (f"/v1/api-keys/{made['id']}", "/v1/api-keys/00000000-0000-4000-8000-000000000000", "/v1/api-keys/nonsense"):
        bob.refused("PATCH", path, 404, "not_found", {"active": False})
        bob.refused("DELETE", path, 404, "not_found")
    assert bob.keys() == [] and ann.keys() == [made]
    bob.no_lease(403, "byok_required")
    assert bob.ok("GET", "/internal/keys", caller="chat-proxy") == {"items": []}


def test_settling_for_another_persons_key_changes_nothing(ann, bob, vault):
    made = ann.save()
    bob.settle({"keyId": made["id"], "leaseId": made["id"]}, "rejected", cost=100)
    assert ann.keys() == [made]
    assert vault.sql(f"SELECT count(*) FROM vault.key_usage WHERE key_id = '{made['id']}'") == "0"


def test_fiftieth_key_is_the_last(ann):
    for n in range(50):
        ann.save(keyName=f"key {n}")
    error = ann.refused("POST", "/v1/api-keys", 409, "conflict", {"provider": "openai", "key": KEY})
    assert "50" in error["message"] and len(ann.keys()) == 50


ROUTES = [("GET", "/internal/status", {"gateway"}), ("GET", "/v1/api-keys", {"gateway"}), ("POST", "/v1/api-keys", {"gateway"}),
          ("PATCH", "/v1/api-keys/x", {"gateway"}), ("DELETE", "/v1/api-keys/x", {"gateway"}), ("POST", "/v1/api-keys/session", {"gateway"}),
          ("DELETE", "/v1/api-keys/session/x", {"gateway"}), ("POST", "/internal/leases", {"chat-proxy"}),
          ("POST", "/internal/leases/x/settle", {"chat-proxy"}), ("GET", "/internal/keys", {"chat-proxy"}),
          ("POST", "/internal/data-keys", {"account-store"})]


@pytest.mark.parametrize("method, path, callers", ROUTES, ids=lambda value: str(value))
def test_each_route_has_its_callers_and_no_others(ann, vault, method, path, callers):
    for caller in ("gateway", "chat-proxy", "account-store"):
        answer = ann.call(method, path, {} if method in ("POST", "PATCH") else None, caller)
        assert (answer.status_code == 403 and answer.json()["error"]["code"] == "forbidden") == (caller not in callers), (caller, answer.text)
    answer = vault.peer("gateway").send(method, path, None)
    error_of(answer, 401, "unauthenticated")


def test_the_table_above_is_complete():
    text = (ROOT / "services/keyvault/routes.c").read_text()
    assert len(re.findall(r"\{ HTTP_", text)) == len(ROUTES)


def test_envelope_without_a_person_gets_nothing(vault):
    for method, path, callers in ROUTES[1:]:
        with_nobody = vault.peer(next(iter(callers)))
        error_of(with_nobody.call(method, path, {} if method in ("POST", "PATCH") else None), 401, "unauthenticated")


def test_big_body_is_cut_off(ann, vault):
    body = b'{"key": "' + b"x" * 2_000_000 + b'"}'
    answer = send_raw(vault.daemon.port, request("POST", "/v1/api-keys", [("Content-Type", "application/json")], body, host="x"))
    assert answer.status == 413
