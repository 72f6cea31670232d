# SPDX-License-Identifier: MIT
"""Memory of the idle daemons, time of each from its start to ready, and deploy/up on a built tree."""

import json
import os
import signal
import time

from measure import pss_kib, table, wait_until

from grove.api import Api
from grove.paths import DAEMONS
from grove.stack import Stack

ROUNDS = 5


def start_to_ready(house, daemon):
    """Milliseconds between the kernel's start of a process and its daemon.ready event, as its own log tells."""
    old = house.pid(daemon)
    house.new_log(daemon)
    os.kill(old, signal.SIGTERM)
    wait_until(lambda: house.pid(daemon) not in (None, old), f"{daemon} to be started again")
    started = time.monotonic()
    text = ""

    def ready():
        nonlocal text
        text += house.new_log(daemon)
        return '"daemon.ready"' in text

    wait_until(ready, f"{daemon} to be ready", every=0.001)
    event = next(json.loads(line) for line in text.splitlines() if '"daemon.ready"' in line)
    # Measured by ourselves too where the event does not say it.
    return event.get("startMs", (time.monotonic() - started) * 1000)


def main():
    house = Stack()
    began = time.monotonic()
    house.up()
    first_up = time.monotonic() - began
    with Api(house.url) as owner:
        owner.ok("GET", "/api/conversations")  # one visit, so that what is made at first use is made
    memory = {name: pss_kib(house.pid(name)) for name in DAEMONS}
    table("Idle memory (PSS)", ["daemon", "MB"], [*((name, f"{kib / 1024:.1f}") for name, kib in memory.items()),
                                                  ("all six", f"{sum(memory.values()) / 1024:.1f}")])
    times = {name: [start_to_ready(house, name) for _ in range(ROUNDS)] for name in DAEMONS}
    house.wait_ready()
    table("Start to ready", ["daemon", "median ms", "worst ms"],
          [(name, f"{sorted(ms)[len(ms) // 2]:.0f}", f"{max(ms):.0f}") for name, ms in times.items()])
    house.down()
    began = time.monotonic()
    house.up()
    table("deploy/up on a built tree", ["state", "seconds"], [("new", f"{first_up:.1f}"), ("existing", f"{time.monotonic() - began:.1f}")])
    house.close()
    assert sum(memory.values()) <= 40 * 1024, "over 40 MB"


main()
