# SPDX-License-Identifier: MIT
"""What keeps people apart and text unreadable: routes, row-level security, sealing, callers."""

import base64
import os
import subprocess
import uuid

import pytest
import sealed
from grove.api import error_of

TABLES = ("conversations", "branches", "messages", "message_parts", "runs", "calls", "preferences")


def furnish(person, words="hello"):
    """A conversation with a finished and a running turn."""
    talk = person.conversation(title=f"{words} title", settings={"systemPrompt": f"{words} prompt"})
    done = person.exchange(talk, f"{words} question", f"{words} answer", )
    running = person.begin(talk, f"{words} again")
    person.flush(running, 1, f"{words} piece")
    person.ok("PATCH", "/v1/preferences", body={"theme": "dark"})
    return talk, done, running


def test_nobody_reaches_another_persons_things_on_any_route(ann, bob, store):
    talk, done, running = furnish(ann)
    before = ann.ok("GET", f"/v1/conversations/{talk['id']}"), ann.path(talk)
    where = f"/v1/conversations/{talk['id']}"
    for method, path, body in [
            ("GET", where, None), ("PATCH", where, {"title": "mine now"}), ("DELETE", where, None), ("GET", where + "/tree", None),
            ("GET", f"{where}/branches/{talk['rootBranchId']}/messages", None), ("GET", f"{where}/messages/{done['userMessageId']}", None)]:
        bob.refused(method, path, 404, "not_found", body)
    mine = bob.conversation()
    bob.refused("PATCH", f"/v1/conversations/{mine['id']}", 404, "not_found", {"activeBranchId": talk["rootBranchId"]})
    piece = {"runId": running["runId"], "seq": 2, "text": "x"}
    for path, body in [("", bob.turn(talk, "x")), ("", bob.turn(mine, "x", parentMessageId=done["assistantMessageId"])),
                       ("", bob.turn(mine, regenerate=done["assistantMessageId"])), ("", bob.turn(mine, "x", branchId=talk["rootBranchId"])),
                       (f"/{running['assistantMessageId']}/flush", piece), (f"/{running['assistantMessageId']}/finish", piece | {"status": "failed"})]:
        bob.refused("POST", f"/internal/turns{path}", 404, "not_found", body, "chat-proxy")
    assert [i["id"] for i in bob.ok("GET", "/v1/conversations")["items"]] == [mine["id"]]
    assert bob.ok("GET", "/v1/preferences")["theme"] == "system"
    assert (ann.ok("GET", f"/v1/conversations/{talk['id']}"), ann.path(talk)) == before


@pytest.mark.parametrize("table", TABLES)
def test_table_shows_a_persons_rows_to_them_alone(ann, bob, store, table):
    furnish(ann)
    assert store.as_person(ann, f"SELECT count(*) > 0 FROM account.{table}") == ["t"]
    assert store.as_person(bob, f"SELECT count(*) FROM account.{table}") == ["0"]
    assert store.as_person(None, f"SELECT count(*) FROM account.{table}") == ["0"]
    assert store.postgres.sql(f"SET ROLE grove_account; SELECT count(*) FROM account.{table}") == "0"
    assert store.postgres.sql(f"SET ROLE grove_owner; SELECT count(*) FROM account.{table}") == "0"


def test_people_cannot_be_listed(ann, bob, store):
    account = "SET ROLE grove_account;"
    assert store.postgres.sql(f"{account} SELECT count(*) FROM account.users") == "0"
    assert store.as_person(ann, "SELECT id FROM account.users") == [ann.id]
    one = f"SELECT set_config('app.person', 'email:{bob.id}@example.org', false); SELECT id FROM account.users"
    assert store.postgres.sql(f"{account} {one}").splitlines()[1:] == [bob.id]
    with pytest.raises(subprocess.CalledProcessError):
        store.as_person(ann, f"INSERT INTO account.users (id, kind, email, role, tier) VALUES ('{uuid.uuid4()}', 'access', 'x@y.z', 'owner', 'pro')")
    with pytest.raises(subprocess.CalledProcessError):
        store.as_person(ann, "UPDATE account.users SET role = 'owner'")


def test_reaper_sees_ids_of_live_runs_and_may_change_nothing(ann, store):
    _, _, running = furnish(ann)
    reaper = "SET ROLE grove_account; SELECT set_config('app.reaper', 'on', false);"
    seen = store.postgres.sql(f"{reaper} SELECT message_id FROM account.runs").splitlines()
    assert running["assistantMessageId"] in seen
    assert store.postgres.sql(f"{reaper} UPDATE account.runs SET last_seq = 9 RETURNING 1").splitlines()[1:] == []
    assert store.postgres.sql(f"{reaper} DELETE FROM account.runs RETURNING 1").splitlines()[1:] == []
    assert store.postgres.sql(f"{reaper} SELECT count(*) FROM account.messages").splitlines()[1:] == ["0"]


