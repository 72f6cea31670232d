# SPDX-License-Identifier: MIT
"""What is on the disk: records that another language opens from the published format, in their own place only, and no plain text."""

import base64
import pathlib
import re
import subprocess

import pytest
from grove import logs

KEY = "sk-proj-A1b2C3d4E5f6G7h8WXYZ"


def test_stored_key_is_opened_by_the_published_format(ann, vault):
    local, vendor = ann.save(), ann.save("sk-vendor-A1b2C3d4E5f6G7h8", "openai")
    assert vault.reader().api_key(ann.id, local["id"], "http://127.0.0.1:11434") == KEY
    assert vault.reader().api_key(ann.id, vendor["id"], "https://api.openai.com:443") == "sk-vendor-A1b2C3d4E5f6G7h8"


def test_data_key_is_opened_by_the_published_format(ann, vault):
    answer = ann.data_key()
    assert base64.b64decode(answer["key"]) == vault.reader().data_key(ann.id, "data")
    assert answer["kekId"] == vault.reader().kek("data")[0].hex() and answer["version"] == 1
    assert ann.data_key(version=1) == answer
    ann.refused("POST", "/internal/data-keys", 404, "not_found", {"version": 2}, "account-store")


def test_canaries_are_opened_by_the_published_format(vault):
    for family in ("byok", "data"):
        assert vault.reader().canary(family) == "This record opens with the secret that sealed it."


def test_origin_in_the_row_is_the_one_it_is_sealed_for(ann, vault):
    ann.save(provider="google")
    ann.save(baseUrl="http://127.0.0.1:11434/v1/")
    rows = vault.sql(f"SELECT provider, origin, base_url FROM vault.user_api_keys WHERE user_id = '{ann.id}' ORDER BY 1").splitlines()
    assert rows == ["google|https://generativelanguage.googleapis.com:443|",
                    "openai-compatible|http://127.0.0.1:11434|http://127.0.0.1:11434/v1"]


def same_key_twice_differs(vault, user):
    return len(set(vault.sql(f"SELECT key_sealed FROM vault.user_api_keys WHERE user_id = '{user}'").splitlines()))


def test_same_key_saved_twice_gives_two_unlike_records(ann, vault):
    ann.save()
    ann.save()
    assert same_key_twice_differs(vault, ann.id) == 2


def spellings(word):
    data = word.encode()
    return [data, data.hex().encode(), data.hex().upper().encode(), *(base64.b64encode(b"x" * n + data + b"xx")[4:-4] for n in range(3))]


def test_plain_keys_are_nowhere_in_the_cluster_or_the_log(make_vault, canary):
    vault = make_vault(GROVE_LOG_LEVEL="debug")
    ann = vault.person()
    ann.save(f"sk-{canary}-stored")
    ann.session_key(f"sk-{canary}-session")
    ann.settle(ann.lease())
    ann.ok("GET", "/internal/keys", caller="chat-proxy")
    ann.call("POST", "/v1/api-keys", {"provider": canary, "key": f"sk-{canary}"})
    ann.call("POST", "/v1/api-keys", {"provider": "openai", "key": f"sk-{canary} {canary}", canary: 1})
    data_key = vault.reader().data_key(ann.id, "byok")
    vault.sql("CHECKPOINT")
    words = spellings(canary) + [data_key, data_key.hex().encode()]
    words += [bytes.fromhex(vault.settings[name]) for name in ("BYOK_ENCRYPTION_SECRET", "DATA_ENCRYPTION_SECRET")]
    words += [vault.settings["BYOK_ENCRYPTION_SECRET"].encode(), vault.settings["DATA_ENCRYPTION_SECRET"].encode()]
    pattern = re.compile(b"|".join(re.escape(word) for word in words))
    for path in pathlib.Path(vault.cluster.folder).rglob("*"):
        if path.is_file() and not path.is_socket():
            assert not pattern.search(path.read_bytes()), path
    assert "request.done" in vault.daemon.log() and not pattern.search(vault.daemon.log().encode())
    sealed = vault.sql("SELECT encode(key_sealed, 'hex') FROM vault.user_api_keys")
    vault.sql("CHECKPOINT")
    # The search can find something: the record itself is there.
    assert any(bytes.fromhex(sealed) in path.read_bytes() for path in pathlib.Path(vault.cluster.folder).rglob("*") if path.is_file())


