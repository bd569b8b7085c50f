# SPDX-License-Identifier: Apache-2.0
"""Plans the undo of a run: contacts get their old values back, where they still have what the run wrote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain

from airflow_provider_hubcontact.job.errors import PreflightError
from airflow_provider_hubcontact.job.files.disk_map import DiskMap, disk_map
from airflow_provider_hubcontact.job.files.private import check_can_be_made
from airflow_provider_hubcontact.job.plans.files import PlanWriter
from airflow_provider_hubcontact.job.plans.kept_settings import kept
from airflow_provider_hubcontact.job.run.opening import opened
from airflow_provider_hubcontact.job.run.run import Ended, Run
from airflow_provider_hubcontact.job.settings.key import Key
from airflow_provider_hubcontact.job.settings.problems import problems_of
from airflow_provider_hubcontact.job.settings.settings import Settings
from airflow_provider_hubcontact.job.signals import StopSignal
from airflow_provider_hubcontact.job.source.undoing import UndoneRun, undone_run
from airflow_provider_hubcontact.job.state.removals.guard import (
    advice_of_undo,
    archives_too_many,
    is_more,
)
from airflow_provider_hubcontact.job.surroundings import Surroundings
from airflow_provider_hubcontact.printable import printable, printable_logger
from airflow_provider_hubcontact.sync.decide.plan import NO_CONTACT
from airflow_provider_hubcontact.sync.decide.undo import CREATED
from airflow_provider_hubcontact.sync.keep.report import Report
from airflow_provider_hubcontact.sync.model.change import DRY_RUN_CATEGORIES
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result, Stop
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.keys import RECORD_ID

log = printable_logger(__name__)

MOST_NAMED = 5
"""The most properties that a warning names."""


AMBIGUOUS = "AMBIGUOUS"
"""Category of a contact if the ledger does not say clearly what the run did to it."""


def plan_undo(
    settings: Settings, around: Surroundings, report: Report, signal: StopSignal, folder: str
) -> Ended:
    """Write a plan that undoes a run.

    :param settings: name the run, and say how the plan is to be applied.
    :param around: where the run takes place.
    :param report: of a dry run; counts the outcomes of the contacts.
    :param signal: may end it from outside.
    :param folder: of the plan; an older plan in it is replaced.
    :raises SetupError: if the run cannot be undone, or the ledger has not kept its values.
    :raises ConfigurationError: if the connection cannot be used.
    """
    replay = settings.source.replay
    if replay is None or not replay.undo:
        raise ValueError("the settings name no run to undo")
    if problems := problems_of(settings):
        raise PreflightError([printable(each) for each in problems])
    check_can_be_made(around.folder(folder), "plan")
    # A run may have changed any other key.
    asked = settings.replace(key=Key(RECORD_ID, RECORD_ID))
    with opened(asked, around, report, signal, asked.source, keeps_results=False) as run:
        run.preflight()
        run.open_state()
        lines = around.ledger_lines(replay.path, replay.run)
        with undone_run(lines, replay, settings.key.property) as undone, disk_map() as ends:
            stop = _identified(run, undone, ends, settings.key.property)
            writer = PlanWriter(around.folder(folder), run.builder.planned_calls(), run.hubspot.clock)
            left = _LeftAlone()
            if stop is None:
                sync = run.builder.undo(archive_created=replay.archive_created)
                stop = run.passes.go_through(sync, _rows(undone, ends), left.adding(report), writer)
            if stop is None:
                _warn(run, left, undone)
                portal = report.portal
                made = writer.finish(
                    run.hubspot.rate_limit.limit,
                    {},
                    kept(asked, run.hubspot.api_version, portal["id"] if portal else None),
                )
                _warn_of_archives(run, made["removals"], made["rows"])
                report.plan = {**made, "left_alone": dict(left.properties.most_common(MOST_NAMED))}
        return run.ended(stop)


def _identified(run: Run, undone: UndoneRun, ends: DiskMap[Result], id_property: str) -> Stop | None:
    """Look up the record ids of contacts of which the ledger has only the keys.

    :param ends: gets the results of those that are not found.
    :param id_property: property that keys are values of.
    :return: why the look-up stopped early, if it did; then the contacts that were not found have outcomes.
    """
    first, rest = _first(Record(each.number, each.key, {}) for each in undone.unidentified())
    if first is None:
        return None

    def settled(result: Result) -> None:
        if result.outcome is not Outcome.UNCHANGED or result.contact is None:
            ends[result.row] = result
        elif not undone.identify(result.row, result.contact):
            ends[result.row] = _ambiguous(result.row, result.key)

    stop = run.passes.go_through(run.builder.look_up(id_property), rest, settled, None)
    if stop:
        for each in undone.unidentified():
            if result := ends.get(each.number):
                run.end(result)
    return stop


def _first(records: Iterator[Record]) -> tuple[Record | None, Iterator[Record]]:
    """Return the first record, if there is one, and an iterator over all of them."""
    first = next(records, None)
    return first, records if first is None else chain((first,), records)


def _rows(undone: UndoneRun, ends: DiskMap[Result]) -> Iterator[Record | Result]:
    """Yield a record for each contact of a run, or its result if it has ended already."""
    for row, (number, record, contact) in enumerate(undone.records(), 1):
        if contact:
            yield record._replace(row=row)
            continue
        result = ends.get(number) or _ambiguous(row, record.key)
        is_new = record.undoes is not None and record.undoes.created
        if is_new and result.outcome is Outcome.NOT_FOUND:
            reason = "the run may have created the contact, which does not exist"
            result = Result(row, record.key, Outcome.UNCHANGED, category=NO_CONTACT, reason=reason)
        yield result._replace(row=row)


def _ambiguous(row: int, key: str) -> Result:
    reason = "the ledger has no record id of the contact, and the run changed its key more than once"
    return Result(row, key, Outcome.CONFLICT, category=AMBIGUOUS, reason=reason)


class _LeftAlone:
    """Counts the properties that are left alone, and the contacts that the run created and that stay."""

    def __init__(self) -> None:
        self.properties: Counter[str] = Counter()
        self.contacts = 0
        self.created = 0

    def adding(self, report: Report) -> Callable[[Result], None]:
        """Return a function that counts a result, here and in a report."""

        def add(result: Result) -> None:
            report.add(result)
            self.created += result.category == CREATED
            if result.category in DRY_RUN_CATEGORIES and result.properties:
                self.contacts += 1
                self.properties.update(result.properties)

        return add


def _warn_of_archives(run: Run, due: int, size: int) -> None:
    """Warn about a plan that cannot be applied, since it archives more than its guard allows.

    :param due: contacts that it archives.
    :param size: contacts of the run.
    """
    most = run.settings.guards.removals
    if most is not None and is_more(due, most, size):
        run.warn(f"{archives_too_many(due, size, most)}: the plan cannot be applied. {advice_of_undo(due)}.")


def _warn(run: Run, left: _LeftAlone, undone: UndoneRun) -> None:
    """Warn about what the plan does not undo, and about what the ledger does not say."""
    if left.contacts:
        named = ", ".join(f"{name} of {n:,}" for name, n in left.properties.most_common(MOST_NAMED))
        more = len(left.properties) - MOST_NAMED
        others = f" and {more} other properties" if more > 0 else ""
        run.warn(
            f"Contacts that are not undone in full: {left.contacts:,}. These properties are left alone: "
            f"{named}{others}. The plan's lines say why."
        )
    if left.created:
        run.warn(
            f"Contacts that the run created, and that are left alone: {left.created:,}. "
            "archive_created=True, or --archive-created, archives them."
        )
    if undone.unclear:
        run.warn(
            f"Records that the run may have written, and of which the ledger has no old values: "
            f"{undone.unclear:,}. They are not undone."
        )
    if undone.untold:
        run.warn(
            f"Records that a later try found unchanged, and of which no earlier try has a line: "
            f"{undone.untold:,}. If an earlier try was killed, it may have written some of them: these are "
            "not undone."
        )
