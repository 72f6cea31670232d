# SPDX-License-Identifier: MIT
"""Server-sent events as a client sees them."""

import dataclasses
import json


@dataclasses.dataclass
class Event:
    data: str
    id: str = ""
    event: str = "message"

    @property
    def json(self):
        return json.loads(self.data)


class Parser:
    """Feed it text; it returns the events that became complete, and counts comments."""

    def __init__(self):
        self.rest, self.comments = "", 0

    def feed(self, text):
        blocks = (self.rest + text).replace("\r\n", "\n").split("\n\n")
        self.rest = blocks.pop()
        return [event for event in map(self._event, blocks) if event]

    def _event(self, block):
        event, data = Event(""), []
        for line in block.split("\n"):
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if not name:
                self.comments += 1
            elif name == "data":
                data.append(value)
            elif name in ("id", "event"):
                setattr(event, name, value)
        event.data = "\n".join(data)
        return event if data else None


def parse(text):
    return Parser().feed(text + "\n\n")


def text_of(events):
    """The answer's text from OpenAI chunks."""
    return "".join(choice.get("delta", {}).get("content") or "" for event in events if event.data.startswith("{")
                   for choice in event.json.get("choices", []))
