# SPDX-License-Identifier: MIT
"""Bytes through the gateway: what goes in, what comes out, and what happens when one side leaves."""

import json
import pathlib
import re
import socket
import threading

import httpx
import pytest
from grove.api import error_of
from grove.envelope import sha256_text
from grove.fake_daemons import claims_of
from grove.raw_http import request, send_raw
from grove.wait import wait_until

PATH, INNER = "/api/conversations", "/v1/conversations"


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def raw_head(status="200 OK", *lines):
    return ("\r\n".join([f"HTTP/1.1 {status}", *lines]) + "\r\n\r\n").encode()


def forwards_live(door):
    return int(float(re.search(r"^grove_forwards_live (\S+)", door.metrics(), re.M)[1]))


def test_only_listed_headers_go_inwards(door):
    answer = door.client.get(f"{PATH}?limit=2&q=a%20b", headers={
        "Accept": "application/json", "Last-Event-ID": "7", "X-Session-Key": "handle-1", "Cookie": "a=b", "X-Forwarded-For": "1.2.3.4",
        "Grove-Identity": "v1.x.y", "Grove-Edge": "x", "X-Request-Id": "0123456789ab", "X-Evil": "1", "User-Agent": "me",
        "Cf-Access-Jwt-Assertion": "a.b.c", "Cf-Access-Authenticated-User-Email": "x@y.z", "Referer": "http://localhost:8080/app", "Range": "bytes=0-1"})
    seen = answer.json()
    assert seen["target"] == f"{INNER}?limit=2&q=a%20b"
    own = {"host", "grove-identity", "accept-encoding", "user-agent"}  # what the gateway sends by itself
    assert set(seen["headers"]) == own | {"accept", "last-event-id", "x-session-key"}
    assert seen["headers"]["user-agent"] != "me" and seen["headers"]["accept-encoding"] == "identity"
    assert seen["headers"]["x-session-key"] == "handle-1"
    assert seen["claims"]["rid"] == answer.headers["x-request-id"] == "0123456789ab"
    assert seen["claims"]["pth"] == sha256_text(f"{INNER}?limit=2&q=a%20b".encode())


def test_odd_values_of_listed_headers_are_left_out(door):
    answer = send_raw(door.daemon.port, request("GET", PATH, [("X-Session-Key", "a\tb"), ("Last-Event-ID", "x" * 257), ("Accept", "\xe4")]))
    headers = set(answer.json["headers"])
    assert not {"x-session-key", "last-event-id", "accept"} & headers or answer.json["headers"].get("accept") == "*/*"


def test_bodies_go_inwards_byte_by_byte(door):
    browser = door.browser() | {"Content-Type": "application/json; charset=utf-8"}
    for body in (b'{"title":"\xc3\xa4"}', b"{}", b"x" * 65536, b""):
        answer = door.client.post(PATH, content=body, headers=browser)
        assert answer.json()["body"].encode("latin-1") == body
        assert answer.json()["headers"]["content-length"] == str(len(body))
        assert answer.json()["headers"]["content-type"] == "application/json"
    answer = door.client.request("DELETE", f"{PATH}/1", headers=browser)
    assert "content-length" not in answer.json()["headers"]


def test_bodies_have_a_limit_for_each_route(door):
    browser = door.browser() | {"Content-Type": "application/json"}
    error_of(door.client.post(PATH, content=b"x" * 65537, headers=browser), 413, "too_large")
    assert door.client.post("/api/chat/completions", content=b" " * 4_000_000, headers=browser).status_code == 200
    answer = send_raw(door.daemon.port, request("POST", "/api/chat/completions", [("Content-Length", "9000000")]))
    assert answer.status == 413 and answer.header("X-Request-Id")


def test_overlong_targets_are_refused(door):
    answer = send_raw(door.daemon.port, request("GET", f"{PATH}?q={'a' * 3000}"))
    assert answer.status == 414 and answer.header("X-Request-Id")
    assert door.client.get(f"{PATH}?q={'a' * 1900}").json()["target"].endswith("aaa")


@pytest.mark.parametrize("status, body", [(200, b'{"a":1}'), (201, b"{}"), (200, b""), (409, b'{"error":{}}'), (429, b"x" * 1000), (503, b"{}")])
def test_short_answers_pass_unchanged(door, behind, status, body):
    behind.on("GET", INNER, lambda e: e.reply(status, body))
    answer = door.client.get(PATH)
    assert (answer.status_code, answer.content) == (status, body)
    assert answer.headers["content-length"] == str(len(body)) and answer.headers["cache-control"] == "no-store"


