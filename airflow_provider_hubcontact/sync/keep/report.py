# SPDX-License-Identifier: Apache-2.0
"""The report of a run, and of several tasks together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_hubcontact.printable import printable_document
from airflow_provider_hubcontact.sync.keep import list_counts
from airflow_provider_hubcontact.sync.keep.samples import (
    MAX_CHANGES,
    MAX_REASONS,
    MAX_SAMPLES,
    Reason,
    Samples,
    cut,
)
from airflow_provider_hubcontact.sync.keep.state_figures import folded
from airflow_provider_hubcontact.sync.model.change import DRY_RUN_CATEGORIES, REMOVALS, Write
from airflow_provider_hubcontact.sync.model.choices import Membership
from airflow_provider_hubcontact.sync.model.outcome import (
    ADDRESSES_STAY,
    DRIFT,
    LIST,
    MAY_BE_WRITTEN,
    SUCCESSES,
    Outcome,
    Result,
    Tally,
    by_outcome,
)

DIGEST_SHOWN = 16
"""Characters of a plan's digest that are shown."""


_TOLD = frozenset({DRIFT, ADDRESSES_STAY})
"""Categories of records that ended well, and are counted among the reasons all the same."""


REPORT = "hubspot-sync-1"
"""Tells a report from other XComs, and this form of it from later ones."""


