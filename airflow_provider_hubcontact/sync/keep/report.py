"""What a run came to: counts, and a bounded sample of problems and changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_hubcontact.printable import printable, printable_document
from airflow_provider_hubcontact.sync.decide.plan import DRY_RUN_CATEGORIES
from airflow_provider_hubcontact.sync.model.outcome import SUCCESSES, Outcome, Result, Tally, by_outcome
from airflow_provider_hubcontact.sync.model.reasons import cause
from airflow_provider_hubcontact.sync.model.record import Record

MAX_SAMPLES_OF_A_KIND = 5


MAX_SAMPLES = 30


MAX_CHANGES = 20


MAX_CHANGED_VALUES = 300
"""No further change is sampled once there are so many."""


MAX_COERCIONS_OF_A_KIND = 3


MAX_REASONS = 20


MAX_KINDS_OF_REASONS = 500


MAX_REASON_LENGTH = 500


MAX_VALUE_LENGTH = 200


MAX_NAMES = 100
"""Properties that a problem names at most."""


DIGEST_SHOWN = 16
"""Characters of a plan's digest that people see."""


REPORT = "hubspot-sync-1"
"""Tells a report from other XComs, and its shape from later ones."""


@dataclass(slots=True)
class Reason:
    """Records that ended in the same way, for the same reason.

    :param example: the first of them.
    :param count: how many there are.
    :param rows: the first ones' rows.
    """

    example: Result
    count: int = 0
    rows: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Report:
    """Counts results as they come. It grows with the kinds of problems, not with the rows.

    :param dry_run: whether nothing was to be written.
    :param api_version: HubSpot's API that was used.
    :param seconds: how long the run took.
    :param calls: HTTP calls that were made, in all and by status, retries included.
    :param stopped: why the source was not read to its end.
    :param properties_created: properties that the portal lacked.
    :param without_values: rows of this try that had nothing to send but their key.
    :param verified: records that were read back after they were written, and the calls that it took.
    :param plan: totals of what would be, or was to be, written.
    :param ledger: where every record's result is kept.
    :param portal: the portal's ``id``, and the ``url`` of its contacts.
    :param quota: ``calls_in_10_seconds`` that HubSpot allows, and ``calls_left_today``.
    :param timeline: how far the run was: seconds since its beginning, rows with an outcome, calls.
    :param earlier: how rows ended that an earlier try of the task brought to their end.
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
    portal: Mapping[str, Any] | None = None
    quota: Mapping[str, Any] | None = None
    timeline: list[tuple[float, int, int]] = field(default_factory=list)
    earlier: Tally = field(default_factory=Counter)
    tally: Tally = field(default_factory=Counter)
    _problems: list[Result] = field(default_factory=list)
    _sampled: Counter[tuple[Outcome, str | None]] = field(default_factory=Counter)
    _changes: list[Result] = field(default_factory=list)
    _changed: int = 0
    _reasons: dict[tuple[Outcome, str | None, tuple[str, ...]], Reason] = field(default_factory=dict)
    _coerced: Counter[str] = field(default_factory=Counter)
    _coercions: list[dict[str, Any]] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """Rows that have an outcome."""
        return self.tally.total()

    def add(self, result: Result) -> None:
        """Count one record's result."""
        self.tally[result.outcome, result.status] += 1
        if result.earlier:
            self.earlier[result.outcome, result.status] += 1
        if result.changes and len(self._changes) < MAX_CHANGES and self._changed < MAX_CHANGED_VALUES:
            self._changes.append(result)
            self._changed += len(result.changes)
        kind = (result.outcome, result.category)
        if result.outcome in SUCCESSES or result.category in DRY_RUN_CATEGORIES:
            return
        self._count_reason(result)
        if len(self._problems) >= MAX_SAMPLES:
            return
        if self._sampled[kind] < MAX_SAMPLES_OF_A_KIND:
            self._sampled[kind] += 1
            self._problems.append(_printable(result))

    def _count_reason(self, result: Result) -> None:
        about = result.category or result.why or None
        kind = (result.outcome, about, result.properties[:MAX_SAMPLES_OF_A_KIND])
        reason = self._reasons.get(kind)
        if reason is None:
            if len(self._reasons) >= MAX_KINDS_OF_REASONS:
                return
            reason = self._reasons[kind] = Reason(_printable(result))
        reason.count += 1
        if len(reason.rows) < MAX_SAMPLES_OF_A_KIND:
            reason.rows.append(result.row)

    def coerced(self, record: Record) -> None:
        """Count what was changed about a record's values."""
        for coercion in record.coercions:
            self._coerced[coercion.how] += 1
            if self._coerced[coercion.how] <= MAX_COERCIONS_OF_A_KIND:
                self._coercions.append(
                    {
                        "row": record.row,
                        "key": printable(record.key, MAX_REASON_LENGTH),
                        "property": printable(coercion.property, MAX_VALUE_LENGTH),
                        "how": coercion.how,
                        "from": _cut(coercion.source),
                        "to": _cut(coercion.written),
                    }
                )

    def resume(self, tally: Tally) -> None:
        """Count what earlier tries of the task have come to."""
        self.tally.update(tally)
        self.earlier.update(tally)

    @property
    def rows_now(self) -> int:
        """Rows that this try alone brought to their end."""
        return self.rows - self.earlier.total()

    @property
    def ended_now(self) -> dict[Outcome, int]:
        """The same by outcome."""
        return by_outcome(self.tally - self.earlier)

    @property
    def reasons(self) -> list[Reason]:
        """The kinds of problems, the most frequent first."""
        return sorted(self._reasons.values(), key=lambda each: -each.count)

    @property
    def problems(self) -> tuple[Result, ...]:
        """The sample: the first records of each kind of problem."""
        return tuple(self._problems)

    def to_dict(self) -> dict[str, Any]:
        """Give the report as JSON values.

        :return: the run's own facts; ``rows``; ``outcomes`` and ``statuses`` with their counts;
            ``reasons``, the most frequent kinds of problems with their counts, a ``cause`` that quotes no
            value, and an example each;
            ``problems`` and ``changes``, samples of records; ``coercions``, which values were changed on
            their way: counts and a sample.
        """
        statuses: Counter[str] = Counter()
        for (_, status), count in self.tally.items():
            if status is not None:
                statuses[str(status)] += count
        document = {
            "report": REPORT,
            "rows": self.rows,
            "outcomes": {str(outcome): count for outcome, count in by_outcome(self.tally).items()},
            "statuses": dict(sorted(statuses.items())),
            "calls": dict(self.calls),
            "verified": None if self.verified is None else dict(self.verified),
            "plan": None if self.plan is None else dict(self.plan),
            "from_earlier_tries": self.earlier.total(),
            "seconds": round(self.seconds, 3),
            "rows_per_second": round(self.rows_now / self.seconds, 1) if self.seconds else None,
            "api_version": self.api_version,
            "dry_run": self.dry_run,
            "stopped": self.stopped,
            "ledger": self.ledger,
            "portal": None if self.portal is None else dict(self.portal),
            "quota": None if self.quota is None else dict(self.quota),
            "timeline": [list(point) for point in self.timeline],
            "properties_created": self.properties_created,
            "without_values": self.without_values,
            "reasons": [
                {**_problem(reason.example), "cause": cause(reason.example), "count": reason.count}
                for reason in self.reasons[:MAX_REASONS]
            ],
            "problems": [_problem(result) for result in self._problems],
            "changes": [_change(result) for result in self._changes],
            "coercions": {"counts": dict(self._coerced), "sample": self._coercions},
        }
        return printable_document(document)  # nothing in a report is raw, whoever wrote it


