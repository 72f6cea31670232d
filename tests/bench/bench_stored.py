# SPDX-License-Identifier: MIT
"""What a stored message costs beyond a stateless one, step by step, from the daemons' own histograms."""

import re

import httpx
from measure import Upstream, request_bytes, table, wrk

from grove.api import Api
from grove.stack import Stack

SECONDS = 5
METRIC = re.compile(r'^(\w+)_(sum|count)\{([^}]*)\}\s+([0-9.e+-]+)$', re.M)


def steps(house):
    """{(daemon, labels): (seconds, count)} of every histogram about a flow's steps."""
    found = {}
    for daemon in ("gateway", "chat-proxy", "account-store", "keyvault", "auth-verifier"):
        text = httpx.get(f"http://127.0.0.1:{house.ports(daemon)[1]}/metrics", trust_env=False).text
        for name, kind, labels, value in METRIC.findall(text):
            if "step" in labels:
                entry = found.setdefault((daemon, labels), [0.0, 0])
                entry[kind == "count"] = float(value)
    return found


def main():
    upstream = Upstream()
    house = Stack(UPSTREAM_LOCAL_ALLOW=f"127.0.0.1:{upstream.port}")
    house.up()
    with Api(house.url) as owner:
        owner.save_key(f"http://127.0.0.1:{upstream.port}/v1")
        conversation = owner.conversation(title="measured")
        token = owner.save_token(["chat"])["token"]

    def run(**fields):
        path = "/api/chat/completions"
        return wrk(house.port, path, request_bytes(path, "openai-compatible/whole", token, **fields), 1, SECONDS)

    stateless = run()
    before = steps(house)
    stored = run(conversationId=conversation["id"])
    after = steps(house)
    table("One message after the other", ["", "p50 ms", "p99 ms"],
          [(name, f"{result['p50']:.2f}", f"{result['p99']:.2f}") for name, result in (("stateless", stateless), ("stored", stored))])
    rows = []
    for (daemon, labels), (seconds, count) in after.items():
        old_seconds, old_count = before.get((daemon, labels), (0.0, 0))
        if count > old_count:
            rows.append((daemon, labels.replace('"', ""), int(count - old_count), f"{(seconds - old_seconds) / (count - old_count) * 1000:.3f}"))
    table("Steps while the stored ones ran", ["daemon", "step", "times", "mean ms"], sorted(rows, key=lambda row: -float(row[3])))
    house.close()
    upstream.close()


main()
