"""Value objects of the operators' keywords.

Airflow renders the templates in them, and shows them in its pages. A task keeps a copy of what it was given:
one object may stand in the ``default_args`` of many tasks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from inspect import signature
from typing import Any, Self

from airflow_provider_hubcontact.printable import printable

__all__ = ["FromLedger", "Guards", "Key", "Ledger", "Writes"]


class Options:
    """What a keyword has to say, field by field."""

    template_fields: Sequence[str] = ()
    origin: object = None
    """What the DAG file has, of which this is a copy."""

    @classmethod
    def of(cls, keyword: str, value: object) -> Self:
        """Return a copy of what a task was given for a keyword.

        :param keyword: of the operator.
        :param value: an object of this class, or a mapping of its fields.
        :raises ValueError: if it is neither, or has a field that there is not, or lacks one.
        """
        if isinstance(value, cls):
            return value.copy()
        if isinstance(value, Mapping):
            return cls._of_fields(keyword, value)
        raise ValueError(f"{keyword} is {cls.__name__}(…), or a mapping of its fields, not {value!r:.100}")

    @classmethod
    def _of_fields(cls, keyword: str, value: Mapping[str, Any]) -> Self:
        fields = signature(cls).parameters
        if odd := [f"{name:.100}" for name in map(str, value) if name not in fields]:
            raise ValueError(f"{keyword} has the fields {', '.join(fields)}, not {nearest(odd[0], fields)}")
        needed = [name for name, field in fields.items() if field.default is field.empty]
        if lacking := [name for name in needed if name not in value]:
            raise ValueError(f"{keyword} needs the field {lacking[0]}")
        made = cls(**value)
        made.origin = value
        return made

    def copy(self) -> Self:
        """Return an object with the same fields."""
        copied = type(self)(**self.fields())
        copied.origin = self if self.origin is None else self.origin
        return copied

    def fields(self) -> dict[str, Any]:
        """Return the fields by their names."""
        return {name: getattr(self, name) for name in signature(type(self)).parameters}

    def serialize(self) -> dict[str, Any]:
        """Return the fields that differ from their defaults, or all if none does: for Airflow's pages."""
        usual, fields = signature(type(self)).parameters, self.fields()
        return {name: value for name, value in fields.items() if value != usual[name].default} or fields

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self.serialize().items())
        return f"{type(self).__name__}({fields})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Options) and type(self) is type(other) and self.fields() == other.fields()

    __hash__ = None  # type: ignore[assignment]


class Key(Options):
    """Which contact a row is about.

    :param column: whose value identifies the contact. (templated)
    :param property: that the value is one of: ``email``, ``hs_object_id`` for record ids, or a unique
        property. (templated)
    :param becomes: column with the value that the property is to get instead: a new address. (templated)
    """

    template_fields = ("column", "property", "becomes")

    def __init__(self, column: str = "email", property: str = "email", becomes: str | None = None) -> None:  # noqa: A002 - the field's word
        self.column = column
        self.property = property
        self.becomes = becomes


class Writes(Options):
    """How values are written.

    :param nulls: ``ignore`` leaves empty values out, ``clear`` clears the property.
    :param duplicates: ``last``: rows with one key are written in their order; ``reject``: the later ones are
        invalid, wherever they are.
    :param stages: what happens when a lifecycle stage would go back: ``reject`` the record, ``keep`` the
        stage and write the rest, or ``reset`` it: clear, then set.
    :param properties: property → ``overwrite`` (default), ``fill_empty`` to leave a value alone that the
        contact has, or ``append`` to add to multiple checkboxes. (templated)
    :param create_properties: True to create properties that the portal lacks, with types guessed from the
        first records; or property → definition to create just these. (templated)
    :param timestamp: column that says when the row's values were set; legacy API only. (templated)
    """

    template_fields = ("properties", "create_properties", "timestamp")

    def __init__(
        self,
        *,
        nulls: str = "ignore",
        duplicates: str = "last",
        stages: str = "reject",
        properties: Mapping[str, str] | None = None,
        create_properties: bool | Mapping[str, Mapping[str, Any]] = False,
        timestamp: str | None = None,
    ) -> None:
        self.nulls = nulls
        self.duplicates = duplicates
        self.stages = stages
        self.properties = properties
        self.create_properties = create_properties
        self.timestamp = timestamp


