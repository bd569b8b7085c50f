# SPDX-License-Identifier: Apache-2.0
"""Reads the reports of syncs from Airflow's database."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from sqlalchemy import and_, exists, func, or_, select

from airflow_provider_hubcontact.ui.figures import Line, Report, is_report
from airflow_provider_hubcontact.ui.heading import Heading, worst_first
from airflow_provider_hubcontact.ui.names import APPROVALS, OPERATORS

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

KEY = "return_value"

RUNS = 30
"""The most runs on the page of a DAG."""

MAX_TASKS = 2_000
"""The most task instances whose reports a page reads."""

LOOKED_BACK = 5
"""Runs among which the one before is looked for."""

Found = tuple[Heading, Line | None]


def unknown(session: Session, wanted: Heading) -> str | None:
    """Return a sentence if Airflow has no such DAG, run or task; None if it has.

    A mapped task is also known without an index, under which none of its instances is.
    """
    of_dag = (DagRun.dag_id == wanted.dag_id, DagModel.dag_id == wanted.dag_id)
    if not any(_has(session, condition) for condition in of_dag):
        return f"Airflow has no DAG {wanted.dag_id}."
    if not wanted.run_id:
        return None
    if not _has(session, DagRun.dag_id == wanted.dag_id, DagRun.run_id == wanted.run_id):
        return f"The DAG {wanted.dag_id} has no run {wanted.run_id}."
    names = ("dag_id", "run_id", "task_id") + (("map_index",) if wanted.map_index >= 0 else ())
    conditions = [getattr(TaskInstance, name) == getattr(wanted, name) for name in names]
    if wanted.task_id and not _has(session, *conditions):
        return f"The run {wanted.run_id} of the DAG {wanted.dag_id} has no task {wanted.task}."
    return None


def _has(session: Session, *conditions: Any) -> bool:
    return session.scalar(select(exists().where(*conditions))) is True


def report_of(session: Session, wanted: Heading) -> tuple[Heading, Report | None]:
    """Return a task instance with its state and tries, and its report, or None if it has none."""
    instance = session.execute(_instances(_is(wanted))).first()
    if instance is None:
        return wanted, None
    return _heading(instance), _report_of(session, wanted)


def report_before(session: Session, heading: Heading, *, dry_run: bool) -> tuple[Heading, Report] | None:
    """Return the same task in the run before, and its report.

    :param heading: the task instance, with its start.
    :param dry_run: whether the report is to be that of a dry run.
    :return: None if none of the runs before has such a report.
    """
    if heading.started is None:
        return None
    same = and_(
        TaskInstance.dag_id == heading.dag_id,
        TaskInstance.task_id == heading.task_id,
        TaskInstance.map_index == heading.map_index,
        TaskInstance.run_id != heading.run_id,
        TaskInstance.start_date < heading.started,
    )
    query = _instances(same).order_by(TaskInstance.start_date.desc()).limit(LOOKED_BACK)
    for instance in session.execute(query):
        found = _heading(instance)
        report = _report_of(session, found)
        if report and report["dry_run"] is dry_run:
            return found, report
    return None


def approval_of(session: Session, heading: Heading) -> Heading | None:
    """Return the task of the same run that waits for somebody's approval, if there is one."""
    of_run = and_(TaskInstance.dag_id == heading.dag_id, TaskInstance.run_id == heading.run_id)
    waiting = and_(of_run, TaskInstance.operator.in_(APPROVALS), TaskInstance.end_date.is_(None))
    instance = session.execute(_instances(waiting).order_by(TaskInstance.task_id)).first()
    return _heading(instance) if instance else None


def syncs_of_run(session: Session, wanted: Heading) -> tuple[list[Found], int]:
    """Return the syncs of a DAG run with their figures, and how many further ones there are."""
    return _syncs(session, wanted.dag_id, [wanted.run_id])


def syncs_of_dag(session: Session, wanted: Heading) -> tuple[list[Found], int]:
    """Return the syncs of the latest runs of a DAG, the latest first.

    :return: a task of a run each, with the sum of a mapped one's figures; how many further task instances
        there are.
    """
    runs = session.execute(
        select(DagRun.run_id).where(DagRun.dag_id == wanted.dag_id).order_by(DagRun.id.desc()).limit(RUNS)
    )
    run_ids = [run.run_id for run in runs]
    found, left_out = _syncs(session, wanted.dag_id, run_ids)
    tasks: dict[tuple[str, str], list[Found]] = {}
    for each in found:
        tasks.setdefault((each[0].run_id, each[0].task_id), []).append(each)
    merged = [_merged(several) for several in tasks.values()]
    return sorted(merged, key=lambda each: run_ids.index(each[0].run_id)), left_out


