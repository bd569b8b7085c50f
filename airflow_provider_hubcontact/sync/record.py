"""From a source row to a record: mapping, key, HubSpot's text form."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

from airflow_provider_hubcontact.sync.outcome import Outcome, Result

MAX_TEXT_LENGTH = 65_536
"""Characters that a text property holds (knowledge base, "Property field types in HubSpot")."""

MAX_EMAIL_LENGTH = 320
"""Characters of the longest address: 64 before the @, 255 after it (RFC 3696)."""

MAX_DIGITS = 400
"""Digits of a number, before or after the point; the largest double has 309."""

JSON = None | bool | int | float | str | list[Any]


class Nulls(StrEnum):
    """What an empty value of the source does to the property."""

    IGNORE = "ignore"
    CLEAR = "clear"


class TimeForm(StrEnum):
    """How a datetime is written: ISO 8601 in UTC, or milliseconds since 1970."""

    ISO = "iso"
    MILLIS = "millis"


class Record(NamedTuple):
    """One row in HubSpot's terms.

    :param row: number of the source row, from 1.
    :param key: value that identifies the contact, trimmed; an address is lower-cased.
    :param properties: property name → text form; ``""`` clears the property.
    :param document: property name → JSON value: what a JSON Schema sees.
    :param timestamp: when the values were set, in milliseconds since 1970 (legacy API only).
    :param before: values that the contact must still have for the record to be written; None for any.
    """

    row: int
    key: str
    properties: Mapping[str, str]
    document: Mapping[str, JSON] = MappingProxyType({})
    timestamp: int | None = None
    before: Mapping[str, str | None] | None = None


class _Unholdable(Exception):
    """A value that no HubSpot property can hold."""


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
    """

    key: str = "email"
    id_property: str = "email"
    mapping: Mapping[str, str] | None = None
    nulls: Nulls = Nulls.IGNORE
    time_form: TimeForm = TimeForm.ISO
    timestamp: str | None = None

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
                row, "", "NOT_A_MAPPING", f"a record maps columns to values, this is a {_type(source)}"
            )
        try:
            key = self._key(source)
        except _Unholdable as error:
            return _invalid(row, "", "KEY", str(error), (self.key,))
        return self._properties(row, key, source)

    def key_of(self, source: object) -> str | None:
        """Give a row's key alone; None if it has none that can be used."""
        try:
            return self._key(source) if isinstance(source, Mapping) else None
        except _Unholdable:
            return None

    @property
    def key_property(self) -> str:
        """The name under which a record's document has the key."""
        return (self.mapping or {}).get(self.key, self.key)

    def _key(self, source: Mapping[Any, object]) -> str:
        if self.key not in source:
            raise _Unholdable(f"the row has no column {self.key!r}, which is the key")
        value = source[self.key]
        if isinstance(value, UUID) or (isinstance(value, Decimal) and value.is_finite() and value % 1 == 0):
            value = str(value) if isinstance(value, UUID) else int(value)
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise _Unholdable(f"the key is a {_type(value)}, it must be text or a whole number")
        key = fold(self.id_property, (value if isinstance(value, str) else _number(value)).strip())
        if not key:
            raise _Unholdable("the key is empty")
        if not key.isprintable():
            raise _Unholdable(f"the key has a character that is not printable: {_shorten(key)}")
        limit = MAX_EMAIL_LENGTH if self.id_property == "email" else MAX_TEXT_LENGTH
        if len(key) > limit:
            raise _Unholdable(f"the key has {len(key):,} characters, at most {limit:,} are possible")
        return key

    def _properties(self, row: int, key: str, source: Mapping[Any, object]) -> Record | Result:
        properties: dict[str, str] = {}
        document: dict[str, JSON] = {}
        problems: dict[str, str] = {}
        for name, value in self.columns(source):
            try:
                if (cell := self._cell(name, value)) is not None:
                    properties[name], document[name] = cell
            except _Unholdable as error:
                problems[str(name)] = str(error)
        try:
            timestamp = self._timestamp(source)
        except _Unholdable as error:
            problems[str(self.timestamp)] = str(error)
        if problems:
            reason = "; ".join(f"{name}: {problem}" for name, problem in problems.items())
            return _invalid(row, key, "VALUE", reason, tuple(problems))
        if self.id_property in properties:
            properties[self.id_property] = properties[self.id_property].strip()
            if properties[self.id_property] == key:
                del properties[self.id_property]
        document.setdefault(self.key_property, key)
        return Record(row, key, properties, document, timestamp)

    def columns(self, source: Mapping[Any, object]) -> list[tuple[str, object]]:
        """Give the row's values with the names of the properties that they are for."""
        if self.mapping is not None:
            return [(name, source[column]) for column, name in self.mapping.items() if column in source]
        own = {self.key, self.timestamp}
        return [(column, value) for column, value in source.items() if column not in own]

    def _cell(self, name: object, value: object) -> tuple[str, JSON] | None:
        """Give the text and the JSON form of a value, or None if it is left out."""
        if not isinstance(name, str):
            raise _Unholdable(f"a {_type(name)} is no name of a property")
        if not name.isascii():
            _checked(name)
        if type(value) is str:  # most values are such, and need no more
            text = _checked(value)
            return (fold(name, text) if name == "email" else text), value
        if value is not None:
            return fold(name, _text(value, self.time_form)), _json(value)
        # A source that knows no new key does not take the contact's key away.
        return ("", None) if self.nulls is Nulls.CLEAR and name != self.id_property else None

    def _timestamp(self, source: Mapping[Any, object]) -> int | None:
        value = source.get(self.timestamp) if self.timestamp else None
        if value is None:
            return None
        if isinstance(value, datetime) and not _is_nan(value):
            return _millis(value)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        raise _Unholdable(f"a timestamp is a datetime or milliseconds, this is a {_type(value)}")


