# SPDX-License-Identifier: Apache-2.0
"""Removes contacts whose rows left the source, and lets their keys leave the state."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from airflow_provider_hubcontact.job.run.run import Run
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result, Stop
from airflow_provider_hubcontact.sync.model.ports import Journal
from airflow_provider_hubcontact.sync.model.record import Record

if TYPE_CHECKING:
    from airflow_provider_hubcontact.job.state.removals.removals import Removals

LEFT = "its row left the source"


def remove_contacts(
    run: Run,
    leavers: Removals,
    records: Iterable[Record | Result],
    settled: Callable[[Result], None],
    journal: Journal | None,
) -> Stop | None:
    """Remove contacts, and let their keys leave the state.

    :param run: the run.
    :param leavers: knows the rows that left the source.
    :param records: see :meth:`Passes.remove`.
    :param settled: called with the result of each contact.
    :param journal: remembers these results; None for nothing.
    :return: why that stopped early, if so.
    """

    def counted(result: Result) -> None:
        run.report.removals += 1
        settled(told(result))

    return run.passes.remove(leavers, records, counted, RemovalJournal(leavers, journal))


class RemovalJournal:
    """The journal of removals: a key whose contact is removed leaves the state.

    :param leavers: knows the rows that left the source.
    :param journal: remembers the results; None for none.
    """

    def __init__(self, leavers: Removals, journal: Journal | None) -> None:
        self._leavers = leavers
        self._journal = journal
        self._under_way: dict[int, str] = {}  # row → key
        self._done: list[str] = []  # keys

    def earlier(self, record: Record, /) -> Result | None:
        """Note which key a record stands for."""
        self._under_way[record.row] = str(record.digest)
        return self._journal.earlier(record) if self._journal else None

    def settled(self, result: Result, /) -> None:
        """Note the result of a removal."""
        key = self._under_way.pop(result.row, None)
        if key is not None and self._leavers.removed(result, key):
            self._done.append(key)
        if self._journal:
            self._journal.settled(told(result))

    def flush(self) -> None:
        """Keep what was settled."""
        if self._journal:
            self._journal.flush()
        self._leavers.forget(self._done)
        self._done = []


def told(result: Result) -> Result:
    """Return the result of a removal, with the reason why the contact was concerned."""
    return result._replace(reason=f"{LEFT}; {result.reason}" if result.reason else LEFT)


def not_attempted(run: Run, record: Record, reason: str, category: str | None) -> Result:
    """Return the result of a record that the run has not come to, and let the ledger know the record.

    :param run: the run.
    :param record: the record.
    :param reason: why it has not come so far.
    :param category: of the reason; None for none.
    """
    if run.ledger:
        run.ledger.earlier(record)  # it is to know which record this is
    return Result(record.row, record.key, Outcome.NOT_ATTEMPTED, category=category, reason=reason)


def stopped(run: Run, error: BaseException) -> str:
    """Return the reason of records that a run has not come to.

    :param run: the run.
    :param error: what ended it.
    """
    return f"the run stopped: {run.report.stopped or type(error).__name__}"
