"""Which day or moment a value means, where it means one only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

from airflow_provider_hubcontact.sync.rows.values import UnsupportedValue

DAY = 86_400_000
"""Milliseconds of a day."""


SHORTEST = 10**11
"""Milliseconds since 1970 that are taken for such; a smaller number is in seconds until the year 5138."""


LARGEST = 253_402_300_799_999
"""The last millisecond of the year 9999."""


MOST_YEARS = 1_000
"""A date is at most so many years from now ("Properties" guide, INVALID_DATE)."""


DROPPED = "the time of day is dropped from a date"


WHOLE = re.compile(r"-?\d{1,25}", re.ASCII)
"""A whole number, of nanoseconds at most."""


def day_of(moment: datetime) -> tuple[date, str | None]:
    """Return the day that a moment stands for in a property of days.

    Midnight of its own zone is the beginning of that day. Another time of day in a zone may have been a
    midnight of another zone, and so another day.

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
    """Check that HubSpot takes a day.

    :raises UnsupportedValue: if it is too far from now.
    """
    if abs(day.year - this_year) > MOST_YEARS:
        first, last = max(this_year - MOST_YEARS, 1), this_year + MOST_YEARS
        raise UnsupportedValue(
            f"{day.isoformat()}: HubSpot takes dates of the years {first:04} to {last} only"
        )


def check_day_number(number: int, this_year: int) -> None:
    """Check that a whole number is a day: milliseconds since 1970 at midnight in UTC.

    :raises UnsupportedValue: if it is not, with what it may be.
    """
    if number % DAY:
        raise UnsupportedValue(f"{number} is not a midnight in milliseconds since 1970{_guess(number)}")
    _check_range(number)
    check_day((datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=number)).date(), this_year)


def check_moment_number(number: int) -> None:
    """Check that a whole number is a moment: milliseconds since 1970.

    :raises UnsupportedValue: if it hardly is, with what it may be.
    """
    if abs(number) < SHORTEST:
        raise UnsupportedValue(f"{number} is hardly meant in milliseconds since 1970{_guess(number)}")
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
    """Say what a number may be instead."""
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