def _syncs(session: Session, dag_id: str, run_ids: Sequence[str]) -> tuple[list[Found], int]:
    """Return the task instances that are syncs, with the figures of their reports.

    A subclass of an operator has another name: it is known by its report.
    """
    Model = _xcom()  # noqa: N806 - a class
    of_runs = and_(TaskInstance.dag_id == dag_id, TaskInstance.run_id.in_(run_ids))
    has_values = select(Model.task_id).where(
        Model.dag_id == dag_id, Model.run_id.in_(run_ids), Model.key == "hubspot_portal_url"
    )
    ours = and_(of_runs, or_(TaskInstance.operator.in_(OPERATORS), TaskInstance.task_id.in_(has_values)))
    order = (TaskInstance.start_date.desc(), TaskInstance.task_id, TaskInstance.map_index)
    instances = session.execute(_instances(ours).order_by(*order).limit(MAX_TASKS)).all()
    total = session.scalar(select(func.count()).select_from(TaskInstance).where(ours)) or 0
    lines = _lines(session, dag_id, run_ids, {instance.task_id for instance in instances})
    found = [(_heading(each), lines.get((each.run_id, each.task_id, each.map_index))) for each in instances]
    return found, max(0, total - len(found))


def _lines(
    session: Session, dag_id: str, run_ids: Sequence[str], task_ids: Iterable[str]
) -> Mapping[tuple[str, str, int], Line]:
    """Return run, task and index → figures. Reports are large, so that few are in memory at a time."""
    Model = _xcom()  # noqa: N806 - a class
    query = (
        select(Model)
        .where(
            Model.dag_id == dag_id,
            Model.run_id.in_(run_ids),
            Model.task_id.in_([*task_ids]),
            Model.key == KEY,
        )
        .limit(MAX_TASKS)
        .execution_options(yield_per=50)
    )
    return {
        (row.run_id, row.task_id, row.map_index): Line.of(value)
        for row, value in _values(session.scalars(query), Model)
    }


def _merged(several: Sequence[Found]) -> Found:
    """Return the instances of a mapped task as one: its worst state, and the sum of its figures."""
    heading, line = several[0]
    if len(several) == 1 and heading.map_index < 0:
        return heading, line
    state = min((each.state for each, _ in several), key=worst_first)
    lines = [line for _, line in several if line]
    name = f"{len(several):,} mapped"
    whole = heading._replace(state=state, map_index=0, map_name=name)
    return whole, Line.sum(lines) if lines else None


def _is(wanted: Heading) -> Any:
    return and_(
        TaskInstance.dag_id == wanted.dag_id,
        TaskInstance.run_id == wanted.run_id,
        TaskInstance.task_id == wanted.task_id,
        TaskInstance.map_index == wanted.map_index,
    )


def _instances(condition: Any) -> Any:
    names = (
        "dag_id",
        "run_id",
        "task_id",
        "map_index",
        "state",
        "try_number",
        "rendered_map_index",
        "start_date",
    )
    columns: list[Any] = [getattr(TaskInstance, name) for name in names]
    return select(*columns).where(condition)


def _heading(row: Any) -> Heading:
    return Heading(
        *(row.dag_id, row.run_id, row.task_id, row.map_index),
        state=row.state and str(row.state),
        tries=row.try_number,
        map_name=row.rendered_map_index,
        started=row.start_date,
    )


def _report_of(session: Session, wanted: Heading) -> Report | None:
    Model = _xcom()  # noqa: N806 - a class
    names = ("dag_id", "run_id", "task_id", "map_index")
    conditions = [getattr(Model, name) == getattr(wanted, name) for name in names]
    rows = session.scalars(select(Model).where(*conditions, Model.key == KEY))
    return next((value for _, value in _values(rows, Model)), None)


def _values(rows: Iterable[Any], model: Any) -> Iterator[tuple[Any, Report]]:
    for row in rows:
        value = _value(model, row)
        if is_report(value):
            yield row, value


def _xcom() -> Any:
    """Return the class of XComs; of Airflow 3, and before."""
    from airflow.models import xcom

    return getattr(xcom, "XComModel", None) or xcom.XCom


def _value(model: Any, row: Any) -> Any:
    """Read an XCom; None if it cannot be read."""
    try:
        value = model.deserialize_value(row)
        return json.loads(value) if isinstance(value, str) else value
    except Exception:  # noqa: BLE001 - whatever a backend raises for another task's XCom
        return None
