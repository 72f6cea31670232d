# SPDX-License-Identifier: MIT
"""Waiting for something to become true. The only place of the tests that sleeps."""

import time


def wait_until(condition, what, timeout=20.0, every=0.02):
    """Calls condition() until it returns something true, and returns that. An AssertionError from it
    counts as "not yet" and is shown when time is up."""
    deadline = time.monotonic() + timeout
    last = None
    while True:
        try:
            result = condition()
            if result:
                return result
        except AssertionError as error:
            last = error
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout} s in vain for {what}") from last
        time.sleep(every)


def stays_true(condition, what, seconds):
    """The opposite: fails as soon as condition() is false within that time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert condition(), f"no longer true: {what}"
        time.sleep(0.02)
