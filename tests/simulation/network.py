# SPDX-License-Identifier: Apache-2.0
"""The network between a try and the portal: time that passes, and what goes wrong on the way."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson
import requests

from airflow_provider_hubcontact.client.errors import AnswerLost, NotSent
from airflow_provider_hubcontact.client.network.session import Reply
from airflow_provider_hubcontact.client.network.timeouts import Timeouts
from airflow_provider_hubcontact.clock import Clock
from tests.simulation.chooser import Chooser
from tests.simulation.loop import Process, Step
from tests.simulation.oracles import TryWatch
from tests.simulation.portal import DEFINITIONS, Json, addresses_of, legacy_address
from tests.simulation.scene import Scene
from tests.simulation.words import LOGIN

HTML = b"<html><body>proxy</body></html>"

NEVER_SENT = frozenset({"no connection", "lost before"})
"""Faults of which the portal sees nothing."""

BEFORE = {
    "429": 429,
    "429 with Retry-After": 429,
    "423": 423,
    "500 before": 500,
    "503 before": 503,
    "408 before": 408,
    "477": 477,
    "400": 400,
    "401": 401,
    "403": 403,
    "404": 404,
    "409": 409,
    "413": 413,
}
"""Fault → the status that comes instead of carrying a call out."""

AFTER = {"500 after": 500, "504 after": 504, "408 after": 408}
"""Fault → the status that comes after a call was carried out."""

BODIES = (
    "truncated",
    "empty 2xx",
    "empty 2xx before",
    "html 200",
    "no results",
    "silent about some",
    "input skipped",
    "anonymous error",
    "both written and refused",
)
"""Faults of the body of a success."""

ECHO = "echo of old values"

OF_UPDATES = (ECHO, "both shown and refused")
"""Faults in which an update of a batch is answered with a contact that was not written."""

OF_LISTS = ("members not told", "members not moved")
"""Faults of the calls that change the members of a list: it is not told who was moved, or not all are."""

EMPTY_PAGE = "empty page"
"""A fault of the list of owners: a page has nobody, and names the next one."""

FAULTS = (
    *(*sorted(NEVER_SENT), "lost after", "slow", *BEFORE, *AFTER, *BODIES, *OF_UPDATES, *OF_LISTS),
    EMPTY_PAGE,
)
"""All faults of the network and of the portal's answers."""

GRAVE = frozenset({"401", "403", "404", "477"})
"""Faults that stop a run; they are rarer than others."""


@dataclass
class Weather:
    """How bad the network is.

    :param faults: kinds of faults that may strike.
    :param share: of the calls that any fault would strike.
    :param latency: seconds of a way, at most.
    """

    faults: Collection[str]
    share: float
    latency: float

    def fault(self, call: str, chooser: Chooser, kinds: Sequence[str]) -> str | None:
        """Choose what goes wrong with a call.

        :param call: which one it is.
        :param chooser: of the call.
        :param kinds: faults that such a call can have.
        """
        del call
        if not chooser.chance(self.share):
            return None
        fault = chooser.one_of(kinds)
        return None if fault not in self.faults or (fault in GRAVE and not chooser.chance(0.6)) else fault


