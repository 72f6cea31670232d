# SPDX-License-Identifier: MIT
"""What goes wrong upstream: the code a caller gets, the key that is tried next, and that nothing is told twice."""

import time

import pytest
from grove import openai_shapes as shapes
from grove import rogue_behaviours
from grove.rogue_model import RogueModel

TABLE = [
    # upstream status, error members, our status, our code, the key's outcome
    (400, {"code": "context_length_exceeded"}, 400, "provider_refused", "failed"),
    (401, {"code": "invalid_api_key"}, 422, "provider_key_rejected", "rejected"),
    (402, {}, 429, "keys_exhausted", "limited"),
    (403, {}, 422, "provider_key_rejected", "rejected"),
    (404, {"code": "model_not_found"}, 422, "model_unknown", "failed"),
    (413, {}, 413, "too_large", "failed"),
    (422, {}, 400, "provider_refused", "failed"),
    (429, {"code": "rate_limit_exceeded"}, 429, "rate_limited", "limited"),
    (429, {"code": "insufficient_quota"}, 429, "keys_exhausted", "limited"),
    (500, {}, 502, "provider_error", "limited"),
    (503, {}, 502, "provider_error", "limited"),
    (504, {}, 504, "provider_timeout", "limited"),
    (529, {"kind": "overloaded_error"}, 502, "provider_error", "limited"),
    (302, {}, 502, "provider_error", "limited"),
]
WAYS = ("whole", "stream", "stored")


def ask(proxy, way):
    """A refusal as (status or None inside a stream, error)."""
    if way == "whole":
        answer = proxy.chat()
        return answer.status_code, answer.json()["error"], answer.headers
    with proxy.stream() if way == "stream" else proxy.stored() as answer:
        if answer.status != 200:
            answer.response.read()
            return answer.status, answer.response.json()["error"], answer.headers
        answer.read()
        assert len(answer.errors) == 1 and answer.seen[-1].data == "[DONE]" and answer.text == ""
        return None, answer.errors[0], answer.headers


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("upstream,members,status,code,outcome", TABLE)
def test_refusals_have_their_own_code_and_status(proxy, rogue, way, upstream, members, status, code, outcome):
    rogue.on("model-a", lambda exchange: exchange.reply(upstream, shapes.error("secret sk-test-0123456789abcdef", **members)))
    got, error, headers = ask(proxy, way)
    assert (got, error["code"]) == (None if way == "stored" else status, code)
    assert error["details"]["status"] == upstream and "sk-test" not in str(error)
    if members.get("code"):
        assert error["details"]["providerCode"] == members["code"]
    if got:
        assert headers["x-should-retry"] == "false" and headers["x-run-id"]
    assert proxy.wait_settled()[0]["outcome"] == outcome
    if way == "stored":
        assert proxy.the_turn()["status"] == "failed"
    else:
        booked = proxy.wait_booked()[0]
        assert (booked["status"], booked["promptTokens"], booked["provider"]) == ("failed", 0, "openai-compatible")


def test_retry_after_is_handed_on(proxy, rogue):
    rogue.on("model-a", rogue_behaviours.status(429, Retry_After="7"))
    answer = proxy.chat()
    assert answer.status_code == 429 and answer.headers["retry-after"] == "7"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("first", [401, 402, 429, 500, "error object", "html", "cut"])
def test_next_key_is_tried_unseen(proxy, rogue, way, first):
    if first == "error object":
        bad = rogue_behaviours.raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
                                   + shapes.event(shapes.error("no", code=429)))
    elif first == "html":
        bad = rogue_behaviours.raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<html>Welcome</html>")
    elif first == "cut":
        bad = rogue_behaviours.raw(b"HTTP/1.1 200 OK\r\nContent-")
    else:
        bad = rogue_behaviours.status(first)
    good = rogue_behaviours.answer("from the second")
    rogue.on("model-a", lambda exchange: (good if "second" in exchange.request.header("Authorization") else bad)(exchange))
    proxy.vault.keys.clear()
    proxy.vault.add_key(rogue.base_url, "sk-first-0123456789abcdef")
    proxy.vault.add_key(rogue.base_url, "sk-second-0123456789abcdef")
    if way == "whole":
        answer = proxy.chat()
        assert answer.status_code == 200 and answer.json()["choices"][0]["message"]["content"] == "from the second"
    else:
        with proxy.stream() if way == "stream" else proxy.stored() as answer:
            answer.read()
        assert answer.text == "from the second" and answer.errors == []
    outcomes = {s["keyId"]: s["outcome"] for s in proxy.wait_settled(2)}
    assert outcomes[proxy.vault.keys[0]["keyId"]] == ("rejected" if first == 401 else "limited")
    assert outcomes[proxy.vault.keys[1]["keyId"]] == "ok"
    if way == "stored":
        assert proxy.the_turn()["text"] == "from the second"


def test_every_key_is_tried_once_and_the_last_refusal_is_told(proxy, rogue, refused):
    for n in range(3):
        proxy.vault.add_key(rogue.base_url, f"sk-number-{n}")
    rogue.on("model-a", rogue_behaviours.echo_key())
    error = refused(proxy.chat(), 422, "provider_key_rejected")
    assert len(rogue.asked()) == 4 and len(proxy.wait_settled(4)) == 4 and "sk-" not in str(error)
    assert "sk-number" not in proxy.daemon.log()


def test_without_any_key_nothing_is_written(proxy, refused):
    proxy.vault.keys.clear()
    with proxy.stored() as answer:
        refused(answer, 403, "byok_required")
    assert proxy.store.calls == []


