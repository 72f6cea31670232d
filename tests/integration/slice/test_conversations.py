# SPDX-License-Identifier: MIT
"""Conversations: create, list, open a page of the path, rename, archive, delete."""

import uuid

import pytest
from grove import rogue_behaviours


def test_new_conversation_has_an_empty_root_branch(api):
    made = api.conversation(title="Hello")
    assert {"id", "title", "rootBranchId"} <= set(made) and made["title"] == "Hello"
    tree = api.ok("GET", f"/api/conversations/{made['id']}/tree")
    assert len(tree["branches"]) == 1
    root = tree["branches"][0]
    assert root["id"] == made["rootBranchId"] and root["parentId"] is None and root["span"] is None and root["messageCount"] == 0
    assert api.messages(made) == []


def test_title_is_optional_and_at_most_sixty_characters(api):
    assert api.conversation()["id"]
    made = api.conversation(title="x")
    changed = api.ok("PATCH", f"/api/conversations/{made['id']}", json={"title": "ü" * 60})
    assert changed["title"] == "ü" * 60
    error = api.refused("PATCH", f"/api/conversations/{made['id']}", 400, "invalid_request", json={"title": "ü" * 61})
    assert error["param"] == "title"
    assert api.ok("GET", f"/api/conversations/{made['id']}")["title"] == "ü" * 60


def test_list_is_newest_first_and_pages_without_gaps(api):
    for item in api.ok("GET", "/api/conversations?limit=100")["items"]:
        api.ok("DELETE", f"/api/conversations/{item['id']}", 204)
    made = [api.conversation(title=str(n))["id"] for n in range(7)]
    seen, cursor = [], None
    for _ in range(4):
        page = api.ok("GET", "/api/conversations", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))
        assert len(page["items"]) <= 2
        seen += [item["id"] for item in page["items"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert seen == made[::-1]


def test_archived_conversations_leave_the_list_and_come_back(api):
    made = api.conversation(title="old")
    api.ok("PATCH", f"/api/conversations/{made['id']}", json={"archived": True})
    assert made["id"] not in [i["id"] for i in api.ok("GET", "/api/conversations?limit=100")["items"]]
    assert made["id"] in [i["id"] for i in api.ok("GET", "/api/conversations?archived=true&limit=100")["items"]]
    api.ok("PATCH", f"/api/conversations/{made['id']}", json={"archived": False, "starred": True})
    listed = [i for i in api.ok("GET", "/api/conversations?limit=100")["items"] if i["id"] == made["id"]]
    assert listed and listed[0]["starred"] is True


def test_deleted_conversation_is_gone_with_all_that_hung_on_it(stack, rogue_api, rogue):
    rogue.on("model-a", rogue_behaviours.answer("x"))
    made = rogue_api.conversation(title="to be deleted")
    rogue_api.chat("hi", conversationId=made["id"])
    rogue_api.ok("DELETE", f"/api/conversations/{made['id']}", 204)
    for path in ("", "/tree", f"/branches/{made['rootBranchId']}/messages"):
        rogue_api.refused("GET", f"/api/conversations/{made['id']}{path}", 404, "not_found")
    for table in ("messages", "branches"):
        assert stack.sql(f"SELECT count(*) FROM account.{table} WHERE conversation_id = '{made['id']}'") == "0"


def test_path_is_read_in_pages_from_the_newest(rogue_api, rogue):
    rogue.on("model-a", rogue_behaviours.answer("x"))
    made = rogue_api.conversation()
    for n in range(3):
        rogue_api.chat(f"m{n}", conversationId=made["id"])
    path = f"/api/conversations/{made['id']}/branches/{made['rootBranchId']}/messages"
    page = rogue_api.ok("GET", f"{path}?limit=4")
    assert [m["content"] for m in page["items"]] == ["m1", "x", "m2", "x"]
    older = rogue_api.ok("GET", path, params={"limit": 4, "before": page["nextCursor"]})
    assert [m["content"] for m in older["items"]] == ["m0", "x"] and older["nextCursor"] is None


def test_message_has_all_its_fields(rogue_api, rogue):
    rogue.on("model-a", rogue_behaviours.answer("x"))
    made = rogue_api.conversation()
    rogue_api.chat("hi", conversationId=made["id"])
    for message in rogue_api.messages(made):
        assert {"id", "parentId", "branchId", "role", "content", "createdAt", "status", "model", "provider", "usage", "siblings"} <= set(message)
        assert {"index", "count", "ids"} == set(message["siblings"])
        assert message["createdAt"].endswith("Z")


@pytest.mark.parametrize("path", ["", "/tree", "/messages/{other}", "/branches/{other}/messages"])
def test_unknown_ids_are_not_found(api, path):
    other = uuid.uuid4()
    api.refused("GET", f"/api/conversations/{uuid.uuid4()}{path.format(other=other)}", 404, "not_found")
    made = api.conversation()
    if path.startswith(("/m", "/b")):
        api.refused("GET", f"/api/conversations/{made['id']}{path.format(other=other)}", 404, "not_found")
    api.refused("GET", f"/api/conversations/nonsense{path.format(other=other)}", 404, "not_found")


@pytest.mark.parametrize("query", ["limit=0", "limit=-1", "limit=100000", "limit=x", "cursor=%%", "cursor=AAAA", "archived=perhaps"])
def test_bad_query_names_the_parameter(api, query):
    error = api.refused("GET", f"/api/conversations?{query}", 400, "invalid_request")
    assert error["param"] == query.split("=")[0]


def test_preferences_are_kept(api):
    before = api.ok("GET", "/api/preferences")
    assert isinstance(before, dict)
    api.ok("PATCH", "/api/preferences", json={"theme": "dark"})
    assert api.ok("GET", "/api/preferences")["theme"] == "dark"
    error = api.refused("PATCH", "/api/preferences", 400, "invalid_request", json={"theme": "plaid"})
    assert error["param"] == "theme"
