"""The ASGI application: lets calls in, finds who answers, and puts HubSpot's headers on the answer.

State is touched in the event loop's one thread only, so that nothing needs a lock.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from airflow_provider_hubcontact.sandbox.access import Access
from airflow_provider_hubcontact.sandbox.denials import Unauthenticated
from airflow_provider_hubcontact.sandbox.errors import Broken, NotEmulated, Refused, TooLarge
from airflow_provider_hubcontact.sandbox.limits import Headers, Limits
from airflow_provider_hubcontact.sandbox.portal import Portal
from airflow_provider_hubcontact.sandbox.routes import router
from airflow_provider_hubcontact.sandbox.wire import Reply, Request, Route

log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

MAX_BODY = 32 * 1024 * 1024
"""Bytes of a request that are read."""

MAX_LOG = 100_000


class Logged(NamedTuple):
    """A request that was answered.

    :param path: as it was sent, without the query.
    :param inputs: how many records it was about.
    """

    method: str
    path: str
    status: int
    inputs: int


@dataclass
class Application:
    """A HubSpot for an ASGI server.

    :param latency: seconds that each answer takes longer; the call is applied after them.
    """

    portal: Portal
    access: Access
    limits: Limits
    latency: float = 0.0
    log: deque[Logged] = field(default_factory=lambda: deque(maxlen=MAX_LOG))

    def __post_init__(self) -> None:
        self.router = router()

    def reset(self) -> None:
        """Go back to the start: contacts, properties, tokens, limits, log."""
        for part in (self.portal, self.access, self.limits):
            part.reset()
        self.log.clear()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        correlation_id = str(uuid.uuid4())
        path = scope["raw_path"].decode("latin-1")
        request = Request(scope["method"], path, scope["query_string"], self.portal, self.access)
        route, request.params = self.router.find(request.method, path) or (None, {})
        try:
            reply = await self._answer(request, route, scope, receive)
        except Refused as refused:
            legacy = route is not None and route.legacy
            reply = Reply(refused.status, (refused.legacy_body if legacy else refused.body)(correlation_id))
        except Exception:  # a bug of the sandbox: it is shown whole, and the client need not wait
            log.exception("The sandbox cannot answer %s %s", request.method, request.path)
            reply = Reply(500, Broken().body(correlation_id))
        self.log.append(Logged(request.method, request.path, reply.status, request.inputs))
        headers = [(b"X-HubSpot-Correlation-Id", correlation_id.encode())]
        if route is None or not route.search:
            headers += self.limits.headers(request.grant.app_id, oauth=request.grant.oauth)
        await _send(send, reply, headers)

    async def _answer(self, request: Request, route: Route | None, scope: Scope, receive: Receive) -> Reply:
        request.body = await _read(receive)
        request.headers = scope["headers"]
        if route is None:
            raise NotEmulated(f"{request.method} {request.path}")
        self._admit(request, route, scope)
        if self.latency:
            await asyncio.sleep(self.latency)
        return route.handler(request)

    def _admit(self, request: Request, route: Route, scope: Scope) -> None:
        """Check the token, its scopes and the limits."""
        if route.public:
            return
        request.grant = self.access.look_up(_token(scope))
        request.grant.check(route.scopes)
        if route.search:
            self.limits.admit_search(oauth=request.grant.oauth)
        else:
            self.limits.admit(request.grant.app_id, oauth=request.grant.oauth)


async def _read(receive: Receive) -> bytes:
    """Read a request's body.

    :raises TooLarge: if it is larger than anything that HubSpot takes.
    """
    message = await receive()
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        return body
    parts, size = [body], len(body)
    while message.get("more_body"):
        message = await receive()
        size += len(message.get("body", b""))
        if size <= MAX_BODY:
            parts.append(message.get("body", b""))
    if size > MAX_BODY:
        raise TooLarge(MAX_BODY)
    return b"".join(parts)


def _token(scope: Scope) -> str:
    """Take the bearer token from the headers.

    :raises Unauthenticated: if there is none.
    """
    for name, value in scope["headers"]:
        if name == b"authorization":
            kind, _, token = value.decode("latin-1").partition(" ")
            if kind.lower() == "bearer" and token:
                return str(token.strip())
    raise Unauthenticated


async def _send(send: Send, reply: Reply, headers: Headers) -> None:
    body = b"" if reply.body is None else orjson.dumps(reply.body)
    headers = [*headers, *reply.headers]
    if reply.status != 204:
        headers += [
            (b"Content-Type", b"application/json;charset=utf-8"),
            (b"Content-Length", b"%d" % len(body)),
        ]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
