# SPDX-License-Identifier: Apache-2.0
"""The ASGI application: lets calls in, finds who answers, and puts HubSpot's headers on the answer.

State is touched in the event loop's one thread only, so that nothing needs a lock.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections import deque
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from airflow_provider_hubcontact.sandbox.access.auth_errors import MissingScopes, NotAllowedToView
from airflow_provider_hubcontact.sandbox.access.limits import Limits
from airflow_provider_hubcontact.sandbox.access.tokens import Access, Grant
from airflow_provider_hubcontact.sandbox.clock import Clock
from airflow_provider_hubcontact.sandbox.crm.async_batches import AsyncBatches
from airflow_provider_hubcontact.sandbox.crm.portal import Portal
from airflow_provider_hubcontact.sandbox.errors.own import Broken, NotEmulated
from airflow_provider_hubcontact.sandbox.errors.refusal import Refused
from airflow_provider_hubcontact.sandbox.faults.injector import Faults
from airflow_provider_hubcontact.sandbox.http.admin import Admin
from airflow_provider_hubcontact.sandbox.http.asgi import (
    Gone,
    Receive,
    Scope,
    Send,
    bearer,
    read_body,
    send_reply,
)
from airflow_provider_hubcontact.sandbox.http.error_pages import page_instead
from airflow_provider_hubcontact.sandbox.http.fault_responses import deliver, instead
from airflow_provider_hubcontact.sandbox.http.nearest import nearest
from airflow_provider_hubcontact.sandbox.http.request_log import MAX_LOG, Logged, loggable
from airflow_provider_hubcontact.sandbox.http.routes import router
from airflow_provider_hubcontact.sandbox.http.routing import MAX_BODY, Reply, Request, Route
from airflow_provider_hubcontact.sandbox.http.typed_paths import canonical_path
from airflow_provider_hubcontact.sandbox.imports.runs import ImportPace, Imports
from airflow_provider_hubcontact.sandbox.page.views import Pages
from airflow_provider_hubcontact.sandbox.snapshots import Snapshots
from airflow_provider_hubcontact.sandbox.store import Store

log = logging.getLogger(__name__)


@dataclass
class Application:
    """A HubSpot for an ASGI server.

    :param portal: the contacts and properties.
    :param access: the tokens.
    :param limits: the rate limits.
    :param faults: what goes wrong.
    :param latency: seconds that each answer is delayed; the call is applied after them.
    :param import_pace: how long imports take.
    :param v1_batch_delay: seconds until a batch of v1 is written.
    :param database: the file that keeps the state; None to keep it only in memory.
    :param clock: the clock of all of these.
    :ivar log: the last requests.
    """

    portal: Portal
    access: Access
    limits: Limits
    faults: Faults = field(default_factory=Faults)
    latency: float = 0.0
    import_pace: ImportPace = field(default_factory=ImportPace)
    v1_batch_delay: float = 0.5
    database: Path | None = None
    log: deque[Logged] = field(default_factory=lambda: deque(maxlen=MAX_LOG))
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.imports = Imports(self.portal, self.import_pace)
        self.later = AsyncBatches(self.portal, self.v1_batch_delay)
        self.snapshots = Snapshots(self.portal, self.imports, self.later)
        self.admin = Admin(
            self.portal,
            self.access,
            self.limits,
            self.faults,
            self.log,
            self.clock,
            self.snapshots,
            self.reset,
            self.advance,
        )
        pages = Pages(self.portal, self.access, self.limits, self.faults, self.log)
        self.router = router(chain(self.admin.routes(), pages.routes()))
        self.store: Store | None = None
        if self.database is not None:
            self.store = Store(
                self.database, self.portal, self.access, self.imports, self.later, clock=self.clock
            )

    def reset(self) -> None:
        """Go back to the start: the clock, contacts, properties, tokens, limits, imports, faults, log."""
        for part in (
            self.clock,
            self.portal,
            self.access,
            self.limits,
            self.imports,
            self.later,
            self.faults,
        ):
            part.reset()
        self.log.clear()
        self._save()

    def advance(self, seconds: float) -> None:
        """Move the clock forward, and do what is due by then.

        :raises ValueError: if it cannot go there.
        """
        self.clock.advance(seconds)
        self._catch_up()
        self._save()

    def restore(self, name: str) -> None:
        """Go back to a snapshot.

        :raises KeyError: if no snapshot has this name.
        """
        self.snapshots.restore(name)
        self._save()

    def open(self) -> None:
        """Open the database again after :meth:`close`."""
        if self.store is not None:
            self.store.open()

    def close(self) -> None:
        """Close the database, so that another process can use it."""
        if self.store is not None:
            self.store.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        correlation_id = str(uuid.uuid4())
        began = self.clock()
        path = scope["raw_path"].decode("latin-1")
        request = Request(
            scope["method"],
            path,
            scope["query_string"],
            self.portal,
            self.access,
            self.imports,
            self.later,
            self.limits,
        )
        route, request.params = self.router.find(request.method, path) or (None, {})
        if route is not None:
            request.kind = route.kind
        try:
            reply = await self._reply(request, route, scope, receive, correlation_id)
        except Gone:
            return
        reply = instead(request, route, reply, correlation_id)
        headers = self._headers(request, route, correlation_id)
        if route is None or not route.admin:
            self.log.append(_logged(request, route, reply, began, self.clock() - began))
        if request.strike.rule is None:
            await send_reply(send, reply, headers)
        else:
            await deliver(request.strike.rule, reply, headers, scope=scope, receive=receive, send=send)

    async def _reply(
        self, request: Request, route: Route | None, scope: Scope, receive: Receive, correlation_id: str
    ) -> Reply:
        """Return the answer to a call, also to one that is refused.

        :raises Gone: if the client has gone.
        """
        try:
            return await self._answer(request, route, scope, receive)
        except Gone:
            raise
        except Refused as refused:
            if isinstance(refused, NotEmulated):
                status = int(self.portal.switches.not_emulated)
                return Reply(status, refused.body(correlation_id), [(b"X-Should-Retry", b"false")])
            if route is not None and route.legacy:
                return Reply(refused.status, refused.legacy_body(correlation_id))
            page = page_instead(refused, request.path, request.headers)
            return page or Reply(refused.status, refused.body(correlation_id))
        except Exception:  # a bug of the sandbox: the log shows it, and the client gets an answer
            log.exception("The sandbox cannot answer %s %s", request.method, request.path)
            return Reply(500, Broken().body(correlation_id))

    def _headers(
        self, request: Request, route: Route | None, correlation_id: str
    ) -> list[tuple[bytes, bytes]]:
        headers = [(b"X-HubSpot-Correlation-Id", correlation_id.encode())]
        if route is None or not (route.search or route.admin):
            headers += self.limits.headers(request.grant.app_id, oauth=request.grant.oauth)
        return headers

    async def _answer(self, request: Request, route: Route | None, scope: Scope, receive: Receive) -> Reply:
        if route is not None and route.admin:
            self.admin.check(scope)
        request.body = await read_body(receive, route.max_body if route else MAX_BODY)
        request.headers = scope["headers"]
        if route is None:
            what = f"{request.method} {loggable(request.path)}"
            raise NotEmulated(what, nearest(request.method, canonical_path(request.path), self.router.known))
        if not route.admin:
            self._admit(request, route, scope)
            await self._meet_fault(request, route)
        try:
            return self._do(request, route, scope)
        finally:
            self.portal.writer = ""
            self._save()

    async def _meet_fault(self, request: Request, route: Route) -> None:
        request.strike = self.faults.strike(request.method, request.path, route.operation)
        delay = self.latency + request.strike.delay
        if delay:
            await asyncio.sleep(delay)

    def _do(self, request: Request, route: Route, scope: Scope) -> Reply:
        """Carry out a call, unless a fault prevents it."""
        self._catch_up()
        rule = request.strike.rule
        self.portal.writer = str(request.grant.app_id)
        if rule is None or rule.applied:
            return route.handler(request)
        if rule.kind == "token_expiry":
            self.access.expire(bearer(scope))
        return Reply(204)  # which another answer replaces

    def _catch_up(self) -> None:
        """Write what is due of imports and of v1's batches."""
        self.imports.advance()
        self.later.advance()

    def _save(self) -> None:
        if self.store is not None:
            self.store.save()

    def _admit(self, request: Request, route: Route, scope: Scope) -> None:
        """Check the token, its scopes and the limits."""
        if route.public:
            return
        request.grant = self.access.look_up(bearer(scope))
        _check_scopes(request.grant, route)
        if route.family == "imports" and self.portal.switches.import_calls == "free":
            return
        if route.search:
            self.limits.admit_search(oauth=request.grant.oauth)
        else:
            self.limits.admit(request.grant.app_id, oauth=request.grant.oauth)
        request.calls = 1


def _check_scopes(grant: Grant, route: Route) -> None:
    try:
        grant.check(route.scopes)
    except MissingScopes:
        if not route.views:
            raise
        raise NotAllowedToView(route.views, f"{route.kind.plural}-read") from None


def _logged(request: Request, route: Route | None, reply: Reply, began: float, seconds: float) -> Logged:
    rule = request.strike.rule
    return Logged(
        request.method,
        loggable(request.path),
        reply.status,
        request.inputs,
        request.calls,
        "" if route is None else route.operation,
        "" if rule is None else rule.name,
        began,
        max(0.0, seconds),  # a reset takes the clock back
    )
