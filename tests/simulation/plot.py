# SPDX-License-Identifier: Apache-2.0
"""What a world is made of: its source, its contacts and its settings, all drawn from one seed.

Each world has a random half of the features and of the faults (swarm testing): a feature that is nearly
always there can hide what goes wrong without it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from airflow_provider_hubcontact.job.settings.guards import Guards
from airflow_provider_hubcontact.job.settings.key import Key
from airflow_provider_hubcontact.job.settings.ledger import Ledger
from airflow_provider_hubcontact.job.settings.lists import Lists
from airflow_provider_hubcontact.job.settings.settings import Settings
from airflow_provider_hubcontact.job.settings.source import Source
from airflow_provider_hubcontact.job.settings.state import ARCHIVE, LEAVE, State
from airflow_provider_hubcontact.job.settings.values import Values
from airflow_provider_hubcontact.job.settings.writes import Writes
from airflow_provider_hubcontact.sandbox.access.limits import Allowance, RateLimit
from airflow_provider_hubcontact.sandbox.switches import Switches
from tests.simulation.chooser import Chooser
from tests.simulation.portal import OTHERS
from tests.simulation.words import LOGIN, OWNER, UNREADABLE, USER, VALUES, dressed, meant, owned

FEATURES = (
    "absent",
    "another address",
    "deferral",
    "duplicates",
    "equal",
    "invalid",
    "keyless",
    "kills",
    "legacy",
    "moves",
    "nulls",
    "oauth",
    "replay",
    "others edit",
    "own limit",
    "schema",
    "second task",
    "shared budget",
    "store lost",
    "signals",
    "stages",
    "two at once",
    "watermark",
    "wrong date",
    "state",
    "broken database",
    "suspended",
    "refresh",
    "audit",
    "absence remembered",
    "trusted ids",
    "not compared",
    "leavers",
    "checkpoint",
    "one row a key",
    "far apart",
    "definitions unread",
    "in order",
    "lists",
    "own words",
    "owner addresses",
    "undo",
    "second addresses",
    "another key",
    "undo with a state",
    "letter case",
    "another key with all",
)
"""What may happen in a world besides rows that change contacts.

A new one stands last: those before it are drawn as they were, so that seeds without it stay the same worlds.
"""

OF_STATES = frozenset({"broken database", "refresh", "audit", "absence remembered", "trusted ids", "leavers"})
"""Features that only worlds with a state have."""

WATERMARK = "changed"
"""Column of the watermark."""

LIST_COLUMN = "segment"
"""Column that names the list of a row."""

BY_ADDRESS = frozenset({"another address", "moves", "in order", "others edit", "legacy"})
"""Features whose contacts are known by their addresses."""

SELDOM = frozenset({"leavers", "undo", "lists"})
"""Features that few worlds have: of those, only some have another key, which is a feature of its own."""

OTHER_DOMAIN = ("@example.com", "@mail.example")
"""Of keys, and what stands in its place in addresses where keys are logins."""

CASES: Sequence[Callable[[str], str]] = (str, str.upper, str.title)
"""How a text may be spelt: as it is, or with other letters in upper case."""

OWN_COLUMNS = frozenset({"email", "new_email", WATERMARK, LIST_COLUMN, OTHERS})
"""Columns of which no contact has just the values."""

RARER = {
    "legacy": 0.4,
    "watermark": 0.6,
    "state": 0.8,
    "checkpoint": 0.5,
    "one row a key": 0.4,
    "definitions unread": 0.3,
    "in order": 0.3,
    "lists": 0.5,
    "own words": 0.3,
    "owner addresses": 0.3,
    "undo": 0.3,
    "second addresses": 0.6,
    "another key": 0.5,
    "letter case": 0.4,
    "another key with all": 0.3,
}
"""Feature → how often it stays among those of a world."""

KINDS = ("update", "update", "update", "update", "dry run", "tight guard", "loose guard", "plan")
"""What the task does; the usual more often."""

SWITCHES = {
    "batch_update_with_trace_ids": ("207", "400"),
    "stage_regression": ("keep", "reject"),
    "taken_email": ("409", "400"),
    "old_email": ("dropped", "secondary"),
    "result_order": ("reversed", "input"),
    "new_contact_stage": ("lead", "none"),
}
"""What the sandbox does where HubSpot's behaviour is not known → in which ways."""

