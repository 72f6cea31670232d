# SPDX-License-Identifier: MIT
"""POST /api/chat/completions with a conversation: both nodes are there before the answer starts, and stay."""

import uuid

import pytest
from grove import rogue_behaviours, sse
from grove.wait import wait_until


@pytest.fixture
def conversation(rogue_api):
    return rogue_api.conversation(title="a test")


def path(rogue_api, conversation):
    return [(m["role"], m["content"], m["status"]) for m in rogue_api.messages(conversation)]


def test_question_and_answer_are_stored(rogue_api, rogue, conversation):
    rogue.on("model-a", rogue_behaviours.answer("hello there"))
    with rogue_api.stream("hi", conversationId=conversation["id"]) as answer:
        events = answer.read()
    first = events[0].json["grove"]
    assert {"runId", "conversationId", "branchId", "userMessageId", "assistantMessageId"} <= set(first)
    assert first["runId"] == answer.headers["x-run-id"] and first["branchId"] == conversation["rootBranchId"]
    assert answer.text == "hello there"
    wait_until(lambda: path(rogue_api, conversation) == [("user", "hi", "completed"), ("assistant", "hello there", "completed")],
               "both messages to be stored")
    stored = rogue_api.messages(conversation)
    assert [m["id"] for m in stored] == [first["userMessageId"], first["assistantMessageId"]]
    assert stored[1]["parentId"] == stored[0]["id"] and stored[0]["parentId"] is None
    assert stored[1]["model"] == "model-a" and stored[1]["usage"]["completionTokens"] == 3


def test_not_streamed_is_stored_all_the_same(rogue_api, rogue, conversation):
    rogue.on("model-a", rogue_behaviours.answer("hello there"))
    answer = rogue_api.chat("hi", conversationId=conversation["id"])
    assert answer.status_code == 200 and answer.json()["grove"]["assistantMessageId"]
    assert path(rogue_api, conversation) == [("user", "hi", "completed"), ("assistant", "hello there", "completed")]


def test_server_builds_the_context(rogue_api, rogue, conversation):
    rogue.on("model-a", rogue_behaviours.answer("first answer"))
    rogue_api.chat("first", conversationId=conversation["id"])
    rogue_api.chat("second", sessionId=conversation["id"])  # the older name
    assert rogue.asked()[-1].json["messages"] == [
        {"role": "user", "content": "first"}, {"role": "assistant", "content": "first answer"}, {"role": "user", "content": "second"}]


def test_more_than_the_new_message_is_refused(rogue_api, conversation):
    body = {"model": "model-a", "provider": "openai-compatible", "conversationId": conversation["id"],
            "messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}]}
    rogue_api.refused("POST", "/api/chat/completions", 400, "invalid_request", json=body)
    assert rogue_api.messages(conversation) == []


def test_repeated_message_id_returns_the_first_result(rogue_api, rogue, conversation):
    rogue.on("model-a", rogue_behaviours.answer("only once"))
    wanted = {"conversationId": conversation["id"], "messageId": str(uuid.uuid4())}
    first, again = rogue_api.chat("hi", **wanted), rogue_api.chat("hi", **wanted)
    assert again.status_code == 200, again.text
    assert again.json()["choices"][0]["message"]["content"] == "only once"
    assert again.json()["grove"]["assistantMessageId"] == first.json()["grove"]["assistantMessageId"]
    assert len(rogue.asked()) == 1 and len(rogue_api.messages(conversation)) == 2
    other = rogue_api.chat("something else", **wanted)
    assert (other.status_code, other.json()["error"]["code"]) == (409, "conflict")


def test_moved_leaf_is_a_conflict_and_stores_nothing(rogue_api, rogue, conversation):
    rogue.on("model-a", rogue_behaviours.answer("x"))
    rogue_api.chat("first", conversationId=conversation["id"])
    leaf = rogue_api.messages(conversation)[-1]["id"]
    answer = rogue_api.chat("late", conversationId=conversation["id"], expectedLeafId=rogue_api.messages(conversation)[0]["id"])
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "leaf_moved")
    assert answer.json()["error"]["details"]["leaf"] == leaf
    assert len(rogue_api.messages(conversation)) == 2
    assert rogue_api.chat("in time", conversationId=conversation["id"], expectedLeafId=leaf).status_code == 200


def test_edit_is_a_sibling_and_rewrites_nothing(rogue_api, rogue, conversation):
    rogue.on("model-a", rogue_behaviours.answer("x"))
    rogue_api.chat("first", conversationId=conversation["id"])
    old = rogue_api.messages(conversation)[0]
    rogue_api.chat("first, edited", conversationId=conversation["id"], parentMessageId=None)
    shown = rogue_api.messages(conversation)
    assert [m["content"] for m in shown] == ["first, edited", "x"]
    assert shown[0]["siblings"]["count"] == 2 and old["id"] in shown[0]["siblings"]["ids"]
    assert rogue_api.ok("GET", f"/api/conversations/{conversation['id']}/messages/{old['id']}")["content"] == "first"


