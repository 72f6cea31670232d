# SPDX-License-Identifier: MIT
"""Turns: begin, flush, finish; the leaf they expect; repeats; killed daemons; the reaper."""

import uuid

from grove.wait import wait_until


def texts(page):
    return [(m["role"], m["content"]) for m in page["items"]]


def test_turn_enters_the_tree_and_its_context_comes_back(ann):
    talk = ann.conversation()
    first = ann.begin(talk, "What is a grove?")
    assert first["replayed"] is False and first["branchId"] == talk["rootBranchId"]
    assert first["context"] == [{"role": "user", "content": "What is a grove?"}]
    ann.flush(first, 1, "A small ")
    assert texts(ann.path(talk))[-1] == ("assistant", "A small ")
    ann.flush(first, 2, "group ")
    ann.finish(first, "of trees.", 3, promptTokens=5, completionTokens=7, cost=0.000125, estimated=False, finishReason="stop",
               source="own", keyPreview="…cdef", latencyMs=812, firstByteMs=93)
    page = ann.path(talk)
    assert texts(page) == [("user", "What is a grove?"), ("assistant", "A small group of trees.")]
    answer = page["items"][1]
    assert answer["id"] == first["assistantMessageId"] and answer["parentId"] == first["userMessageId"]
    assert answer["status"] == "completed" and answer["model"] == "model-a" and answer["provider"] == "openai"
    assert answer["usage"] == {"promptTokens": 5, "completionTokens": 7, "cachedTokens": None, "reasoningTokens": None,
                               "cost": 0.000125, "estimated": False}
    assert answer["siblings"] == {"index": 0, "count": 1, "ids": [answer["id"]]}
    assert page["items"][0]["usage"] is None and page["items"][0]["parentId"] is None and page["nextCursor"] is None
    second = ann.begin(talk, "And a wood?")
    assert [c["role"] for c in second["context"]] == ["user", "assistant", "user"]
    assert second["context"][1]["content"] == "A small group of trees."


def test_title_comes_from_the_first_question_and_stays(ann):
    talk = ann.conversation()
    assert talk["title"] == "New chat"
    ann.exchange(talk, "## How do trees talk? I mean underground.\nMore text.")
    assert ann.ok("GET", f"/v1/conversations/{talk['id']}")["title"] == "How do trees talk?"
    ann.exchange(talk, "Another question.")
    assert ann.ok("GET", f"/v1/conversations/{talk['id']}")["title"] == "How do trees talk?"


def test_stale_tab_is_told_where_the_leaf_is_and_changes_nothing(ann):
    talk = ann.conversation()
    first = ann.exchange(talk, "one")
    second = ann.exchange(talk, "two", expectedLeafId=first["assistantMessageId"])
    error = ann.refused("POST", "/internal/turns", 409, "leaf_moved", ann.turn(talk, "stale", expectedLeafId=first["assistantMessageId"]),
                        "chat-proxy")
    assert error["details"] == {"leaf": second["assistantMessageId"]}
    assert [t for _, t in texts(ann.path(talk))] == ["one", "An answer.", "two", "An answer."]


def test_two_tabs_at_once_make_one_turn_and_one_refusal(ann, store):
    import concurrent.futures
    talk = ann.conversation()
    leaf = ann.exchange(talk, "one")["assistantMessageId"]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: ann.call("POST", "/internal/turns", ann.turn(talk, f"tab {n}", expectedLeafId=leaf), "chat-proxy"), range(8)))
    assert sorted(a.status_code for a in answers) == [201] + [409] * 7
    assert {a.json()["error"]["code"] for a in answers if a.status_code == 409} == {"leaf_moved"}
    assert len(ann.path(talk)["items"]) == 4


