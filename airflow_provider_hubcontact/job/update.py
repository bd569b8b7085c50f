# SPDX-License-Identifier: Apache-2.0
"""Write the contacts of a source."""

from __future__ import annotations

from airflow_provider_hubcontact.job.errors import SetupError
from airflow_provider_hubcontact.job.plans.files import totals_of
from airflow_provider_hubcontact.job.plans.guards import GuardPass, check_guards, guard_pass
from airflow_provider_hubcontact.job.removing.removing import removing
from airflow_provider_hubcontact.job.run.opening import opened
from airflow_provider_hubcontact.job.run.passes import Memory, Rows
from airflow_provider_hubcontact.job.run.run import Ended, Run
from airflow_provider_hubcontact.job.settings.settings import Settings
from airflow_provider_hubcontact.job.signals import StopSignal
from airflow_provider_hubcontact.job.surroundings import Surroundings
from airflow_provider_hubcontact.sync.keep.report import Report
from airflow_provider_hubcontact.sync.model.outcome import Stop


def update(settings: Settings, around: Surroundings, report: Report, signal: StopSignal) -> Ended:
    """Take every row of the source to its outcome.

    :param settings: what the run was asked to do.
    :param around: where it takes place.
    :param report: counts what becomes of the records.
    :param signal: may end it from outside.
    :raises SetupError: if the run cannot work as it is set up.
    :raises ConfigurationError: if the connection cannot be used.
    :raises PortalNotReady: if missing properties cannot be created.
    """
    with (
        opened(settings, around, report, signal, settings.source) as run,
        removing(run, run.prepared()) as removals,
    ):
        stop = _written(run, removals.rows)
        return run.ended(removals.remove(stop, run.report.add, run.ledger))


def _written(run: Run, rows: Rows) -> Stop | None:
    """Write rows, unless that is more than the guards allow.

    :return: why the source was not read to its end, if so.
    """
    if not run.settings.guards.are_set:
        return run.write(rows)
    with guard_pass(run.ledger, run.builder.planned_calls()) as counted:
        stop = _count(run, rows, counted)
        if stop is None:
            again = rows._replace(rows=counted.rows, sequence=counted.rows)
            stop = run.write(again, counted.journal())
        return stop


def _count(run: Run, rows: Rows, counted: GuardPass) -> Stop | None:
    """Find out how much the run would write.

    :return: why that stopped, if it did; then every row that was read has its outcome.
    :raises GuardExceeded: if it is more than the guards allow; then likewise.
    """
    reason: str | None = "the run stopped before it wrote: its source failed"
    try:
        stop = run.passes.drive(rows, Memory(lambda _: None, counted, is_final=False), writes=False)
        reason = f"the run stopped before it wrote: {stop.reason}" if stop else None
        totals = totals_of(
            counted.totals,
            counted.calls,
            run.hubspot.rate_limit.limit,
            clock=run.hubspot.clock,
        )
        run.report.plan = {**totals, "sha256": None}
        if stop is None:
            check_guards(totals, run.settings.guards)
    except SetupError as error:
        reason = str(error)
        raise
    finally:
        if run.ledger:
            run.ledger.begin_anew()
        for result in counted.given_up(reason) if reason else ():
            run.end(result)
    return stop
