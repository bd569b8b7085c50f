# SPDX-License-Identifier: Apache-2.0
"""Texts of a source that are not written as HubSpot takes them: what each means, and what is refused."""

from __future__ import annotations

import locale
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_hubcontact.sync.model.choices import Nulls
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from airflow_provider_hubcontact.sync.model.record import Coercion, Record
from airflow_provider_hubcontact.sync.rows.coercion import Coercer
from airflow_provider_hubcontact.sync.rows.comparison import Kind
from airflow_provider_hubcontact.sync.rows.record_mapping import NO_VALUE, RecordMapping
from airflow_provider_hubcontact.sync.rows.texts.booleans import HOW as WORDS
from airflow_provider_hubcontact.sync.rows.texts.days import HOW as DATES
from airflow_provider_hubcontact.sync.rows.texts.numbers import COMMA, EXPONENT, GROUPS
from airflow_provider_hubcontact.sync.rows.texts.options import JSON_LISTS, LABELS
from airflow_provider_hubcontact.sync.rows.texts.reading import NULL_TEXT, Forms, Texts
from airflow_provider_hubcontact.sync.rows.values import TimeForm

KINDS = {
    "email": Kind.EMAIL,
    "city": Kind.TEXT,
    "points": Kind.NUMBER,
    "member": Kind.NUMBER,
    "born": Kind.DATE,
    "seen": Kind.DATETIME,
    "tier": Kind.OPTION,
    "hobbies": Kind.OPTIONS,
    "vip": Kind.BOOLEAN,
}
OPTIONS = {
    "tier": {"g1": "Gold", "s1": "Silver", "Silver": "Old silver", "x": "Twin", "y": "Twin", "z": "GOLD "},
    "hobbies": {"golf": "Golf", "wine": "Fine wine", "[a": "Bracket", "big": "Size", "BIG": "size"},
    "vip": {"true": "Yes", "false": "No"},
}
ADA = "ada@example.com"


class Word(Enum):
    NOTHING = "NULL"
    YES = "ja"


class Loud(str):
    """A text of a database driver's own type."""

    __slots__ = ()


def mapping(forms: Forms, **shape: Any) -> RecordMapping:
    return RecordMapping(**{"kinds": KINDS, "texts": Texts.of(forms, KINDS, OPTIONS), **shape})


def read(forms: Forms, name: str, value: object, **shape: Any) -> Record | Result:
    """Make a record of a row with one value, and normalise it as a run does."""
    made = mapping(forms, **shape).record(1, {"email": ADA, name: value})
    if isinstance(made, Result):
        return made
    return Coercer(KINDS, lambda _: None, "email", this_year=2026).coerce(made)


def text(forms: Forms, name: str, value: object, **shape: Any) -> str | None:
    """Return what is written; None if it is left out."""
    made = read(forms, name, value, **shape)
    assert isinstance(made, Record), made.reason
    return made.properties.get(name)


def reason(forms: Forms, name: str, value: object, **shape: Any) -> str:
    made = read(forms, name, value, **shape)
    assert isinstance(made, Result), made.properties
    assert made.outcome is Outcome.INVALID
    assert made.properties == (name,)
    return made.reason


EUROPEAN = Forms(decimal=",")
ENGLISH = Forms(decimal=".")
GERMAN = Forms(dates=("%d.%m.%Y", "%d.%m.%Y %H:%M"))
JA = Forms(booleans={"Ja": True, "nein": False})
LABELLED = Forms(labels=True)
LISTS = Forms(json_lists=True)
NULLS = Forms(nulls=frozenset({"NULL", "\\N", "N/A"}))


