# SPDX-License-Identifier: Apache-2.0
"""Rows that left the source: it is read ahead to know them, and their contacts are removed last."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from typing import TYPE_CHECKING

from airflow_provider_hubcontact.job.errors import GuardExceeded, PlanError, SourceError, StateError
from airflow_provider_hubcontact.job.files.disk_queue import DiskQueue, disk_queue
from airflow_provider_hubcontact.job.run.passes import Rows
from airflow_provider_hubcontact.job.run.run import Run
from airflow_provider_hubcontact.job.source.rows import peeked
from airflow_provider_hubcontact.printable import printable_logger
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result, Stop
from airflow_provider_hubcontact.sync.model.ports import Journal, UnknownList
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.words import counted

if TYPE_CHECKING:
    from airflow_provider_hubcontact.job.state.removals.removals import Removals

log = printable_logger(__name__)

CHUNK = 10_000
"""Rows after which their keys are noted, and the run gives a sign of life."""


SIZE = 1_000
"""Removals of a plan that are looked up in the state at once."""


LEFT = "its row left the source"


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
            stop = _removed(self._run, leavers, records, settled, journal)
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


class PlannedRemovals:
    """Removes contacts as a plan says, once all other lines of it have ended.

    :param run: the run.
    :param planned: returns the removals.
    :param leavers: knows which keys of the state left the source; None if nobody is removed.
    """

    def __init__(self, run: Run, planned: Callable[[], Iterable[Record]], leavers: Removals | None) -> None:
        self._run = run
        self._planned = planned
        self._leavers = leavers

    def after(self, write: Callable[[], Stop | None]) -> Stop | None:
        """Remove contacts, but for those that have a row in the source by now.

        Nobody is removed if the other lines were not all sent, or if a new row may have the contact of one
        that left. All removals have an outcome all the same.

        :param write: sends the other lines, and returns why it stopped, if it did.
        :return: why the run stopped, if it did.
        """
        ended = 0
        reason: str | None = None
        stop: Stop | None = None

        def settled(result: Result) -> None:
            nonlocal ended
            ended += 1
            self._run.report.add(result)

        try:
            stop = write()
            reason = None if stop or self._leavers is None else self._leavers.waiting()
            if not (stop or reason):
                stop = self._removed(settled)
        except BaseException as error:  # a signal, too
            reason = _stopped(self._run, error)
            raise
        finally:
            reason = f"the run stopped: {stop.reason}" if stop else reason
            for each in islice(self._planned(), ended, None) if reason else ():
                self._run.report.removals += 1
                self._run.end(told(_not_attempted(self._run, each, str(reason), None)))
        return stop

    def _removed(self, settled: Callable[[Result], None]) -> Stop | None:
        leavers = self._leavers
        if leavers is None:
            return None
        due = chain.from_iterable(map(leavers.still_due, _parts(self._planned())))
        if first := next(due, None):
            return _removed(self._run, leavers, chain((first,), due), settled, self._run.ledger)
        return None


def planned_removals(run: Run, total: int, planned: Callable[[], Iterable[Record]]) -> PlannedRemovals:
    """Return what removes contacts as a plan says.

    :param run: the run, whose state is open.
    :param total: removals of the plan.
    :param planned: returns these removals.
    :raises GuardExceeded: if that is more than the guard allows.
    :raises PlanError: if the plan names no state, by which its removals are checked.
    """
    if total and run.leavers is None:
        raise PlanError("the plan removes contacts, but keeps no state with on_removed: nothing was written")
    if total and run.leavers:
        run.leavers.guard_plan(_parts(planned()), run.settings.guards.removals)
    return PlannedRemovals(run, planned, run.leavers)


def _parts(records: Iterable[Record]) -> Iterator[list[Record]]:
    rest = iter(records)
    while some := list(islice(rest, SIZE)):
        yield some


def _removed(
    run: Run,
    leavers: Removals,
    records: Iterable[Record | Result],
    settled: Callable[[Result], None],
    journal: Journal | None,
) -> Stop | None:
    """Remove contacts, and let their keys leave the state."""

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
    with disk_queue() as kept, _accounted(run, kept):
        names, broken = _read_ahead(run, rows, leavers, kept)
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
        again = rows._replace(rows=_again(kept, broken), sequence=None)
        yield Removing(run, again, leavers, len(kept), names)


@contextmanager
def _accounted(run: Run, kept: DiskQueue[Record | Result]) -> Iterator[None]:
    """End the rows that were read ahead ``not_attempted`` if the run ends before it has come to them."""

    def give_up(reason: str, category: str | None = None) -> None:
        ended = run.report.rows - run.report.removals
        for each in islice(kept, ended, None) if ended < len(kept) else ():
            run.end(each if isinstance(each, Result) else _not_attempted(run, each, reason, category))

    try:
        yield
    except (GuardExceeded, StateError) as error:
        give_up(str(error), "GUARD" if isinstance(error, GuardExceeded) else "STATE")
        raise
    except BaseException as error:  # a signal, too
        give_up(_stopped(run, error))
        raise
    give_up(f"the run stopped: {run.report.stopped}")


def _stopped(run: Run, error: BaseException) -> str:
    return f"the run stopped: {run.report.stopped or type(error).__name__}"


def _read_ahead(
    run: Run, rows: Rows, leavers: Removals, kept: DiskQueue[Record | Result]
) -> tuple[set[str], Exception | None]:
    """Note the keys of all rows, and keep the rows.

    :return: the properties that they have, and what the source raised.
    """
    first, remaining = peeked(iter(rows.rows))
    run.builder.checks.see(rows.mapping, [*first, *rows.examples])
    names: set[str] = set()
    some: list[Record] = []
    broken: list[Exception] = []
    for number, row in enumerate(_until_broken(chain(first, remaining), broken), 1):
        made = rows.mapping.record(number, row)
        kept.add(made)
        if isinstance(made, Record):
            names.update(made.properties)
            some.append(made)
        else:
            leavers.doubts("a row is not valid" if made.key else "a row has no usable key")
        if number % CHUNK == 0:
            _give(run, leavers, some)
            some.clear()
    _give(run, leavers, some)
    return names, broken[0] if broken else None


def _give(run: Run, leavers: Removals, records: Sequence[Record]) -> None:
    """Note the keys of records, and the lists that they name."""
    leavers.give(records)
    try:
        if run.list_leavers:
            run.list_leavers.give(records)
    except UnknownList:
        leavers.doubts("a row names a list that there is not")


def _until_broken(rows: Iterable[object], broken: list[Exception]) -> Iterator[object]:
    """Return rows; what the source raises is kept until the rows before have been sent."""
    try:
        yield from rows
    except Exception as error:  # noqa: BLE001 - raised again by the run
        broken.append(error)


def _again(kept: Iterable[Record | Result], broken: Exception | None) -> Iterator[object]:
    yield from kept
    if broken:
        raise broken


def _not_attempted(run: Run, record: Record, reason: str, category: str | None) -> Result:
    if run.ledger:
        run.ledger.earlier(record)  # it is to know which record this is
    return Result(record.row, record.key, Outcome.NOT_ATTEMPTED, category=category, reason=reason)
