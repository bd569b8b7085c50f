# SPDX-License-Identifier: Apache-2.0
"""From the keywords that a task was given to the frozen settings of its job.

A DAG file is parsed with this module: what only some tasks have is imported for these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType, SimpleNamespace
from typing import TYPE_CHECKING, Any

from airflow_provider_hubcontact.job.settings.guards import Guards
from airflow_provider_hubcontact.job.settings.key import Key
from airflow_provider_hubcontact.job.settings.settings import Settings
from airflow_provider_hubcontact.job.settings.source import Query, Source
from airflow_provider_hubcontact.job.settings.values import Values
from airflow_provider_hubcontact.job.settings.writes import Writes
from airflow_provider_hubcontact.operators.fields import Options
from airflow_provider_hubcontact.operators.options import VALUE_OBJECTS, FromLedger, value_object
from airflow_provider_hubcontact.operators.options import Ledger as LedgerOption
from airflow_provider_hubcontact.operators.options import Lists as ListsOption
from airflow_provider_hubcontact.operators.options import State as StateOption
from airflow_provider_hubcontact.operators.options import Values as ValuesOption
from airflow_provider_hubcontact.operators.options import Writes as WritesOption

if TYPE_CHECKING:
    from airflow_provider_hubcontact.job.settings.ledger import Ledger
    from airflow_provider_hubcontact.job.settings.lists import Lists
    from airflow_provider_hubcontact.job.settings.replay import Replay
    from airflow_provider_hubcontact.job.settings.state import State

JINJA = ("{{", "{%", "{#")

KEYWORDS: Mapping[str, Any] = MappingProxyType(
    {
        "sql": None,
        "sql_conn_id": None,
        "parameters": None,
        "watermark": None,
        "mapping": None,
        "key": "email",
        "json_schema": None,
        "upsert": False,
        "writes": None,
        "values": None,
        "status_actions": None,
        "max_failures": 0,
        "guards": None,
        "ledger": None,
        "state": None,
        "lists": None,
        "verify": False,
    }
)
"""Keyword of the operators that becomes a setting → what it is unless it is given."""


def settings_of_keywords(
    given: Mapping[str, Any], *, has_records: bool, replay: FromLedger | None = None
) -> Settings:
    """Return the settings of keywords that were not given to a task.

    :param given: some of :data:`KEYWORDS`, as plain data: a mapping of its fields for a value object.
    :param has_records: whether records are handed in.
    :param replay: the run that is sent again or undone; None for none.
    :raises ValueError: if a value object cannot be made of what was given for it.
    """
    task = SimpleNamespace(**{**KEYWORDS, **given})
    for keyword in VALUE_OBJECTS:
        setattr(task, keyword, value_object(keyword, getattr(task, keyword)))
    task.records = () if has_records else None
    task.replay, task.schema_folder = replay, None
    task.is_dry_run = False
    return settings_of(task, is_rendered=True)


def settings_of(task: Any, *, is_rendered: bool) -> Settings:
    """Return the settings of a task.

    :param task: the operator, or anything with its attributes.
    :param is_rendered: False for those of a DAG file: what a template or another task's output will give is
        taken to be valid.
    """
    known = _as_it_is if is_rendered else _known
    # What a mapping may say depends on the key.
    is_key_known = is_rendered or not is_open(_templates(task.key))
    return Settings(
        source=Source(
            has_records=task.records is not None,
            query=Query(known(task.sql, "…"), known(task.sql_conn_id, "…"), known(task.parameters, ())),
            replay=_replay(task.replay, known) if task.replay else None,
            watermark=task.watermark,
        ),
        key=Key(**_fields(task.key, known)) if isinstance(task.key, Options) else Key(known(task.key, "…")),
        mapping=known(task.mapping, None) if is_key_known else None,
        json_schema=task.json_schema if is_rendered else _known_schema(task.json_schema),
        schema_folder=task.schema_folder,
        upsert=task.upsert,
        writes=Writes(**_fields(task.writes, known)),
        values=Values(**_fields(task.values, known)),
        status_actions=task.status_actions,
        max_failures=task.max_failures,
        guards=Guards(**_fields(task.guards, known)),
        ledger=None if task.ledger is None else _ledger(task.ledger, known),
        state=None if task.state is None else _state(task.state, known),
        lists=None if task.lists is None else _lists(task.lists, known),
        verify=task.verify,
        dry_run=is_true(known(task.is_dry_run, False)),
    )


def _replay(given: Any, known: Callable[[Any, Any], Any]) -> Replay:
    """Return what is sent again, or undone.

    :param given: a value object.
    :param known: returns a value if it is known, or else another one.
    """
    from airflow_provider_hubcontact.job.settings.replay import Replay

    fields = given.fields()
    del fields["among"]
    for name in given.template_fields:
        if fields[name] is not None:
            fields[name] = known(fields[name], "…")
    return Replay(**fields)


def _ledger(given: Any, known: Callable[[Any, Any], Any]) -> Ledger:
    """Return the settings of a ledger.

    :param given: its path, or a value object.
    :param known: returns a value if it is known, or else another one.
    """
    from airflow_provider_hubcontact.job.settings.ledger import Ledger

    if not isinstance(given, LedgerOption):
        return Ledger(known(given, "…"))
    return Ledger(known(given.path, "…"), given.values)


def _state(given: Any, known: Callable[[Any, Any], Any]) -> State:
    """Return the settings of a state.

    :param given: its path, or a value object.
    :param known: returns a value if it is known, or else another one.
    :raises ValueError: if ``refresh`` is neither true nor false.
    """
    from airflow_provider_hubcontact.job.settings.state import State

    if not isinstance(given, StateOption):
        return State(known(given, _SOME_STATE))
    fields = given.fields()
    refresh = is_true(known(fields.pop("refresh"), False), "state.refresh")
    fields["on_removed"] = known(fields["on_removed"], _SOME_VALUES)
    return State(known(fields.pop("path"), _SOME_STATE), refresh, **fields)


def _lists(given: Any, known: Callable[[Any, Any], Any]) -> Lists:
    """Return the settings of lists.

    :param given: the name of a list, or a value object.
    :param known: returns a value if it is known, or else another one.
    """
    from airflow_provider_hubcontact.job.settings.lists import Lists

    if not isinstance(given, ListsOption):
        return Lists(known(given, "…"))
    fields = given.fields()
    named = {name: known(fields.pop(name), "…") for name in given.template_fields}
    return Lists(**named, **fields)


def is_true(value: object, name: str = "dry_run") -> bool:
    """Read a setting that a template may have rendered to text.

    :param name: of the setting.
    :raises ValueError: if it is neither true nor false.
    """
    text = str(value).strip().lower()
    if text not in {"true", "false", "1", "0", ""}:
        raise ValueError(f"{name} must be true or false, not {value!r:.100}")
    return text in {"true", "1"}


def _as_it_is(value: Any, _: Any) -> Any:
    return value


def _known_schema(schema: Any) -> Any:
    """Return the JSON Schema of a DAG file, or another one for what a template or a function will give."""
    return "{}" if is_open(schema) or callable(schema) else schema


def _known(value: Any, otherwise: Any) -> Any:
    """Return a value of a DAG file, or another one in its place if it is known only when the task runs."""
    return otherwise if is_open(value) else value


def is_open(value: object) -> bool:
    """Check whether a value is known only when a task runs: a template, or another task's output."""
    if isinstance(value, str):
        return any(mark in value for mark in JINJA)
    if value is None or isinstance(value, bool | int | float):  # the first look for a Mapping is slow
        return False
    if isinstance(value, Mapping):
        return any(map(is_open, (*value, *value.values())))
    if isinstance(value, list | tuple):
        return any(map(is_open, value))
    return hasattr(value, "iter_references")


