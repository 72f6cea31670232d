# SPDX-License-Identifier: MIT
"""Conversations, their tree and their pages; preferences; people."""

import uuid

import pytest
from grove.api import error_of


def test_new_conversation_has_one_empty_branch(ann):
    talk = ann.conversation()
    assert talk["activeBranchId"] == talk["rootBranchId"] and talk["settings"] == {}
    assert (talk["starred"], talk["archived"]) == (False, False)
    tree = ann.ok("GET", f"/v1/conversations/{talk['id']}/tree")
    assert tree == {"branches": [{"id": talk["rootBranchId"], "parentId": None, "anchorMessageId": None, "span": None, "title": None,
                                  "messageCount": 0, "leafMessageId": None, "archived": False, "createdAt": talk["createdAt"]}]}
    assert ann.path(talk) == {"items": [], "nextCursor": None}


def test_empty_body_makes_a_conversation_too(ann):
    assert ann.call("POST", "/v1/conversations").status_code == 201


@pytest.mark.parametrize("given,kept", [("  two   words\n\tmore ", "two words more"), ("ü" * 60, "ü" * 60), ("🌳", "🌳")])
def test_title_is_one_clean_line(ann, given, kept):
    talk = ann.conversation(title=given)
    assert talk["title"] == kept
    assert ann.ok("PATCH", f"/v1/conversations/{talk['id']}", body={"title": given + " "})["title"] == kept


@pytest.mark.parametrize("title", ["", "   \n", "\u200b\u2029", "ü" * 61, "x" * 4096])
def test_blank_and_long_titles_are_refused(ann, title):
    talk = ann.conversation(title="good")
    for method, path in (("POST", "/v1/conversations"), ("PATCH", f"/v1/conversations/{talk['id']}")):
        assert ann.refused(method, path, 400, "invalid_request", {"title": title})["param"] == "title"
    assert ann.ok("GET", f"/v1/conversations/{talk['id']}")["title"] == "good"


@pytest.mark.parametrize("body", [
    {"surprise": 1}, {"archived": "yes"}, {"starred": None}, {"title": None}, {"title": 5}, {"settings": {"surprise": 1}}, {"settings": []},
    {"settings": {"temperature": 3}}, {"settings": {"model": "x" * 201}}, {"activeBranchId": "nonsense"}, {"user_id": str(uuid.uuid4())}], ids=str)
def test_patch_refuses_what_it_does_not_know(ann, body):
    talk = ann.conversation(title="good")
    ann.refused("PATCH", f"/v1/conversations/{talk['id']}", 400, "invalid_request", body)
    assert ann.ok("GET", f"/v1/conversations/{talk['id']}") == talk


def test_patch_changes_what_is_given_and_nothing_else(ann):
    talk = ann.conversation(title="good", settings={"model": "m", "systemPrompt": "Be kind."})
    where = f"/v1/conversations/{talk['id']}"
    changed = ann.ok("PATCH", where, body={"starred": True, "settings": {"temperature": 1, "model": None}})
    assert changed == talk | {"starred": True, "settings": {"temperature": 1, "systemPrompt": "Be kind."}}
    changed = ann.ok("PATCH", where, body={"settings": {"systemPrompt": None}, "archived": True})
    assert changed == talk | {"starred": True, "archived": True, "settings": {"temperature": 1}}
    assert ann.ok("PATCH", where, body={}) == changed
    other = ann.conversation()
    assert ann.refused("PATCH", where, 404, "not_found", {"activeBranchId": other["rootBranchId"]})["param"] == "activeBranchId"
    assert ann.ok("PATCH", where, body={"activeBranchId": talk["rootBranchId"]})["activeBranchId"] == talk["rootBranchId"]


def test_list_pages_through_everything_once_newest_activity_first(ann):
    made = [ann.conversation(title=f"talk {n}") for n in range(5)]
    ann.exchange(made[1], "hello again")
    ann.ok("PATCH", f"/v1/conversations/{made[3]['id']}", body={"archived": True})
    seen, cursor = [], ""
    while cursor is not None:
        page = ann.ok("GET", f"/v1/conversations?limit=2{cursor and '&cursor=' + cursor}")
        assert len(page["items"]) <= 2 and "settings" not in page["items"][0]
        seen += [item["id"] for item in page["items"]]
        cursor = page["nextCursor"]
    assert set(seen) == {made[n]["id"] for n in (0, 1, 2, 4)} and len(seen) == 4 and seen[0] == made[1]["id"]
    assert [i["id"] for i in ann.ok("GET", "/v1/conversations?archived=true")["items"]] == [made[3]["id"]]


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "cursor=x", "cursor=" + "A" * 34, "archived=maybe", "cursor=" + "A" * 2000])
def test_bad_queries_are_named(ann, query):
    assert ann.refused("GET", f"/v1/conversations?{query}", 400, "invalid_request")["param"] == query.split("=", maxsplit=1)[0]


