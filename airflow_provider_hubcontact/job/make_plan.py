# SPDX-License-Identifier: Apache-2.0
"""Write a plan: what an update would write, to be read by people and applied later."""

from __future__ import annotations

from airflow_provider_hubcontact.job.errors import PreflightError
from airflow_provider_hubcontact.job.files.private import check_can_be_made
from airflow_provider_hubcontact.job.plans.files import PlanWriter
from airflow_provider_hubcontact.job.plans.kept_settings import kept
from airflow_provider_hubcontact.job.removing.removing import removing
from airflow_provider_hubcontact.job.run.opening import opened
from airflow_provider_hubcontact.job.run.passes import Memory
from airflow_provider_hubcontact.job.run.run import Ended
from airflow_provider_hubcontact.job.settings.settings import Settings
from airflow_provider_hubcontact.job.signals import StopSignal
from airflow_provider_hubcontact.job.surroundings import Surroundings
from airflow_provider_hubcontact.sync.keep.report import Report


def make_plan(
    settings: Settings, around: Surroundings, report: Report, signal: StopSignal, folder: str
) -> Ended:
    """Write a plan in place of contacts, with the settings that apply it.

    :param settings: what applying the plan is to do.
    :param around: where the run takes place.
    :param report: of a dry run; counts what becomes of the records.
    :param signal: may end it from outside.
    :param folder: of the plan; an older plan in it is replaced.
    :raises SetupError: if the run cannot work as it is set up.
    :raises ConfigurationError: if the connection cannot be used.
    """
    if settings.lists:
        raise PreflightError(["lists has no effect with a plan, which has the values of contacts only"])
    check_can_be_made(around.folder(folder), "plan")
    # The ledger is for the records that are written. A line of a plan would count as its record's last.
    with opened(settings, around, report, signal, settings.source, keeps_results=False) as run:
        with removing(run, run.prepared()) as removals:
            writer = PlanWriter(around.folder(folder), run.builder.planned_calls(), run.hubspot.clock)
            stop = run.passes.drive(removals.rows, Memory(report.add, writer), writes=False)
            stop = removals.remove(stop, report.add, writer)
        if stop is None:
            portal = run.report.portal
            report.plan = writer.finish(
                run.hubspot.rate_limit.limit,
                run.builder.lacking,
                kept(settings, run.hubspot.api_version, portal["id"] if portal else None),
            )
        return run.ended(stop)
