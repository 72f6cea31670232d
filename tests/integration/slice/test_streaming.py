# SPDX-License-Identifier: MIT
"""Streams through nginx, gateway and chat-proxy: unbuffered, numbered, ended well, cancelled with the reader."""

import threading

import httpx
import pytest
from grove import rogue_behaviours, sse
from grove.api import Api
from grove.wait import wait_until

PIECES = [f"piece {i} " for i in range(8)]


def test_each_chunk_arrives_before_the_next_one_is_sent(rogue_api, rogue):
    gated = rogue_behaviours.Gated(PIECES)
    rogue.on("model-a", gated)
    gated.release()  # a stateless call has no head before the provider's first word
    with rogue_api.stream("hi") as answer:
        for _ in answer:
            arrived = len([e for e in answer.seen if sse.text_of([e])])
            assert gated.sent <= max(arrived, 1), "a chunk was held back"
            if arrived == gated.sent:
                gated.release()
    assert answer.text == "".join(PIECES)


def test_each_chunk_arrives_at_once_over_https_too(stack, rogue_api, rogue):
    gated = rogue_behaviours.Gated(PIECES[:3])
    rogue.on("model-a", gated)
    body = {"model": "model-a", "provider": "openai-compatible", "stream": True, "messages": [{"role": "user", "content": "hi"}]}
    headers = {"Origin": stack.tls_url, "X-Grove-CSRF": rogue_api.session["csrfToken"]}
    parser, seen = sse.Parser(), []
    gated.release()
    with httpx.stream("POST", f"{stack.tls_url}/api/chat/completions", json=body, headers=headers, verify=False, trust_env=False) as answer:
        assert answer.status_code == 200
        for part in answer.iter_text():
            for event in parser.feed(part):
                if sse.text_of([event]):
                    seen.append(event)
                    gated.release()
    assert sse.text_of(seen) == "".join(PIECES[:3])


def test_events_are_numbered_and_end_with_usage_and_done(rogue_api, rogue):
    rogue.on("model-a", rogue_behaviours.answer("one two three"))
    with rogue_api.stream("hi", stream_options={"include_usage": True}) as answer:
        events = answer.read()
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert events[-1].data == "[DONE]"
    chunks = [e for e in events if e.data != "[DONE]"]
    numbers = [int(e.id) for e in chunks]
    assert numbers == sorted(set(numbers)), "ids must grow"
    assert all(e.json["object"] == "chat.completion.chunk" for e in chunks)
    assert chunks[0].json["grove"]["runId"] == answer.headers["x-run-id"]
    usage = chunks[-1].json["usage"]
    assert (usage["prompt_tokens"], usage["completion_tokens"]) == (7, 3) and "cost" in usage and usage["estimated"] is False


def test_program_that_did_not_ask_for_usage_gets_none(stack, rogue_api, rogue):
    rogue.on("model-a", rogue_behaviours.answer("one two"))
    program = Api(stack.url, rogue_api.save_token(["chat"])["token"])
    with program.stream("hi") as answer:
        events = answer.read()
    assert not [e for e in events if e.data.startswith("{") and e.json.get("usage")]
    assert all(e.json["choices"] for e in events if e.data.startswith("{"))


def test_reader_that_leaves_cancels_a_stateless_call_upstream(rogue_api, rogue):
    rogue.on("model-a", rogue_behaviours.stall(["a"]))
    with rogue_api.stream("hi") as answer:
        for event in answer:
            if answer.text:
                break
    assert rogue.asked()[0].gone.wait(3), "upstream still runs though nobody reads"


def test_reader_that_leaves_before_the_first_byte_cancels_too(rogue_api, rogue):
    rogue.on("model-a", rogue_behaviours.silent)

    def impatient():
        with pytest.raises(httpx.ReadTimeout):
            rogue_api.post("/api/chat/completions", timeout=1, json={
                "model": "model-a", "provider": "openai-compatible", "messages": [{"role": "user", "content": "hi"}], "stream": True})

    thread = threading.Thread(target=impatient)
    thread.start()
    request = rogue.wait_asked("model-a")[0]
    thread.join()
    assert request.gone.wait(3)