def test_provider_that_is_not_spoken_is_refused_and_its_lease_given_back(proxy, refused):
    proxy.vault.keys.clear()
    proxy.vault.add_key(None, provider="anthropic")
    refused(proxy.chat(model="claude-sonnet"), 422, "provider_mismatch")
    assert proxy.wait_settled()[0]["outcome"] == "failed"


@pytest.mark.parametrize("way", WAYS)
def test_nobody_listens(make_proxy, rogue, way):
    gone = RogueModel()
    proxy = make_proxy(UPSTREAM_LOCAL_ALLOW=f"127.0.0.1:{gone.port}")
    gone.close()
    proxy.vault.keys.clear()
    proxy.vault.add_key(gone.base_url)
    status, error, _ = ask(proxy, way)
    assert (status, error["code"]) == (None if way == "stored" else 502, "provider_error")
    assert "could not be reached" in error["message"] and str(gone.port) not in str(error) and "details" not in error


def test_address_that_is_not_allowed(proxy, refused):
    proxy.vault.keys.clear()
    proxy.vault.add_key("http://127.0.0.1:1/v1")
    refused(proxy.chat(), 422, "provider_address_forbidden")


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
FOUR = b"".join(shapes.event(shapes.chunk(piece)) for piece in "abcd")
FINISH = shapes.event(shapes.chunk(finish="stop"))


@pytest.mark.parametrize("way", ["stream", "stored"])
@pytest.mark.parametrize("sent,text,code", [
    (b"", "", "provider_error"), (HEAD[:20], "", "provider_error"), (HEAD, "", "provider_error"), (HEAD + FOUR, "abcd", "provider_error"),
    (HEAD + FOUR + shapes.event(shapes.error("boom", "server_error")), "abcd", "provider_error"),
    (HEAD + FOUR + shapes.event(shapes.error("boom", "overloaded_error")), "abcd", "provider_error"),
    (HEAD + FOUR + shapes.event({"error": "just a text"}), "abcd", "provider_error"),
    (HEAD + FOUR + shapes.event(shapes.error("slow down", code=429)), "abcd", "rate_limited"),
    (HEAD + FOUR + b"data: {nonsense\n\n", "abcd", "provider_error"),
    (HEAD + FOUR + b"data: \xff\xfe\n\n", "abcd", "provider_error"),
    (HEAD + FOUR + FINISH, "abcd", None), (HEAD + FOUR + FINISH + shapes.DONE, "abcd", None),
    (HEAD + FOUR + FINISH + shapes.DONE + shapes.event(shapes.chunk("late")), "abcd", None),
    (HEAD + FOUR + shapes.DONE, "abcd", None),
])
def test_stream_that_ends_early_is_an_error_event_unless_it_was_complete(proxy, rogue, way, sent, text, code):
    rogue.on("model-a", rogue_behaviours.raw(sent))
    with proxy.stream() if way == "stream" else proxy.stored() as answer:
        if answer.status != 200:
            assert not text and way == "stream" and answer.status == 502
            answer.response.read()
            assert answer.response.json()["error"]["code"] == code
            return
        answer.read()
    assert answer.text == text and answer.seen[-1].data == "[DONE]"
    assert [e["code"] for e in answer.errors] == ([code] if code else [])
    if way == "stored":
        turn = proxy.the_turn()
        assert (turn["text"], turn["status"]) == (text, "failed" if code else "completed")
        assert turn["end"]["estimated"] is True


def test_error_in_a_whole_answer_of_status_200(proxy, rogue, refused):
    rogue.on("model-a", lambda exchange: exchange.reply(200, shapes.error("no", code=429)))
    refused(proxy.chat(), 429, "rate_limited")
    rogue.on("model-a", lambda exchange: exchange.reply(200, {"object": "list"}))
    assert "base URL" in refused(proxy.chat(), 502, "provider_error")["message"]


@pytest.mark.parametrize("way", WAYS)
def test_provider_that_never_answers_is_a_timeout(quick, rogue, way):
    rogue.on("model-a", rogue_behaviours.silent)
    begun = time.monotonic()
    status, error, _ = ask(quick, way)
    assert error["code"] == "provider_timeout" and status in (None, 504) and time.monotonic() - begun < 5
    assert rogue.asked()[0].gone.wait(1)


def test_head_held_back_keeps_the_status_of_a_timeout(make_proxy, rogue, refused):
    proxy = make_proxy(UPSTREAM_FIRST_BYTE_MS="300")
    rogue.on("model-a", rogue_behaviours.silent)
    with proxy.stream() as answer:
        refused(answer, 504, "provider_timeout")


def test_silence_in_the_middle_is_a_timeout_even_if_bytes_trickle(quick, rogue):
    def trickle(exchange):
        exchange.head()
        exchange.send(shapes.event(shapes.chunk("a")))
        while not exchange.request.gone.wait(0.05):
            exchange.send(b": still here\n")
    for behaviour in (rogue_behaviours.stall(["a"]), trickle):
        rogue.on("model-a", behaviour)
        with quick.stream() as answer:
            answer.read()
        assert answer.text == "a" and [e["code"] for e in answer.errors] == ["provider_timeout"]


def test_answer_that_keeps_talking_is_never_too_long(quick, rogue):
    def behave(exchange):
        exchange.head()
        for n in range(8):
            time.sleep(0.2)
            exchange.send(shapes.event(shapes.chunk(f"{n}")))
        exchange.send(FINISH + shapes.DONE)
    rogue.on("model-a", behave)
    with quick.stream() as answer:
        answer.read()
    assert answer.text == "01234567" and answer.errors == []


def test_huge_event_ends_the_answer(proxy, rogue):
    rogue.on("model-a", rogue_behaviours.huge_event())
    with proxy.stored() as answer:
        answer.read()
    assert "larger than this server takes" in answer.errors[0]["message"] and rogue.asked()[0].gone.wait(1)
