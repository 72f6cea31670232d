# SPDX-License-Identifier: MIT
"""Stand-ins for keyvault and account-store, as far as chat-proxy speaks to them (docs/api/internal.md)."""

import base64
import http.server
import json
import re
import threading
import uuid


def refusal(status, code, **details):
    error = {"type": "x", "code": code, "message": f"stand-in says {code}"} | ({"details": details} if details else {})
    return status, {"error": error}


class Neighbour:
    """A daemon of ours with `routes` = [(method, pattern, function(body, match))]. `away` answers 503 to everything.
    Calls for other people than `user` are answered, and forgotten: they are what an earlier test left behind."""

    routes = ()

    def __init__(self):
        self.calls, self.away, self.user, self.lock = [], False, None, threading.RLock()
        handler = type("Handler", (_Handler,), {"neighbour": self})
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def answer(self, method, path, body):
        with self.lock:
            self.calls.append((path, body))
            if self.away:
                return refusal(503, "unavailable")
            for wanted, pattern, function in self.routes:
                match = re.fullmatch(pattern, path.split("?")[0])
                if wanted == method and match:
                    return function(self, body, match)
        return refusal(404, "not_found")

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    neighbour = None
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _serve(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        claims = self.headers["Grove-Identity"].split(".")[1]
        user = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["sub"]
        if self.neighbour.user in (None, user):
            status, value = self.neighbour.answer(self.command, self.path, body)
        else:
            status, value = refusal(404, "not_found")
        data = b"" if value is None else json.dumps(value).encode()
        self.send_response(status)
        if data:
            self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = _serve

    def log_message(self, *_):  # pylint: disable=arguments-differ
        pass


class Vault(Neighbour):
    """Leases `keys` in their order: dicts of keyId, provider, baseUrl, key."""

    def __init__(self):
        super().__init__()
        self.keys, self.settled = [], []

    def add_key(self, base_url, key="sk-test-0123456789abcdef", provider="openai-compatible"):
        self.keys.append({"keyId": str(uuid.uuid4()), "provider": provider, "baseUrl": base_url, "key": key})
        return self.keys[-1]

    def lease(self, body, _):
        if not self.keys:
            return refusal(403, "byok_required")
        for key in self.keys:
            if key["keyId"] not in body["excludeKeyIds"] and body["provider"] in (None, key["provider"]):
                return 201, key | {"leaseId": str(uuid.uuid4()), "keyPreview": "sk-…cdef", "source": "own"}
        return refusal(429, "keys_exhausted")

    def settle(self, body, match):
        self.settled.append(body | {"leaseId": match[1]})
        return 204, None

    def list(self, _body, _match):
        return 200, {"items": self.keys}

    routes = [("POST", "/internal/leases", lease), ("POST", "/internal/leases/([^/]+)/settle", settle), ("GET", "/internal/keys", list)]


class Store(Neighbour):
    """Turns by their answer's id, with what was flushed and how it ended."""

    def __init__(self):
        super().__init__()
        self.turns, self.booked, self.gone = {}, [], False

    def begin(self, body, _):
        for turn in self.turns.values():
            if body.get("messageId") and turn["userMessageId"] == body["messageId"]:
                if turn["content"] != body["content"]:
                    return refusal(409, "conflict")
                return 200, self._shown(turn) | {"replayed": True, "status": turn["status"], "answer": turn["text"],
                                                 "runId": turn["runId"], "usage": turn["usage"]}
        turn = {"conversationId": body["conversationId"], "branchId": str(uuid.uuid4()),
                "userMessageId": body.get("messageId") or str(uuid.uuid4()), "assistantMessageId": str(uuid.uuid4()),
                "runId": body["runId"], "content": body.get("content"), "text": "", "seq": 0, "status": "running", "usage": None,
                "asked": body}
        self.turns[turn["assistantMessageId"]] = turn
        return 201, self._shown(turn) | {"replayed": False}

    @staticmethod
    def _shown(turn):
        return {name: turn[name] for name in ("conversationId", "branchId", "userMessageId", "assistantMessageId")} | {
            "context": [{"role": "user", "content": turn["content"] or "before"}]}

    def _take(self, turn, body):
        """As account-store does: a repeat changes nothing, a gap is refused."""
        if body["seq"] > turn["seq"] + 1:
            return refusal(409, "conflict")
        if body["seq"] == turn["seq"] + 1:
            turn["seq"] += 1
            turn["text"] += body["text"]
        return 204, None

    def flush(self, body, match):
        turn = self.turns.get(match[1])
        if self.gone or not turn or turn["status"] != "running":
            return refusal(404, "not_found")
        return self._take(turn, body)

    def finish(self, body, match):
        turn = self.turns.get(match[1])
        if self.gone or not turn:
            return refusal(404, "not_found")
        if turn["status"] != "running":
            return 204, None
        status, value = self._take(turn, body)
        if status == 204:
            turn["status"], turn["end"] = body["status"], body
            turn["usage"] = {name: body.get(name) for name in ("promptTokens", "completionTokens", "cost", "estimated")}
        return status, value

    def book(self, body, _):
        self.booked.append(body)
        return 204, None

    routes = [("POST", "/internal/turns", begin), ("POST", "/internal/turns/([^/]+)/flush", flush),
              ("POST", "/internal/turns/([^/]+)/finish", finish), ("POST", "/internal/calls", book)]
