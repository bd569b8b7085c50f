# SPDX-License-Identifier: Apache-2.0
"""The sandbox's own API, under ``/sandbox``, where HubSpot has nothing: for tests and benchmarks.

::

    GET     /                       a page for people; it leads to the others
    GET     /sandbox/faults         the plan, and how often each rule struck
    PUT     /sandbox/faults         another plan, from its beginning
    DELETE  /sandbox/faults         no faults
    PATCH   /sandbox/faults/{name}  {"enabled": false} switches one rule off
    GET     /sandbox/requests       the request log, a line of JSON each; ?last=20
    DELETE  /sandbox/requests       an empty log
    GET     /sandbox/limits         what is used of the limits
    GET     /sandbox/clock          the sandbox's time
    PUT     /sandbox/clock          {"advanceSeconds": 86400}, or {"now": "2027-01-01T00:00:00Z"}
    GET     /sandbox/snapshots      the snapshots that are kept in memory
    POST    /sandbox/snapshots      {"name": "seeded"} keeps one: contacts with history, properties, imports
    POST    /sandbox/snapshots/{name}/restore
                                    back to it, in about a millisecond for 1,000 contacts; the rest stays
    DELETE  /sandbox/snapshots/{name}
    GET     /sandbox/state          contacts with history and properties, as JSON
    PUT     /sandbox/state          back to such a state; tokens and imports stay as they are
    POST    /sandbox/reset          back to the start: all of the above, tokens and imports; snapshots stay

These calls take nothing of the limits, meet no fault and are not logged. From this machine they need no
token, unless a browser sends them for another site; from elsewhere they need a good one.
"""

from __future__ import annotations

import ipaddress
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from urllib.parse import urlsplit

import orjson

from airflow_provider_hubcontact.sandbox.access.auth_errors import NotYours
from airflow_provider_hubcontact.sandbox.access.limits import Limits
from airflow_provider_hubcontact.sandbox.access.tokens import Access
from airflow_provider_hubcontact.sandbox.clock import Clock
from airflow_provider_hubcontact.sandbox.crm.portal import Portal
from airflow_provider_hubcontact.sandbox.crm.state import InvalidState, dump, load
from airflow_provider_hubcontact.sandbox.crm.times import iso
from airflow_provider_hubcontact.sandbox.errors.own import NoSuchFault, NoSuchSnapshot
from airflow_provider_hubcontact.sandbox.errors.requests import InvalidInput
from airflow_provider_hubcontact.sandbox.faults.injector import Faults
from airflow_provider_hubcontact.sandbox.faults.plan import InvalidPlan, Plan, parse_plan
from airflow_provider_hubcontact.sandbox.http.asgi import Scope, bearer
from airflow_provider_hubcontact.sandbox.http.request_log import Logged
from airflow_provider_hubcontact.sandbox.http.routing import Reply, Request, Route
from airflow_provider_hubcontact.sandbox.snapshots import Snapshots

ROOT = "/sandbox"
MAX_STATE = 1024 * 1024 * 1024
"""The most bytes of a state."""

MAX_NAME = 100
"""The most characters of a snapshot's name."""