def test_same_message_sent_twice_is_one_node(ann):
    talk = ann.conversation()
    mine = str(uuid.uuid4())
    first = ann.begin(talk, "Only once.", messageId=mine)
    assert first["userMessageId"] == mine
    again = ann.begin(talk, "Only once.", 200, messageId=mine)
    assert again["replayed"] is True and again["status"] == "running" and again["answer"] == ""
    assert again["assistantMessageId"] == first["assistantMessageId"] and again["runId"] == first["runId"]
    ann.flush(first, 1, "Half")
    assert ann.begin(talk, "Only once.", 200, messageId=mine)["answer"] == "Half"
    ann.finish(first, " and whole.", 2, promptTokens=1, completionTokens=2)
    again = ann.begin(talk, "Only once.", 200, messageId=mine)
    assert (again["status"], again["answer"]) == ("completed", "Half and whole.") and again["usage"]["promptTokens"] == 1
    assert again["context"] == [{"role": "user", "content": "Only once."}]
    assert len(ann.path(talk)["items"]) == 2


def test_repeat_is_a_repeat_although_its_own_leaf_moved(ann):
    talk = ann.conversation()
    leaf = ann.exchange(talk, "one")["assistantMessageId"]
    mine = str(uuid.uuid4())
    ann.begin(talk, "two", messageId=mine, expectedLeafId=leaf, parentMessageId=leaf)
    assert ann.begin(talk, "two", 200, messageId=mine, expectedLeafId=leaf, parentMessageId=leaf)["replayed"] is True


def test_same_id_with_other_words_is_a_conflict(ann):
    talk, other = ann.conversation(), ann.conversation()
    mine = str(uuid.uuid4())
    ann.begin(talk, "Only once.", messageId=mine)
    for where, words in ((talk, "Something else."), (other, "Only once.")):
        error = ann.refused("POST", "/internal/turns", 409, "conflict", ann.turn(where, words, messageId=mine), "chat-proxy")
        assert error["param"] == "messageId"
    assert ann.path(other)["items"] == []


def test_two_people_may_choose_the_same_id(ann, bob):
    mine = str(uuid.uuid4())
    for person in (ann, bob):
        assert person.begin(person.conversation(), "hello", messageId=mine)["userMessageId"] == mine


def test_regenerated_answer_is_a_sibling_and_the_leaf(ann):
    talk = ann.conversation()
    first = ann.exchange(talk, "Say something.", "First.")
    again = ann.begin(talk, regenerate=first["assistantMessageId"])
    assert again["userMessageId"] == first["userMessageId"]
    assert again["context"] == [{"role": "user", "content": "Say something."}]
    ann.finish(again, "Second.")
    answer = ann.path(talk)["items"][-1]
    assert answer["content"] == "Second."
    assert answer["siblings"] == {"index": 1, "count": 2, "ids": [first["assistantMessageId"], again["assistantMessageId"]]}
    old = ann.ok("GET", f"/v1/conversations/{talk['id']}/messages/{first['assistantMessageId']}")
    assert old["content"] == "First." and old["siblings"]["index"] == 0


def test_edited_question_is_a_sibling_also_at_the_root(ann):
    talk = ann.conversation()
    first = ann.exchange(talk, "one", "1")
    second = ann.exchange(talk, "two", "2")
    edited = ann.exchange(talk, "two, edited", "2e", parentMessageId=first["assistantMessageId"])
    assert [t for _, t in texts(ann.path(talk))] == ["one", "1", "two, edited", "2e"]
    assert ann.path(talk)["items"][2]["siblings"]["ids"] == [second["userMessageId"], edited["userMessageId"]]
    root = ann.begin(talk, "a new start", parentIsRoot=True)
    assert root["context"] == [{"role": "user", "content": "a new start"}]
    assert ann.path(talk)["items"][0]["siblings"]["count"] == 2