def fold(name: str, value: str) -> str:
    """Trim and lower-case an address, as HubSpot stores it; leave any other value alone.

    ``lower`` and not ``casefold``: the latter turns ``ß`` into ``ss``, which is another address.
    """
    return value.strip().lower() if name == "email" else value


def _text(value: object, time_form: TimeForm) -> str:
    """Write a value as HubSpot's properties take it ("Properties" guide: every value is text)."""
    if isinstance(value, str) and not isinstance(value, Enum):
        return _checked(value)
    if _is_nan(value):
        raise _Unholdable("not a number")
    for kind, write in _WRITERS.items():
        if isinstance(value, kind):
            return write(value, time_form)
    raise _Unholdable(f"a {_type(value)} is nothing that a property can hold")


def _is_nan(value: object) -> bool:
    """Tell NaN, in any of its types, and NaT: the values that differ from themselves."""
    try:
        return bool(value != value)  # noqa: PLR0124
    except ArithmeticError:  # a signaling NaN
        return True
    except (TypeError, ValueError):  # comparing gives neither yes nor no: an array, pandas.NA
        return False


def _checked(value: str) -> str:
    if len(value) > MAX_TEXT_LENGTH:
        raise _Unholdable(f"{len(value):,} characters, a property holds {MAX_TEXT_LENGTH:,}")
    if value.isascii():
        return value
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise _Unholdable("half of a surrogate pair, which is no character") from error
    return value


def _number(value: float | Decimal) -> str:
    number = Decimal(value) if isinstance(value, int | Decimal) else Decimal(repr(float(value)))
    if not number.is_finite():
        raise _Unholdable("not a finite number")
    if abs(number.adjusted()) > MAX_DIGITS or len(number.as_tuple().digits) > MAX_DIGITS:
        raise _Unholdable(f"a number of more than {MAX_DIGITS} digits")
    return format(number, "f").removesuffix(".0")


def _join(values: Sequence[object], time_form: TimeForm) -> str:
    options = [_text(value, time_form) for value in values]
    if any(";" in option for option in options):
        raise _Unholdable("an option with a semicolon, which is what separates options")
    return ";".join(options)


def _millis(moment: datetime) -> int:
    return (_utc(moment) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def _iso(moment: datetime) -> str:
    return _utc(moment).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _utc(moment: datetime) -> datetime:
    """Read a datetime without a zone as UTC, which is what HubSpot stores."""
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError as error:
        raise _Unholdable("a time outside the years 1 to 9999 in UTC") from error


_WRITERS: Mapping[type | tuple[type, ...], Callable[[Any, TimeForm], str]] = {
    Enum: lambda value, form: _text(value.value, form),
    bool: lambda value, _: "true" if value else "false",
    (int, float, Decimal): lambda value, _: _number(value),
    datetime: lambda value, form: str(_millis(value)) if form is TimeForm.MILLIS else _iso(value),
    date: lambda value, _: value.isoformat(),
    UUID: lambda value, _: str(value),
    (list, tuple): _join,
    (set, frozenset): lambda value, form: ";".join(sorted(_join(list(value), form).split(";"))),
}
"""Type → how its values are written; the first that fits. bool is an int, datetime is a date."""


def _json(value: object) -> JSON:
    """Give the JSON form of a value that has a text form."""
    if isinstance(value, Enum):
        return _json(value.value)
    if value is None or isinstance(value, bool):
        return value
    for kind in (str, int, float):  # their subclasses are unknown to JSON
        if isinstance(value, kind):
            return kind(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [_json(item) for item in value]
    return _text(value, TimeForm.ISO)


def _invalid(row: int, key: str, category: str, reason: str, properties: tuple[str, ...] = ()) -> Result:
    return Result(row, key, Outcome.INVALID, category=category, reason=reason, properties=properties)


def _type(value: object) -> str:
    return "null" if value is None else type(value).__name__


def _shorten(value: str, length: int = 80) -> str:
    return repr(value if len(value) <= length else value[:length] + "…")
