"""Tells a change of a sync's condition once: to notifiers by an XCom, to other DAGs by the asset's event."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_hubcontact.job.condition import Condition, after, condition_of
from airflow_provider_hubcontact.operators.stores.marks import condition_store_of
from airflow_provider_hubcontact.printable import printable_logger

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_hubcontact.sync.decide.policy import Policy
    from airflow_provider_hubcontact.sync.keep.report import Report

log = printable_logger(__name__)

XCOM = "hubspot_condition"
"""Key of the XCom with the condition that a task instance has come to; ``notifications`` reads it."""


def note(
    context: Context, hubspot_conn_id: str, report: Report, policy: Policy | None, *, reads_source: bool
) -> str | None:
    """Note the condition in which a task instance leaves its sync.

    What was written stays written, so that no trouble of the store ends the task. Without a condition,
    notifiers tell.

    :param hubspot_conn_id: the portal.
    :param report: of the run; one that writes nothing changes no condition.
    :param policy: says which outcomes count as a success; None if the task fails.
    :param reads_source: whether no rows mean that a source is empty.
    :return: what has changed; None if nothing has, or if that cannot be told.
    """
    ti = context.get("ti")
    if ti is None or report.dry_run:
        return None
    now = condition_of(report, policy, reads_source=reads_source) if policy else Condition.DEGRADED
    try:
        store = condition_store_of(context, hubspot_conn_id)
        told = after(store.get(), now, str(ti.run_id))
        if told.run:
            store.set(told.to_dict())
    except Exception as error:  # noqa: BLE001 - whatever Airflow's store raises
        log.warning(
            "The condition of the sync cannot be read or kept (%s): it may be told again.",
            type(error).__name__,
        )
        return None
    ti.xcom_push(key=XCOM, value={**told.to_dict(), "change": told.change})
    return told.change


def note_a_break(context: Context, hubspot_conn_id: str, report: Report, error: BaseException) -> None:
    """Note that a task instance has failed by an exception, if no other try is to come.

    :param hubspot_conn_id: the portal.
    :param report: of the run, as far as it got.
    :param error: what ended it.
    """
    from airflow.providers.common.compat.sdk import (
        AirflowFailException,
        AirflowSkipException,
        AirflowTaskTimeout,
    )

    is_failure = isinstance(error, Exception | AirflowTaskTimeout) and not isinstance(
        error, AirflowSkipException
    )
    if is_failure and (isinstance(error, AirflowFailException) or not has_another_try(context)):
        note(context, hubspot_conn_id, report, None, reads_source=False)


def has_another_try(context: Context) -> bool:
    """Check whether Airflow would try a task once more."""
    ti = context.get("ti")
    return getattr(ti, "try_number", 1) <= (getattr(ti, "max_tries", None) or 0)
