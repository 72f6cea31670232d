# SPDX-License-Identifier: MIT
"""The house compared with nginx alone, in one run: nginx → gateway → chat-proxy → upstream against nginx → upstream."""

import os
import subprocess
import tempfile

from measure import PlainNginx, Upstream, program, pss_kib, request_bytes, spread, streams, table, wrk

from grove.api import Api
from grove.stack import Stack

ROUNDS = int(os.environ.get("GROVE_BENCH_ROUNDS", "5"))
SECONDS = 3
OPEN_STREAMS = 400


def compare(ours, theirs):
    """Rounds of both, one after the other, so that what the machine does meanwhile hits both."""
    pairs = []
    for _ in range(ROUNDS):
        pairs.append((theirs(), ours()))
    return pairs


def row(name, pairs, figure, digits=2):
    values = [(a[figure], b[figure]) for a, b in pairs]
    return (name, spread([a for a, _ in values], digits), spread([b for _, b in values], digits), spread([b / a for a, b in values]))


def stream_memory(house, token):
    """Bytes that each open stream costs gateway and chat-proxy."""
    request = request_bytes("/api/chat/completions", "openai-compatible/stream-1000-200", token, stream=True)
    before = {name: pss_kib(house.pid(name)) for name in ("gateway", "chat-proxy")}
    with tempfile.NamedTemporaryFile() as file:
        file.write(request)
        file.flush()
        with subprocess.Popen([program("streams"), str(house.port), str(OPEN_STREAMS), "0", file.name], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True) as holder:
            print(holder.stdout.readline().strip())
            after = {name: pss_kib(house.pid(name)) for name in before}
            holder.stdin.close()
    return [(name, f"{(after[name] - before[name]) / OPEN_STREAMS:.1f}") for name in before]


def main():
    upstream = Upstream()
    nginx = PlainNginx(upstream.port)
    house = Stack(UPSTREAM_LOCAL_ALLOW=f"127.0.0.1:{upstream.port}")
    house.up()
    with Api(house.url) as owner:
        owner.save_key(f"http://127.0.0.1:{upstream.port}/v1")
        token = owner.save_token(["chat"])["token"]
    path = "/api/chat/completions"
    whole = request_bytes(path, "openai-compatible/whole", token)
    whole_direct = request_bytes("/v1/chat/completions", "whole")
    stream = request_bytes(path, "openai-compatible/stream-50-0", token, stream=True)
    stream_direct = request_bytes("/v1/chat/completions", "stream-50-0", stream=True)
    rows = []
    pairs = compare(lambda: wrk(house.port, path, whole, 1, SECONDS), lambda: wrk(nginx.port, "/v1/chat/completions", whole_direct, 1, SECONDS))
    rows.append(row("not streamed, 1 connection: p50 ms", pairs, "p50", 3))
    pairs = compare(lambda: wrk(house.port, path, whole, 32, SECONDS), lambda: wrk(nginx.port, "/v1/chat/completions", whole_direct, 32, SECONDS))
    rows.append(row("not streamed, 32 connections: requests/s", pairs, "per_second", 0))
    rows.append(row("not streamed, 32 connections: p99 ms", pairs, "p99"))
    pairs = compare(lambda: streams(house.port, 1, 200, stream), lambda: streams(nginx.port, 1, 200, stream_direct))
    rows.append(row("streamed, 1 at a time: first byte p50 ms", pairs, "first_p50", 3))
    rows.append(row("streamed, 1 at a time: whole answer p50 ms", pairs, "end_p50", 3))
    pairs = compare(lambda: streams(house.port, 32, 1500, stream), lambda: streams(nginx.port, 32, 1500, stream_direct))
    rows.append(row("streamed, 32 at a time: answers/s", pairs, "per_second", 0))
    rows.append(row("streamed, 32 at a time: first byte p99 ms", pairs, "first_p99"))
    table("The house against nginx alone (median [range] of rounds; ratio of each round)", ["", "nginx alone", "house", "ratio"], rows)
    table(f"Memory of an open stream ({OPEN_STREAMS} open)", ["daemon", "KiB"], stream_memory(house, token))
    house.close()
    nginx.close()
    upstream.close()


main()