MOST_ENTRIES = 7
"""Entries of the largest world; each is a row or more."""

STATUS = "hs_lead_status"
NO_STATUS = "NONE_"
"""How a lead status begins that HubSpot does not have."""

FORBIDDEN = "7"
"""What the JSON Schema of a world forbids in a first name."""

SCHEMA = {"properties": {"firstname": {"not": {"pattern": FORBIDDEN}}}}

PATH = "sql://db/hub"
"""Of the state."""

REMOVED = {"lastname": "left"}
"""What the contacts of rows that left the source get."""

OF_REMOVED = {OWNER: " Oscar@Example.com"}
"""Whom they may get besides."""

LISTS = ("Customers", "Second")
"""Lists of the portal; they have the ids 101 and 102."""

NAMED = ("Customers", "Customers", "Second", "102", " Customers ", None, "Nowhere")
"""What the column of lists has."""

STAGES = ("subscriber", "lead", "opportunity", "customer")
STAGE = "lifecyclestage"
CITIES = ("Oslo", "Rome", "Köln")


@dataclass(frozen=True)
class Row:
    """A row of the source, and what it asks for.

    :param number: from 1.
    :param source: as the task is given it.
    :param key: address that it names.
    :param values: property → the text that it asks for.
    :param becomes: new address that it asks for.
    :param is_shared: whether another row has its key.
    :param overwritten: properties that a later row of its key has, too.
    :param named: name or id of the list in which its contact is to be; empty for none.
    :param others: second addresses that it gives its contact, if that is new.
    """

    number: int
    source: Mapping[str, Any]
    key: str
    values: Mapping[str, str]
    becomes: str = ""
    is_shared: bool = False
    overwritten: frozenset[str] = frozenset()
    named: str = ""
    others: str = ""

    @property
    def keys(self) -> list[str]:
        """The addresses that its contact may have."""
        return [each for each in (self.key, self.becomes) if each]

    @property
    def changed(self) -> int:
        """When it changed, for the watermark; 0 without one."""
        return int(self.source.get(WATERMARK, 0))

    @property
    def is_refused(self) -> bool:
        """Whether HubSpot refuses it for its values, whoever it is about."""
        is_wrong = self.is_unreadable or self.names_a_user
        return is_wrong or self.values.get(STATUS, "").startswith(NO_STATUS)

    @property
    def names_a_user(self) -> bool:
        """Whether it has the id of a user in place of an owner's."""
        return self.values.get(OWNER) == USER

    @property
    def is_unreadable(self) -> bool:
        """Whether a word of it means nothing, so that it is never sent."""
        return UNREADABLE in self.values.values()

    @property
    def content(self) -> object:
        """All that it asks for, and of whom."""
        becomes = self.becomes if self.becomes != self.key else ""
        return self.key, self.values, becomes, self.named, self.others

    def proved(self, plot: Plot) -> Mapping[str, str]:
        """Return the values that its contact has had if the row is a success.

        A plan that is applied is silent about those that the contact had already when the plan was made.
        """
        if plot.kind == "plan":
            return {}
        open_ = {STAGE} if plot.settings.writes.stages == "keep" else set()
        open_ |= set(plot.settings.writes.properties or ())
        return {
            name: value
            for name, value in self.values.items()
            if name not in open_ and name not in self.overwritten
        }


