# SPDX-License-Identifier: Apache-2.0
"""What must hold after a trial: nothing is lost, nothing is wrong."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_hubcontact.sync.keep.ledger import rows_of
from airflow_provider_hubcontact.sync.model.outcome import ABOUT_A_RECORD, DECIDES_VALUES, LIST, Outcome
from tests.chaos.hostile import MARK
from tests.chaos.statuses import is_about_a_record, status_of
from tests.chaos.world import Entry, Values, World

Line = dict[str, Any]

OF_LISTS = " (lists)"
"""End of the names of faults that strike calls about members of lists."""


@dataclass
class Totals:
    """What trials came to.

    :param by_other: rows that name their contact by another of its addresses.
    :param hostile: rows with a value, a key or a column that is none.
    :param edits: of contacts, by people, between two tries of a task with a state.
    :param statuses: drawn statuses that struck.
    :param at_lists: faults that struck calls about members of lists, which are among the others, too.
    :param nights: runs with troubles of trials with lists.
    :param green: those of them that ended well.
    :param by_hand: calls by which people changed the members of lists.
    :param members: of the lists, in the end.
    :param left: contacts that left a list.
    """

    trials: int = 0
    tries: int = 0
    rows: int = 0
    by_other: int = 0
    hostile: int = 0
    kills: int = 0
    edits: int = 0
    at_lists: int = 0
    nights: int = 0
    green: int = 0
    by_hand: int = 0
    members: int = 0
    left: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def add(self, other: Totals) -> None:
        """Take in those of other trials."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    def count(self, strikes: Iterable[tuple[str, int]]) -> None:
        """Count faults that struck, by the names of their rules."""
        for name, count in strikes:
            status = status_of(name)
            if status is None:
                self.faults[name.removesuffix(OF_LISTS)] += count
                self.at_lists += count if name.endswith(OF_LISTS) else 0
            else:
                self.statuses[status] += count


@dataclass
class Contact:
    """A contact of the portal: its values, and those that it ever had."""

    values: Values
    writes: list[Values]

    def had(self, name: str, value: str) -> bool:
        """Check whether a property ever had a value."""
        return any(write.get(name) == value for write in self.writes)


Contacts = Mapping[str, Contact]


def contacts_of(state: Mapping[str, Any]) -> Contacts:
    """Read the portal's snapshot: first address → contact."""
    found = {
        each["properties"]["email"]: Contact(each["properties"], [write[0] for write in each["writes"]])
        for each in state["contacts"]
    }
    if len(found) != len(state["contacts"]):
        raise AssertionError("two contacts have one address")
    return found