@pytest.mark.parametrize(
    ("forms", "name", "value", "written"),
    [
        (EUROPEAN, "points", "1.234,56", "1234.56"),
        (EUROPEAN, "points", "1234,56", "1234.56"),
        (EUROPEAN, "points", " -1.234.567,5 ", "-1234567.5"),
        (EUROPEAN, "points", "1.234", "1234"),
        (EUROPEAN, "points", "1 234,5", "1234.5"),
        (EUROPEAN, "points", "1\u00a0234\u00a0567", "1234567"),
        (EUROPEAN, "points", "1\u202f234,5", "1234.5"),
        (EUROPEAN, "points", "1'234,5", "1234.5"),
        (EUROPEAN, "points", ",5", ".5"),
        (EUROPEAN, "points", "5,", "5."),
        (EUROPEAN, "points", "12", "12"),
        (EUROPEAN, "points", "1,5e3", "1500"),
        (EUROPEAN, "points", Loud("1,5"), "1.5"),
        (EUROPEAN, "points", 1.5, "1.5"),
        (EUROPEAN, "points", Decimal("1.234"), "1.234"),
        (EUROPEAN, "points", 1234, "1234"),
        (EUROPEAN, "points", "", ""),
        (EUROPEAN, "points", "  ", ""),
        (EUROPEAN, "city", "1.234,56", "1.234,56"),
        (EUROPEAN, "unknown", "1,5", "1,5"),
        (ENGLISH, "points", "1,234.56", "1234.56"),
        (ENGLISH, "points", "1234.56", "1234.56"),
        (ENGLISH, "points", "1'234.5", "1234.5"),
        (GERMAN, "born", "01.02.2026", "2026-02-01"),
        (GERMAN, "born", " 1.2.2026 ", "2026-02-01"),
        (GERMAN, "born", "01.02.2026 13:30", "2026-02-01"),
        (GERMAN, "born", date(2026, 2, 1), "2026-02-01"),
        (GERMAN, "born", "", ""),
        (GERMAN, "seen", "01.02.2026", "2026-02-01"),
        (GERMAN, "seen", "01.02.2026 13:30", "2026-02-01T13:30:00.000Z"),
        (GERMAN, "seen", datetime(2026, 2, 1, 3, tzinfo=UTC), "2026-02-01T03:00:00.000Z"),
        (GERMAN, "city", "01.02.2026", "01.02.2026"),
        (Forms(dates=("%Y%m%d",)), "born", "20260201", "2026-02-01"),
        (Forms(dates=("%y%m%d",)), "born", "690201", "1969-02-01"),
        (Forms(dates=("%Y-%d-%m",)), "born", "2026-02-01", "2026-01-02"),
        (Forms(dates=("%Y-%d-%m",)), "born", date(2026, 2, 1), "2026-02-01"),
        (Forms(dates=("%Y-%j",)), "born", "2026-032", "2026-02-01"),
        (Forms(dates=("%d/%m/%Y", "%m/%d/%Y")), "born", "13/02/2026", "2026-02-13"),
        (Forms(dates=("%d/%m/%Y", "%m/%d/%Y")), "born", "02/02/2026", "2026-02-02"),
        (Forms(dates=("%d.%m.%Y %H:%M%z",)), "seen", "01.02.2026 13:30+02:00", "2026-02-01T11:30:00.000Z"),
        (Forms(dates=("%d.%m.%Y %H:%M%z",)), "born", "01.02.2026 00:00+02:00", "2026-02-01"),
        (JA, "vip", "ja", "true"),
        (JA, "vip", " NEIN ", "false"),
        (JA, "vip", "TRUE", "true"),
        (JA, "vip", "0", "false"),
        (JA, "vip", Word.YES, "true"),
        (JA, "vip", True, "true"),
        (JA, "vip", "", ""),
        (JA, "city", "ja", "ja"),
        (LABELLED, "tier", "Gold", "g1"),
        (LABELLED, "tier", "Silver", "Silver"),
        (LABELLED, "tier", " old SILVER ", "Silver"),
        (LABELLED, "tier", "GOLD", "z"),
        (LABELLED, "tier", "nothing like it", "nothing like it"),
        (LABELLED, "tier", "", ""),
        (LABELLED, "vip", "Yes", "true"),
        (LABELLED, "hobbies", "Golf; Fine wine", "golf;wine"),
        (LABELLED, "hobbies", ";fine wine", ";wine"),
        (LABELLED, "hobbies", ["Golf", "wine"], "golf;wine"),
        (LABELLED, "city", "Gold", "Gold"),
        (EUROPEAN, "tier", "Gold", "Gold"),
        (LISTS, "hobbies", '["golf","wine"]', "golf;wine"),
        (LISTS, "hobbies", ' [ "golf", null, 5, true ] ', "golf;5;true"),
        (LISTS, "hobbies", "[]", ""),
        (LISTS, "hobbies", '["", " ", "golf"]', "golf"),
        (LISTS, "hobbies", '[""]', ""),
        (LISTS, "hobbies", f"[{'1,' * 4_999}1]", ";".join("1" * 5_000)),
        (LISTS, "hobbies", "[a", "[a"),
        (LISTS, "hobbies", "[golf", "[golf"),
        (LISTS, "hobbies", ["golf"], "golf"),
        (LISTS, "tier", '["g1"]', '["g1"]'),
        (Forms(json_lists=True, labels=True), "hobbies", '["Golf","Fine wine"]', "golf;wine"),
        (Forms(json_lists=True, nulls=frozenset({"NULL"})), "hobbies", '["golf","NULL"]', "golf"),
        (NULLS, "city", "NULL", None),
        (NULLS, "city", " \\N ", None),
        (NULLS, "city", "null", "null"),
        (NULLS, "city", "NULL and void", "NULL and void"),
        (NULLS, "city", Word.NOTHING, None),
        (NULLS, "city", "", ""),
        (NULLS, "hobbies", ["golf", "N/A"], "golf"),
        (NULLS, "points", "N/A", None),
        (Forms(nulls=frozenset({""})), "city", "  ", None),
    ],
)
def test_what_a_text_means(forms: Forms, name: str, value: object, written: str | None) -> None:
    """Only texts are read, and only those of properties of the type."""
    assert text(forms, name, value) == written


