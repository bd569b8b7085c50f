# SPDX-License-Identifier: Apache-2.0
"""Turns the state of a portal into JSON values and back: records with history, properties, groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from functools import cache
from itertools import chain
from typing import Any, get_type_hints

from airflow_provider_hubcontact.sandbox.crm.object_types import TYPES
from airflow_provider_hubcontact.sandbox.crm.portal import Portal
from airflow_provider_hubcontact.sandbox.crm.properties.definitions import Definition, Group, Option
from airflow_provider_hubcontact.sandbox.crm.properties.rules import Rule
from airflow_provider_hubcontact.sandbox.crm.record import Record, Write
from airflow_provider_hubcontact.sandbox.crm.records.collection import Collection
from airflow_provider_hubcontact.sandbox.crm.times import MAX_TIME

Json = dict[str, Any]

MAX_DIGITS = 19
"""The most digits of a record's id, so that SQLite can hold it as a number."""

_RECORD = tuple(field.name for field in fields(Record) if field.name != "writes")
_DEFINITION = tuple(field.name for field in fields(Definition) if field.init)


class InvalidState(ValueError):
    """The value is not a valid state of a portal; the message says why."""


def dump(portal: Portal) -> Json:
    """Return the state of a portal as JSON values."""
    return {
        "nextId": portal.next_id,
        "associations": portal.associations.dump(),
        "lists": portal.lists.dump(),
        **dump_frame(portal),
        **{
            each.kind.plural: [
                {**dump_record(record), "writes": [list(write) for write in record.writes]}
                for record in each.everything()
            ]
            for each in portal.collections.values()
        },
    }


def dump_frame(portal: Portal) -> Json:
    """Return the state without the records, their ids, associations and lists."""
    collections = portal.collections.values()
    return {
        "blocked": {each.kind.plural: sorted(each.blocked) for each in collections},
        "groups": {
            each.kind.plural: [asdict(group) for group in each.groups.values()] for each in collections
        },
        "properties": {
            each.kind.plural: [
                dump_definition(definition)
                for definition in chain(each.definitions.values(), each.archived_definitions.values())
            ]
            for each in collections
        },
    }


def load(portal: Portal, state: Mapping[str, Any]) -> None:
    """Restore a state that :func:`dump` returned. If it is not valid, the present state stays.

    :param portal: the portal.
    :param state: the state.
    :raises InvalidState: if it is not valid.
    """
    try:
        records = [load_record(each, each["writes"]) for kind in TYPES for each in state[kind.plural]]
        restore(portal, state, records, state["nextId"])
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
        raise InvalidState(f"This is not a state of a portal: {reason(error)}") from error


def reason(error: Exception) -> str:
    """Return why values are not a state, as a sentence and not as Python's name of the error.

    :param error: what was raised when they were read.
    """
    if isinstance(error, KeyError):
        return f"{error.args[0]} is missing, or unknown."
    if isinstance(error, TypeError | AttributeError):
        return f"a part of it has another form: {error}"
    return str(error)


def restore(portal: Portal, frame: Mapping[str, Any], records: Iterable[Record], next_id: int) -> None:
    """Restore a portal from the parts of its state.

    :param portal: the portal.
    :param frame: what :func:`dump_frame` returned, and the associations and lists.
    :param records: the records of all types.
    :param next_id: id of the next record that is created.
    :raises ValueError: if the parts do not fit together.
    :raises KeyError: if a type is unknown, or missing.
    """
    by_type: dict[str, list[Record]] = {kind.id: [] for kind in TYPES}
    for record in records:
        by_type[record.type].append(record)
    collections = []
    for kind in TYPES:
        definitions = [load_definition(each) for each in frame["properties"][kind.plural]]
        groups = [Group(**each) for each in frame["groups"][kind.plural]]
        for group in groups:
            _check(group)
        blocked = [_text(each) for each in frame["blocked"][kind.plural]]
        empty = portal.collection(kind)
        _typed(next_id, int)
        records_of = by_type[kind.id]
        collections.append(
            Collection.of(empty, records_of, definitions, groups=groups, blocked=blocked, next_id=next_id)
        )
    portal.restore(collections, frame["associations"], frame["lists"], next_id)


def dump_record(record: Record) -> Json:
    """Return a record as JSON values, without its history."""
    return {name: getattr(record, name) for name in _RECORD}


def load_record(values: Mapping[str, Any], writes: Iterable[Iterable[Any]]) -> Record:
    """Make a record of JSON values.

    :raises ValueError: if they are not valid.
    """
    record = Record(**{name: values[name] for name in _RECORD})
    _check(record)
    if not (record.id.isascii() and record.id.isdigit() and len(record.id) < MAX_DIGITS):
        raise ValueError(f"The id of a record is a number, not {record.id!r}.")
    _moments(record.created_at, record.updated_at, record.archived_at)
    record.properties = _texts(record.properties)
    record.writes = [_load_write(*each) for each in writes]
    return record


def dump_definition(definition: Definition) -> Json:
    """Return a property as JSON values."""
    whole = asdict(definition)
    lists = {name: list(whole[name]) for name in ("options", "rules")}
    return {name: whole[name] for name in _DEFINITION} | lists


def load_definition(values: Mapping[str, Any]) -> Definition:
    """Make a property of JSON values.

    :raises ValueError: if they are not valid.
    """
    options = tuple(Option(**option) for option in values["options"])
    for option in options:
        _check(option)
    rules = tuple(Rule(each["type"], tuple(map(_text, each["arguments"]))) for each in values["rules"])
    definition = Definition(**{**values, "options": options, "rules": rules})
    _check(definition)
    _moments(definition.created_at, definition.updated_at, definition.archived_at)
    return definition


def _load_write(
    values: Mapping[str, Any],
    timestamp: int,
    timestamps: Mapping[str, Any],
    source: str,
    source_id: str,
) -> Write:
    _moments(timestamp, *timestamps.values())
    return Write(_texts(values), timestamp, dict(timestamps), _typed(source, str), _typed(source_id, str))


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {_typed(name, str): _typed(value, str) for name, value in values.items()}


def _text(value: Any) -> str:  # noqa: ANN401 - any JSON
    text: str = _typed(value, str)
    return text


def _check(record: Record | Definition | Group | Option) -> None:
    """Check the type of every value."""
    record_type: type = type(record)
    for name, kind in _plain_fields(record_type).items():
        _typed(getattr(record, name), kind)


@cache
def _plain_fields(record: type) -> dict[str, type]:
    hints = get_type_hints(record)
    return {name: kind for name, kind in hints.items() if kind in {str, int, bool}}


def _moments(*values: int) -> None:
    for value in values:
        if not 0 <= _typed(value, int) <= MAX_TIME:
            raise ValueError(f"{value} milliseconds since 1970 are not a valid time")


def _typed(value: Any, kind: type) -> Any:  # noqa: ANN401 - any JSON
    if type(value) is not kind:
        raise ValueError(f"{value!r} is not of type {kind.__name__}")
    return value
