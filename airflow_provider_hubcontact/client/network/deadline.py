# SPDX-License-Identifier: Apache-2.0
"""A deadline for a whole call: no read or write of its connection waits beyond it.

``requests`` knows only how long to wait for the next byte; a server that drips its headers, or says ``100
Continue`` again and again, could hold a call for ever.
"""

from __future__ import annotations

import io
import math
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from threading import local
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from airflow_provider_hubcontact.clock import SYSTEM_CLOCK, Clock


class _Call(local):
    """The call that a thread makes now."""

    until = math.inf
    clock = SYSTEM_CLOCK


_call = _Call()


@contextmanager
def within(seconds: float, clock: Clock) -> Iterator[None]:
    """Limit the time of the calls that this thread makes in the block.

    :param seconds: from now on; then whatever waits for the server raises ``TimeoutError``.
    :param clock: tells when they are over.
    """
    _call.clock = clock
    _call.until = clock.monotonic() + seconds
    try:
        yield
    finally:
        _call.until = math.inf


def is_over() -> bool:
    """Check whether the time of this thread's call is up."""
    return _call.clock.monotonic() >= _call.until


def _left(timeout: float | None) -> float | None:
    """Return the seconds that the next wait may take.

    :param timeout: seconds that it may take without a deadline; None for any time.
    :raises TimeoutError: if the call's time is used up.
    """
    if _call.until == math.inf:
        return timeout
    left = _call.until - _call.clock.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left if timeout is None else min(timeout, left)


SLACK = 1.02
"""By how much a wait may be longer than what is left for it."""


def _limit(sock: socket.socket, timeout: float | None) -> None:
    """Limit the next wait of a socket.

    To set a timeout takes a system call, and lets other threads go first: it is only done if it matters.

    :param timeout: seconds that the wait may take without a deadline; None for any time.
    :raises TimeoutError: if the call's time is used up.
    """
    has, left = sock.gettimeout(), _left(timeout)
    if has is None or left is None or not left <= has <= left * SLACK:
        sock.settimeout(left)


class _Incoming(io.RawIOBase):
    """What comes from a socket, until the deadline."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._timeout = sock.gettimeout()
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        _limit(self._sock, self._timeout)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Source:
    """Stands for a socket where a response asks for a file to read."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def makefile(self, *_: Any, **__: Any) -> io.BufferedReader:
        return io.BufferedReader(_Incoming(self._sock))


class _Bounded(HTTPConnection):
    """A connection whose every wait ends at the deadline."""

    def response_class(self, sock: Any, *arguments: Any, **options: Any) -> HTTPResponse:  # type: ignore[override]
        return HTTPResponse(_Source(sock), *arguments, **options)  # type: ignore[arg-type]

    def _new_conn(self) -> socket.socket:
        self.timeout = _left(self.timeout)
        return super()._new_conn()

    def send(self, data: Any) -> None:
        """Send bytes in parts; a socket's timeout would begin anew with each part."""
        if self.sock is None:
            self.connect()
        timeout, rest = self.sock.gettimeout(), memoryview(data)
        while rest:
            _limit(self.sock, timeout)
            rest = rest[self.sock.send(rest) :]
        if self.sock.gettimeout() != timeout:
            self.sock.settimeout(timeout)


class _BoundedTLS(_Bounded, HTTPSConnection):
    """The same over TLS; the handshake's timeout is one for all of it."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Bounded


class _PoolTLS(HTTPSConnectionPool):
    ConnectionCls = _BoundedTLS


_POOLS = {"http": _Pool, "https": _PoolTLS}


class BoundedAdapter(HTTPAdapter):
    """Makes connections that keep to the deadline, through a proxy too, but for SOCKS."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """Make the pools of direct connections."""
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """Return the pools of connections through a proxy."""
        manager = super().proxy_manager_for(proxy, **options)
        if not proxy.lower().startswith("socks"):
            manager.pool_classes_by_scheme = _POOLS
        return manager
