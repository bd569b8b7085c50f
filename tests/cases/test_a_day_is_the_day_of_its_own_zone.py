# SPDX-License-Identifier: Apache-2.0
"""A moment in a property of days is the day of its own zone at midnight; what may be two days is told."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_hubcontact.sync.model.outcome import Result
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.coercion import Coercer
from airflow_provider_hubcontact.sync.rows.comparison import Kind
from airflow_provider_hubcontact.sync.rows.dates import DROPPED
from airflow_provider_hubcontact.sync.rows.record_mapping import RecordMapping
from airflow_provider_hubcontact.sync.rows.values import TimeForm

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = timezone(timedelta(hours=-5))


def fit(value: object, form: TimeForm = TimeForm.ISO) -> Record | Result:
    kinds = {"p": Kind.DATE}
    record = RecordMapping(kinds=kinds, time_form=form).record(1, {"email": "ada@example.com", "p": value})
    return (
        Coercer(kinds, lambda _: None, this_year=2026).coerce(record)
        if isinstance(record, Record)
        else record
    )


def both(moment: datetime) -> list[object]:
    """Give a moment as Python has it, and as databases write it."""
    return [moment, str(moment), moment.isoformat()]


@pytest.mark.parametrize("form", TimeForm)
@pytest.mark.parametrize(
    "moment",
    [
        datetime(1990, 5, 1, tzinfo=BERLIN),
        datetime(1990, 5, 1, tzinfo=NEW_YORK),
        datetime(1990, 5, 1, tzinfo=timezone(timedelta(hours=14))),
        datetime(1990, 5, 1, tzinfo=UTC),
        datetime(1990, 5, 1),  # noqa: DTZ001 - the case
    ],
    ids=str,
)
def test_midnight_is_its_day(moment: datetime, form: TimeForm) -> None:
    """Midnight of any zone is the day that begins there; a JSON Schema sees that day, too."""
    for value in both(moment):
        record = fit(value, form)
        assert isinstance(record, Record)
        assert record.properties == {"p": "1990-05-01"}
    seen = fit(moment, form)
    assert isinstance(seen, Record)
    assert seen.document["p"] == "1990-05-01"


@pytest.mark.parametrize(
    ("moment", "days"),
    [
        (datetime(1990, 5, 1, 1, 30, tzinfo=BERLIN), "1990-05-01 (in its own zone) or 1990-04-30 (in UTC)"),
        (
            datetime(1990, 4, 30, 22, tzinfo=UTC),
            "1990-04-30 (in its own zone) or 1990-05-01 (in another one)",
        ),
        (datetime(1990, 5, 1, 5, tzinfo=UTC), "1990-05-01 (in its own zone) or 1990-04-30 (in another one)"),
        (datetime(2026, 1, 2, 23, tzinfo=NEW_YORK), "2026-01-02 (in its own zone) or 2026-01-03 (in UTC)"),
        (
            datetime(2026, 1, 2, 12, 0, 0, 1, tzinfo=UTC),
            "2026-01-02 (in its own zone) or 2026-01-03 (in another one)",
        ),
    ],
    ids=str,
)
def test_another_time_of_day(moment: datetime, days: str) -> None:
    """It may be a midnight of another zone: the record is invalid, and the reason has both days."""
    for value in both(moment):
        result = fit(value)
        assert isinstance(result, Result)
        assert result.properties == ("p",)
        assert days in result.reason


def test_a_time_of_day_without_a_zone() -> None:
    """There is one day only; that the time is dropped is told."""
    for value in both(datetime(2026, 1, 2, 13)):  # noqa: DTZ001 - the case
        record = fit(value)
        assert isinstance(record, Record)
        assert record.properties == {"p": "2026-01-02"}
        assert [each.how for each in record.coercions] == [DROPPED]


def test_pandas() -> None:
    """Its timestamps are as good as Python's."""
    pandas = pytest.importorskip("pandas")

    for day in ("1990-05-01", "2026-11-01"):
        for zone in ("Europe/Berlin", "America/New_York", "UTC", None):
            record = fit(pandas.Timestamp(day, tz=zone))
            assert isinstance(record, Record)
            assert record.properties == {"p": day}
    assert isinstance(fit(pandas.Timestamp("1990-05-01 03:00", tz="Europe/Berlin")), Result)


@given(
    st.dates(date(1100, 1, 1), date(2900, 1, 1)),
    st.integers(-14 * 60 + 1, 14 * 60 - 1).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
def test_any_midnight(day: date, zone: timezone) -> None:
    """Whatever the zone, midnight is its own day."""
    record = fit(datetime(day.year, day.month, day.day, tzinfo=zone))

    assert isinstance(record, Record)
    assert record.properties == {"p": day.isoformat()}


@given(st.datetimes(datetime(1100, 1, 1), datetime(2900, 1, 1), timezones=st.timezones()))  # noqa: DTZ001
def test_any_moment(moment: datetime) -> None:
    """It is the day of its own zone, or the record is invalid."""
    record = fit(moment)

    if isinstance(record, Record):
        assert record.properties == {"p": moment.date().isoformat()}
    else:
        assert moment.date().isoformat() in record.reason