def fold(reports: Iterable[Mapping[str, Any] | None], expected: int | None = None) -> dict[str, Any]:
    """Fold the reports of several tasks into one of the same shape.

    :param reports: as :meth:`Report.to_dict` gives them; None for a task that has none.
    :param expected: number of the tasks, since Airflow leaves out those that have pushed nothing.
    :return: counts added up, samples bounded as in one report, the seconds of the longest; and ``missing``,
        the number of tasks without a report.
    """
    given = list(reports)
    known = [report for report in given if report]
    seconds = max((report["seconds"] for report in known), default=0.0)
    rows = sum(report["rows"] for report in known)
    earlier = sum(report["from_earlier_tries"] for report in known)
    outcomes = _added(report["outcomes"] for report in known)
    folded = {
        "report": REPORT,
        "rows": rows,
        "outcomes": {str(name): outcomes[name] for name in Outcome if outcomes[name]},
        "statuses": dict(sorted(_added(report["statuses"] for report in known).items())),
        "calls": {
            "total": sum(report["calls"].get("total", 0) for report in known),
            "by_status": dict(_added(report["calls"].get("by_status", {}) for report in known)),
        },
        "verified": dict(_added(report["verified"] or {} for report in known)) or None,
        "plan": None,
        "from_earlier_tries": earlier,
        "seconds": seconds,
        "rows_per_second": round((rows - earlier) / seconds, 1) if seconds else None,
        "api_version": next((report["api_version"] for report in known), None),
        "dry_run": any(report["dry_run"] for report in known),
        "stopped": next((report["stopped"] for report in known if report["stopped"]), None),
        "missing": (len(given) if expected is None else expected) - len(known),
        "ledger": next((report["ledger"] for report in known if report["ledger"]), None),
        "portal": next((report["portal"] for report in known if report["portal"]), None),
        "quota": next((report["quota"] for report in known if report["quota"]), None),
        "timeline": [],
        "without_values": sum(report.get("without_values", 0) for report in known),
        "reasons": _folded_reasons(known),
    }
    folded["coercions"] = {
        "counts": dict(_added(report["coercions"]["counts"] for report in known)),
        "sample": [each for report in known for each in report["coercions"]["sample"]][:MAX_SAMPLES],
    }
    for name, most in (("properties_created", None), ("problems", MAX_SAMPLES), ("changes", MAX_CHANGES)):
        folded[name] = [each for report in known for each in report[name]][:most]
    return folded


