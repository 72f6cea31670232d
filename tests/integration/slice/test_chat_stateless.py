# SPDX-License-Identifier: MIT
"""POST /api/chat/completions without a conversation: an OpenAI endpoint that stores metadata only."""

import pytest
from grove import openai_shapes as shapes
from grove import rogue_behaviours
from grove.wait import wait_until


def test_answer_looks_like_openai_and_carries_usage(rogue_api, rogue):
    rogue.on("model-a", rogue_behaviours.answer("hello there"))
    answer = rogue_api.chat("hi")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["object"] == "chat.completion" and body["choices"][0]["message"] == {"role": "assistant", "content": "hello there"}
    assert body["choices"][0]["finish_reason"] == "stop"
    assert (body["usage"]["prompt_tokens"], body["usage"]["completion_tokens"]) == (7, 3)
    assert "cost" in body["usage"] and "estimated" in body["usage"]
    assert answer.headers["x-run-id"] and answer.headers["x-ephemeral-mode"] == "off" and answer.headers["x-byok-enabled"] == "true"


def test_provider_gets_the_key_the_text_and_none_of_our_fields(rogue_api, rogue):
    rogue.on("model-a", rogue_behaviours.answer("hello"))
    rogue_api.chat("hi", temperature=0.5, max_tokens=17)
    request = rogue.asked()[0]
    assert request.path == "/v1/chat/completions"
    assert request.header("Authorization") == "Bearer sk-test-0123456789abcdef"
    assert request.json["messages"] == [{"role": "user", "content": "hi"}]
    assert request.json["temperature"] == 0.5 and request.json["max_tokens"] == 17
    assert "provider" not in request.json and "ephemeral" not in request.json
    names = {name.lower() for name, _ in request.headers}
    assert not names & {"cookie", "origin", "x-grove-csrf", "grove-identity", "x-session-key", "x-request-id", "referer"}


def test_model_may_be_written_with_its_provider(rogue_api, rogue):
    rogue.on("model-a", rogue_behaviours.answer("hello"))
    body = {"model": "openai-compatible/model-a", "messages": [{"role": "user", "content": "hi"}]}
    assert rogue_api.post("/api/chat/completions", json=body).status_code == 200
    assert rogue.asked()[0].json["model"] == "model-a"


def test_tools_images_and_formats_are_passed_through(rogue_api, rogue):
    rogue.on("model-a", rogue_behaviours.answer("hello"))
    tools = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}]
    parts = [{"type": "text", "text": "what is this"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}]
    body = {"model": "model-a", "provider": "openai-compatible", "tools": tools, "tool_choice": "auto", "reasoning_effort": "low",
            "response_format": {"type": "json_object"}, "messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": parts}]}
    answer = rogue_api.post("/api/chat/completions", json=body)
    assert answer.status_code == 200, answer.text
    sent = rogue.asked()[0].json
    for name in ("tools", "tool_choice", "reasoning_effort", "response_format", "messages"):
        assert sent[name] == body[name], name


def test_tool_calls_come_back(rogue_api, rogue):
    calls = [{"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]

    def behave(exchange):
        exchange.reply(200, shapes.completion(None, finish="tool_calls", tool_calls=calls))

    rogue.on("model-a", behave)
    choice = rogue_api.chat("hi").json()["choices"][0]
    assert choice["message"]["tool_calls"] == calls and choice["finish_reason"] == "tool_calls"


def test_text_is_stored_nowhere_but_the_call_is_booked(stack, rogue_api, rogue):
    rogue.on("model-a", rogue_behaviours.answer("hello"))
    before = int(stack.sql("SELECT count(*) FROM account.calls"))
    messages = stack.sql("SELECT count(*) FROM account.messages")
    rogue_api.chat("hi")
    wait_until(lambda: int(stack.sql("SELECT count(*) FROM account.calls")) == before + 1, "the metadata row")
    assert stack.sql("SELECT count(*) FROM account.messages") == messages
    row = stack.sql("SELECT model, prompt_tokens, completion_tokens FROM account.calls ORDER BY created_at DESC LIMIT 1")
    assert row == "model-a|7|3"


def test_without_a_key_the_refusal_leads_on(api):
    error = api.chat("hi").json()["error"]
    assert error["code"] == "byok_required"
    assert api.chat("hi").status_code == 403


def test_key_of_another_provider_is_a_mismatch_with_choices(api, rogue):
    api.save_key(rogue.base_url)
    answer = api.post("/api/chat/completions", json={"model": "gpt-4o", "provider": "openai", "messages": [{"role": "user", "content": "hi"}]})
    assert answer.status_code == 422, answer.text
    error = answer.json()["error"]
    assert error["code"] == "provider_mismatch" and "openai-compatible" in str(error["details"]["choices"])
    assert rogue.asked() == []


def test_keys_are_tried_by_priority_and_the_next_one_follows_a_rejected_one(api, rogue):
    api.save_key(rogue.base_url, "sk-second-00000000000002", name="second", priorityOrder=2)
    api.save_key(rogue.base_url, "sk-first-000000000000001", name="first", priorityOrder=1)
    rogue.on("model-a", rogue_behaviours.in_turn(rogue_behaviours.status(401), rogue_behaviours.answer("from the second")))
    answer = api.chat("hi")
    assert answer.status_code == 200 and answer.json()["choices"][0]["message"]["content"] == "from the second"
    assert [r.header("Authorization")[:15] for r in rogue.asked()] == ["Bearer sk-first", "Bearer sk-secon"]
    assert rogue.asked()[0].connection != rogue.asked()[1].connection  # two keys never share a connection


@pytest.mark.parametrize("status, ours, code", [
    (400, 400, "provider_refused"), (401, 422, "provider_key_rejected"), (403, 422, "provider_key_rejected"), (402, 429, "keys_exhausted"),
    (404, 422, "model_unknown"), (413, 413, "too_large"), (429, 429, "rate_limited"), (500, 502, "provider_error"), (503, 502, "provider_error"),
    (529, 502, "provider_error")])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_refusal_of_the_provider_keeps_its_meaning(rogue_api, rogue, status, ours, code, stream):
    rogue.on("model-a", rogue_behaviours.status(status, "sorry"))
    answer = rogue_api.chat("hi", stream=stream)
    assert (answer.status_code, answer.json()["error"]["code"]) == (ours, code)
    if ours == 429:
        assert answer.headers["retry-after"]
    if ours in (502,):
        assert answer.json()["error"]["details"]["status"] == status


def test_key_that_a_provider_echoes_never_comes_back(stack, rogue_api, rogue):
    rogue.on("model-a", rogue_behaviours.echo_key())
    answer = rogue_api.chat("hi")
    assert "sk-test" not in answer.text and "0123456789" not in answer.text
    assert not [name for name in ("chat-proxy", "gateway", "keyvault") if "0123456789abcdef" in stack.log(name)]


def test_models_of_the_key_are_listed(rogue_api, rogue):
    rogue.on("model-a", rogue_behaviours.answer("x"))
    models = rogue_api.ok("GET", "/api/models")
    assert models["object"] == "list"
    mine = [m for m in models["data"] if m["id"].endswith("model-a")]
    assert mine and mine[0]["object"] == "model" and mine[0]["provider"] == "openai-compatible" and mine[0]["keyAvailable"] is True
    for model in models["data"]:
        assert {"id", "object", "provider", "contextWindow", "maxOutput", "price", "capabilities", "keyAvailable"} <= set(model)
