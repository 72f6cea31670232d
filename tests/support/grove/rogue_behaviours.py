# SPDX-License-Identifier: MIT
"""Ready-made behaviours of RogueModel. Each is a function of an Exchange."""

import threading

from . import openai_shapes as shapes


def answer(text, **more):
    """Good manners: streamed word by word or not, as asked; usage where asked for."""
    def behave(exchange):
        asked = exchange.request.json
        model = asked["model"]
        if not asked.get("stream"):
            exchange.reply(200, shapes.completion(text, model=model, **more))
            return
        exchange.head()
        exchange.send(shapes.event(shapes.chunk("", role="assistant", model=model)))
        for number, word in enumerate(text.split(" ")):
            exchange.send(shapes.event(shapes.chunk(f" {word}" if number else word, model=model)))
        exchange.send(shapes.event(shapes.chunk(finish="stop", model=model)))
        if (asked.get("stream_options") or {}).get("include_usage"):
            exchange.send(shapes.event(shapes.usage_chunk(model=model)))
        exchange.send(shapes.DONE)
    return behave


class Gated:
    """Sends one piece each time the test calls release(), and nothing before; then ends the answer well."""

    def __init__(self, pieces):
        self.pieces, self.gates, self.sent = pieces, [threading.Event() for _ in pieces], 0

    def release(self, count=1):
        for gate in [gate for gate in self.gates if not gate.is_set()][:count]:
            gate.set()

    def release_all(self):
        self.release(len(self.gates))

    def __call__(self, exchange):
        exchange.head()
        for piece, gate in zip(self.pieces, self.gates):
            exchange.wait(gate)
            exchange.send(shapes.event(shapes.chunk(piece)))
            self.sent += 1
        exchange.send(shapes.event(shapes.chunk(finish="stop")) + shapes.event(shapes.usage_chunk()) + shapes.DONE)


def status(code, message="no", **headers):
    def behave(exchange):
        exchange.reply(code, shapes.error(message), **headers)
    return behave


def echo_key(code=401):
    """Providers quote the key they refuse. Ours may never reach a client or a log."""
    def behave(exchange):
        exchange.reply(code, shapes.error(f"Incorrect API key provided: {exchange.request.header('Authorization')}"))
    return behave


def half_stream(pieces):
    """Some text, then the connection closes in mid-answer."""
    def behave(exchange):
        exchange.head()
        for piece in pieces:
            exchange.send(shapes.event(shapes.chunk(piece)))
    return behave


def half_event(piece):
    """Closes in the middle of an event."""
    def behave(exchange):
        exchange.head()
        exchange.send(shapes.event(shapes.chunk(piece)) + b'data: {"id":"chatcmpl-1","cho')
    return behave


def stall(pieces=()):
    """Some text, then nothing until the caller goes."""
    def behave(exchange):
        exchange.head()
        for piece in pieces:
            exchange.send(shapes.event(shapes.chunk(piece)))
        exchange.wait_gone()
    return behave


def silent(exchange):
    """Takes the request and never answers."""
    exchange.wait_gone()


def byte_by_byte(pieces):
    """An honest answer in packets of one byte."""
    def behave(exchange):
        exchange.head()
        data = b"".join(shapes.event(shapes.chunk(piece)) for piece in pieces)
        data += shapes.event(shapes.chunk(finish="stop")) + shapes.event(shapes.usage_chunk()) + shapes.DONE
        for position in range(len(data)):
            exchange.send(data[position:position + 1])
    return behave


def endless(piece="x" * 1000, limit=256 << 20):
    """Text without end, until the caller has had enough."""
    def behave(exchange):
        exchange.head()
        event, sent = shapes.event(shapes.chunk(piece)), 0
        while sent < limit:
            exchange.send(event)
            sent += len(event)
    return behave


def huge_event(size=2 << 20):
    """One event larger than any we accept."""
    def behave(exchange):
        exchange.head()
        exchange.send(shapes.event(shapes.chunk("x" * size)))
        exchange.wait_gone()
    return behave


def raw(data):
    """These bytes and nothing else."""
    def behave(exchange):
        exchange.send(data)
    return behave


def redirect(location, code=302):
    def behave(exchange):
        exchange.reply(code, {}, Location=location)
    return behave


def in_turn(*behaviours):
    """The first request meets the first behaviour, …; the last one stays."""
    count = iter(range(1 << 30))

    def behave(exchange):
        behaviours[min(next(count), len(behaviours) - 1)](exchange)
    return behave
