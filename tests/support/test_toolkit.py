# SPDX-License-Identifier: MIT
"""The tools have to be right themselves: a rogue that is polite, or a log check that is blind, proves nothing."""

import json
import subprocess

import httpx
import pytest

from grove import logs, rogue_behaviours, sse
from grove.fake_model import FakeModel
from grove.postgres import Postgres
from grove.raw_http import request, send_raw
from grove.rogue_model import RogueModel
from grove.wait import wait_until

BODY = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "hi"}]}


@pytest.fixture
def rogue():
    model = RogueModel()
    yield model
    model.close()


def ask(rogue, **fields):
    return httpx.stream("POST", f"{rogue.base_url}/chat/completions", json=BODY | fields, trust_env=False)


def test_rogue_sends_each_piece_only_when_released(rogue):
    gated = rogue_behaviours.Gated(["one", " two"])
    rogue.on("m", gated)
    parser, texts = sse.Parser(), []
    with ask(rogue) as answer:
        gated.release()
        for part in answer.iter_text():
            for event in parser.feed(part):
                texts.append(sse.text_of([event]))
                if texts == ["one"]:
                    assert gated.sent == 1
                    gated.release()
    assert "".join(texts) == "one two"


def test_rogue_notices_that_the_caller_hung_up(rogue):
    rogue.on("m", rogue_behaviours.stall(["a"]))
    with ask(rogue) as answer:
        next(answer.iter_text())
    assert rogue.asked("m")[0].gone.wait(5)


def test_rogue_keeps_a_connection_and_counts_it(rogue):
    rogue.on("m", rogue_behaviours.answer("x"))
    with httpx.Client(trust_env=False) as client:
        for _ in range(2):
            assert client.post(f"{rogue.base_url}/chat/completions", json=BODY | {"stream": False}).status_code == 200
    assert [r.connection for r in rogue.requests] == [1, 1]


def test_rogue_cuts_an_answer_in_the_middle_of_an_event(rogue):
    rogue.on("m", rogue_behaviours.half_event("a"))
    with ask(rogue) as answer:
        text = answer.read().decode()
    assert sse.text_of(sse.Parser().feed(text)) == "a" and not text.endswith("\n\n")


def test_raw_sender_returns_what_the_server_said(rogue):
    answer = send_raw(rogue.port, request("GET", "/v1/models"))
    assert answer.status == 200 and answer.json["object"] == "list" and answer.count() == 1


def test_parser_keeps_ids_names_comments_and_split_events():
    parser = sse.Parser()
    assert parser.feed(": beat\n\nid: 1\nevent: error\ndata: {") == []
    events = parser.feed('"a":1}\n\ndata: [DONE]\n\n')
    assert (events[0].id, events[0].event, events[0].json) == ("1", "error", {"a": 1})
    assert events[1].data == "[DONE]" and parser.comments == 1


def test_fake_model_streams_and_remembers():
    model = FakeModel()
    try:
        answer = httpx.post(f"{model.base_url}/chat/completions", json=BODY, trust_env=False)
        assert "quick brown fox" in sse.text_of(sse.parse(answer.text))
        assert [body["model"] for body in model.requests()] == ["m"]
    finally:
        model.close()


def test_log_reader_finds_errors_and_sanitizer_reports():
    text = json.dumps({"level": "error", "event": "a.b"}) + "\nsrc/x.c:1: runtime error: shift\n" + json.dumps({"level": "info", "event": "c.d"})
    assert [e["event"] for e in logs.errors(text)] == ["a.b"]
    assert logs.errors(text, {"a.b"}) == []
    assert len(logs.sanitizer_reports(text)) == 1


def test_wait_until_gives_up_and_says_for_what():
    with pytest.raises(AssertionError, match="pigs to fly"):
        wait_until(lambda: False, "pigs to fly", timeout=0.05)


def test_postgres_is_migrated_and_wants_a_password():
    server = Postgres()
    try:
        assert int(server.sql("SELECT count(*) FROM grove_meta.migrations")) >= 1
        with pytest.raises(subprocess.CalledProcessError, match="exit status 2"):
            server.sql("SELECT 1", password="wrong")
    finally:
        server.close()
