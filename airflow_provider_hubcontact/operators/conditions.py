# SPDX-License-Identifier: Apache-2.0
"""Tells a change of a sync's condition once: to notifiers by an XCom, to other DAGs by the asset's event."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_hubcontact.job.condition import Condition, after, condition_of
from airflow_provider_hubcontact.operators.stores.marks import condition_store_of
from airflow_provider_hubcontact.printable import printable_logger

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_hubcontact.job.ports import MarkStore
    from airflow_provider_hubcontact.sync.decide.policy import Policy
    from airflow_provider_hubcontact.sync.keep.report import Report

log = printable_logger(__name__)

XCOM = "hubspot_condition"
"""Key of the XCom with the condition after a task instance, which ``notifications`` reads."""


def note(
    context: Context, hubspot_conn_id: str, report: Report, policy: Policy | None, *, reads_source: bool
) -> str | None:
    """Store the condition of a sync after a task instance, and push it as an XCom.

    An error of the store does not fail the task, whose contacts are written by then. Notifiers then tell,
    since they find no condition.

    :param hubspot_conn_id: the portal.
    :param report: of the run. A dry run does not change the condition.
    :param policy: decides which outcomes count as a success; None if the task fails.
    :param reads_source: whether a run without rows had an empty source.
    :return: the change; None if nothing has changed, or if that is not known.
    """
    ti = context.get("ti")
    if ti is None or report.dry_run:
        return None
    now = condition_of(report, policy, reads_source=reads_source) if policy else Condition.DEGRADED
    try:
        store = condition_store_of(context, hubspot_conn_id)
        told = after(_kept(store), now, str(ti.run_id))
        if told.run:
            store.set(told.to_dict())
    except Exception as error:  # noqa: BLE001 - whatever Airflow's store raises
        log.warning(
            "The condition of the sync cannot be read or stored (%s): the notifier may tell it again.",
            type(error).__name__,
        )
        return None
    ti.xcom_push(key=XCOM, value={**told.to_dict(), "change": told.change})
    return told.change


def _kept(store: MarkStore) -> Mapping[str, str] | None:
    """Return what is stored; an empty mapping if somebody has stored something else than JSON."""
    try:
        return store.get()
    except ValueError:  # Airflow reads the JSON of a Variable
        return {}


def note_a_break(context: Context, hubspot_conn_id: str, report: Report, error: BaseException) -> None:
    """Store the condition of a task instance that failed with an exception, if no other try follows.

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
    """Check whether Airflow has another try for a task that fails now."""
    ti = context.get("ti")
    return getattr(ti, "try_number", 1) <= (getattr(ti, "max_tries", None) or 0)
