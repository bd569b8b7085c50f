"""From a source row to a record: mapping, key, HubSpot's text form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

from airflow_provider_hubcontact.printable import printable
from airflow_provider_hubcontact.sync.outcome import Outcome, Result
from airflow_provider_hubcontact.sync.values import (
    JSON,
    MAX_TEXT_LENGTH,
    TimeForm,
    Unholdable,
    changed,
    checked,
    is_nan,
    json,
    millis,
    number,
    plain,
    text,
    type_of,
)

MAX_EMAIL_LENGTH = 320
"""Characters of the longest address: 64 before the @, 255 after it (RFC 3696)."""


class Nulls(StrEnum):
    """What an empty value of the source does to the property."""

    IGNORE = "ignore"
    CLEAR = "clear"


class Coercion(NamedTuple):
    """A value that was changed on its way.

    :param property: what it is for.
    :param how: what happened to it.
    :param source: as it was.
    :param written: the text that it has become.
    """

    property: str
    how: str
    source: str
    written: str


class Record(NamedTuple):
    """One row in HubSpot's terms.

    :param row: number of the source row, from 1.
    :param key: value that identifies the contact, trimmed; an address is lower-cased.
    :param properties: property name → text form; ``""`` clears the property.
    :param document: property name → JSON value: what a JSON Schema sees.
    :param timestamp: when the values were set, in milliseconds since 1970 (legacy API only).
    :param before: values that the contact must still have for the record to be written; None for any.
    :param coercions: what was changed about the source's values.
    :param digest: of the record that a planned one was made from.
    """

    row: int
    key: str
    properties: Mapping[str, str]
    document: Mapping[str, JSON] = MappingProxyType({})
    timestamp: int | None = None
    before: Mapping[str, str | None] | None = None
    coercions: Sequence[Coercion] = ()
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class Shape:
    """How rows become records.

    :param key: column whose value identifies the contact.
    :param id_property: HubSpot property that the key is a value of.
    :param mapping: column → property; columns that it does not name are not sent.
        None sends every column under its own name.
    :param nulls: whether None is left out or clears the property.
    :param time_form: how datetimes are written.
    :param timestamp: column that says when the row's values were set.
    :param unsent: columns that are not sent unless the mapping names them.
    """

    key: str = "email"
    id_property: str = "email"
    mapping: Mapping[str, str] | None = None
    nulls: Nulls = Nulls.IGNORE
    time_form: TimeForm = TimeForm.ISO
    timestamp: str | None = None
    unsent: frozenset[str] = frozenset()

    def record(self, row: int, source: object) -> Record | Result:
        """Shape one row.

        :param row: its number, from 1.
        :param source: the row, a mapping of column names to values.
        :return: the record, or an ``invalid`` result that names everything wrong with the row.
        """
        if isinstance(source, Record):
            return source
        if not isinstance(source, Mapping):
            return _invalid(
                row, "", "NOT_A_MAPPING", f"a record maps columns to values, this is a {type_of(source)}"
            )
        try:
            key = self._key(source)
        except Unholdable as error:
            return _invalid(row, "", "KEY", str(error), (self.key,))
        return self._properties(row, key, source)

    def key_of(self, source: object) -> str | None:
        """Give a row's key alone; None if it has none that can be used."""
        try:
            return self._key(source) if isinstance(source, Mapping) else None
        except Unholdable:
            return None

    @property
    def key_property(self) -> str:
        """The name under which a record's document has the key."""
        return (self.mapping or {}).get(self.key, self.key)

    def _key(self, source: Mapping[Any, object]) -> str:
        if self.key not in source:
            raise Unholdable(f"the row has no column {self.key!r}, which is the key")
        value = plain(source[self.key])
        if isinstance(value, UUID) or (
            isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value()
        ):
            value = str(value) if isinstance(value, UUID) else int(value)
        if value is None:
            raise Unholdable("the key is empty")
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise Unholdable(f"the key is a {type_of(value)}, it must be text or a whole number")
        key = fold(self.id_property, (value if isinstance(value, str) else number(value)).strip())
        if not key:
            raise Unholdable("the key is empty")
        if not key.isprintable():
            raise Unholdable(f"the key has a character that is not printable: {_shorten(key)}")
        limit = MAX_EMAIL_LENGTH if self.id_property == "email" else MAX_TEXT_LENGTH
        if len(key) > limit:
            raise Unholdable(f"the key has {len(key):,} characters, at most {limit:,} are possible")
        return key

    def _properties(self, row: int, key: str, source: Mapping[Any, object]) -> Record | Result:
        properties: dict[str, str] = {}
        document: dict[str, JSON] = {}
        problems: dict[str, str] = {}
        coercions: list[Coercion] = []
        for name, value in self.columns(source):
            try:
                if (cell := self._cell(name, value)) is not None:
                    properties[name], document[name] = cell
                    if how := changed(value):
                        coercions.append(Coercion(name, how, str(value), cell[0]))
            except Unholdable as error:
                problems[printable(str(name))] = str(error)  # half a character cannot be kept anywhere
        try:
            timestamp = self._timestamp(source)
        except Unholdable as error:
            problems[str(self.timestamp)] = str(error)
        if problems:
            reason = "; ".join(f"{name}: {problem}" for name, problem in problems.items())
            return _invalid(row, key, "VALUE", reason, tuple(problems))
        if self.id_property in properties:
            properties[self.id_property] = properties[self.id_property].strip()
            if properties[self.id_property] == key:
                del properties[self.id_property]
        document.setdefault(self.key_property, key)
        return Record(row, key, properties, document, timestamp, coercions=tuple(coercions))

    def columns(self, source: Mapping[Any, object]) -> list[tuple[str, object]]:
        """Give the row's values with the names of the properties that they are for."""
        if self.mapping is not None:
            return [(name, source[column]) for column, name in self.mapping.items() if column in source]
        own = {self.key, self.timestamp, *self.unsent}
        return [(column, value) for column, value in source.items() if column not in own]

    def _cell(self, name: object, value: object) -> tuple[str, JSON] | None:
        """Give the text and the JSON form of a value, or None if it is left out."""
        if not isinstance(name, str):
            raise Unholdable(f"a {type_of(name)} is no name of a property")
        if not name.isascii():
            checked(name)
        if type(value) is str:  # most values are such, and need no more
            written = checked(value)
            return (fold(name, written) if name == "email" else written), value
        if (value := plain(value)) is not None:
            return fold(name, text(value, self.time_form)), json(value)
        # A source that knows no new key does not take the contact's key away.
        return ("", None) if self.nulls is Nulls.CLEAR and name != self.id_property else None

    def _timestamp(self, source: Mapping[Any, object]) -> int | None:
        value = source.get(self.timestamp) if self.timestamp else None
        if value is None:
            return None
        if isinstance(value, datetime) and not is_nan(value):
            return millis(value)
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63:
            return value
        raise Unholdable(f"a timestamp is a datetime or milliseconds, this is a {type_of(value)}")


def fold(name: str, value: str) -> str:
    """Trim and lower-case an address, as HubSpot stores it; leave any other value alone.

    ``lower`` and not ``casefold``: the latter turns ``ß`` into ``ss``, which is another address.
    """
    return value.strip().lower() if name == "email" else value


def _invalid(row: int, key: str, category: str, reason: str, properties: tuple[str, ...] = ()) -> Result:
    return Result(row, key, Outcome.INVALID, category=category, reason=reason, properties=properties)


def _shorten(value: str, length: int = 80) -> str:
    return repr(value if len(value) <= length else value[:length] + "…")
