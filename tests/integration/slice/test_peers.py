# SPDX-License-Identifier: MIT
"""Daemons do nothing for callers that do not prove who they are, whatever port they find."""

import json
import time

import httpx
import pytest
from grove.api import error_of
from grove.envelope import Peer, PeerKeys, claims, new_user, sign
from grove.raw_http import request, send_raw

ROUTES = {
    "auth-verifier": ("POST", "/internal/identify"), "keyvault": ("GET", "/v1/api-keys"), "chat-proxy": ("GET", "/v1/models"),
    "account-store": ("GET", "/v1/conversations"), "vm-controller": ("GET", "/v1/vms"),
}


@pytest.fixture
def keys(stack):
    return PeerKeys((stack.state / "secrets/pairs").read_text())


@pytest.fixture
def peer(stack, keys, api):
    """gateway → account-store, as the local owner."""
    with Peer(keys, "gateway", "account-store", stack.ports("account-store")[0], api.session["user"]["id"]) as made:
        yield made


@pytest.mark.parametrize("daemon", ROUTES)
def test_no_envelope_no_answer(stack, daemon):
    method, path = ROUTES[daemon]
    answer = httpx.request(method, f"http://127.0.0.1:{stack.ports(daemon)[0]}{path}", json={} if method == "POST" else None, trust_env=False)
    error_of(answer, 401, "unauthenticated")


def test_true_envelope_is_answered(peer, api):
    made = api.conversation(title="seen from behind")
    answer = peer.call("GET", "/v1/conversations?limit=1")
    assert answer.status_code == 200 and answer.json()["items"][0]["id"] == made["id"]
    assert answer.headers["x-request-id"]


@pytest.mark.parametrize("change", [
    {"aud": "keyvault"}, {"iss": "chat-proxy"}, {"mth": "POST"}, {"pth": "A" * 43}, {"bod": "A" * 43}, {"iat": None}, {"exp": None}, {"aud": None},
    {"exp": 4102444800000}, {"role": "god"}, {"tier": "gold"}, {"amr": "guess"}, {"sub": "nonsense"}, {"scp": None}, {"scp": -1}, {"scp": 1 << 20},
    {"sid": "a b"}, {"rid": "a\nb"}, {"surprise": 1}, {"iat": "now"}, {"sid": "x" * 64}], ids=str)
def test_envelope_that_says_something_else_is_refused(peer, change):
    error_of(peer.call("GET", "/v1/conversations", **change), 401, "unauthenticated")


def test_old_and_future_envelopes_are_refused(peer):
    now = int(time.time() * 1000)
    for offset in (-40000, 40000, -36000):
        error_of(peer.call("GET", "/v1/conversations", iat=now + offset, exp=now + offset + 30000), 401, "unauthenticated")
    assert peer.call("GET", "/v1/conversations", iat=now - 20000, exp=now + 10000).status_code == 200


def test_envelope_is_good_for_its_one_request(peer):
    made = claims("gateway", "account-store", "GET", "/v1/conversations", user=peer.user)
    envelope = sign(peer.key, json.dumps(made).encode())
    assert peer.send("GET", "/v1/conversations", envelope).status_code == 200
    for method, path, body in (("GET", "/v1/preferences", b""), ("GET", "/v1/conversations?limit=2", b""), ("POST", "/v1/conversations", b"{}")):
        error_of(peer.send(method, path, envelope, body), 401, "unauthenticated")


def test_signature_is_checked_to_the_last_bit(peer):
    envelope = sign(peer.key, json.dumps(claims("gateway", "account-store", "GET", "/v1/conversations", user=peer.user)).encode())
    version, middle, mac = envelope.split(".")
    spoilt = [f"{version}.{middle}.{mac[:-2]}", f"{version}.{middle}.", f"{version}.{middle}", f"v2.{middle}.{mac}", f"{version}.{mac}.{middle}",
              f"{envelope}.", f"{envelope}=", f"x{envelope}", "", ".", "..", "v1..", f"{version}.{middle}.{'A' * 43}", "x" * 5000,
              envelope.replace(mac[5], "A" if mac[5] != "A" else "B", 1) if mac[5] not in middle + version else f"{envelope}x"]
    for value in spoilt:
        answer = peer.send("GET", "/v1/conversations", value)
        assert answer.status_code == 401, (value[:50], answer.text)


