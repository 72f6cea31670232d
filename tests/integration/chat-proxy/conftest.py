# SPDX-License-Identifier: MIT
"""The real chat-proxy between stand-ins: keyvault, account-store, and a provider scripted to the byte."""

import contextlib
import importlib.util
import json
import pathlib
import uuid

import httpx
import pytest
from grove import sse
from grove.daemon import Daemon
from grove.envelope import PeerKeys, claims, sign
from grove.wait import wait_until

_spec = importlib.util.spec_from_file_location("chat_proxy_neighbours", pathlib.Path(__file__).with_name("neighbours.py"))
_neighbours = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_neighbours)

QUICK = {"UPSTREAM_CONNECT_MS": "500", "UPSTREAM_FIRST_BYTE_MS": "600", "UPSTREAM_SILENCE_MS": "600", "STREAM_KEEP_ALIVE_MS": "150"}
PROGRAM = {"amr": "token", "scp": 1}


class Answer:
    """A stream in progress: iterate, read() the rest, look at text, comments, events seen."""

    def __init__(self, response):
        self.response, self.parser, self.seen, self.headers = response, sse.Parser(), [], response.headers
        self.status = response.status_code
        self.parts = response.iter_text()

    def __iter__(self):
        for part in self.parts:
            for event in self.parser.feed(part):
                self.seen.append(event)
                yield event

    def read(self):
        assert self.status == 200, self.response.read()
        for _ in self:
            pass
        return self.seen

    def read_until(self, text):
        for _ in self:
            if self.text == text:
                return self
        raise AssertionError(f"ended with {self.text!r} before {text!r}")

    @property
    def text(self):
        return sse.text_of(self.seen)

    @property
    def errors(self):
        return [e.json["error"] for e in self.seen if e.event == "error"]

    @property
    def run(self):
        return self.headers["x-run-id"]


class Proxy:
    def __init__(self, folder, rogue, **settings):
        self.rogue, self.vault, self.store, self.keys = rogue, _neighbours.Vault(), _neighbours.Store(), PeerKeys()
        self.user = str(uuid.uuid4())
        pairs = [("gateway", "chat-proxy"), ("chat-proxy", "keyvault"), ("chat-proxy", "account-store")]
        self.daemon = Daemon("chat-proxy", **({
            "GROVE_PEER_KEYS_FILE": self.keys.file(folder, "chat-proxy", *pairs), "GROVE_KEYVAULT": f"127.0.0.1:{self.vault.port}",
            "GROVE_ACCOUNT_STORE": f"127.0.0.1:{self.store.port}", "UPSTREAM_LOCAL_ALLOW": f"127.0.0.1:{rogue.port}"} | settings))
        self.client = httpx.Client(trust_env=False, timeout=30, limits=httpx.Limits(max_connections=None))
        self.daemon.start()

    def restart(self):
        """After it has ended, in whatever way."""
        self.daemon.log_file.write_text("")
        self.daemon.start()

    def close(self):
        try:
            self.client.close()
            self.daemon.stop()
            self.daemon.log_file.unlink()
        finally:
            self.vault.close()
            self.store.close()

    def _request(self, method, path, body, headers, user, changes):
        data = b"" if body is None else json.dumps(body).encode()
        key = self.keys.key("gateway", "chat-proxy")
        envelope = sign(key, json.dumps(claims("gateway", "chat-proxy", method, path, data, user or self.user, **(changes or {}))).encode())
        return {"method": method, "url": f"http://127.0.0.1:{self.daemon.port}{path}", "content": data,
                "headers": {"Grove-Identity": envelope, "Content-Type": "application/json"} | (headers or {})}

    def call(self, method, path, body=None, headers=None, user=None, changes=None, **options):
        return self.client.request(**self._request(method, path, body, headers, user, changes), **options)

    @contextlib.contextmanager
    def open(self, method, path, body=None, headers=None, user=None, changes=None):
        with self.client.stream(**self._request(method, path, body, headers, user, changes)) as response:
            yield Answer(response)

    @staticmethod
    def body(text="hi", **fields):
        return {"model": "model-a", "messages": [{"role": "user", "content": text}]} | fields

    def chat(self, text="hi", changes=None, headers=None, **fields):
        return self.call("POST", "/v1/chat/completions", self.body(text, **fields), changes=changes, headers=headers)

    def stream(self, text="hi", changes=None, headers=None, **fields):
        return self.open("POST", "/v1/chat/completions", self.body(text, stream=True, **fields), changes=changes, headers=headers)

    def stored(self, text="hi", conversation=None, **fields):
        return self.stream(text, conversationId=conversation or str(uuid.uuid4()), **fields)

    def follow(self, run, after=None, headers=None, user=None):
        query = "" if after is None else f"?after={after}"
        return self.open("GET", f"/v1/chat/runs/{run}/events{query}", headers=headers, user=user)

    def run(self, run, user=None):
        return self.call("GET", f"/v1/chat/runs/{run}", user=user)

    def stop(self, run, user=None):
        return self.call("POST", f"/v1/chat/runs/{run}/stop", user=user)

    def wait_status(self, run, status):
        return wait_until(lambda: self.run(run).json().get("status") == status, f"run to be {status}")

    def the_turn(self):
        assert len(self.store.turns) == 1
        return next(iter(self.store.turns.values()))

    def wait_booked(self, count=1):
        return wait_until(lambda: len(self.store.booked) >= count and self.store.booked, "the call to be booked")

    def wait_settled(self, count=1):
        return wait_until(lambda: len(self.vault.settled) >= count and self.vault.settled, "the lease to be settled")


@pytest.fixture(scope="session")
def plain_proxy(rogue_server, tmp_path_factory):
    made = Proxy(tmp_path_factory.mktemp("chat-proxy"), rogue_server)
    yield made
    made.close()


@pytest.fixture(scope="session")
def quick_proxy(rogue_server, tmp_path_factory):
    made = Proxy(tmp_path_factory.mktemp("chat-proxy-quick"), rogue_server, **QUICK)
    yield made
    made.close()


def _fresh(made, rogue):
    """As if new: one key, no memory of earlier tests."""
    for neighbour in (made.vault, made.store):
        neighbour.away = False
        neighbour.calls.clear()
    made.vault.keys, made.vault.settled = [], []
    made.store.turns, made.store.booked, made.store.gone = {}, [], False
    made.user = made.vault.user = made.store.user = str(uuid.uuid4())
    made.vault.add_key(rogue.base_url)
    return made


@pytest.fixture
def proxy(plain_proxy, rogue):
    return _fresh(plain_proxy, rogue)


@pytest.fixture
def quick(quick_proxy, rogue):
    """… with time limits of half a second."""
    return _fresh(quick_proxy, rogue)


@pytest.fixture
def make_proxy(rogue, tmp_path):
    made = []

    def make(**settings):
        made.append(_fresh(Proxy(tmp_path, rogue, **settings), rogue))
        return made[-1]

    yield make
    for one in made:
        one.close()


def refused(answer, status, code):
    """The error of a refusal, whole or as a stream's only one."""
    if isinstance(answer, Answer):
        if answer.status != 200:
            answer.response.read()
            answer = answer.response
        else:
            answer.read()
            assert len(answer.errors) == 1 and answer.seen[-1].data == "[DONE]", answer.seen
            assert answer.errors[0]["code"] == code, answer.errors
            return answer.errors[0]
    assert answer.status_code == status, f"{answer.status_code} {answer.text}"
    error = answer.json()["error"]
    assert error["code"] == code, error
    return error


@pytest.fixture(name="refused")
def refused_fixture():
    return refused
