# SPDX-License-Identifier: Apache-2.0
"""Airflow's state of a task: the checkpoint of a run is kept there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_hubcontact.sync.keep.checkpoint import NAME

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context


def forget(context: Context) -> None:
    """Remove the checkpoint: the task has its outcome, and a cleared task begins anew."""
    if (store := context.get("task_state_store")) is not None and store.get(NAME, None) is not None:
        store.delete(NAME)