def test_path_is_read_in_pages_from_its_end(ann):
    talk = ann.conversation()
    for n in range(5):
        ann.exchange(talk, f"q{n}", f"a{n}")
    seen, query = [], "?limit=3"
    while query:
        page = ann.path(talk, query=query)
        seen = [m["content"] for m in page["items"]] + seen
        query = page["nextCursor"] and f"?limit=3&before={page['nextCursor']}"
    assert seen == [t for n in range(5) for t in (f"q{n}", f"a{n}")]


def test_page_of_unknown_places_is_not_found(ann):
    talk, other = ann.conversation(), ann.conversation()
    turn = ann.exchange(other, "x")
    base = f"/v1/conversations/{talk['id']}/branches"
    for path in (f"{base}/{other['rootBranchId']}/messages", f"{base}/{uuid.uuid4()}/messages", f"{base}/nonsense/messages",
                 f"{base}/{talk['rootBranchId']}/messages?before={turn['userMessageId']}",
                 f"{base}/{talk['rootBranchId']}/messages?before={uuid.uuid4()}",
                 f"/v1/conversations/{talk['id']}/messages/{turn['userMessageId']}"):
        ann.refused("GET", path, 404, "not_found")
    for query in ("limit=0", "limit=201", "before=nonsense"):
        ann.refused("GET", f"{base}/{talk['rootBranchId']}/messages?{query}", 400, "invalid_request")


def test_deleted_conversation_takes_everything_along_but_the_request_log(ann, store):
    talk, kept = ann.conversation(title="gone"), ann.conversation(title="kept")
    ann.exchange(talk, "one")
    running = ann.begin(talk, "two")
    ann.flush(running, 1, "half")
    where = f"/v1/conversations/{talk['id']}"
    ann.ok("DELETE", where, 204)
    for path in (where, where + "/tree", f"{where}/branches/{talk['rootBranchId']}/messages", f"{where}/messages/{running['userMessageId']}"):
        ann.refused("GET", path, 404, "not_found")
    ann.refused("DELETE", where, 404, "not_found")
    for table in ("messages", "message_parts", "runs"):
        assert store.as_person(ann, f"SELECT count(*) FROM account.{table}") == ["0"]
    assert store.as_person(ann, "SELECT count(*) FROM account.branches") == ["1"]
    assert store.as_person(ann, "SELECT count(*), count(conversation_id) FROM account.calls") == ["1|0"]
    assert [i["id"] for i in ann.ok("GET", "/v1/conversations")["items"]] == [kept["id"]]
    ann.refused("POST", f"/internal/turns/{running['assistantMessageId']}/flush", 404, "not_found",
                {"runId": running["runId"], "seq": 2, "text": "x"}, "chat-proxy")


def test_preferences_are_a_known_list(ann, store):
    defaults = ann.ok("GET", "/v1/preferences")
    assert defaults == {"theme": "system", "defaultModel": None, "ephemeralMode": False, "clientSideStorage": False}
    composer = {"model": "a", "temperature": 0.5, "sendOnEnter": False}
    changed = ann.ok("PATCH", "/v1/preferences", body={"theme": "dark", "composer": composer, "fallbacks": [{"model": "a", "to": ["b", "c"]}]})
    assert changed == defaults | {"theme": "dark", "composer": composer, "fallbacks": [{"model": "a", "to": ["b", "c"]}]}
    changed = ann.ok("PATCH", "/v1/preferences", body={"theme": None, "ephemeralMode": True, "composer": {}})
    kept = {"ephemeralMode": True, "composer": {}, "fallbacks": [{"model": "a", "to": ["b", "c"]}]}
    assert changed == defaults | kept == ann.ok("GET", "/v1/preferences")
    for body in ({"surprise": 1}, {"theme": "pink"}, {"ephemeralMode": "yes"}, {"composer": {"surprise": 1}}, {"fallbacks": [{"model": "a"}]}):
        ann.refused("PATCH", "/v1/preferences", 400, "invalid_request", body)
    assert ann.ok("GET", "/v1/preferences") == changed


def resolve(store, body):
    return store.peer("auth-verifier").call("POST", "/internal/people/resolve", body)


def test_local_owner_is_made_once(store):
    first = resolve(store, {"kind": "local"})
    assert first.status_code == 200
    assert first.json() == {"userId": first.json()["userId"], "email": None, "displayName": None, "role": "owner", "tier": "pro", "disabled": False}
    assert resolve(store, {"kind": "local"}).json() == first.json()
    assert resolve(store, {"kind": "id", "userId": first.json()["userId"]}).json() == first.json()


def test_person_is_found_by_id_and_nobody_else_is(store, ann):
    found = resolve(store, {"kind": "id", "userId": ann.id}).json()
    assert found["userId"] == ann.id and found["role"] == "user" and found["email"] == f"{ann.id}@example.org"
    error_of(resolve(store, {"kind": "id", "userId": str(uuid.uuid4())}), 404, "not_found")
    for body in ({"kind": "id"}, {"kind": "local", "userId": ann.id}, {"kind": "email"}, {}, {"kind": "local", "x": 1}):
        error_of(resolve(store, body), 400, "invalid_request")
