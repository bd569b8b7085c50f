# SPDX-License-Identifier: Apache-2.0
"""Waiting without a worker."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from airflow_provider_hubcontact.operators.errors import bounded

if TYPE_CHECKING:
    from airflow.triggers.base import BaseTrigger


def trigger_after(seconds: float) -> BaseTrigger:
    """Return a trigger that fires once, after some seconds; after a day at most."""
    from airflow.providers.standard.triggers.temporal import DateTimeTrigger

    return DateTimeTrigger(datetime.now(UTC) + timedelta(seconds=bounded(seconds)))
