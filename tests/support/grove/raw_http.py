# SPDX-License-Identifier: MIT
"""Sends exactly the bytes a test wrote, because no client library would."""

import json
import socket
import ssl


class RawResponse:
    def __init__(self, data):
        self.data = data
        head, _, self.body = data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split(" ")[1]) if lines[0].startswith("HTTP/") else None
        self.headers = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:] if ":" in line]

    def header(self, name):
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def json(self):
        return json.loads(self.body)

    def count(self):
        """How many answers came: two means that one request was taken for two."""
        return self.data.count(b"HTTP/1.1 ")

    def __repr__(self):
        return f"<{self.status} {self.data[:300]!r}>"


def send_raw(port, data, tls=False, timeout=15.0, half_close=False):
    """Everything the server sends until it closes (or is silent for the timeout, which is an error)."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=timeout)
    if tls:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = context.wrap_socket(connection)
    with connection:
        try:
            connection.sendall(data if isinstance(data, bytes) else data.encode())
            if half_close:
                connection.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it refused before it had read everything; the answer may still be there
        received = b""
        try:
            while part := connection.recv(65536):
                received += part
        except ConnectionResetError:
            pass
        return RawResponse(received)


def request(method, path, headers=(), body=b"", host="localhost", close=True):
    """The bytes of an ordinary request, to be spoilt by the test."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *(f"{name}: {value}" for name, value in headers)]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    if close:
        lines.append("Connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body
