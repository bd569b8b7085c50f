# SPDX-License-Identifier: Apache-2.0
"""Apply a plan: just what it has, and no contact that has got other values since."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from itertools import chain

from airflow_provider_hubcontact.job.errors import (
    GuardExceeded,
    PlanError,
    PreflightError,
    SetupError,
    StateError,
)
from airflow_provider_hubcontact.job.plans.files import verified
from airflow_provider_hubcontact.job.plans.guards import check_guards
from airflow_provider_hubcontact.job.plans.kept_settings import settings_of
from airflow_provider_hubcontact.job.plans.lines import SpooledLines, spooled_lines
from airflow_provider_hubcontact.job.plans.manifest import Manifest
from airflow_provider_hubcontact.job.removing.archiving import Archiving
from airflow_provider_hubcontact.job.removing.planned import planned_removals
from airflow_provider_hubcontact.job.run.opening import opened
from airflow_provider_hubcontact.job.run.passes import Rows
from airflow_provider_hubcontact.job.run.run import Ended, Run
from airflow_provider_hubcontact.job.signals import StopSignal
from airflow_provider_hubcontact.job.state.removals.guard import check_archives
from airflow_provider_hubcontact.job.surroundings import Surroundings
from airflow_provider_hubcontact.printable import printable_logger
from airflow_provider_hubcontact.sync.keep.report import Report
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result, Stop
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.words import counted

log = printable_logger(__name__)

CATEGORIES: Mapping[type[Exception], str] = {
    GuardExceeded: "GUARD",
    StateError: "STATE",
    SetupError: "PREFLIGHT",
}
"""What keeps a plan from being applied → the category of its records; the first one that fits."""


def apply_plan(
    folder: str, sha256: str | None, around: Surroundings, report: Report, signal: StopSignal
) -> Ended:
    """Write what a plan has, with the settings that it was made with.

    :param folder: of the plan.
    :param sha256: digest of the plan that was approved; None to apply the one that is there.
    :param around: where the run takes place.
    :param report: counts what becomes of the records.
    :param signal: may end it from outside.
    :raises PlanError: if the plan is not whole, or not the one that is meant.
    :raises GuardExceeded: if it does more than its guards allow.
    :raises StateError: if the plan was made with a state that cannot be used.
    :raises ConfigurationError: if the connection cannot be used.
    """
    with spooled_lines() as lines:
        plan = verified(around.folder(folder), lines)
        if sha256 is not None and sha256 != plan.sha256:
            raise PlanError(
                f"the plan at {folder} has the digest {plan.sha256}, but {sha256!r:.100} was "
                "approved: nothing was written"
            )
        settings = settings_of(plan.settings, plan.totals["properties"])
        report.plan = told = plan.told()
        log.info(
            "The plan made at %s is complete: %s, %s and %s; its digest is %s.",
            told["made"],
            *(counted(told[f"{noun}s"], noun) for noun in ("change", "create", "removal")),
            told["sha256"],
        )
        with opened(settings, around, report, signal, None) as run:
            undoes = plan.settings["undo"]
            most = plan.settings["guards"]["removals"] if undoes and plan.totals["removals"] else None
            if most is not None:  # the run's own settings remove nobody
                report.limits = {**report.limits, "removals": most}
            records = partial(lines.records, settings.key.property, checked=True, undoes=undoes)
            with _accounted(run, lambda: chain(records(), lines.removals()), plan.totals["removals"]):
                run.preflight()
                _check_portal(run, plan)
                check_guards(plan.totals, settings.guards)
                if undoes:
                    archives, rows = plan.totals["removals"], plan.totals["rows"]
                    check_archives(archives, rows, plan.settings["guards"]["removals"])
                run.open_state()
                in_order = _in_order(run, plan, lines, records)
            source = Rows(records(), run.builder.checks.mapping())
            return run.ended(in_order(lambda: run.write(source)))


def _in_order(
    run: Run, plan: Manifest, lines: SpooledLines, records: Callable[[], Iterable[Record]]
) -> Callable[[Callable[[], Stop | None]], Stop | None]:
    """Return what sends the lines that remove contacts, before or after the others.

    :raises GuardExceeded: if they are more than the guard allows.
    :raises PlanError: if the plan names no state, by which removals are checked.
    """
    if plan.settings["undo"]:
        return Archiving(run, lines.removals, records).before
    return planned_removals(run, plan.totals["removals"], lines.removals).after


@contextmanager
def _accounted(run: Run, records: Callable[[], Iterable[Record]], removals: int) -> Iterator[None]:
    """End all records of a plan ``not_attempted`` if something keeps it from being applied.

    :param removals: how many of the records are of contacts whose rows left the source.
    """
    try:
        yield
    except (SetupError, StateError) as error:
        category = next(name for kind, name in CATEGORIES.items() if isinstance(error, kind))
        run.report.removals = removals
        reason = "; ".join(error.problems) if isinstance(error, PreflightError) else str(error)
        for record in records():
            if run.ledger:
                run.ledger.earlier(record)  # it is to know which record this is
            run.end(Result(record.row, record.key, Outcome.NOT_ATTEMPTED, category=category, reason=reason))
        raise


def _check_portal(run: Run, plan: Manifest) -> None:
    """Check that the plan was made for this portal, and in the way in which it is applied.

    :raises PlanError: if it was not.
    """
    made_for, portal = plan.settings["portal"], run.report.portal
    if portal and made_for is not None and portal["id"] != made_for:
        raise PlanError(
            f"the plan was made for the portal {made_for}, but the connection leads to {portal['id']}: "
            "nothing was written"
        )
    version = plan.settings["api_version"]
    if (version == "v1") != (run.hubspot.api_version == "v1"):
        raise PlanError(
            f"the plan was made with the API version {version}, but the connection has "
            f"{run.hubspot.api_version}: nothing was written"
        )
