# SPDX-License-Identifier: Apache-2.0
"""Compares values with those that HubSpot stores, which may have another form."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from airflow_provider_hubcontact.sync.rows.keys import EMAIL, SECOND_ADDRESSES, addresses, lower_case

SHORTEST_PHONE = 6
"""A phone number must have so many digits to be recognised by its last ones."""


_PHONE = re.compile(r"[+\d()\s./-]+", re.ASCII)


class Kind(StrEnum):
    """What the values of a property are. HubSpot docs: "Properties" guide, property types."""

    TEXT = "text"
    EMAIL = "email"
    ADDRESSES = "addresses"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    OPTION = "option"
    OPTIONS = "options"
    UNKNOWN = "unknown"


def kind_of(name: str, type_: str, field_type: str) -> Kind:
    """Return the kind of a property.

    :param name: internal name.
    :param type_: HubSpot's type.
    :param field_type: HubSpot's field type.
    """
    if name in _OF_NAMES:
        return _OF_NAMES[name]
    if type_ == "enumeration" and field_type in _OF_ENUMERATIONS:
        return _OF_ENUMERATIONS[field_type]
    return _OF_TYPES.get(type_, Kind.TEXT)


def same(kind: Kind, wanted: str, stored: str | None) -> bool:
    """Check whether a contact already has a value.

    :param kind: what the values of the property are.
    :param wanted: what would be written; ``;a`` adds an option.
    :param stored: what the contact has; None for nothing.
    """
    has = stored or ""
    if wanted == has:
        return True
    if not wanted or not has:
        return False
    if kind is Kind.OPTIONS and wanted.startswith(";"):
        return _options(wanted) <= _options(has)
    if kind is Kind.UNKNOWN:  # a text without a time may only look like a moment
        return "T" in wanted and "T" in has and _moment(wanted) == _moment(has)
    canonical = _CANONICAL.get(kind)
    return canonical is not None and canonical(wanted) == canonical(has)


def kept(kind: Kind, wanted: str, old: str | None, shown: str | None) -> bool:
    """Check whether HubSpot still shows the old value of a property, and not the one that was written.

    HubSpot stores some values in a form of its own: trimmed, without a phone number's blanks, rounded. A
    value that only looks different is not taken for the old one.

    :param kind: what the values of the property are.
    :param wanted: what was written; ``;a`` adds an option.
    :param old: what the contact had before.
    :param shown: what HubSpot says that it has now.
    """
    return differs(kind, wanted, shown) and same(kind, old or "", shown)


def differs(kind: Kind, wanted: str, shown: str | None) -> bool:
    """Check whether HubSpot shows another value than the one that was written, whatever its form is.

    :param kind: what the values of the property are.
    :param wanted: what was written.
    :param shown: what HubSpot says that the contact has now.
    """
    return not same(kind, wanted, shown) and not any(
        alike(wanted, shown or "") for alike in _ALIKE.get(kind, ())
    )


def is_form_of(kind: Kind, written: str, has: str | None) -> bool:
    """Check whether a contact has just what was written, though maybe in a form of HubSpot's own.

    Unlike :func:`differs` it takes no text for another one: somebody may have corrected a capital letter.

    :param kind: what the values of the property are.
    :param written: what was written, in full.
    :param has: what the contact has now.
    """
    if same(kind, written, has):
        return True
    if not (written and has):
        return False
    if kind in {Kind.TEXT, Kind.UNKNOWN}:
        return written.split() == has.split() or _is_same_phone(written, has)
    return not differs(kind, written, has)


def _is_same_text(one: str, other: str) -> bool:
    """Check whether two texts have the same letters and digits."""
    return _letters(one) == _letters(other)


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


def _is_same_phone(one: str, other: str) -> bool:
    """Check whether two texts are the same phone number, with or without the code of its country."""
    if not (_PHONE.fullmatch(one) and _PHONE.fullmatch(other)):
        return False
    digits = sorted((_letters(each.replace("(0)", "")).lstrip("0") for each in (one, other)), key=len)
    if one.isdecimal() and other.isdecimal():  # the code of a country comes with a plus sign
        return digits[0] == digits[1]
    return len(digits[0]) >= SHORTEST_PHONE and digits[1].endswith(digits[0])


def _is_same_float(one: str, other: str) -> bool:
    try:
        return float(one) == float(other)
    except ValueError:
        return False


def _is_same_day(one: str, other: str) -> bool:
    days = [moment // 86_400_000 for each in (one, other) if isinstance(moment := _moment(each), int)]
    return len(days) == 2 and days[0] == days[1]


def _is_same_day_of_texts(one: str, other: str) -> bool:
    """Check whether two texts are the same day. Two numbers are ids as well as milliseconds."""
    are_numbers = all(map(_MILLISECONDS.fullmatch, (one, other)))
    return not are_numbers and _is_same_day(one, other)


def _number(value: str) -> Hashable:
    """Read a number as HubSpot does. Python reads more: NaN, infinity, ``1_000``, other digits."""
    if not value.isascii() or "_" in value:
        return value
    try:
        number = Decimal(value)
    except InvalidOperation:
        return value
    return number if number.is_finite() else value


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?", re.ASCII)


_MILLISECONDS = re.compile(r"-?\d{1,15}", re.ASCII)


def _moment(value: str) -> Hashable:
    """Read ISO 8601, which is in UTC if it has no zone, or milliseconds since 1970. Return milliseconds."""
    if _MILLISECONDS.fullmatch(value):
        return int(value)
    if not _MOMENT.fullmatch(value):
        return value
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return value
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return round((moment - _EPOCH).total_seconds() * 1_000)


def _options(value: str) -> frozenset[str]:
    return frozenset(filter(None, value.split(";")))


_CANONICAL: Mapping[Kind, Callable[[str], Hashable]] = {
    Kind.EMAIL: lambda value: lower_case(value.strip()),
    Kind.ADDRESSES: lambda value: frozenset(addresses(value)),
    Kind.NUMBER: _number,
    Kind.BOOLEAN: str.lower,
    Kind.DATE: _moment,
    Kind.DATETIME: _moment,
    Kind.OPTIONS: _options,
}
"""Kind → what brings equal values into the same form. Texts and single options have only one form."""


_ALIKE: Mapping[Kind, tuple[Callable[[str, str], bool], ...]] = {
    Kind.TEXT: (_is_same_text, _is_same_phone),
    Kind.NUMBER: (_is_same_float,),
    Kind.DATE: (_is_same_day,),
    Kind.UNKNOWN: (_is_same_text, _is_same_phone, _is_same_float, _is_same_day_of_texts),
}
"""Kind → checks whether HubSpot may have stored one value in the form of the other."""


_OF_NAMES: Mapping[str, Kind] = {EMAIL: Kind.EMAIL, SECOND_ADDRESSES: Kind.ADDRESSES}


_OF_TYPES: Mapping[str, Kind] = {
    "number": Kind.NUMBER,
    "bool": Kind.BOOLEAN,
    "date": Kind.DATE,
    "datetime": Kind.DATETIME,
    "enumeration": Kind.OPTION,
}


_OF_ENUMERATIONS: Mapping[str, Kind] = {"checkbox": Kind.OPTIONS, "booleancheckbox": Kind.BOOLEAN}
