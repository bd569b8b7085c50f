# SPDX-License-Identifier: Apache-2.0
"""Exchanges with an ASGI server: reads the body and the token, sends the answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import orjson

from airflow_provider_hubcontact.sandbox.access.auth_errors import Unauthenticated
from airflow_provider_hubcontact.sandbox.access.limits import Headers
from airflow_provider_hubcontact.sandbox.errors.requests import TooLarge
from airflow_provider_hubcontact.sandbox.http.routing import Reply

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Gone(Exception):
    """The client hung up before the whole request had arrived, so that it is not carried out."""


async def read_body(receive: Receive, most: int) -> bytes:
    """Read a request's body.

    :param receive: ASGI's function.
    :param most: the most bytes that it may have.
    :raises TooLarge: if it is larger.
    :raises Gone: if it ends too early.
    """
    message = await _part(receive)
    parts: list[bytes] = [message.get("body", b"")]
    size = len(parts[0])
    while message.get("more_body"):
        message = await _part(receive)
        size += len(message.get("body", b""))
        if size <= most:
            parts.append(message.get("body", b""))
    if size > most:
        raise TooLarge(most)
    return b"".join(parts)


async def _part(receive: Receive) -> MutableMapping[str, Any]:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise Gone
    return message


def bearer(scope: Scope) -> str:
    """Return the token in the headers.

    :raises Unauthenticated: if it is missing.
    """
    for name, value in scope["headers"]:
        if name == b"authorization":
            kind, _, token = value.decode("latin-1").partition(" ")
            if kind.lower() == "bearer" and token:
                return str(token.strip())
    raise Unauthenticated


async def send_reply(send: Send, reply: Reply, headers: Headers) -> None:
    """Send a whole answer."""
    body = encoded(reply)
    await send_head(send, reply, headers, len(body))
    await send({"type": "http.response.body", "body": body})


async def send_head(send: Send, reply: Reply, headers: Headers, length: int) -> None:
    """Send the status and the headers.

    :param length: the length of the body that they announce.
    """
    headers = [*headers, *reply.headers]
    if reply.status != 204:
        headers += [
            (b"Content-Type", reply.content_type),
            (b"Content-Length", b"%d" % length),
        ]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})


def encoded(reply: Reply) -> bytes:
    """Return a body as bytes: JSON, or the bytes that it already is."""
    if reply.body is None:
        return b""
    return reply.body if isinstance(reply.body, bytes) else orjson.dumps(reply.body)
