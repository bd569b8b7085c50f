# SPDX-License-Identifier: Apache-2.0
"""What must hold of lists after a trial: their members are those whom the ledger or people have put there."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from airflow_provider_hubcontact.sync.keep.ledger import rows_of
from airflow_provider_hubcontact.sync.model.choices import Membership
from airflow_provider_hubcontact.sync.model.outcome import (
    ABOUT_A_RECORD,
    IN_DOUBT,
    LIST,
    SUCCESSES,
    Outcome,
)
from tests.chaos.audience import Audience, named
from tests.chaos.checks import Line
from tests.chaos.people import Pair, People
from tests.chaos.statuses import is_about_a_record
from tests.chaos.world import Entry, World

IN_PLACE = frozenset({Membership.ADDED, Membership.MEMBER})


class ListChecks:
    """Compares what ledgers say of lists with what the portal has, night after night.

    :param audience: which lists there are.
    :param people: who change them, too.
    :param hold: is told whether something holds, and what it is.
    """

    def __init__(self, audience: Audience, people: People, hold: Callable[[bool, str], None]) -> None:
        self.removed = 0
        self._audience = audience
        self._people = people
        self._hold = hold
        self._words: dict[Pair, str] = {}  # the ledger's last word of it
        self._added: dict[Pair, set[str]] = defaultdict(set)  # keys of the rows for which it was added
        self._doubted: set[Pair] = set()

    def night(self, world: World, lines: Sequence[Line], portal: Mapping[str, Any], *, killed: bool) -> None:
        """Look at what the tries of a run have left.

        :param lines: of their ledger.
        :param portal: its snapshot.
        :param killed: whether a try was killed, whose last lines are lost.
        """
        names, members, ids = _lists(portal), _members(portal), _ids(portal)
        wanted = {
            (entry.list, ids[email])
            for entry in world.entries
            for email in (entry.end, entry.contact)
            if entry.list and email in ids
        }
        last = self._run(world, lines, names, ids)
        if killed:
            self._doubted |= {pair for pair in wanted if self._words.get(pair) not in IN_PLACE}
        self._ended(world, last)
        self._compare(members, exact=False)

    def _run(
        self, world: World, lines: Iterable[Line], names: Mapping[str, str], ids: Mapping[str, str]
    ) -> dict[int, Line]:
        """Take in the lines of a run, and return the last one of each row."""
        last: dict[int, Line] = {}
        ordered = sorted(lines, key=lambda each: int(each["try"]))
        for _, of_try in groupby(ordered, lambda each: int(each["try"])):
            told, summed_up = set(), 0
            for line in of_try:
                self._take(world, line, names, ids, last)
                told.add(line["row"])
                summed_up += rows_of(line) if _is_sum(line) else 0
            if summed_up:
                self._up_to_date(world, told, summed_up, ids)
        return last

    def _up_to_date(self, world: World, told: set[int], count: int, ids: Mapping[str, str]) -> None:
        """Rows that are up to date, and were in their lists, have one line together."""
        rest = [entry for row, entry in enumerate(world.entries, 1) if row not in told and entry.list]
        is_certain = count == len(world.entries) - sum(row <= len(world.entries) for row in told if row)
        for entry in rest:
            pair = (entry.list, ids.get(entry.end) or ids.get(entry.contact, ""))
            if not is_certain:  # the try has stopped early
                self._doubted.add(pair)
            elif pair[1]:
                self._words[pair] = Membership.MEMBER

    def _take(
        self,
        world: World,
        line: Line,
        names: Mapping[str, str],
        ids: Mapping[str, str],
        last: dict[int, Line],
    ) -> None:
        """Take in a line of a ledger."""
        row, membership = line["row"], line["membership"]
        is_row = row <= len(world.entries)
        entry = world.entries[row - 1] if is_row and not _is_sum(line) else None
        if entry:
            last[row] = line
        # A later row of a contact that this run has looked up already does not repeat its record id.
        contact = line["contact"] or (entry and (ids.get(entry.end) or ids.get(entry.contact)))
        pair = (names.get(line["list_id"], line["list_id"]), str(contact))
        if membership:
            self._words[pair] = membership
            self._doubted.discard(pair)
            if entry:
                self._hold(pair[0] == entry.list, f"row {row} names {entry.list!r}, not {pair}: {membership}")
                if membership == Membership.ADDED:
                    self._added[pair].add(_key(entry))
            else:
                self._left(world, pair, membership)
        elif line["outcome"] in IN_DOUBT and (entry is None or entry.list):
            self._doubted.add((entry.list, pair[1]) if entry else pair)

    def _left(self, world: World, pair: Pair, membership: str) -> None:
        """A contact has left its list: this sync, and nobody else, has put it there."""
        self.removed += membership == Membership.REMOVED
        told = f"{pair} is {membership}"
        self._hold(bool(self._audience.leaves), f"{told}, and nobody is to leave")
        self._hold(membership not in IN_PLACE, told)
        self._hold(pair not in self._people.added, f"{told}, and people have put it there")

    def _ended(self, world: World, last: Mapping[int, Line]) -> None:
        """Rows that ended well have their places, and no others."""
        for row, line in last.items():
            entry = world.entries[row - 1]
            is_well = line["outcome"] in SUCCESSES
            told = f"row {row} is {line['outcome']}, {line['membership']}, and names the list {entry.list!r}"
            self._hold(not (is_well and entry.list) or line["membership"] in IN_PLACE, told)
            self._hold(bool(is_well and entry.list) or line["membership"] is None, told)
            self._hold(bool(entry.list) or line["category"] != LIST, told)

    def blame(self, lines: Iterable[Line], log: Iterable[Line]) -> None:
        """One answer about a list refuses one contact for good at most."""
        refused = {
            (line["try"], line["contact"])
            for line in lines
            if line["category"] == LIST and line["outcome"] in ABOUT_A_RECORD
        }
        answers = [line for line in log if "/lists" in line["path"] and line["status"] >= 400]
        said = sum(
            is_about_a_record(line["fault"]) or line["fault"].startswith("404 hubspot") for line in answers
        )
        if any(line["method"] == "GET" for line in answers):
            return  # a refused page of members decides about all contacts that it was read for
        self._hold(len(refused) <= said, f"{len(refused)} contacts are refused a list, by {said} answers")

    def green(self, world: World, portal: Mapping[str, Any]) -> None:
        """A task that ended well has put the contact of each good row into its list."""
        self._in(named(world, _ids(portal)) - self._people.unsure, portal, "after a green run")

    def rerun(
        self, world: World, runs: Iterable[Sequence[Line]], portal: Mapping[str, Any], *, sees_all: bool
    ) -> None:
        """After runs without trouble all are in their places.

        :param world: of the last night.
        :param runs: the lines of the ledgers of these runs, the first one first.
        :param sees_all: whether the last of these runs has asked for all members.
        """
        names, ids = _lists(portal), _ids(portal)
        for lines in runs:
            self._run(world, lines, names, ids)
        wanted = named(world, ids)
        self._in(wanted if sees_all else wanted - self._people.unsure, portal, "after a rerun")
        self._compare(_members(portal), exact=True)
        self._all_left(world, wanted, _members(portal))

    def second(self, report: Mapping[str, Any] | None) -> None:
        """Another run has moved nobody."""
        moved = Counter[str]()
        for told in (report or {"lists": {}})["lists"].values():
            moved.update({word: count for word, count in told.items() if word != "name"})
        still = moved[Membership.ADDED] + moved[Membership.REMOVED]
        self._hold(report is not None and not still, f"a second rerun moves contacts: {dict(moved)}")

    def nobody_because(self, report: Mapping[str, Any] | None) -> None:
        """Nothing speaks against leaving after whole runs of a source without a wrong row."""
        why = ((report or {}).get("state") or {}).get("nobody_because")
        self._hold(why is None, f"nobody leaves: {why}")

    def _in(self, wanted: Iterable[Pair], portal: Mapping[str, Any], when: str) -> None:
        missing = sorted(set(wanted) - _members(portal))
        self._hold(not missing, f"{when} {len(missing)} are not in their lists: {missing[:3]}")

    def _compare(self, members: set[Pair], *, exact: bool) -> None:
        """The members are those of the ledger's last words, and those whom people have added."""
        told = {pair for pair, word in self._words.items() if word in IN_PLACE}
        when = " after a rerun" if exact else ""
        missing = (told | self._people.added) - members - self._people.unsure
        missing -= set() if exact else self._doubted
        self._hold(not missing, f"{len(missing)} are told to be members{when}: {sorted(missing)[:3]}")
        more = members - told - self._people.added - self._people.unsure
        more -= set() if exact else self._doubted
        self._hold(not more, f"{len(more)} are members, and nothing tells it{when}: {sorted(more)[:3]}")

    def _all_left(self, world: World, wanted: set[Pair], members: set[Pair]) -> None:
        """Whoever was added, and is not named any more, has left; everybody else stays."""
        here = {_key(entry) for entry in world.entries}
        for pair, keys in self._added.items():
            if pair in wanted | self._people.unsure | self._people.added:
                continue
            is_due = self._audience.leaves == "mirror" or (
                self._audience.leaves == "leave_list" and not keys & here
            )
            if is_due:
                self._hold(pair not in members, f"{pair} should have left, {self._words[pair]}")
            elif not self._audience.leaves or keys <= here:
                self._hold(pair in members, f"{pair} should have stayed, {self._words[pair]}")


def _key(entry: Entry) -> str:
    """Return the key of a row, as far as it is a text."""
    key = entry.row.get("email") if isinstance(entry.row, dict) else None
    return key if type(key) is str else entry.contact


def _is_sum(line: Line) -> bool:
    """Check whether a line stands for all rows that are up to date."""
    return line["outcome"] == Outcome.UP_TO_DATE and not line["membership"]


def _lists(portal: Mapping[str, Any]) -> dict[str, str]:
    """Return id → name of each list."""
    return {each["id"]: each["name"] for each in portal["lists"]}


def _members(portal: Mapping[str, Any]) -> set[Pair]:
    return {(each["name"], member) for each in portal["lists"] for member in each["members"]}


def _ids(portal: Mapping[str, Any]) -> dict[str, str]:
    """Return first address → record id of each contact."""
    return {
        each["properties"]["email"]: str(each["properties"]["hs_object_id"]) for each in portal["contacts"]
    }
