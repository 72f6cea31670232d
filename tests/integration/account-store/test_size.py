# SPDX-License-Identifier: MIT
"""A conversation of ten thousand messages: every statement goes by an index, and a page opens at once."""

import os
import re
import subprocess
import time
import uuid

import pytest
import sealed
from grove.paths import ROOT, SANITIZED

DEPTH, WIDTH = 300, 33
SQL = ROOT / "services/account-store/sql"


def rows(person, store, talk, ids):
    key = sealed.Key(store.vault.kek_id, 1, store.vault.keys[person.id, 1])
    for depth in range(DEPTH):
        role = "assistant" if depth % 2 else "user"
        parent = ids[depth - 1][0] if depth else None
        for ordinal, message in enumerate(ids[depth]):
            where = sealed.Place(label="grove/content/v1", user=uuid.UUID(person.id), row=uuid.UUID(message), table="messages",
                                 column="content_sealed", extra=(talk["id"], parent or "root", role))
            record = sealed.seal_record(key, where, f"{role} {depth}.{ordinal} ".encode() * 25, os.urandom(12))
            yield "\t".join([person.id, talk["id"], message, talk["rootBranchId"], parent or "\\N", str(ordinal), str(depth), role,
                             "\\\\x" + record.hex(), "completed"])


@pytest.fixture(scope="module")
def big(running_store):
    """Somebody with 2,000 small conversations and a big one: 300 deep, 33 siblings at each level."""
    store = running_store
    person = store.person()
    talk = person.conversation(title="the big one")
    ids = [[str(uuid.uuid4()) for _ in range(WIDTH)] for _ in range(DEPTH)]
    copy = ("COPY account.messages (user_id, conversation_id, id, branch_id, parent_id, ordinal, depth, role, content_sealed, status)"
            " FROM stdin;\n" + "\n".join(rows(person, store, talk, ids)) + "\n\\.\n")
    more = (f"UPDATE account.branches SET leaf_message_id = '{ids[-1][0]}' WHERE id = '{talk['rootBranchId']}';"
            "WITH made AS (SELECT gen_random_uuid() AS c, gen_random_uuid() AS b, n FROM generate_series(1, 2000) n),"
            f" branches AS (INSERT INTO account.branches (user_id, conversation_id, id) SELECT '{person.id}', c, b FROM made)"
            " INSERT INTO account.conversations (user_id, id, root_branch_id, active_branch_id, last_active_at)"
            f" SELECT '{person.id}', c, b, b, now() - n * interval '1 minute' FROM made; ANALYZE;")
    subprocess.run(["psql", "-Xq", "-v", "ON_ERROR_STOP=1"], input=copy + more, text=True, check=True, env=store.postgres.environment())
    return person, talk, ids


def plan(store, person, name, *values):
    text = re.sub(r"--[^\n]*", "", (SQL / f"{name}.sql").read_text())
    given = ", ".join("NULL" if v is None else repr(str(v)) for v in values)
    return store.postgres.sql(f"SET ROLE grove_account; SET plan_cache_mode = force_generic_plan; PREPARE p AS {text};"
                              f" SELECT set_config('app.user_id', '{person.id}', false); EXPLAIN (ANALYZE, COSTS OFF) EXECUTE p({given})")


def test_statements_of_reading_and_writing_go_by_an_index(big, store):
    person, talk, ids = big
    me, conversation, branch, leaf = person.id, talk["id"], talk["rootBranchId"], ids[-1][0]
    for name, values in {
            "path_page": (me, conversation, branch, None, 50, 1 << 22), "context_path": (me, conversation, leaf, 10000, 3 << 20),
            "show_message": (me, conversation, leaf), "open_parts": (me, conversation), "answer_parts": (me, leaf), "answer_state": (me, leaf),
            "path_start": (me, conversation, branch, leaf), "turn_place": (me, conversation, None, leaf, leaf),
            "turn_state": (me, conversation, branch, leaf), "list_branches": (me, conversation), "show_conversation": (me, conversation),
            "list_conversations": (me, "false", "9999-12-31", "f" * 32, 31)}.items():
        text = plan(store, person, name, *values)
        assert not re.search(r"Seq Scan on (messages|conversations|branches)", text), f"{name}\n{text}"
    assert "conversations_list" in text and "Sort" not in text, text


def test_newest_page_of_ten_thousand_messages_opens_in_fifty_milliseconds(big):
    person, talk, _ = big
    person.path(talk)
    took, page = [], None
    for _ in range(10):
        start = time.perf_counter()
        answer = person.call("GET", f"/v1/conversations/{talk['id']}/branches/{talk['rootBranchId']}/messages?limit=50")
        took.append(time.perf_counter() - start)
        page = answer.json()
    assert len(page["items"]) == 50 and page["items"][-1]["siblings"]["count"] == WIDTH
    assert page["items"][0]["content"].startswith(f"user {DEPTH - 50}.0 ") and len(answer.content) <= 200_000
    print(f"page of 50: {min(took) * 1000:.1f} ms best, {sorted(took)[5] * 1000:.1f} ms median, {len(answer.content)} bytes")
    assert min(took) <= (0.5 if SANITIZED else 0.05), took


def test_context_of_a_deep_path_comes_whole(big):
    person, talk, ids = big
    turn = person.begin(talk, "after three hundred")
    assert len(turn["context"]) == DEPTH + 1 and "leftOut" not in turn
    assert turn["context"][0]["content"].startswith("user 0.0 ") and turn["context"][-1]["content"] == "after three hundred"
    person.finish(turn, "end")
    assert person.path(talk)["items"][-3]["id"] == ids[-1][0]


def test_path_longer_than_any_model_takes_is_told_without_its_oldest_part(store):
    person = store.person()
    talk = person.conversation()
    for n in range(4):
        person.exchange(talk, f"{n}" * (900 << 10), "short")
    turn = person.begin(talk, "now")
    assert turn["context"][0]["role"] == "user" and turn["context"][-1]["content"] == "now"
    assert turn["leftOut"] == 8 - (len(turn["context"]) - 1) > 0


def test_big_conversation_is_deleted_whole(big, store):
    person, talk, _ = big
    person.ok("DELETE", f"/v1/conversations/{talk['id']}", 204)
    assert store.as_person(person, "SELECT count(*) FROM account.messages") == ["0"]
