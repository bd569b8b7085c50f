# SPDX-License-Identifier: Apache-2.0
"""The portal: the sandbox's own application, called in this process, and the history of its contacts."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import orjson

from airflow_provider_hubcontact.client.network.session import Reply
from airflow_provider_hubcontact.sandbox.access.limits import Allowance, Limits
from airflow_provider_hubcontact.sandbox.access.tokens import Access, OAuthClient
from airflow_provider_hubcontact.sandbox.app import Application
from airflow_provider_hubcontact.sandbox.crm.lists import RecordList
from airflow_provider_hubcontact.sandbox.crm.portal import Portal
from airflow_provider_hubcontact.sandbox.crm.record import Record
from airflow_provider_hubcontact.sandbox.crm.records.shared import Account
from airflow_provider_hubcontact.sandbox.errors.refusal import Refused
from airflow_provider_hubcontact.sandbox.switches import Switches
from tests.simulation.words import JUDGED, LOGIN, OWN_PROPERTIES, OWNERS

TOKEN = "pat-na1-51a00000-0000-4000-8000-000051a00000"
OAUTH = ("client", "secret", "refresh-0")
"""Id, secret and refresh token of the OAuth app."""

LIFETIMES = (1_800.0, 40.0, 10.0)
"""Seconds that an OAuth token lives."""

URL = "https://simulated.invalid"
CONTACTS = "0-1"
"""Object type of contacts."""

ZONE = "Europe/Berlin"
ACCOUNT = 5_100

DEFINITIONS = frozenset({"/crm/properties/2026-09/contacts", "/properties/v1/contacts/properties"})
RULES = "/crm/property-validations/2026-09/0-1"
ABOUT = "/account-info/2026-09/details"
UNCHANGED = DEFINITIONS | {RULES, ABOUT}
"""Paths whose answers no world changes: about properties, the rules for their values, and the portal."""

OTHERS = "hs_additional_emails"
"""Property of a contact's second addresses."""

PROPERTIES = JUDGED | {"email", LOGIN, "firstname", "lastname", "city", "lifecyclestage", "hs_lead_status"}
"""Properties that the portal tells of."""

Json = dict[str, Any]


class Applied(NamedTuple):
    """An input of a batch that the portal has carried out.

    :param verb: ``update``, ``create`` or ``archive``.
    :param contact: id of the contact.
    :param row: of the source, which the input's trace id names; 0 if it has none.
    """

    verb: str
    contact: str
    row: int


class State(NamedTuple):
    """What a contact was from a moment on.

    :param since: seconds.
    :param values: property → value; None once the contact was deleted, or merged into another one.
    :param by: the try that made it so; empty if somebody else did.
    """

    since: float
    values: Mapping[str, str] | None
    by: str = ""


@dataclass(frozen=True)
class Terms:
    """What may differ from portal to portal.

    :param allowance: calls that it takes.
    :param oauth_lifetime: seconds that an OAuth token lives.
    :param switches: what the sandbox does where HubSpot's behaviour is not known.
    """

    allowance: Allowance
    oauth_lifetime: float
    switches: Switches


