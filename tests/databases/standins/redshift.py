# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL server as Redshift: what Redshift's driver tells at the start, PostgreSQL does not know."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread

KNOWN = {b"user", b"database"}


@contextmanager
def serve(host: str, port: int) -> Iterator[int]:
    """Hand connections on to a PostgreSQL server, and return the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        Thread(target=_accept, args=(listener, (host, port)), daemon=True).start()
        yield listener.getsockname()[1]


def _accept(listener: socket.socket, target: tuple[str, int]) -> None:
    with suppress(OSError):
        while True:
            client, _ = listener.accept()
            Thread(target=_connect, args=(client, target), daemon=True).start()


def _connect(client: socket.socket, target: tuple[str, int]) -> None:
    (length,) = struct.unpack("!I", _read(client, 4))
    begin = _read(client, length - 4)
    parts = begin[4:].rstrip(b"\0").split(b"\0")
    settings = zip(parts[::2], parts[1::2], strict=True)
    kept = b"".join(name + b"\0" + value + b"\0" for name, value in settings if name in KNOWN)
    begin = begin[:4] + kept + b"\0"
    server = socket.create_connection(target)
    server.sendall(struct.pack("!I", len(begin) + 4) + begin)
    Thread(target=_copy, args=(server, client), daemon=True).start()
    _copy(client, server)


def _read(source: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count and (more := source.recv(count - len(found))):
        found += more
    return found


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while part := source.recv(65_536):
            target.sendall(part)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)