def test_204_has_no_body_and_keeps_the_connection(door, behind):
    behind.on("GET", INNER, lambda e: e.send(raw_head("204 No Content")))
    for _ in range(3):
        answer = door.client.get(PATH)
        assert answer.status_code == 204 and answer.content == b"" and answer.headers["x-request-id"]


def test_only_listed_headers_come_out(door, behind):
    behind.on("GET", INNER, lambda e: e.send(raw_head(
        "200 OK", "Content-Type: text/markdown", "Content-Disposition: attachment; filename=\"x.md\"", "X-Run-Id: r1", "Set-Cookie: a=b", "X-Evil: 1",
        "Server: x", "X-Request-Id: theirs", "Access-Control-Allow-Origin: *", "Retry-After: 7", "X-Ephemeral-Mode: on", "Location: /x\x01y",
        "Content-Length: 2") + b"ok"))
    answer = door.client.get(PATH)
    assert answer.headers["content-type"] == "text/markdown" and answer.headers["x-run-id"] == "r1" and answer.headers["retry-after"] == "7"
    assert set(answer.headers) <= {"content-type", "content-disposition", "x-run-id", "retry-after", "x-ephemeral-mode", "content-length", "date",
                                   "cache-control", "x-content-type-options", "x-request-id"}
    assert answer.headers["x-request-id"] != "theirs"


@pytest.mark.parametrize("known_length", [True, False])
def test_long_answers_stream_whole(door, behind, known_length):
    data = bytes(range(256)) * 8192  # 2 MiB

    def reply(exchange):
        exchange.head(200, "application/octet-stream", **({"Content_Length": len(data)} if known_length else {}))
        exchange.send(data)
    behind.on("GET", INNER, reply)
    answer = door.client.get(PATH)
    assert answer.content == data and answer.headers["x-accel-buffering"] == "no"


def test_events_come_one_by_one(door, behind):
    more = threading.Event()

    def reply(exchange):
        exchange.head()
        exchange.send(b"data: 1\n\n")
        exchange.wait(more)
        exchange.send(b"data: 2\n\n")
    behind.on("GET", "/v1/chat/runs/1/events", reply)
    with door.client.stream("GET", "/api/chat/runs/1/events") as answer:
        parts = answer.iter_raw()
        assert next(parts) == b"data: 1\n\n"
        more.set()
        assert b"".join(parts) == b"data: 2\n\n"


@pytest.mark.parametrize("length", [2, 300_000, None])
def test_head_asks_like_get_and_answers_without_a_body(door, behind, length):
    def reply(exchange):
        assert exchange.request.method == "GET"
        exchange.head(200, "application/json", **({"Content_Length": length} if length else {}))
        exchange.send(b"x" * (length or 300_000))
    behind.on("GET", INNER, reply)
    answer = send_raw(door.daemon.port, request("HEAD", PATH))
    assert answer.status == 200 and answer.body == b"" and answer.header("Content-Type") == "application/json"
    if length == 2:
        assert answer.header("Content-Length") == "2"
    assert answer.header("Transfer-Encoding") is None
    wait_until(lambda: forwards_live(door) == 0, "the gateway to let go")


def test_a_client_that_leaves_before_the_head_is_seen_behind(door, behind):
    behind.on("GET", INNER, lambda e: e.wait_gone())
    with socket.create_connection(("127.0.0.1", door.daemon.port)) as client:
        client.sendall(request("GET", PATH, close=False))
        wait_until(lambda: behind.seen(INNER), "the request behind")
    assert behind.seen(INNER)[0].gone.wait(10)
    wait_until(lambda: forwards_live(door) == 0, "the gateway to let go")
    assert 'grove_forward_answers_total{target="account-store",status="499"} 1' in door.metrics()


def test_a_client_that_leaves_in_the_middle_is_seen_behind(door, behind):
    def reply(exchange):
        exchange.head()
        exchange.send(b"data: 1\n\n")
        exchange.wait_gone()
    behind.on("GET", INNER, reply)
    with door.client.stream("GET", PATH) as answer:
        assert next(answer.iter_raw())
    assert behind.seen(INNER)[0].gone.wait(10)
    wait_until(lambda: forwards_live(door) == 0, "the gateway to let go")