def unrendered(task: Any) -> Iterator[str]:
    """Yield a sentence for each template that Airflow does not render: of mappings, it renders the values.

    :param task: the operator, or anything with its attributes.
    """
    writes, values = task.writes or WritesOption(), task.values or ValuesOption()
    for setting, names in (
        ("mapping", task.mapping),
        ("state.on_removed", getattr(task.state, "on_removed", None)),
        ("writes.properties", writes.properties),
        ("writes.create_properties", writes.create_properties),
        ("values.booleans", values.booleans),
    ):
        for name in names if names and isinstance(names, Mapping) else ():
            if isinstance(name, str) and is_open(name):
                yield f"{setting}: Airflow renders values, not names: {name!r:.100}"
    if isinstance(values.null_texts, list | tuple) and is_open(values.null_texts):
        yield "values.null_texts is not rendered: a template in it would be a text like any other"


def _templates(value: object) -> object:
    """Return what of a setting is rendered."""
    if not isinstance(value, Options):
        return value
    return {name: field for name, field in value.fields().items() if name in value.template_fields}


def _fields(options: Options | None, known: Callable[[Any, Any], Any]) -> dict[str, Any]:
    """Return the fields of a value object that are known; those whose template is open have their default.

    A field that Airflow does not render is known: a template in it would stay text.
    """
    if options is None:
        return {}
    rendered = options.template_fields
    fields = {
        name: known(value, _OPEN) if name in rendered else value for name, value in options.fields().items()
    }
    return {name: value for name, value in fields.items() if value is not _OPEN}


_OPEN = object()


_SOME_STATE = "sql://conn_id/table"


_SOME_VALUES = {"the property": "the value"}
"""In the place of values that are known when the task runs; no property has such a name."""