def test_places_that_do_not_fit_are_refused(ann, bob):
    talk, other, foreign = ann.conversation(), ann.conversation(), bob.conversation()
    turn = ann.exchange(talk, "one")
    elsewhere = ann.exchange(other, "elsewhere")
    theirs = bob.exchange(foreign, "theirs")
    cases = [
        (404, "not_found", {"parentMessageId": elsewhere["assistantMessageId"]}),
        (404, "not_found", {"parentMessageId": theirs["assistantMessageId"]}),
        (404, "not_found", {"parentMessageId": str(uuid.uuid4())}),
        (404, "not_found", {"branchId": other["rootBranchId"]}),
        (404, "not_found", {"branchId": str(uuid.uuid4())}),
        (400, "invalid_request", {"parentMessageId": turn["assistantMessageId"], "parentIsRoot": True}),
    ]
    for status, code, fields in cases:
        ann.refused("POST", "/internal/turns", status, code, ann.turn(talk, "x", **fields), "chat-proxy")
    for status, code, body in [
            (400, "invalid_request", ann.turn(talk, "", )), (400, "invalid_request", ann.turn(talk)),
            (400, "invalid_request", ann.turn(talk, "x", regenerate=turn["assistantMessageId"])),
            (400, "invalid_request", ann.turn(talk, regenerate=turn["userMessageId"])),
            (404, "not_found", ann.turn(talk, regenerate=elsewhere["assistantMessageId"])),
            (404, "not_found", ann.turn(foreign, "x")), (404, "not_found", ann.turn({"id": str(uuid.uuid4())}, "x")),
            (400, "invalid_request", ann.turn(talk, "x", surprise=1)), (400, "invalid_request", ann.turn(talk, "x", runId="nonsense"))]:
        ann.refused("POST", "/internal/turns", status, code, body, "chat-proxy")
    assert len(ann.path(talk)["items"]) == 2


def test_flush_numbers_make_it_repeatable_and_show_gaps(ann):
    talk = ann.conversation()
    turn = ann.begin(talk, "go")
    ann.flush(turn, 1, "a")
    ann.flush(turn, 1, "a")
    where = f"/internal/turns/{turn['assistantMessageId']}"
    body = {"runId": turn["runId"], "seq": 3, "text": "c"}
    ann.refused("POST", where + "/flush", 409, "conflict", body, "chat-proxy")
    ann.refused("POST", where + "/finish", 409, "conflict", body | {"status": "completed"}, "chat-proxy")
    ann.flush(turn, 2, "b")
    ann.flush(turn, 3, "")
    ann.refused("POST", where + "/flush", 409, "already_finished", body | {"seq": 4, "runId": str(uuid.uuid4())}, "chat-proxy")
    # A tail that did arrive as a flush, although its sender never heard so.
    ann.finish(turn, "b", 2)
    ann.finish(turn, "b", 2)
    ann.refused("POST", where + "/flush", 409, "already_finished", body | {"seq": 4}, "chat-proxy")
    assert ann.path(talk)["items"][-1]["content"] == "ab"
    ann.refused("POST", f"/internal/turns/{uuid.uuid4()}/flush", 404, "not_found", body, "chat-proxy")
    ann.refused("POST", f"/internal/turns/{turn['userMessageId']}/finish", 404, "not_found", body | {"status": "completed"}, "chat-proxy")


def test_finish_leaves_no_parts_no_run_and_one_row_in_the_request_log(ann, store):
    talk = ann.conversation()
    turn = ann.begin(talk, "go")
    ann.flush(turn, 1, "a")
    ann.finish(turn, "b", 2, "stopped", promptTokens=3, completionTokens=1, cost=0.1, estimated=True, source="session")
    assert store.as_person(ann, "SELECT count(*) FROM account.message_parts") == ["0"]
    assert store.as_person(ann, "SELECT count(*) FROM account.runs") == ["0"]
    assert store.as_person(ann, "SELECT conversation_id, model, prompt_tokens, trim_scale(cost), estimated, status, source, ephemeral"
                                " FROM account.calls") == [f"{talk['id']}|model-a|3|0.1|t|stopped|session|f"]


def test_stateless_call_leaves_one_row_of_metadata(ann, store):
    run = str(uuid.uuid4())
    body = {"runId": run, "status": "completed", "model": "m", "provider": "p", "promptTokens": 1, "completionTokens": 2, "cost": 0.25,
            "estimated": False, "ephemeral": True, "source": "own", "keyPreview": "…1234", "latencyMs": 5, "firstByteMs": 2}
    for _ in range(2):
        ann.ok("POST", "/internal/calls", 204, body, "chat-proxy")
    assert store.as_person(ann, "SELECT run_id, conversation_id IS NULL, ephemeral, latency_ms FROM account.calls") == [f"{run}|t|t|5"]
    ann.refused("POST", "/internal/calls", 400, "invalid_request", body | {"text": "no text here"}, "chat-proxy")