def test_a_daemon_that_dies_before_its_head_is_unavailable(door, behind):
    behind.on("GET", INNER, lambda e: None)  # the connection closes
    error_of(door.client.get(PATH), 503, "unavailable")
    assert door.client.get("/api/models").status_code == 200


def test_a_daemon_that_dies_in_a_short_answer_is_unavailable(door, behind):
    behind.on("GET", INNER, lambda e: e.send(raw_head("200 OK", "X-Run-Id: r", "Content-Length: 100") + b"only this"))
    answer = door.client.get(PATH)
    error_of(answer, 503, "unavailable")
    assert "x-run-id" not in answer.headers and b"only this" not in answer.content


def test_a_daemon_that_dies_in_a_stream_breaks_the_clients_stream(door, behind):
    behind.on("GET", INNER, lambda e: e.send(raw_head("200 OK", "Content-Type: text/event-stream", "Transfer-Encoding: chunked") + chunk(b"data: 1\n\n")))
    with pytest.raises(httpx.RemoteProtocolError):
        door.client.get(PATH)
    assert door.client.get("/api/models").status_code == 200


@pytest.mark.parametrize("answer", [b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 70000 + b"\r\n\r\n", b"HTTP/1.1 99 X\r\n\r\n"],
                         ids=["no http", "endless head", "no status"])
def test_a_daemon_that_speaks_no_http_is_unavailable(door, behind, answer):
    behind.on("GET", INNER, lambda e: e.send(answer))
    error_of(door.client.get(PATH), 503, "unavailable")


def test_two_lengths_do_not_confuse_the_gateway(make_door, behind):
    door = make_door(expected_errors=("forward.overlong",))
    behind.on("GET", INNER, lambda e: e.send(raw_head("200 OK", "Content-Length: 5", "Transfer-Encoding: chunked") + chunk(b"y" * 400_000) + b"0\r\n\r\n"))
    answer = door.client.get(PATH)
    assert answer.status_code in (200, 500, 503)
    assert door.client.get("/api/models").status_code == 200


def test_a_refused_envelope_does_not_read_as_sign_in(make_door, behind):
    door = make_door(expected_errors=("forward.envelope_refused",))
    refusal = {"error": {"type": "authentication_error", "code": "unauthenticated", "message": "Who?"}}
    behind.on("GET", INNER, lambda e: e.reply(401, refusal))
    error_of(door.client.get(PATH), 500, "internal")
    behind.on("GET", "/v1/tokens", lambda e: e.reply(401, refusal))  # auth-verifier may say so
    assert door.client.get("/api/tokens").status_code == 401


def rss_kib(door):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{door.daemon.process.pid}/status").read_text())[1])


