# SPDX-License-Identifier: Apache-2.0
"""Texts become such as their properties take."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_hubcontact.sync.model.outcome import Result
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.coercion import Coercer
from airflow_provider_hubcontact.sync.rows.comparison import Kind
from airflow_provider_hubcontact.sync.rows.portal_schema import PortalSchema, Property

OPTIONS = {"lead": "Lead", "b": "B"}


def coerced(kind: Kind, text: str) -> Record:
    """Coerce one value of a kind."""
    record = tried(kind, text)
    assert isinstance(record, Record), record
    return record


def tried(kind: Kind, text: str) -> Record | Result:
    """Coerce one value of a kind; the result says what else it may be."""
    coercer = Coercer({"p": kind}, lambda _: None, this_year=2026)
    return coercer.coerce(Record(1, "k", {"p": text, "other": text}))


@pytest.mark.parametrize(
    ("kind", "text", "written"),
    [
        (Kind.BOOLEAN, "True", "true"),
        (Kind.BOOLEAN, " FALSE ", "false"),
        (Kind.BOOLEAN, "1", "true"),
        (Kind.BOOLEAN, "0", "false"),
        (Kind.NUMBER, " 12 ", "12"),
        (Kind.NUMBER, "1e3", "1000"),
        (Kind.NUMBER, "-2.5E-2", "-0.025"),
        (Kind.DATE, "2026-01-02T00:00:00.000Z", "2026-01-02"),
        (Kind.DATE, "2026-01-02 13:00:00", "2026-01-02"),
        (Kind.DATE, "2026-01-02T00:00:00-05:00", "2026-01-02"),
        (Kind.DATE, "1990-05-01 00:00:00+02", "1990-05-01"),
        (Kind.DATETIME, "2026-01-02 03:04:05", "2026-01-02T03:04:05.000Z"),
        (Kind.DATETIME, "2026-01-02 03:04:05.5+02:00", "2026-01-02T01:04:05.500Z"),
        (Kind.OPTION, "lead  ", "lead"),
        (Kind.OPTIONS, "lead; b", "lead;b"),
        (Kind.OPTIONS, "; b", ";b"),
    ],
)
def test_what_can_mean_one_thing_only(kind: Kind, text: str, written: str) -> None:
    """It is written as the property takes it, and told; the portal's schema agrees with it."""
    record = coerced(kind, text)
    schema = PortalSchema(
        [Property("p", kind, options=OPTIONS if kind in {Kind.OPTION, Kind.OPTIONS} else {})]
    )

    assert record.properties == {"p": written, "other": text}
    (told,) = record.coercions
    assert (told.property, told.source, told.written) == ("p", text, written)
    assert schema.check(record, {"p": written}) is None


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Kind.TEXT, " True "),
        (Kind.EMAIL, "a@b.c"),
        (Kind.BOOLEAN, "true"),
        (Kind.BOOLEAN, ""),
        (Kind.BOOLEAN, "Yes"),
        (Kind.NUMBER, "1,000"),
        (Kind.NUMBER, "1e9999"),
        (Kind.DATE, "1641081600000"),
        (Kind.DATE, "2026-13-02T00:00:00"),
        (Kind.DATETIME, "2026-01-02T03:04:05+01:00"),
        (Kind.DATETIME, "2026-01-02"),
        (Kind.DATETIME, "0001-01-01 00:00:00+14:00"),
        (Kind.OPTION, "Lead"),
        (Kind.OPTIONS, "lead;b"),
    ],
)
def test_what_is_left_alone(kind: Kind, text: str) -> None:
    """What is right already, what could mean more than one thing, and what means nothing."""
    record = coerced(kind, text)

    assert record.properties["p"] == text
    assert not record.coercions


@given(
    st.sampled_from(Kind),
    st.text() | st.integers().map(str) | st.from_regex(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d.{0,9}"),
)
def test_any_text(kind: Kind, text: str) -> None:
    """No text breaks it, and doing it twice changes nothing."""
    once = tried(kind, text)

    if isinstance(once, Record):
        assert coerced(kind, once.properties["p"]).properties["p"] == once.properties["p"]
    else:
        assert (once.category, once.properties) == ("VALUE", ("p",))
