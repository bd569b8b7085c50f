# SPDX-License-Identifier: Apache-2.0
"""The samples of a report: their size depends on the kinds of problems, not on the number of rows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_hubcontact.printable import printable
from airflow_provider_hubcontact.sync.model.change import WOULD_ARCHIVE
from airflow_provider_hubcontact.sync.model.codes import code_of_result
from airflow_provider_hubcontact.sync.model.outcome import SUCCESSES, Outcome, Result
from airflow_provider_hubcontact.sync.model.reasons import cause
from airflow_provider_hubcontact.sync.model.record import Record

MAX_SAMPLES_OF_A_KIND = 5


MAX_SAMPLES = 30


MAX_CHANGES = 20


MAX_CHANGED_VALUES = 300
"""Once the sampled changes have so many values, no further change is sampled."""


MAX_COERCIONS_OF_A_KIND = 3


MAX_REASONS = 20


MAX_KINDS_OF_REASONS = 500


MAX_REASON_LENGTH = 500


MAX_VALUE_LENGTH = 200


MAX_NAMES = 100
"""The most properties that a problem names."""


@dataclass(slots=True)
class Reason:
    """Records that ended in the same way, for the same reason.

    :param example: the result of the first one.
    :param count: how many there are.
    :param rows: the rows of the first ones.
    """

    example: Result
    count: int = 0
    rows: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Samples:
    """The first problems, changes and conversions of a run, and how often each kind of them occurred.

    :param problems: the first records of each kind of problem.
    """

    problems: list[Result] = field(default_factory=list)
    _sampled: Counter[tuple[Outcome, str | None]] = field(default_factory=Counter)
    _changes: list[Result] = field(default_factory=list)
    _changed: int = 0
    _reasons: dict[tuple[Outcome, str | None, tuple[str, ...]], Reason] = field(default_factory=dict)
    _coerced: Counter[str] = field(default_factory=Counter)
    _coercions: list[dict[str, Any]] = field(default_factory=list)

    def add_problem(self, result: Result) -> None:
        """Count the reason of a problem, and keep the record if it is one of the first of its kind."""
        self._count_reason(result)
        if len(self.problems) >= MAX_SAMPLES or result.outcome in SUCCESSES:
            return
        kind = (result.outcome, result.category)
        if self._sampled[kind] < MAX_SAMPLES_OF_A_KIND:
            self._sampled[kind] += 1
            self.problems.append(_printable(result))

    def add_change(self, result: Result) -> None:
        """Keep the changes of a record, if there is room."""
        if len(self._changes) < MAX_CHANGES and self._changed < MAX_CHANGED_VALUES:
            self._changes.append(result)
            self._changed += len(result.changes)

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
        """Count how a record's values were converted."""
        for coercion in record.coercions:
            self._coerced[coercion.how] += 1
            if self._coerced[coercion.how] <= MAX_COERCIONS_OF_A_KIND:
                self._coercions.append(
                    {
                        "row": record.row,
                        "key": printable(record.key, MAX_REASON_LENGTH),
                        "property": printable(coercion.property, MAX_VALUE_LENGTH),
                        "how": coercion.how,
                        "from": cut(coercion.source),
                        "to": cut(coercion.written),
                    }
                )

    @property
    def reasons(self) -> list[Reason]:
        """The kinds of problems, the most frequent first."""
        return sorted(self._reasons.values(), key=lambda each: -each.count)

    def to_dict(self) -> dict[str, Any]:
        """Return the samples as JSON values."""
        return {
            "reasons": [
                {**_problem(reason.example), "cause": cause(reason.example), "count": reason.count}
                for reason in self.reasons[:MAX_REASONS]
            ],
            "problems": [_problem(result) for result in self.problems],
            "changes": [_change(result) for result in self._changes],
            "coercions": {"counts": dict(self._coerced), "sample": self._coercions},
        }


def _problem(result: Result) -> dict[str, Any]:
    return {
        "code": code_of_result(result),
        **result.to_dict(),
        "contact": result.contact,
        "earlier_try": result.earlier or None,
    }


def _printable(result: Result) -> Result:
    """Return a result whose texts are one line of bounded length each, since they get into logs."""
    return result._replace(
        key=printable(result.key, MAX_REASON_LENGTH),
        category=None if result.category is None else printable(result.category, MAX_VALUE_LENGTH),
        reason=printable(result.reason, MAX_REASON_LENGTH),
        properties=tuple(printable(name, MAX_VALUE_LENGTH) for name in result.properties[:MAX_NAMES]),
        correlation_id=result.correlation_id and printable(result.correlation_id, MAX_VALUE_LENGTH),
        why=printable(result.why, MAX_REASON_LENGTH),
        refusal=None,  # it may be of any length
    )


def cut(value: str) -> str:
    """Shorten a value, without zero characters: PostgreSQL, which may keep the report, refuses them."""
    cut = value if len(value) <= MAX_VALUE_LENGTH else value[:MAX_VALUE_LENGTH] + "…"
    return cut.replace("\0", "\ufffd")


def _change(result: Result) -> dict[str, Any]:
    changes = {
        cut(name): [None if old is None else cut(old), cut(new)]
        for name, (old, new) in result.changes.items()
    }
    key = result.key[:MAX_REASON_LENGTH]
    told = {
        "row": result.row,
        "key": key,
        "contact": result.contact,
        "outcome": str(result.outcome),
        "properties": changes,
    }
    is_archived = result.outcome is Outcome.ARCHIVED or result.category == WOULD_ARCHIVE
    return {**told, "archived": True} if is_archived else told
