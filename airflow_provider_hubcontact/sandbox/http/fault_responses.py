# SPDX-License-Identifier: Apache-2.0
"""Faults on the wire: the answers that come instead, and the ways in which no answer arrives.

HubSpot docs: "Error handling" names the statuses; the bodies of 423, 477 and 5xx are not known (U).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from http import HTTPStatus

from airflow_provider_hubcontact.sandbox.access.auth_errors import DailyLimitReached, RateLimited
from airflow_provider_hubcontact.sandbox.access.limits import Headers
from airflow_provider_hubcontact.sandbox.crm.times import iso
from airflow_provider_hubcontact.sandbox.errors.refusal import Json, Refused
from airflow_provider_hubcontact.sandbox.faults.injector import Strike
from airflow_provider_hubcontact.sandbox.faults.plan import Rule
from airflow_provider_hubcontact.sandbox.http.asgi import (
    Receive,
    Scope,
    Send,
    encoded,
    send_head,
    send_reply,
)
from airflow_provider_hubcontact.sandbox.http.request_log import RESET
from airflow_provider_hubcontact.sandbox.http.routing import Reply, Request, Route

DRIPS = 20
"""Number of pieces of a slow body."""

RESETS = "hubspot_sandbox.reset"
"""Key of the function in the server's scope that resets the connection."""

HTML = b"text/html"
_MESSAGES = {
    423: "The account is locked because of too many calls at once.",
    477: "The account is being moved to another hosting region.",
    500: "There was an internal error.",
    502: "The processing limits were reached.",
    503: "The service is temporarily unavailable.",
    504: "The processing limits were reached.",
    521: "Web server is down",
    522: "Connection timed out",
    523: "Origin is unreachable",
    524: "A timeout occurred",
}
_PAGE = """\
<!DOCTYPE html>
<html><head><title>{status} {message}</title></head>
<body><center><h1>{status} {message}</h1></center><hr><center>proxy</center></body></html>
"""


def instead(request: Request, route: Route | None, reply: Reply, correlation_id: str) -> Reply:
    """Return the answer that a fault replaces the right one with; the right one if there is no fault.

    :param request: the call.
    :param route: its route; None for a path without a route.
    :param reply: the right answer; any if the call was not carried out.
    :param correlation_id: id of the call.
    """
    strike = request.strike
    rule = strike.rule
    if rule is None or route is None:
        return reply
    if rule.kind == "reset":
        return Reply(RESET)
    if rule.kind == "no_results":
        return _no_results(route, request)
    status = 477 if rule.kind == "migration" else rule.status
    if rule.kind == "html":
        page = _PAGE.format(status=status, message=_message(status)).encode()
        return Reply(status, page, _retry_after(strike), HTML)
    if rule.kind in {"status", "migration"}:
        return Reply(status, _BODIES[rule.body](rule, status, correlation_id), _retry_after(strike))
    return reply


async def deliver(
    rule: Rule, reply: Reply, headers: Headers, *, scope: Scope, receive: Receive, send: Send
) -> None:
    """Send an answer, as far as the fault lets it arrive."""
    body = encoded(reply)
    if rule.kind == "reset":
        scope["extensions"][RESETS]()
        await receive()  # until the server has noticed
    elif rule.kind == "truncated" and len(body) > 1:
        await send_head(send, reply, headers, len(body))
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
    elif rule.kind == "empty":
        await send_head(send, reply, headers, 0)
        await send({"type": "http.response.body"})
    elif rule.kind == "drip" and body:
        await _drip(rule.seconds, body, reply, headers, send)
    else:
        await send_reply(send, reply, headers)


async def _drip(seconds: float, body: bytes, reply: Reply, headers: Headers, send: Send) -> None:
    await send_head(send, reply, headers, len(body))
    size = -(-len(body) // DRIPS)
    for start in range(0, len(body), size):
        await asyncio.sleep(seconds / DRIPS)
        more = start + size < len(body)
        await send({"type": "http.response.body", "body": body[start : start + size], "more_body": more})


def _no_results(route: Route, request: Request) -> Reply:
    """Return a success without any result, in the form of the call's own answers."""
    if request.method == "DELETE" or (route.legacy and request.method != "GET"):
        return Reply(204)
    now = iso(request.portal.now())
    times = {"status": "COMPLETE", "startedAt": now, "completedAt": now} if "/batch/" in request.path else {}
    return Reply(200, {**times, "results": []})


def _error(rule: Rule, status: int, correlation_id: str) -> Json:
    if status == 429:
        return (DailyLimitReached if rule.policy == "DAILY" else RateLimited)().body(correlation_id)
    return Refused(_message(status)).body(correlation_id)


def _foreign(_: Rule, status: int, __: str) -> Json:
    return {"error": {"code": status, "message": _message(status)}}


_BODIES: Mapping[str, Callable[[Rule, int, str], Json | None]] = {
    "hubspot": _error,
    "foreign": _foreign,
    "empty": lambda *_: None,
}


def _message(status: int) -> str:
    if status in _MESSAGES:
        return _MESSAGES[status]
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown error"


def _retry_after(strike: Strike) -> Headers:
    return (
        [] if strike.retry_after is None else [(b"Retry-After", b"%s" % f"{strike.retry_after:g}".encode())]
    )