def test_a_slow_reader_slows_the_daemon_and_costs_little_memory(door, behind):
    total, block = 64 << 20, b"z" * (1 << 20)
    sent = []

    def reply(exchange):
        exchange.head(200, "text/event-stream", Content_Length=total)
        for _ in range(total // len(block)):
            exchange.send(block)
            sent.append(len(block))
    behind.on("GET", INNER, reply)
    before = rss_kib(door)
    with socket.create_connection(("127.0.0.1", door.daemon.port)) as client:
        client.sendall(request("GET", PATH))
        assert client.recv(1000)
        held = wait_until(lambda: sent and _still(sent), "the sender to be held up")
        assert held < total // 2
        assert rss_kib(door) - before < 24 * 1024  # of 64 MiB; sanitizers keep what was freed
        received, data = 0, b"x"
        while data:
            data = client.recv(1 << 20)
            received += len(data)
    assert received > total and len(sent) * len(block) == total


def _still(sent):
    """The sum, when it is the same for a while."""
    seen = sum(sent)
    for _ in range(20):
        threading.Event().wait(0.01)
        if sum(sent) != seen:
            return 0
    return seen


def test_an_identity_is_asked_for_once_in_five_seconds(door, behind):
    for _ in range(5):
        assert door.client.get(PATH).status_code == 200
    assert len(behind.seen("/internal/identify")) == 1
    assert "sub" not in claims_of(behind.seen("/internal/identify")[0])
    door.client.get(PATH, headers={"Authorization": "Bearer conversations"})
    assert len(behind.seen("/internal/identify")) == 2


def test_a_bad_token_is_asked_about_each_time(door, behind):
    for _ in range(2):
        error_of(door.client.get(PATH, headers={"Authorization": "Bearer bad"}), 401, "unauthenticated")
    assert len(behind.seen("/internal/identify")) == 2


def test_a_revocation_drops_remembered_identities(door, behind):
    browser = door.browser()
    token = {"Authorization": "Bearer conversations"}
    assert door.client.get(PATH, headers=token).status_code == 200
    behind.on("DELETE", "/v1/tokens/1", lambda e: e.send(raw_head("204 No Content")))
    assert door.client.delete("/api/tokens/1", headers=browser).status_code == 204
    behind.on("POST", "/internal/identify", lambda e: e.reply(401, {"error": {"type": "x", "code": "unauthenticated", "message": "Revoked."}}))
    error_of(door.client.get(PATH, headers=token), 401, "unauthenticated")


def test_an_answer_given_before_a_revocation_is_not_remembered(door, behind):
    """auth-verifier said yes, then the token was revoked, then its answer arrived."""
    browser = door.browser()
    go, token = threading.Event(), {"Authorization": "Bearer conversations"}

    def slowly(exchange):
        if exchange.request.json["authorization"]:
            exchange.wait(go)
        identify(exchange)
    identify = behind.behaviours["POST", "/internal/identify"]
    behind.on("POST", "/internal/identify", slowly)
    late = threading.Thread(target=lambda: httpx.get(f"{door.url}{PATH}", headers=token | {"Host": "localhost:8080"}, trust_env=False))
    late.start()
    wait_until(lambda: len(behind.seen("/internal/identify")) == 2, "the question")
    behind.on("DELETE", "/v1/tokens/1", lambda e: e.send(raw_head("204 No Content")))
    assert door.client.delete("/api/tokens/1", headers=browser).status_code == 204
    go.set()
    late.join()
    behind.on("POST", "/internal/identify", lambda e: e.reply(401, {"error": {"type": "x", "code": "unauthenticated", "message": "Revoked."}}))
    error_of(door.client.get(PATH, headers=token), 401, "unauthenticated")


def test_without_auth_verifier_nobody_is_let_in(door, behind):
    behind.on("POST", "/internal/identify", lambda e: None)
    error_of(door.client.get(PATH), 503, "unavailable")
    error_of(door.client.get("/api/session"), 503, "unavailable")
    assert not behind.seen(INNER)


@pytest.mark.parametrize("change", [{"role": "god"}, {"tier": "gold"}, {"amr": "guess"}, {"userId": "x"}, {"scopes": ["root"]}, {"sessionId": "s" * 64}, {"sessionId": ""}, {"sessionId": "a b"},
                                    {"surprise": 1}, {"displayName": None}], ids=str)
def test_an_identity_that_breaks_the_contract_lets_nobody_in(make_door, behind, change):
    door = make_door(expected_errors=("request.failed",))
    good = {"userId": "01935b2c-7700-7001-8002-030405060708", "email": None, "displayName": "O", "role": "owner", "tier": "pro", "amr": "local",
            "scopes": None, "sessionId": "local"}
    behind.on("POST", "/internal/identify", lambda e: e.reply(200, good | change))
    error_of(door.client.get(PATH), 500, "internal")
    assert not behind.seen(INNER)


def test_a_token_without_scopes_is_not_a_person(door, behind):
    behind.on("POST", "/internal/identify", lambda e: e.reply(200, {
        "userId": "01935b2c-7700-7001-8002-030405060708", "email": None, "displayName": "O", "role": "owner", "tier": "pro", "amr": "token",
        "scopes": None, "sessionId": "t"}))
    error_of(door.client.get(PATH, headers={"Authorization": "Bearer x"}), 403, "forbidden")


def test_many_at_once(door, behind):
    behind.on("GET", INNER, lambda e: e.reply(200, json.dumps({"items": []}).encode()))
    results = []

    def ask():
        with httpx.Client(trust_env=False) as client:
            for _ in range(20):
                results.append(client.get(f"{door.url}{PATH}", headers={"Host": "localhost:8080"}).status_code)
    threads = [threading.Thread(target=ask) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [200] * 200
