# SPDX-License-Identifier: MIT
"""Who is this? Yes, no or who; and a bad credential is nobody, never the local owner."""

import base64
import hashlib
import subprocess
import uuid

import httpx
import pytest
from grove.api import error_of

SCOPES = ["chat", "conversations", "keys", "mcp", "cli"]


def test_nobody_in_particular_is_the_local_owner(verifier, owner):
    answer = verifier.identify()
    assert answer.status_code == 200
    assert answer.json() == {"userId": owner, "email": None, "displayName": "Owner", "role": "owner", "tier": "pro", "amr": "local",
                             "scopes": None, "sessionId": "local"}


def test_cookies_of_other_programs_on_this_machine_change_nothing(verifier, owner):
    assert verifier.identify(cookie="session=abc; theme=dark").json()["userId"] == owner


def test_a_token_is_its_owner_with_its_scopes(verifier, user):
    made = verifier.make_token(user, ["cli", "chat"])
    seen = verifier.bearer(made["token"]).json()
    assert seen["userId"] == user and seen["amr"] == "token" and seen["scopes"] == ["chat", "cli"]
    assert seen["sessionId"] == made["id"] and seen["role"] == "user"


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Bearer x", "Basic dXNlcjpwYXNz", "bearer", "Bearer grove_", "Token abc", "\t", "Bearer \u00e4"])
def test_what_is_no_token_is_nobody(verifier, header):
    error_of(verifier.identify(authorization=header), 401, "unauthenticated")


@pytest.mark.parametrize("spoil", [
    lambda t: t[:-1], lambda t: t + "A", lambda t: t.upper(), lambda t: t.swapcase(), lambda t: f" {t}", lambda t: f"{t} ", lambda t: f"{t},{t}",
    lambda t: t.replace("_", "-"), lambda t: t[:30] + ("A" if t[30] != "A" else "B") + t[31:]], ids=range(9))
def test_a_spoilt_token_is_nobody(verifier, user, spoil):
    error_of(verifier.bearer(spoil(verifier.make_token(user)["token"])), 401, "unauthenticated")


def well_formed(public_id, secret):
    """A token with a right checksum that was never given out."""
    text = f"grove_{public_id}_{base64.urlsafe_b64encode(secret).rstrip(b'=').decode()}"
    return text + base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode()[:6]


def test_a_token_with_a_true_id_and_a_guessed_secret_is_nobody(verifier, user):
    token = verifier.make_token(user)["token"]
    error_of(verifier.bearer(well_formed(token[6:18], bytes(32))), 401, "unauthenticated")
    error_of(verifier.bearer(well_formed("aaaaaaaaaaaa", bytes(32))), 401, "unauthenticated")


def test_a_revoked_token_is_dead_at_once(verifier, user):
    made = verifier.make_token(user)
    assert verifier.bearer(made["token"]).status_code == 200
    assert verifier.call("DELETE", f"/v1/tokens/{made['id']}", user=user).status_code == 204
    error_of(verifier.bearer(made["token"]), 401, "unauthenticated")


def test_an_expired_token_is_dead(verifier, user):
    made = verifier.make_token(user, expiresAt="2099-01-01T00:00:00Z")
    assert verifier.bearer(made["token"]).status_code == 200
    verifier.postgres.sql(f"UPDATE auth.tokens SET expires_at = now() - interval '1 second' WHERE id = '{made['id']}'")
    error_of(verifier.bearer(made["token"]), 401, "unauthenticated")


def test_a_disabled_or_deleted_person_is_nobody(verifier, people, user):
    token = verifier.make_token(user)["token"]
    people.disabled.add(user)
    error_of(verifier.bearer(token), 401, "unauthenticated")
    people.disabled.clear()
    people.gone.add(user)
    error_of(verifier.bearer(token), 401, "unauthenticated")
    people.gone.clear()
    assert verifier.bearer(token).status_code == 200


@pytest.mark.parametrize("broken", [lambda e: None, lambda e: e.reply(500, {"error": {}}), lambda e: e.reply(503, {"error": {}}),
                                    lambda e: e.reply(401, {"error": {}}), lambda e: e.reply(418, {})], ids=["dies", "500", "503", "401", "418"])
def test_without_the_store_of_people_nobody_can_be_told(verifier, people, user, broken):
    token = verifier.make_token(user)["token"]
    people.broken = broken
    error_of(verifier.bearer(token), 503, "unavailable")
    error_of(verifier.identify(), 503, "unavailable")


@pytest.mark.parametrize("answer", [{}, {"userId": "x"}, []], ids=str)
def test_an_answer_of_the_store_that_makes_no_sense_lets_nobody_in(make_verifier, people, answer):
    verifier = make_verifier(expected_errors=("request.failed",))
    people.broken = lambda e: e.reply(200, answer)
    error_of(verifier.identify(), 500, "internal")


def test_with_auth_required_there_is_no_local_owner(make_verifier, people, user):
    strict = make_verifier(AUTH_REQUIRED="true", AUTH_PASSWORD_SIGN_IN="true")
    error_of(strict.identify(), 401, "unauthenticated")
    error_of(strict.identify(cookie="a=b"), 401, "unauthenticated")
    assert not people.requests
    assert strict.bearer(strict.make_token(user)["token"]).json()["userId"] == user


