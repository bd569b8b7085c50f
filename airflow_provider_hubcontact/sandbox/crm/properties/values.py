# SPDX-License-Identifier: Apache-2.0
"""Checks values, and puts them in the form in which HubSpot keeps them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime

from airflow_provider_hubcontact.sandbox.crm.properties.definitions import Definition, Option
from airflow_provider_hubcontact.sandbox.crm.times import at, iso, parsed, since_1970

MAX_TEXT = 65_536
"""The most characters of a text (D: knowledge base, "Property field types in HubSpot")."""

MAX_EMAIL = 254
UNKNOWN_DOMAINS = frozenset({"con", "cpm", "ik"})
"""Top-level domains that HubSpot was seen to refuse (F). It knows the real ones; the sandbox does not."""

_ATOM = r"[\w!#$%&'*+/=?^`{|}~-]+"
_EMAIL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@(?:[\w-]+\.)+([^\W\d_][\w-]*[^\W_])")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)", re.ASCII)
_INTEGER = re.compile(r"-?\d{1,18}", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_DAY_MS = 86_400_000
_THOUSAND_YEARS = 1_000


class InvalidValue(Exception):
    """HubSpot would refuse the value.

    :param code: HubSpot's code.
    :param message: HubSpot's sentence.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def accept(definition: Definition, value: str, *, epoch_only: bool = False) -> str:
    """Check a value, and put it in the form in which HubSpot keeps it.

    :param definition: the property.
    :param value: what was sent, not empty.
    :param epoch_only: whether times are milliseconds since 1970, as in v1.
    :return: dates as YYYY-MM-DD, times in ISO 8601, addresses in lower case, the rest as it is.
    :raises InvalidValue: if HubSpot would answer 400.

    HubSpot docs: "Properties" guide, "Error handling"; changelog of 2023-05 on stricter validation.
    """
    if epoch_only and definition.type == "datetime" and not _INTEGER.fullmatch(value):
        raise InvalidValue("INVALID_LONG", f"{value} was not a valid long.")
    return _CHECKS[definition.type](definition, value)


def accept_addresses(value: str) -> str:
    """Check addresses, which semicolons separate.

    :return: the addresses in lower case, each once.
    :raises InvalidValue: if one of them is not valid.
    """
    return ";".join(dict.fromkeys(_lower_case(each) for each in value.split(";") if each))


def appended(current: str, value: str) -> str:
    """Add options to those of a contact, which is what a leading semicolon means (D: "Properties" guide).

    :param current: what the contact has, ``a;b``.
    :param value: what was sent, ``;c``.
    :return: ``a;b;c``, each option once.
    """
    return ";".join(dict.fromkeys(part for part in f"{current};{value}".split(";") if part))


def normalised_date(value: str) -> str | None:
    """Correct a date as only 2026-09 does: it reads any time in ISO 8601, milliseconds or seconds (T).

    :return: YYYY-MM-DD in UTC; None if the value is not a time.
    """
    if _INTEGER.fullmatch(value):
        number = int(value)
        moment = at(number * 1000 if abs(number) < 10**11 else number)
    else:
        moment = parsed(value)
    return moment.date().isoformat() if moment and _near(moment.date()) else None


def _email(_: Definition, value: str) -> str:
    return _lower_case(value)


def _lower_case(value: str) -> str:
    """Return an address in lower case if it is valid."""
    match = _EMAIL.fullmatch(value) if len(value) <= MAX_EMAIL else None
    if match is None or match[1].lower() in UNKNOWN_DOMAINS:
        raise InvalidValue("INVALID_EMAIL", f"Email address {value} is invalid")
    return value.lower()


def _text(definition: Definition, value: str) -> str:
    if definition.name == "email":
        return _email(definition, value)
    if len(value) > MAX_TEXT:  # the code and the text are ours (U)
        raise InvalidValue(
            "INVALID_STRING", f"The value is {len(value)} characters long; {MAX_TEXT} are allowed."
        )
    return value


def _number(_: Definition, value: str) -> str:
    if not _NUMBER.fullmatch(value):
        raise InvalidValue("INVALID_INTEGER", f"{value} was not a valid number.")
    return value


def _choice(definition: Definition, value: str) -> str:
    if definition.external_options:
        return value
    chosen = [part for part in value.split(";") if part] if definition.multiple else [value]
    for part in chosen:
        if part not in definition.allowed:
            options = map(_shown, definition.options) if definition.options else sorted(definition.allowed)
            allowed = ", ".join(options)
            raise InvalidValue("INVALID_OPTION", f"{part} was not one of the allowed options: [{allowed}]")
    return value


def _shown(option: Option) -> str:
    return (
        f'label: "{option.label}"\nvalue: "{option.value}"\ndisplay_order: {option.display_order}\n'
        f"hidden: {str(option.hidden).lower()}\nread_only: false\n"
    )


def _date(_: Definition, value: str) -> str:
    if _DAY.fullmatch(value):
        moment = parsed(value)
    elif _INTEGER.fullmatch(value):
        moment = at(int(value))
        _at_midnight(value, int(value))
    else:
        raise InvalidValue("INVALID_DATE", f"{value} was not a valid date.")
    if moment is None or not _near(moment.date()):
        raise InvalidValue("INVALID_DATE", f"{value} is more than 1,000 years ago or 1,000 years from now.")
    return moment.date().isoformat()


def _at_midnight(value: str, ms: int) -> None:
    rest = ms % _DAY_MS
    if rest:
        clock = f"{rest // 3_600_000}:{rest // 60_000 % 60}:{rest // 1000 % 60}.{rest % 1000}"
        raise InvalidValue("INVALID_DATE", f"{value} is at {clock} UTC, not midnight!")


def _datetime(_: Definition, value: str) -> str:
    moment = at(int(value)) if _INTEGER.fullmatch(value) else parsed(value)
    if moment is None:
        raise InvalidValue("INVALID_LONG", f"{value} was not a valid long.")
    return iso(since_1970(moment))


def _near(day: date) -> bool:
    return abs(day.year - datetime.now(UTC).year) <= _THOUSAND_YEARS


_CHECKS: Mapping[str, Callable[[Definition, str], str]] = {
    "string": _text,
    "phone_number": _text,
    "number": _number,
    "enumeration": _choice,
    "bool": _choice,
    "date": _date,
    "datetime": _datetime,
}
"""Type of a property → checks its values."""