@pytest.mark.parametrize(
    ("forms", "name", "value", "says"),
    [
        *(
            (EUROPEAN, "points", each, "with a decimal comma")
            for each in ("1.5", "0.123", "1.23.456", "12.34,5", "1.234.56", "1,5,5", "1 234.567", "12345.678")
        ),
        (EUROPEAN, "points", "five", "`five` is not a number with a decimal comma"),
        (EUROPEAN, "points", ",", "is not a number"),
        (EUROPEAN, "points", "+", "is not a number"),
        (EUROPEAN, "points", "1,5e999", "digits"),
        (EUROPEAN, "points", "1.234e5", "is not a number"),
        (ENGLISH, "points", "1,234E+3", "is not a number"),
        (ENGLISH, "points", "1.234,56", "with a decimal point"),
        (ENGLISH, "points", "12,34,567.5", "groups of three"),
        (GERMAN, "born", "2026-02-01", "not a date in the format %d.%m.%Y or %d.%m.%Y %H:%M"),
        (GERMAN, "born", "31.02.2026", "is not a date"),
        (GERMAN, "born", "01.02.26", "is not a date"),
        (GERMAN, "born", "01.02.9999", "HubSpot accepts only dates"),
        (GERMAN, "seen", "tomorrow", "`tomorrow` is not a date"),
        (
            Forms(dates=("%d/%m/%Y", "%m/%d/%Y")),
            "born",
            "01/02/2026",
            "`01/02/2026` can mean 2026-02-01 or 2026-01-02",
        ),
        (Forms(dates=("%d%m%Y",)), "born", "1122026", "is not a date"),
        (Forms(dates=("%d.%m.%Y %H:%M%z",)), "born", "01.02.2026 13:30+02:00", "may be 2026-02-01"),
        (LABELLED, "tier", "Twin", "`Twin` is the label of several options, such as `x` and `y`"),
        (LABELLED, "tier", "twin", "several options"),
        (LABELLED, "hobbies", "golf;SIZE", "`SIZE` is the label of several options, such as `big` and `BIG`"),
        (LISTS, "hobbies", '["a;b"]', "a semicolon, which separates options"),
        (LISTS, "hobbies", '[["golf"]]', "cannot hold a list within a list"),
        (LISTS, "hobbies", '[{"a": 1}]', "cannot hold a dict within a list"),
        (LISTS, "hobbies", "[NaN]", "not a finite number"),
        (LISTS, "hobbies", f"[{'1,' * 5_000}1]", "5,001 items"),
    ],
)
def test_what_is_refused(forms: Forms, name: str, value: object, says: str) -> None:
    """What cannot be read in the way that the user names, and what may mean two things."""
    assert says in reason(forms, name, value)


@pytest.mark.parametrize(
    ("forms", "name", "value", "coercion"),
    [
        (EUROPEAN, "points", "1.234,5", Coercion("points", COMMA, "1.234,5", "1234.5")),
        (EUROPEAN, "points", "1.234", Coercion("points", GROUPS, "1.234", "1234")),
        (EUROPEAN, "points", "1,5e3", Coercion("points", EXPONENT, "1,5e3", "1500")),
        (GERMAN, "born", "01.02.2026", Coercion("born", DATES, "01.02.2026", "2026-02-01")),
        (
            GERMAN,
            "born",
            "01.02.2026 13:30",
            Coercion("born", "the time of day is dropped from a date", "01.02.2026 13:30", "2026-02-01"),
        ),
        (
            GERMAN,
            "seen",
            "01.02.2026 13:30",
            Coercion(
                "seen",
                "a time without a zone is read as UTC",
                "01.02.2026 13:30",
                "2026-02-01T13:30:00.000Z",
            ),
        ),
        (JA, "vip", "Ja", Coercion("vip", WORDS, "Ja", "true")),
        (LABELLED, "tier", "Gold", Coercion("tier", LABELS, "Gold", "g1")),
        (LISTS, "hobbies", '["golf"]', Coercion("hobbies", JSON_LISTS, '["golf"]', "golf")),
        (
            Forms(json_lists=True, labels=True),
            "hobbies",
            '["golf"]',
            Coercion("hobbies", JSON_LISTS, '["golf"]', "golf"),
        ),
        (NULLS, "city", "N/A", Coercion("city", NULL_TEXT, "N/A", "")),
        (NULLS, "hobbies", ["golf", "NULL"], Coercion("hobbies", NULL_TEXT, "NULL", "")),
    ],
)
def test_each_conversion_is_told(forms: Forms, name: str, value: object, coercion: Coercion) -> None:
    """With the value before and after; a text that stays as it is is none."""
    made = read(forms, name, value)
    assert isinstance(made, Record)
    assert coercion in made.coercions

    same = {"points": "5", "born": "", "seen": "", "vip": "", "tier": "g1", "hobbies": "golf", "city": "Rome"}
    untouched = read(forms, name, same[name])
    assert isinstance(untouched, Record)
    assert untouched.coercions == ()


