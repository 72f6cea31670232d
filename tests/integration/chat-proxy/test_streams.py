# SPDX-License-Identifier: MIT
"""Good answers: the same frames however the bytes come, heads in time, usage for those who get it, any number of readers."""

import json
import random
import threading
import time
import uuid

import pytest
from grove import openai_shapes as shapes
from grove import rogue_behaviours, sse
from grove.wait import wait_until

PIECES = ["für ", "Elise ", "🎹 ", "日本"]
TEXT = "".join(PIECES)
WHOLE = b"".join(shapes.event(shapes.chunk(piece)) for piece in PIECES) + shapes.event(shapes.chunk(finish="stop")) + \
    shapes.event(shapes.usage_chunk()) + shapes.DONE
PROGRAM = {"amr": "token", "scp": 1}


def frames(events, run):
    """Events without what differs from run to run."""
    return [(e.id, e.event, e.data.replace(run, "RUN")) for e in events]


def without_time(shown):
    return [(number, kind, json.dumps(json.loads(data) | {"created": 0}) if data.startswith("{") else data) for number, kind, data in shown]


def split_at(position):
    def behave(exchange):
        exchange.head()
        exchange.send(WHOLE[:position])
        time.sleep(0.002)  # two packets, not one
        exchange.send(WHOLE[position:])
    return behave


def test_upstream_split_anywhere_gives_the_same_frames(proxy, rogue):
    rogue.on("model-a", split_at(len(WHOLE)))
    with proxy.stream() as answer:
        wanted = without_time(frames(answer.read(), answer.run))
    assert answer.text == TEXT
    for position in range(0, len(WHOLE), 3):
        rogue.on("model-a", split_at(position))
        with proxy.stream() as answer:
            assert without_time(frames(answer.read(), answer.run)) == wanted, position


def test_first_chunk_tells_who_is_who_and_ids_count_from_one(proxy, rogue):
    rogue.on("model-a", rogue_behaviours.answer("one two"))
    with proxy.stored() as answer:
        events = answer.read()
    assert [int(e.id) for e in events] == list(range(1, len(events) + 1))
    turn = proxy.the_turn()
    assert events[0].json["grove"] == {"runId": answer.run, **{name: turn[name] for name in (
        "conversationId", "branchId", "userMessageId", "assistantMessageId")}}
    assert events[0].json["choices"][0]["delta"]["role"] == "assistant"
    assert events[-1].data == "[DONE]" and len({e.json["id"] for e in events[:-1]}) == 1


def test_stored_head_comes_at_once_with_the_run_and_can_be_stopped_before_any_text(proxy, rogue):
    rogue.on("model-a", rogue_behaviours.silent)
    with proxy.stored() as answer:
        assert answer.headers["x-run-id"] and answer.headers["x-ephemeral-mode"] == "off" and answer.headers["x-byok-enabled"] == "true"
        first = next(iter(answer))
        assert first.json["grove"]["runId"] == answer.run
        assert proxy.stop(answer.run).json()["status"] == "stopped"
        answer.read()
    assert answer.errors == [] and rogue.wait_asked("model-a")[0].gone.wait(1)


def test_stateless_head_waits_for_the_first_byte_but_not_for_ever(quick, rogue, make_proxy):
    proxy = make_proxy(STREAM_KEEP_ALIVE_MS="300")
    gated = rogue_behaviours.Gated(["late"])
    rogue.on("model-a", gated)
    begun = time.monotonic()
    with proxy.stream() as answer:
        assert time.monotonic() - begun >= 0.28, "the head came before it had to"
        gated.release()
        answer.read()
    assert answer.text == "late" and answer.parser.comments >= 1


def test_keep_alive_comments_come_in_silence(quick, rogue):
    rogue.on("model-a", rogue_behaviours.stall(["a"]))
    with quick.stream() as answer:
        answer.read()
    assert answer.parser.comments >= 2 and answer.errors[0]["code"] == "provider_timeout"


def test_usage_is_hidden_from_a_program_that_did_not_ask(proxy, rogue):
    rogue.on("model-a", rogue_behaviours.answer("a"))
    with proxy.stream(changes=PROGRAM) as answer:
        assert not [e for e in answer.read() if "usage" in e.data]
    with proxy.stream(changes=PROGRAM, stream_options={"include_usage": True}) as answer:
        usage = answer.read()[-2].json["usage"]
    assert (usage["prompt_tokens"], usage["completion_tokens"], usage["estimated"], usage["cost"]) == (7, 3, False, None)
    with proxy.stream() as answer:  # the web app
        assert answer.read()[-2].json["usage"]
    assert all(r.json["stream_options"]["include_usage"] for r in rogue.asked())


