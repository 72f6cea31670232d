# SPDX-License-Identifier: MIT
"""The npm openai package, unchanged but for its base URL."""

import json
import subprocess

import pytest
from grove import rogue_behaviours
from grove.paths import TESTS, clean_environment, node


def run(what, stack, token, **more):
    result = subprocess.run([node(), TESTS / "integration/sdk/openai.mjs", what], capture_output=True, text=True, timeout=60, check=False,
                            env=clean_environment(OPENAI_BASE_URL=f"{stack.url}/api", OPENAI_API_KEY=token, **more))
    assert result.returncode == 0, result.stdout + result.stderr
    return json.loads(result.stdout)


@pytest.fixture
def token(rogue_api):
    return rogue_api.save_token(["chat"])["token"]


def test_streams(stack, token, rogue):
    rogue.on("model-a", rogue_behaviours.answer("one two three"))
    said = run("stream", stack, token)
    assert said["text"] == "one two three" and said["finish"] == "stop"
    assert said["usage"]["total_tokens"] == 10 and said["chunks"] >= 3


def test_answers_whole(stack, token, rogue):
    rogue.on("model-a", rogue_behaviours.answer("one two three"))
    said = run("whole", stack, token)
    assert said["text"] == "one two three" and said["usage"]["prompt_tokens"] == 7 and said["requestId"]


def test_calls_tools(stack, token, fake_model, rogue_api):
    for item in rogue_api.ok("GET", "/api/api-keys")["items"]:
        rogue_api.ok("DELETE", f"/api/api-keys/{item['id']}", 204)
    rogue_api.save_key(fake_model.base_url)
    assert run("tools", stack, token) == {"name": "get_weather", "arguments": {"city": "Oslo"}}


def test_lists_models(stack, token, rogue):
    rogue.on("model-a", rogue_behaviours.answer("x"))
    assert any(name.endswith("model-a") for name in run("models", stack, token))


def test_aborts_and_upstream_ends(stack, token, rogue):
    rogue.on("model-a", rogue_behaviours.stall(["a"]))
    assert run("abort", stack, token) == {"text": "a"}
    assert rogue.asked()[0].gone.wait(3)


@pytest.mark.parametrize("status, wanted", [
    (400, "BadRequestError"), (404, "UnprocessableEntityError"), (429, "RateLimitError"), (500, "InternalServerError"), (401, "UnprocessableEntityError")])
def test_throws_the_class_that_belongs_to_the_status(stack, token, rogue, status, wanted):
    rogue.on("model-a", rogue_behaviours.status(status))
    said = run("error", stack, token)
    assert said["class"] == wanted and said["code"] and said["message"] and said["requestId"]


def test_throws_authentication_error_for_a_bad_token(stack):
    assert run("error", stack, "grove_wrong")["class"] == "AuthenticationError"


def test_throws_when_a_stream_breaks(stack, token, rogue):
    rogue.on("model-a", rogue_behaviours.half_stream(["a"]))
    said = run("broken", stack, token)
    assert said["text"] == "a" and said["thrown"]
