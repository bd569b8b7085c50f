# SPDX-License-Identifier: Apache-2.0
"""Reads the source ahead, so that it is known which rows left it before any other is sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from typing import TYPE_CHECKING

from airflow_provider_hubcontact.job.errors import GuardExceeded, StateError
from airflow_provider_hubcontact.job.files.disk_queue import DiskQueue
from airflow_provider_hubcontact.job.removing.removal import not_attempted, stopped
from airflow_provider_hubcontact.job.run.passes import Rows
from airflow_provider_hubcontact.job.run.run import Run
from airflow_provider_hubcontact.job.source.rows import peeked
from airflow_provider_hubcontact.sync.model.outcome import Result
from airflow_provider_hubcontact.sync.model.ports import UnknownList
from airflow_provider_hubcontact.sync.model.record import Record

if TYPE_CHECKING:
    from airflow_provider_hubcontact.job.state.removals.removals import Removals

CHUNK = 10_000
"""Rows after which their keys are noted, and the run gives a sign of life."""


@contextmanager
def accounted(run: Run, kept: DiskQueue[Record | Result]) -> Iterator[None]:
    """End the rows that were read ahead ``not_attempted`` if the run ends before it has come to them.

    :param run: the run.
    :param kept: these rows.
    """

    def give_up(reason: str, category: str | None = None) -> None:
        ended = run.report.rows - run.report.removals
        for each in islice(kept, ended, None) if ended < len(kept) else ():
            run.end(each if isinstance(each, Result) else not_attempted(run, each, reason, category))

    try:
        yield
    except (GuardExceeded, StateError) as error:
        give_up(str(error), "GUARD" if isinstance(error, GuardExceeded) else "STATE")
        raise
    except BaseException as error:  # a signal, too
        give_up(stopped(run, error))
        raise
    give_up(f"the run stopped: {run.report.stopped}")


def read_ahead(
    run: Run, rows: Rows, leavers: Removals, kept: DiskQueue[Record | Result]
) -> tuple[set[str], Exception | None]:
    """Note the keys of all rows, and keep the rows.

    :param run: the run.
    :param rows: what it reads.
    :param leavers: is told of the keys, and of doubts.
    :param kept: gets the rows.
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


def read_again(kept: Iterable[Record | Result], broken: Exception | None) -> Iterator[object]:
    """Yield what was read ahead, then raise what the source raised.

    :param kept: the rows.
    :param broken: what the source raised; None for nothing.
    """
    yield from kept
    if broken:
        raise broken