class SimulatedPortal:
    """HubSpot, without a network in front of it.

    :param contacts: of the start.
    :param terms: what may differ from portal to portal.
    :param clock: seconds since 1970.
    :param now: seconds since the world began.
    :param lists: name → places of the contacts that are in this list from the start on.
    :ivar members: id of a list → who was in it, since when.
    :ivar list_names: name → ids of the lists that ever had it.
    :ivar states: id of a contact → what it was, since when.
    :ivar owners: key or address, in lower case → the contacts that ever had it.
    :ivar created: key or address → how often a contact was created with it after the start.
    :ivar merged: ids of contacts that people have merged others into.
    :ivar freed: address → how often a contact lost it, or was deleted.
    :ivar notes: how many states have been noted.
    """

    def __init__(
        self,
        contacts: Iterable[Mapping[str, str]],
        terms: Terms,
        clock: Callable[[], float],
        now: Callable[[], float],
        lists: Mapping[str, Collection[int]] = MappingProxyType({}),
    ) -> None:
        self._now = now
        account = Account(ACCOUNT, ZONE)
        self._portal = Portal(contacts, OWN_PROPERTIES, terms.switches, account, clock, owners=OWNERS)
        self._portal.journal = []
        self._application = _application()
        self._application.portal = self._portal
        self._application.access = self._access = Access(
            TOKEN, oauth_clients=[OAuthClient(*OAUTH)], oauth_lifetime=terms.oauth_lifetime, clock=clock
        )
        self._application.limits = self._limits = Limits(terms.allowance, ZONE, clock)
        self._application.log.clear()
        self.states: dict[str, list[State]] = {}
        self.owners: dict[str, list[str]] = {}
        self.created: Counter[str] = Counter()
        self.merged: set[str] = set()
        self.freed: Counter[str] = Counter()
        self.notes = 0
        self.members: dict[str, list[tuple[float, frozenset[str]]]] = {}
        self.list_names: dict[str, set[str]] = {}
        self._by = ""
        people = [*self._portal.contacts]
        for name, places in lists.items():
            made = self._portal.lists.create(name, CONTACTS, "MANUAL", self._portal.now())
            made.members |= {people[place]: made.created_at for place in places}
        self._note_lists()
        for record in self._portal.contacts.values():
            self._note(record)

    def call(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, by: str
    ) -> tuple[Reply, list[Applied]]:
        """Carry out a call.

        :param by: the try that makes it; empty if it is one that must not write any more.
        :return: the answer, and which inputs were carried out.
        """
        parts = urlsplit(url)
        if parts.path in UNCHANGED and (known := self._known(parts.path, headers)):
            return known, []
        sent: list[Json] = []

        async def receive() -> Json:
            return {"type": "http.request", "body": body}

        async def send(message: Json) -> None:
            sent.append(message)

        scope = {
            "method": method,
            "raw_path": parts.path.encode(),
            "query_string": parts.query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        }
        answering = self._application(scope, receive, send)  # type: ignore[arg-type] # messages are dicts
        try:
            answering.send(None)
        except StopIteration:
            pass
        else:
            raise RuntimeError("the sandbox waits for something")
        status, raw = sent[0]["status"], sent[0]["headers"]
        reply = Reply(status, _decoded(raw), sent[1]["body"])
        if parts.path in UNCHANGED and status == 200:
            if parts.path in DEFINITIONS:
                reply = replace(reply, body=_few(reply.body))
            _KNOWN[parts.path] = reply.body
        gone = [record.id for record, _ in self._portal.journal or () if record.archived_at]
        self._take_note(by)
        return reply, [
            *(Applied("archive", each, 0) for each in gone),
            *self._applied(method, parts.path, body, reply),
        ]

    def _applied(self, method: str, path: str, body: bytes, reply: Reply) -> Iterator[Applied]:
        """Yield what a call has written, but for contacts that are gone."""
        legacy = method == "POST" and legacy_address(path)
        if legacy:
            yield from self._applied_by_address(legacy, reply)
        elif path.endswith("/batch/upsert"):
            yield from self._applied_by_key(body, reply)
        elif 200 <= reply.status < 300:
            yield from self._applied_in_batch(path.rpartition("/batch/")[2], body, reply)

    def _applied_in_batch(self, verb: str, body: bytes, reply: Reply) -> Iterator[Applied]:
        """Yield what a batch of updates or creations has written, by the sandbox's own answer."""
        if verb not in {"update", "create"}:
            return
        ids = {result["id"] for result in orjson.loads(reply.body)["results"]}
        for each in orjson.loads(body)["inputs"]:
            # A contact that was merged into another one is written by its old id, too.
            contact = self.find(each["id"] if verb == "update" else name_of(each["properties"]))
            if contact and contact.id in ids:
                yield Applied(verb, contact.id, int(each["objectWriteTraceId"].partition("-")[0]))

    def _applied_by_address(self, address: str, reply: Reply) -> Iterator[Applied]:
        """Yield what a call of the legacy API has written. Its rows are not known: it has no trace ids."""
        if not 200 <= reply.status < 300:
            return
        contact = self.owners[address][-1] if reply.status == 204 else str(orjson.loads(reply.body)["vid"])
        is_new = reply.status == 200 and orjson.loads(reply.body)["isNew"]
        yield Applied("create" if is_new else "update", contact, 0)

    def _applied_by_key(self, body: bytes, reply: Reply) -> Iterator[Applied]:
        """Yield what a batch of upserts has written. Its answer does not name the keys."""
        if not 200 <= reply.status < 300:
            return
        said = orjson.loads(reply.body)
        is_new = {result["id"]: result["new"] for result in said["results"]}
        refused = {
            trace_id
            for error in said.get("errors", ())
            for trace_id in error["context"]["objectWriteTraceId"]
        }
        for each in orjson.loads(body)["inputs"]:
            contact, trace_id = self.find(each["id"]), each["objectWriteTraceId"]
            if contact and contact.id in is_new and trace_id not in refused:
                verb = "create" if is_new[contact.id] else "update"
                yield Applied(verb, contact.id, int(trace_id.partition("-")[0]))

    def _known(self, path: str, sent: Mapping[str, str]) -> Reply | None:
        """Return an answer that is the same in all worlds, if token and limits allow it."""
        if path not in _KNOWN:
            return None
        try:
            grant = self._access.look_up(sent["Authorization"].partition(" ")[2])
            self._limits.admit(grant.app_id, oauth=grant.oauth)
        except Refused:
            return None
        headers = _decoded(self._limits.headers(grant.app_id, oauth=grant.oauth))
        return Reply(200, {"Content-Type": "application/json;charset=utf-8", **headers}, _KNOWN[path])

    def edit(self, change: Callable[[Portal], object]) -> None:
        """Let another app, or a person, change something; a change that HubSpot refuses changes nothing."""
        with suppress(Refused):
            change(self._portal)
        self._take_note("")

    def merge(self, one: Record, other: Record) -> None:
        """Let a person merge a contact into another one."""
        with suppress(Refused):
            merged = self._portal.merge(one, other)
            self.created[name_of(merged.properties)] -= merged is not one  # it is not a new person
            self.merged.add(merged.id)
        self._take_note("")
        for gone in (each for each in (one, other) if each.id not in self._portal.contacts):
            left = self.find(gone.id)
            # Of two logins, the primary one is left.
            self.freed.update(
                {*addresses_of(gone.properties)} - {*addresses_of(left.properties if left else {})}
            )
            self.states[gone.id].append(State(self._now(), None))

    @property
    def now(self) -> float:
        """Seconds since the world began."""
        return self._now()

    def lists(self) -> list[RecordList]:
        """Return the lists that are there."""
        return self._portal.lists.all()

    def lists_named(self, name: str) -> set[str]:
        """Return the ids of the lists that a row may mean by a name, or by an id."""
        return self.list_names.get(name, set()) | ({name} & self.members.keys())

    def members_of(self, list_id: str) -> frozenset[str]:
        """Return the ids of the contacts that are in a list now."""
        return self.members[list_id][-1][1] if list_id in self.members else frozenset()

    def list_states(self, list_id: str, since: float) -> Iterator[frozenset[str]]:
        """Yield who was in a list, from a moment on."""
        states = self.members.get(list_id, [])
        for place, (_, members) in enumerate(states):
            ended = states[place + 1][0] if place + 1 < len(states) else math.inf
            if ended >= since:
                yield members

    def owners_of(self, address: str) -> Sequence[str]:
        """Return the contacts that ever had a key or an address, in any letter case."""
        return self.owners.get(address.lower(), ())

    def find(self, address: str) -> Record | None:
        """Return the contact that has a key or an address now."""
        return self._portal.contact(address) or next(self._by_login(address), None)

    def _by_login(self, login: str) -> Iterator[Record]:
        """Yield the contact that has a login now."""
        for contact in filter(None, map(self._portal.contacts.get, self.owners_of(login))):
            if contact.properties.get(LOGIN, "").lower() == login.lower():
                yield contact

    def contacts(self) -> list[Record]:
        """Return all contacts."""
        return list(self._portal.contacts.values())

    def had(self, address: str, since: float) -> Iterator[Mapping[str, str]]:
        """Yield what contacts were, from a moment on, that ever had an address."""
        for contact in self.owners_of(address):
            states = self.states[contact]
            for place, state in enumerate(states):
                ended = states[place + 1].since if place + 1 < len(states) else float("inf")
                if ended >= since and state.values is not None:
                    yield state.values

    def cleared_by(self, contact: str, name: str) -> str | None:
        """Return the try that took a property's value from a contact, empty if somebody else did.

        :param contact: its id.
        :param name: of the property.
        :return: None if the contact has a value, or never had one.
        """
        states = self.states[contact][::-1]
        for later, earlier in pairwise(states):
            if (later.values or {}).get(name):
                return None
            if (earlier.values or {}).get(name):
                return later.by
        return None

    def was_free(self, address: str, since: float) -> bool:
        """Check whether there was a moment, from one on, at which nobody had an address."""
        taken = [
            (state.since, states[place + 1].since if place + 1 < len(states) else float("inf"))
            for contact in self.owners_of(address)
            for states in [self.states[contact]]
            for place, state in enumerate(states)
            if state.values is not None and address.lower() in addresses_of(state.values)
        ]
        covered = since
        for begin, end in sorted(taken):
            if begin > covered:
                return True
            covered = max(covered, end)
        return covered <= self._now()

    def has_changed(self, contact: str) -> bool:
        """Check whether a contact has just got another value of a property that rows may have."""
        states = self.states[contact]
        if states[-1].since < self._now():
            return False
        last, before = states[-1].values or {}, states[-2].values if len(states) > 1 else {}
        return any(last.get(name) != (before or {}).get(name) for name in PROPERTIES)

    def _take_note(self, by: str) -> None:
        self._by = by
        journal = self._portal.journal or []
        for record, write in journal:
            self._note(record, is_new=write is None and not record.archived_at)
        journal.clear()
        self._note_lists()

    def _note_lists(self) -> None:
        for each in self._portal.lists.everything().values():
            self.list_names.setdefault(each.name, set()).add(each.id)
            states, members = self.members.setdefault(each.id, []), frozenset(each.members)
            if not states or states[-1][1] != members:
                states.append((self._now(), members))

    def _note(self, record: Record, *, is_new: bool = False) -> None:
        values = None if record.archived_at else dict(record.properties)
        known = self.states.get(record.id)
        before = known[-1].values if known else None
        self.freed.update(set(addresses_of(before or {})) - set(addresses_of(values or {})))
        self.states.setdefault(record.id, []).append(State(self._now(), values, self._by))
        self.notes += 1
        for address in addresses_of(values or {}):
            owners = self.owners.setdefault(address, [])
            if record.id not in owners:
                owners.append(record.id)
        if is_new:
            self.created[name_of(record.properties)] += 1


