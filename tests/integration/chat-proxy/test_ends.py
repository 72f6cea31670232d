# SPDX-License-Identifier: MIT
"""How runs end otherwise: stopped, left, interrupted; and that what was written is stored once, whatever account-store does."""

import signal
import threading
import time
import uuid

import httpx
import pytest
from grove import openai_shapes as shapes
from grove import rogue_behaviours
from grove.wait import wait_until


def test_stop_closes_upstream_at_once_and_the_text_ends_there(proxy, rogue):
    gated = rogue_behaviours.Gated(["so", " far", " never"])
    rogue.on("model-a", gated)
    with proxy.stored() as answer:
        gated.release(2)
        answer.read_until("so far")
        begun = time.monotonic()
        assert proxy.stop(answer.run).json()["status"] == "stopped"
        gated.release_all()
        answer.read()
        assert rogue.asked()[0].gone.wait(1) and time.monotonic() - begun < 0.5
    assert answer.text == "so far" and answer.errors == [] and answer.seen[-1].data == "[DONE]"
    turn = proxy.the_turn()
    assert (turn["text"], turn["status"]) == ("so far", "stopped") and turn["end"]["estimated"] is True


@pytest.mark.parametrize("phase", ["before the first byte", "in the middle", "not streamed"])
def test_stateless_call_is_cancelled_when_its_caller_leaves(proxy, rogue, phase):
    rogue.on("model-a", rogue_behaviours.stall(["a"]) if phase == "in the middle" else rogue_behaviours.silent)
    if phase == "in the middle":
        with proxy.stream() as answer:
            answer.read_until("a")
    else:
        with pytest.raises(httpx.ReadTimeout):
            proxy.call("POST", "/v1/chat/completions", proxy.body(stream=phase != "not streamed"), timeout=0.3)
    assert rogue.wait_asked("model-a")[0].gone.wait(1)
    assert proxy.wait_booked()[0]["status"] == "stopped" and proxy.wait_settled()[0]["outcome"] == "ok"


def test_stored_run_goes_on_without_readers(proxy, rogue):
    gated = rogue_behaviours.Gated(["one", " two", " three"])
    rogue.on("model-a", gated)
    with proxy.stored() as answer:
        gated.release()
        answer.read_until("one")
    gated.release_all()
    proxy.wait_status(answer.run, "completed")
    wait_until(lambda: proxy.the_turn()["status"] == "completed", "the end")
    assert proxy.the_turn()["text"] == "one two three"
    with proxy.follow(answer.run, 0) as again:
        again.read()
    assert again.text == "one two three"


@pytest.mark.parametrize("first,then", [(True, True), (True, False), (False, True), (False, False)])
def test_repeated_message_is_the_first_result_while_it_runs_and_after(proxy, rogue, first, then):
    gated = rogue_behaviours.Gated(["once", " only"])
    rogue.on("model-a", gated if first else lambda exchange: (exchange.wait(gated.gates[0]),
                                                              exchange.reply(200, shapes.completion("once only")))[0])
    wanted = {"conversationId": str(uuid.uuid4()), "messageId": str(uuid.uuid4())}
    results = []

    def send(streams):
        if streams:
            with proxy.stream(**wanted) as answer:
                answer.read()
            assert answer.errors == []
            results.append(answer.text)
        else:
            results.append(proxy.chat(**wanted).json()["choices"][0]["message"]["content"])

    threads = [threading.Thread(target=send, args=(first,)), threading.Thread(target=send, args=(then,))]
    threads[0].start()
    rogue.wait_asked("model-a")
    threads[1].start()
    wait_until(lambda: len([c for c in proxy.store.calls if c[0] == "/internal/turns"]) == 2, "the second send")
    gated.release_all()
    for thread in threads:
        thread.join(20)
    send(first)
    send(then)
    assert results == ["once only"] * 4 and len(rogue.asked()) == 1
    proxy.wait_settled(4)


@pytest.mark.parametrize("status,text,streams", [("completed", "kept", True), ("completed", "kept", False), ("stopped", "kept", True),
                                                 ("interrupted", "kep", True), ("interrupted", "kep", False), ("failed", "", False)])
def test_repeat_after_a_restart_tells_how_it_had_ended(proxy, rogue, status, text, streams):
    conversation, message = str(uuid.uuid4()), str(uuid.uuid4())
    proxy.store.begin({"conversationId": conversation, "messageId": message, "runId": str(uuid.uuid4()), "content": "hi"}, None)
    turn = proxy.the_turn()
    turn.update(status=status, text=text, usage={"promptTokens": 11, "completionTokens": 22, "cost": 0.5, "estimated": False})
    wanted = {"conversationId": conversation, "messageId": message}
    if streams:
        with proxy.stream(**wanted) as answer:
            events = answer.read()
        assert answer.text == text and answer.run == turn["runId"] and events[-1].data == "[DONE]"
        assert bool(answer.errors) == (status == "interrupted")
        if not answer.errors:
            assert {**events[-2].json["usage"], "completion_tokens": 22, "cost": 0.5, "estimated": False} == events[-2].json["usage"]
    else:
        answer = proxy.chat(**wanted)
        if text:
            assert answer.json()["choices"][0]["message"]["content"] == text
            assert answer.json()["grove"].get("status") == (None if status == "completed" else status)
        else:
            assert answer.status_code == 502 and "new answer" in answer.json()["error"]["message"]
    assert rogue.asked() == []


