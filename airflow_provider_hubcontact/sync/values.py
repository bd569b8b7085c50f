"""A value of the source becomes HubSpot's text, and what a JSON Schema sees."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any
from uuid import UUID

MAX_TEXT_LENGTH = 65_536
"""Characters that a text property holds (knowledge base, "Property field types in HubSpot")."""

MAX_DIGITS = 400
"""Digits of a number, before or after the point; the largest double has 309."""

JSON = None | bool | int | float | str | list[Any]


class TimeForm(StrEnum):
    """How a datetime is written: ISO 8601 in UTC, or milliseconds since 1970."""

    ISO = "iso"
    MILLIS = "millis"


class Unholdable(Exception):
    """A value that no HubSpot property can hold."""


@dataclass(frozen=True, slots=True)
class UnreadableValue:
    """Stands for a value of the source that could not be read.

    :param reason: what is known of it.
    """

    reason: str


def plain(value: Any) -> Any:  # noqa: ANN401 - of numpy and pandas, neither of which is imported
    """Give Python's own value for one of numpy or pandas; None for their missing ones, NaT and NA.

    A float's NaN stays: it may be the outcome of a calculation as well.
    """
    if type(value).__module__.startswith("pandas.") and type(value).__name__ in {"NaTType", "NAType"}:
        return None
    dimensions = getattr(value, "ndim", None)
    if dimensions not in {0, 1} or not hasattr(value, "dtype"):
        return value
    if value.dtype.kind == "M":  # of nanoseconds, which would become a number
        value = value.astype("datetime64[us]")
    return value.item() if dimensions == 0 else value.tolist()


def text(value: object, time_form: TimeForm) -> str:
    """Write a value as HubSpot's properties take it ("Properties" guide: every value is text).

    :raises Unholdable: if it is nothing that a property can hold.
    """
    if isinstance(value, str) and not isinstance(value, Enum):
        return checked(value)
    if is_nan(value):
        raise Unholdable("not a number: give None where there is no value")
    for kind, write in _WRITERS.items():
        if isinstance(value, kind):
            return write(value, time_form)
    if isinstance(value, UnreadableValue):
        raise Unholdable(value.reason)
    for unholdable, hint in _HINTS.items():
        if isinstance(value, unholdable):
            raise Unholdable(f"a {type_of(value)} is nothing that a property can hold: {hint}")
    raise Unholdable(f"a {type_of(value)} is nothing that a property can hold")


def json(value: object) -> JSON:
    """Give the JSON form of a value that has a text form."""
    if isinstance(value, Enum):
        return json(value.value)
    if value is None or isinstance(value, bool):
        return value
    for kind in (str, int, float):  # their subclasses are unknown to JSON
        if isinstance(value, kind):
            return kind(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [json(item) for item in value]
    return text(value, TimeForm.ISO)


def changed(value: object) -> str | None:
    """Tell what writing a value changes about it, if anything."""
    if not isinstance(value, datetime):
        return None
    if value.tzinfo is None:
        return "a time without a zone is read as UTC"
    return "a time is cut to milliseconds" if value.microsecond % 1_000 else None


def checked(value: str) -> str:
    """Give a text that a property can hold.

    :raises Unholdable: if it is too long, or no text.
    """
    if len(value) > MAX_TEXT_LENGTH:
        raise Unholdable(f"{len(value):,} characters, a property holds {MAX_TEXT_LENGTH:,}")
    if value.isascii():
        return value
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise Unholdable("half of a surrogate pair, which is no character") from error
    return value


def number(value: float | Decimal) -> str:
    """Write a number without exponent.

    :raises Unholdable: if it is not finite, or too long.
    """
    exact = Decimal(value) if isinstance(value, int | Decimal) else Decimal(repr(float(value)))
    if not exact.is_finite():
        raise Unholdable("not a finite number")
    if abs(exact.adjusted()) > MAX_DIGITS or len(exact.as_tuple().digits) > MAX_DIGITS:
        raise Unholdable(f"a number of more than {MAX_DIGITS} digits")
    return format(exact, "f").removesuffix(".0")


def millis(moment: datetime) -> int:
    """Give milliseconds since 1970."""
    return (_utc(moment) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def iso(moment: datetime) -> str:
    """Write a time in UTC."""
    return _utc(moment).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def is_nan(value: object) -> bool:
    """Tell NaN, in any of its types: the values that differ from themselves."""
    try:
        return bool(value != value)  # noqa: PLR0124
    except ArithmeticError:  # a signaling NaN
        return True
    except (TypeError, ValueError):  # comparing gives neither yes nor no
        return False


def type_of(value: object) -> str:
    """Name a value's type for people."""
    return "null" if value is None else type(value).__name__


def _utc(moment: datetime) -> datetime:
    """Read a datetime without a zone as UTC, which is what HubSpot stores."""
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError as error:
        raise Unholdable("a time outside the years 1 to 9999 in UTC") from error


def _join(values: Sequence[object], time_form: TimeForm) -> str:
    options = [text(plain(value), time_form) for value in values]
    if any(";" in option for option in options):
        raise Unholdable("an option with a semicolon, which is what separates options")
    return ";".join(options)


_WRITERS: Mapping[type | tuple[type, ...], Callable[[Any, TimeForm], str]] = {
    Enum: lambda value, form: text(value.value, form),
    bool: lambda value, _: "true" if value else "false",
    (int, float, Decimal): lambda value, _: number(value),
    datetime: lambda value, form: str(millis(value)) if form is TimeForm.MILLIS else iso(value),
    (date, time): lambda value, _: value.isoformat(),
    UUID: lambda value, _: str(value),
    (list, tuple): _join,
    (set, frozenset): lambda value, form: ";".join(sorted(_join(list(value), form).split(";"))),
}
"""Type → how its values are written; the first that fits. bool is an int, datetime is a date."""

_HINTS: Mapping[type | tuple[type, ...], str] = {
    Mapping: "send the field of it that is meant",
    (bytes, bytearray, memoryview): "make it text in the source",
    timedelta: "send a number of days or seconds",
}