@pytest.mark.parametrize("forms", [EUROPEAN, GERMAN, JA, LABELLED, LISTS])
def test_the_document_keeps_the_texts(forms: Forms) -> None:
    """A JSON Schema sees what the source has; only a text that means no value is none for it."""
    row = {
        "email": ADA,
        "points": "1,5",
        "born": "01.02.2026",
        "vip": "ja",
        "tier": "Gold",
        "hobbies": '["golf"]',
    }
    made = mapping(forms).record(1, row)

    assert isinstance(made, Record)
    assert made.document == row


@pytest.mark.parametrize(("nulls", "properties"), [(Nulls.IGNORE, {}), (Nulls.CLEAR, {"city": ""})])
def test_texts_that_mean_no_value_are_none(nulls: Nulls, properties: Mapping[str, str]) -> None:
    """They are left out or clear the property, as None does, and a JSON Schema sees null or nothing."""
    made = mapping(NULLS, nulls=nulls).record(1, {"email": ADA, "city": "NULL"})
    none = mapping(NULLS, nulls=nulls).record(1, {"email": ADA, "city": None})

    assert isinstance(made, Record)
    assert isinstance(none, Record)
    assert made.properties == none.properties == properties
    assert made.document == none.document


@pytest.mark.parametrize("key", ["NULL", " N/A ", Word.NOTHING])
def test_a_key_that_means_no_value(key: object) -> None:
    """It is no key, and ends as an empty one does."""
    made = mapping(NULLS).record(1, {"email": key, "city": "Rome"})
    empty = mapping(NULLS).record(1, {"email": None, "city": "Rome"})

    assert made == empty
    assert isinstance(made, Result)
    assert (made.category, made.reason) == ("KEY", "the key is empty")
    assert mapping(NULLS).key_of({"email": key}) is None


def test_a_new_key_that_means_no_value() -> None:
    """The contact keeps its key."""
    shape = mapping(NULLS, becomes="new", nulls=Nulls.CLEAR)

    made = shape.record(1, {"email": ADA, "new": "N/A"})

    assert isinstance(made, Record)
    assert made.properties == {}


def test_a_timestamp_that_means_no_value() -> None:
    """The row has none then."""
    made = mapping(NULLS, timestamp="at").record(1, {"email": ADA, "city": "Rome", "at": "NULL"})

    assert isinstance(made, Record)
    assert made.timestamp is None
    assert made.coercions == (Coercion("at", NULL_TEXT, "NULL", ""),)


@pytest.mark.parametrize(
    ("value", "key"), [("1.234", "1234"), ("7,0", "7"), ("7", "7"), (7.0, "7"), (Decimal(7), "7")]
)
def test_keys_that_are_numbers(value: object, key: str) -> None:
    """They are read like the values of their property."""
    made = mapping(EUROPEAN, key="member", id_property="member").record(1, {"member": value, "city": "Rome"})

    assert isinstance(made, Record)
    assert made.key == key


def test_a_key_that_is_no_number() -> None:
    """The reason says what was expected."""
    made = mapping(EUROPEAN, key="member", id_property="member").record(1, {"member": "1.5", "city": "Rome"})

    assert isinstance(made, Result)
    assert (made.category, made.properties) == ("KEY", ("member",))
    assert "with a decimal comma" in made.reason


