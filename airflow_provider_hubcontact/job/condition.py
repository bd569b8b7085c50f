# SPDX-License-Identifier: Apache-2.0
"""The condition of a sync, from one run to the next, so that each change of it is told once."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from airflow_provider_hubcontact.sync.decide.policy import Action, Policy
from airflow_provider_hubcontact.sync.keep.report import Report
from airflow_provider_hubcontact.sync.model.outcome import SUCCESSES

RECOVERED = "recovered"
"""The change to ``healthy``."""


class Condition(StrEnum):
    """The condition of a sync after its last run: the first of these that holds.

    ``degraded``: the task failed, or a record ended with a problem that ``status_actions`` does not call a
    success. ``source_empty``: the source had no rows. ``drift``: the audit of the state found contacts that
    somebody had edited. ``healthy``: none of these.
    """

    DEGRADED = "degraded"
    SOURCE_EMPTY = "source_empty"
    DRIFT = "drift"
    HEALTHY = "healthy"


class Told(NamedTuple):
    """A condition, and the one before it.

    :param condition: after the run.
    :param before: before the run.
    :param run: id of the run that changed it; empty if it has not changed.
    """

    condition: Condition
    before: Condition
    run: str = ""

    @property
    def change(self) -> str | None:
        """The new condition, or ``recovered`` instead of ``healthy``; None if it has not changed."""
        if self.condition is self.before:
            return None
        return RECOVERED if self.condition is Condition.HEALTHY else str(self.condition)

    def to_dict(self) -> dict[str, str]:
        """Return what is stored until the next run. It has no value of any record."""
        return {"condition": str(self.condition), "before": str(self.before), "run": self.run}


def condition_of(report: Report, policy: Policy, *, reads_source: bool = True) -> Condition:
    """Return the condition of a sync after a run that did not fail.

    :param report: of the run.
    :param policy: decides which outcomes count as a success.
    :param reads_source: whether a run without rows had an empty source. A plan without lines has no changes.
    """
    if any(
        outcome not in SUCCESSES and policy.action(outcome, status) is not Action.SUCCEED
        for outcome, status in report.tally
    ):
        return Condition.DEGRADED
    if reads_source and report.rows == report.removals:
        return Condition.SOURCE_EMPTY
    if (report.state or {}).get("drifted"):
        return Condition.DRIFT
    return Condition.HEALTHY


def after(kept: Mapping[str, str] | None, now: Condition, run: str) -> Told:
    """Compare the condition after a run with the one before.

    If a run ends a second time in the same condition, since it was cleared or its worker was lost, its change
    is told again: it is not known whether it was told.

    :param kept: what :meth:`Told.to_dict` returned last; None if nothing is stored, which means healthy.
        So does anything else that somebody has stored, which is replaced.
    :param now: the condition after the run.
    :param run: id of the run.
    :return: both conditions, which are stored if ``run`` is not empty.
    """
    if kept is None:
        return Told(now, Condition.HEALTHY, "" if now is Condition.HEALTHY else run)
    try:
        last, before = Condition(kept["condition"]), Condition(kept["before"])
        is_again = last is now and kept["run"] == run
    except (KeyError, TypeError, ValueError):
        return Told(now, Condition.HEALTHY, run)
    if is_again:
        return Told(now, before, run)
    return Told(now, last, "" if last is now else run)
