# SPDX-License-Identifier: Apache-2.0
"""Stops a run that would do something absurd, before it writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from heapq import merge
from typing import Any

from airflow_provider_hubcontact.job.errors import GuardExceeded
from airflow_provider_hubcontact.job.files.disk_map import DiskMap, disk_map
from airflow_provider_hubcontact.job.files.disk_queue import DiskQueue, disk_queue
from airflow_provider_hubcontact.job.plans.calls import PlannedCalls
from airflow_provider_hubcontact.job.plans.lines import LineMaker, Totals
from airflow_provider_hubcontact.job.settings.guards import Guards
from airflow_provider_hubcontact.sync.decide.membership import HELD
from airflow_provider_hubcontact.sync.keep.ledger import Ledger
from airflow_provider_hubcontact.sync.model.change import DRY_RUN_CATEGORIES
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from airflow_provider_hubcontact.sync.model.ports import Journal
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.model.tolerance import at_most
from airflow_provider_hubcontact.words import counted


def check_guards(totals: Mapping[str, Any], guards: Guards) -> None:
    """Stop what would be absurd.

    :param totals: of a plan.
    :param guards: what it may have at most.
    :raises GuardExceeded: if the plan has more.
    """
    rows = totals["rows"] - totals["removals"]  # of the source
    for name, most in (("changes", guards.changes), ("creates", guards.creates)):
        if most is not None and totals[name] > at_most(most, rows):
            raise GuardExceeded(
                f"{counted(totals[name], name[:-1])} of {counted(rows, 'row')} {_is(totals[name])} more than "
                f"guards.{name}={most:g} allows: nothing was written"
            )


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


UNREAD = frozenset(
    {Outcome.REJECTED, Outcome.UNAUTHORIZED, Outcome.THROTTLED, Outcome.UNAVAILABLE, Outcome.UNKNOWN}
)
"""Outcomes, in a pass that does not write, of rows whose contacts could not be looked up."""


class GuardPass:
    """The journal of a pass that only counts what the run would write.

    No row ends in it, and nothing that was seen of a contact is kept: the run goes through the same rows
    anew, so that it ends as it would without guards. Only a row whose contact could not be looked up is not
    counted, and therefore ends so, see :meth:`journal`.

    :param records: keeps the rows for the run, but those that made no record.
    :param results: keeps the results of these, which come later if rows are read ahead.
    :param ends: keeps what the pass found, with the records.
    :param unread: keeps the results of rows that are not counted.
    :param ledger: knows what earlier tries have ended.
    :param calls: counts those that a plan of these rows would take.
    """

    def __init__(
        self,
        records: DiskQueue[Record],
        results: DiskQueue[Result],
        ends: DiskQueue[tuple[Record | None, Result]],
        unread: DiskMap[Result],
        ledger: Ledger | None,
        calls: PlannedCalls,
    ) -> None:
        self.rows = _InOrder(records, results)
        self.calls = calls
        self._records = records
        self._results = results
        self._ends = ends
        self._unread = unread
        self._ledger = ledger
        self._under_way: dict[int, Record] = {}
        self._maker = LineMaker(calls.add, calls.id_property)

    @property
    def totals(self) -> Totals:
        """Counts of all rows."""
        return self._maker.totals

    def earlier(self, record: Record, /) -> Result | None:
        """Keep a record, and return the result that it had in an earlier try."""
        self._records.add(record._replace(coercions=()))  # they are counted by now
        self._under_way[record.row] = record
        self._maker.earlier(record)
        if self._ledger is None:
            return None
        found = self._ledger.earlier(record)
        self._ledger.forget(record.row)  # this pass has no line for it
        return found

    def settled(self, result: Result, /) -> None:
        """Count what would be done for a row."""
        if result.row not in self._under_way:  # it made no record
            self._results.add(result)
        self._maker.settled(result)
        if result.outcome in UNREAD:
            self._unread[result.row] = result
        self._ends.add((self._under_way.pop(result.row, None), result))

    def flush(self) -> None:
        """Keep nothing more: the ledger gets its lines from the run."""

    def journal(self) -> Journal:
        """Return the journal of the run: it ends the rows that were not counted, so that nothing is written.

        What is written beyond the guards otherwise is what they could not know of.
        """
        return _OfTheRun(self._unread, self._ledger)

    def given_up(self, reason: str) -> Iterator[Result]:
        """Return the result of each row if the run does not begin.

        :param reason: why not.
        """
        for record, result in self._ends:
            if record and self._ledger:
                self._ledger.earlier(record)  # it is to know which record this is
            if result.category not in DRY_RUN_CATEGORIES and not _lacks_its_list(record, result):
                yield result
            else:
                yield Result(result.row, result.key, Outcome.NOT_ATTEMPTED, category="GUARD", reason=reason)


def _lacks_its_list(record: Record | None, result: Result) -> bool:
    """Check whether the contact of a record that need not be written may not be in its list."""
    return record is not None and bool(record.list) and result.outcome in HELD and not result.earlier


class _InOrder:
    """The rows of a guard's pass in the order of the source, since the first row of a key may count.

    :param records: of the rows that made one, in their order.
    :param results: of the others, in their order.
    """

    def __init__(self, records: Iterable[Record], results: Iterable[Result]) -> None:
        self._records = records
        self._results = results

    def __iter__(self) -> Iterator[Record | Result]:
        return merge(self._records, self._results, key=lambda each: each.row)


class _OfTheRun:
    """The journal of a run after its guard's pass.

    :param unread: row → how it has ended in that pass.
    :param ledger: of the run.
    """

    def __init__(self, unread: DiskMap[Result], ledger: Ledger | None) -> None:
        self._unread = unread
        self._ledger = ledger

    def earlier(self, record: Record, /) -> Result | None:
        """Return the result of a record that is not sent."""
        earlier = self._ledger.earlier(record) if self._ledger else None
        return earlier or self._unread.get(record.row)

    def settled(self, result: Result, /) -> None:
        """Note a result of the run."""
        if self._ledger:
            self._ledger.settled(result)

    def flush(self) -> None:
        """Write what was noted."""
        if self._ledger:
            self._ledger.flush()


@contextmanager
def guard_pass(ledger: Ledger | None, calls: PlannedCalls) -> Iterator[GuardPass]:
    """Open the journal of a guard's pass; what it keeps lasts as long as the context."""
    with disk_queue() as records, disk_queue() as results, disk_queue() as ends, disk_map() as unread:
        yield GuardPass(records, results, ends, unread, ledger, calls)