def test_store_away_during_flushes_loses_and_doubles_nothing(proxy, rogue):
    pieces = [f"{n:04d}" + "x" * 1500 for n in range(12)]
    gated = rogue_behaviours.Gated(pieces)
    rogue.on("model-a", gated)
    with proxy.stored() as answer:
        gated.release(4)
        answer.read_until("".join(pieces[:4]))
        wait_until(lambda: proxy.the_turn()["seq"] > 0, "a first flush")
        proxy.store.away = True
        gated.release(4)
        answer.read_until("".join(pieces[:8]))
        wait_until(lambda: len([c for c in proxy.store.calls if c[0].endswith("/flush")]) >= 4, "failed flushes")
        proxy.store.away = False
        gated.release_all()
        answer.read()
    assert answer.errors == [] and answer.text == "".join(pieces)
    assert proxy.the_turn()["text"] == answer.text and proxy.the_turn()["status"] == "completed"


def test_flush_whose_answer_was_lost_is_sent_again_and_counts_once(proxy, rogue, monkeypatch):
    lost = []
    original = proxy.store.answer

    def answer(method, path, body):
        reply = original(method, path, body)
        if path.endswith("/flush") and len(lost) < 2:
            lost.append(path)
            return 503, {"error": {"type": "x", "code": "unavailable", "message": "x"}}
        return reply

    monkeypatch.setattr(proxy.store, "answer", answer)
    pieces = ["a" * 5000, "b" * 5000, "c" * 5000]
    gated = rogue_behaviours.Gated(pieces)
    rogue.on("model-a", gated)
    with proxy.stored() as stream:
        gated.release(2)
        wait_until(lambda: len(lost) == 2, "two lost answers")
        gated.release_all()
        stream.read()
    assert proxy.the_turn()["text"] == stream.text == "".join(pieces) and stream.errors == []


def test_answer_that_could_not_be_kept_does_not_look_kept(make_proxy, rogue):
    proxy = make_proxy()
    gated = rogue_behaviours.Gated(["a"])
    rogue.on("model-a", gated)
    with proxy.stored() as answer:
        next(iter(answer))
        proxy.store.away = True
        gated.release_all()
        answer.read()
    assert answer.text == "a" and [e["code"] for e in answer.errors] == ["unavailable"] and answer.seen[-1].data == "[DONE]"
    assert "could not be saved" in answer.errors[0]["message"] and proxy.the_turn()["status"] == "running"
    proxy.store.away = False


def test_conversation_deleted_meanwhile_ends_the_run_but_the_call_is_booked(proxy, rogue):
    gated = rogue_behaviours.Gated(["a" * 5000, "b" * 5000])
    rogue.on("model-a", gated)
    with proxy.stored() as answer:
        next(iter(answer))
        proxy.store.gone = True
        gated.release()
        answer.read()
    assert [e["code"] for e in answer.errors] == ["not_found"] and "deleted" in answer.errors[0]["message"]
    assert rogue.asked()[0].gone.wait(1)
    assert proxy.wait_booked()[0]["status"] == "failed"


def test_row_of_a_stateless_call_waits_for_the_store_but_the_caller_does_not(proxy, rogue):
    proxy.store.away = True
    rogue.on("model-a", rogue_behaviours.answer("quick"))
    begun = time.monotonic()
    assert proxy.chat().status_code == 200 and time.monotonic() - begun < 2
    wait_until(lambda: len(proxy.store.calls) >= 2, "a second try")
    proxy.store.away = False
    assert len(proxy.wait_booked()) == 1


def test_long_wait_for_the_first_byte_sends_no_text_but_is_not_forgotten(proxy, rogue):
    """The run of a stored send is known to account-store from its begin; nothing is flushed before there is text."""
    rogue.on("model-a", rogue_behaviours.silent)
    with proxy.stored() as answer:
        next(iter(answer))
        assert [path for path, _ in proxy.store.calls] == ["/internal/turns"]
        proxy.stop(answer.run)
        answer.read()
    assert proxy.the_turn()["status"] == "stopped"


def test_sigterm_stores_the_run_as_interrupted_and_tells_its_reader(make_proxy, rogue):
    proxy = make_proxy()
    rogue.on("model-a", rogue_behaviours.stall(["so far"]))
    with proxy.stored() as answer:
        answer.read_until("so far")
        process = proxy.daemon.process
        process.send_signal(signal.SIGTERM)
        answer.read()
    assert [e["code"] for e in answer.errors] == ["unavailable"] and "restarted" in answer.errors[0]["message"]
    assert process.wait(15) == 0
    assert (proxy.the_turn()["text"], proxy.the_turn()["status"]) == ("so far", "interrupted")
    proxy.restart()


def test_killed_in_the_middle_leaves_what_was_flushed(make_proxy, rogue):
    proxy = make_proxy()
    rogue.on("model-a", rogue_behaviours.stall(["x" * 5000, "tail"]))
    with pytest.raises(httpx.RemoteProtocolError):
        with proxy.stored() as answer:
            answer.read_until("x" * 5000 + "tail")
            wait_until(lambda: proxy.the_turn()["seq"], "a flush")
            proxy.daemon.kill()
            answer.read()
    assert (answer.text).startswith(proxy.the_turn()["text"]) and proxy.the_turn()["text"]
    proxy.restart()
    assert proxy.run(answer.run).status_code == 404


def test_keys_are_in_no_log(proxy, rogue):
    proxy.vault.keys[0]["key"] = "sk-canary-77aa55"
    rogue.on("model-a", rogue_behaviours.answer("a"))
    assert proxy.chat().status_code == 200
    assert rogue.asked()[0].header("Authorization") == "Bearer sk-canary-77aa55"
    assert "canary" not in proxy.daemon.log()
