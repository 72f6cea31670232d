# SPDX-License-Identifier: MIT
"""Free ports. Taken below the range that outgoing connections use, so that none of those can snatch one away."""

import random
import socket

_given = set()


def free_port():
    for _ in range(1000):
        port = random.randint(12000, 31000)
        if port in _given:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given.add(port)
        return port
    raise AssertionError("no free port below the ephemeral range")
