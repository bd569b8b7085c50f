# SPDX-License-Identifier: Apache-2.0
"""A server that answers from a script, byte for byte, and keeps what it was asked."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from airflow_provider_hubcontact.client.auth import AccessToken, Auth
from airflow_provider_hubcontact.client.limits.rate_limit import RateLimit
from airflow_provider_hubcontact.client.network.timeouts import API_CALL, Timeouts
from airflow_provider_hubcontact.client.transport import Transport
from airflow_provider_hubcontact.clock import Clock
from tests.fake_clock import FakeClock

TOKEN = "pat-na1-secret"

TRUNCATED = b'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 100\r\n\r\n{"results": ['

Reply = bytes | Callable[[socket.socket], None]


def reply(status: int, body: str = "", **headers: str) -> bytes:
    """Write an answer; underscores of header names stand for dashes."""
    encoded = body.encode()
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(encoded)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + encoded


def once(**seconds: float) -> Timeouts:
    """Return the timeouts of a call that is not repeated."""
    return Timeouts(attempts=1, **seconds)


class Server:
    """Answers each connection's one request with the next reply; the last reply is repeated.

    :param replies: bytes to send, or what to do with the connection.
    """

    def __init__(self, *replies: Reply) -> None:
        self._replies = replies
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.requests: list[bytes] = []
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def lines(self) -> list[str]:
        """Give the request lines."""
        return [request.split(b"\r\n", 1)[0].decode() for request in self.requests]

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            self.requests.append(_read(connection))
            answer = self._replies[min(len(self.requests), len(self._replies)) - 1]
            try:
                if callable(answer):
                    answer(connection)
                else:
                    connection.sendall(answer)
            except OSError:
                return  # the client gave up, as some tests want


def _read(connection: socket.socket) -> bytes:
    request = b""
    while b"\r\n\r\n" not in request:
        if not (chunk := connection.recv(65_536)):
            return request
        request += chunk
    head, _, body = request.partition(b"\r\n\r\n")
    lengths = [
        line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")
    ]
    while lengths and len(body) < int(lengths[0]):
        body += connection.recv(65_536)
    return head + b"\r\n\r\n" + body


class Wire:
    """A transport, its server and its clock.

    :param replies: of the server.
    :param auth: credentials; a fixed token if None.
    :param clock: one that only sleeping moves if None.
    """

    def __init__(
        self,
        *replies: Reply,
        auth: Auth | None = None,
        clock: Clock | None = None,
        timeouts: Timeouts = API_CALL,
    ) -> None:
        self.server = Server(*replies)
        self.clock = FakeClock()
        self.rate_limit = RateLimit(clock=clock or self.clock)
        self.transport = Transport(
            self.server.url,
            auth or AccessToken(TOKEN),
            self.rate_limit,
            timeouts=timeouts,
            clock=clock or self.clock,
        )


@contextmanager
def wire(
    *replies: Reply, auth: Auth | None = None, clock: Clock | None = None, timeouts: Timeouts = API_CALL
) -> Iterator[Wire]:
    """Connect a transport to a scripted server."""
    connected = Wire(*replies, auth=auth, clock=clock, timeouts=timeouts)
    try:
        with connected.transport:
            yield connected
    finally:
        connected.server.close()
