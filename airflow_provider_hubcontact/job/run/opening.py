# SPDX-License-Identifier: Apache-2.0
"""Open all that a run needs, and close it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext

from airflow_provider_hubcontact.clock import Clock
from airflow_provider_hubcontact.job.errors import PreflightError
from airflow_provider_hubcontact.job.run.parts import RunParts
from airflow_provider_hubcontact.job.run.run import Run
from airflow_provider_hubcontact.job.settings.problems import can_be_opened, problems_of
from airflow_provider_hubcontact.job.settings.settings import Settings
from airflow_provider_hubcontact.job.settings.source import Source
from airflow_provider_hubcontact.job.signals import StopSignal
from airflow_provider_hubcontact.job.source.rows import rows_of
from airflow_provider_hubcontact.job.source.watermark import Watermark
from airflow_provider_hubcontact.job.state.of_run import StateOfRun
from airflow_provider_hubcontact.job.surroundings import Surroundings
from airflow_provider_hubcontact.printable import printable
from airflow_provider_hubcontact.sync.keep.ledger import Ledger
from airflow_provider_hubcontact.sync.keep.report import Report


@contextmanager
def opened(
    settings: Settings,
    around: Surroundings,
    report: Report,
    signal: StopSignal,
    source: Source | None,
    *,
    keeps_results: bool = True,
) -> Iterator[Run]:
    """Open all that a run needs, and close it.

    :param source: where its rows come from; None if they come from a plan.
    :param keeps_results: whether the ledger that the settings name gets the results.
    :raises PreflightError: if a setting is not valid.
    :raises ConfigurationError: if the connection cannot be used.
    :raises SetupError: if source, watermark or ledger cannot be used.
    """
    problems = [printable(each) for each in problems_of(settings)]
    if problems and not can_be_opened(settings):
        raise PreflightError(problems)
    if settings.ledger and not keeps_results:  # it is kept with a plan, for the run that applies it
        around.check_ledger(settings.ledger.path)
    watermark = None
    if source and source.watermark:
        watermark = Watermark(source.watermark, around.mark_store(settings), settings.policy)
    with around.client() as hubspot, rows_of(source, around, watermark) as rows:
        clock = hubspot.clock
        started = clock.monotonic()
        report.api_version = hubspot.api_version
        if not problems:
            report.limits = _limits(settings)
        try:
            with _ledger(settings, around, report, clock) if keeps_results else nullcontext() as ledger:
                keeps = rows is not None or settings.source.replay is not None
                state = StateOfRun(settings, around, keeps=keeps)
                parts = RunParts(settings, around, report, signal, hubspot, watermark, state)
                run = Run(parts, rows, ledger)
                if problems:
                    run.refuse(problems)
                with closing(run):
                    yield run
        finally:
            report.seconds = clock.monotonic() - started
            report.calls = hubspot.calls.to_dict()
            limit = hubspot.rate_limit
            report.quota = {"calls_in_10_seconds": limit.limit, "calls_left_today": limit.daily_remaining}


def _limits(settings: Settings) -> dict[str, float]:
    """Return guard → the most that it allows, of the guards that count something in this run."""
    limits = {name: most for name, most in settings.guards.fields().items() if most is not None}
    removes = (
        settings.lets_leave
        or settings.source.archives
        or (settings.state is not None and settings.state.on_removed is not None)
    )
    return {name: most for name, most in limits.items() if name != "removals" or removes}


@contextmanager
def _ledger(
    settings: Settings, around: Surroundings, report: Report, clock: Clock
) -> Iterator[Ledger | None]:
    if settings.ledger is None:
        yield None
        return
    report.ledger = settings.ledger.path
    with (
        around.ledger(settings.ledger.path) as store,
        Ledger(
            store,
            around.attempt,
            settings.policy,
            values=settings.ledger.values,
            reads=settings.state is None,
            clock=clock,
        ) as ledger,
    ):
        yield ledger
