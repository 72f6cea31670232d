# SPDX-License-Identifier: MIT
"""The identity envelope, written a second time from common/token/envelope.h: to speak to a daemon as
another daemon would, and to forge what must not pass."""

import base64
import hashlib
import hmac
import json
import secrets
import time
import uuid

import httpx

SCOPE_BITS = {"chat": 1, "conversations": 2, "keys": 4, "mcp": 8, "cli": 16, "person": 1 << 15}


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sha256_text(data):
    return b64url(hashlib.sha256(data).digest())


def sign(key, claims_json):
    """claims_json: bytes, so that a test may sign what is no JSON at all."""
    text = "v1." + b64url(claims_json)
    return f"{text}.{b64url(hmac.new(key, text.encode(), hashlib.sha256).digest())}"


def claims(caller, callee, method, path, body=b"", user=None, now_ms=None, **changes):
    """All claims of one request; None in changes takes one out."""
    now = int(time.time() * 1000) if now_ms is None else now_ms
    made = {"aud": callee, "iss": caller, "rid": secrets.token_hex(8), "iat": now, "exp": now + 30000, "mth": method,
            "pth": sha256_text(path.encode()), "bod": sha256_text(body)}
    if user:
        made |= {"sub": str(user), "role": "owner", "tier": "pro", "amr": "local", "scp": sum(SCOPE_BITS.values()), "sid": "test"}
    return {name: value for name, value in (made | changes).items() if value is not None}


class PeerKeys:
    """Pair keys of a test's own, or those of a state (secrets/pairs)."""

    def __init__(self, text=None):
        self.keys = {}
        for line in (text or "").splitlines():
            caller, callee, key = line.split()
            self.keys[caller, callee] = base64.b64decode(key)

    def key(self, caller, callee):
        return self.keys.setdefault((caller, callee), secrets.token_bytes(32))

    def file(self, folder, daemon, *pairs):
        """Writes GROVE_PEER_KEYS_FILE of a daemon that takes part in these pairs."""
        path = folder / f"peers-{daemon}"
        path.write_text("".join(f"{a} {b} {base64.b64encode(self.key(a, b)).decode()}\n" for a, b in pairs))
        path.chmod(0o600)
        return path


class Peer:
    """Calls one daemon as another one, for a person or for itself.

        Peer(keys, "gateway", "account-store", port, user).call("GET", "/v1/conversations")
    """

    def __init__(self, keys, caller, callee, port, user=None):
        self.key = keys.key(caller, callee)
        self.caller, self.callee, self.user = caller, callee, user
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30)

    def call(self, method, path, body=None, headers=None, **changes):
        """`changes` go into the claims: what a forger would alter."""
        data = b"" if body is None else json.dumps(body).encode()
        envelope = sign(self.key, json.dumps(claims(self.caller, self.callee, method, path, data, self.user, **changes)).encode())
        all_headers = {"Grove-Identity": envelope} | ({"Content-Type": "application/json"} if data else {}) | (headers or {})
        return self.client.request(method, path, content=data, headers=all_headers)

    def send(self, method, path, envelope, data=b""):
        """With an envelope made elsewhere; None sends none."""
        headers = {"Content-Type": "application/json"} if data else {}
        if envelope is not None:
            headers["Grove-Identity"] = envelope
        return self.client.request(method, path, content=data, headers=headers)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.close()


def new_user():
    return uuid.uuid4()
