# SPDX-License-Identifier: MIT
"""Markers planted as keys, questions, answers, titles and tokens are found nowhere below the state directory."""

import base64
import pathlib
import re

import pytest
from grove import rogue_behaviours
from grove.api import Api


def spellings(canary):
    data = canary.encode()
    return [data, data.hex().encode(), data.hex().upper().encode(), *(base64.b64encode(b"x" * n + data + b"xx")[4:-4] for n in range(3)),
            canary.encode("utf-16-le")]


def find(folder, canary):
    """Files whose bytes hold the word in any spelling. Compressed pages of PostgreSQL are covered by checking tables by SQL as well."""
    pattern = re.compile(b"|".join(re.escape(s) for s in spellings(canary)))
    return [str(path.relative_to(folder)) for path in pathlib.Path(folder).rglob("*")
            if path.is_file() and not path.is_socket() and pattern.search(path.read_bytes())]


@pytest.fixture
def planted(stack, api, rogue, canary):
    api.save_key(rogue.base_url, f"sk-{canary}-key", name="planted")
    api.ok("POST", "/api/api-keys/session", 201, json={"provider": "openai-compatible", "key": f"sk-{canary}-session", "baseUrl": rogue.base_url})
    rogue.on("model-a", rogue_behaviours.answer(f"answer {canary} answer"))
    conversation = api.conversation(title=f"title {canary}")
    assert api.chat(f"question {canary}", conversationId=conversation["id"]).status_code == 200
    assert api.chat(f"stateless {canary}").status_code == 200
    with api.stream(f"streamed {canary}", conversationId=conversation["id"]) as answer:
        answer.read()
    rogue.on("model-b", rogue_behaviours.half_stream([f"broken {canary}"]))
    with api.stream(f"to break {canary}", "model-b", conversationId=conversation["id"]) as answer:
        answer.read()
    api.chat(f"no such model {canary}", "model-c", conversationId=conversation["id"])
    api.get(f"/api/conversations?cursor={canary}")
    api.post("/api/conversations", content=f'{{"title": "{canary}'.encode(), headers={"Content-Type": "application/json"})
    api.post("/api/conversations", json={"settings": f"{canary}", "title": f"{canary}"})
    Api(stack.url, f"grove_{canary}").get("/api/conversations")
    return conversation


def test_plain_text_of_people_is_nowhere_on_disk(stack, planted, canary):
    stack.sql("CHECKPOINT")
    for table in stack.sql("SELECT schemaname || '.' || tablename FROM pg_tables"
                           " WHERE schemaname IN ('auth', 'vault', 'account', 'vm')").splitlines():
        rows = stack.sql(f"SELECT t::text FROM {table} t")
        assert not re.search("|".join(s.decode() for s in spellings(canary)[:3]), rows), table
    assert find(stack.state, canary) == []


def test_token_secret_is_nowhere_on_disk(stack, api):
    made = api.save_token(["conversations"])
    assert Api(stack.url, made["token"]).get("/api/conversations").status_code == 200
    stack.sql("CHECKPOINT")
    secret = made["token"].split("_", 2)[2]
    assert find(stack.state, secret[:43]) == []


def test_search_for_markers_would_find_one(stack, canary):
    """The check itself can fail."""
    (stack.state / "log/planted").write_text(f"x{canary}x")
    try:
        assert find(stack.state, canary) == ["log/planted"]
    finally:
        (stack.state / "log/planted").unlink()


def test_secrets_are_not_in_arguments_or_environments(stack, api, rogue, canary):
    api.save_key(rogue.base_url, f"sk-{canary}-key")
    byok = stack.settings["BYOK_ENCRYPTION_SECRET"]
    for pid in stack.processes():
        try:
            seen = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes() + pathlib.Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            continue
        assert canary.encode() not in seen and byok.encode() not in seen, pathlib.Path(f"/proc/{pid}/comm").read_text()


def test_files_of_the_state_are_closed_to_others(stack):
    open_files = [str(path) for path in stack.state.rglob("*") if not path.is_symlink() and path.stat().st_mode & 0o007
                  and not path.is_socket() and not any(parent.stat().st_mode & 0o007 == 0 for parent in path.parents if stack.state in parent.parents)]
    assert stack.state.stat().st_mode & 0o007 == 0 or open_files == []