class TestKept:
    """Rows that a ledger has kept: what was a date is text now, and the key has its normal form."""

    def made(self, forms: Forms, row: Mapping[str, object]) -> Record | Result:
        shape = mapping(forms, key="member", id_property="member")
        assert shape.texts
        return replace(shape, texts=shape.texts.kept()).record(1, row)

    def test_the_key(self) -> None:
        """It is not read a second time: 1.234 was 1,234 in the source."""
        made = self.made(EUROPEAN, {"member": "1.234", "points": "1,5"})
        assert isinstance(made, Record)
        assert (made.key, made.properties) == ("1.234", {"points": "1.5"})

    @pytest.mark.parametrize("value", ["01.02.2026", "2026-02-01", date(2026, 2, 1)])
    def test_dates(self, value: object) -> None:
        """Both forms are read."""
        made = self.made(GERMAN, {"member": "7", "born": value})
        assert isinstance(made, Record)
        assert made.properties == {"born": "2026-02-01"}

    def test_a_date_that_may_be_two(self) -> None:
        """Nobody knows which form it was."""
        made = self.made(Forms(dates=("%Y-%d-%m",)), {"member": "7", "born": "2026-02-01"})
        assert isinstance(made, Result)
        assert "can mean 2026-01-02 or 2026-02-01" in made.reason

    def test_a_time(self) -> None:
        """As a datetime was kept."""
        made = self.made(GERMAN, {"member": "7", "seen": "2026-02-01T13:30:00.000Z"})
        assert isinstance(made, Record)
        assert made.properties == {"seen": "2026-02-01T13:30:00.000Z"}


def test_times_of_the_legacy_api() -> None:
    """They are milliseconds."""
    forms = GERMAN._replace(time_form=TimeForm.MILLIS)

    assert text(forms, "seen", "01.02.2026 13:30", time_form=TimeForm.MILLIS) == "1769952600000"


def test_a_missing_value_beside_a_text() -> None:
    """NaN is no value with and without texts that mean none."""
    made = read(NULLS, "points", float("nan"))

    assert isinstance(made, Record)
    assert [each.how for each in made.coercions] == [NO_VALUE]


def test_a_value_whose_class_fails() -> None:
    """Its record has an outcome that says so, and the others go on."""

    class Failing:
        @property
        def ndim(self) -> int:
            raise RuntimeError

    made = mapping(NULLS).record(1, {"email": ADA, "city": Failing()})

    assert isinstance(made, Result)
    assert made.category == "INTERNAL_ERROR"


def test_the_locale_does_not_matter() -> None:
    """Formats have numbers only; a worker with another locale reads the same."""
    before = locale.setlocale(locale.LC_TIME)
    try:
        for name in ("C", "C.UTF-8", "de_DE.UTF-8"):
            try:
                locale.setlocale(locale.LC_TIME, name)
            except locale.Error:
                continue
            assert text(GERMAN, "born", "01.02.2026") == "2026-02-01"
    finally:
        locale.setlocale(locale.LC_TIME, before)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**12), max_value=10**12))
def test_each_number_that_is_printed_is_read(number: Decimal) -> None:
    """With groups and without, with a comma and a point."""
    english = f"{number:,.3f}"
    european = english.translate(str.maketrans(",.", ".,"))

    for forms, written in (
        (ENGLISH, english),
        (EUROPEAN, european),
        (EUROPEAN, f"{number:.3f}".replace(".", ",")),
    ):
        assert Decimal(text(forms, "points", written) or "") == number


@given(st.text(alphabet="0123456789,. '+-e", max_size=12))
def test_a_number_never_means_two_things(given: str) -> None:
    """What is read with the other mark, too, has neither mark, or is refused there."""
    one, other = (read(forms, "points", given) for forms in (EUROPEAN, ENGLISH))
    if isinstance(one, Record) and isinstance(other, Record) and one.properties != other.properties:
        assert {",", "."} & {*given}


@given(st.dates(min_value=date(1700, 1, 1)), st.sampled_from(["%d.%m.%Y", "%m/%d/%Y", "%Y%m%d", "%Y-%d-%m"]))
def test_each_date_that_is_printed_is_read(day: date, form: str) -> None:
    """In the format in which it was printed."""
    if day.year < 3_000:
        assert text(Forms(dates=(form,)), "born", day.strftime(form)) == day.isoformat()


@given(st.one_of(st.text(), st.none(), st.integers(), st.lists(st.text()), st.binary()))
def test_any_value_ends(value: object) -> None:
    """As a record or with a reason, whatever it is, and for any property."""
    everything = Forms(frozenset({"NULL"}), True, ",", ("%d.%m.%Y",), {"ja": True, "nein": False}, True)
    for name in KINDS.keys() - {"email"}:
        made = read(everything, name, value)
        assert isinstance(made, Record | Result)
        assert not isinstance(made, Result) or made.category == "VALUE"