def test_cost_is_computed_from_the_catalogue(make_proxy, rogue):
    proxy = make_proxy(PROVIDER_OPENAI_BASE_URL=rogue.origin)
    proxy.vault.keys.clear()
    proxy.vault.add_key(None, provider="openai")
    rogue.on("gpt-4o", rogue_behaviours.answer("a"))
    usage = proxy.chat(model="gpt-4o").json()["usage"]
    assert usage["cost"] == 0.000048  # 7 × 2.50 + 3 × 10.00 a million, to six places
    assert proxy.wait_settled()[0]["cost"] == pytest.approx(0.0000475)


def test_whole_answer_has_ids_usage_and_our_head(proxy, rogue):
    rogue.on("model-a", rogue_behaviours.answer("hello there"))
    answer = proxy.chat()
    shown = answer.json()
    assert answer.status_code == 200 and shown["object"] == "chat.completion" and shown["model"] == "model-a"
    assert shown["choices"][0]["message"]["content"] == "hello there"
    assert shown["grove"]["runId"] == answer.headers["x-run-id"] and shown["id"] != "chatcmpl-1"
    booked = proxy.wait_booked()[0]
    assert (booked["status"], booked["promptTokens"], booked["completionTokens"], booked["keyPreview"]) == ("completed", 7, 3, "sk-…cdef")


def test_document_instead_of_a_stream_is_told_as_one(proxy, rogue):
    rogue.on("model-a", lambda exchange: exchange.reply(200, shapes.completion("all at once")))
    with proxy.stored() as answer:
        answer.read()
    assert answer.text == "all at once" and proxy.the_turn()["text"] == "all at once" and answer.errors == []


def test_two_readers_see_the_same_and_whoever_comes_back_misses_nothing(proxy, rogue):
    pieces = [f"{n} " for n in range(60)]
    gated = rogue_behaviours.Gated(pieces)
    rogue.on("model-a", gated)
    random.seed(5)
    with proxy.stored() as first:
        followers, results = [], []

        def follow(after, by_header):
            headers = {"Last-Event-ID": str(after)} if by_header else None
            with proxy.follow(first.run, None if by_header else after, headers) as answer:
                results.append((after, frames(answer.read(), first.run)))

        for n in range(30):
            gated.release(2)
            wait_until(lambda n=n: proxy.run(first.run).json()["lastSeq"] >= 1 + 2 * (n + 1), "the pieces")
            last = proxy.run(first.run).json()["lastSeq"]
            followers.append(threading.Thread(target=follow, args=(random.randint(0, last), n % 2)))
            followers[-1].start()
        whole = frames(first.read(), first.run)
    for thread in followers:
        thread.join(20)
    assert first.text == "".join(pieces) and len(results) == 30
    for after, shown in results:
        assert shown == whole[after:], after
    with proxy.follow(first.run, 10) as late:  # long over
        assert frames(late.read(), first.run) == whole[10:]


def test_run_of_somebody_else_is_not_there(proxy, rogue, refused):
    rogue.on("model-a", rogue_behaviours.stall(["a"]))
    stranger = str(uuid.uuid4())
    with proxy.stored() as answer:
        answer.read_until("a")
        refused(proxy.run(answer.run, stranger), 404, "not_found")
        refused(proxy.stop(answer.run, stranger), 404, "not_found")
        with proxy.follow(answer.run, user=stranger) as other:
            refused(other, 404, "not_found")
        refused(proxy.run("nonsense"), 404, "not_found")
        refused(proxy.call("GET", f"/v1/chat/runs/{answer.run}/events?after=x"), 400, "invalid_request")
        refused(proxy.call("GET", f"/v1/chat/runs/{answer.run}/events", headers={"Last-Event-ID": "-1"}), 400, "invalid_request")
        assert proxy.stop(answer.run).status_code == 200
        answer.read()
        proxy.wait_status(answer.run, "stopped")
        refused(proxy.stop(answer.run), 409, "already_finished")


def test_tolerated_oddities_read_as_an_ordinary_stream(proxy, rogue):
    def behave(exchange):
        exchange.head(kind="text/event-stream; charset=utf-8")
        chunks = [b": keep-alive\r\n\r\n", b'data: {"choices":[]}\r\n\r\n',
                  b'data: {"choices":[{"index":0,"delta":{"role":null,"content":"a"},"finish_reason":""}],"usage":{"prompt_tokens":1,"completion_tokens":1}}\r\n\r\n',
                  b'data:{"choices":[{"delta":{"tool_calls":[{"id":"x","type":"function","function":{"name":"f","arguments":"{}"}}]}}]}\r\n\r\n',
                  b'data: {"choices":[{"index":0,"delta":{"content":"b"},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":5,"completion_tokens":2}}\r\n\r\n']
        for part in chunks:
            exchange.send(part)
    rogue.on("model-a", behave)
    with proxy.stream() as answer:
        events = answer.read()
    assert answer.text == "ab" and answer.errors == [] and events[-1].data == "[DONE]"
    assert "role" not in events[1].json["choices"][0]["delta"] and events[1].json["choices"][0]["finish_reason"] is None
    assert events[2].json["choices"][0]["delta"]["tool_calls"][0]["index"] == 0
    usage = events[-2].json["usage"]
    assert (usage["prompt_tokens"], usage["completion_tokens"], usage["estimated"]) == (5, 2, False)


