# SPDX-License-Identifier: Apache-2.0
"""The figures of a report, as pages show them. Knows no Airflow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from airflow_provider_hubcontact.sync.keep.report import REPORT
from airflow_provider_hubcontact.sync.model.choices import Membership
from airflow_provider_hubcontact.sync.model.codes import code_of_line
from airflow_provider_hubcontact.sync.model.outcome import LIST, SUCCESSES, Outcome
from airflow_provider_hubcontact.sync.model.tolerance import at_most
from airflow_provider_hubcontact.words import counted

Report = Mapping[str, Any]

PLANNED = {
    "changes": ("updated", "to change"),
    "creates": ("created", "to create"),
    "removals": ("archived", "to remove"),
}
"""What a dry run counts → the outcome whose colour it has, and its name."""

WRITTEN = (Outcome.UPDATED, Outcome.CREATED, Outcome.ARCHIVED)

_PLACES = {str(outcome): place for place, outcome in enumerate(Outcome)}

NOTHING_TO_WRITE = tuple(outcome for outcome in SUCCESSES if outcome not in WRITTEN)


class Bar(NamedTuple):
    """One part of the bar of outcomes.

    :param outcome: the outcome whose colour it has.
    :param records: number of records.
    :param share: their share of all records, from 0 to 1.
    :param is_well: whether these records have no problem.
    :param name: what they are called.
    :param is_planned: whether they would have the outcome, had the run written.
    """

    outcome: str
    records: int
    share: float
    is_well: bool
    name: str
    is_planned: bool = False


class Tile(NamedTuple):
    """One of the numbers at the top of a page.

    :param name: what is counted.
    :param contacts: how many.
    :param more: how many more than in the run before; None without such a run.
    """

    name: str
    contacts: int
    more: int | None = None


class Limit(NamedTuple):
    """A guard, and what it has counted.

    :param name: what is counted.
    :param counted: how many; None if the run has not counted them.
    :param most: how many it allows, in words.
    """

    name: str
    counted: int | None
    most: str


class ListLine(NamedTuple):
    """What became of contacts in a list.

    :param id: of the list.
    :param name: of the list.
    :param added: contacts that came into it.
    :param member: contacts that were in it already.
    :param removed: contacts that left it.
    :param absent: contacts that were to leave it, and were not in it.
    """

    id: str
    name: str
    added: int
    member: int
    removed: int
    absent: int

    @property
    def contacts(self) -> int:
        """All contacts that the run is sure of."""
        return self.added + self.member + self.removed + self.absent


FIELDS: Mapping[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("rows", "from_earlier_tries"), int),
    **dict.fromkeys(("seconds",), (int, float)),
    **dict.fromkeys(("outcomes", "calls", "coercions"), Mapping),
    **dict.fromkeys(("timeline", "properties_created", "reasons", "problems", "changes"), list),
    "dry_run": bool,
}
"""Field of a report that its page cannot do without → its types."""


def is_report(value: object) -> bool:
    """Check whether an XCom is a report in the form of this version, and whole."""
    return (
        isinstance(value, Mapping)
        and value.get("report") == REPORT
        and all(isinstance(value.get(name), types) for name, types in FIELDS.items())
    )


def code(problem: Mapping[str, Any]) -> str:
    """Return the code of a reason or a problem; a report of an older version does not have it."""
    return str(problem.get("code") or code_of_line(problem))


def planned(report: Report) -> Mapping[str, int]:
    """Return what a dry run would do; empty for a run that writes, or one of an older version."""
    return report.get("planned") or {}


def kind(report: Report) -> str:
    """Return how a run that writes nothing is called; empty for one that writes."""
    return ("plan" if report["plan"] else "dry run") if report["dry_run"] else ""


def bars(report: Report) -> list[Bar]:
    """Return the outcomes of a report, the good ones first; of a dry run also what it would do.

    Their order is the same for all reports.
    """
    would = planned(report)
    counts = {**report["outcomes"]}
    if would:
        counts[Outcome.NOT_ATTEMPTED] = counts.get(Outcome.NOT_ATTEMPTED, 0) - sum(would.values())
    parts = [(*PLANNED[name], count, True, True) for name, count in would.items()]
    parts += [
        (name, name.replace("_", " "), count, name in {str(each) for each in SUCCESSES}, False)
        for name, count in counts.items()
    ]
    drawn = [
        Bar(outcome, count, count / report["rows"], is_well, name, is_planned)
        for outcome, name, count, is_well, is_planned in parts
        if count
    ]
    return sorted(
        drawn, key=lambda bar: (not bar.is_well, not bar.is_planned, _PLACES.get(bar.outcome, len(_PLACES)))
    )


def problem_count(report: Report) -> int:
    """Return the number of records with a problem."""
    return sum(bar.records for bar in bars(report) if not bar.is_well)


def tiles(report: Report, before: Report | None = None) -> list[Tile]:
    """Return what became of the contacts, in a few numbers.

    :param before: report of the run before.
    """
    numbers = _numbers(report)
    if before is None:
        return [Tile(name, count) for name, count in numbers.items()]
    old = _numbers(before)
    return [Tile(name, count, count - old.get(name, 0)) for name, count in numbers.items()]


def _numbers(report: Report) -> dict[str, int]:
    outcomes, would = report["outcomes"], planned(report)
    if would:
        numbers = {name: would.get(each, 0) for each, (_, name) in PLANNED.items()}
        last = "cannot be written"
    else:
        numbers = {str(name): outcomes.get(name, 0) for name in WRITTEN}
        if not numbers["archived"]:
            del numbers["archived"]
        last = "not written"
    numbers["nothing to write"] = sum(outcomes.get(name, 0) for name in NOTHING_TO_WRITE)
    numbers[last] = problem_count(report)
    return numbers


def has_more_changes(report: Report) -> bool:
    """Check whether the run has changed, or would change, more contacts than the report has changes of."""
    would = planned(report)
    written = sum(would.values()) if would else sum(report["outcomes"].get(each, 0) for each in WRITTEN)
    return written + _list_failures(report) > len(report["changes"])


def facts(report: Report) -> Iterator[str]:
    """Yield what the run took, a few words each."""
    yield counted(report["rows"], "record")
    yield lasting(report["seconds"])
    if rate := report["rows_per_second"]:
        yield f"{rate:,.0f} records a second"
    calls = report["calls"]
    total = calls.get("total", 0)
    statuses = calls.get("by_status", {})
    by_status = ", ".join(f"{count:,} with {status}" for status, count in statuses.items())
    yield counted(total, "call") + (f" ({by_status})" if by_status else "")
    left = (report["quota"] or {}).get("calls_left_today")
    if left is not None:
        yield f"{counted(left, 'call')} left today"


def lasting(seconds: float) -> str:
    """Return a time in words. It is 0 only for nothing."""
    if 0 < seconds < 0.05:
        return "< 0.1 s"
    return f"{seconds:.1f} s" if seconds < 60 else str(timedelta(seconds=round(seconds)))


def limits(report: Report) -> list[Limit]:
    """Return the guards of a run: what they have counted, and what they allow."""
    rows = report["rows"] - report.get("removals", 0)
    found = report.get("plan") or planned(report)
    return [
        Limit(name, found.get(name), _most(name, most, rows))
        for name, most in (report.get("limits") or {}).items()
    ]


def _most(name: str, most: float, rows: int) -> str:
    if not 0 < most < 1:
        return f"{most:,.0f}"
    share = f"{100 * most:g} %"
    if (
        name == "removals"
    ):  # of keys in a state, of members of lists, of an undone run: the report has no number
        return f"{share}, or one"
    return f"{at_most(most, rows):,} ({share} of {counted(rows, 'row')})"


def lists(report: Report) -> list[ListLine]:
    """Return the lists of a report, those of the most contacts first."""
    told = report.get("lists") or {}  # a report of an older version has none
    lines = [
        ListLine(list_id, each["name"], *(each.get(name, 0) for name in Membership))
        for list_id, each in told.items()
    ]
    return sorted(lines, key=lambda line: -line.contacts)


def list_facts(report: Report) -> dict[str, Any]:
    """Return what the page shows of lists."""
    found, more = lists(report), report.get("more_lists") or {}
    others = ListLine("", "", *(more.get(name, 0) for name in Membership))
    return {
        "lists": found,
        "more_lists": more.get("count", 0),
        "list_failures": _list_failures(report),
        "list_address": address_of(report, "objectLists/"),
        "has_leavers": any(line.removed or line.absent for line in (*found, others)),
        "other_lists": others,
    }


def _list_failures(report: Report) -> int:
    """Return the number of contacts that were written, and may not be in their list."""
    return sum(each["count"] for each in report["reasons"] if each["category"] == LIST)


def address_of(report: Report, place: str) -> str | None:
    """Return the address of a place in the portal; None if the portal is not known.

    :param place: such as ``record/0-1/`` for contacts, to which an id is added.
    """
    url = (report.get("portal") or {}).get("url") or ""
    contacts, of_contacts, _ = url.partition("/objects/")
    return f"{contacts}/{place}" if of_contacts and contacts.startswith("https://") else None


class Line(NamedTuple):
    """The figures of one task, or of several, in a table.

    :param records: how many have an outcome.
    :param outcomes: outcome → number of records.
    :param problems: records with a problem.
    :param calls: HTTP calls.
    :param seconds: how long the longest took.
    :param drifted: contacts that somebody has edited since their proof; None without a state.
    :param planned: what dry runs would do.
    :param kind: how a run that writes nothing is called.
    """

    records: int = 0
    outcomes: Mapping[str, int] = {}
    problems: int = 0
    calls: int = 0
    seconds: float = 0.0
    drifted: int | None = None
    planned: Mapping[str, int] = {}
    kind: str = ""

    @classmethod
    def of(cls, report: Report) -> Line:
        """Return the figures of a report."""
        return cls(
            report["rows"],
            report["outcomes"],
            problem_count(report),
            report["calls"].get("total", 0),
            report["seconds"],
            (report.get("state") or {}).get("drifted"),
            planned(report),
            kind(report),
        )

    @classmethod
    def sum(cls, lines: Iterable[Line]) -> Line:
        """Add several up."""
        whole = cls()
        for line in lines:
            drifts = [each for each in (whole.drifted, line.drifted) if each is not None]
            whole = cls(
                whole.records + line.records,
                _added(whole.outcomes, line.outcomes),
                whole.problems + line.problems,
                whole.calls + line.calls,
                max(whole.seconds, line.seconds),
                sum(drifts) if drifts else None,
                _added(whole.planned, line.planned),
                whole.kind or line.kind,
            )
        return whole

    @property
    def bars(self) -> list[Bar]:
        """The outcomes as parts of a bar."""
        return bars({"rows": self.records, "outcomes": self.outcomes, "planned": self.planned})


def _added(some: Mapping[str, int], others: Mapping[str, int]) -> dict[str, int]:
    return {name: some.get(name, 0) + others.get(name, 0) for name in {**some, **others}}
