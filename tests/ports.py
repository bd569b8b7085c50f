# SPDX-License-Identifier: Apache-2.0
"""Where a server of a test listens."""

from __future__ import annotations

import socket


def free_port() -> int:
    """Find a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
