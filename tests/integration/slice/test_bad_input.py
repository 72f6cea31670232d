# SPDX-License-Identifier: MIT
"""Whatever comes in, there is an answer of the error shape, nothing is stored, and every daemon lives on."""

import json

import pytest
from grove import rogue_behaviours
from grove.api import error_of
from grove.raw_http import request, send_raw

CHAT = {"model": "model-a", "provider": "openai-compatible", "messages": [{"role": "user", "content": "hi"}]}
MUTATIONS = ["/api/conversations", "/api/chat/completions", "/api/api-keys", "/api/tokens", "/api/api-keys/session"]


@pytest.fixture(autouse=True)
def nothing_dies(stack):
    before = {name: stack.pid(name) for name in ("gateway", "auth-verifier", "keyvault", "chat-proxy", "account-store", "vm-controller")}
    yield
    assert {name: stack.pid(name) for name in before} == before


def post_bytes(api, path, data):
    return api.post(path, content=data, headers={"Content-Type": "application/json"})


BAD_JSON = {
    "empty": b"", "text": b"hello", "half": b'{"a":', "trailing bytes": b"{} x", "two values": b"{}{}", "byte order mark": b"\xef\xbb\xbf{}",
    "NUL": b'{"title":"a\x00b"}', "escaped NUL": b'{"title":"a\\u0000b"}', "lone surrogate": b'{"title":"\\ud800"}',
    "invalid UTF-8": b'{"title":"\xff"}', "overlong UTF-8": b'{"title":"\xc0\xaf"}', "control byte": b'{"title":"a\nb"}',
    "duplicate key": b'{"title":"a","title":"b"}', "duplicate after unescaping": b'{"title":"a","titl\\u0065":"b"}',
    "leading zero": b'{"title":01}', "bare point": b'{"title":1.}', "NaN": b'{"title":NaN}', "infinity": b'{"title":1e400}',
    "single quotes": b"{'title':'a'}", "comment": b'{/* */"title":"a"}', "trailing comma": b'{"title":"a",}', "deep": b"[" * 5000,
    "deep objects": b'{"a":' * 40 + b"1" + b"}" * 40,
}


@pytest.mark.parametrize("path, case", [(path, case) for path in MUTATIONS for case in BAD_JSON
                                        if (path, case) != ("/api/conversations", "empty")])  # that one needs no body
def test_bad_json_is_refused(api, path, case):
    answer = post_bytes(api, path, BAD_JSON[case])
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["code"] in ("invalid_json", "invalid_request"), answer.text


@pytest.mark.parametrize("path", MUTATIONS)
@pytest.mark.parametrize("data", [b"[]", b'"x"', b"1", b"null", b"true"], ids=str)
def test_body_that_is_no_object_is_refused(api, path, data):
    answer = post_bytes(api, path, data)
    assert answer.status_code == 400, answer.text


@pytest.mark.parametrize("change, param", [
    ({"model": None}, "model"), ({"model": 5}, "model"), ({"model": ""}, "model"), ({"model": "x" * 5000}, "model"),
    ({"messages": None}, "messages"), ({"messages": {}}, "messages"), ({"messages": []}, "messages"), ({"messages": ["hi"]}, "messages"),
    ({"messages": [{"content": "x"}]}, "messages"), ({"stream": "yes"}, "stream"), ({"conversationId": "nonsense"}, "conversationId"),
    ({"conversationId": 5}, "conversationId"), ({"ephemeral": "on"}, "ephemeral"),
    ({"provider": "nobody"}, "provider"), ({"messageId": "nonsense"}, "messageId"),
    ({"stream_options": {"include_usage": "yes"}}, "stream_options")], ids=str)
def test_bad_field_of_a_chat_is_named(rogue_api, rogue, change, param):
    body = {name: value for name, value in (CHAT | change).items() if value is not None}
    error = rogue_api.refused("POST", "/api/chat/completions", 400, "invalid_request", json=body)
    assert error.get("param", "").split("[")[0].split(".")[0] == param
    assert rogue.asked() == []


def test_fields_that_only_a_provider_knows_are_the_providers_to_judge(rogue_api, rogue):
    rogue.on("model-a", rogue_behaviours.answer("x"))
    body = CHAT | {"top_k": 40, "chat_template_kwargs": {"thinking": False}}
    assert rogue_api.post("/api/chat/completions", json=body).status_code == 200
    assert rogue.asked()[0].json["top_k"] == 40 and rogue.asked()[0].json["chat_template_kwargs"] == {"thinking": False}


@pytest.mark.parametrize("body, param", [
    ({"title": 5}, "title"), ({"title": "x" * 61}, "title"), ({"settings": []}, "settings"), ({"surprise": 1}, "surprise"),
    ({"userId": "00000000-0000-4000-8000-000000000000"}, "userId"), ({"Title": "x"}, "Title"), ({"title": " \u0007 "}, "title")], ids=str)
def test_bad_field_of_a_conversation_is_named(stack, api, body, param):
    before = stack.sql("SELECT count(*) FROM account.conversations")
    error = api.refused("POST", "/api/conversations", 400, "invalid_request", json=body)
    assert error["param"].split(".")[0] == param
    assert stack.sql("SELECT count(*) FROM account.conversations") == before