@dataclass(frozen=True)
class Plot:
    """A world before it begins.

    :param features: that it has.
    :param kind: what the task does.
    :param contacts: of the portal's start.
    :param rows: of the source.
    :param settings: of the task.
    :param batch_size: inputs of a call.
    :param concurrency: calls at once.
    :param own_limit: calls in ten seconds that the connection names; None to learn them.
    :param allowance: what the portal allows.
    :param switches: of the portal.
    :param ledger: ``appended``, ``parts`` or none.
    :param members: places of the contacts that are in the first list from the start on.
    """

    features: frozenset[str]
    kind: str
    contacts: Sequence[Mapping[str, str]]
    rows: Sequence[Row]
    settings: Settings
    batch_size: int
    concurrency: int
    own_limit: int | None
    allowance: Allowance
    switches: Switches
    ledger: str
    members: frozenset[int] = frozenset()

    @property
    def may_write(self) -> bool:
        """Whether the task writes contacts."""
        return self.kind not in {"dry run", "tight guard"}

    @property
    def keeps_checkpoint(self) -> bool:
        """Whether a retry goes on where an earlier try came to."""
        return not (self.ledger or self.settings.state) and self.kind not in {"dry run", "plan"}

    @property
    def hides_definitions(self) -> bool:
        """Whether the token may not read the portal's properties, so that HubSpot alone judges values."""
        return "definitions unread" in self.features

    def is_forbidden(self, row: Row) -> bool:
        """Check whether the JSON Schema of the world forbids a row."""
        return "schema" in self.features and FORBIDDEN in row.values.get("firstname", "")

    @property
    def is_legacy(self) -> bool:
        """Whether the task uses the legacy API."""
        return "legacy" in self.features

    def row(self, number: int) -> Row:
        """Return a row by its number."""
        return self.rows[number - 1]

    def of_another_night(self, chooser: Chooser, *, writes: bool = False) -> Plot:
        """Return the same task on another night: some rows have other values, and some are not there.

        :param writes: whether it writes that night, whatever it does else.
        """
        leaves = 0.35 if "leavers" in self.features and not writes else 0.0
        sources = [changed for row in self.rows if (changed := _changed(row.source, chooser, leaves))]
        if "letter case" in self.features:
            sources = [_spelt(each, chooser.of("case of another night")) for each in sources]
        settings, kind = self.settings, self.kind
        if settings.state:
            refresh = "refresh" in self.features and not writes and chooser.chance(0.4)
            state = State(**{**settings.state.fields(), "refresh": refresh})
            settings = Settings(**{**settings.fields(), "state": state})
        if writes:
            guards = Guards(removals=settings.guards.removals)
            settings, kind = Settings(**{**settings.fields(), "guards": guards, "dry_run": False}), "update"
        rows = rows_of(sources or [self.rows[0].source], settings)
        return replace(self, kind=kind, rows=rows, settings=settings)


def _changed(source: Mapping[str, Any], chooser: Chooser, leaves: float) -> Mapping[str, Any] | None:
    """Return a row as it is on another night; None if it is not there.

    :param leaves: how often it leaves the source besides.
    """
    if chooser.chance(leaves):
        return None
    change = chooser.below(8)
    if change == 5:
        return {**source, "firstname": f"newer {chooser.below(9)}"}
    if change == 6:
        return {**source, "city": chooser.one_of(CITIES)}
    return None if change == 7 else source


