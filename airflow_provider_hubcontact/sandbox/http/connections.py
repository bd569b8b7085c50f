# SPDX-License-Identifier: Apache-2.0
"""HTTP connections that can be reset, for uvicorn."""

from __future__ import annotations

import socket
import struct

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from airflow_provider_hubcontact.sandbox.http.fault_responses import RESETS

_NO_LINGER = struct.pack("ii", 1, 0)


class Connection(HttpToolsProtocol):
    """Lets the application reset the connection, by a function in the scope."""

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self.scope["extensions"] = {RESETS: self._reset}  # type: ignore[dict-item] # it is a function

    def _reset(self) -> None:
        """End the connection as if the other machine had failed: with RST instead of FIN."""
        connection = self.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self.transport.abort()