class Guards(Options):
    """What a run may do at most. If it would do more, nothing is written.

    :param changes: contacts that may be changed: a count, or a share of the rows below 1.
    :param creates: contacts that may be created, likewise.
    """

    def __init__(self, changes: float | None = None, creates: float | None = None) -> None:
        self.changes = changes
        self.creates = creates


class Ledger(Options):
    """Where every record's result is kept. A retry skips every record that the ledger lists as finished.

    :param path: a folder for JSON lines: a path, ``file://…``, ``s3://…`` and whatever else Airflow's object
        storage knows; or a table, ``sql://conn_id/table``, created if there is none. (templated)
    :param values: keep the records' values too: personal data.
    """

    template_fields = ("path",)

    def __init__(self, path: str, values: bool = False) -> None:
        self.path = path
        self.values = values


class FromLedger(Options):
    """Records of an earlier run that are sent again.

    :param path: of the ledger, or of a folder in it: a run, a task. (templated)
    :param outcomes: outcomes of the records to send again; all but the good ones unless given.
    :param among: records to choose from by their key, such as a task's output; with ``sql`` the query's rows
        are. Without either, the values that the ledger has kept are sent.
    """

    template_fields = ("path",)

    def __init__(self, path: str, outcomes: Sequence[str] | None = None, among: Any = None) -> None:
        self.path = path
        self.outcomes = outcomes
        self.among = among

    def serialize(self) -> dict[str, Any]:
        """Return the fields but for the records, which are personal data."""
        outcomes = {} if self.outcomes is None else {"outcomes": self.outcomes}
        return {"path": self.path, **outcomes}


VALUE_OBJECTS: Mapping[str, type[Options]] = {
    "key": Key,
    "writes": Writes,
    "guards": Guards,
    "ledger": Ledger,
}
"""Keyword → what its fields are."""

_NAMES = frozenset({"key", "ledger"})
"""Keywords of which a plain name says enough."""


def value_object(keyword: str, value: Any) -> Any:
    """Return what a task keeps of a keyword that takes a value object.

    :param keyword: one of :data:`VALUE_OBJECTS`.
    :param value: what was given: an object, a mapping of its fields, or a name where one is enough.
    :return: an object of the task's own; None and a name as they are.
    :raises ValueError: if it is neither.
    """
    is_plain = keyword in _NAMES and not isinstance(value, Options | Mapping)
    return value if value is None or is_plain else VALUE_OBJECTS[keyword].of(keyword, value)


REPLACED: Mapping[str, str] = {
    "id_property": "key=Key(column, property=…)",
    "schema": "json_schema=…",
    "nulls": "writes=Writes(nulls=…)",
    "duplicates": "writes=Writes(duplicates=…)",
    "on_stage_regression": "writes=Writes(stages=…)",
    "mode": "upsert=True",
    "write_modes": "writes=Writes(properties=…)",
    "create_missing_properties": "writes=Writes(create_properties=…)",
    "timestamp": "writes=Writes(timestamp=…)",
    "validate_against_portal": "nothing: values are always checked against the portal",
    "api_version": "api_version in the connection's Extra",
    "ledger_values": "ledger=Ledger(path, values=True)",
    "records_from_ledger": "records=FromLedger(path)",
    "outcomes": "records=FromLedger(path, outcomes=…)",
    "plan": "HubSpotPlanContactsOperator, and HubSpotApplyPlanOperator to apply it",
    "max_changes": "guards=Guards(changes=…)",
    "max_creates": "guards=Guards(creates=…)",
}
"""Keyword of an early version → what is there instead."""


def check_keywords(operator: str, given: Mapping[str, Any]) -> None:
    """Check that no keyword is one that is not there any more.

    :param operator: its class's name.
    :raises TypeError: if one is; it names the new one.
    """
    for name in given:
        if name in REPLACED:
            raise TypeError(f"{operator} has no {name}: use {REPLACED[name]}")


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a name that does not exist, with the nearest one that does.

    :param name: as somebody wrote it.
    :param known: the names that exist.
    """
    from difflib import get_close_matches

    close = get_close_matches(name, known, n=1)
    shown = printable(name, 100)
    return f"{shown} (the nearest is {close[0]})" if close else shown