@dataclass
class _Draft:
    """Rows and contacts as they are drawn; each entry has a stream of its own."""

    chooser: Chooser
    features: frozenset[str]
    contacts: list[dict[str, str]] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    last: list[dict[str, Any]] = field(default_factory=list)  # rows that come after all others

    def add(self, number: int) -> None:
        """Add what one entry needs: a contact or none, and a row or two."""
        self.chooser = self.chooser.of(f"entry {number}")
        email = f"p{number}@example.com"
        contact = None if self._has("absent", 0.3) else self._contact(email)
        row: dict[str, Any] = {"email": email, **self._values(contact)}
        if contact and self._has("another address", 0.4):
            contact["hs_additional_emails"] = f"home-{email}"
            row["email"] = f"home-{email}"
            if self.chooser.chance(0.4):
                self.rows.append({"email": email, **self._values(contact)})
        if self._has("moves", 0.3):
            row["new_email"] = self._new_address(email)
        if self._has("second addresses", 0.5):
            row[OTHERS] = self._second_addresses(email)
        if self._has("keyless", 0.1):
            row["email"] = None
        self.rows.append(row)
        again = self.last if "far apart" in self.features else self.rows
        while self._has("duplicates", 0.6 if "one row a key" in self.features else 0.4):
            again.append({"email": row["email"], **self._values(contact)})

    def add_in_order(self) -> None:
        """Add rows that must be written one after the other, although their keys differ."""
        old = {"firstname": "old 0", "city": CITIES[0]}
        one = {"email": "in-order@example.com", "hs_additional_emails": "home-in-order@example.com", **old}
        self.contacts.append(one)
        self.rows.append({"email": one["email"], "firstname": "new 1", "city": CITIES[1]})
        self.rows.append({"email": one["hs_additional_emails"], **old, "city": CITIES[2]})
        if "moves" in self.features:
            other = {"email": "moved@example.com", **old}
            self.contacts.append(other)
            self.rows.append({"email": other["email"], "new_email": "new-moved@example.com"})
            self.rows.append({"email": "new-moved@example.com", "firstname": "new 2"})

    def _has(self, feature: str, share: float) -> bool:
        return feature in self.features and self.chooser.chance(share)

    def _contact(self, email: str) -> dict[str, str]:
        contact = {"email": email, "firstname": f"old {self.chooser.below(9)}"}
        if self.chooser.chance(0.5):
            contact["city"] = self.chooser.one_of(CITIES)
        if self.chooser.chance(0.6):
            contact[STAGE] = self.chooser.one_of(STAGES)
        self.contacts.append(contact)
        return contact

    def _values(self, contact: Mapping[str, str] | None) -> dict[str, Any]:
        if contact and self._has("equal", 0.4):
            return {"firstname": contact["firstname"]}
        values: dict[str, Any] = {"firstname": f"new {self.chooser.below(1_000)}"}
        if self.chooser.chance(0.5):
            values["city"] = self.chooser.one_of(CITIES)
        if self._has("nulls", 0.3):
            values["city"] = None
        if self._has("stages", 0.5):
            values[STAGE] = self.chooser.one_of(STAGES)
        is_unread = "definitions unread" in self.features
        if self._has("invalid", 0.7 if is_unread else 0.3):
            values[STATUS] = f"{NO_STATUS}{self.chooser.below(9)}"
            if is_unread and self.chooser.chance(0.5):
                values[STATUS] = "NEW"  # in place of one that HubSpot alone would refuse
        return values

    def _second_addresses(self, email: str) -> str | None:
        """Choose second addresses: mostly nobody's, sometimes one of another row or contact."""
        others = [f"second-{email}", "office@example.com", f"p{self.chooser.below(MOST_ENTRIES)}@example.com"]
        some = [each for each in others if self.chooser.chance(0.5)]
        return ";".join(some) or None

    def _new_address(self, email: str) -> str:
        """Choose a new address: mostly nobody's, sometimes that of another contact, which may move too."""
        if self.contacts and self.chooser.chance(0.3):
            return self.chooser.one_of(self.contacts)["email"]
        return f"new-{email}"


