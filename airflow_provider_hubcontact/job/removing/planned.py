# SPDX-License-Identifier: Apache-2.0
"""Removes contacts as a plan says, once all other lines of it have ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING

from airflow_provider_hubcontact.job.errors import PlanError
from airflow_provider_hubcontact.job.removing.removal import not_attempted, remove_contacts, stopped, told
from airflow_provider_hubcontact.job.run.run import Run
from airflow_provider_hubcontact.sync.model.outcome import Result, Stop
from airflow_provider_hubcontact.sync.model.record import Record

if TYPE_CHECKING:
    from airflow_provider_hubcontact.job.state.removals.removals import Removals

SIZE = 1_000
"""Removals of a plan that are looked up in the state at once."""


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
            reason = stopped(self._run, error)
            raise
        finally:
            reason = f"the run stopped: {stop.reason}" if stop else reason
            for each in islice(self._planned(), ended, None) if reason else ():
                self._run.report.removals += 1
                self._run.end(told(not_attempted(self._run, each, str(reason), None)))
        return stop

    def _removed(self, settled: Callable[[Result], None]) -> Stop | None:
        leavers = self._leavers
        if leavers is None:
            return None
        due = chain.from_iterable(map(leavers.still_due, _parts(self._planned())))
        if first := next(due, None):
            return remove_contacts(self._run, leavers, chain((first,), due), settled, self._run.ledger)
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
