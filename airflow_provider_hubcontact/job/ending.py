# SPDX-License-Identifier: Apache-2.0
"""What a task says when it ends: in its log, and in the exception that ends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_hubcontact.clock import SYSTEM_CLOCK, Clock
from airflow_provider_hubcontact.printable import printable_lines, printable_logger
from airflow_provider_hubcontact.sync.decide.policy import Action, Policy, Verdict
from airflow_provider_hubcontact.sync.keep.explanation import (
    bounded,
    explain,
    reasons_of,
    rules_of,
    sentence_of_a_dry_run,
)
from airflow_provider_hubcontact.sync.model.choices import Membership
from airflow_provider_hubcontact.sync.model.codes import code_of_error
from airflow_provider_hubcontact.sync.model.outcome import SUCCESSES, Outcome, by_outcome
from airflow_provider_hubcontact.words import counted

if TYPE_CHECKING:
    from airflow_provider_hubcontact.sync.keep.report import Report
    from airflow_provider_hubcontact.sync.model.outcome import Stop


log = printable_logger(__name__)

_OF_LISTS = {
    Membership.ADDED: "added",
    Membership.MEMBER: "already members",
    Membership.REMOVED: "removed",
    Membership.ABSENT: "to be removed, but not members",
}


PAGE_SINCE = (3, 1)
"""Airflow's version that shows the page of a report as a tab."""


def places_of(report: Report, *, pushes: bool, airflow: str) -> list[str]:
    """Return where more than the log is to be found, a sentence each.

    :param report: what became of the records.
    :param pushes: whether the report goes to XCom.
    :param airflow: Airflow's version.
    """
    places = []
    if pushes:
        places.append(
            "the task's XCom return_value has counts, and a sample of records with keys and reasons"
        )
        if tuple(map(int, airflow.split(".")[:2])) >= PAGE_SINCE:
            places.append('the tab "HubSpot sync" of the task instance shows the same as a page')
    if report.ledger:
        places.append(f"the ledger {report.ledger} has a line for every record")
    return places or ["nothing is kept, since do_xcom_push=False and there is no ledger"]


def decided(policy: Policy, report: Report, stop: Stop | None) -> Verdict:
    """Return what the task does, and note it in the report.

    :param policy: how outcomes become the task's.
    :param report: what became of the records.
    :param stop: why the run ended before its source, if it did.
    """
    if report.dry_run and stop is None:  # what would be written ends not_attempted, as it should
        policy = policy._replace(by_name={**policy.by_name, Outcome.NOT_ATTEMPTED: Action.SUCCEED})
    verdict = policy.decide(report.tally, report.rows - report.removals)
    if report.dry_run:
        verdict = verdict._replace(sentence=sentence_of_a_dry_run(report))
    elif report.plan and not report.rows:
        verdict = verdict._replace(sentence="The plan changes nothing.")
    report.decision = {"action": str(verdict.action), "rules": rules_of(report, verdict)}
    return verdict


def note_what_ended_it(report: Report, error: BaseException, action: Action, said: str) -> None:
    """Note in the report of a run that an exception ended why it ended, and what the task does.

    :param error: what ended the run.
    :param action: what the task does then.
    :param said: a message without values of records.
    """
    code, name = code_of_error(error), type(error).__name__
    rule = f"{code} ({name})" if code else name
    report.decision = {"action": str(action), "rules": [f"{rule} ended the run"], "code": code}
    report.stopped = report.stopped or said


def told(
    report: Report, verdict: Verdict, stop: Stop | None, places: list[str], clock: Clock = SYSTEM_CLOCK
) -> str:
    """Return why the task ends as it does; see :func:`explain`."""
    return explain(report, verdict, stop, places, clock.now())


def log_a_good_end(report: Report, verdict: Verdict, text: str) -> None:
    """Log a line with the counts, and what was tolerated or skipped as a warning.

    :param text: the whole explanation.
    """
    calls = report.calls.get("total", 0)
    log.info("%s %s, %.1f s.", verdict.sentence, counted(calls, "call"), report.seconds)
    if counts := report.memberships:
        # Without their names, which may be values of rows.
        log.info("Lists: %s.", ", ".join(f"{n:,} {_OF_LISTS[each]}" for each, n in counts.items()))
    is_good = report.dry_run or all(outcome in SUCCESSES for outcome in by_outcome(report.tally))
    if report.reasons or not is_good:
        log.warning("%s", printable_lines(text))


def log_a_bad_end(text: str) -> None:
    """Log why the task fails, or needs another try: not every page of Airflow shows all of an exception."""
    log.error("%s", printable_lines(text))


def log_a_break(report: Report, error: BaseException, places: list[str]) -> None:
    """Log what became of the records of a run that an exception ended.

    The exception's text is not repeated: it may be a driver's or a DAG's own, and quote values.

    :param error: what ended the run.
    """
    if not report.rows:
        return
    counts = ", ".join(f"{count:,} {outcome}" for outcome, count in by_outcome(report.tally).items())
    lines = [f"The run ended with {type(error).__name__} after {counted(report.rows, 'record')}: {counts}."]
    lines += [*reasons_of(report), *(f"More: {place}" for place in places)]
    log.error("%s", printable_lines(bounded(lines)))
