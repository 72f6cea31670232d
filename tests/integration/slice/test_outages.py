# SPDX-License-Identifier: MIT
"""kill -9, a dead or restarted PostgreSQL, a dead upstream: errors for a moment, nothing acknowledged lost."""

import socket
import threading
import time

import httpx
import pytest
from grove import rogue_behaviours
from grove.stack import OUTAGE_EVENTS
from grove.wait import wait_until

DAEMONS = ["gateway", "auth-verifier", "keyvault", "chat-proxy", "account-store", "vm-controller"]
pytestmark = pytest.mark.expects_errors(*OUTAGE_EVENTS)


def acknowledged(api, conversation):
    return [m["content"] for m in api.messages(conversation) if m["role"] == "user"]


@pytest.mark.parametrize("daemon", DAEMONS)
def test_killed_daemon_comes_back_and_loses_nothing(stack, rogue_api, rogue, daemon):
    rogue.on("model-a", rogue_behaviours.answer("kept"))
    conversation = rogue_api.conversation(title="before the kill")
    assert rogue_api.chat("remember me", conversationId=conversation["id"]).status_code == 200
    stack.kill(daemon)
    wait_until(lambda: rogue_api.get("/api/session").status_code == 200, "the door to answer again")
    assert [m["content"] for m in rogue_api.messages(conversation)] == ["remember me", "kept"]
    assert len(rogue_api.ok("GET", "/api/api-keys")["items"]) == 1
    wait_until(lambda: rogue_api.chat("and again", conversationId=conversation["id"]).status_code == 200, "a chat after the kill")


@pytest.mark.parametrize("daemon", ["chat-proxy", "account-store"])
def test_kill_in_the_middle_of_an_answer_keeps_the_question_and_ends_the_run(stack, rogue_api, rogue, daemon):
    gated = rogue_behaviours.Gated(["one", " two"])
    rogue.on("model-a", gated)
    conversation = rogue_api.conversation()
    with pytest.raises((httpx.HTTPError, StopIteration)):
        with rogue_api.stream("hi", conversationId=conversation["id"]) as answer:
            gated.release()
            for event in answer:
                if answer.text == "one":
                    stack.kill(daemon)
                    gated.release_all()
            raise StopIteration
    stack.wait_ready()
    assert acknowledged(rogue_api, conversation) == ["hi"]
    wait_until(lambda: rogue_api.messages(conversation)[-1]["status"] in ("interrupted", "completed", "failed"), "the run to be ended", 30)
    shown = rogue_api.messages(conversation)[-1]
    assert "one two".startswith(shown["content"])


def test_killed_again_and_again_while_people_write(stack, rogue_api, rogue):
    rogue.on("model-a", rogue_behaviours.answer("ok"))
    conversation = rogue_api.conversation()
    sure, stop = [], threading.Event()

    def write():
        number = 0
        while not stop.is_set():
            number += 1
            try:
                if rogue_api.chat(f"m{number}", conversationId=conversation["id"]).status_code == 200:
                    sure.append(f"m{number}")
            except httpx.HTTPError:
                pass

    writer = threading.Thread(target=write)
    writer.start()
    for daemon in ("account-store", "chat-proxy", "keyvault", "gateway"):
        reached = len(sure) + 2
        wait_until(lambda: len(sure) >= reached, "some messages to be acknowledged", 30)
        stack.kill(daemon)
    stop.set()
    writer.join()
    seen = [text for text in every_message(rogue_api, conversation) if text != "ok"]
    assert [m for m in sure if m not in seen] == []
    assert len(seen) == len(set(seen)), "a message is there twice"


def test_restarted_database_under_load_loses_nothing(stack, rogue_api, rogue):
    rogue.on("model-a", rogue_behaviours.answer("ok"))
    results, stop = [], threading.Event()

    def write(number):
        conversation = rogue_api.conversation(title=f"writer {number}")
        count = 0
        while not stop.is_set():
            count += 1
            text = f"w{number}m{count}"
            started = time.monotonic()
            answer = rogue_api.chat(text, conversationId=conversation["id"])
            assert time.monotonic() - started < 30, "a request hung"
            results.append((conversation, text, answer.status_code, answer.text))

    def good():
        return sum(status == 200 for _, _, status, _ in list(results))

    writers = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for writer in writers:
        writer.start()
    wait_until(lambda: good() >= 8, "load")
    stack.stop_postgres()
    stack.start_postgres()
    stack.wait_ready()
    reached = good() + 8
    wait_until(lambda: good() >= reached, "work to go on after the restart", 30)
    stop.set()
    for writer in writers:
        writer.join()
    for _, _, status, text in results:
        assert status in (200, 502, 503, 504, 409, 500), text
    for conversation in {c["id"]: c for c, *_ in results}.values():
        stored = every_message(rogue_api, conversation)
        sure = [text for c, text, status, _ in results if c["id"] == conversation["id"] and status == 200]
        assert [text for text in sure if text not in stored] == []