def test_key_of_another_pair_opens_nothing(stack, keys, api):
    user = api.session["user"]["id"]
    forged = sign(keys.key("chat-proxy", "keyvault"), json.dumps(claims("gateway", "account-store", "GET", "/v1/conversations", user=user)).encode())
    peer = Peer(keys, "gateway", "account-store", stack.ports("account-store")[0], user)
    error_of(peer.send("GET", "/v1/conversations", forged), 401, "unauthenticated")


@pytest.mark.parametrize("caller, callee, method, path", [
    ("gateway", "keyvault", "POST", "/internal/leases"), ("gateway", "keyvault", "GET", "/internal/keys"),
    ("account-store", "keyvault", "POST", "/internal/leases"), ("gateway", "keyvault", "POST", "/internal/data-keys"),
    ("chat-proxy", "keyvault", "POST", "/internal/data-keys"), ("gateway", "account-store", "POST", "/internal/turns"),
    ("auth-verifier", "account-store", "GET", "/v1/conversations"), ("chat-proxy", "account-store", "POST", "/internal/people/resolve")])
def test_right_envelope_of_the_wrong_daemon_is_forbidden(stack, keys, api, caller, callee, method, path):
    with Peer(keys, caller, callee, stack.ports(callee)[0], api.session["user"]["id"]) as peer:
        error_of(peer.call(method, path, {} if method == "POST" else None), 403, "forbidden")


def test_envelope_without_a_person_reads_nobodys_data(stack, keys):
    with Peer(keys, "gateway", "account-store", stack.ports("account-store")[0]) as peer:
        answer = peer.call("GET", "/v1/conversations")
        assert answer.status_code in (401, 403)


def test_other_person_sees_nothing_of_the_owner(stack, keys, api):
    made = api.conversation(title="mine")
    with Peer(keys, "gateway", "account-store", stack.ports("account-store")[0], new_user()) as other:
        assert other.call("GET", "/v1/conversations").json()["items"] == []
        for method, path, body in (("GET", "", None), ("GET", "/tree", None), ("DELETE", "", None), ("PATCH", "", {"title": "yours"}),
                                   ("GET", f"/branches/{made['rootBranchId']}/messages", None)):
            error_of(other.call(method, f"/v1/conversations/{made['id']}{path}", body), 404, "not_found")
    assert api.ok("GET", f"/api/conversations/{made['id']}")["title"] == "mine"


def test_internal_routes_cannot_be_reached_through_the_door(api):
    for path in ("/api/internal/leases", "/api/../internal/leases", "/internal/leases", "/api/chat/../../internal/leases", "/v1/models"):
        assert api.get(path).status_code in (400, 404)


@pytest.mark.parametrize("daemon", [*ROUTES, "gateway"])
def test_ops_listener_says_ready_and_measures(stack, daemon):
    base = f"http://127.0.0.1:{stack.ports(daemon)[1]}"
    assert httpx.get(f"{base}/healthz", trust_env=False).status_code == 200
    assert httpx.get(f"{base}/readyz", trust_env=False).status_code == 200
    metrics = httpx.get(f"{base}/metrics", trust_env=False)
    assert metrics.status_code == 200 and "# TYPE" in metrics.text and "# HELP" in metrics.text


def test_straight_request_at_the_gateway_is_judged_like_one_through_nginx(stack, api):
    port = stack.ports("gateway")[0]
    answer = send_raw(port, request("GET", "/api/session", host=f"localhost:{stack.port}"))
    assert answer.status == 200 and answer.json["user"] == api.session["user"]
    answer = send_raw(port, request("POST", "/api/conversations", [("Content-Type", "application/json")], b"{}", host=f"localhost:{stack.port}"))
    assert answer.status == 403 and answer.json["error"]["code"] == "csrf_failed"
    answer = send_raw(port, request("GET", "/api/session", host="evil.example"))
    assert answer.status == 421