class Line:
    """What a try's client sends its requests through, in place of sockets.

    :param scene: the portal at the other end, and the time that passes.
    :param weather: what goes wrong.
    :param process: of the try.
    :param watch: is told of each write.
    """

    def __init__(self, scene: Scene, weather: Weather, process: Process, watch: TryWatch) -> None:
        self._loop = scene.loop
        self._dice = scene.chooser
        self._calls = 0
        self._seen: dict[str, float] = {}  # key → when it was looked up
        self._portal = scene.portal
        self._story = scene.story
        self._oracles = scene.oracles
        self._hides_definitions = scene.plot.hides_definitions
        self._weather = weather
        self._process = process
        self._watch = watch

    def exchange(
        self,
        session: requests.Session,
        method: str,
        url: str,
        *,
        auth: requests.auth.AuthBase,
        timeouts: Timeouts,
        clock: Clock,
        data: bytes | Mapping[str, str] | None = None,
        params: Mapping[str, str | Sequence[str]] | None = None,
    ) -> Reply:
        """Send a request and read its answer, as the client's own exchange does."""
        del session, clock
        request = requests.PreparedRequest()
        if params:
            request.prepare_url(url, params)
        else:
            request.url = url
        request.headers = {"Accept": "application/json"}  # type: ignore[assignment] # one spelling is used
        auth(request)
        body = data if isinstance(data, bytes) else urlencode(data or {}).encode()
        if data and not isinstance(data, bytes):
            request.headers["Content-Type"] = "application/x-www-form-urlencoded"
        self._calls += 1
        place = f"call {self._calls} of {self._process.name}"
        call = _Call(method, str(request.url), request.headers, body, self._dice.of(place))
        call.number = self._calls
        if not call.is_free:
            self._watch.sends(call.written, self._loop.now)
        if call.list_id:
            self._watch.sends_move(call.list_id)
        self._story.tell(self._process.name, lambda: f"sends {call}")
        try:
            return self._carry(call, self._fault(place, call), timeouts)
        finally:
            if self._process.alive and not call.is_free:
                self._watch.has_answer(call.written)

    def _fault(self, place: str, call: _Call) -> str | None:
        if self._hides_definitions and urlsplit(call.url).path in DEFINITIONS:
            return "403"
        kinds = _OF_BATCHES if call.inputs else _OF_LIST_CALLS if call.list_id else _OF_ALL
        kinds = _OF_OWNERS if call.is_of_owners else kinds
        fault = self._weather.fault(place, call.chooser, _OF_ALL if call.is_archive else kinds)
        if fault is None and call.is_update:
            fault = self._weather.fault(place, self._dice.of(f"update, {place}"), OF_UPDATES)
        if fault and fault != ECHO:
            self._oracles.faults[fault] += 1
        return fault

    def _carry(self, call: _Call, fault: str | None, timeouts: Timeouts) -> Reply:
        if fault == "no connection":
            self._loop.wait(call.chooser.between(0, timeouts.connect))
            self._story.tell(self._process.name, "has no connection")
            raise NotSent("HubSpot cannot be reached: simulated")
        self._watch.leaves(call.written)
        self._loop.wait(
            call.chooser.between(0, self._weather.latency),
            steps=lambda: [Step(f"call {call.number}", self._touched(call), bool(call.written))],
        )
        if fault == "lost before":
            return self._lost(fault)
        if fault == ECHO:
            fault = ECHO if all(map(self._is_as_seen, call.inputs)) else None
            self._oracles.faults[ECHO] += fault is not None
        if fault in BEFORE or fault == "empty 2xx before":
            reply = _instead(fault, call)
        else:
            reply = self._answer(call, fault)
        seconds = timeouts.total if fault == "slow" else call.chooser.between(0, self._weather.latency)
        self._loop.wait(seconds)
        if fault in {"lost after", "slow"}:
            return self._lost(fault)
        said = f"gets {reply.status} to {call.name}" + (f", {fault}" if fault else "")
        self._story.tell(self._process.name, said)
        return reply

    def _is_as_seen(self, each: Json) -> bool:
        """Check whether nobody has changed a contact since the try looked it up.

        Nobody could tell what somebody else has just written from HubSpot's own form of what was sent.
        """
        contact = self._portal.find(str(each["id"]))
        if contact is None:
            return True
        names = (contact.id, *addresses_of(contact.properties))
        seen = max((self._seen[name] for name in names if name in self._seen), default=math.inf)
        return self._portal.states[contact.id][-1].since <= seen

    def _still(self, each: Json) -> Json:
        """Return an input that writes the values that its contact has already."""
        found = self._portal.find(str(each["id"]))
        has = found.properties if found else {}
        return {**each, "properties": {name: has.get(name, "") for name in each["properties"]}}

    def _touched(self, call: _Call) -> frozenset[str]:
        """Return the contacts that a call is about: by all their addresses, and their ids."""
        texts = {str(text) for each in (*call.inputs, *call.written) for text in _names(each)}
        found = [contact for contact in map(self._portal.find, texts) if contact]
        return frozenset(texts | {contact.id for contact in found})

    def _lost(self, fault: str) -> Reply:
        self._story.tell(self._process.name, f"gets no answer, {fault}")
        raise AnswerLost("HubSpot did not answer: simulated")

    def _answer(self, call: _Call, fault: str | None) -> Reply:
        """Let the portal carry a call out, and change its answer as a fault does."""
        skipped: list[Json] = []
        body = call.body
        if fault in {"input skipped", "anonymous error", "both written and refused"}:
            skipped = [call.chooser.one_of(call.inputs)]
            left = [each for each in call.inputs if each is not skipped[0]]
            if fault != "both written and refused":
                body = orjson.dumps({**call.json, "inputs": left})
        elif fault in OF_UPDATES:
            skipped = call.inputs if fault == ECHO else [call.chooser.one_of(call.inputs)]
            inputs = [self._still(each) if each in skipped else each for each in call.inputs]
            body = orjson.dumps({**call.json, "inputs": inputs})
        elif fault == "members not moved":
            moved = {
                name: [each for each in ids if call.chooser.chance(0.5)] for name, ids in call.json.items()
            }
            body = orjson.dumps(moved)
        by = self._process.name if self._watch.may_be_named() else ""
        members = self._portal.members_of(call.list_id)
        reply, applied = self._portal.call(call.method, call.url, call.headers, body, by)
        self._watch.moved(call.list_id, members, self._portal.members_of(call.list_id))
        self._watch.applied(applied, self._loop.now, is_write=bool(call.written))
        if not call.written:  # an input of a read of lists has no id, but that of a contact
            seen = (str(each["id"]).lower() for each in call.inputs if "id" in each)
            self._seen.update(dict.fromkeys(seen, self._loop.now))
        if applied:
            wrote = ", ".join(f"{each.verb} {each.contact[-3:]} for row {each.row}" for each in applied)
            self._story.tell("portal", wrote)
        if fault is None or reply.status >= 300:
            return reply
        if fault in AFTER:
            return Reply(AFTER[fault], {}, b"{}")
        change = _CHANGES.get(fault)
        return change(reply, skipped, call.chooser) if change else reply


