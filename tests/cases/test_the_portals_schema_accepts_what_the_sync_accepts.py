# SPDX-License-Identifier: Apache-2.0
"""What ``hubcontact schema`` prints, given back as the schema, refuses nothing that the sync accepts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from airflow_provider_hubcontact.sync.model.choices import Nulls
from airflow_provider_hubcontact.sync.model.outcome import Result
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.admin_rules import AdminRule
from airflow_provider_hubcontact.sync.rows.coercion import Coercer
from airflow_provider_hubcontact.sync.rows.comparison import Kind
from airflow_provider_hubcontact.sync.rows.json_schema import Schema
from airflow_provider_hubcontact.sync.rows.portal_schema import PortalSchema, Property
from airflow_provider_hubcontact.sync.rows.record_mapping import RecordMapping

OPTIONS = {
    "golf": "Golf",
    "wine": "Wine",
    "padded ": "Padded",
    "7": "Seven",
    "1.5": "x",
    "a.b+c": "y",
    "true": "T",
}
RULES = [
    rule
    for rule in (AdminRule.of("MIN_LENGTH", ("3",)), AdminRule.of("ALPHANUMERIC", ("NUMERIC_ONLY",)))
    if rule
]
PROPERTIES = [
    *(Property(kind.value, kind, kind.value) for kind in Kind if kind is not Kind.EMAIL),
    Property("email", Kind.EMAIL),
    Property("one", Kind.OPTION, options=OPTIONS),
    Property("several", Kind.OPTIONS, options=OPTIONS),
    Property(
        "many", Kind.OPTIONS, options={f"{number:05}-of-very-many-options": "x" for number in range(1_000)}
    ),
    Property("yes", Kind.BOOLEAN, options={"true": "Yes", "false": "No"}),
    Property("digits", Kind.TEXT, rules=RULES),
    Property("age", Kind.NUMBER, rules=[rule for rule in [AdminRule.of("MAX_LENGTH", ("2",))] if rule]),
    Property("hs_object_id", Kind.NUMBER, read_only=True),
    Property("score", Kind.NUMBER, read_only=True),
    Property("hs_additional_emails", Kind.ADDRESSES, read_only=True),
]
KINDS = {each.name: each.kind for each in PROPERTIES}
PORTAL = PortalSchema(PROPERTIES)
PADDED = {name: ["padded "] for name in ("one", "several")}
PRINTED = Schema(PORTAL.document)


def sync_accepts(row: dict[str, Any], **shape: Any) -> Record | None:
    """Give the record as a JSON Schema sees it, if the sync accepts it."""
    record = RecordMapping(kinds=KINDS, **shape).record(1, row)
    if isinstance(record, Result):
        return None
    key = shape.get("id_property", "email")
    fit = Coercer(KINDS, lambda _: None, key, PADDED).coerce(record)
    return None if isinstance(fit, Result) or PORTAL.check(fit, fit.properties, creates=True) else fit


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("number", 5),
        ("number", "5"),
        ("number", " 5e1 "),
        ("number", Decimal("5.50")),
        ("boolean", True),
        ("boolean", "TRUE"),
        ("boolean", 1),
        ("boolean", 0.0),
        ("boolean", [True]),
        ("yes", False),
        ("several", ["golf"]),
        ("several", {"golf", "wine"}),
        ("several", ["golf", None, float("nan")]),
        ("several", []),
        ("several", " golf ; wine;"),
        ("several", ";padded "),
        ("several", [7, 1.5, True]),
        ("many", ["00007-of-very-many-options"]),
        ("one", " golf"),
        ("one", "padded "),
        ("one", 7),
        ("date", datetime(2026, 1, 2, tzinfo=UTC)),
        ("date", "2026-01-02 00:00:00+01"),
        ("date", date(2026, 1, 2)),
        ("date", 86_400_000),
        ("date", 86_400_000.0),
        ("datetime", datetime(2026, 1, 2, 3, tzinfo=UTC)),
        ("datetime", "2026-01-02"),
        ("datetime", 1_735_689_600_000),
        ("text", 5),
        ("text", ["a", "b"]),
        ("digits", "123"),
        ("digits", 123),
        ("age", " 12 "),
        ("option", "anything"),
        ("text", ""),
        ("number", " "),
        ("hs_additional_emails", " A@x.org; b@x.org;;"),
        ("hs_additional_emails", ["A@x.org", None, " b@x.org "]),
        ("hs_additional_emails", []),
        ("hs_additional_emails", " ; "),
    ],
)
def test_what_the_sync_accepts(name: str, value: Any) -> None:
    """Values before they are made fit, of the types that a source has."""
    record = sync_accepts({"email": " ADA@example.com ", name: value})

    assert record is not None
    assert PRINTED.check(record) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("number", value) for value in ("many", "1,5", True)),
        *(("boolean", value) for value in ("yes", 2)),
        *(("date", value) for value in ("02.01.2026", 1990, "yesterday")),
        ("datetime", "tomorrow"),
        *(("one", value) for value in ("Golf", "tennis", 8)),
        *(("several", value) for value in ("golf;tennis", ["tennis"], '["golf","wine"]')),
        ("digits", "12"),
        ("digits", "abc"),
        ("score", 7),
        ("email", "n/a"),
        *(("hs_additional_emails", value) for value in ("a@x.org;n/a", ["n/a"], "a@x.org, b@x.org")),
    ],
)
def test_what_it_refuses(name: str, value: Any) -> None:
    """The printed schema is no empty one; what it refuses, the sync refuses."""
    row = {"id": 7, name: value}
    shape: dict[str, Any] = {"key": "id", "id_property": "hs_object_id"}
    record = RecordMapping(kinds=KINDS, **shape).record(1, row)
    assert isinstance(record, Record)

    if (name, value) != ("one", 8):  # any number, where an option is one
        assert PRINTED.check(record) is not None
    assert sync_accepts(row, **shape) is None


@pytest.mark.parametrize(
    ("row", "shape"),
    [
        ({"mail": "ada@example.com"}, {"key": "mail"}),
        ({"hs_object_id": 171}, {"key": "hs_object_id", "id_property": "hs_object_id"}),
        ({"old": "ada@example.com", "new": "a@b.de"}, {"key": "old", "mapping": {"new": "email"}}),
    ],
)
def test_the_key_under_any_name(row: dict[str, Any], shape: dict[str, Any]) -> None:
    """The key may have the name of its column, or be one that HubSpot sets."""
    record = (
        sync_accepts({**row, "number": 5}, **shape) if "mapping" not in shape else sync_accepts(row, **shape)
    )

    assert record is not None
    assert PRINTED.check(record) is None


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-10_000, 50_000).map(lambda days: days * 86_400_000),
    st.floats(),
    st.decimals(),
    st.text(max_size=5),
    st.sampled_from(
        [*OPTIONS, *(f" {each} " for each in OPTIONS), "", "\x1f", "\x85 5", "2026-01-02", "TRUE", "1e3"]
    ),
    st.sampled_from(
        [" 1 ", "a@b.de", "A@B.DE ", "123", ";golf", "golf;wine", "golf ; wine;;", "-5.", "\u00a012"]
    ),
    st.dates(),
    st.dates().map(lambda day: datetime(day.year, day.month, day.day, tzinfo=UTC)),
    st.datetimes(timezones=st.none() | st.just(UTC)),
    st.datetimes().map(str),
    st.times(),
    st.uuids(),
)
VALUES = SCALARS | st.lists(SCALARS, max_size=3) | st.sets(st.sampled_from([*OPTIONS, 1, 7]), max_size=3)


@given(st.sampled_from([each.name for each in PROPERTIES]), VALUES, st.sampled_from(Nulls))
@example("number", 10**399, Nulls.IGNORE)
@example("datetime", datetime.max.replace(tzinfo=UTC) - timedelta(1), Nulls.IGNORE)
def test_any_value(name: str, value: Any, nulls: Nulls) -> None:
    """Whatever the property and the value: what the sync accepts passes, so what is refused it refuses."""
    record = sync_accepts({"key": "ada@example.com", name: value}, key="key", nulls=nulls)

    if record is not None:
        problem = PRINTED.check(record)
        assert problem is None, problem.reason