@dataclass(slots=True)
class Report:
    """Counts results as they come. Its size depends on the kinds of problems, not on the number of rows.

    :param dry_run: whether the run only reported what it would write.
    :param api_version: the version of HubSpot's API that was used.
    :param seconds: how long the run took.
    :param calls: HTTP calls that were made, ``total`` and ``by_status``, retries included.
    :param stopped: why the source was not read to its end, or not at all.
    :param properties_created: properties that the portal lacked.
    :param without_values: rows of this try that had nothing to send but their key.
    :param verified: ``records`` that were read back after they were written, and the ``calls`` for it.
    :param plan: totals of the plan that was made or applied.
    :param ledger: where every record's result is kept.
    :param state: its ``table``, why all rows were ``read_anew``, if they were, and its figures.
    :param upsert_refused: that HubSpot has refused to write contacts by their keys, so that they were looked
        up.
    :param portal: the portal's ``id``, and the ``url`` of its contacts.
    :param quota: ``calls_in_10_seconds`` that HubSpot allows, and ``calls_left_today``.
    :param timeline: points of the run: seconds since it began, rows that had an outcome, calls.
    :param earlier: outcomes of the rows that earlier tries of the task have finished.
    :param tally: outcomes of all rows.
    :param lists: list and what became of a contact's place in it → how many.
    :param list_names: id of a list → its name, of the lists that the report names.
    :param lists_created: names of lists that the portal lacked.
    :param samples: of problems, changes and converted values.
    :param removals: how many of these are of contacts whose rows left the source.
    :param decision: what the task does at its end, and the rules that decided it; of a run that an exception
        ended also its code. None if it did not come so far.
    :param limits: guard → the most that it allows: a count, or a share of the rows.
    """

    dry_run: bool = False
    api_version: str | None = None
    seconds: float = 0.0
    calls: Mapping[str, Any] = field(default_factory=dict)
    stopped: str | None = None
    properties_created: list[str] = field(default_factory=list)
    without_values: int = 0
    verified: Mapping[str, int] | None = None
    plan: Mapping[str, Any] | None = None
    ledger: str | None = None
    state: Mapping[str, Any] | None = None
    upsert_refused: str | None = None
    portal: Mapping[str, Any] | None = None
    quota: Mapping[str, Any] | None = None
    timeline: list[tuple[float, int, int]] = field(default_factory=list)
    earlier: Tally = field(default_factory=Counter)
    tally: Tally = field(default_factory=Counter)
    removals: int = 0
    decision: Mapping[str, Any] | None = None
    limits: Mapping[str, float] = field(default_factory=dict)
    lists: Counter[tuple[str, Membership]] = field(default_factory=Counter)
    list_names: dict[str, str] = field(default_factory=dict)
    lists_created: list[str] = field(default_factory=list)
    samples: Samples = field(default_factory=Samples)
    _would: Counter[Write] = field(default_factory=Counter)

    @property
    def rows(self) -> int:
        """Rows that have an outcome."""
        return self.tally.total()

    def add(self, result: Result) -> None:
        """Count one record's result."""
        self.tally[result.outcome, result.status] += 1
        if result.earlier:
            self.earlier[result.outcome, result.status] += 1
        if result.list_id and result.membership:
            self.lists[result.list_id, result.membership] += 1
        if result.changes and (result.outcome not in MAY_BE_WRITTEN or result.category == LIST):
            self.samples.add_change(result)
        would = DRY_RUN_CATEGORIES.get(result.category or "")
        is_good = result.outcome in SUCCESSES and result.category not in _TOLD
        if would is not None:
            self._would[would] += 1
        elif not is_good:
            self.samples.add_problem(result)

    def name_lists(self, name_of: Callable[[str], str], created: Iterable[str]) -> None:
        """Note how lists are called.

        :param name_of: returns the name of a list by its id.
        :param created: names of lists that the portal lacked.
        """
        self.list_names = {list_id: cut(name_of(list_id)) for list_id in list_counts.most(self.lists)}
        self.lists_created = [*created]

    def resume(self, tally: Tally) -> None:
        """Count the rows that earlier tries of the task have finished."""
        self.tally.update(tally)
        self.earlier.update(tally)

    @property
    def rows_now(self) -> int:
        """Rows that this try has finished."""
        return self.rows - self.earlier.total()

    @property
    def ended_now(self) -> dict[Outcome, int]:
        """Rows that this try has finished, by outcome."""
        return by_outcome(self.tally - self.earlier)

    @property
    def reasons(self) -> list[Reason]:
        """The kinds of problems, the most frequent first."""
        return self.samples.reasons

    @property
    def problems(self) -> tuple[Result, ...]:
        """The sample: the first records of each kind of problem."""
        return tuple(self.samples.problems)

    @property
    def planned(self) -> dict[str, int]:
        """How many contacts a dry run would change, create and remove."""
        would = self._would
        return {
            "changes": would[Write.UPDATE],
            "creates": would[Write.CREATE],
            "removals": sum(would[write] for write in REMOVALS),
        }

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON values.

        :return: the facts of the run; ``rows`` that have an outcome, with the ``removals`` among them;
            ``outcomes`` and ``statuses`` with their counts; what a dry run has ``planned``; the ``decision``
            about the task; the ``limits`` of its guards; ``lists``, those of the most contacts, and
            ``more_lists``, the ``count`` and the sums of all others;
            ``reasons``, the most frequent kinds of problems, each with its ``code``, count and example, and a
            ``cause`` that quotes no value; ``problems`` and ``changes``, samples of records; ``coercions``,
            counts and a sample of the converted values.
        """
        lists, more_lists = list_counts.told(self.lists, self.list_names)
        document = {
            "report": REPORT,
            "rows": self.rows,
            "removals": self.removals,
            "outcomes": {str(outcome): count for outcome, count in by_outcome(self.tally).items()},
            "statuses": _by_status(self.tally),
            "calls": dict(self.calls),
            "verified": _copy(self.verified),
            "plan": _copy(self.plan),
            "planned": self.planned if self.dry_run else None,
            "decision": _copy(self.decision),
            "limits": dict(self.limits),
            "from_earlier_tries": self.earlier.total(),
            "seconds": round(self.seconds, 3),
            "rows_per_second": _speed(self.rows_now, self.seconds),
            "api_version": self.api_version,
            "dry_run": self.dry_run,
            "stopped": self.stopped,
            "ledger": self.ledger,
            "state": _copy(self.state),
            "upsert_refused": self.upsert_refused,
            "portal": _copy(self.portal),
            "quota": _copy(self.quota),
            "timeline": [list(point) for point in self.timeline],
            "properties_created": self.properties_created,
            "lists": lists,
            "more_lists": more_lists,
            **_created(self.lists_created, 0),
            "without_values": self.without_values,
            **self.samples.to_dict(),
        }
        return printable_document(document)  # whoever wrote a text of it

    @property
    def memberships(self) -> Counter[Membership]:
        """How many contacts came into lists, were members already, left or were not members, in all lists."""
        counts: Counter[Membership] = Counter()
        for (_, membership), count in self.lists.items():
            counts[membership] += count
        return counts


def fold(reports: Iterable[Mapping[str, Any] | None], expected: int | None = None) -> dict[str, Any]:
    """Merge the reports of several tasks into one.

    :param reports: what :meth:`Report.to_dict` returned; None for a task without a report.
    :param expected: number of tasks, since Airflow leaves out tasks that have pushed no report.
    :return: a report with the sums of the counts, samples of bounded size, the seconds of the longest task,
        and ``missing``, the number of tasks without a report.
    """
    given = list(reports)
    known = [report for report in given if report]
    lists, more_lists = list_counts.folded(known)
    return {
        "report": REPORT,
        **_folded_counts(known),
        "plan": None,
        "planned": dict(_added(report.get("planned") or {} for report in known)) or None,
        "decision": None,
        "limits": {},
        **_folded_speed(known),
        "api_version": known[0]["api_version"] if known else None,
        "dry_run": any(report["dry_run"] for report in known),
        "stopped": _first(known, "stopped"),
        "missing": (len(given) if expected is None else expected) - len(known),
        "ledger": _first(known, "ledger"),
        "state": folded([report["state"] for report in known if report.get("state")]),
        "upsert_refused": next(
            (each["upsert_refused"] for each in known if each.get("upsert_refused")), None
        ),
        "portal": _first(known, "portal"),
        "quota": _first(known, "quota"),
        "timeline": [],
        "lists": lists,
        "more_lists": more_lists,
        "without_values": sum(report.get("without_values", 0) for report in known),
        "reasons": _folded_reasons(known),
        **_folded_samples(known),
    }


def _folded_counts(reports: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    outcomes = _added(report["outcomes"] for report in reports)
    return {
        "rows": sum(report["rows"] for report in reports),
        "removals": sum(report.get("removals", 0) for report in reports),
        "outcomes": {str(name): outcomes[name] for name in Outcome if outcomes[name]},
        "statuses": dict(sorted(_added(report["statuses"] for report in reports).items())),
        "calls": {
            "total": sum(report["calls"].get("total", 0) for report in reports),
            "by_status": dict(_added(report["calls"].get("by_status", {}) for report in reports)),
        },
        "verified": dict(_added(report["verified"] or {} for report in reports)) or None,
    }


def _folded_speed(reports: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the speed of tasks that ran beside each other: the longest one took the time of all."""
    seconds = max((report["seconds"] for report in reports), default=0.0)
    earlier = sum(report["from_earlier_tries"] for report in reports)
    rows = sum(report["rows"] for report in reports) - earlier
    return {
        "from_earlier_tries": earlier,
        "seconds": seconds,
        "rows_per_second": _speed(rows, seconds),
    }