class Checks:
    """Compares what a run said with what the portal has.

    :param world: what the trial was made of.
    :param name: of the trial, for people.
    :param legacy: whether the legacy API was used, which cannot know that two addresses are one contact.
    """

    def __init__(self, world: World, totals: Totals, name: str, *, legacy: bool) -> None:
        self._world = world
        self._totals = totals
        self.name = name
        self._legacy = legacy
        self._before = {contact["email"]: contact for contact in world.contacts}
        self._rows_of = Counter(entry.contact for entry in world.entries)
        self.edited: set[str] = (
            set()
        )  # addresses of contacts that people have edited, and nobody has read since

    def hold(self, holds: bool, what: str) -> None:
        """Note what is wrong."""
        if not holds:
            self._totals.wrong.append(f"{self.name}: {what}")

    def _kept(self, holds: bool, what: str) -> None:
        if not holds:
            self._totals.lost.append(f"{self.name}: {what}")

    def account(self, ended: Mapping[str, Any], number: int, lines: Iterable[Line] | None) -> None:
        """Every row of a try has one outcome.

        :param ended: how the try ended.
        :param lines: of its ledger; None without one.
        """
        report = ended["report"]
        if report is None:
            return
        counted = sum(report["outcomes"].values())
        self._kept(report["rows"] == counted, f"{report['rows']} rows, {counted} outcomes")
        if report["stopped"] is None and ended["end"] != "error":
            rows, read = len(self._world.rows), report["rows"] - report["removals"]
            self._kept(read == rows, f"try {number}: {read} of {rows} rows")
        if lines is not None:
            own = [line for line in lines if line["try"] == number]
            named = [line["row"] for line in own if line["outcome"] != "up_to_date"]
            self.hold(len(named) == len(set(named)), f"try {number} has two lines of a row")
            known = sum(map(rows_of, own)) + report["from_earlier_tries"]
            self._kept(known == report["rows"], f"try {number}: {report['rows']} rows, {known} known")

    # After the tries

    def ledger(self, lines: Iterable[Line], contacts: Contacts, log: Iterable[Line]) -> None:
        """What the last line of each row says is true.

        :param log: calls that the portal answered.
        """
        rows = len(self._world.entries)  # contacts that leave a list have numbers after them
        last = {
            line["row"]: line for line in lines if line["outcome"] != "up_to_date" and line["row"] <= rows
        }
        ends = {id(self._world.entries[row - 1]): line["outcome"] for row, line in last.items()}
        blamed: Counter[int] = Counter()
        for row, line in last.items():
            entry = self._world.entries[row - 1]
            if entry.kind == "good":
                self._good(entry, line, contacts)
                if line["outcome"] in ABOUT_A_RECORD and line["category"] != LIST:
                    blamed[line["status"]] += 1
            elif entry.kind == "hostile":
                self._hostile(entry, line, contacts)
            elif entry.kind != "stranger":
                self.hold(line["outcome"] not in DECIDES_VALUES, f"row {row} is {line['outcome']}")
                self._stays(entry, line, contacts)
        for email, entries in self._world.shared.items():
            if all(ends.get(id(entry)) in DECIDES_VALUES for entry in entries):
                self._serial(email, contacts)
        self._blame(blamed, log)

    def _good(self, entry: Entry, line: Line, contacts: Contacts) -> None:
        outcome = _of_values(line)
        if outcome != line["outcome"] and self._rows_of[entry.contact] > 1:
            return  # a later row may have overwritten it
        self.hold(outcome != "invalid", f"row {line['row']} is invalid: {line['reason']}")
        if outcome in DECIDES_VALUES:
            has = contacts.get(entry.end, Contact({}, []))
            told = [name for name, value in entry.values.items() if not has.had(name, value)]
            self.hold(not told, f"{entry.end} is {outcome}, but never had {told} of {entry.values}")
            if self._rows_of[entry.contact] == 1 and entry.contact not in self.edited:
                has_all = _has(has, entry.values)
                self.hold(has_all, f"{entry.end} is {outcome}, but has {has.values}")
        elif (
            outcome in ABOUT_A_RECORD
            and self._rows_of[entry.contact] == 1
            and entry.contact not in self.edited
        ):
            self._stays(entry, line, contacts)

    def _hostile(self, entry: Entry, line: Line, contacts: Contacts) -> None:
        what = f"row {line['row']} ({entry.case and entry.case.column}) is {line['outcome']}"
        if _of_values(line) in DECIDES_VALUES:
            self.hold(self._is_written(entry, contacts), f"{what}, which it is not: {line['key'][:40]!a}")
        elif line["outcome"] in {Outcome.INVALID, *ABOUT_A_RECORD}:
            self._stays(entry, line, contacts)
            self.hold(entry.case is None or not entry.case.sure, f"{what}: {line['reason']}")

    def _stays(self, entry: Entry, line: Line, contacts: Contacts) -> None:
        """A row that was refused has left its contact alone, but for what it tells to have written."""
        old = self._before.get(entry.contact, {})
        has = contacts.get(entry.contact, Contact({}, [])).values
        kept = all(has.get(name) == old[name] for name in old.keys() - set(line["changed"]))
        self.hold(kept, f"{entry.contact} is {line['outcome']}, but has {has}")

    def _blame(self, blamed: Counter[int], log: Iterable[Line]) -> None:
        """One answer refuses one good row for good at most, and only if it can be about a record."""
        said = Counter(line["status"] for line in log if is_about_a_record(line["fault"]))
        for status, count in blamed.items():
            self.hold(
                count <= said[status], f"{count} good rows ended with {status}, said {said[status]} times"
            )

    # After a run without trouble

    def rerun(self, contacts: Contacts) -> None:
        """The portal has what the source says."""
        for email, values in self._world.expected.items():
            if email in self.edited:
                continue
            has = contacts.get(email, Contact({}, []))
            self.hold(_has(has, values), f"after a rerun {email} has {has.values}, not {values}")
        for email in self._world.shared:
            self._serial(email, contacts)
        for entry in self._world.entries:
            if entry.kind == "hostile":
                self._all_or_nothing(entry, contacts)
            elif entry.kind == "stranger":
                self.hold(self._is_left_alone(entry, contacts), f"{entry.contact} is another row's")
        staged = [email for email, values in self._before.items() if values.get("lifecyclestage")]
        blank = [email for email in staged if email in contacts and not _stage(contacts[email])]
        self.hold(not blank, f"blank stages: {blank[:3]}")
        found, wanted = contacts.keys() - self._world.possible, self._world.addresses
        self.hold(
            found == wanted, f"contacts that should not be, or are missing: {sorted(found ^ wanted)[:3]}"
        )

    def second(self, before: Contacts, after: Contacts, log: Iterable[Line]) -> None:
        """Another run has written nothing, but where two rows of a contact say two things."""
        disputed = {email: len(rows) for email, rows in self._world.shared.items()}
        for email, contact in after.items():
            same = email in before and before[email].writes == contact.writes
            self.hold(same or email in disputed, f"a second rerun has changed {email}")
        for email in disputed:
            self._serial(email, after)
        if self._legacy:
            return
        written = sum(
            line["records"] for line in log if line["status"] in {200, 201} and _writes(line["path"])
        )
        most = sum(disputed.values())
        self.hold(written <= most, f"a second rerun writes {written} records, {most} are disputed")

    def up_to_date(self, report: Mapping[str, Any] | None) -> None:
        """A run after one that looked all rows up knows each contact that one row is about."""
        known = sum(map(self.can_be_edited, self._world.entries))
        found = (report or {"outcomes": {}})["outcomes"].get("up_to_date", 0)
        self.hold(found >= known, f"{found} rows are up to date, at least {known} should be")

    def can_be_edited(self, entry: Entry) -> bool:
        """Check whether a row is the only one of its contact, and writes no more than the first name."""
        if entry.kind != "good" or entry.moves_to or self._rows_of[entry.contact] != 1:
            return False
        is_known = entry.contact in self._before and entry.row["email"] == entry.contact
        return is_known and "firstname" in entry.values

    def _serial(self, email: str, contacts: Contacts) -> None:
        """Rows for several addresses of a contact were written one after another, in any order."""
        has, orders = contacts.get(email, Contact({}, [])), self._world.orders(email)
        if self._legacy:  # each value is of one of the rows
            ends: dict[str, set[str]] = defaultdict(set)
            for order in orders:
                for name, value in order.items():
                    ends[name].add(value)
            holds = all(has.values.get(name, "") in values for name, values in ends.items())
        else:
            holds = any(_has(has, order) for order in orders)
        self.hold(holds, f"{email} has {has.values}, which comes of no order of its rows: {orders}")

    def _all_or_nothing(self, entry: Entry, contacts: Contacts) -> None:
        written = self._is_written(entry, contacts)
        sure = entry.case is not None and entry.case.sure
        holds = written or (not sure and self._is_left_alone(entry, contacts))
        has = contacts.get(entry.contact, Contact({}, [])).values
        column = entry.case and entry.case.column
        self.hold(holds, f"{entry.contact}, hostile {column}, has {str(has)[:400]!a}")

    def _is_written(self, entry: Entry, contacts: Contacts) -> bool:
        """Check whether a hostile row is written, its value as one of the texts that it may become."""
        has = contacts.get(entry.contact)
        if has is None or entry.case is None or not entry.case.forms or not _has(has, entry.values):
            return False
        column, forms = entry.case.column, entry.case.forms
        if column in {"", "email"}:
            return True
        name = "email" if column == "new_email" else column
        old = self._before[entry.contact].get(name, "")
        return has.values.get(name, "") in {old if form is None else form for form in forms}

    def _is_left_alone(self, entry: Entry, contacts: Contacts) -> bool:
        has = contacts.get(entry.contact)
        return (
            has is not None
            and _has(has, self._before[entry.contact])
            and not any(has.had(name, value) for name, value in entry.values.items())
        )

    # Always

    def unspoken(self, name: str, text: str, secrets: Iterable[str]) -> None:
        """No secret is in a text, and nothing that a terminal obeys."""
        self.hold(not any(secret in text for secret in secrets), f"{name} has a secret")
        self.hold(MARK not in text, f"{name} has a control sequence")


def _of_values(line: Line) -> str:
    """Return how a row has ended but for its list."""
    is_for_list = line["outcome"] in ABOUT_A_RECORD and line["category"] == LIST
    return Outcome.UPDATED if is_for_list else str(line["outcome"])


def _has(contact: Contact, values: Values) -> bool:
    return all(contact.values.get(name) == value for name, value in values.items())


def _stage(contact: Contact) -> str | None:
    return contact.values.get("lifecyclestage")


def _writes(path: str) -> bool:
    return path.endswith(("/batch/update", "/batch/create"))
