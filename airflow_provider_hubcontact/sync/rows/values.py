# SPDX-License-Identifier: Apache-2.0
"""Turns values of the source into HubSpot's texts, and into what a JSON Schema sees."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any
from uuid import UUID

from airflow_provider_hubcontact.printable import printable
from airflow_provider_hubcontact.sync.model.record import JSON

MAX_TEXT_LENGTH = 65_536
"""Characters that a text property holds (knowledge base, "Property field types in HubSpot")."""


MAX_DIGITS = 400
"""Digits of a number, before or after the point; the largest double has 309."""


MAX_BITS = 1_330
"""Bits of a whole number that may have so many digits; a larger one is refused unseen."""


MAX_ITEMS = 5_000
"""Items of a list: an enumeration has no more options (knowledge base, "Property field types in HubSpot")."""


class TimeForm(StrEnum):
    """How a datetime is written: ISO 8601 in UTC, or milliseconds since 1970."""

    ISO = "iso"
    MILLIS = "millis"


class UnsupportedValue(Exception):
    """A value that no HubSpot property can hold."""


@dataclass(frozen=True, slots=True)
class UnreadableValue:
    """Stands for a value that could not be read from the source.

    :param reason: why.
    """

    reason: str


def plain(value: Any, missing: list[str] | None = None) -> Any:  # noqa: ANN401 - of any class at all
    """Return the plain Python value that a value of any class stands for, or a list of such values.

    Subclasses (``markupsafe.Markup``, ``pandas.Timestamp``), enumerations and values of numpy are converted
    by the methods of Python's own classes, since those of a subclass may do anything.

    :param value: a value of the source. If no property can hold it, it is returned as it is.
    :param missing: gets the name of each NaN, NaT or NA that was found.
    :return: None for None, NaN, NaT and NA.
    :raises UnsupportedValue: if it has too many items, or a list within a list.
    """
    kind = type(value)
    if kind in _OWN:
        return value
    if kind.__name__ in _MISSING and kind.__module__.startswith("pandas."):
        return _none(_MISSING[kind.__name__], missing)
    for base, own in _BASES.items():
        if issubclass(kind, base):
            found = own(value)
            return _none("NaN", missing) if found is None else found
    if issubclass(kind, Enum):
        return plain(value.value, missing)
    for base, (length, items) in _CONTAINERS.items():
        if issubclass(kind, base):
            return _items(length(value), items(value), missing, in_order=base in {list, tuple})
    return _of_numpy(value, missing)


def text(value: object, time_form: TimeForm) -> str:
    """Return a plain value in HubSpot's text form ("Properties" guide: every value is text).

    :param value: what :func:`plain` returned.
    :param time_form: how a datetime is written.
    :raises UnsupportedValue: if a property cannot hold it.
    """
    kind = type(value)
    if write := _WRITERS.get(kind):
        return write(value, time_form)
    if isinstance(value, UnreadableValue):
        raise UnsupportedValue(value.reason)
    hint = next((hint for base, hint in _HINTS.items() if issubclass(kind, base)), "")
    raise UnsupportedValue(f"a property cannot hold a {type_of(value)}{hint and f': {hint}'}")


def json(value: object) -> JSON:
    """Return the JSON form of a plain value that a property can hold."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, list):
        return [json(item) for item in value]
    return text(value, TimeForm.ISO)


def changed(value: object) -> str | None:
    """Return what the text form of a plain value loses or assumes, if anything."""
    if not isinstance(value, datetime):
        return None
    if value.tzinfo is None:
        return "a time without a zone is read as UTC"
    return "a time is cut to milliseconds" if value.microsecond % 1_000 else None


def checked(value: str) -> str:
    """Check that a property can hold a text, and return the text.

    :raises UnsupportedValue: if it is too long, or has half a surrogate pair.
    """
    if len(value) > MAX_TEXT_LENGTH:
        raise UnsupportedValue(f"{len(value):,} characters; a property holds at most {MAX_TEXT_LENGTH:,}")
    if value.isascii():
        return value
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise UnsupportedValue("half of a surrogate pair, which is not a character") from error
    return value


def number(value: float | Decimal) -> str:
    """Return the text of a number, without exponent.

    :raises UnsupportedValue: if it is not finite, or too long.
    """
    too_long = f"a number of more than {MAX_DIGITS} digits"
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        raise UnsupportedValue(too_long)
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not exact.is_finite():
        raise UnsupportedValue("not a finite number")
    if abs(exact.adjusted()) > MAX_DIGITS or len(exact.as_tuple().digits) > MAX_DIGITS:
        raise UnsupportedValue(too_long)
    return format(exact, "f").removesuffix(".0")


