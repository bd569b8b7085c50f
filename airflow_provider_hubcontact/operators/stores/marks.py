# SPDX-License-Identifier: Apache-2.0
"""Stores what a task needs in its next run: in the asset's state on Airflow 3.3, else in a Variable."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from airflow_provider_hubcontact.assets import can_be_named, contacts_asset
from airflow_provider_hubcontact.job.errors import SourceError
from airflow_provider_hubcontact.job.settings.source import Query

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context
from airflow_provider_hubcontact.job.ports import MarkStore


def mark_store_of(context: Context, hubspot_conn_id: str, query: Query) -> MarkStore:
    """Return where a task's watermark is kept.

    :param hubspot_conn_id: the portal; each has a mark of its own.
    :param query: tells the part that a mapped task reads.
    :raises SourceError: if a mapped task has no query.
    """
    ti = context["ti"]
    name = f"{ti.dag_id}.{ti.task_id}"
    if ti.map_index is not None and ti.map_index >= 0:
        name += f".{_part_of(query)}"
    return store_of(context, hubspot_conn_id, name)


def condition_store_of(context: Context, hubspot_conn_id: str) -> MarkStore:
    """Return where the condition of a task's sync is kept; each map index has its own.

    :param hubspot_conn_id: the portal; each has a condition of its own.
    """
    ti = context["ti"]
    name = f"{ti.dag_id}.{ti.task_id}"
    if ti.map_index is not None and ti.map_index >= 0:
        name += f".{ti.map_index}"
    return store_of(context, hubspot_conn_id, name, "condition")


def _part_of(query: Query) -> str:
    """Name the part that a mapped task reads: its index may be another part's in the next run.

    :raises SourceError: if no query tells the part.
    """
    if query.sql is None:
        raise SourceError("watermark: a mapped task needs sql, which identifies its part")
    content = repr((query.sql, query.parameters, query.conn_id)).encode(errors="surrogatepass")
    return blake2b(content, digest_size=8).hexdigest()


def store_of(context: Context, hubspot_conn_id: str, task: str, what: str = "watermark") -> MarkStore:
    """Return the store of a task's mark: the asset's state on Airflow 3.3, else a Variable.

    :param hubspot_conn_id: the portal; each has a mark of its own.
    :param task: names the task among all.
    :param what: names the mark among those of a task.
    """
    states = context.get("asset_state_store")
    variable = _VariableStore(f"hubcontact_{what}.{task}.{hubspot_conn_id}")
    if states is None or not can_be_named(hubspot_conn_id):
        return variable
    try:
        return _AssetStore(states[contacts_asset(hubspot_conn_id)], f"{what}.{task}")
    except KeyError:  # a mapped task has the outlets that its DAG gave it, and no others
        return variable


class _AssetStore:
    def __init__(self, state: Any, key: str) -> None:
        self._state, self._key = state, key

    def get(self) -> dict[str, str] | None:
        found: dict[str, str] | None = self._state.get(self._key, None)
        return found

    def set(self, value: dict[str, str]) -> None:
        self._state.set(self._key, value)


class _VariableStore:
    def __init__(self, key: str) -> None:
        self._key = key

    def get(self) -> dict[str, str] | None:
        from airflow.providers.common.compat.sdk import Variable

        found: dict[str, str] | None = Variable.get(self._key, None, True)
        return found

    def set(self, value: dict[str, str]) -> None:
        from airflow.providers.common.compat.sdk import Variable

        Variable.set(self._key, value, serialize_json=True)