def test_access_headers_that_cannot_be_checked_are_nobody(make_verifier):
    verifier = make_verifier(AUTH_TRUST_IDENTITY_HEADERS="true", AUTH_ACCESS_TEAM_DOMAIN="https://team.example", AUTH_ACCESS_AUDIENCE="tag")
    for shown in ({"accessEmail": "ann@example.org"}, {"accessAssertion": "a.b.c"}, {"accessEmail": "ann@example.org", "accessAssertion": "a.b.c"}):
        error_of(verifier.identify(**shown), 401, "unauthenticated")
    assert verifier.identify().status_code == 200  # auth is off: nobody shown, nobody needed


@pytest.mark.parametrize("body", [{}, {"authorization": 1}, {"other": "x"}, {"authorization": "x" * 9000}, [], "x"], ids=lambda b: str(b)[:20])
def test_a_question_of_another_shape_is_refused(verifier, body):
    answer = verifier.call("POST", "/internal/identify", body)
    assert answer.status_code == (200 if body == {} else 400)


def test_only_the_gateway_may_ask(verifier):
    answer = httpx.post(f"http://127.0.0.1:{verifier.port}/internal/identify", json={}, trust_env=False)
    error_of(answer, 401, "unauthenticated")


def test_nginx_asks_with_its_secret(verifier, make_verifier):
    def ask(which, **headers):
        return httpx.get(f"http://127.0.0.1:{which.port}/internal/auth-request", headers=headers, trust_env=False).status_code
    assert ask(verifier, **{"Grove-Edge": verifier.settings["GROVE_EDGE_SECRET"]}) == 204
    assert ask(verifier) == 403 and ask(verifier, **{"Grove-Edge": "0" * 64}) == 403
    strict = make_verifier(AUTH_REQUIRED="true", AUTH_PASSWORD_SIGN_IN="true")
    assert ask(strict, **{"Grove-Edge": strict.settings["GROVE_EDGE_SECRET"]}) == 401
    assert ask(strict) == 403


def test_the_day_of_use_is_written_once_a_day(verifier, user):
    made = verifier.make_token(user)
    row = f"WHERE id = '{made['id']}'"
    assert verifier.postgres.sql(f"SELECT last_used_on IS NULL FROM auth.tokens {row}") == "t"
    assert verifier.bearer(made["token"]).status_code == 200
    first = verifier.postgres.sql(f"SELECT last_used_on = current_date, xmin FROM auth.tokens {row}")
    assert first.startswith("t|")
    for _ in range(5):
        assert verifier.bearer(made["token"]).status_code == 200
    assert verifier.postgres.sql(f"SELECT last_used_on = current_date, xmin FROM auth.tokens {row}") == first
    verifier.postgres.sql(f"UPDATE auth.tokens SET last_used_on = current_date - 3 {row}")
    assert verifier.bearer(made["token"]).status_code == 200
    assert verifier.postgres.sql(f"SELECT last_used_on = current_date FROM auth.tokens {row}") == "t"


def test_a_bad_token_writes_nothing(verifier, user):
    made = verifier.make_token(user)
    verifier.bearer(well_formed(made["token"][6:18], bytes(32)))
    assert verifier.postgres.sql(f"SELECT last_used_on IS NULL FROM auth.tokens WHERE id = '{made['id']}'") == "t"


def test_rows_are_seen_by_their_owner_or_by_their_name_only(verifier, user):
    made, other = verifier.make_token(user), verifier.make_token(str(uuid.uuid4()))
    public_id = made["token"][6:18]
    count = "SELECT count(*) FROM auth.tokens"
    assert verifier.as_role(count) == "0"
    assert verifier.as_role(count, token="", user_id="") == "0"
    assert verifier.as_role("SELECT id FROM auth.tokens", token=public_id) == made["id"]
    assert verifier.as_role("SELECT id FROM auth.tokens", user_id=user) == made["id"]
    assert verifier.as_role(count, token="nonsense") == "0"
    # By its name a token's day of use can be written, and nothing of another row.
    for sql in (f"UPDATE auth.tokens SET last_used_on = current_date WHERE id = '{other['id']}' RETURNING id",
                f"UPDATE auth.tokens SET revoked_at = now() WHERE id = '{other['id']}' RETURNING id"):
        assert verifier.as_role(sql, token=public_id) == ""
    for sql in ("UPDATE auth.tokens SET scopes = 'cli'", "UPDATE auth.tokens SET expires_at = NULL", "UPDATE auth.tokens SET secret_sha256 = ''",
                "UPDATE auth.tokens SET user_id = gen_random_uuid()", "DELETE FROM auth.tokens"):
        with pytest.raises(subprocess.CalledProcessError) as refused:
            verifier.as_role(sql, user_id=user)
        assert "permission denied" in refused.value.stderr
    with pytest.raises(subprocess.CalledProcessError) as refused:
        verifier.as_role("INSERT INTO auth.tokens (user_id, id, public_id, secret_sha256, name, scopes) VALUES"
                         f" ('{uuid.uuid4()}', '{uuid.uuid4()}', 'abcdefghijkl', decode(repeat('00', 32), 'hex'), 'x', 'chat')", user_id=user)
    assert "row-level security" in refused.value.stderr
