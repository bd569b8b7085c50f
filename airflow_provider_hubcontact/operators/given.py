"""From the keywords that a task was given to the frozen settings of its job."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from airflow_provider_hubcontact.job.settings import (
    Guards,
    Key,
    Ledger,
    Query,
    Replay,
    Settings,
    Source,
    Writes,
    is_true,
)
from airflow_provider_hubcontact.operators.options import Ledger as LedgerOption
from airflow_provider_hubcontact.operators.options import Options

JINJA = ("{{", "{%", "{#")


def settings_of(task: Any, *, is_rendered: bool) -> Settings:
    """Return the settings of a task.

    :param task: the operator, or anything with its attributes.
    :param is_rendered: False for those of a DAG file: what a template or another task's output will give is
        taken to be valid.
    """
    known = _as_it_is if is_rendered else _known
    path, values = task.ledger, False
    if isinstance(task.ledger, LedgerOption):
        path, values = task.ledger.path, task.ledger.values
    is_open = not is_rendered and _is_open(task.is_dry_run)
    return Settings(
        source=Source(
            has_records=task.records is not None,
            query=Query(known(task.sql, "…"), known(task.sql_conn_id, "…"), known(task.parameters, ())),
            replay=Replay(known(task.replay.path, "…"), task.replay.outcomes) if task.replay else None,
            watermark=task.watermark,
        ),
        key=Key(**_fields(task.key, known)) if isinstance(task.key, Options) else Key(known(task.key, "…")),
        # Which columns it may name depends on the key.
        mapping=None if known(_all_of(task.key), None) is None else known(task.mapping, None),
        json_schema=task.json_schema,
        schema_folder=task.schema_folder,
        upsert=task.upsert,
        writes=Writes(**_fields(task.writes, known)),
        status_actions=task.status_actions,
        max_failures=task.max_failures,
        guards=Guards(**_fields(task.guards, known)),
        ledger=None if task.ledger is None else Ledger(known(path, "…"), values),
        verify=task.verify,
        dry_run=False if is_open else is_true(task.is_dry_run),
    )


def _as_it_is(value: Any, _: Any) -> Any:
    return value


def _known(value: Any, otherwise: Any) -> Any:
    """Return a value of a DAG file, or another one in its place if it is known only when the task runs."""
    return otherwise if _is_open(value) else value


def _is_open(value: object) -> bool:
    if isinstance(value, str):
        return any(mark in value for mark in JINJA)
    if isinstance(value, Mapping):
        return any(_is_open(each) for each in (*value, *value.values()))
    return hasattr(value, "iter_references")


def _all_of(value: Any) -> Any:
    return value.fields() if isinstance(value, Options) else value


def _fields(options: Options | None, known: Callable[[Any, Any], Any]) -> dict[str, Any]:
    """Return the fields of a value object that are known; those whose template is open have their default.

    A field that Airflow does not render is known: a template in it would stay text.
    """
    if options is None:
        return {}
    given = options.fields()
    fields = given | {name: known(given[name], _OPEN) for name in options.template_fields}
    return {name: value for name, value in fields.items() if value is not _OPEN}


_OPEN = object()
