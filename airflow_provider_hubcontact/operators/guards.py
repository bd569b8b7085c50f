"""Stops a run that would do something absurd, before it writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from airflow_provider_hubcontact.operators.plan_lines import LineMaker, SpooledLines, Totals
from airflow_provider_hubcontact.operators.rows import UnusableSource
from airflow_provider_hubcontact.sync.ledger import Ledger
from airflow_provider_hubcontact.sync.outcome import Result
from airflow_provider_hubcontact.sync.plan import WOULD
from airflow_provider_hubcontact.sync.record import Record


def check_guards(totals: Mapping[str, Any], max_changes: float | None, max_creates: float | None) -> None:
    """Stop what would be absurd.

    :param totals: of a plan.
    :param max_changes: contacts that may be changed: a count, or a share of the rows below 1.
    :param max_creates: contacts that may be created, likewise.
    :raises UnusableSource: if the plan has more.
    """
    for name, most in (("changes", max_changes), ("creates", max_creates)):
        if most is None:
            continue
        allowed = most * totals["rows"] if 0 < most < 1 else most
        if totals[name] > allowed:
            raise UnusableSource(
                f"{totals[name]:,} {name} of {totals['rows']:,} rows are more than max_{name}={most:g} "
                "allows: nothing was written"
            )


class Rehearsal:
    """The journal of a run that only finds out what it would write: the others' outcomes stand already.

    :param lines: keeps what would be written, as a plan does.
    :param end: called with each result that stands.
    :param ledger: knows those of earlier tries.
    """

    def __init__(self, lines: SpooledLines, end: Callable[[Result], None], ledger: Ledger | None) -> None:
        self._maker = LineMaker(lines.add)
        self._end = end
        self._ledger = ledger

    @property
    def totals(self) -> Totals:
        """Counts of all records."""
        return self._maker.totals

    def earlier(self, record: Record, /) -> Result | None:
        """Give the result that a record had in an earlier try."""
        self._maker.earlier(record)
        return self._ledger.earlier(record) if self._ledger else None

    def settled(self, result: Result, /) -> None:
        """Note what would be done for a record, or its outcome."""
        self._maker.settled(result)
        if result.category not in WOULD:
            self._end(result)
        elif self._ledger:
            self._ledger.forget(result.row)

    def flush(self) -> None:
        """Keep what was noted."""
        if self._ledger:
            self._ledger.flush()
