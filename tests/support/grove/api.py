# SPDX-License-Identifier: MIT
"""A client of the public API, like the web app (session and CSRF token) or like a tool (bearer token)."""

import contextlib

import httpx

from . import sse


class Api(httpx.Client):
    def __init__(self, url, token=None, session_key=None, **options):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if session_key:
            headers["X-Session-Key"] = session_key
        super().__init__(base_url=url, headers=headers, timeout=60, trust_env=False, **options)
        if not token:
            answer = self.get("/api/session")
            assert answer.status_code == 200, answer.text
            self.session = answer.json()
            self.headers.update({"Origin": url, "X-Grove-CSRF": self.session["csrfToken"]})

    def ok(self, method, path, status=200, **options):
        """The JSON of an answer that has to have this status (None where there is no body)."""
        answer = self.request(method, path, **options)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def refused(self, method, path, status, code, **options):
        """The error of an answer that has to be this refusal."""
        return error_of(self.request(method, path, **options), status, code)

    def __enter__(self):
        return self  # it has been used already, which httpx's own would not allow

    def __exit__(self, *_):
        self.close()

    # The steps of many a test

    def save_key(self, base_url, key="sk-test-0123456789abcdef", provider="openai-compatible", name="test", **more):
        return self.ok("POST", "/api/api-keys", 201,
                       json={"provider": provider, "keyName": name, "key": key, "baseUrl": base_url, **more})

    def save_token(self, scopes, name="test"):
        return self.ok("POST", "/api/tokens", 201, json={"name": name, "scopes": scopes})

    def conversation(self, **fields):
        return self.ok("POST", "/api/conversations", 201, json=fields)

    def chat(self, text, model="model-a", **fields):
        """A chat.completions request that is not streamed."""
        body = {"model": model, "messages": [{"role": "user", "content": text}], "provider": "openai-compatible", **fields}
        return self.post("/api/chat/completions", json=body)

    @contextlib.contextmanager
    def stream(self, text, model="model-a", **fields):  # pylint: disable=arguments-differ
        """A streamed one. Yields a Stream; leaving the block hangs up."""
        body = {"model": model, "messages": [{"role": "user", "content": text}], "provider": "openai-compatible",
                "stream": True, **fields}
        with super().stream("POST", "/api/chat/completions", json=body) as answer:
            yield Stream(answer)

    def messages(self, conversation):
        """The newest page of the root branch's path."""
        path = f"/api/conversations/{conversation['id']}/branches/{conversation['rootBranchId']}/messages"
        return self.ok("GET", path)["items"]


class Stream:
    """A running answer: iterate over its events, or read() them all."""

    def __init__(self, answer):
        self.answer, self.parser, self.seen = answer, sse.Parser(), []
        self.status = answer.status_code
        self.headers = answer.headers

    def __iter__(self):
        for part in self.answer.iter_text():
            for event in self.parser.feed(part):
                self.seen.append(event)
                yield event

    def read(self):
        assert self.status == 200, self.answer.read()
        return list(self)

    def error(self):
        """The body of a refusal."""
        self.answer.read()
        return self.answer

    @property
    def text(self):
        return sse.text_of(self.seen)


def error_of(answer, status, code):
    """The error object of a refusal, whose shape is checked as well."""
    assert answer.status_code == status, f"{answer.status_code} {answer.text}"
    assert answer.headers["content-type"].startswith("application/json"), answer.headers
    assert answer.headers.get("x-request-id"), answer.headers
    body = answer.json()
    assert set(body) == {"error"}, body
    error = body["error"]
    assert {"type", "code", "message"} <= set(error) <= {"type", "code", "message", "param", "details"}, error
    assert error["code"] == code, error
    assert isinstance(error["message"], str) and error["message"], error
    return error
