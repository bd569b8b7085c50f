# SPDX-License-Identifier: Apache-2.0
"""How rows and records are driven through a sync, and what each pass leaves behind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain, islice
from typing import TYPE_CHECKING, NamedTuple

from airflow_provider_hubcontact.job.errors import SourceError
from airflow_provider_hubcontact.job.portal.contacts_port import ReadBack, port_of
from airflow_provider_hubcontact.job.portal.lists_port import ListsPort
from airflow_provider_hubcontact.job.run.leaving import leave_lists
from airflow_provider_hubcontact.job.run.parts import RunParts
from airflow_provider_hubcontact.job.run.progress import Progress
from airflow_provider_hubcontact.job.signals import held_back
from airflow_provider_hubcontact.job.source.columns import EmptyRows
from airflow_provider_hubcontact.job.source.rows import peeked
from airflow_provider_hubcontact.job.surroundings import RunWorkers
from airflow_provider_hubcontact.printable import printable, printable_logger
from airflow_provider_hubcontact.sync.flow.sync import Sync
from airflow_provider_hubcontact.sync.keep.checkpoint import Checkpoint
from airflow_provider_hubcontact.sync.model.change import DRY_RUN_CATEGORIES
from airflow_provider_hubcontact.sync.model.outcome import Result, Stop
from airflow_provider_hubcontact.sync.model.ports import Journal
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.keys import RECORD_ID
from airflow_provider_hubcontact.sync.rows.record_mapping import RecordMapping

if TYPE_CHECKING:
    from airflow_provider_hubcontact.job.state.removals.removals import Removals

log = printable_logger(__name__)


class Rows(NamedTuple):
    """What a run reads.

    :param rows: of the source, as far as they are wanted.
    :param mapping: how they become records.
    :param sequence: the rows that a checkpoint counts; None if they cannot be read again.
    :param examples: values that the columns of the source have, if it is known.
    """

    rows: Iterable[object]
    mapping: RecordMapping
    sequence: Iterable[object] | None = None
    examples: Sequence[object] = ()


class Memory(NamedTuple):
    """What remembers the results of a pass over the rows.

    :param settled: called once for each row.
    :param journal: knows those of earlier tries, too.
    :param checkpoint: where the pass begins.
    :param is_final: whether the rows have their outcomes after it.
    """

    settled: Callable[[Result], None]
    journal: Journal | None = None
    checkpoint: Checkpoint | None = None
    is_final: bool = True


class Passes:
    """Drives rows and records through syncs.

    :param parts: of the run.
    :ivar total: number of the rows of the source; None if it is not known.
    :ivar warnings: a sentence for each thing that may be wrong with the source.
    """

    def __init__(self, parts: RunParts) -> None:
        self._settings = parts.settings
        self._around = parts.around
        self._report = parts.report
        self._signal = parts.signal
        self._hubspot = parts.hubspot
        self._builder = parts.builder
        self._state = parts.state
        self._columns = parts.columns
        self._watermark = parts.watermark
        self.total: int | None = None
        self.warnings: list[str] = []

    def drive(self, rows: Rows, memory: Memory, *, writes: bool) -> Stop | None:
        """Drive rows through a sync.

        :param memory: gets the results.
        :param writes: whether contacts are written.
        :return: why the source was not read to its end, if so.
        :raises SourceError: if no row has any column that is to be sent.
        """
        done = memory.checkpoint.rows if memory.checkpoint else 0
        if self._watermark and memory.checkpoint:
            self._watermark.go_on(done, memory.checkpoint.tally)
        first, remaining = peeked(islice(rows.rows, done, None))
        ended: Iterator[object] = iter(())
        remaining = chain(first, remaining)
        if done and self._settings.writes.duplicates == "reject":  # their keys count; rows can be read again
            remaining = iter(rows.rows)
            ended = islice(remaining, done)
        sync = self._builder.sync(rows.mapping, [*first, *rows.examples], writes=writes)
        if proofs := self._state.proofs(self._builder.definitions, writes=writes):
            sync = replace(sync, proofs=proofs, audit=self._state.audit())
        with self._pass_over(sync) as workers:
            settled = self._settled(memory)
            stop = sync.run(remaining, workers, settled, self._journal(memory), ended=ended, first=done + 1)
            self._report.stopped = printable(stop.reason) if stop else None
            self._tell_of_upserts()
        if stop is None:
            self._tell_of_columns(is_final=memory.is_final)
        self._state.passed(completed=stop is None and writes)
        return stop

    def remove(
        self,
        leavers: Removals,
        records: Iterable[Record | Result],
        settled: Callable[[Result], None],
        journal: Journal,
    ) -> Stop | None:
        """Remove the contacts of rows that left the source.

        :param leavers: knows these rows.
        :param records: a record for each, with its record id as the key, and numbers after the source's rows;
            or the result of one that is not removed.
        :param settled: called with the result of each.
        :param journal: remembers the results.
        :return: why that stopped early, if so.
        """
        writes = not self._report.dry_run
        proofs = self._state.proofs_of_gone(writes=writes)
        sync = replace(self._builder.removal(leavers, writes=writes), proofs=proofs)
        stop = self.go_through(sync, records, settled, journal)
        self._state.passed(completed=stop is None and writes)
        return stop

    def archive(
        self, records: Iterable[Record], settled: Callable[[Result], None], journal: Journal | None
    ) -> Stop | None:
        """Archive contacts that still have the values that a plan saw.

        :param records: have their record ids as keys.
        :param settled: called with the result of each.
        :param journal: remembers the results; None for nothing.
        :return: why that stopped early, if so.
        """
        writes = not self._report.dry_run
        proofs = self._state.proofs(self._builder.definitions, writes=writes)
        sync = replace(self._builder.archiving(writes=writes), proofs=proofs)
        return self.go_through(sync, records, settled, journal)

    def go_through(
        self,
        sync: Sync,
        records: Iterable[Record | Result],
        settled: Callable[[Result], None],
        journal: Journal | None,
    ) -> Stop | None:
        """Take records through a sync that is not the source's.

        :param settled: called with the result of each.
        :param journal: remembers the results; None for nothing.
        :return: why that stopped early, if so.
        """
        with self._pass_over(sync) as workers:
            stop = sync.run(records, workers, settled, journal)
            self._report.stopped = printable(stop.reason) if stop else None
        return stop

    def leave(self, lists: ListsPort | None, first: int, settled: Callable[[Result], None]) -> Stop | None:
        """Let contacts leave lists that no row names for them any more.

        :param lists: of the portal; None if the settings name none.
        :param first: number of the first of them, after the rows of the source.
        :param settled: called with the result of each.
        :return: why that stopped early, if so.
        """
        leavers = self._state.list_leavers
        if lists is None or leavers is None:
            return None
        with held_back(self._signal.stop), self._around.workers(self._hubspot) as workers:
            self._signal.reaches(workers)
            stop = leave_lists(lists, leavers, port_of(self._hubspot, RECORD_ID), first, settled)
        self._report.stopped = printable(stop.reason) if stop else self._report.stopped
        return stop

    @contextmanager
    def _pass_over(self, sync: Sync) -> Iterator[RunWorkers]:
        """Open what carries out the calls of a pass, and count what it has verified."""
        with (
            held_back(self._signal.stop),
            Progress(self._report, self._hubspot, self.total, self._around.beside),
            self._around.workers(self._hubspot) as workers,
        ):
            self._signal.reaches(workers)
            yield workers
            if isinstance(sync.verifier, ReadBack) and (sync.verifies is None or sync.verifier.records):
                earlier = self._report.verified or {"records": 0, "calls": 0}
                self._report.verified = {
                    "records": earlier["records"] + sync.verifier.records,
                    "calls": earlier["calls"] + sync.verifier.calls,
                }

    def _tell_of_upserts(self) -> None:
        refusal = self._builder.port.upsert_refusal
        if refusal is None:
            return
        self._report.upsert_refused = refusal
        log.warning("%s, so the contacts were looked up.", refusal)

    def _journal(self, memory: Memory) -> Journal | None:
        return EmptyRows(self._report, memory.journal) if memory.is_final else memory.journal

    def _settled(self, memory: Memory) -> Callable[[Result], None]:
        def settled(result: Result) -> None:
            memory.settled(result)
            if memory.checkpoint:
                memory.checkpoint.settled(result)
            if self._watermark and memory.is_final and result.category not in DRY_RUN_CATEGORIES:
                self._watermark.settled(result)
            if self._state.leavers and memory.is_final:
                self._state.leavers.settled(result)

        return settled

    def _tell_of_columns(self, *, is_final: bool) -> None:
        if problems := self._columns.problems():
            raise SourceError("; ".join(problems))
        if not is_final:
            return
        self.warnings += map(printable, self._columns.warnings())
        if few := self._report.without_values:
            self.warnings.append(
                f"Rows with nothing to send but their key: {few:,} of {self._report.rows:,}."
            )
        for warning in self.warnings:
            log.warning("%s", warning)
