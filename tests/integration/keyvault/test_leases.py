# SPDX-License-Identifier: MIT
"""Which key a call gets, what it is told when it gets none, and keys that live for a session only."""

import datetime

import pytest

KEY = "sk-proj-A1b2C3d4E5f6G7h8WXYZ"
ONE, TWO, THREE = ("sk-proj-A1b2C3d4E5f6G7h8one1", "sk-proj-A1b2C3d4E5f6G7h8two2", "sk-proj-A1b2C3d4E5f6G7h8thr3")
LOCAL = "http://127.0.0.1:11434/v1"


def time_of(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def test_lease_carries_the_key_and_where_it_may_go(ann):
    local = ann.save()
    vendor = ann.save(ONE, "openai")
    assert ann.lease() | {"leaseId": ""} == {"leaseId": "", "keyId": local["id"], "provider": "openai-compatible", "baseUrl": LOCAL, "key": KEY,
                                             "keyPreview": "WXYZ", "source": "own"}
    assert ann.lease("openai") | {"leaseId": ""} == {"leaseId": "", "keyId": vendor["id"], "provider": "openai", "baseUrl": None, "key": ONE,
                                                     "keyPreview": "one1", "source": "own"}


def test_lowest_number_goes_first_then_the_eldest(ann):
    first, second = ann.save(ONE), ann.save(TWO)
    third = ann.save(THREE, priorityOrder=5)
    assert ann.lease()["key"] == THREE
    assert ann.lease(excludeKeyIds=[third["id"]])["key"] == ONE
    assert ann.lease(excludeKeyIds=[third["id"], first["id"]])["key"] == TWO
    error = ann.no_lease(429, "keys_exhausted", excludeKeyIds=[third["id"], first["id"], second["id"]])
    assert error["message"]
    ann.ok("PATCH", f"/v1/api-keys/{third['id']}", body={"active": False})
    assert ann.lease()["key"] == ONE
    ann.ok("PATCH", f"/v1/api-keys/{second['id']}", body={"priorityOrder": -1})
    assert ann.lease()["key"] == TWO


def test_nobodys_key_is_byok_required(ann):
    ann.no_lease(403, "byok_required")
    ann.no_lease(403, "byok_required", "openai")


def test_key_of_another_provider_is_a_mismatch_with_choices(ann):
    ann.save()
    ann.save(ONE, "anthropic")
    ann.save(TWO, "anthropic")
    error = ann.no_lease(422, "provider_mismatch", "openai")
    assert error["details"] == {"provider": "openai", "choices": ["openai-compatible", "anthropic"]}
    assert "openai" in error["message"]


def test_daily_limit_opens_again_at_midnight_utc(ann):
    ann.save(dailyLimit=2)
    for _ in range(2):
        ann.settle(ann.lease())
    answer = ann.call("POST", "/internal/leases", {"provider": None, "model": "m"}, "chat-proxy")
    assert answer.status_code == 429 and answer.json()["error"]["code"] == "keys_exhausted"
    resets = time_of(answer.json()["error"]["details"]["resetsAt"])
    assert (resets.hour, resets.minute, resets.second, resets.microsecond) == (0, 0, 0, 0)
    left = (resets - datetime.datetime.now(datetime.timezone.utc)).total_seconds()
    assert 0 < left <= 86400 and abs(int(answer.headers["retry-after"]) - left) < 30


def test_calls_that_never_reached_the_provider_do_not_count(ann):
    ann.save(dailyLimit=1)
    for _ in range(3):
        ann.settle(ann.lease(), "failed", promptTokens=0, completionTokens=0)
    ann.settle(ann.lease(), "limited")
    ann.no_lease(429, "keys_exhausted")


def test_requests_a_minute_are_counted(ann, vault):
    ann.save(rateLimitRpm=1)
    ann.settle(ann.lease())
    vault.sql(f"UPDATE vault.key_usage SET minute = date_trunc('minute', now()) WHERE user_id = '{ann.id}'")
    error = ann.no_lease(429, "keys_exhausted")
    assert time_of(error["details"]["resetsAt"]).second == 0
    vault.sql(f"UPDATE vault.key_usage SET minute = minute - interval '1 minute' WHERE user_id = '{ann.id}'")
    ann.lease()


def test_budget_is_the_sum_of_the_month(ann, vault):
    made = ann.save(monthlyBudget=1)
    ann.settle(ann.lease(), cost=0.6)
    ann.settle(ann.lease(), cost=0.39999999)
    ann.settle(ann.lease(), cost=0.00000001)
    error = ann.no_lease(429, "budget_exhausted")
    resets = time_of(error["details"]["resetsAt"])
    assert resets.day == 1 and resets > datetime.datetime.now(datetime.timezone.utc)
    vault.sql(f"UPDATE vault.key_usage SET day = (date_trunc('month', now() AT TIME ZONE 'UTC') - interval '1 day')::date WHERE user_id = '{ann.id}'")
    assert ann.lease()["keyId"] == made["id"]


def test_next_key_serves_when_the_first_is_used_up(ann):
    ann.save(ONE, monthlyBudget=0)
    ann.save(TWO, dailyLimit=0)
    ann.save(THREE)
    assert ann.lease()["key"] == THREE


def test_rejected_key_goes_last_and_comes_back_by_a_success(ann):
    first, second = ann.save(ONE), ann.save(TWO)
    ann.settle(ann.lease(), "rejected")
    assert [k["status"] for k in ann.keys()] == ["rejected", "ok"] and ann.lease()["key"] == TWO
    assert ann.lease(excludeKeyIds=[second["id"]])["key"] == ONE
    for outcome in ("failed", "limited"):
        ann.settle({"keyId": first["id"], "leaseId": first["id"]}, outcome)
        assert ann.keys()[0]["status"] == "rejected", outcome
    ann.settle({"keyId": first["id"], "leaseId": first["id"]}, "ok")
    assert ann.keys()[0]["status"] == "ok" and ann.lease()["key"] == ONE


def test_switching_a_rejected_key_on_gives_it_another_chance(ann):
    made = ann.save()
    ann.settle(ann.lease(), "rejected")
    assert ann.ok("PATCH", f"/v1/api-keys/{made['id']}", body={"active": True})["status"] == "ok"


def test_use_shows_in_the_list(ann):
    ann.save()
    ann.settle(ann.lease())
    used = time_of(ann.keys()[0]["lastUsedAt"])
    assert abs((datetime.datetime.now(datetime.timezone.utc) - used).total_seconds()) < 60


@pytest.mark.parametrize("change, param", [({"outcome": "great"}, "outcome"), ({"outcome": None}, "outcome"), ({"promptTokens": -1}, "promptTokens"),
                                           ({"cost": -1}, "cost"), ({"cost": "1"}, "cost"), ({"keyId": "x"}, "keyId"), ({"more": 1}, "more")], ids=str)
def test_bad_settlement_names_its_field(ann, change, param):
    made = ann.save()
    body = {"keyId": made["id"], "outcome": "ok", "promptTokens": 1, "completionTokens": 1, "cost": 0} | change
    body = {name: value for name, value in body.items() if value is not None}
    assert ann.refused("POST", f"/internal/leases/{made['id']}/settle", 400, "invalid_request", body, "chat-proxy")["param"] == param
    assert ann.keys()[0]["lastUsedAt"] is None


def test_models_are_listed_with_every_active_key(ann):
    first, second = ann.save(ONE), ann.save(TWO, "openai", priorityOrder=1)
    off = ann.save(THREE)
    ann.ok("PATCH", f"/v1/api-keys/{off['id']}", body={"active": False})
    handle = ann.session_key(KEY, "google")["handle"]
    stored = [{"keyId": second["id"], "provider": "openai", "baseUrl": None, "key": TWO},
              {"keyId": first["id"], "provider": "openai-compatible", "baseUrl": LOCAL, "key": ONE}]
    assert ann.ok("GET", "/internal/keys", caller="chat-proxy")["items"] == stored
    with_session = ann.ok("GET", f"/internal/keys?sessionHandle={handle}", caller="chat-proxy")["items"]
    assert with_session == [{"keyId": None, "provider": "google", "baseUrl": None, "key": KEY}, *stored]
    assert ann.ok("GET", f"/internal/keys?sessionHandle={'A' * 22}", caller="chat-proxy")["items"] == stored
    assert ann.refused("GET", f"/internal/keys?sessionHandle={'A' * 65}", 400, "invalid_request", caller="chat-proxy")["param"] == "sessionHandle"


def test_session_key_wins_and_is_never_stored(ann, vault):
    ann.save(ONE)
    made = ann.session_key()
    assert set(made) == {"handle", "provider", "baseUrl", "keyPreview", "expiresAt"} and len(made["handle"]) == 22
    left = (time_of(made["expiresAt"]) - datetime.datetime.now(datetime.timezone.utc)).total_seconds()
    assert 8 * 3600 - 60 < left <= 8 * 3600
    lease = ann.lease(sessionHandle=made["handle"])
    assert (lease["key"], lease["keyId"], lease["source"], lease["keyPreview"]) == (KEY, None, "session", "WXYZ")
    ann.settle(lease)
    assert len(ann.keys()) == 1 and vault.sql(f"SELECT count(*) FROM vault.user_api_keys WHERE user_id = '{ann.id}'") == "1"
    assert ann.lease(sessionHandle=None)["key"] == ONE


def test_handle_opens_for_its_person_in_its_session_only(ann, bob):
    handle = ann.session_key()["handle"]
    ann.lease(sessionHandle=handle)
    bob.no_lease(403, "byok_required", sessionHandle=handle)
    ann.session = "another"
    ann.no_lease(403, "byok_required", sessionHandle=handle)
    ann.refused("DELETE", f"/v1/api-keys/session/{handle}", 404, "not_found")
    ann.session = "test"
    for wrong in ("A" * 22, handle[:-1], handle + "A", handle.swapcase(), "", None):
        ann.no_lease(403, "byok_required", sessionHandle=wrong)
    ann.ok("DELETE", f"/v1/api-keys/session/{handle}", 204)
    ann.refused("DELETE", f"/v1/api-keys/session/{handle}", 404, "not_found")
    ann.no_lease(403, "byok_required", sessionHandle=handle)


def test_session_key_of_another_provider_is_a_mismatch(ann):
    handle = ann.session_key(KEY, "google")["handle"]
    error = ann.no_lease(422, "provider_mismatch", "openai", sessionHandle=handle)
    assert error["details"]["choices"] == ["google"]
    ann.save(ONE, "openai")
    assert ann.lease("openai", sessionHandle=handle)["key"] == ONE


def test_sixth_session_key_makes_the_first_go(ann, bob):
    others = bob.session_key()["handle"]
    handles = [ann.session_key()["handle"] for _ in range(6)]
    ann.no_lease(403, "byok_required", sessionHandle=handles[0])
    for handle in handles[1:]:
        ann.lease(sessionHandle=handle)
    bob.lease(sessionHandle=others)


@pytest.mark.parametrize("change, code, param", [({"provider": "x"}, "invalid_request", "provider"), ({"key": ""}, "invalid_request", "key"),
                                                 ({"baseUrl": "http://10.0.0.1/v1"}, "provider_address_forbidden", "baseUrl"),
                                                 ({"baseUrl": None}, "invalid_request", "baseUrl"), ({"keyName": "x"}, "invalid_request", "keyName")], ids=str)
def test_bad_session_key_names_its_field(ann, change, code, param):
    answer = ann.call("POST", "/v1/api-keys/session", {"provider": "openai-compatible", "key": KEY, "baseUrl": LOCAL} | change)
    error = answer.json()["error"]
    assert (error["code"], error["param"]) == (code, param) and KEY not in answer.text
