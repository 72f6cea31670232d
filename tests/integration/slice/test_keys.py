# SPDX-License-Identifier: MIT
"""Stored provider keys: sealed, listed by their last four characters, never readable again."""

import pytest

KEY = "sk-proj-A1b2C3d4E5f6G7h8WXYZ"


def test_saved_key_shows_its_last_four_characters_and_no_more(api, rogue):
    made = api.save_key(rogue.base_url, KEY, name="work")
    assert made["provider"] == "openai-compatible" and made["keyName"] == "work" and made["active"] is True
    assert made["keyPreview"].endswith("WXYZ") and KEY[:-4] not in str(made)
    listed = api.ok("GET", "/api/api-keys")["items"]
    assert [item["id"] for item in listed] == [made["id"]]
    for text in (str(made), str(listed)):
        assert "A1b2" not in text and "G7h8" not in text and "h8WXYZ" not in text


def test_key_lies_sealed_in_its_row_while_its_address_stays_readable(stack, api, rogue):
    made = api.save_key(rogue.base_url, KEY)
    row = stack.sql(f"SELECT k::text FROM vault.user_api_keys k WHERE id = '{made['id']}'")
    assert KEY not in row and KEY.encode().hex() not in row and rogue.base_url in row
    sealed = stack.sql("SELECT count(*) FROM information_schema.columns WHERE table_schema = 'vault' AND table_name = 'user_api_keys'"
                       " AND data_type = 'bytea'")
    assert int(sealed) >= 1
    assert "\\x0101" in row  # version and algorithm of the sealed format


def test_key_can_be_renamed_deactivated_and_deleted(api, rogue):
    made = api.save_key(rogue.base_url)
    changed = api.ok("PATCH", f"/api/api-keys/{made['id']}", json={"keyName": "other", "active": False})
    assert changed["keyName"] == "other" and changed["active"] is False
    api.ok("DELETE", f"/api/api-keys/{made['id']}", 204)
    api.refused("DELETE", f"/api/api-keys/{made['id']}", 404, "not_found")
    assert api.ok("GET", "/api/api-keys")["items"] == []


def test_owner_and_kind_of_a_key_cannot_be_changed(api, rogue):
    made = api.save_key(rogue.base_url)
    for field, value in (("userId", "00000000-0000-4000-8000-000000000000"), ("provider", "openai"), ("id", made["id"])):
        error = api.refused("PATCH", f"/api/api-keys/{made['id']}", 400, "invalid_request", json={field: value})
        assert error["param"] == field


@pytest.mark.parametrize("change, param", [
    ({"provider": "nobody"}, "provider"), ({"provider": None}, "provider"), ({"key": ""}, "key"), ({"key": 5}, "key"),
    ({"keyName": "x" * 1000}, "keyName"), ({"baseUrl": None}, "baseUrl"), ({"baseUrl": "not a url"}, "baseUrl"),
    ({"baseUrl": "ftp://127.0.0.1/v1"}, "baseUrl"), ({"monthlyBudget": -1}, "monthlyBudget"), ({"dailyLimit": 1.5}, "dailyLimit"),
    ({"rateLimitRpm": "10"}, "rateLimitRpm"), ({"surprise": 1}, "surprise"), ({"key": "sk-with\nnewline"}, "key")], ids=str)
def test_bad_key_names_the_field_and_stores_nothing(api, rogue, change, param):
    body = {"provider": "openai-compatible", "keyName": "x", "key": KEY, "baseUrl": rogue.base_url} | change
    error = api.refused("POST", "/api/api-keys", 400, "invalid_request", json={k: v for k, v in body.items() if v is not None})
    assert error["param"] == param
    assert KEY not in str(error)
    assert api.ok("GET", "/api/api-keys")["items"] == []


@pytest.mark.parametrize("address", [
    "http://127.0.0.1:1/v1", "http://localhost:1/v1", "http://10.0.0.1/v1", "http://169.254.169.254/v1", "https://192.168.1.1/v1",
    "http://[::1]:1/v1", "http://[::ffff:7f00:1]/v1", "http://2130706433/v1", "http://0x7f.1/v1", "http://0/v1", "https://100.64.0.1/v1"])
def test_private_address_is_refused_when_saved(api, address):
    answer = api.post("/api/api-keys", json={"provider": "openai-compatible", "keyName": "x", "key": KEY, "baseUrl": address})
    assert answer.status_code in (400, 422), answer.text
    assert answer.json()["error"]["code"] in ("provider_address_forbidden", "invalid_request")
    assert api.ok("GET", "/api/api-keys")["items"] == []


def test_session_key_works_without_being_stored(stack, api, rogue):
    made = api.ok("POST", "/api/api-keys/session", 201, json={"provider": "openai-compatible", "key": KEY, "baseUrl": rogue.base_url})
    assert {"handle", "provider", "keyPreview", "expiresAt"} <= set(made) and KEY not in str(made)
    assert stack.sql("SELECT count(*) FROM vault.user_api_keys") == "0"
    api.ok("DELETE", f"/api/api-keys/session/{made['handle']}", 204)