@dataclass(frozen=True)
class Admin:
    """Answers for the sandbox itself.

    :param reset: puts everything back to the start.
    :param advance: moves the clock forward by that many seconds.
    """

    portal: Portal
    access: Access
    limits: Limits
    faults: Faults
    log: deque[Logged]
    clock: Clock
    snapshots: Snapshots
    reset: Callable[[], None]
    advance: Callable[[float], None]

    def routes(self) -> Iterator[Route]:
        """Yield the routes."""
        for method, path, handler in (
            ("GET", "", _index),
            ("GET", "/faults", self._faults),
            ("PUT", "/faults", self._use),
            ("DELETE", "/faults", self._use_none),
            ("PATCH", "/faults/{name}", self._switch),
            ("GET", "/requests", self._requests),
            ("DELETE", "/requests", self._forget),
            ("GET", "/limits", self._limits),
            ("GET", "/clock", self._clock),
            ("PUT", "/clock", self._move_clock),
            ("GET", "/snapshots", self._snapshots),
            ("POST", "/snapshots", self._take),
            ("POST", "/snapshots/{name}/restore", self._go_back),
            ("DELETE", "/snapshots/{name}", self._drop),
            ("GET", "/state", self._state),
            ("PUT", "/state", self._restore),
            ("POST", "/reset", self._reset),
        ):
            yield Route(method, ROOT + path, handler, public=True, admin=True, max_body=MAX_STATE)

    def check(self, scope: Scope) -> None:
        """Check that a call comes from this machine and not from a foreign web page, or has a valid token.

        :raises NotYours: if it has no token, and comes from elsewhere.
        :raises Unauthenticated: if its token is unknown.
        :raises TokenExpired: if its token has expired.
        """
        headers = dict(scope["headers"])
        if b"authorization" in headers:
            self.access.look_up(bearer(scope))
        elif not _is_local(scope, headers):
            raise NotYours

    def _faults(self, _: Request) -> Reply:
        return Reply(200, {"plan": self.faults.plan.source, "rules": list(self.faults.counts())})

    def _use(self, request: Request) -> Reply:
        try:
            self.faults.use(parse_plan(request.json))
        except InvalidPlan as error:
            raise InvalidInput(str(error)) from error
        return self._faults(request)

    def _use_none(self, _: Request) -> Reply:
        self.faults.use(Plan())
        return Reply(204)

    def _switch(self, request: Request) -> Reply:
        on = request.json.get("enabled")
        if not isinstance(on, bool):
            raise InvalidInput("`enabled` is true or false.")
        try:
            self.faults.switch(request.params["name"], on=on)
        except KeyError:
            raise NoSuchFault(request.params["name"]) from None
        return self._faults(request)

    def _requests(self, request: Request) -> Reply:
        last = request.parameter("last") or str(len(self.log))
        if not (last.isascii() and last.isdigit() and len(last) < 10):
            raise InvalidInput("`last` is a whole number.")
        lines = islice(self.log, max(0, len(self.log) - int(last)), None)
        body = b"".join(orjson.dumps(each.line, option=orjson.OPT_APPEND_NEWLINE) for each in lines)
        return Reply(200, body, content_type=b"application/x-ndjson")

    def _forget(self, _: Request) -> Reply:
        self.log.clear()
        return Reply(204)

    def _limits(self, _: Request) -> Reply:
        return Reply(200, {**self.limits.usage(), "resetsAt": iso(int(self.limits.resets_at * 1000))})

    def _clock(self, _: Request) -> Reply:
        return Reply(200, {"now": iso(self.portal.now()), "aheadSeconds": round(self.clock.ahead, 3)})

    def _move_clock(self, request: Request) -> Reply:
        try:
            self.advance(self._seconds(request.json))
        except ValueError as error:
            raise InvalidInput(str(error)) from error
        return self._clock(request)

    def _seconds(self, wanted: Mapping[str, object]) -> float:
        """Return by how many seconds a body moves the clock.

        :raises ValueError: if it does not say so.
        """
        seconds = wanted.get("advanceSeconds")
        if len(wanted) == 1 and isinstance(seconds, int | float) and not isinstance(seconds, bool):
            return seconds
        if wanted.keys() == {"now"}:
            with suppress(ValueError):
                moment = datetime.fromisoformat(str(wanted["now"]))
                if moment.tzinfo is not None:
                    return moment.timestamp() - self.clock()
        raise ValueError(
            "The body is `advanceSeconds`, a number, or `now`, a time such as 2027-01-01T00:00:00Z."
        )

    def _snapshots(self, _: Request) -> Reply:
        kept = self.snapshots.contacts.items()
        return Reply(200, {"results": [{"name": name, "contacts": contacts} for name, contacts in kept]})

    def _take(self, request: Request) -> Reply:
        name = request.json.get("name")
        if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME:
            raise InvalidInput(f"`name` is a text of up to {MAX_NAME} characters.")
        try:
            self.snapshots.take(name)
        except ValueError as error:
            raise InvalidInput(str(error)) from error
        return Reply(201, {"name": name, "contacts": self.snapshots.contacts[name]})

    def _go_back(self, request: Request) -> Reply:
        try:
            self.snapshots.restore(request.params["name"])
        except KeyError:
            raise NoSuchSnapshot(request.params["name"]) from None
        return Reply(204)

    def _drop(self, request: Request) -> Reply:
        try:
            self.snapshots.forget(request.params["name"])
        except KeyError:
            raise NoSuchSnapshot(request.params["name"]) from None
        return Reply(204)

    def _state(self, _: Request) -> Reply:
        return Reply(200, dump(self.portal))

    def _restore(self, request: Request) -> Reply:
        try:
            load(self.portal, request.json)
        except InvalidState as error:
            raise InvalidInput(str(error)) from error
        return Reply(204)

    def _reset(self, _: Request) -> Reply:
        self.reset()
        return Reply(204)


def _index(_: Request) -> Reply:
    return Reply(
        200, (__doc__ or "").replace("::\n\n", "").encode(), content_type=b"text/plain;charset=utf-8"
    )


def _is_local(scope: Scope, headers: dict[bytes, bytes]) -> bool:
    """Check whether a call comes from this machine, but not from the page of another site in its browser."""
    client, host = scope.get("client"), headers.get(b"host", b"").decode("latin-1")
    origin = headers.get(b"origin")
    if client is None or not _is_loopback(client[0]) or not _is_loopback(_name(host)):
        return False
    return origin is None or origin.decode("latin-1") == f"http://{host}"


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