@pytest.mark.parametrize("change", [
    "UPDATE account.messages SET parent_id = NULL", "UPDATE account.messages SET ordinal = 7", "UPDATE account.messages SET depth = 0",
    "UPDATE account.messages SET user_id = gen_random_uuid()", "UPDATE account.messages SET role = 'system'", "DELETE FROM account.messages",
    "UPDATE account.conversations SET user_id = gen_random_uuid()", "TRUNCATE account.messages", "DELETE FROM account.calls", "DELETE FROM account.users"])
def test_daemon_has_no_right_to_rewrite_history(ann, store, change):
    furnish(ann)
    with pytest.raises(subprocess.CalledProcessError) as refused:
        store.as_person(ann, change)
    assert "permission denied" in refused.value.stderr


def insert(person, talk, **fields):
    row = {"user_id": person.id, "conversation_id": talk["id"], "id": str(uuid.uuid4()), "branch_id": talk["rootBranchId"], "ordinal": 9,
           "depth": 0, "role": "user", "content_sealed": "\\x01", "status": "completed"} | fields
    columns = {k: v for k, v in row.items() if v is not None}
    return f"INSERT INTO account.messages ({', '.join(columns)}) VALUES ({', '.join(repr(str(v)) for v in columns.values())})"


def test_every_message_hangs_on_a_real_parent_one_level_up(ann, bob, store):
    talk, done, _ = furnish(ann)
    theirs, other = bob.exchange(bob.conversation(), "x"), ann.exchange(ann.conversation(), "y")
    loop = str(uuid.uuid4())
    for fields in ({"parent_id": str(uuid.uuid4()), "depth": 1}, {"parent_id": done["userMessageId"], "depth": 5},
                   {"parent_id": theirs["userMessageId"], "depth": 1}, {"parent_id": other["userMessageId"], "depth": 1},
                   {"id": loop, "parent_id": loop, "depth": 1}, {"depth": 1}, {"parent_id": done["userMessageId"]},
                   {"branch_id": str(uuid.uuid4())}, {"content_sealed": None}, {"ordinal": 0}):
        with pytest.raises(subprocess.CalledProcessError) as refused:
            store.as_person(ann, insert(ann, talk, **fields))
        assert "violates" in refused.value.stderr, fields
    store.as_person(ann, insert(ann, talk, parent_id=done["userMessageId"], depth=1, role="assistant"))


def test_text_is_nowhere_in_the_cluster(ann, store, canary):
    talk, _, running = furnish(ann, canary)
    ann.finish(running, f"{canary} tail", 2)
    furnish(ann, canary)
    store.postgres.sql("CHECKPOINT; SELECT pg_switch_wal(); CHECKPOINT")
    assert ann.path(talk)["items"][-1]["content"] == f"{canary} piece{canary} tail"
    found = subprocess.run(["grep", "-rlaF", canary, store.postgres.folder], capture_output=True, text=True, check=False)
    assert found.stdout == "" and found.returncode == 1
    for spelling in (base64.b64encode(canary.encode()).decode()[:20], canary.encode().hex()):
        assert subprocess.run(["grep", "-rlaF", spelling, store.postgres.folder], capture_output=True, check=False).returncode == 1
    assert canary not in store.daemon.log()


def key_of(store, person, version=1):
    return sealed.Key(store.vault.kek_id, version, store.vault.keys[person.id, version])


def place(person, table, row, column, *extra):
    return sealed.Place(label="grove/content/v1", user=uuid.UUID(person.id), row=uuid.UUID(row), table=table, column=column, extra=extra)


def blob(store, person, table, row, column):
    return bytes.fromhex(store.as_person(person, f"SELECT encode({column}, 'hex') FROM account.{table} WHERE id = '{row}'")[0])


def test_sealed_columns_open_with_the_published_format_and_only_in_their_place(ann, store):
    talk, done, _ = furnish(ann)
    record = blob(store, ann, "messages", done["assistantMessageId"], "content_sealed")
    right = ("messages", done["assistantMessageId"], "content_sealed", talk["id"], done["userMessageId"], "assistant")
    assert sealed.open_record(key_of(store, ann), place(ann, *right), record) == b"hello answer"
    title = place(ann, "conversations", talk["id"], "title_sealed")
    assert sealed.open_record(key_of(store, ann), title, blob(store, ann, "conversations", talk["id"], "title_sealed")) == b"hello title"
    for at, other in enumerate(("branches", str(uuid.uuid4()), "title_sealed", str(uuid.uuid4()), str(uuid.uuid4()), "user")):
        with pytest.raises(sealed.NotOpened):
            sealed.open_record(key_of(store, ann), place(ann, *right[:at], other, *right[at + 1:]), record)


@pytest.mark.parametrize("tamper", [
    "UPDATE account.messages m SET content_sealed = o.content_sealed FROM account.messages o WHERE o.id = '{question}' AND m.id = '{answer}'",
    "UPDATE account.messages SET content_sealed = set_byte(content_sealed, 40, get_byte(content_sealed, 40) # 1) WHERE id = '{answer}'",
    "UPDATE account.messages SET content_sealed = substr(content_sealed, 1, 20) WHERE id = '{answer}'",
    "UPDATE account.messages SET content_sealed = convert_to('{{plain}}', 'UTF8') WHERE id = '{answer}'"])
