# SPDX-License-Identifier: Apache-2.0
"""Removes the contacts of rows that left the source, once all other rows have ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING

from airflow_provider_hubcontact.job.errors import SourceError
from airflow_provider_hubcontact.job.files.disk_queue import disk_queue
from airflow_provider_hubcontact.job.removing.read_ahead import accounted, read_again, read_ahead
from airflow_provider_hubcontact.job.removing.removal import remove_contacts
from airflow_provider_hubcontact.job.run.passes import Rows
from airflow_provider_hubcontact.job.run.run import Run
from airflow_provider_hubcontact.printable import printable_logger
from airflow_provider_hubcontact.sync.model.outcome import Result, Stop
from airflow_provider_hubcontact.sync.model.ports import Journal
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.words import counted

if TYPE_CHECKING:
    from airflow_provider_hubcontact.job.state.removals.removals import Removals

log = printable_logger(__name__)


class Removing:
    """Removes contacts at the end of a run, if it is to.

    :param run: the run.
    :param rows: what it reads.
    :param leavers: knows the rows that left the source; None if they are left alone.
    :param total: rows of the source.
    :param names: properties that rows have.
    """

    def __init__(
        self,
        run: Run,
        rows: Rows,
        leavers: Removals | None = None,
        total: int = 0,
        names: Iterable[str] = (),
    ) -> None:
        self.rows = rows
        self._run = run
        self._leavers = leavers
        self._total = total
        self._names = names

    def remove(
        self, stop: Stop | None, settled: Callable[[Result], None], journal: Journal | None
    ) -> Stop | None:
        """Remove the contacts of rows that left the source, once all others have ended.

        :param stop: why the source was not read to its end, if so; then nobody is removed.
        :param settled: called with the result of each contact.
        :param journal: remembers these results.
        :return: why the run stopped, if it did.
        """
        leavers = self._leavers
        if leavers is None:
            return stop
        if stop:
            leavers.doubts("the run stopped early")
        due = chain.from_iterable(leavers.due())
        if gone := next(due, None):
            values = self._run.builder.removed_values(self._names)
            records = (
                Record(row, each.id, values, dict(values), digest=each.key)
                for row, each in enumerate(chain((gone,), due), self._total + 1)
            )
            stop = remove_contacts(self._run, leavers, records, settled, journal)
        if stop is None and not self._run.report.dry_run:
            stop = self._leave(settled, journal)
        self._tell(leavers)
        return stop

    def _leave(self, settled: Callable[[Result], None], journal: Journal | None) -> Stop | None:
        """Let contacts leave lists that no row names for them any more."""

        def counted(result: Result) -> None:
            self._run.report.removals += 1
            if journal:
                journal.settled(result)
            settled(result)

        stop = self._run.passes.leave(self._run.lists, self._total + self._run.report.removals + 1, counted)
        if journal:
            journal.flush()
        return stop

    def _tell(self, leavers: Removals) -> None:
        counts = leavers.told()
        self._run.report.state = {**(self._run.report.state or {}), **counts}
        self._tell_of_lists(counts["nobody_because"])
        if not counts["gone"]:
            return
        log.info(
            "Rows that left the source: %s. Their contacts: %s removed, %s renamed, %s left alone.",
            *(f"{counts[name]:,}" for name in ("gone", "removed", "renamed", "left_alone")),
        )
        if why := counts["nobody_because"]:
            self._run.warn(
                f"{counted(counts['gone'], 'key of the state is', 'keys of the state are')} not in the "
                f"source, but nobody is removed: {why}."
            )

    def _tell_of_lists(self, why: str | None) -> None:
        due = self._run.list_leavers.due_before if self._run.list_leavers else 0
        if due and self._run.report.dry_run:
            log.info("%s would leave lists that no row names for them any more.", counted(due, "contact"))
        elif due and why:
            self._run.warn(
                f"{counted(due, 'contact is', 'contacts are')} in lists that no row names for them, but "
                f"nobody leaves: {why}."
            )


@contextmanager
def removing(run: Run, rows: Rows) -> Iterator[Removing]:
    """Read the source ahead if contacts of rows that left it are to be removed.

    :param run: the run.
    :param rows: what it reads.
    :raises SourceError: if the source is empty: nobody is removed for that.
    :raises GuardExceeded: if more contacts would be removed than the guard allows.
    """
    leavers = run.leavers
    if leavers is None:
        yield Removing(run, rows)
        return
    with disk_queue() as kept, accounted(run, kept):
        names, broken = read_ahead(run, rows, leavers, kept)
        if broken is None and not kept:
            raise SourceError(
                "the source is empty, and on_removed is set: nobody is removed for that; make sure that the "
                "source is the right one"
            )
        if broken is None:
            log.info(
                "%s read; now their keys are compared with the state's.",
                counted(len(kept), "row is", "rows are"),
            )
            most = None if run.report.dry_run else run.settings.guards.removals
            leavers.look(most)
            if run.list_leavers:
                run.list_leavers.look(most)
        again = rows._replace(rows=read_again(kept, broken), sequence=None)
        yield Removing(run, again, leavers, len(kept), names)