def test_bytes_in_single_packets_give_the_same_text(rogue_api, rogue):
    rogue.on("model-a", rogue_behaviours.byte_by_byte(["für ", "Elise ", "🎹 ", "日本"]))
    with rogue_api.stream("hi") as answer:
        answer.read()
    assert answer.text == "für Elise 🎹 日本"


def test_stream_that_breaks_off_is_one_error_event_and_done(rogue_api, rogue):
    for behaviour in (rogue_behaviours.half_stream(["a", "b"]), rogue_behaviours.half_event("ab")):
        rogue.on("model-a", behaviour)
        with rogue_api.stream("hi") as answer:
            events = answer.read()
        assert answer.text == "ab"
        assert [e.event for e in events if e.event != "message"] == ["error"] and events[-1].data == "[DONE]"
        error = next(e for e in events if e.event == "error").json["error"]
        assert {"type", "code", "message"} <= set(error) and error["code"] == "provider_error"


@pytest.mark.release_only
def test_event_of_two_mebibytes_ends_the_answer(stack, rogue_api, rogue):
    before = stack.rss_kib("chat-proxy")
    rogue.on("model-a", rogue_behaviours.huge_event())
    with rogue_api.stream("hi") as answer:
        answer.answer.read()
    assert rogue.asked()[0].gone.wait(3)
    assert stack.rss_kib("chat-proxy") < before + 8 * 1024


@pytest.mark.release_only
def test_endless_answer_is_cut_and_memory_stays_flat(stack, rogue_api, rogue):
    before = stack.rss_kib("chat-proxy")
    rogue.on("model-a", rogue_behaviours.endless())
    size = 0
    with rogue_api.stream("hi") as answer:
        for part in answer.answer.iter_bytes():
            size += len(part)
            assert size < 64 << 20, "nobody stops this"
    assert rogue.asked()[0].gone.wait(5)
    assert stack.rss_kib("chat-proxy") < before + 48 * 1024


@pytest.mark.release_only
def test_slow_reader_slows_the_provider_instead_of_filling_memory(stack, rogue_api, rogue):
    before = {name: stack.rss_kib(name) for name in ("chat-proxy", "gateway")}
    sent = []

    def behave(exchange):
        exchange.head()
        event = b'data: {"id":"x","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"' + \
            b"y" * 4000 + b'"},"finish_reason":null}]}\n\n'
        for _ in range(3000):
            exchange.send(event)
            sent.append(1)

    rogue.on("model-a", behave)
    with rogue_api.stream("hi") as answer:
        next(iter(answer))
        rogue.asked()[0].finished.wait(3)  # nobody reads meanwhile
        for name, old in before.items():
            assert stack.rss_kib(name) < old + 40 * 1024, f"{name} swallows what nobody reads"


def test_many_streams_at_once_all_get_their_own_text(rogue_api, rogue):
    def behave(exchange):
        asked = exchange.request.json["messages"][-1]["content"]
        rogue_behaviours.answer(" ".join([asked] * 20))(exchange)

    rogue.on("model-a", behave)
    texts = {}

    def one(number):
        with rogue_api.stream(f"n{number}") as answer:
            answer.read()
            texts[number] = answer.text

    threads = [threading.Thread(target=one, args=(n,)) for n in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert texts == {n: " ".join([f"n{n}"] * 20) for n in range(40)}


@pytest.mark.slow
def test_silence_is_filled_with_comments(rogue_api, rogue):
    gated = rogue_behaviours.Gated(["a", "b"])
    rogue.on("model-a", gated)
    gated.release()
    with rogue_api.stream("hi") as answer:
        events = iter(answer)
        next(events)
        timer = threading.Timer(17, gated.release_all)
        timer.start()
        list(events)
        timer.join()
    assert answer.parser.comments >= 1
    assert answer.text == "ab"


def test_fake_model_streams_through_the_whole_house(api, fake_model):
    api.save_key(fake_model.base_url)
    with api.stream("Tell me about branches") as answer:
        answer.read()
    assert answer.text.startswith("A branch is a **named place**") and answer.text.endswith("Ask away.")
    wait_until(lambda: fake_model.requests(), "aimock's journal")
