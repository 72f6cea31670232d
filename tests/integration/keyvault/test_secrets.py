# SPDX-License-Identifier: MIT
"""The configured secrets: none, wrong ones, older ones, and ones that are none."""

import secrets
import subprocess

import pytest
from grove.paths import BIN, clean_environment
from grove.wait import wait_until

KEY = "sk-proj-A1b2C3d4E5f6G7h8WXYZ"


def reason(vault, name):
    """What /readyz says, once it names this."""
    wait_until(lambda: name in vault.readiness()[1], f"{name} in the reasons")
    return vault.readiness()


def test_without_a_secret_nothing_is_stored(make_vault):
    vault = make_vault(BYOK_ENCRYPTION_SECRET=None)
    ann = vault.person()
    assert vault.peer("gateway").call("GET", "/internal/status").json() == {"persistence": "session-only"}
    before = vault.checksums()
    ann.refused("POST", "/v1/api-keys", 409, "byok_persistence_disabled", {"provider": "openai", "key": KEY})
    assert vault.checksums() == before and ann.keys() == []
    ann.no_lease(403, "byok_required")
    handle = ann.session_key()["handle"]
    assert ann.lease(sessionHandle=handle)["key"] == KEY
    assert [item["key"] for item in ann.ok("GET", f"/internal/keys?sessionHandle={handle}", caller="chat-proxy")["items"]] == [KEY]
    assert ann.data_key()["version"] == 1
    assert vault.checksums()["user_api_keys"] == before["user_api_keys"]
    vault.restart()
    ann.no_lease(403, "byok_required", sessionHandle=handle)


def test_stored_keys_rest_while_the_secret_is_away(make_vault):
    vault = make_vault()
    ann, secret = vault.person(), vault.settings["BYOK_ENCRYPTION_SECRET"]
    ann.save()
    assert vault.peer("gateway").call("GET", "/internal/status").json() == {"persistence": "encrypted"}
    vault.restart(BYOK_ENCRYPTION_SECRET=None)
    assert len(ann.keys()) == 1
    ann.no_lease(403, "byok_required")
    assert ann.ok("GET", "/internal/keys", caller="chat-proxy") == {"items": []}
    vault.restart(BYOK_ENCRYPTION_SECRET=secret)
    assert ann.lease()["key"] == KEY


@pytest.mark.parametrize("name", ["BYOK_ENCRYPTION_SECRET", "DATA_ENCRYPTION_SECRET"])
def test_wrong_secret_keeps_it_from_being_ready_and_changes_nothing(make_vault, name):
    vault = make_vault()
    ann, right = vault.person(), vault.settings[name]
    ann.save()
    ann.data_key()
    before = vault.checksums()
    vault.stop()
    vault.change(**{name: secrets.token_hex(32)}).start({"keys.refused"}, "daemon.listening")
    status, text = reason(vault, name)
    assert status == 503 and f"{name} does not open what is stored" in text and f"{name}_PREVIOUS" in text
    ann.refused("POST", "/v1/api-keys", 503, "unavailable", {"provider": "openai", "key": KEY})
    ann.refused("POST", "/internal/data-keys", 503, "unavailable", None, "account-store")
    assert "readyz" in ann.no_lease(503, "unavailable")["message"]
    ann.refused("GET", "/internal/keys", 503, "unavailable", caller="chat-proxy")
    assert vault.checksums() == before
    assert vault.settings[name] not in vault.daemon.log()
    vault.restart(**{name: right})
    assert ann.lease()["key"] == KEY


def test_previous_secrets_open_and_the_current_one_seals(make_vault):
    vault = make_vault()
    ann, bob = vault.person(), vault.person()
    ann.save()
    key = ann.data_key()
    old = {name: vault.settings[f"{name}_ENCRYPTION_SECRET"] for name in ("BYOK", "DATA")}
    new = {name: secrets.token_hex(32) for name in old}
    vault.restart(**{f"{name}_ENCRYPTION_SECRET": new[name] for name in new},
                  **{f"{name}_ENCRYPTION_SECRET_PREVIOUS": f"{secrets.token_hex(32)}, {old[name]}" for name in old})
    assert ann.lease()["key"] == KEY and ann.data_key() == key
    assert bob.data_key()["kekId"] == vault.reader().kek("data")[0].hex() != key["kekId"]
    assert vault.reader().data_key(bob.id, "data")
    made = bob.save()
    assert vault.reader().api_key(bob.id, made["id"], "http://127.0.0.1:11434") == KEY
    # As long as something may be under the old secret, it cannot be left out.
    vault.stop()
    vault.change(DATA_ENCRYPTION_SECRET_PREVIOUS=None).start({"keys.refused"}, "daemon.listening")
    reason(vault, "DATA_ENCRYPTION_SECRET_PREVIOUS")