def plot_of(chooser: Chooser) -> Plot:
    """Draw a world."""
    features = frozenset(chooser.of("features").half_of(FEATURES))
    features -= {each for each, share in RARER.items() if not chooser.of(each).chance(share)}
    chooser = chooser.of("plot")
    kind = chooser.one_of(KINDS)
    features = _that_go_together(features, kind)
    if "leavers" in features and chooser.chance(0.75):  # a row that is not valid spares all who left
        features = (features - {"keyless", "invalid", "schema", "stages"}) | {"absent"}
    draft = _Draft(chooser, features)
    share = chooser.one_of((0.2, 0.3, 0.3, 0.6) if features.isdisjoint({"leavers"}) else (0.4, 0.6))
    there = [number for number in range(MOST_ENTRIES) if draft.chooser.of(f"entry {number}").chance(share)]
    for number in there or (0,):
        draft.add(number)
    if "in order" in features:
        draft.add_in_order()
    draft.rows += draft.last
    if kind in {"dry run", "plan"}:  # only a run that writes moves it
        features -= {"watermark"}
    for place, row in enumerate(draft.rows if "watermark" in features else ()):
        row[WATERMARK] = chooser.of(f"change {place}").below(9)
    if "lists" in features and chooser.of("list column").chance(0.5):
        for place, row in enumerate(draft.rows):
            row[LIST_COLUMN] = chooser.of(f"list {place}").one_of(NAMED)
    _write_in_words(draft, features, chooser)
    ledger = chooser.one_of(("", "appended", "appended", "parts"))
    if kind == "plan" or "checkpoint" in features:
        ledger = ""
    elif "undo" in features:
        ledger = ledger or "appended"
    _name_by_login(draft, features)
    _spell(draft, features, chooser)
    settings = _settings(draft, features, kind, ledger)
    features = _with_second_addresses(features, draft, settings)
    limit, has_limit = 4 + chooser.below(8), "own limit" in features
    daily, has_daily = 20 + chooser.below(40), chooser.chance(0.2) and kind == "update"
    return Plot(
        features,
        kind,
        draft.contacts,
        rows_of(draft.rows, settings),
        settings,
        chooser.one_of((1, 1, 2, 3, 100)),
        1 + chooser.below(4),
        limit if has_limit else None,
        Allowance.of(None, RateLimit(limit) if has_limit else None, daily if has_daily else None),
        _switches(tuple((name, chooser.one_of(values)) for name, values in SWITCHES.items())),
        ledger,
        frozenset(each for each in range(len(draft.contacts)) if chooser.of(f"member {each}").chance(0.4)),
    )


def _name_by_login(draft: _Draft, features: Collection[str]) -> None:
    """Let the rows name contacts by their logins, if they do not by addresses, which are other texts then."""
    if "another key" not in features:
        return
    for contact in draft.contacts:
        contact[LOGIN] = contact["email"]
        contact["email"] = contact["email"].replace(*OTHER_DOMAIN)
    for row in draft.rows:
        if OTHERS in row:
            row[OTHERS] = row[OTHERS] and row[OTHERS].replace(*OTHER_DOMAIN)


def _spell(draft: _Draft, features: Collection[str], chooser: Chooser) -> None:
    """Let keys and addresses of rows and contacts have other letters in upper case."""
    if "letter case" in features:
        draft.rows = [_spelt(row, chooser.of(f"case {place}")) for place, row in enumerate(draft.rows)]
        draft.contacts = [
            _spelt(each, chooser.of(f"case of contact {place}")) for place, each in enumerate(draft.contacts)
        ]


def _spelt(row: Mapping[str, Any], chooser: Chooser) -> dict[str, Any]:
    """Return a row, or a contact, whose keys and addresses have other letters in upper case."""
    spelt = {
        name: chooser.one_of(CASES)(row[name])
        for name in ("email", "new_email", OTHERS, LOGIN)
        if row.get(name) and chooser.chance(0.5)
    }
    return {**row, **spelt}


def _write_in_words(draft: _Draft, features: Collection[str], chooser: Chooser) -> None:
    """Let the rows name owners, and write their values as people do."""
    if "owner addresses" in features:
        draft.rows = [owned(row, chooser.of(f"owner {place}")) for place, row in enumerate(draft.rows)]
    if "own words" in features:
        draft.rows = [dressed(row, chooser.of(f"words {place}")) for place, row in enumerate(draft.rows)]