@cache
def _application() -> Application:
    """Return the application of all worlds: its routes are the same, and finding them out takes long."""
    portal = Portal()
    return Application(portal, Access(TOKEN), Limits(Allowance(), ZONE))


_KNOWN: dict[str, bytes] = {}
"""Path → its answer, once it was given."""


def _few(definitions: bytes) -> bytes:
    """Return the answer about properties with those alone that rows may have: the others only take time."""
    document = orjson.loads(definitions)
    is_legacy = isinstance(document, list)
    known = PROPERTIES | {OTHERS}
    few = [each for each in (document if is_legacy else document["results"]) if each["name"] in known]
    return orjson.dumps(few if is_legacy else {**document, "results": few})


def legacy_address(path: str) -> str:
    """Return the address in a path of the legacy API that writes a contact; empty for other paths."""
    found = re.fullmatch(r"/contacts/v1/contact/(?:createOrUpdate/)?email/([^/]+)(?:/profile)?", path)
    return unquote(found[1]).lower() if found else ""


def _decoded(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in headers}


def addresses_of(values: Mapping[str, str]) -> list[str]:
    """Return the addresses of a contact, and its login, in lower case: no text is both."""
    texts = (values.get("email", ""), values.get(LOGIN, ""), *values.get(OTHERS, "").split(";"))
    return [each.lower() for each in texts if each]


def name_of(values: Mapping[str, str]) -> str:
    """Return the key of a contact; empty if it has none."""
    return (values.get(LOGIN) or values.get("email", "")).lower()
