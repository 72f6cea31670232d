# SPDX-License-Identifier: MIT
"""Reading a daemon's log: one JSON object a line, and whatever a sanitizer wrote between them."""

import json

SANITIZER_MARKS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error:", "AddressSanitizer:DEADLYSIGNAL",
                   "UndefinedBehaviorSanitizer")


def events(text):
    found = []
    for line in text.splitlines():
        start = line.find("{")
        if start < 0:
            continue
        try:
            entry = json.loads(line[start:])
        except ValueError:
            continue
        if isinstance(entry, dict) and "event" in entry:
            found.append(entry)
    return found


def errors(text, expected=()):
    """Error-level events whose name is not expected."""
    return [entry for entry in events(text) if entry.get("level") == "error" and entry["event"] not in expected]


def sanitizer_reports(text):
    return [line for line in text.splitlines() if any(mark in line for mark in SANITIZER_MARKS)]
