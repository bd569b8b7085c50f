# SPDX-License-Identifier: Apache-2.0
"""Which day or moment a value means, if it can mean only one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

from airflow_provider_hubcontact.sync.rows.values import UnsupportedValue

DAY = 86_400_000
"""Milliseconds in a day."""


SHORTEST = 10**11
"""The smallest number that is taken for milliseconds since 1970; smaller ones may be seconds."""


LARGEST = 253_402_300_799_999
"""The last millisecond of the year 9999."""


MOST_YEARS = 1_000
"""HubSpot accepts dates that are at most so many years from now ("Properties" guide, INVALID_DATE)."""


DROPPED = "the time of day is dropped from a date"


WHOLE = re.compile(r"-?\d{1,25}", re.ASCII)
"""A whole number with so many digits as nanoseconds can have."""


def day_of(moment: datetime) -> tuple[date, str | None]:
    """Return the day that a moment means in a property that holds days.

    Midnight of its own zone means the day that begins then. Any other time of day may have been midnight of
    another zone, and so mean another day.

    :return: the day, and what was done to the moment, if anything.
    :raises UnsupportedValue: if it may be two days.
    """
    day = moment.date()
    is_midnight = not (moment.hour or moment.minute or moment.second or moment.microsecond)
    if is_midnight or moment.utcoffset() is None:
        return day, None if is_midnight else DROPPED
    raise UnsupportedValue(
        f"{moment.isoformat()} may be {_both(moment)}: send the day, or midnight of its own zone"
    )


def check_day(day: date, this_year: int) -> None:
    """Check that HubSpot accepts a day.

    :raises UnsupportedValue: if it is too far from now.
    """
    if abs(day.year - this_year) > MOST_YEARS:
        first, last = max(this_year - MOST_YEARS, 1), this_year + MOST_YEARS
        raise UnsupportedValue(
            f"{day.isoformat()}: HubSpot accepts only dates of the years {first:04} to {last}"
        )


def check_day_number(number: int, this_year: int) -> None:
    """Check that a whole number is a day: milliseconds since 1970 at midnight in UTC.

    :raises UnsupportedValue: if it is not; the message says what it may be instead.
    """
    if number % DAY:
        raise UnsupportedValue(f"{number} is not a midnight in milliseconds since 1970{_guess(number)}")
    _check_range(number)
    check_day((datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=number)).date(), this_year)


def check_moment_number(number: int) -> None:
    """Check that a whole number is a moment: milliseconds since 1970.

    :raises UnsupportedValue: if it is too small; the message says what it may be instead.
    """
    if abs(number) < SHORTEST:
        raise UnsupportedValue(f"{number} is too small for milliseconds since 1970{_guess(number)}")
    _check_range(number)


def _check_range(number: int) -> None:
    if not -62_135_596_800_000 <= number <= LARGEST:
        raise UnsupportedValue(f"{number} is outside the years 1 to 9999{_guess(number)}")


def _both(moment: datetime) -> str:
    own = moment.date()
    with suppress(OverflowError):
        other = moment.astimezone(UTC).date()
        if other != own:
            return f"{own.isoformat()} (in its own zone) or {other.isoformat()} (in UTC)"
        other += timedelta(days=1 if moment.hour >= 12 else -1)
        return f"{own.isoformat()} (in its own zone) or {other.isoformat()} (in another one)"
    return f"{own.isoformat()} or the day beside it"


_UNITS: Mapping[str, int] = {"seconds": 1, "microseconds": 10**6, "nanoseconds": 10**9}


def _guess(number: int) -> str:
    """Return a half-sentence with what a number may be instead; empty if nothing fits."""
    digits = str(abs(number))
    guesses: list[str] = []
    if number > 0 and len(digits) == 4:
        guesses.append("a year")
    if 20_000 <= number < 80_000:
        guesses.append(f"a spreadsheet's day, {(date(1899, 12, 30) + timedelta(days=number)).isoformat()}")
    if number > 0 and len(digits) == 8:
        with suppress(ValueError):
            guesses.append(f"YYYYMMDD, {date.fromisoformat(digits).isoformat()}")
    for unit, per_second in _UNITS.items():
        seconds = number // per_second
        if 10**8 <= abs(seconds) < 10**10:
            day = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
            guesses.append(f"{unit} since 1970, {day.date().isoformat()}")
    return f"; it may be {' or '.join(guesses)}" if guesses else ""
