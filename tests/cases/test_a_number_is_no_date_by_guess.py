# SPDX-License-Identifier: Apache-2.0
"""A whole number in a property of days or moments is milliseconds since 1970, or the record is invalid."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from airflow_provider_hubcontact.sandbox.crm.properties.definitions import Definition
from airflow_provider_hubcontact.sandbox.crm.properties.values import InvalidValue, accept
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.coercion import Coercer
from airflow_provider_hubcontact.sync.rows.comparison import Kind
from airflow_provider_hubcontact.sync.rows.record_mapping import RecordMapping
from airflow_provider_hubcontact.sync.rows.values import TimeForm

DAY = 86_400_000
KEY = "ada@example.com"


def fit(kind: Kind, value: object, form: TimeForm = TimeForm.ISO) -> Record | Result:
    """Shape a row, and make it fit."""
    kinds = {"p": kind}
    record = RecordMapping(kinds=kinds, time_form=form).record(1, {"email": KEY, "p": value})
    assert isinstance(record, Record), record
    return Coercer(kinds, lambda _: None, "email", this_year=2026).coerce(record)


def text_of(kind: Kind, value: object, form: TimeForm = TimeForm.ISO) -> str:
    record = fit(kind, value, form)
    assert isinstance(record, Record), record
    return record.properties["p"]


def reason_of(kind: Kind, value: object) -> str:
    result = fit(kind, value)
    assert isinstance(result, Result), result
    assert (result.outcome, result.category, result.properties) == (Outcome.INVALID, "VALUE", ("p",))
    return result.reason


def forms(number: int) -> list[object]:
    """Give a whole number as each type that a source may have."""
    return [number, float(number), Decimal(number), Decimal(f"{number}.0"), str(number), f" {number} "]


@pytest.mark.parametrize(
    ("number", "guess"),
    [
        (1_735_689_600, "seconds since 1970, 2025-01-01"),
        (-1_735_689_600, "seconds since 1970, 1915-01-01"),
        (20_260_102, "YYYYMMDD, 2026-01-02"),
        (1990, "a year"),
        (45_658, "a spreadsheet's day, 2025-01-01"),
        (20_000, "a spreadsheet's day, 1954-10-03"),
        (19_999, ""),
        (-20_260_102, ""),
        (1, ""),
    ],
)
@pytest.mark.parametrize("kind", [Kind.DATE, Kind.DATETIME])
def test_what_else_it_may_be(kind: Kind, number: int, guess: str) -> None:
    """The reason names what the number may be, whatever its type."""
    for value in forms(number):
        reason = reason_of(kind, value)
        assert reason.startswith(f"p: {number} is ")
        assert reason.endswith(f"; it may be {guess}" if guess else "milliseconds since 1970")


@pytest.mark.parametrize("unit", [10**3, 10**6])
def test_smaller_units(unit: int) -> None:
    """Microseconds and nanoseconds are beyond the year 9999 in milliseconds."""
    assert "seconds since 1970, 2025-01-01" in reason_of(Kind.DATETIME, 1_735_689_600_123 * unit)


@pytest.mark.parametrize("number", [0, DAY, -DAY, 1_735_689_600_000, -2_208_988_800_000])
def test_midnights(number: int) -> None:
    """In a property of days, milliseconds at midnight are taken, before 1970 too."""
    for value in forms(number):
        assert text_of(Kind.DATE, value) == str(number)


@pytest.mark.parametrize("number", [10**11, -(10**11), 1_735_689_600_123])
def test_moments(number: int) -> None:
    """In a property of moments, milliseconds are taken from March 1973 on, and before November 1966."""
    for value in forms(number):
        assert text_of(Kind.DATETIME, value) == str(number)


@pytest.mark.parametrize("number", [0, 10**11 - 1, 1 - 10**11])
def test_numbers_that_are_too_small(number: int) -> None:
    """They are rather seconds, or no value at all."""
    for value in forms(number):
        reason_of(Kind.DATETIME, value)


def test_nothing_stays_nothing() -> None:
    """None is left out, and an empty text clears."""
    none, empty = fit(Kind.DATETIME, None), fit(Kind.DATETIME, "")

    assert isinstance(none, Record)
    assert none.properties == {}
    assert isinstance(empty, Record)
    assert empty.properties == {"p": ""}


@given(st.datetimes(datetime(1800, 1, 1), datetime(2900, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
@example(datetime(1971, 1, 1, tzinfo=UTC))
def test_a_real_moment_is_none_of_them(moment: datetime) -> None:
    """A datetime is written as it is, for the legacy API in milliseconds, however few they are."""
    milliseconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)

    assert text_of(Kind.DATETIME, moment, TimeForm.MILLIS) == str(milliseconds)


@given(st.integers(-(10**17), 10**17) | st.dates().map(lambda day: (day - date(1970, 1, 1)).days * DAY))
def test_any_number_of_a_day(number: int) -> None:
    """What is taken is a midnight that HubSpot takes, too."""
    record = fit(Kind.DATE, number)

    if isinstance(record, Record):
        day = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=number)
        assert number % DAY == 0
        assert abs(day.year - 2026) <= 1_000


@pytest.mark.parametrize("day", [date(1, 1, 1), date(1025, 12, 31), date(3027, 1, 1), date(9999, 12, 31)])
def test_dates_that_are_too_far(day: date) -> None:
    """HubSpot takes dates of a thousand years around now; the reason names them."""
    assert reason_of(Kind.DATE, day) == f"p: {day}: HubSpot accepts only dates of the years 1026 to 3026"
    assert "1026 to 3026" in reason_of(Kind.DATE, f" {day} ")
    assert "1026 to 3026" in reason_of(Kind.DATE, (day - date(1970, 1, 1)).days * DAY)


@pytest.mark.parametrize("day", [date(1026, 1, 1), date(3026, 12, 31)])
def test_the_first_and_the_last_date(day: date) -> None:
    """They are taken."""
    assert text_of(Kind.DATE, day) == day.isoformat()


def test_the_bounds_are_the_sandboxs() -> None:
    """What is refused for being too far, HubSpot refuses too; what is taken, it takes."""
    this_year = datetime.now(UTC).year
    birthday = Definition("birthday", "Birthday", "date", "date")
    coercer = Coercer({"p": Kind.DATE}, lambda _: None)
    for year in (this_year - 1_001, this_year - 1_000, this_year + 1_000, this_year + 1_001):
        day = date(year, 6, 1).isoformat()
        taken = isinstance(coercer.coerce(Record(1, "k", {"p": day})), Record)
        try:
            accept(birthday, day)
        except InvalidValue:
            assert not taken
        else:
            assert taken


@pytest.mark.parametrize(
    ("number", "told"),
    [(1_735_689_600, "seconds since 1970"), (20_250_101, "YYYYMMDD"), (10**18, "outside the years")],
)
def test_a_columns_timestamp_is_such_a_number(number: int, told: str) -> None:
    """The legacy API would take seconds for a day of 1970, older than what a contact has."""
    shape = RecordMapping(timestamp="at")

    result = shape.record(1, {"email": "ada@example.com", "firstname": "Ada", "at": number})
    good = shape.record(1, {"email": "ada@example.com", "at": 1_735_689_600_000})

    assert isinstance(result, Result)
    assert told in result.reason
    assert isinstance(good, Record)
