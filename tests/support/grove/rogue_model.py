# SPDX-License-Identifier: MIT
"""A provider that a test scripts down to the byte, for what a well-behaved mock cannot do.

    rogue.on("model-x", rogue_behaviours.half_stream(["a", "b"]))
    rogue.base_url        for a key of provider openai-compatible
    rogue.requests        everything it was asked, in order
"""

import dataclasses
import json
import select
import socket
import socketserver
import threading

from .wait import wait_until


@dataclasses.dataclass
class Request:
    method: str
    path: str
    headers: list
    body: bytes
    connection: int
    gone: threading.Event = dataclasses.field(default_factory=threading.Event)     # the caller hung up
    finished: threading.Event = dataclasses.field(default_factory=threading.Event)  # the behaviour is through

    @property
    def json(self):
        return json.loads(self.body)

    def header(self, name):
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


class Exchange:
    """What a behaviour has in hand: the request, and the caller's socket."""

    def __init__(self, request, connection):
        self.request, self.connection, self.keep = request, connection, False

    def send(self, data):
        try:
            self.connection.sendall(data)
        except OSError as error:
            self.request.gone.set()
            raise Gone from error

    def head(self, status=200, kind="text/event-stream", **headers):
        lines = [f"HTTP/1.1 {status} Some Reason", f"Content-Type: {kind}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        if "Content_Length" in headers:
            self.keep = (self.request.header("Connection") or "").lower() != "close"
        else:
            lines.append("Connection: close")
        self.send(("\r\n".join(lines) + "\r\n\r\n").encode())

    def reply(self, status, value, **headers):
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.head(status, "application/json", Content_Length=len(data), **headers)
        self.send(data)

    def wait(self, event, timeout=60):
        """Until a test sets the event, or the caller has gone (which ends the behaviour)."""
        for _ in range(timeout * 50):
            if event.wait(0.01) or self._caller_left():
                break
        if not event.is_set():
            raise Gone

    def wait_gone(self, timeout=60):
        self.wait(threading.Event(), timeout)

    def _caller_left(self):
        readable, _, _ = select.select([self.connection], [], [], 0.01)
        if readable:
            try:
                left = self.connection.recv(1, socket.MSG_PEEK) == b""
            except OSError:
                left = True
            if left:
                self.request.gone.set()
            return left
        return False


class Gone(Exception):
    """The caller hung up."""


class RogueModel:
    def __init__(self, port=0):
        self.requests, self.behaviours, self.default = [], {}, None
        self._lock, self._connections = threading.Lock(), 0
        rogue = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                rogue._serve(self)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address, daemon_threads, request_queue_size = True, True, 256

            def handle_error(self, request, client_address):
                pass  # callers hang up in the middle all the time

        self.server = Server(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        self.origin = f"http://127.0.0.1:{self.port}"
        self.base_url = f"{self.origin}/v1"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def on(self, model, behaviour):
        self.behaviours[model] = behaviour
        return model

    def reset(self):
        self.requests.clear()
        self.behaviours.clear()
        self.default = None

    def asked(self, model=None):
        """The chat requests for one model."""
        return [r for r in list(self.requests) if r.path.endswith("/chat/completions") and model in (None, r.json.get("model"))]

    def wait_asked(self, model, count=1):
        return wait_until(lambda: len(self.asked(model)) >= count and self.asked(model), f"{count} request(s) for {model}")

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def _serve(self, handler):
        with self._lock:
            self._connections += 1
            number = self._connections
        handler.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while (request := self._read(handler.rfile, number)) is not None:
            exchange = Exchange(request, handler.connection)
            with self._lock:
                self.requests.append(request)
            try:
                self._answer(exchange)
            except Gone:
                return
            finally:
                request.finished.set()
            if not exchange.keep:
                return

    @staticmethod
    def _read(stream, number):
        line = stream.readline().decode("latin-1").split()
        if len(line) != 3:
            return None
        headers = []
        while (text := stream.readline().decode("latin-1").rstrip("\r\n")):
            name, _, value = text.partition(":")
            headers.append((name, value.strip()))
        length = int(next((v for k, v in headers if k.lower() == "content-length"), 0))
        return Request(line[0], line[1], headers, stream.read(length), number)

    def _answer(self, exchange):
        request = exchange.request
        if request.method == "GET" and request.path.endswith("/models"):
            exchange.reply(200, {"object": "list", "data": [{"id": name, "object": "model", "created": 1700000000, "owned_by": "rogue"}
                                                            for name in sorted(self.behaviours)]})
            return
        try:
            model = request.json.get("model")
        except ValueError:
            model = None
        behaviour = self.behaviours.get(model, self.default)
        if behaviour is None:
            exchange.reply(404, {"error": {"message": f"no model {model}", "type": "invalid_request_error", "code": "model_not_found"}})
        else:
            behaviour(exchange)