def every_message(api, conversation):
    found, before = [], None
    path = f"/api/conversations/{conversation['id']}/branches/{conversation['rootBranchId']}/messages"
    while True:
        page = api.ok("GET", path, params={"limit": 50} | ({"before": before} if before else {}))
        found += [m["content"] for m in page["items"]]
        before = page["nextCursor"]
        if not before:
            return found


def test_dead_database_is_unavailable_and_never_a_hang(stack, rogue_api, rogue):
    rogue.on("model-a", rogue_behaviours.answer("ok"))
    conversation = rogue_api.conversation()
    stack.stop_postgres()
    try:
        for method, path, body in (("GET", "/api/conversations", None), ("POST", "/api/conversations", {}), ("GET", "/api/api-keys", None),
                                   ("GET", "/api/tokens", None), ("POST", "/api/chat/completions", {
                                       "model": "model-a", "provider": "openai-compatible", "conversationId": conversation["id"],
                                       "messages": [{"role": "user", "content": "lost"}]})):
            started = time.monotonic()
            rogue_api.refused(method, path, 503, "unavailable", json=body)
            assert time.monotonic() - started < 8, path  # no unit waits its ten seconds for what is known to be gone
        code, text = stack.run("status", check=False)
        assert code != 0 and "down" in text
        assert httpx.get(f"{stack.url}/", trust_env=False).status_code == 200  # the pages do not need it
    finally:
        stack.start_postgres()
        stack.wait_ready()
    wait_until(lambda: rogue_api.get("/api/conversations").status_code == 200, "recovery without a restart")
    assert acknowledged(rogue_api, conversation) == []
    assert rogue_api.chat("kept", conversationId=conversation["id"]).status_code == 200


def test_address_that_nobody_allowed_is_refused_when_saved(api, stack):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    allowed = stack.settings["UPSTREAM_LOCAL_ALLOW"]
    assert f":{port}" not in allowed
    api.refused("POST", "/api/api-keys", 422, "provider_address_forbidden", json={
        "provider": "openai-compatible", "keyName": "x", "key": "sk-x", "baseUrl": f"http://127.0.0.1:{port}/v1"})


def test_upstream_that_went_away_is_a_provider_error(make_stack):
    from grove.api import Api
    from grove.rogue_model import RogueModel
    gone = RogueModel()
    house = make_stack(UPSTREAM_LOCAL_ALLOW=f"127.0.0.1:{gone.port}", UPSTREAM_CONNECT_MS="1000", UPSTREAM_FIRST_BYTE_MS="1000",
                       UPSTREAM_SILENCE_MS="1000")
    with Api(house.url) as owner:
        owner.save_key(gone.base_url)
        gone.on("model-a", rogue_behaviours.silent)
        answer = owner.chat("hi")
        assert (answer.status_code, answer.json()["error"]["code"]) == (504, "provider_timeout")
        gone.on("model-a", rogue_behaviours.stall(["a"]))
        with owner.stream("hi") as stream:
            events = stream.read()
        assert stream.text == "a" and events[-1].data == "[DONE]"
        assert next(e for e in events if e.event == "error").json["error"]["code"] == "provider_timeout"
        gone.close()
        answer = owner.chat("hi")
        assert (answer.status_code, answer.json()["error"]["code"]) == (502, "provider_error")


def test_dead_neighbours_are_unavailable(stack, rogue_api):
    import subprocess
    routes = {"keyvault": "/api/api-keys", "account-store": "/api/conversations", "chat-proxy": "/api/models", "vm-controller": "/api/vms"}
    for daemon, path in routes.items():
        folder = stack.state / "run/services" / daemon
        subprocess.run(["sv", "-w", "30", "down", folder], check=True, capture_output=True)
        try:
            rogue_api.refused("GET", path, 503, "unavailable")
        finally:
            subprocess.run(["sv", "up", folder], check=True, capture_output=True)
            stack.wait_ready()