def moved(vault, ann, bob, how):
    """Puts ann's key where it does not belong; the person whose lease is asked for, and the provider."""
    made = ann.save(provider="openai")
    where = f"WHERE id = '{made['id']}'"
    if how == "user":
        bob.save("sk-bob", "anthropic")  # so that bob has a data key
        vault.sql(f"UPDATE vault.user_api_keys SET user_id = '{bob.id}' {where}")
        return bob, "openai"
    if how == "user and data key":
        vault.sql(f"INSERT INTO vault.user_data_keys SELECT '{bob.id}', family, version, kek_id, wrapped_sealed FROM vault.user_data_keys"
                  f" WHERE user_id = '{ann.id}' AND family = 'byok'; UPDATE vault.user_api_keys SET user_id = '{bob.id}' {where}")
        return bob, "openai"
    if how == "row":
        vault.sql(f"UPDATE vault.user_api_keys SET id = gen_random_uuid() {where}")
    if how == "provider":
        vault.sql(f"UPDATE vault.user_api_keys SET provider = 'anthropic', origin = 'https://api.anthropic.com:443' {where}")
        return ann, "anthropic"
    if how == "provider and base URL":
        vault.sql(f"UPDATE vault.user_api_keys SET provider = 'openai-compatible', base_url = 'https://evil.example/v1',"
                  f" origin = 'https://evil.example:443' {where}")
        return ann, "openai-compatible"
    if how == "bit":
        vault.sql(f"UPDATE vault.user_api_keys SET key_sealed = set_byte(key_sealed, 40, get_byte(key_sealed, 40) # 1) {where}")
    if how == "cut":
        vault.sql(f"UPDATE vault.user_api_keys SET key_sealed = substring(key_sealed FROM 1 FOR 20) {where}")
    if how == "plain":
        vault.sql(f"UPDATE vault.user_api_keys SET key_sealed = '{KEY}'::bytea {where}")
    if how == "other data key":
        vault.sql(f"INSERT INTO vault.user_data_keys SELECT user_id, family, 2, kek_id, wrapped_sealed FROM vault.user_data_keys"
                  f" WHERE user_id = '{ann.id}' AND family = 'byok'; UPDATE vault.user_api_keys SET data_key_version = 2,"
                  f" key_sealed = overlay(key_sealed placing '\\x00000002' from 7) {where}")
    if how == "family of the data key":
        ann.data_key()
        vault.sql(f"UPDATE vault.user_data_keys d SET wrapped_sealed = o.wrapped_sealed, kek_id = d.kek_id FROM vault.user_data_keys o"
                  f" WHERE d.user_id = '{ann.id}' AND o.user_id = d.user_id AND d.family = 'byok' AND o.family = 'data'")
    return ann, "openai"


@pytest.mark.parametrize("how", ["user", "user and data key", "row", "provider", "provider and base URL", "bit", "cut", "plain", "other data key",
                                 "family of the data key"])
def test_record_in_another_place_does_not_open_and_says_what_to_do(beside, how):
    vault = beside(expected_errors={"record.not_opened", "request.failed"})
    person, provider = moved(vault, vault.person(), vault.person(), how)
    error = person.no_lease(500, "internal", provider)
    assert "does not open" in error["message"] and "save it again" in error["message"] and "WXYZ" in error["message"]
    listed = person.ok("GET", "/internal/keys", caller="chat-proxy")
    assert KEY not in str(listed) and provider not in [item["provider"] for item in listed["items"]]
    assert any(e["event"] == "record.not_opened" and e["what"] == "provider key" for e in events(vault))


def events(vault):
    return logs.events(vault.daemon.log())


