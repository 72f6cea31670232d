# SPDX-License-Identifier: MIT
"""Stands in for keyvault's one route that account-store calls: POST /internal/data-keys."""

import base64
import http.server
import json
import secrets
import threading


class FakeKeyvault:
    """Keys are random for each person and version. `rotate(user)` makes the next version current."""

    def __init__(self):
        self.keys, self.current, self.calls = {}, {}, []
        self.kek_id = secrets.token_bytes(4)
        self.broken = False
        handler = type("Handler", (_Handler,), {"vault": self})
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def rotate(self, user):
        self.current[str(user)] = self.current.get(str(user), 1) + 1

    def answer(self, user, version):
        version = version or self.current.setdefault(user, 1)
        key = self.keys.setdefault((user, version), secrets.token_bytes(32))
        self.calls.append((user, version))
        return {"kekId": self.kek_id.hex(), "version": version, "key": base64.b64encode(key).decode()}

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    vault = None
    protocol_version = "HTTP/1.1"

    def do_POST(self):  # pylint: disable=invalid-name
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        claims = self.headers["Grove-Identity"].split(".")[1]
        user = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["sub"]
        status = 503 if self.vault.broken else 200
        answer = {"error": {"type": "x", "code": "unavailable", "message": "x"}} if self.vault.broken else \
            self.vault.answer(user, body.get("version"))
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):  # pylint: disable=arguments-differ
        pass