def _that_go_together(features: frozenset[str], kind: str) -> frozenset[str]:
    """Leave out features that others rule out, and add those that others need."""
    features = _with_another_key(features)
    if kind == "tight guard":  # what others change between its two passes cannot be guarded, nor removals
        features -= {"others edit", "leavers"}
    if kind in {"dry run", "plan"}:  # no other try goes on where one has come to
        features -= {"checkpoint"}
    if "checkpoint" in features:  # a ledger or a state takes its place
        features = (features - {"state"}) | {"signals"}
    if "one row a key" in features:  # another row of a key comes when the first one may have ended
        features |= {"duplicates", "far apart"}
    if "definitions unread" in features:
        features = (features - {"own words"}) | {"invalid"}
    if "in order" in features:  # nobody else writes its contacts in between
        features -= {"others edit", "second task"}
    if "state" in features:  # it is refused together with these
        features -= {"watermark", "legacy", "not compared"}
    else:
        features -= OF_STATES
    features = _with_undo(features, kind)
    if "legacy" in features or kind == "plan":  # same
        return features - {"lists"}
    return features - {"not compared"} if "lists" in features else features  # same


def _with_another_key(features: frozenset[str]) -> frozenset[str]:
    """Leave another key out of worlds that are rare enough without it, unless that is what they are for."""
    if "another key with all" in features and not features.isdisjoint({*SELDOM, "state", "others edit"}):
        return (features | {"another key"}) - (BY_ADDRESS - {"others edit"})
    features -= {"another key"} if features & SELDOM else set()
    return features - (
        {"another key with all", *BY_ADDRESS} if "another key" in features else {"another key with all"}
    )


def _with_undo(features: frozenset[str], kind: str) -> frozenset[str]:
    """Leave the undo out where nothing can be undone; with a state it is a feature of its own."""
    if kind not in {"update", "loose guard"} or not features.isdisjoint({"legacy", "checkpoint"}):
        features -= {"undo"}
    if "state" in features and "undo with a state" not in features:
        features -= {"undo"}
    return features if features >= {"state", "undo"} else features - {"undo with a state"}


def _with_second_addresses(features: frozenset[str], draft: _Draft, settings: Settings) -> frozenset[str]:
    """Leave second addresses out where no contact would get them."""
    if settings.upsert and "legacy" not in features:
        return features
    for row in draft.rows:
        row.pop(OTHERS, None)
    return features - {"second addresses"}


@cache
def _switches(choices: tuple[tuple[str, Any], ...]) -> Switches:
    """Return the switches of a portal; their values are checked once."""
    return Switches(**dict(choices))


def _settings(draft: _Draft, features: Collection[str], kind: str, ledger: str) -> Settings:
    chooser, columns = draft.chooser.of("settings"), {name for row in draft.rows for name in row}
    guards, upsert = Guards(), chooser.chance(0.6)
    if kind == "tight guard":
        guards = Guards(changes=0, creates=0 if upsert else None)
    elif kind == "loose guard":
        guards = Guards(changes=1_000)
    moves = "new_email" in columns
    state = _state(chooser, features, kind, upsert=upsert, moves=moves) if "state" in features else None
    lists = _lists(chooser.of("lists"), columns, state) if "lists" in features else None
    if state and lists and state.on_removed and chooser.of("lists").chance(0.4):
        state = State(**{**state.fields(), "on_removed": LEAVE})
    if state and (state.on_removed or (lists and lists.mirror)):
        guards = Guards(guards.changes, guards.creates, chooser.one_of((None, None, 0.1, 0.5, 0)))
    fills, verifies, rejects = chooser.chance(0.2), chooser.chance(0.3), chooser.chance(0.15)
    nulls, stages = chooser.one_of(("ignore", "clear")), chooser.one_of(("reject", "keep", "reset", "reset"))
    return Settings(
        source=Source(watermark=WATERMARK if WATERMARK in columns else None),
        key=Key("email", LOGIN if "another key" in features else "email", "new_email" if moves else None),
        upsert=upsert,
        writes=Writes(
            nulls=nulls,
            duplicates="reject" if rejects or "one row a key" in features else "last",
            stages=stages if STAGE in columns else "reject",
            properties={"city": "fill_empty"} if fills and "city" in columns else None,
            compare=not (upsert and "not compared" in features),
        ),
        status_actions={404: "skip"} if state and state.absent else None,
        guards=guards,
        values=VALUES if "own words" in features else Values(),
        ledger=Ledger("ledger", values="undo" in features) if ledger else None,
        state=state,
        lists=lists,
        verify=kind != "dry run" and verifies,
        dry_run=kind == "dry run",
        json_schema=SCHEMA if "schema" in features else None,
    )


