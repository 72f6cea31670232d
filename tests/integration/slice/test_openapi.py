# SPDX-License-Identifier: MIT
"""docs/api/openapi.yaml says what the running house does, and names every route the gateway has."""

import json
import pathlib
import re
import uuid

import jsonschema
import pytest
import yaml
from grove import rogue_behaviours

ROOT = pathlib.Path(__file__).resolve().parents[3]
SPEC = yaml.safe_load((ROOT / "docs/api/openapi.yaml").read_text())
METHODS = ("get", "post", "patch", "put", "delete")
OPERATIONS = [(method, path) for path, item in SPEC["paths"].items() for method in METHODS if method in item]


def operation(method, path):
    return SPEC["paths"][path][method]


def schema_of(method, path, status):
    responses = operation(method, path)["responses"]
    response = responses.get(str(status), responses["default"])
    if "$ref" in response:
        response = SPEC["components"]["responses"]["Error"]
    content = response.get("content", {}).get("application/json")
    return content and content["schema"]


def check(value, schema):
    jsonschema.Draft202012Validator({**schema, "components": SPEC["components"]}).validate(value)


def called(api, method, path, status=None, ids=None, **options):
    """Calls an operation of the document and holds the answer against its schema."""
    url = path
    for name, value in (ids or {}).items():
        url = url.replace("{" + name + "}", str(value))
    answer = api.request(method.upper(), url, **options)
    if status is not None:
        assert answer.status_code == status, answer.text
    if answer.status_code == 204:
        assert not answer.content
        return None
    schema = schema_of(method, path, answer.status_code)
    assert schema, f"{method} {path}: {answer.status_code} is not in the document"
    check(answer.json(), schema)
    assert answer.headers["x-request-id"]
    return answer.json()


def gateway_routes():
    text = (ROOT / "services/gateway/routes.c").read_text()
    found = set(re.findall(r"FORWARD\w*\(\s*(\w+),\s*\"(/api[^\"]*)\"", text))
    found |= {(m, p) for m, p in re.findall(r"\.method = HTTP_(\w+),\s*\.path = \"(/api[^\"]*)\"", text)}
    return {(method.lower(), re.sub(r":(\w+)", r"{\1}", path)) for method, path in found}


def test_document_is_sound():
    for method, path in OPERATIONS:
        for status in operation(method, path)["responses"]:
            schema = schema_of(method, path, status)
            if schema:
                jsonschema.Draft202012Validator.check_schema({**schema, "components": SPEC["components"]})
    names = [operation(m, p)["operationId"] for m, p in OPERATIONS]
    assert len(names) == len(set(names))


def test_every_route_of_the_gateway_is_documented_and_no_other():
    routes = gateway_routes()
    assert len(routes) > 30
    assert routes == set(OPERATIONS)


@pytest.mark.parametrize("method,path", OPERATIONS, ids=[f"{m} {p}" for m, p in OPERATIONS])
def test_operation_exists_and_refuses_in_the_documented_shape(stack, api, method, path):
    ids = {name: uuid.uuid4() for name in re.findall(r"{(\w+)}", path)}
    options = {"json": {"nonsense": True}} if method in ("post", "patch") else {}
    answer = called(api, method, path, ids=ids, **options)
    if answer and "error" in answer:
        assert answer["error"]["code"] not in ("method_not_allowed", "internal", "unavailable")


def test_what_people_do_is_as_documented(stack, rogue_api, rogue):
    api = rogue_api
    rogue.on("model-a", rogue_behaviours.answer("An answer."))
    called(api, "get", "/api/session", 200)
    called(api, "get", "/api/preferences", 200)
    called(api, "patch", "/api/preferences", 200, json={"theme": "dark"})
    token = called(api, "post", "/api/tokens", 201, json={"name": "doc", "scopes": ["chat", "keys"]})
    called(api, "get", "/api/tokens", 200)
    called(api, "delete", "/api/tokens/{id}", 204, ids={"id": token["id"]})
    called(api, "get", "/api/api-keys", 200)
    called(api, "get", "/api/models", 200)

    made = called(api, "post", "/api/conversations", 201, json={"title": "documented"})
    ids = {"id": made["id"], "branchId": made["rootBranchId"]}
    asked = {"model": "model-a", "messages": [{"role": "user", "content": "hello"}]}
    called(api, "post", "/api/chat/completions", 200, json=asked)
    done = called(api, "post", "/api/chat/completions", 200, json={**asked, "conversationId": made["id"]})
    called(api, "get", "/api/chat/runs/{id}", 200, ids={"id": done["grove"]["runId"]})
    called(api, "post", "/api/chat/runs/{id}/stop", 409, ids={"id": done["grove"]["runId"]})
    called(api, "get", "/api/conversations", 200)
    called(api, "get", "/api/conversations/{id}", 200, ids=ids)
    called(api, "patch", "/api/conversations/{id}", 200, ids=ids, json={"title": "renamed"})
    called(api, "get", "/api/conversations/{id}/tree", 200, ids=ids)
    page = called(api, "get", "/api/conversations/{id}/branches/{branchId}/messages", 200, ids=ids)
    assert [item["role"] for item in page["items"]] == ["user", "assistant"]
    called(api, "get", "/api/conversations/{id}/messages/{messageId}", 200, ids={**ids, "messageId": page["items"][0]["id"]})
    called(api, "delete", "/api/conversations/{id}", 204, ids=ids)


def test_stream_chunks_carry_the_documented_members(stack, rogue_api, rogue):
    rogue.on("model-a", rogue_behaviours.answer("one two"))
    with rogue_api.stream("hi") as stream:
        events = stream.read()
    chunks = [json.loads(event.data) for event in events if event.data != "[DONE]"]
    check(chunks[0]["grove"], SPEC["components"]["schemas"]["GroveIds"])
    check(chunks[-1]["usage"], SPEC["components"]["schemas"]["Usage"])
    assert events[-1].data == "[DONE]"
