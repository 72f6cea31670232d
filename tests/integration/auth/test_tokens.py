# SPDX-License-Identifier: MIT
"""Personal tokens: made, listed, revoked; each person's own."""

import base64
import datetime
import hashlib
import re
import uuid

import pytest
from grove.api import error_of
from grove.wait import wait_until


def items(verifier, user):
    answer = verifier.call("GET", "/v1/tokens", user=user)
    assert answer.status_code == 200 and answer.json()["nextCursor"] is None
    return answer.json()["items"]


def refuse(verifier, user, body, status=400, code="invalid_request"):
    return error_of(verifier.call("POST", "/v1/tokens", body, user), status, code)


def test_a_token_is_shown_once_and_only_its_hash_is_kept(verifier, user):
    made = verifier.make_token(user, ["conversations", "chat", "chat"], "  laptop \u00e4 ")
    assert set(made) == {"id", "name", "scopes", "token", "expiresAt"}
    assert made["name"] == "laptop \u00e4" and made["scopes"] == ["chat", "conversations"]
    assert re.fullmatch(r"grove_[a-z0-9]{12}_[A-Za-z0-9_-]{49}", made["token"])
    listed = items(verifier, user)
    assert [(i["id"], i["name"], i["scopes"], i["lastUsedOn"]) for i in listed] == [(made["id"], "laptop \u00e4", ["chat", "conversations"], None)]
    assert made["token"] not in str(listed) and made["token"][19:62] not in str(listed)
    secret = base64.urlsafe_b64decode(made["token"][19:62] + "=")
    kept = verifier.postgres.sql(f"SELECT encode(secret_sha256, 'hex') FROM auth.tokens WHERE id = '{made['id']}'")
    assert kept == hashlib.sha256(secret).hexdigest()


def test_nothing_of_a_token_is_logged(verifier, user):
    made = verifier.make_token(user, name="very particular name")
    verifier.bearer(made["token"])
    verifier.bearer(made["token"][:-1])
    text = verifier.daemon.log()
    assert made["token"][19:40] not in text and "very particular" not in text


def test_expiry_is_ninety_days_unless_said_otherwise(verifier, user):
    now = datetime.datetime.now(datetime.timezone.utc)
    lasts = datetime.datetime.fromisoformat(verifier.make_token(user)["expiresAt"].replace("Z", "+00:00")) - now
    assert abs(lasts - datetime.timedelta(days=90)) < datetime.timedelta(minutes=1)
    assert verifier.make_token(user, expiresAt=None)["expiresAt"] is None
    assert verifier.make_token(user, expiresAt="2099-05-06T07:08:09+02:00")["expiresAt"].startswith("2099-05-06T05:08:09")
    for bad in ("2020-01-01T00:00:00Z", "tomorrow", "", 7, "2099-02-30T00:00:00Z"):
        assert refuse(verifier, user, {"name": "x", "scopes": ["chat"], "expiresAt": bad})["param"] == "expiresAt"


@pytest.mark.parametrize("body, param", [
    ({"scopes": ["chat"]}, "name"), ({"name": "x"}, "scopes"), ({"name": "x", "scopes": []}, "scopes"), ({"name": "  ", "scopes": ["chat"]}, "name"),
    ({"name": "x" * 101, "scopes": ["chat"]}, "name"), ({"name": "\u00e4" * 101, "scopes": ["chat"]}, "name"), ({"name": "x", "scopes": ["root"]}, "scopes"),
    ({"name": "x", "scopes": ["person"]}, "scopes"), ({"name": "x", "scopes": ["Chat"]}, "scopes"), ({"name": "x", "scopes": ["chat"] * 9}, "scopes"),
    ({"name": "x", "scopes": "chat"}, "scopes"), ({"name": "x", "scopes": ["chat"], "userId": "x"}, "userId")], ids=lambda v: str(v)[:40])
def test_a_wish_that_does_not_fit_names_the_field(verifier, user, body, param):
    assert refuse(verifier, user, body)["param"].split("[")[0] == param


def test_a_name_has_up_to_a_hundred_characters(verifier, user):
    assert verifier.make_token(user, name="\U0001f331" * 100)["name"] == "\U0001f331" * 100


def test_a_person_has_a_hundred_tokens_at_most(verifier, user):
    made = [verifier.make_token(user, name=f"t{i}") for i in range(100)]
    refuse(verifier, user, {"name": "one more", "scopes": ["chat"]}, 409, "conflict")
    assert len(items(verifier, user)) == 100
    assert verifier.call("DELETE", f"/v1/tokens/{made[7]['id']}", user=user).status_code == 204
    verifier.make_token(user)


def test_tokens_are_their_owners_alone(verifier, user):
    stranger, made = str(uuid.uuid4()), verifier.make_token(user)
    assert items(verifier, stranger) == []
    error_of(verifier.call("DELETE", f"/v1/tokens/{made['id']}", user=stranger), 404, "not_found")
    assert verifier.bearer(made["token"]).status_code == 200


def test_revoking_twice_or_nothing_is_not_found(verifier, user):
    made = verifier.make_token(user)
    assert verifier.call("DELETE", f"/v1/tokens/{made['id']}", user=user).status_code == 204
    for token_id in (made["id"], str(uuid.uuid4()), "nonsense", made["id"] + "0"):
        error_of(verifier.call("DELETE", f"/v1/tokens/{token_id}", user=user), 404, "not_found")
    assert items(verifier, user) == []


def test_a_daemon_that_speaks_for_itself_has_no_tokens(verifier):
    error_of(verifier.call("GET", "/v1/tokens"), 401, "unauthenticated")


def test_without_its_database_it_says_so_and_comes_back(make_verifier, postgres, user):
    verifier = make_verifier(expected_errors=("db.lost", "db.connect_failed"))
    token = verifier.make_token(user)["token"]
    postgres.stop()
    try:
        error_of(verifier.call("GET", "/v1/tokens", user=user), 503, "unavailable")
        error_of(verifier.bearer(token), 503, "unavailable")
    finally:
        postgres.start()
    wait_until(lambda: verifier.bearer(token).status_code == 200, "it to come back")