def test_base_url_changed_behind_our_back_gets_no_key(ann, vault):
    """The origin that counts is the one the key would be sent to, not what the row says of itself."""
    made = ann.save()
    vault.sql(f"UPDATE vault.user_api_keys SET base_url = 'https://evil.example/v1' WHERE id = '{made['id']}'")
    error = ann.no_lease(403, "byok_required")
    assert "another address" in error["message"] and KEY not in str(error)
    assert ann.ok("GET", "/internal/keys", caller="chat-proxy") == {"items": []}


def test_key_waits_for_its_provider_to_come_back_to_its_address(beside):
    vault = beside()
    ann = vault.person()
    ann.save(provider="openai")
    vault.restart(PROVIDER_OPENAI_BASE_URL="http://127.0.0.1:11435")
    error = ann.no_lease(403, "byok_required", "openai")
    assert "https://api.openai.com:443" in error["message"] and "Save it again" in error["message"]
    vault.restart(PROVIDER_OPENAI_BASE_URL="https://API.openai.com:443")
    assert ann.lease("openai")["key"] == KEY


def test_key_for_an_address_no_longer_allowed_is_refused_by_name(beside):
    vault = beside()
    ann = vault.person()
    ann.save()
    vault.restart(UPSTREAM_LOCAL_ALLOW="127.0.0.1:11435")
    error = ann.no_lease(422, "provider_address_forbidden")
    assert "UPSTREAM_LOCAL_ALLOW" in error["message"] and "127.0.0.1:11434" in error["message"]


def test_broken_data_key_is_an_error_and_is_not_replaced(beside):
    vault = beside(expected_errors={"record.not_opened", "request.failed"})
    ann = vault.person()
    ann.data_key()
    vault.sql("UPDATE vault.user_data_keys SET wrapped_sealed = set_byte(wrapped_sealed, 30, get_byte(wrapped_sealed, 30) # 1)"
              f" WHERE user_id = '{ann.id}'")
    before = vault.checksums()
    ann.refused("POST", "/internal/data-keys", 500, "internal", None, "account-store")
    assert vault.checksums() == before


def test_wrapped_key_of_another_version_does_not_stand_in(beside):
    vault = beside(expected_errors={"record.not_opened", "request.failed"})
    ann = vault.person()
    ann.data_key()
    vault.sql("INSERT INTO vault.user_data_keys SELECT user_id, family, 2, kek_id, wrapped_sealed FROM vault.user_data_keys"
              f" WHERE user_id = '{ann.id}'")
    ann.refused("POST", "/internal/data-keys", 500, "internal", None, "account-store")
    assert ann.data_key(version=1)["version"] == 1


TABLES = ["user_api_keys", "user_data_keys", "key_usage"]


def test_daemons_role_sees_nobodys_rows_without_a_person(ann, bob, vault):
    for person in (ann, bob):
        person.save()
        person.settle(person.lease())
    for table in TABLES:
        assert vault.as_person(None, f"SELECT count(*) FROM vault.{table}") == ["0"], table
        own = vault.as_person(ann.id, f"SELECT DISTINCT user_id FROM vault.{table}")
        assert own == [ann.id], table


def test_daemons_role_cannot_change_what_a_key_is(ann, vault):
    made = ann.save()
    for change in ("base_url = 'https://evil.example/v1'", "origin = 'x'", "provider = 'openai'", "key_sealed = ''", "user_id = gen_random_uuid()",
                   "data_key_version = 2"):
        with pytest.raises(subprocess.CalledProcessError) as refused:
            vault.as_person(ann.id, f"UPDATE vault.user_api_keys SET {change} WHERE id = '{made['id']}'")
        assert "permission denied" in refused.value.stderr, change
    with pytest.raises(subprocess.CalledProcessError) as refused:
        vault.as_person(ann.id, "UPDATE vault.kek_salts SET salt = salt")
    assert "permission denied" in refused.value.stderr


def test_data_key_in_use_cannot_be_deleted(ann, vault):
    ann.save()
    with pytest.raises(subprocess.CalledProcessError) as refused:
        vault.as_person(ann.id, f"DELETE FROM vault.user_data_keys WHERE user_id = '{ann.id}'")
    assert "user_api_keys_data_key" in refused.value.stderr
