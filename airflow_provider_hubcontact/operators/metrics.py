# SPDX-License-Identifier: Apache-2.0
"""A run's counts as Airflow's metrics: StatsD or OpenTelemetry, as Airflow is set up."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from airflow.providers.common.compat.sdk import Stats

from airflow_provider_hubcontact.clock import SYSTEM_CLOCK, Clock

if TYPE_CHECKING:
    from airflow_provider_hubcontact.sync.keep.report import Report

PREFIX = "hubcontact"


def emit(report: Report, *, dag_id: str, task_id: str, clock: Clock = SYSTEM_CLOCK) -> None:
    """Send the metrics of a try, tagged with DAG and task.

    :param report: of the try; records that an earlier try has ended were counted then.
    :param clock: tells how old a proof is.
    """
    now = round(clock.now().timestamp())
    tags = {"dag_id": dag_id, "task_id": task_id}
    for outcome, count in report.ended_now.items():
        Stats.incr(f"{PREFIX}.records", count, tags={**tags, "outcome": str(outcome)})
    for status, count in report.calls.get("by_status", {}).items():
        Stats.incr(f"{PREFIX}.calls", count, tags={**tags, "status": status.replace(" ", "_")})
    for membership, count in report.memberships.items():
        Stats.incr(f"{PREFIX}.memberships", count, tags={**tags, "membership": str(membership)})
    latency = report.calls.get("latency")
    if latency is not None:
        Stats.timing(f"{PREFIX}.call_latency", timedelta(seconds=latency), tags=tags)
    Stats.timing(f"{PREFIX}.duration", timedelta(seconds=report.seconds), tags=tags)
    left = (report.quota or {}).get("calls_left_today")
    if left is not None:
        Stats.gauge(f"{PREFIX}.calls_left_today", left, tags=tags)
    state = report.state or {}
    if (oldest := state.get("oldest_proof")) is not None:
        Stats.gauge(f"{PREFIX}.state_oldest_proof", max(0, now - oldest), tags=tags)
    if (overdue := state.get("overdue")) is not None:
        Stats.gauge(f"{PREFIX}.state_overdue_audit", overdue, tags=tags)