def _state(chooser: Chooser, features: Collection[str], kind: str, *, upsert: bool, moves: bool) -> State:
    """Draw the state of a task, with those of its options that have an effect.

    :param moves: whether rows have new addresses.
    """
    remembers, trusts = "absence remembered" in features, "trusted ids" in features
    audit, drift = chooser.one_of((None, 0.5, 1.0)), chooser.one_of(("write", "tell"))
    if "audit" not in features:
        audit, drift = State.audit, State.drift
    archives, grace = chooser.chance(0.5), chooser.below(2)
    is_plain = not (upsert or moves)
    values = REMOVED | (OF_REMOVED if "owner addresses" in features else {})
    leavers = (ARCHIVE if upsert and archives else values) if "leavers" in features else None
    return State(
        PATH,
        audit=audit,
        drift=drift if audit is not None else State.drift,
        absent=chooser.one_of((0.5, 1.5)) if is_plain and remembers else None,
        trust_ids=is_plain and trusts and "guard" not in kind,
        on_removed=leavers,
        grace=grace if leavers else State.grace,
    )


def _lists(chooser: Chooser, columns: Collection[str], state: State | None) -> Lists:
    """Draw the lists in which contacts are to be."""
    creates, mirrors = chooser.chance(0.5), chooser.chance(0.5)
    return Lists(
        name=None
        if LIST_COLUMN in columns
        else chooser.one_of(("Customers", "101", "Nowhere" if creates else "Second")),
        column=LIST_COLUMN if LIST_COLUMN in columns else None,
        create=creates,
        mirror=mirrors and state is not None,
        batch_size=chooser.one_of((1_000, 1, 2, 3)),
    )


def _list_of(source: Mapping[str, Any], settings: Settings) -> str:
    """Return the list that a row names; empty if it names none."""
    if settings.lists is None:
        return ""
    return (settings.lists.name or str(source.get(LIST_COLUMN) or "")).strip()


def _folded(key: str, settings: Settings) -> str:
    """Return the one form of a key: letter case makes a difference to logins alone."""
    return key.lower() if settings.key.property == "email" else key


def rows_of(sources: Sequence[Mapping[str, Any]], settings: Settings) -> list[Row]:
    """Return rows with what each asks for.

    :param sources: the rows as the task is given them.
    :param settings: of the task.
    """
    rows: list[Row] = []
    later: dict[str, set[str]] = {}
    read = [meant(each, has_words=settings.values == VALUES) for each in sources]
    keys = [_folded(str(each["email"] or ""), settings) for each in read]
    for number in range(len(sources), 0, -1):
        source, key, given = read[number - 1], keys[number - 1], sources[number - 1]
        values = {name: value for name, value in source.items() if name not in OWN_COLUMNS}
        if settings.writes.nulls == "ignore":
            values = {name: value for name, value in values.items() if value is not None}
        texts = {name: "" if value is None else str(value) for name, value in values.items()}
        becomes = _folded(str(source.get("new_email") or ""), settings)
        overwritten = frozenset(later.setdefault(key, set()))
        named = _list_of(source, settings)
        others = str(source.get(OTHERS) or "")
        is_shared = keys.count(key) > 1
        rows.append(Row(number, given, key, texts, becomes, is_shared, overwritten, named, others))
        if settings.writes.duplicates != "reject":  # where a key may have one row, later ones are not written
            later[key].update(texts)
    return rows[::-1]