def test_killed_daemon_keeps_what_was_flushed(ann, store):
    talk = ann.conversation()
    turn = ann.begin(talk, "Tell me a long story.")
    ann.flush(turn, 1, "Once upon ")
    ann.flush(turn, 2, "a time ")
    store.kill()
    answer = ann.path(talk)["items"][-1]
    assert (answer["status"], answer["content"]) == ("running", "Once upon a time ")
    ann.finish(turn, "it ended.", 3)
    assert ann.path(talk)["items"][-1]["content"] == "Once upon a time it ended."


def test_abandoned_run_is_marked_interrupted_and_may_still_come_back(make_store):
    store = make_store(GROVE_RUN_ABANDONED_MS=1500)
    ann = store.person()
    talk = ann.conversation()
    lost = ann.begin(talk, "one")
    ann.flush(lost, 1, "half a sen")
    wait_until(lambda: ann.path(talk)["items"][-1]["status"] == "interrupted", "the reaper")
    assert ann.path(talk)["items"][-1]["content"] == "half a sen"
    second = ann.begin(talk, "two")
    assert [c["content"] for c in second["context"]] == ["one", "half a sen", "two"]
    ann.finish(second, "done")
    ann.flush(lost, 2, "ten")
    assert ann.ok("GET", f"/v1/conversations/{talk['id']}/messages/{lost['assistantMessageId']}")["status"] == "running"
    ann.finish(lost, ".", 3)
    page = ann.path(talk)["items"]
    assert (page[1]["status"], page[1]["content"], page[3]["status"]) == ("completed", "half a senten.", "completed")


def test_failed_answer_without_text_is_not_told_to_the_model(ann):
    talk = ann.conversation()
    ann.finish(ann.begin(talk, "one"), "", 1, "failed")
    assert ann.path(talk)["items"][-1]["status"] == "failed"
    assert [c["content"] for c in ann.begin(talk, "two")["context"]] == ["one", "two"]


def test_system_prompt_leads_the_context(ann):
    talk = ann.conversation(settings={"systemPrompt": "Be brief.", "temperature": 0.5})
    assert talk["settings"] == {"temperature": 0.5, "systemPrompt": "Be brief."}
    assert ann.begin(talk, "hi")["context"][0] == {"role": "system", "content": "Be brief."}


def test_branch_has_its_own_path_and_leaks_nothing(ann, store):
    """Branches are made by SQL until their route exists."""
    talk = ann.conversation()
    turn = ann.exchange(talk, "one", "An answer with words.")
    branch = str(uuid.uuid4())
    store.as_person(ann, "INSERT INTO account.branches (user_id, conversation_id, id, parent_id, anchor_message_id, leaf_message_id) VALUES"
                         f" ('{ann.id}', '{talk['id']}', '{branch}', '{talk['rootBranchId']}', '{turn['assistantMessageId']}',"
                         f" '{turn['assistantMessageId']}')")
    main = ann.exchange(talk, "two on the main line", "2")
    side = ann.exchange(talk, "aside", "3", branchId=branch)
    assert [t for _, t in texts(ann.path(talk))] == ["one", "An answer with words.", "two on the main line", "2"]
    page = ann.path(talk, branch)
    assert [t for _, t in texts(page)] == ["one", "An answer with words.", "aside", "3"]
    assert page["items"][2]["siblings"] == {"index": 0, "count": 1, "ids": [side["userMessageId"]]}
    assert [c["content"] for c in ann.begin(talk, "more", branchId=branch)["context"]] == ["one", "An answer with words.", "aside", "3", "more"]
    tree = {b["id"]: b for b in ann.ok("GET", f"/v1/conversations/{talk['id']}/tree")["branches"]}
    assert tree[branch]["messageCount"] == 4 and tree[branch]["anchorMessageId"] == turn["assistantMessageId"]
    assert tree[talk["rootBranchId"]]["messageCount"] == 4
    ann.refused("POST", "/internal/turns", 400, "invalid_request", ann.turn(talk, "x", branchId=branch, parentMessageId=main["userMessageId"]), "chat-proxy")
    assert ann.begin(talk, "x", parentMessageId=main["assistantMessageId"])["branchId"] == talk["rootBranchId"]
