# SPDX-License-Identifier: MIT
"""One server that stands for all the daemons behind the one under test, scripted by a test.

    behind = FakeDaemons()
    behind.on("GET", "/v1/models", lambda exchange: exchange.reply(200, {"data": []}))
    Daemon("gateway", **lone_settings("gateway", keys, folder, peer_port=behind.port))

What no behaviour was given for is answered with what was asked: target, claims, headers, body.
"""

import base64
import json
import secrets

from .rogue_model import RogueModel

PEERS = {
    "gateway": ("auth-verifier", "account-store", "keyvault", "chat-proxy", "vm-controller"), "auth-verifier": ("account-store",),
    "keyvault": (), "chat-proxy": ("keyvault", "account-store"), "account-store": ("keyvault",), "vm-controller": (),
}
WITH_DATABASE = ("auth-verifier", "keyvault", "account-store")
KEYS32 = {"gateway": ("GROVE_CSRF_SECRET", "GROVE_EDGE_SECRET"), "auth-verifier": ("GROVE_EDGE_SECRET",), "keyvault": ("DATA_ENCRYPTION_SECRET",)}
# keyvault does not start on a database that was sealed with another secret.
SECRET_OF_THIS_RUN = secrets.token_hex(32)


def lone_settings(name, keys, folder, peer_port=9, postgres=None, **settings):
    """The least a daemon needs to start alone; all its peers are at one port."""
    pairs = [(name, peer) for peer in PEERS[name]] + [(caller, name) for caller, peers in PEERS.items() if name in peers]
    made = {"GROVE_PEER_KEYS_FILE": keys.file(folder, name, *pairs)}
    made |= {f"GROVE_{peer.upper().replace('-', '_')}": f"127.0.0.1:{peer_port}" for peer in PEERS[name]}
    made |= {variable: SECRET_OF_THIS_RUN if name == "keyvault" else secrets.token_hex(32) for variable in KEYS32.get(name, ())}
    if name in WITH_DATABASE and postgres:
        made |= postgres.daemon_settings(name)
    return made | settings


def claims_of(request):
    text = request.header("Grove-Identity").split(".")[1]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


class FakeDaemons(RogueModel):
    """Behaviours by method and path (without query). Requests are kept in .requests."""

    def on(self, method, path, behaviour):  # pylint: disable=arguments-differ
        self.behaviours[method, path] = behaviour

    def seen(self, path):
        """The requests for one path, without its query."""
        return [request for request in list(self.requests) if request.path.partition("?")[0] == path]

    def _answer(self, exchange):
        request = exchange.request
        behaviour = self.behaviours.get((request.method, request.path.partition("?")[0]), self.default)
        if behaviour:
            behaviour(exchange)
            return
        exchange.reply(200, {"method": request.method, "target": request.path, "claims": claims_of(request),
                             "headers": {name.lower(): value for name, value in request.headers},
                             "body": request.body.decode("latin-1")})
