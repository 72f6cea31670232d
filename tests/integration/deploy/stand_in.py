#!/usr/bin/python3 -IBS
# SPDX-License-Identifier: MIT
"""Stands in for a daemon in the tests of deploy/: it is called by a daemon's name, lists its settings, judges
them a little, and serves its two ports. What it is asked it answers with what it was sent, so that a test sees what
nginx passes on. It speaks none of the daemons' own language."""

import os
import sys

NAME = os.path.basename(sys.argv[0])
COMMON = ["GROVE_LISTEN", "GROVE_OPS_LISTEN", "GROVE_LOG_LEVEL", "GROVE_PEER_KEYS_FILE"]
DATABASE = ["GROVE_DATABASE", "GROVE_DATABASE_PASSWORD"]
NAMES = COMMON + {
    "gateway": ["GROVE_AUTH_VERIFIER", "GROVE_ACCOUNT_STORE", "GROVE_KEYVAULT", "GROVE_CHAT_PROXY",
                "GROVE_VM_CONTROLLER", "GROVE_EDGE_SECRET", "GROVE_CSRF_SECRET", "GROVE_PUBLIC_ORIGIN",
                "AUTH_REQUIRED"],
    "auth-verifier": ["GROVE_ACCOUNT_STORE", "GROVE_EDGE_SECRET", *DATABASE],
    "keyvault": [*DATABASE, "DATA_ENCRYPTION_SECRET", "BYOK_ENCRYPTION_SECRET"],
    "chat-proxy": ["GROVE_KEYVAULT", "GROVE_ACCOUNT_STORE", "UPSTREAM_LOCAL_ALLOW"],
    "account-store": ["GROVE_KEYVAULT", *DATABASE],
    "vm-controller": [*DATABASE, "VM_DRIVER"],
}[NAME]


def complaints():
    for name in os.environ:
        if name not in NAMES and name.removesuffix("_FILE") not in NAMES and name != "LC_CTYPE":
            yield f"{name}: not a setting of {NAME}"
        if name.endswith("_FILE") and not os.access(os.environ[name], os.R_OK):
            yield f"{name}: cannot be read"
    if os.environ.get("VM_DRIVER", "auto") not in ("auto", "firecracker", "qemu", "container", "off"):
        yield "VM_DRIVER: must be auto, firecracker, qemu, container or off"
    if "GROVE_LISTEN" not in os.environ:
        yield "GROVE_LISTEN: missing"


if "--config-names" in sys.argv:
    print("\n".join(NAMES))
    sys.exit(0)
found = list(complaints())
print("\n".join(found), end="\n" if found else "", file=sys.stderr)
if "--check-config" in sys.argv or found:
    sys.exit(2 if found else 0)

# Only now: the questions above are asked often, and these take a while to load.
import http.server  # noqa: E402
import json  # noqa: E402
import pathlib  # noqa: E402
import signal  # noqa: E402
import threading  # noqa: E402
import time  # noqa: E402


class Answers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def reply(self, status, body, kind="application/json", **headers):
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/api/stream":
            return self.stream()
        if self.path == "/internal/auth-request":
            verdict = dict(part.split("=") for part in (self.headers["Cookie"] or "").split("; ") if part)
            return self.reply(int(verdict.get("verdict", "401")), b"")
        if self.path == "/api/refuse":
            return self.reply(413, b'{"error":{"code":"own"}}', Cache_Control="no-store", X_Request_Id="mine",
                              X_Content_Type_Options="nosniff", X_Powered_By="python", X_Accel_Redirect="/pricing")
        return self.reply(200, json.dumps({
            "method": self.command, "target": self.path, "headers": self.headers.items(),
            "bytes": len(body)}).encode())

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_FOO = answer

    def stream(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for n in range(3):
            self.wfile.write(f"data: {n} {time.time()}\n\n".encode())
            self.wfile.flush()
            time.sleep(0.4)
        self.close_connection = True


class Ops(Answers):
    def do_GET(self):
        if self.path == "/readyz":
            broken = pathlib.Path(sys.argv[0]).with_name(NAME + ".not-ready")
            if broken.exists():
                return self.reply(503, broken.read_bytes(), "text/plain")
        return self.reply(200, b"ok\n", "text/plain")


def main():
    servers = []
    for setting, handler in (("GROVE_LISTEN", Answers), ("GROVE_OPS_LISTEN", Ops)):
        host, port = os.environ[setting].rsplit(":", 1)
        servers.append(http.server.ThreadingHTTPServer((host, int(port)), handler))
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    print(json.dumps({"event": "daemon.ready"}), flush=True)
    for server in servers[1:]:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    servers[0].serve_forever()


main()
