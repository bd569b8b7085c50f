# SPDX-License-Identifier: Apache-2.0
"""Plan first, apply what was approved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any

from airflow_provider_hubcontact.operators.base import HubSpotRunOperator, own_keywords_of
from airflow_provider_hubcontact.operators.fields import as_text
from airflow_provider_hubcontact.operators.hubspot import HubSpotUpdateContactOperator

if TYPE_CHECKING:
    from airflow_provider_hubcontact.job.run.run import Ended
    from airflow_provider_hubcontact.job.signals import StopSignal
    from airflow_provider_hubcontact.operators.surroundings import TaskSurroundings
    from airflow_provider_hubcontact.sync.keep.report import Report

__all__ = ["HubSpotApplyPlanOperator", "HubSpotPlanContactsOperator"]


class HubSpotPlanContactsOperator(HubSpotUpdateContactOperator):
    """Write a plan: what an update would write, to be read by people and applied later.

    It takes the keywords of :class:`HubSpotUpdateContactOperator`, except ``dry_run``, ``watermark`` and
    ``lists``, and writes no contact. The plan keeps the settings for applying it: key, ``upsert``,
    ``writes``, ``guards``, ``ledger``, ``state``, ``verify``, ``status_actions`` and ``max_failures``.

    ``records=FromLedger(path, undo=True)`` plans how a run is undone.

    :param plan: folder for the plan: each record's old and new values, totals, and settings. An older plan
        in it is replaced. (templated)
    """

    template_fields: Sequence[str] = (
        "plan",
        *(name for name in HubSpotUpdateContactOperator.template_fields if name != "is_dry_run"),
    )

    _plans = True
    _needs = frozenset({"plan"})

    def __init__(self, *, plan: str | PathLike[str], **kwargs: Any) -> None:
        if "dry_run" in kwargs:
            raise TypeError(f"{type(self).__name__} has no dry_run: a plan writes no contact")
        super().__init__(dry_run=False, **kwargs)  # whatever the DAG's default_args say
        self.plan = as_text(plan)
        if problem := _problem(self.plan):
            raise ValueError(problem)

    def _declare_outlet(self) -> None:
        """Declare none: no contact changes."""

    def _check(self) -> None:
        if self.lists is not None:
            raise ValueError("lists has no effect with a plan, which has the values of contacts only")
        if self.watermark is not None:
            raise ValueError("watermark has no effect with a plan: only a run that writes moves it")
        super()._check()

    def _report(self) -> Report:
        from airflow_provider_hubcontact.sync.keep.report import Report

        return Report(dry_run=True)

    def _job(self, around: TaskSurroundings, report: Report, signal: StopSignal) -> Ended:
        if self.replay and self.replay.undo:
            from airflow_provider_hubcontact.job.undo import plan_undo

            return plan_undo(self._settings(), around, report, signal, _path(self.plan))
        from airflow_provider_hubcontact.job.make_plan import make_plan

        return make_plan(self._settings(), around, report, signal, _path(self.plan))


class HubSpotApplyPlanOperator(HubSpotRunOperator):
    """Apply a plan: exactly its changes, with the settings that it was made with.

    A contact whose values have changed since is not written, and its record ends as a ``conflict``. The plan
    must be complete, and must have been made for the connection's portal.

    :param plan: folder of the plan. (templated)
    :param sha256: digest of the plan that was approved, from the report of the task that made it; any other
        plan is refused. Without it, whatever plan is in the folder is applied. (templated)
    :param hubspot_conn_id: Airflow connection of the portal. Its token may differ from that of the task that
        made the plan. (templated)
    :param deferrable: as for :class:`HubSpotUpdateContactOperator`.
    """

    template_fields: Sequence[str] = ("plan", "sha256", "hubspot_conn_id")

    _reads_source = False  # a plan without changes is nothing that is wrong
    _needs = frozenset({"plan"})

    def __init__(self, *, plan: str | PathLike[str], sha256: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.plan = as_text(plan)
        if problem := _problem(self.plan):
            raise ValueError(problem)
        is_text = isinstance(sha256, str) and sha256 != ""
        if sha256 is not None and not is_text and not hasattr(sha256, "iter_references"):
            raise ValueError(f"sha256 must be a plan's digest, not {sha256!r:.100}")
        self.sha256 = sha256
        self._is_bound = sha256 is not None
        self._declare_outlet()

    @classmethod
    def _odd_keyword(cls, given: Mapping[str, Any]) -> str | None:
        """Say where a setting belongs that the plan keeps."""
        for name in own_keywords_of(HubSpotUpdateContactOperator):
            if name in given:
                return (
                    f"{cls.__name__} has no {name}: a plan is applied with the settings that it was made with"
                )
        return super()._odd_keyword(given)

    def _job(self, around: TaskSurroundings, report: Report, signal: StopSignal) -> Ended:
        from airflow_provider_hubcontact.job.apply_plan import apply_plan

        sha256 = str(self.sha256) if self._is_bound else None  # a template may have rendered to None
        return apply_plan(_path(self.plan), sha256, around, report, signal)


def _problem(plan: object) -> str | None:
    """Return why this is not the folder of a plan; None if it is, or may become one when it is rendered."""
    if hasattr(plan, "iter_references"):
        return None
    if not isinstance(plan, str) or plan.strip() in {"", "None"} or plan.startswith("sql://"):
        return f"plan must be a folder, not {plan!r:.100}"
    from airflow_provider_hubcontact.job.settings.checks import url_problem

    return url_problem("plan", plan)


def _path(plan: object) -> str:
    """Return the path of a plan's folder, as it was rendered.

    :raises HubSpotSyncFailed: if a template gave none; a folder of that name would be in the worker's own.
    """
    if problem := _problem(plan):
        from airflow_provider_hubcontact.operators.errors import HubSpotSyncFailed
        from airflow_provider_hubcontact.sync.model.codes import SETTING

        raise HubSpotSyncFailed(f"{SETTING}: {problem}")
    return str(plan)