@pytest.mark.parametrize("method, path", [
    ("PUT", "/api/conversations"), ("DELETE", "/api/session"), ("POST", "/api/session"), ("GET", "/api/chat/completions"), ("PATCH", "/api/tokens"),
    ("TRACE", "/api/session"), ("CONNECT", "/api/session"), ("PROPFIND", "/api/conversations"), ("get", "/api/session")])
def test_unknown_method_is_405(stack, api, method, path):
    headers = [("Origin", stack.url), ("X-Grove-CSRF", api.session["csrfToken"])]
    answer = send_raw(stack.port, request(method, path, headers, host=f"localhost:{stack.port}"))
    assert answer.status == 405 or (answer.status in (400, 404) and method in ("CONNECT", "get", "TRACE")), answer
    if answer.status == 405 and answer.body:
        assert answer.json["error"]["code"] == "method_not_allowed"


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/nothing", "/api/conversations/x/y/z", "/api/internal/status", "/api/../internal/status",
                                  "/api/%2e%2e/internal/identify", "/api/conversations/%2e%2e", "/api/conversations/a%2fb", "/api//session"])
def test_unknown_path_is_404_or_refused(stack, path):
    answer = send_raw(stack.port, request("GET", path, host=f"localhost:{stack.port}"))
    assert answer.status in (400, 404), answer
    assert answer.json["error"]["code"] in ("not_found", "invalid_request")
    assert answer.header("X-Request-Id")


def test_large_chat_is_accepted_and_a_huge_one_refused(rogue_api, rogue):
    rogue.on("model-a", rogue_behaviours.answer("x"))
    assert rogue_api.chat("x" * 500_000).status_code == 200
    error_of(rogue_api.chat("x" * (40 << 20)), 413, "too_large")
    assert len(rogue.asked()) == 1


@pytest.mark.parametrize("path", ["/api/conversations", "/api/tokens", "/api/api-keys"])
def test_huge_body_of_a_small_route_is_refused(api, path):
    error_of(post_bytes(api, path, json.dumps({"title": "x" * (2 << 20)}).encode()), 413, "too_large")


def test_long_address_and_large_headers_are_refused(stack, api):
    error_of(api.get("/api/conversations?cursor=" + "x" * 20000), 414, "uri_too_long")
    error_of(api.get("/api/session", headers={"X-Large": "x" * 20000}), 431, "headers_too_large")


# What evhttp alone would take (reference of the house's HTTP gate): every one of these is refused, by nginx or by us.
MALFORMED = {
    "bare header name": b"GET /api/session HTTP/1.1\r\nHost: localhost\r\nNoColon\r\n\r\n",
    "space before colon": b"GET /api/session HTTP/1.1\r\nHost: localhost\r\nX-A : b\r\n\r\n",
    "empty header name": b"GET /api/session HTTP/1.1\r\nHost: localhost\r\n: b\r\n\r\n",
    "folded header": b"GET /api/session HTTP/1.1\r\nHost: localhost\r\nX-A: b\r\n c\r\n\r\n",
    "NUL in header": b"GET /api/session HTTP/1.1\r\nHost: localhost\r\nX-A: b\x00c\r\n\r\n",
    "two lengths": b"POST /api/conversations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\nhello",
    "length with a plus": b"POST /api/conversations HTTP/1.1\r\nHost: localhost\r\nContent-Length: +5\r\n\r\nhello",
    "length and chunks": b"POST /api/conversations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two encodings": b"POST /api/conversations HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "two hosts": b"GET /api/session HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
    "no host": b"GET /api/session HTTP/1.1\r\n\r\n",
    "space in path": b"GET /api/ses sion HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "version nine": b"GET /api/session HTTP/9.1\r\nHost: localhost\r\n\r\n",
    "no request": b"\x16\x03\x01\x02\x00\x01\x00\x01",
    "many headers": b"GET /api/session HTTP/1.1\r\nHost: localhost\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(3000)) + b"\r\n",
    "chunk size with 0x": b"POST /api/conversations HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("case", [case for case in MALFORMED if case != "bare header name"])  # nginx leaves such a line out
def test_malformed_request_at_nginx_is_refused(stack, case):
    answer = send_raw(stack.port, MALFORMED[case].replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1), half_close=True)
    assert answer.status is None or 400 <= answer.status < 600 and answer.status != 500, answer
    assert answer.count() <= 1


@pytest.mark.parametrize("daemon", ["gateway", "auth-verifier", "keyvault", "chat-proxy", "account-store", "vm-controller"])
@pytest.mark.parametrize("case", MALFORMED)
def test_malformed_request_at_a_daemon_is_refused_and_the_connection_closed(stack, daemon, case):
    port, _ = stack.ports(daemon)
    answer = send_raw(port, MALFORMED[case] + b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", half_close=True)
    assert answer.status is None or 400 <= answer.status < 600, answer
    assert answer.count() <= 1, f"the rest was taken for a second request: {answer}"
