# SPDX-License-Identifier: Apache-2.0
"""Whether HubSpot has a value already."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_hubcontact.sync.rows.comparison import Kind, differs, kind_of, same


@pytest.mark.parametrize(
    ("kind", "wanted", "stored"),
    [
        (Kind.TEXT, "a", "a"),
        (Kind.TEXT, "", None),
        (Kind.TEXT, "", ""),
        (Kind.NUMBER, "1.0", "1"),
        (Kind.NUMBER, "1", "1.00"),
        (Kind.NUMBER, "-0", "0"),
        (Kind.NUMBER, "+5", "5"),
        (Kind.NUMBER, ".5", "0.50"),
        (Kind.NUMBER, "100000000000000000000.1", "100000000000000000000.10"),
        (Kind.BOOLEAN, "true", "True"),
        (Kind.BOOLEAN, "FALSE", "false"),
        (Kind.EMAIL, "Ada@Example.com ", "ada@example.com"),
        (Kind.DATE, "2026-11-23", "1795392000000"),
        (Kind.DATE, "2026-11-23", "2026-11-23T00:00:00Z"),
        (Kind.DATETIME, "2026-11-23T10:00:00.000Z", "2026-11-23T10:00:00Z"),
        (Kind.DATETIME, "2026-11-23T11:00:00+01:00", "2026-11-23T10:00:00Z"),
        (Kind.DATETIME, "1795428000000", "2026-11-23T10:00:00Z"),
        (Kind.DATETIME, "2026-11-23T10:00", "2026-11-23T10:00:00.000Z"),
        (Kind.OPTIONS, "b;a", "a;b"),
        (Kind.OPTIONS, "a;b;", "a;b"),
        (Kind.OPTIONS, ";a", "a;b"),
        (Kind.UNKNOWN, "2026-11-23T10:00:00.000Z", "2026-11-23T10:00:00Z"),
    ],
)
def test_equal_values_in_other_forms(kind: Kind, wanted: str, stored: str | None) -> None:
    """HubSpot has it: nothing is to be written."""
    assert same(kind, wanted, stored)


@pytest.mark.parametrize(
    ("kind", "wanted", "stored"),
    [
        (Kind.TEXT, "1.0", "1"),
        (Kind.TEXT, "a", "A"),
        (Kind.TEXT, "a ", "a"),
        (Kind.TEXT, "", "a"),
        (Kind.TEXT, "a", None),
        (Kind.NUMBER, "1.01", "1"),
        (Kind.NUMBER, "0", None),
        (Kind.NUMBER, "", "0"),
        (Kind.NUMBER, "many", "1"),
        (Kind.NUMBER, "100000000000000000000.1", "100000000000000000000.2"),
        (Kind.BOOLEAN, "true", "false"),
        (Kind.BOOLEAN, "false", None),
        (Kind.EMAIL, "ada@example.org", "ada@example.com"),
        (Kind.DATE, "2026-11-24", "2026-11-23"),
        (Kind.DATE, "soon", "2026-11-23"),
        (Kind.DATETIME, "2026-11-23T10:00:00.001Z", "2026-11-23T10:00:00Z"),
        (Kind.DATETIME, "2026-13-45T99:00:00Z", "2026-11-23T10:00:00Z"),
        (Kind.OPTION, "a;b", "b;a"),
        (Kind.OPTION, "Lead", "lead"),
        (Kind.OPTIONS, "a", "a;b"),
        (Kind.OPTIONS, ";c", "a;b"),
        (Kind.OPTIONS, ";a", None),
        (Kind.UNKNOWN, "1.0", "1"),
        (Kind.UNKNOWN, "2026-11-23", "1795392000000"),
    ],
)
def test_other_values(kind: Kind, wanted: str, stored: str | None) -> None:
    """HubSpot has another one, or none."""
    assert not same(kind, wanted, stored)


@pytest.mark.parametrize(
    ("kind", "wanted", "shown", "is_other"),
    [
        (Kind.DATE, "2026-11-23", "2026-11-23T10:00:00Z", False),
        (Kind.DATE, "2026-11-23", "2026-11-24T00:00:00Z", True),
        (Kind.DATE, "2026-11-23", "", True),
        (Kind.UNKNOWN, "2026-11-23", "1795392000000", False),
        (Kind.UNKNOWN, "2026-11-24", "1795392000000", True),
        (Kind.UNKNOWN, "Rome ", "rome", False),
        (Kind.UNKNOWN, "1.50", "1.5", False),
        (Kind.UNKNOWN, "Rome", "Oslo", True),
        (Kind.UNKNOWN, "4711", "4712", True),  # ids, although they are milliseconds of the same day
        (Kind.UNKNOWN, "1795392000000", "1795392000001", True),
        (Kind.UNKNOWN, "1123456789", "123456789", True),
        (Kind.TEXT, "1123456789", "123456789", True),
        (Kind.TEXT, "+1123456789", "123456789", False),
        (Kind.TEXT, "0123456789", "123456789", False),
    ],
)
def test_what_hubspot_shows_of_a_value(kind: Kind, wanted: str, shown: str, is_other: bool) -> None:
    """It may have a form of HubSpot's own, such as the moment at which a day begins."""
    assert differs(kind, wanted, shown) is is_other


@pytest.mark.parametrize(
    ("definition", "kind"),
    [
        (("email", "string", "text"), Kind.EMAIL),
        (("city", "string", "text"), Kind.TEXT),
        (("phone", "phone_number", "phonenumber"), Kind.TEXT),
        (("points", "number", "number"), Kind.NUMBER),
        (("vip", "bool", "booleancheckbox"), Kind.BOOLEAN),
        (("vip", "enumeration", "booleancheckbox"), Kind.BOOLEAN),
        (("clubs", "enumeration", "checkbox"), Kind.OPTIONS),
        (("stage", "enumeration", "radio"), Kind.OPTION),
        (("born", "date", "date"), Kind.DATE),
        (("seen", "datetime", "date"), Kind.DATETIME),
        (("new", "something", "else"), Kind.TEXT),
    ],
)
def test_the_kind_of_a_property(definition: tuple[str, str, str], kind: Kind) -> None:
    """Type and field type tell; a type that is not known is compared as text."""
    assert kind_of(*definition) is kind


@given(kind=st.sampled_from(Kind), wanted=st.text(max_size=12), stored=st.none() | st.text(max_size=12))
def test_any_text_can_be_compared(kind: Kind, wanted: str, stored: str | None) -> None:
    """No value breaks a comparison, and a value is the same as itself."""
    assert isinstance(same(kind, wanted, stored), bool)
    assert same(kind, wanted, wanted)


@pytest.mark.parametrize(
    ("wanted", "stored"),
    [
        ("1_000", "1000"),
        ("NaN", "nan"),
        ("sNaN", "NaN"),
        ("Infinity", "inf"),
        ("\u0661", "1"),
        ("1e400_0", "1"),
    ],
)
def test_numbers_that_only_python_knows(wanted: str, stored: str) -> None:
    """What HubSpot would refuse is not what it has: the record is sent, and told apart."""
    assert not same(Kind.NUMBER, wanted, stored)