def test_moved_or_changed_text_is_an_error_never_an_answer(make_store, tamper):
    store = make_store(expected_errors={"request.failed", "record.unreadable"})
    ann = store.person()
    talk = ann.conversation()
    turn = ann.exchange(talk, "a question long enough", "an answer long enough")
    store.as_person(ann, tamper.format(question=turn["userMessageId"], answer=turn["assistantMessageId"]))
    error_of(ann.call("GET", f"/v1/conversations/{talk['id']}/branches/{talk['rootBranchId']}/messages"), 500, "internal")


def test_older_key_versions_still_open(make_store):
    store = make_store(GROVE_DATA_KEY_LIFE_MS=0)
    ann = store.person()
    talk = ann.conversation(title="old")
    turn = ann.begin(talk, "first version")
    ann.flush(turn, 1, "piece one, ")
    store.vault.rotate(ann.id)
    ann.flush(turn, 2, "piece two, ")
    store.vault.rotate(ann.id)
    ann.finish(turn, "tail", 3)
    assert [m["content"] for m in ann.path(talk)["items"]] == ["first version", "piece one, piece two, tail"]
    versions = store.as_person(ann, "SELECT get_byte(content_sealed, 9) FROM account.messages ORDER BY depth")
    assert versions == ["1", "3"]
    assert ann.ok("GET", f"/v1/conversations/{talk['id']}")["title"] == "old"


def test_data_key_is_asked_for_once_and_then_kept(store):
    ann = store.person()
    talk = ann.conversation(title="x")
    for n in range(3):
        ann.exchange(talk, str(n))
        ann.path(talk)
    assert [call for call in store.vault.calls if call[0] == ann.id] == [(ann.id, 1)]


def test_no_key_no_text_but_a_clear_refusal(make_store):
    store = make_store(GROVE_DATA_KEY_LIFE_MS=0)
    ann = store.person()
    talk = ann.conversation(title="x")
    store.vault.broken = True
    try:
        for method, path, body in (("GET", f"/v1/conversations/{talk['id']}", None), ("GET", "/v1/conversations", None),
                                   ("POST", "/v1/conversations", {"title": "y"})):
            ann.refused(method, path, 503, "unavailable", body)
        ann.refused("POST", "/internal/turns", 503, "unavailable", ann.turn(talk, "x"), "chat-proxy")
        assert ann.conversation()["title"] == "New chat"
    finally:
        store.vault.broken = False
    assert ann.path(talk)["items"] == []


def test_excerpt_is_told_once_at_the_start_of_its_branch(ann, store):
    talk = ann.conversation()
    turn = ann.exchange(talk, "one", "An answer with words.")
    branch = str(uuid.uuid4())
    record = sealed.seal_record(key_of(store, ann), place(ann, "branches", branch, "quote_sealed", talk["id"]), b"with\nwords", os.urandom(12))
    store.as_person(ann, "INSERT INTO account.branches (user_id, conversation_id, id, parent_id, anchor_message_id, leaf_message_id, span_start,"
                         f" span_end, quote_sealed) VALUES ('{ann.id}', '{talk['id']}', '{branch}', '{talk['rootBranchId']}',"
                         f" '{turn['assistantMessageId']}', '{turn['assistantMessageId']}', 10, 20, '\\x{record.hex()}')")
    ann.exchange(talk, "aside", "3", branchId=branch)
    told = [c["content"] for c in ann.begin(talk, "more", branchId=branch)["context"]]
    assert told == ["one", "An answer with words.", "> with\n> words\n\naside", "3", "more"]
    assert ann.path(talk, branch)["items"][2]["content"] == "aside"
    tree = {b["id"]: b for b in ann.ok("GET", f"/v1/conversations/{talk['id']}/tree")["branches"]}
    assert tree[branch]["span"] == {"start": 10, "end": 20, "quote": "with\nwords"}


def test_routes_answer_their_callers_only(ann, store):
    talk = ann.conversation()
    for caller, method, path, body in [
            ("chat-proxy", "GET", "/v1/conversations", None), ("auth-verifier", "GET", "/v1/conversations", None),
            ("gateway", "POST", "/internal/turns", ann.turn(talk, "x")), ("gateway", "POST", "/internal/calls", {}),
            ("gateway", "POST", "/internal/people/resolve", {"kind": "local"}), ("chat-proxy", "POST", "/internal/people/resolve", {"kind": "local"})]:
        ann.refused(method, path, 403, "forbidden", body, caller)
    nobody = type(ann)(store, None)
    for method, path in (("GET", "/v1/conversations"), ("GET", "/v1/preferences"), ("POST", "/v1/conversations")):
        nobody.refused(method, path, 401, "unauthenticated", {} if method == "POST" else None)