def test_one_secret_for_both_gives_two_unlike_keys(make_vault):
    same = secrets.token_hex(32)
    vault = make_vault(BYOK_ENCRYPTION_SECRET=same, DATA_ENCRYPTION_SECRET=same)
    assert vault.reader().kek("byok") != vault.reader().kek("data")


def test_secret_may_come_from_a_closed_file(make_vault, tmp_path):
    file = tmp_path / "secret"
    secret = secrets.token_hex(32)
    file.write_text(f"{secret}\n")
    file.chmod(0o600)
    vault = make_vault(BYOK_ENCRYPTION_SECRET=None, BYOK_ENCRYPTION_SECRET_FILE=file)
    made = vault.person()
    key = made.save()
    vault.settings["BYOK_ENCRYPTION_SECRET"] = secret
    assert vault.reader().api_key(made.id, key["id"], "http://127.0.0.1:11434") == KEY


def check(**settings):
    env = clean_environment(GROVE_PEER_KEYS_FILE="/nowhere", **settings)
    return subprocess.run([BIN / "keyvault"], env=env, capture_output=True, text=True, timeout=20)


BAD_SECRETS = ["", "short", "a" * 63, "g" * 64, "0" * 64, "ab" * 32, "A" * 43, "changeme" * 8, "x" * 44, "0123456789abcdef" * 4, f" {'1f' * 32}"]


@pytest.mark.parametrize("secret", BAD_SECRETS)
def test_what_is_no_secret_is_refused_at_start(secret):
    done = check(DATA_ENCRYPTION_SECRET=secret, BYOK_ENCRYPTION_SECRET=secret, GROVE_DATABASE="host=/nowhere")
    assert done.returncode == 2
    assert "DATA_ENCRYPTION_SECRET:" in done.stderr and "BYOK_ENCRYPTION_SECRET:" in done.stderr
    if len(secret) > 8:
        assert secret not in done.stderr


def test_all_errors_come_at_once():
    done = check(BYOK_ENCRYPTION_SECRET="short", BYOK_ENCRYPTION_SECRET_PREVIOUS="a,b", GROVE_LISTEN="nowhere", GROVE_SURPRISE="1",
                 PROVIDER_OPENAI_BASE_URL="https://api.openai.com/v1")
    assert done.returncode == 2
    for name in ("DATA_ENCRYPTION_SECRET", "BYOK_ENCRYPTION_SECRET", "BYOK_ENCRYPTION_SECRET_PREVIOUS", "GROVE_LISTEN", "GROVE_SURPRISE",
                 "GROVE_DATABASE", "GROVE_PEER_KEYS_FILE", "PROVIDER_OPENAI_BASE_URL"):
        assert f"{name}:" in done.stderr, name


def test_settings_that_do_not_go_together_are_refused(make_vault):
    vault = make_vault(start=False, UPSTREAM_LOCAL_ALLOW="127.0.0.1:11434,nonsense,169.254.169.254:80", BYOK_ENCRYPTION_SECRET=None,
                       BYOK_ENCRYPTION_SECRET_PREVIOUS=secrets.token_hex(32))
    done = subprocess.run([BIN / "keyvault"], env=clean_environment(**vault.settings), capture_output=True, text=True, timeout=20)
    assert done.returncode == 2
    assert "UPSTREAM_LOCAL_ALLOW: nonsense" in done.stderr and "UPSTREAM_LOCAL_ALLOW: 169.254.169.254:80" in done.stderr
    assert "BYOK_ENCRYPTION_SECRET_PREVIOUS: is set without BYOK_ENCRYPTION_SECRET" in done.stderr
    assert "127.0.0.1:11434" not in done.stderr