def test_server_that_refuses_stream_options_is_asked_without(proxy, rogue):
    def behave(exchange):
        if "stream_options" in exchange.request.json:
            exchange.reply(400, shapes.error("Unknown field: stream_options"))
        else:
            rogue_behaviours.answer("plain")(exchange)
    rogue.on("model-a", behave)
    with proxy.stream() as answer:
        usage = answer.read()[-2].json["usage"]
    assert answer.text == "plain" and usage["estimated"] is True and len(rogue.asked()) == 2


def test_upstream_that_keeps_the_connection_after_done_keeps_nobody_waiting(proxy, rogue):
    def behave(exchange):
        exchange.head()
        exchange.send(WHOLE)
        exchange.wait_gone()
    rogue.on("model-a", behave)
    begun = time.monotonic()
    with proxy.stream() as answer:
        answer.read()
    assert answer.text == TEXT and time.monotonic() - begun < 3 and answer.errors == []


def test_slow_reader_gets_everything_after_all(make_proxy, rogue):
    proxy = make_proxy()
    piece, count = "y" * 4000, 2500  # 10 MB

    def behave(exchange):
        exchange.head()
        for _ in range(count):
            exchange.send(shapes.event(shapes.chunk(piece)))
        exchange.send(shapes.event(shapes.chunk(finish="stop")) + shapes.DONE)
    rogue.on("model-a", behave)
    with proxy.stored() as answer:
        next(iter(answer))
        assert rogue.wait_asked("model-a")[0].finished.wait(20)
        proxy.wait_status(answer.run, "completed")
        answer.read()  # only now
    assert answer.text == piece * count and answer.seen[-1].data == "[DONE]"
    assert [int(e.id) for e in answer.seen] == list(range(1, len(answer.seen) + 1))


def test_answer_larger_than_the_buffer_ends_with_an_error_and_no_gap(make_proxy, rogue):
    proxy = make_proxy(RUN_BUFFER_BYTES="65536")
    rogue.on("model-a", rogue_behaviours.endless())
    with proxy.stored() as answer:
        answer.read()
    assert [int(e.id) for e in answer.seen] == list(range(1, len(answer.seen) + 1))
    assert answer.errors[0]["code"] in ("provider_error", "too_large") and "larger" in answer.errors[0]["message"]
    assert rogue.asked()[0].gone.wait(2) and proxy.the_turn()["text"] == answer.text


def test_runs_of_one_person_share_a_limit(make_proxy, rogue):
    proxy = make_proxy(USER_BUFFER_BYTES="65536")
    rogue.on("model-a", rogue_behaviours.endless())
    with proxy.stored() as answer:
        answer.read()
    assert answer.errors[0]["code"] == "too_large" and "one person" in answer.errors[0]["message"]


def test_ephemeral_asks_not_to_be_kept_and_leaves_only_numbers(make_proxy, rogue):
    proxy = make_proxy(PROVIDER_OPENAI_BASE_URL=rogue.origin)
    proxy.vault.keys.clear()
    proxy.vault.add_key(None, provider="openai")
    rogue.on("gpt-4o", rogue_behaviours.answer("secret words"))
    with proxy.stream(model="gpt-4o", ephemeral=True, store=True) as answer:
        answer.read()
    assert answer.headers["x-ephemeral-mode"] == "on" and rogue.asked()[0].json["store"] is False
    booked = proxy.wait_booked()[0]
    assert booked["ephemeral"] is True and "secret" not in json.dumps(proxy.store.calls) and proxy.store.turns == {}
    wait_until(lambda: proxy.run(answer.run).status_code == 404, "the run to be forgotten", 5)


def test_models_are_the_catalogue_and_what_the_servers_list(proxy, rogue):
    rogue.on("model-a", rogue_behaviours.answer("a"))
    listed = proxy.call("GET", "/v1/models").json()
    assert listed["object"] == "list"
    by_id = {m["id"]: m for m in listed["data"]}
    assert by_id["openai-compatible/model-a"]["keyAvailable"] is True and by_id["openai-compatible/model-a"]["price"] is None
    assert by_id["gpt-4o"]["price"] == {"input": 2.5, "output": 10, "cachedInput": 1.25} and by_id["gpt-4o"]["keyAvailable"] is False


def test_events_are_text_of_the_parser(proxy, rogue):
    """A CR or LF inside a text stays inside its event."""
    rogue.on("model-a", rogue_behaviours.answer("a\r\nb\n\ndata: x"))
    with proxy.stream() as answer:
        answer.read()
    assert answer.text == "a\r\nb\n\ndata: x" and sse.text_of(answer.seen) == answer.text