_MOVES = re.compile(r"/crm/(?:v3/lists|lists/[^/]+)/([^/]+)/memberships/add-and-remove")
"""Path of a call that changes the members of a list."""


class _Call:
    """A request.

    :ivar chooser: what becomes of it.
    :ivar number: of the process's calls.
    :ivar name: what it asks for.
    :ivar inputs: of a batch.
    :ivar is_free: whether HubSpot does not count it.
    :ivar written: what it writes, as inputs of a batch.
    :ivar is_update: whether it is a batch of updates.
    :ivar is_of_owners: whether it lists owners.
    :ivar is_archive: whether it archives contacts; its answer has no body.
    :ivar list_id: of the list whose members it changes; empty if it changes none.
    :ivar says_nothing: whether a 204 says that it was carried out.
    """

    def __init__(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, chooser: Chooser
    ) -> None:
        self.method, self.url, self.headers, self.body = method, url, headers, body
        self.chooser = chooser
        self.number = 0
        self.json: Json = orjson.loads(body) if body.startswith(b"{") else {}
        self.inputs: list[Json] = self.json.get("inputs", [])
        self.name = "/".join(url.partition("?")[0].split("/")[-2:])
        self.is_free = self.name.endswith("/token")
        self.written = (
            self.inputs
            if url.endswith(("/batch/update", "/batch/create", "/batch/upsert", "/batch/archive"))
            else []
        )
        moved = _MOVES.fullmatch(urlsplit(url).path)
        self.list_id = moved[1] if moved else ""
        self.is_of_owners = "/crm/owners/" in url
        self.is_archive = url.endswith("/batch/archive")
        self.is_update = url.endswith("/batch/update")
        address = legacy_address(urlsplit(url).path) if method == "POST" else ""
        self.says_nothing = bool(address) or self.is_archive
        if address:
            values = {each["property"]: each["value"] for each in self.json["properties"]}
            self.written = [{"id": address, "properties": values}]

    def __str__(self) -> str:
        if self.list_id:
            return f"{self.method} {self.name}: {self.body.decode()}"
        told = "; ".join(_told(each) for each in self.written or self.inputs)
        return f"{self.method} {self.name}{': ' if told else ''}{told}"


def _names(each: Json) -> list[object]:
    """Return id and addresses that stand in an input."""
    properties = each.get("properties")
    keys = [properties.get(name) for name in ("email", LOGIN)] if isinstance(properties, dict) else []
    return [name for name in (each.get("id"), each.get("recordId"), *keys) if name]


def _told(each: Json) -> str:
    values = ", ".join(f"{name}={value}" for name, value in each.get("properties", {}).items())
    row = each.get("objectWriteTraceId")
    what = f"{each.get('id') or each.get('recordId', 'new')}" + (f" row {row}" if row else "")
    return f"{what} ({values})" if values else what


