# SPDX-License-Identifier: MIT
"""Who may pass the door, for each route of the table in services/gateway/routes.c."""

import re

import pytest
from grove.api import error_of
from grove.fake_daemons import claims_of
from grove.paths import ROOT
from grove.raw_http import request, send_raw

SCOPES = ("chat", "conversations", "keys", "mcp", "cli")
SOURCE = (ROOT / "services/gateway/routes.c").read_text()
TABLE = [(method, path, target.lower().replace("_", "-"), scope.lower())
         for method, path, target, scope in re.findall(r'FORWARD\((\w+), "([^"]+)",\s+(\w+),\s+(\w+)', SOURCE)]
TABLE.append(("POST", "/api/chat/completions", "chat-proxy", "chat"))
IDS = [f"{method} {path}" for method, path, *_ in TABLE]
CHANGES = [row for row in TABLE if row[0] != "GET"]
STRANGERS = [("GET", "/api/nothing"), ("POST", "/api/nothing"), ("GET", "/api"), ("GET", "/"), ("GET", "/v1/conversations"),
             ("GET", "/internal/identify"), ("PUT", "/api/conversations"), ("DELETE", "/api/chat/completions"), ("OPTIONS", "/api/tokens")]


def real(path):
    return re.sub(r":\w+", "0190aaaa-0000-7000-8000-000000000001", path)


def ask(door, method, path, **headers):
    body = b"{}" if method in ("POST", "PATCH", "PUT") else b""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    if body:
        headers.setdefault("Content-Type", "application/json")
    return door.client.request(method, real(path), content=body, headers=headers)


def test_the_table_was_read():
    assert len(TABLE) >= 36 and len(TABLE) == len(set(IDS)) == SOURCE.count("FORWARD(") - 1 + 1


def test_the_readme_shows_the_table():
    readme = (ROOT / "services/gateway/README.md").read_text()
    for method, path, target, scope in TABLE:
        assert f"| `{method} {path}` | {'people only' if scope == 'person' else scope} | {target} |" in readme
    assert readme.count("| `GET /api/") + readme.count("| `POST /api/") + readme.count("| `DELETE /api/") + readme.count("| `PATCH /api/") == len(TABLE) + 1


def test_nobody_gets_anything_but_401_where_auth_is_required(closed_door):
    for method, path, *_ in TABLE:
        error_of(ask(closed_door, method, path), 401, "unauthenticated")
    error_of(ask(closed_door, "GET", "/api/session"), 401, "unauthenticated")
    for method, path, *_ in TABLE:  # a bad token is nobody, too
        error_of(ask(closed_door, method, path, Authorization="Bearer bad"), 401, "unauthenticated")
    assert {r.path for r in closed_door.behind.requests} == {"/internal/identify"}


def test_strangers_do_not_learn_what_there_is(closed_door):
    for method, path in STRANGERS:
        answer = ask(closed_door, method, path)
        error_of(answer, 401, "unauthenticated")
        assert "allow" not in answer.headers
    known = {"Authorization": "Bearer chat"}
    error_of(ask(closed_door, "GET", "/api/nothing", **known), 404, "not_found")
    answer = ask(closed_door, "PUT", "/api/conversations", **known)
    error_of(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, HEAD, POST"


def test_what_is_not_in_the_table_does_not_exist(door):
    for method, path in STRANGERS:
        answer = ask(door, method, path)
        assert answer.status_code in (404, 405), (method, path)
        error_of(answer, answer.status_code, "not_found" if answer.status_code == 404 else "method_not_allowed")
    assert not door.behind.requests


def test_unknown_methods_are_refused(door):
    for method in ("TRACE", "CONNECT", "PROPFIND", "get", "FOO"):
        answer = send_raw(door.daemon.port, request(method, "/api/session"))
        assert answer.status == 405 and answer.json["error"]["code"] == "method_not_allowed" and answer.header("X-Request-Id")


@pytest.mark.parametrize("method, path, target, scope", TABLE, ids=IDS)
def test_each_route_wants_its_scope_and_leads_to_its_daemon(door, method, path, target, scope):
    others = [s for s in SCOPES if s != scope]
    error_of(ask(door, method, path, Authorization=f"Bearer {','.join(others)}"), 403, "forbidden")
    error_of(ask(door, method, path, Authorization="Bearer none"), 403, "forbidden")
    if scope == "person":
        answer = ask(door, method, path, **door.browser())
    else:
        answer = ask(door, method, path, Authorization=f"Bearer {scope}")
    assert answer.status_code == 200, answer.text
    seen = door.behind.requests[-1]
    assert seen.method == method and seen.path == real(path).replace("/api/", "/v1/", 1)
    claims = claims_of(seen)
    assert claims["aud"] == target and claims["iss"] == "gateway" and claims["rid"] == answer.headers["x-request-id"]


def test_the_local_owner_may_use_every_route(door):
    browser = door.browser()
    for method, path, *_ in TABLE:
        answer = ask(door, method, path, **browser)
        assert answer.status_code == 200, f"{method} {path}: {answer.text}"


@pytest.mark.parametrize("spoil", [{"Origin": None}, {"Origin": "https://evil.example"}, {"Origin": "null"}, {"X-Grove-CSRF": None},
                                   {"X-Grove-CSRF": "A" * 43}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}], ids=str)
def test_a_change_that_is_not_from_our_page_is_refused(door, spoil):
    headers = {name: value for name, value in (door.browser() | spoil).items() if value is not None}
    before = len(door.behind.requests)
    for method, path, *_ in CHANGES:
        error_of(ask(door, method, path, **headers), 403, "csrf_failed")
    assert len(door.behind.requests) == before


def test_a_change_that_is_not_json_is_refused(door):
    browser = door.browser()
    for method, path, *_ in (row for row in CHANGES if row[0] != "DELETE"):
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
            error_of(ask(door, method, path, **browser, Content_Type=kind), 415, "unsupported_media_type")


def test_a_foreign_host_is_sent_away_before_anything_else(closed_door):
    answer = closed_door.client.get("/api/session", headers={"Host": "rebound.example"})
    error_of(answer, 421, "misdirected")
    answer = closed_door.client.get("/api/nothing", headers={"Host": "rebound.example"})
    error_of(answer, 421, "misdirected")
    assert not closed_door.behind.requests


def test_a_csrf_token_is_no_good_to_somebody_else(make_door):
    """Two houses with different secrets, one person."""
    first, second = make_door(), make_door()
    headers = first.browser()
    assert ask(first, "POST", "/api/conversations", **headers).status_code == 200
    error_of(ask(second, "POST", "/api/conversations", **headers), 403, "csrf_failed")
