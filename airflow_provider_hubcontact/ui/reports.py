"""Reads the reports of syncs from Airflow's database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from airflow.models.taskinstance import TaskInstance
from sqlalchemy import select

from airflow_provider_hubcontact.ui.page import Heading, Report, is_report

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

KEY = "return_value"


def report_of(session: Session, wanted: Heading) -> tuple[Heading, Report | None]:
    """Return a task instance with its state and tries, and its report, or None if it has none."""
    instance = session.execute(
        select(TaskInstance.state, TaskInstance.try_number).where(
            TaskInstance.dag_id == wanted.dag_id,
            TaskInstance.run_id == wanted.run_id,
            TaskInstance.task_id == wanted.task_id,
            TaskInstance.map_index == wanted.map_index,
        )
    ).first()
    if instance is None:
        return wanted, None
    heading = wanted._replace(state=instance.state and str(instance.state), tries=instance.try_number)
    found = _xcoms(session, wanted, task_id=wanted.task_id, map_index=wanted.map_index)
    return heading, next((report for _, report in found), None)


def reports_of_run(session: Session, wanted: Heading) -> list[tuple[Heading, Report]]:
    """Return all reports of a DAG run, in the order of its tasks."""
    return sorted(_xcoms(session, wanted), key=lambda found: (found[0].task_id, found[0].map_index))


def _xcoms(session: Session, wanted: Heading, **columns: Any) -> Iterator[tuple[Heading, Report]]:
    from airflow.models import xcom

    Model: Any = getattr(xcom, "XComModel", None) or xcom.XCom  # noqa: N806 - a class; of Airflow 3, and before
    conditions = {"dag_id": wanted.dag_id, "run_id": wanted.run_id, "key": KEY, **columns}
    query = select(Model).where(*(getattr(Model, name) == value for name, value in conditions.items()))
    for row in session.scalars(query):
        value = _value(Model, row)
        if is_report(value):
            yield wanted._replace(task_id=row.task_id, map_index=row.map_index), value


def _value(model: Any, row: Any) -> Any:
    """Read an XCom; None if it cannot be read."""
    try:
        value = model.deserialize_value(row)
        return json.loads(value) if isinstance(value, str) else value
    except Exception:  # noqa: BLE001 - whatever a backend raises for another task's XCom
        return None