def _instead(fault: str, call: _Call) -> Reply:
    """Return an answer to a call that was not carried out."""
    if fault == "empty 2xx before":
        statuses = (200, 201, 202) if call.says_nothing else (200, 201, 202, 204)
        return Reply(call.chooser.one_of(statuses), {}, b"")
    status = BEFORE[fault]
    headers = {"Content-Type": "application/json"}
    if fault == "429 with Retry-After":
        headers["Retry-After"] = str(call.chooser.one_of((1, 5, 30)))
    words: Json = {"status": "error", "message": f"simulated {status}", "category": _CATEGORIES.get(status)}
    if status == 404 and not call.inputs:  # the legacy API would say it of the one contact that was asked for
        words["category"] = None
    if status == 429:
        words["policyName"] = "TEN_SECONDLY_ROLLING"
    return Reply(status, headers, orjson.dumps(words))


_CATEGORIES = {
    400: "VALIDATION_ERROR",
    401: "INVALID_AUTHENTICATION",
    403: "MISSING_SCOPES",
    404: "OBJECT_NOT_FOUND",
    409: "CONFLICT",
    429: "RATE_LIMITS",
}


def _with(reply: Reply, status: int, document: Any) -> Reply:
    return Reply(status, reply.headers, orjson.dumps(document))


def _silent(reply: Reply, _: list[Json], chooser: Chooser) -> Reply:
    """Leave some results out of an answer."""
    document = orjson.loads(reply.body)
    document["results"] = [each for each in document["results"] if chooser.chance(0.5)]
    return _with(reply, reply.status, document)


def _anonymous(reply: Reply, _: list[Json], __: Chooser) -> Reply:
    """Add an error that names no input."""
    document = orjson.loads(reply.body)
    error = {"status": "error", "category": "VALIDATION_ERROR", "message": "something was not valid"}
    document["errors"] = [*document.get("errors", ()), error]
    return _with(reply, 207, document)


def _torn(reply: Reply, named: list[Json], _: Chooser) -> Reply:
    """Add an error about an input that is among the results."""
    document = orjson.loads(reply.body)
    trace = named[0].get("objectWriteTraceId")
    context = {"objectWriteTraceId": [trace]} if trace else {"ids": _names(named[0])[:1]}
    error = {"status": "error", "category": "VALIDATION_ERROR", "message": "not valid", "context": context}
    document["errors"] = [*document.get("errors", ()), error]
    return _with(reply, 207, document)


def _shown(reply: Reply, named: list[Json], chooser: Chooser) -> Reply:
    """Show an input as written that was not, and add an error about it."""
    document = orjson.loads(reply.body)
    for each in document["results"]:
        if each["id"] == str(named[0]["id"]):
            each["properties"] |= named[0]["properties"]
    return _torn(_with(reply, reply.status, document), named, chooser)


def _no_results(reply: Reply, _: list[Json], __: Chooser) -> Reply:
    document = orjson.loads(reply.body)
    document.pop("errors", None)
    return _with(reply, 200, {**document, "results": []})


_CHANGES: Mapping[str, Callable[[Reply, list[Json], Chooser], Reply]] = {
    "truncated": lambda reply, _, __: Reply(reply.status, reply.headers, reply.body[: len(reply.body) // 2]),
    "empty 2xx": lambda reply, _, __: Reply(reply.status, reply.headers, b""),
    "html 200": lambda _, __, ___: Reply(200, {"Content-Type": "text/html"}, HTML),
    "no results": _no_results,
    "silent about some": _silent,
    "anonymous error": _anonymous,
    "both written and refused": _torn,
    "both shown and refused": _shown,
    EMPTY_PAGE: lambda reply, _, __: _with(
        reply, reply.status, {"results": [], "paging": {"next": {"after": "0"}}}
    ),
    "members not told": lambda reply, _, __: _with(reply, reply.status, {"recordIdsMissing": []}),
}
"""Fault → what it makes of the portal's answer."""

NEED_INPUTS = (
    "no results",
    "silent about some",
    "input skipped",
    "anonymous error",
    "both written and refused",
)
_OF_ALL = tuple(fault for fault in FAULTS if fault not in {*NEED_INPUTS, *OF_UPDATES, *OF_LISTS, EMPTY_PAGE})
_OF_OWNERS = (*_OF_ALL, *6 * (EMPTY_PAGE,))
_OF_LIST_CALLS = (*_OF_ALL, *6 * OF_LISTS)
_OF_BATCHES = (
    *(each for each in FAULTS if each not in {*OF_UPDATES, *OF_LISTS, EMPTY_PAGE}),
    *NEED_INPUTS,
    *NEED_INPUTS,
)
"""Faults of calls with inputs; those that need them more often, as other calls cannot have them."""