def millis(moment: datetime) -> int:
    """Return a time as milliseconds since 1970."""
    return (_utc(moment) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def iso(moment: datetime) -> str:
    """Return a time as ISO 8601 in UTC, with milliseconds."""
    return _utc(moment).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def type_of(value: object) -> str:
    """Return the name of a value's type, for people."""
    return "null" if value is None else printable(type(value).__name__, 80)


def _utc(moment: datetime) -> datetime:
    """Return a datetime in UTC, which HubSpot stores; one without a zone is read as UTC."""
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError as error:
        raise UnsupportedValue("a time outside the years 1 to 9999 in UTC") from error


def _none(name: str, missing: list[str] | None) -> None:
    if missing is not None:
        missing.append(name)


def _items(count: int, items: Iterable[object], missing: list[str] | None, *, in_order: bool) -> list[Any]:
    """Return the plain values of a list, without those that are None."""
    _check_count(count)
    found: list[Any] = []
    for item in items:
        value = plain(item, missing)
        if isinstance(value, list):  # at once: lists of lists of lists are more work than any row is worth
            raise UnsupportedValue("a property cannot hold a list within a list")
        if value is not None:
            found.append(value)
    return found if in_order else sorted(found, key=lambda each: text(each, TimeForm.ISO))


def _check_count(count: int) -> None:
    if count > MAX_ITEMS:
        raise UnsupportedValue(f"{count:,} items; a property holds at most {MAX_ITEMS:,}")


def _of_numpy(value: Any, missing: list[str] | None) -> Any:  # noqa: ANN401 - same
    """Return the plain value of a scalar or a list of numpy or pandas, which are not imported."""
    dimensions, kind = getattr(value, "ndim", None), getattr(getattr(value, "dtype", None), "kind", None)
    if type(dimensions) is not int or dimensions not in {0, 1} or not isinstance(kind, str):
        return value
    if dimensions == 0 and kind == "f":  # whose item may be of its own class
        return plain(float(value), missing)
    if dimensions == 1:
        _check_count(int(value.shape[0]))
    found = _item(value, kind)
    if found is None:
        return _none("NaT", missing)
    return found if type(found) is type(value) else plain(found, missing)


def _item(value: Any, kind: str) -> Any:  # noqa: ANN401 - same
    """Let numpy or pandas convert a scalar or a list of theirs."""
    if kind == "M" and not hasattr(value.dtype, "tz"):  # of nanoseconds, which would become a number
        value = value.astype("datetime64[us]")
    return value.tolist()


def _float(value: float) -> float | None:
    own = float.__float__(value)
    return None if own != own else own  # noqa: PLR0124 - NaN differs from itself


def _decimal(value: Decimal) -> Decimal | None:
    own = Decimal(value)
    return None if own.is_nan() else own


def _datetime(value: datetime) -> datetime | None:
    if value != value:  # noqa: PLR0124 - NaT differs from itself
        return None
    moment = datetime.combine(datetime.date(value), datetime.timetz(value))
    if moment.year != value.year:  # pandas knows years that Python does not
        raise UnsupportedValue("a time outside the years 1 to 9999 in UTC")
    return moment


def _time(value: time) -> time:
    return datetime.combine(date.min, value).timetz()


def _join(values: Sequence[object], time_form: TimeForm) -> str:
    # A blank one is no option: in front of others, its semicolon would add them to what the contact has.
    options = [option for value in values if (option := text(value, time_form)).strip()]
    if any(";" in option for option in options):
        raise UnsupportedValue("an option with a semicolon, which separates options")
    return checked(";".join(options))


_OWN = frozenset({str, int, bool, type(None), datetime, date, time, UUID})
"""Python's own classes that have no NaN or the like."""


_MISSING: Mapping[str, str] = {"NaTType": "NaT", "NAType": "NA"}
"""Class of pandas → the usual name of its only value."""


_BASES: Mapping[type, Callable[[Any], Any]] = {
    float: _float,
    Decimal: _decimal,
    str: str.__str__,
    int: int.__int__,
    datetime: _datetime,
    date: lambda value: date.fromordinal(date.toordinal(value)),
    time: _time,
    UUID: lambda value: UUID(int=value.int),
}
"""Class → converts a value of a subclass; None for NaN. The first class that fits counts."""


_CONTAINERS: Mapping[type, tuple[Callable[[Any], int], Callable[[Any], Iterable[object]]]] = {
    list: (list.__len__, list.__iter__),
    tuple: (tuple.__len__, tuple.__iter__),
    set: (set.__len__, set.__iter__),
    frozenset: (frozenset.__len__, frozenset.__iter__),
}


_WRITERS: Mapping[type, Callable[[Any, TimeForm], str]] = {
    str: lambda value, _: checked(value),
    bool: lambda value, _: "true" if value else "false",
    **dict.fromkeys((int, float, Decimal), lambda value, _: number(value)),
    datetime: lambda value, form: str(millis(value)) if form is TimeForm.MILLIS else iso(value),
    **dict.fromkeys((date, time), lambda value, _: value.isoformat()),
    UUID: lambda value, _: str(value),
    list: _join,
}
"""Class of a plain value → returns its text form."""


_HINTS: Mapping[type | tuple[type, ...], str] = {
    Mapping: "send one of its fields",
    (bytes, bytearray, memoryview): "make it text in the source",
    timedelta: "send a number of days or seconds",
}
