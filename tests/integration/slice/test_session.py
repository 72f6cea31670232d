# SPDX-License-Identifier: MIT
"""GET /api/session, and what a browser needs before it may change anything."""

import httpx
import pytest
from grove.api import error_of


def test_local_owner_is_there_without_signing_in(api):
    session = api.session
    assert session["user"]["role"] == "owner" and session["user"]["tier"] == "pro"
    assert session["auth"] == {"mode": "off", "required": False}
    assert session["byok"] == {"persistence": "encrypted"}
    assert session["csrfToken"] and session["version"] and isinstance(session["features"], dict)
    assert {"id", "email", "displayName", "role", "tier"} == set(session["user"])


def test_owner_is_the_same_person_each_time(api):
    assert api.ok("GET", "/api/session")["user"]["id"] == api.session["user"]["id"]


def test_every_answer_carries_a_request_id_and_may_not_be_cached(api):
    answers = [api.get("/api/session"), api.get("/api/session")]
    assert answers[0].headers["x-request-id"] != answers[1].headers["x-request-id"]
    assert answers[0].headers["cache-control"] == "no-store"


def test_same_over_https(stack):
    answer = httpx.get(f"{stack.tls_url}/api/session", verify=False, trust_env=False)
    assert answer.status_code == 200 and answer.json()["user"]["role"] == "owner"
    assert "max-age" in answer.headers["strict-transport-security"]


def test_no_cross_origin_reading_is_allowed(stack):
    answer = httpx.get(f"{stack.url}/api/session", headers={"Origin": "https://evil.example"}, trust_env=False)
    assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize("change", [
    {"Origin": None}, {"Origin": "https://evil.example"}, {"Origin": "null"}, {"X-Grove-CSRF": None}, {"X-Grove-CSRF": "wrong"},
    {"X-Grove-CSRF": ""}, {"Sec-Fetch-Site": "cross-site"}], ids=str)
def test_change_from_another_page_is_refused(stack, api, change):
    headers = {name: api.headers[name] for name in ("Origin", "X-Grove-CSRF")} | change
    sent = {name: value for name, value in headers.items() if value is not None}
    answer = httpx.post(f"{stack.url}/api/conversations", json={}, headers=sent, trust_env=False)
    error_of(answer, 403, "csrf_failed")


def test_change_that_is_not_json_is_refused(api):
    answer = api.post("/api/conversations", content=b"title=x", headers={"Content-Type": "application/x-www-form-urlencoded"})
    error_of(answer, 415, "unsupported_media_type")


def test_foreign_host_is_refused(stack):
    answer = httpx.get(f"{stack.url}/api/session", headers={"Host": "rebound.example"}, trust_env=False)
    error_of(answer, 421, "misdirected")


def test_all_loopback_names_are_ours(stack):
    for host in ("localhost", "127.0.0.1", "[::1]"):
        answer = httpx.get(f"{stack.url}/api/session", headers={"Host": f"{host}:{stack.port}"}, trust_env=False)
        assert answer.status_code == 200, host


@pytest.mark.parametrize("header", ["Grove-Identity", "Cf-Access-Authenticated-User-Email", "X-Forwarded-User", "Grove-Edge"])
def test_identity_headers_of_a_client_change_nothing(stack, api, header):
    answer = httpx.get(f"{stack.url}/api/session", headers={header: "someone@example.com"}, trust_env=False)
    assert answer.json()["user"] == api.session["user"]


def test_landing_page_and_app_page_are_served(stack):
    for path in ("/", "/pricing", "/app", "/app/anything"):
        answer = httpx.get(f"{stack.url}{path}", trust_env=False)
        assert answer.status_code == 200 and "text/html" in answer.headers["content-type"], path
        assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_what_is_not_listed_does_not_exist(stack):
    for path in ("/x", "/index.html.map", "/../etc/passwd", "/.git/config", "/internal/status", "/v1/conversations"):
        assert httpx.get(f"{stack.url}{path}", trust_env=False).status_code in (400, 404), path


def test_virtual_machines_say_why_there_are_none(api):
    error = api.refused("POST", "/api/vms", 503, "vm_unavailable", json={"type": "browser"})
    assert error["details"]["reason"]