def test_regenerated_answer_is_a_sibling(rogue_api, rogue, conversation):
    rogue.on("model-a", rogue_behaviours.in_turn(rogue_behaviours.answer("one"), rogue_behaviours.answer("two")))
    rogue_api.chat("hi", conversationId=conversation["id"])
    old = rogue_api.messages(conversation)[1]
    body = {"model": "model-a", "provider": "openai-compatible", "conversationId": conversation["id"], "regenerate": old["id"]}
    assert rogue_api.post("/api/chat/completions", json=body).status_code == 200
    shown = rogue_api.messages(conversation)
    assert [m["content"] for m in shown] == ["hi", "two"] and shown[1]["siblings"]["count"] == 2
    assert rogue.asked()[1].json["messages"] == [{"role": "user", "content": "hi"}]


def test_failure_after_text_keeps_the_text_and_says_so(rogue_api, rogue, conversation):
    rogue.on("model-a", rogue_behaviours.half_stream(["some", " text"]))
    with rogue_api.stream("hi", conversationId=conversation["id"]) as answer:
        events = answer.read()
    assert answer.text == "some text"
    assert [e.event for e in events].count("error") == 1 and events[-1].data == "[DONE]"
    wait_until(lambda: path(rogue_api, conversation)[-1][1:] == ("some text", "failed"), "the partial answer to be kept")


def test_failure_before_text_is_an_error_event_and_a_failed_message(rogue_api, rogue, conversation):
    rogue.on("model-a", rogue_behaviours.status(500))
    with rogue_api.stream("hi", conversationId=conversation["id"]) as answer:
        events = answer.read()
    assert answer.status == 200 and answer.headers["x-run-id"]
    error = next(e for e in events if e.event == "error").json["error"]
    assert error["code"] == "provider_error" and events[-1].data == "[DONE]"
    wait_until(lambda: path(rogue_api, conversation)[-1][2] == "failed", "the message to be marked")


def test_reader_that_leaves_does_not_end_a_stored_run(rogue_api, rogue, conversation):
    gated = rogue_behaviours.Gated(["one", " two", " three"])
    rogue.on("model-a", gated)
    with rogue_api.stream("hi", conversationId=conversation["id"]) as answer:
        gated.release()
        for event in answer:
            if answer.text == "one":
                break
    gated.release_all()
    wait_until(lambda: path(rogue_api, conversation)[-1][1:] == ("one two three", "completed"), "the run to go on by itself")


def test_stop_ends_upstream_and_the_text_stays_as_it_was(rogue_api, rogue, conversation):
    rogue.on("model-a", rogue_behaviours.stall(["so", " far"]))
    with rogue_api.stream("hi", conversationId=conversation["id"]) as answer:
        events = iter(answer)
        while answer.text != "so far":
            next(events)
        rogue_api.ok("POST", f"/api/chat/runs/{answer.headers['x-run-id']}/stop", 200)
        list(events)
    assert rogue.asked()[0].gone.wait(2)
    assert answer.seen[-1].data == "[DONE]"
    wait_until(lambda: path(rogue_api, conversation)[-1][1:] == ("so far", "stopped"), "the message to be stopped")
    run = rogue_api.ok("GET", f"/api/chat/runs/{answer.headers['x-run-id']}")
    assert run["status"] == "stopped"


def test_other_tab_follows_from_where_it_was(rogue_api, rogue, conversation):
    gated = rogue_behaviours.Gated(["one", " two", " three"])
    rogue.on("model-a", gated)
    with rogue_api.stream("hi", conversationId=conversation["id"]) as answer:
        gated.release()
        for event in answer:
            if answer.text == "one":
                break
    run, seen = answer.headers["x-run-id"], answer.seen[-1].id
    gated.release_all()
    text = rogue_api.get(f"/api/chat/runs/{run}/events", params={"after": seen}).text
    assert sse.text_of(sse.parse(text)) == " two three"
    text = rogue_api.get(f"/api/chat/runs/{run}/events", headers={"Last-Event-ID": "0"}).text
    assert sse.text_of(sse.parse(text)) == "one two three"


def test_content_and_title_are_sealed(stack, rogue_api, rogue, canary):
    rogue.on("model-a", rogue_behaviours.answer(f"answer-{canary}"))
    conversation = rogue_api.conversation(title=f"title-{canary}")
    rogue_api.chat(f"question-{canary}", conversationId=conversation["id"])
    assert len(rogue_api.messages(conversation)) == 2
    for table in ("conversations", "messages", "message_parts", "branches"):
        assert canary not in (stack.sql(f"SELECT string_agg(t::text, '') FROM account.{table} t") or "")
        assert canary.encode().hex() not in (stack.sql(f"SELECT string_agg(t::text, '') FROM account.{table} t") or "")


def test_conversation_of_nobody_is_not_found(rogue_api, rogue):
    rogue.on("model-a", rogue_behaviours.answer("x"))
    answer = rogue_api.chat("hi", conversationId=str(uuid.uuid4()))
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    assert rogue.asked() == []