def _folded_samples(reports: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "coercions": {
            "counts": dict(_added(report["coercions"]["counts"] for report in reports)),
            "sample": [each for report in reports for each in report["coercions"]["sample"]][:MAX_SAMPLES],
        },
        "properties_created": _together(reports, "properties_created"),
        **_created(
            [name for report in reports for name in report.get("lists_created", ())],
            sum(report.get("more_lists_created", 0) for report in reports),
        ),
        "problems": _together(reports, "problems")[:MAX_SAMPLES],
        "changes": _together(reports, "changes")[:MAX_CHANGES],
    }


def _created(names: Sequence[str], more: int) -> dict[str, Any]:
    """Return the names of new lists, and how many others there are."""
    shown = [cut(name) for name in names[: list_counts.MAX_LISTS]]
    return {"lists_created": shown, "more_lists_created": more + len(names) - len(shown)}


def _folded_reasons(reports: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    kinds: dict[tuple[Any, ...], dict[str, Any]] = {}
    for reason in (each for report in reports for each in report["reasons"]):
        about = reason["category"] or reason.get("cause")  # a report of an older version has no cause
        kind = (reason["outcome"], about, *reason["properties"])
        found = kinds.setdefault(kind, {**reason, "count": 0})
        found["count"] += reason["count"]
    return sorted(kinds.values(), key=lambda each: -each["count"])[:MAX_REASONS]


def _together(reports: Iterable[Mapping[str, Any]], name: str) -> list[Any]:
    return [each for report in reports for each in report[name]]


def _first(reports: Iterable[Mapping[str, Any]], name: str) -> object:
    """Return the first value that is not empty."""
    return next((report[name] for report in reports if report[name]), None)


def _added(counts: Iterable[Mapping[str, int]]) -> Counter[str]:
    whole: Counter[str] = Counter()
    for each in counts:
        whole.update(each)
    return whole


def _by_status(tally: Tally) -> dict[str, int]:
    """Add a tally up by HTTP status; what has none is left out."""
    statuses: Counter[str] = Counter()
    for (_, status), count in tally.items():
        if status is not None:
            statuses[str(status)] += count
    return dict(sorted(statuses.items()))


def _speed(rows: int, seconds: float) -> float | None:
    """Return rows a second; None if no time passed."""
    return round(rows / seconds, 1) if seconds else None


def _copy(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if values is None else dict(values)