def _folded_reasons(reports: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    kinds: dict[tuple[Any, ...], dict[str, Any]] = {}
    for reason in (each for report in reports for each in report["reasons"]):
        about = reason["category"] or reason.get("cause")  # a report of an older version has no cause
        kind = (reason["outcome"], about, *reason["properties"])
        found = kinds.setdefault(kind, {**reason, "count": 0})
        found["count"] += reason["count"]
    return sorted(kinds.values(), key=lambda each: -each["count"])[:MAX_REASONS]


def _added(counts: Iterable[Mapping[str, int]]) -> Counter[str]:
    whole: Counter[str] = Counter()
    for each in counts:
        whole.update(each)
    return whole


def _problem(result: Result) -> dict[str, Any]:
    return {
        "row": result.row,
        "key": result.key,
        "outcome": str(result.outcome),
        "status": result.status,
        "category": result.category,
        "reason": result.reason,
        "properties": list(result.properties),
        "correlation_id": result.correlation_id,
        "earlier_try": result.earlier or None,
    }


def _printable(result: Result) -> Result:
    """Make everything that a source or HubSpot wrote one line of bounded length: it gets into logs."""
    return result._replace(
        key=printable(result.key, MAX_REASON_LENGTH),
        category=None if result.category is None else printable(result.category, MAX_VALUE_LENGTH),
        reason=printable(result.reason, MAX_REASON_LENGTH),
        properties=tuple(printable(name, MAX_VALUE_LENGTH) for name in result.properties[:MAX_NAMES]),
        correlation_id=result.correlation_id and printable(result.correlation_id, MAX_VALUE_LENGTH),
        why=printable(result.why, MAX_REASON_LENGTH),
    )


def _cut(value: str) -> str:
    """Shorten a value; PostgreSQL, which may keep the report, has no JSON with a zero character in it."""
    cut = value if len(value) <= MAX_VALUE_LENGTH else value[:MAX_VALUE_LENGTH] + "…"
    return cut.replace("\0", "\ufffd")


def _change(result: Result) -> dict[str, Any]:
    changes = {
        _cut(name): [None if old is None else _cut(old), _cut(new)]
        for name, (old, new) in result.changes.items()
    }
    key = result.key[:MAX_REASON_LENGTH]
    return {"row": result.row, "key": key, "outcome": str(result.outcome), "properties": changes}
