"""The condition of a sync, from one run to the next: what has changed is told, and told once."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from airflow_provider_hubcontact.sync.decide.policy import Action, Policy
from airflow_provider_hubcontact.sync.keep.report import Report
from airflow_provider_hubcontact.sync.model.outcome import SUCCESSES

RECOVERED = "recovered"
"""The change of a sync that has become healthy."""


class Condition(StrEnum):
    """How a sync fares, by its last run: the first of these that holds, and else that it is healthy.

    ``degraded``: the task failed, or a record ended with a problem that the task does not count as a success.
    ``source_empty``: the source had no rows. ``drift``: the audit of the state has found contacts that were
    edited.
    """

    DEGRADED = "degraded"
    SOURCE_EMPTY = "source_empty"
    DRIFT = "drift"
    HEALTHY = "healthy"


class Told(NamedTuple):
    """A condition, and the one that it came after.

    :param condition: as the run left it.
    :param before: as it was before.
    :param run: the run that it came with; empty if it stays as it was.
    """

    condition: Condition
    before: Condition
    run: str = ""

    @property
    def change(self) -> str | None:
        """What has changed: the new condition, or ``recovered``; None if nothing has."""
        if self.condition is self.before:
            return None
        return RECOVERED if self.condition is Condition.HEALTHY else str(self.condition)

    def to_dict(self) -> dict[str, str]:
        """Return what is kept until the next run: no value of any record."""
        return {"condition": str(self.condition), "before": str(self.before), "run": self.run}


def condition_of(report: Report, policy: Policy, *, reads_source: bool = True) -> Condition:
    """Return the condition in which a run that did not fail leaves a sync.

    :param report: what became of the records.
    :param policy: says which outcomes count as a success.
    :param reads_source: whether no rows mean that a source is empty; those of a plan mean no changes.
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
    """Compare the condition of a run with the one before.

    A run that ends a second time in the same condition, since it was cleared or its worker was lost, tells
    the change once more: nobody knows whether it was told.

    :param kept: what :meth:`Told.to_dict` returned last; None if nothing was kept, as of a healthy sync.
    :param now: the condition that the run has come to.
    :param run: its id.
    :return: what is to be kept if its ``run`` is not empty.
    """
    last = Condition(kept["condition"]) if kept else Condition.HEALTHY
    if kept and last is now and kept["run"] == run:
        return Told(now, Condition(kept["before"]), run)
    return Told(now, last, "" if last is now else run)
