# SPDX-License-Identifier: Apache-2.0
"""From a source row to a record."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from airflow_provider_hubcontact.sync.model.choices import Nulls
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from airflow_provider_hubcontact.sync.model.record import Coercion, Record
from airflow_provider_hubcontact.sync.rows.keys import MAX_EMAIL_LENGTH, normalized_key
from airflow_provider_hubcontact.sync.rows.record_mapping import RecordMapping
from airflow_provider_hubcontact.sync.rows.values import (
    MAX_DIGITS,
    MAX_TEXT_LENGTH,
    TimeForm,
    UnreadableValue,
)

KEY = "ada@example.com"
NEW_YORK = timezone(timedelta(hours=-5))


class Rank(IntEnum):
    HIGH = 3


class Size(StrEnum):
    LARGE = "large"


class Flag(Enum):
    ON = True


class Loud(str):
    """A text of a database driver's own type."""

    __slots__ = ()


class Real(float):
    """A number of a numeric library's own type, whose ``repr`` is not a number."""

    def __repr__(self) -> str:
        return f"Real({float(self)})"


class Unequal:
    """Compares like an array or a missing value of a numeric library."""

    def __init__(self, error: type[Exception]) -> None:
        self._error = error

    def __eq__(self, other: object) -> bool:
        raise self._error

    __hash__ = None  # type: ignore[assignment]  # as of what it stands for


class NotATime(datetime):
    """A datetime that is none, as pandas has it."""

    def __eq__(self, other: object) -> bool:
        return False

    def __ne__(self, other: object) -> bool:
        return True

    __hash__ = datetime.__hash__


def record_of(values: object, shape: RecordMapping | None = None) -> Record:
    shaped = (shape or RecordMapping()).record(1, values)
    assert isinstance(shaped, Record), shaped
    return shaped


def result_of(values: object, shape: RecordMapping | None = None) -> Result:
    shaped = (shape or RecordMapping()).record(7, values)
    assert isinstance(shaped, Result), shaped
    assert (shaped.row, shaped.outcome, shaped.status) == (7, Outcome.INVALID, None)
    return shaped


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param("Ada", "Ada", id="text"),
        pytest.param("  Ada ", "  Ada ", id="text is not trimmed"),
        pytest.param("", "", id="empty text clears"),
        pytest.param(";A;B", ";A;B", id="options to append"),
        pytest.param("Ω 李 🦊", "Ω 李 🦊", id="any script"),
        pytest.param(True, "true", id="true"),
        pytest.param(False, "false", id="false"),
        pytest.param(0, "0", id="zero"),
        pytest.param(-12345678901234567890, "-12345678901234567890", id="large int"),
        pytest.param(1.0, "1", id="whole float"),
        pytest.param(-0.5, "-0.5", id="float"),
        pytest.param(1e22, "10000000000000000000000", id="float without exponent"),
        pytest.param(1e-7, "0.0000001", id="small float without exponent"),
        pytest.param(0.1, "0.1", id="float as it is written"),
        pytest.param(Real(2.5), "2.5", id="float of another library"),
        pytest.param(Decimal("1234.50"), "1234.50", id="decimal"),
        pytest.param(Decimal("1E+3"), "1000", id="decimal with exponent"),
        pytest.param(Decimal("5.0"), "5", id="whole decimal"),
        pytest.param(date(2026, 3, 1), "2026-03-01", id="date"),
        pytest.param(datetime(2026, 3, 1, 12, 30), "2026-03-01T12:30:00.000Z", id="naive datetime is UTC"),  # noqa: DTZ001 - the case
        pytest.param(
            datetime(2026, 3, 1, 20, tzinfo=NEW_YORK), "2026-03-02T01:00:00.000Z", id="zoned datetime"
        ),
        pytest.param(
            UUID("12345678-1234-5678-1234-567812345678"), "12345678-1234-5678-1234-567812345678", id="uuid"
        ),
        pytest.param(Rank.HIGH, "3", id="int enum"),
        pytest.param(Size.LARGE, "large", id="text enum"),
        pytest.param(Flag.ON, "true", id="enum of another type"),
        pytest.param(["a", 1, True], "a;1;true", id="list"),
        pytest.param(["", " ", "a", ""], "a", id="list with blank texts, which would add to what is there"),
        pytest.param(["", ""], "", id="list of blank texts clears"),
        pytest.param(("b", "a"), "b;a", id="tuple keeps its order"),
        pytest.param({"b", "a"}, "a;b", id="set is sorted"),
        pytest.param(frozenset({"b", "a"}), "a;b", id="frozenset is sorted"),
        pytest.param([], "", id="no options"),
    ],
)
def test_text_form(value: object, text: str) -> None:
    """Every value is written as HubSpot's text form has it."""
    assert record_of({"email": KEY, "property": value}).properties == {"property": text}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        pytest.param(b"bytes", "a property cannot hold a bytes: make it text in the source", id="bytes"),
        pytest.param(
            {"a": 1},
            "a property cannot hold a dict: send one of its fields",
            id="nested dict",
        ),
        pytest.param(
            timedelta(1),
            "a property cannot hold a timedelta: send a number of days or seconds",
            id="timedelta",
        ),
        pytest.param(UnreadableValue("a day 0"), "a day 0", id="unreadable"),
        pytest.param([UnreadableValue("a day 0")], "a day 0", id="unreadable in a list"),
        pytest.param(object(), "a property cannot hold a object", id="object"),
        pytest.param([["a"]], "a property cannot hold a list within a list", id="nested list"),
        pytest.param(["a"] * 5_001, "5,001 items; a property holds at most 5,000", id="long list"),
        pytest.param(float("inf"), "not a finite number", id="infinite"),
        pytest.param(Decimal("-Infinity"), "not a finite number", id="infinite decimal"),
        pytest.param(10**5000, "a number of more than 400 digits", id="int too large for text"),
        pytest.param(Decimal("1E+99999"), "a number of more than 400 digits", id="decimal too large"),
        pytest.param(Decimal("1E-99999"), "a number of more than 400 digits", id="decimal too small"),
        pytest.param(Decimal("1" * 401), "a number of more than 400 digits", id="decimal too long"),
        pytest.param(Unequal(ValueError), "a property cannot hold a Unequal", id="array"),
        pytest.param(Unequal(TypeError), "a property cannot hold a Unequal", id="NA"),
        pytest.param(
            "x" * 10_000_000,
            f"10,000,000 characters; a property holds at most {MAX_TEXT_LENGTH:,}",
            id="10 MB",
        ),
        pytest.param("a\ud83d", "half of a surrogate pair, which is not a character", id="lone surrogate"),
        pytest.param(
            ["a;b"],
            "an option with a semicolon, which separates options",
            id="semicolon in an option",
        ),
        pytest.param(
            {"a", "b;c"},
            "an option with a semicolon, which separates options",
            id="semicolon in a set",
        ),
        pytest.param(
            datetime.max.replace(tzinfo=NEW_YORK),
            "a time outside the years 1 to 9999 in UTC",
            id="end of time",
        ),
    ],
)
def test_value_that_no_property_holds(value: object, reason: str) -> None:
    """A value that HubSpot cannot hold makes its record invalid, and the reason names the property."""
    result = result_of({"email": KEY, "property": value})

    assert (result.key, result.category, result.properties) == (KEY, "VALUE", ("property",))
    assert result.reason == f"property: {reason}"


def test_all_bad_values_are_named() -> None:
    """A record with several bad values names them all."""
    result = result_of({"email": KEY, "one": b"", "fine": 1, "two": {}})

    assert result.properties == ("one", "two")
    assert result.reason.startswith("one: a property cannot hold a bytes")
    assert "; two: a property cannot hold a dict" in result.reason


def test_many_bad_values_are_counted() -> None:
    """The reason names the first of many bad values, and how many there are besides."""
    result = result_of({"email": KEY, **{f"p{number}": b"" for number in range(30)}})

    assert len(result.properties) == 30
    assert result.reason.count(": a property cannot hold a bytes") == 20
    assert result.reason.endswith("; and 10 more")


def test_longest_text() -> None:
    """A text of the longest possible length is taken as it is."""
    text = "x" * MAX_TEXT_LENGTH

    assert record_of({"email": KEY, "property": text}).properties["property"] == text


@pytest.mark.parametrize("row", [5, None, "email", b"x", ["email"], KEY], ids=repr)
def test_row_that_is_no_mapping(row: object) -> None:
    """A row that is no mapping is invalid."""
    result = result_of(row)

    assert (result.key, result.category) == ("", "NOT_A_MAPPING")
    assert result.reason.startswith("a row must map columns to values, not a ")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        pytest.param(
            {}, "the row has no column 'email', which is the key; it has firstname", id="no key column"
        ),
        pytest.param({"email": ""}, "the key is empty", id="empty"),
        pytest.param({"email": " \t\n"}, "the key is empty", id="blank"),
        pytest.param({"email": None}, "the key is empty", id="null"),
        pytest.param({"email": 1.5}, "the key must be text or a whole number, not a float", id="float"),
        pytest.param({"email": True}, "the key must be text or a whole number, not a bool", id="bool"),
        pytest.param({"email": b"a@b.c"}, "the key must be text or a whole number, not a bytes", id="bytes"),
        pytest.param({"email": [KEY]}, "the key must be text or a whole number, not a list", id="list"),
        pytest.param(
            {"email": "a\nb@c.d"},
            "the key has a character that is not printable: 'a\\nb@c.d'",
            id="newline inside",
        ),
        pytest.param(
            {"email": "\ud83d@b.c"},
            "the key has a character that is not printable: '\\ud83d@b.c'",
            id="lone surrogate",
        ),
        pytest.param(
            {"email": "\x00" * 10_000},
            f"the key has a character that is not printable: {chr(0) * 80 + '…'!r}",
            id="long and not printable",
        ),
        pytest.param(
            {"email": "a" * 10_000_000},
            f"the key has 10,000,000 characters; at most {MAX_EMAIL_LENGTH} are allowed",
            id="10 MB",
        ),
        pytest.param({"email": 10**5000}, "a number of more than 400 digits", id="number too large"),
    ],
)
def test_bad_key(row: dict[str, object], reason: str) -> None:
    """A row without a usable key is invalid, whatever else it has."""
    result = result_of({**row, "firstname": b"also bad"})

    assert (result.key, result.category, result.properties) == ("", "KEY", ("email",))
    assert result.reason == reason


@pytest.mark.parametrize(
    ("id_property", "value", "key"),
    [
        pytest.param("email", " Ada@Example.COM\n", KEY, id="trimmed and lower-cased"),
        pytest.param("email", "STRASSE@ß.de", "strasse@ß.de", id="ß stays"),
        pytest.param("customer_no", " AB-12 ", "AB-12", id="other keys keep their case"),
        pytest.param("hs_object_id", 901, "901", id="whole number"),
        pytest.param("customer_no", "x" * 400, "x" * 400, id="other keys may be longer than an address"),
    ],
)
def test_key(id_property: str, value: object, key: str) -> None:
    """The key is trimmed text, and an address is lower-cased as HubSpot stores it."""
    record = record_of({"id": value}, RecordMapping(key="id", id_property=id_property))

    assert (record.key, record.properties) == (key, {})


def test_columns_are_sent_under_their_names() -> None:
    """Without a mapping, every column but the key and the timestamp is sent."""
    row = {"email": KEY, "firstname": "Ada", "changed_at": 1_735_689_600_000}

    record = record_of(row, RecordMapping(timestamp="changed_at"))

    assert record == Record(
        1, KEY, {"firstname": "Ada"}, {"firstname": "Ada", "email": KEY}, 1_735_689_600_000
    )


def test_mapping() -> None:
    """With a mapping, only the columns that it names are sent, and a row may lack some."""
    shape = RecordMapping(key="mail", mapping={"mail": "email", "first": "firstname", "last": "lastname"})

    record = record_of({"mail": " ADA@example.com ", "first": "Ada", "secret": "x"}, shape)

    assert record == Record(1, KEY, {"firstname": "Ada"}, {"firstname": "Ada", "email": " ADA@example.com "})


@pytest.mark.parametrize(
    ("new", "properties"),
    [
        pytest.param(" New@Example.com ", {"email": "new@example.com"}, id="new address"),
        pytest.param(" ADA@example.com", {}, id="the same address"),
        pytest.param(None, {}, id="none known"),
        pytest.param("", {"email": ""}, id="cleared by intent"),
    ],
)
@pytest.mark.parametrize("nulls", Nulls)
def test_change_of_address(nulls: Nulls, new: str | None, properties: dict[str, str]) -> None:
    """A new address is sent folded; a source that knows none never takes the contact's address away."""
    shape = RecordMapping(mapping={"email": "email", "new_email": "email"}, nulls=nulls)

    assert record_of({"email": KEY, "new_email": new}, shape).properties == properties


def test_change_of_another_key() -> None:
    """A key that is no address is compared trimmed, as it is looked up."""
    shape = RecordMapping(key="no", id_property="customer_no", mapping={"no": "customer_no"})

    assert record_of({"no": " A1 "}, shape).properties == {}


@pytest.mark.parametrize(
    ("nulls", "properties", "document"),
    [
        (Nulls.IGNORE, {"b": "x"}, {"b": "x", "email": KEY}),
        (Nulls.CLEAR, {"a": "", "b": "x"}, {"a": None, "b": "x", "email": KEY}),
    ],
)
def test_nulls(nulls: Nulls, properties: dict[str, str], document: dict[str, Any]) -> None:
    """None is left out, or clears the property if asked to."""
    record = record_of({"email": KEY, "a": None, "b": "x"}, RecordMapping(nulls=nulls))

    assert (record.properties, record.document) == (properties, document)


MOMENT = datetime(2026, 1, 1, 0, 0, 0, 1999, tzinfo=UTC)


@pytest.mark.parametrize(
    ("form", "text"),
    [(TimeForm.ISO, "2026-01-01T00:00:00.001Z"), (TimeForm.MILLIS, "1767225600001")],
)
def test_time_form(form: TimeForm, text: str) -> None:
    """A datetime is written as the API version wants it; a date never changes."""
    row = {"email": KEY, "at": MOMENT, "on": date(2026, 1, 1)}

    record = record_of(row, RecordMapping(time_form=form))

    assert record.properties == {"at": text, "on": "2026-01-01"}


@pytest.mark.parametrize(
    ("value", "timestamp"),
    [
        pytest.param(1767225600001, 1767225600001, id="milliseconds"),
        pytest.param(MOMENT, 1767225600001, id="datetime"),
        pytest.param(datetime(1970, 1, 1, 1, 0), 3_600_000, id="naive datetime is UTC"),  # noqa: DTZ001 - the case
        pytest.param(None, None, id="none"),
    ],
)
def test_timestamp(value: object, timestamp: int | None) -> None:
    """The timestamp column says when the values were set, in milliseconds."""
    assert record_of({"email": KEY, "at": value}, RecordMapping(timestamp="at")).timestamp == timestamp


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        pytest.param("now", "a timestamp must be a datetime or milliseconds, not a str", id="text"),
        pytest.param(True, "a timestamp must be a datetime or milliseconds, not a bool", id="bool"),
        pytest.param(2**63, "a timestamp must be a datetime or milliseconds, not a int", id="beyond 64 bits"),
        pytest.param(1.5, "a timestamp must be a datetime or milliseconds, not a float", id="float"),
        pytest.param(
            datetime.min.replace(tzinfo=timezone(timedelta(hours=9))),
            "a time outside the years 1 to 9999 in UTC",
            id="before time",
        ),
    ],
)
def test_bad_timestamp(value: object, reason: str) -> None:
    """A timestamp that is none makes the record invalid, like any other bad value."""
    result = result_of({"email": KEY, "at": value}, RecordMapping(timestamp="at"))

    assert (result.category, result.reason, result.properties) == ("VALUE", f"at: {reason}", ("at",))


@pytest.mark.parametrize(
    ("value", "json"),
    [
        pytest.param("x", "x", id="text"),
        pytest.param(Loud("x"), "x", id="text of another type"),
        pytest.param(True, True, id="bool"),
        pytest.param(3, 3, id="int"),
        pytest.param(Real(2.5), 2.5, id="float of another type"),
        pytest.param(Decimal("3.00"), 3, id="whole decimal"),
        pytest.param(Decimal("2.5"), 2.5, id="decimal"),
        pytest.param(Rank.HIGH, 3, id="enum"),
        pytest.param(["a", Decimal(1)], ["a", 1], id="list"),
        pytest.param(date(2026, 3, 1), "2026-03-01", id="date"),
        pytest.param(MOMENT, "2026-01-01T00:00:00.001Z", id="datetime"),
    ],
)
def test_document(value: object, json: object) -> None:
    """A JSON Schema sees values of JSON's own types, datetimes always as text."""
    record = record_of({"email": KEY, "property": value}, RecordMapping(time_form=TimeForm.MILLIS))

    seen = record.document["property"]
    assert (seen, type(seen)) == (json, type(json))


@pytest.mark.parametrize(
    ("name", "normalized"),
    [("email", "ada@x.y"), ("customer_no", "ADA@x.y")],
)
def test_normalized_key(name: str, normalized: str) -> None:
    """A key is trimmed; only an address is written in lower case."""
    assert normalized_key(name, " ADA@x.y ") == normalized


@pytest.mark.parametrize(
    ("zeros", "normalized"), [(MAX_DIGITS - 1, "7"), (MAX_DIGITS, "0" * MAX_DIGITS + "7")]
)
def test_a_number_of_many_digits_is_a_key(zeros: int, normalized: str) -> None:
    """It has its normal form unless it has more digits than a number may have."""
    assert normalized_key("number", "0" * zeros + "7", is_number=True) == normalized


@pytest.mark.parametrize(
    ("value", "written", "seen"),
    [
        ("int64(7)", "7", 7),
        ("float32(1.5)", "1.5", 1.5),
        ("float64(3.0)", "3", 3.0),
        ("bool_(True)", "true", True),
        ("str_('a')", "a", "a"),
        (
            "datetime64('2026-01-02T03:04:05.678901234')",
            "2026-01-02T03:04:05.678Z",
            "2026-01-02T03:04:05.678Z",
        ),
        ("datetime64('2026-01-02')", "2026-01-02T00:00:00.000Z", "2026-01-02T00:00:00.000Z"),
        ("array(['a', 'b'])", "a;b", ["a", "b"]),
        ("array(5)", "5", 5),
    ],
)
def test_numpy(value: str, written: str, seen: object) -> None:
    """Its scalars and lists are as good as Python's own."""
    numpy = pytest.importorskip("numpy")
    record = record_of({"email": KEY, "property": eval(f"numpy.{value}", {"numpy": numpy})})  # noqa: S307

    assert record.properties == {"property": written}
    assert record.document["property"] == seen


def test_an_array_that_is_too_long_is_not_unpacked() -> None:
    """Its values would take the memory of the task."""

    class Array:
        ndim, shape = 1, (10**12,)
        dtype = SimpleNamespace(kind="f")

        def tolist(self) -> list[float]:
            raise MemoryError

    assert "1,000,000,000,000 items" in result_of({"email": KEY, "property": Array()}).reason


def test_pandas() -> None:
    """A row of a data frame can be sent as it is; what is missing in it is None."""
    pandas = pytest.importorskip("pandas")
    row = {
        "email": KEY,
        "seen": pandas.Timestamp("2026-01-02T03:04:05", tz="Europe/Berlin"),
        "left": pandas.NaT,
        "seats": pandas.NA,
    }

    ignored = record_of(row)
    cleared = record_of(row, RecordMapping(nulls=Nulls.CLEAR))

    assert ignored.properties == {"seen": "2026-01-02T02:04:05.000Z"}
    assert cleared.properties == {"seen": "2026-01-02T02:04:05.000Z", "left": "", "seats": ""}
    assert result_of({"email": KEY, "property": pandas.Timedelta(1)}).category == "VALUE"


def test_what_writing_changes_is_told() -> None:
    """A zone that is assumed, digits that are cut."""
    record = record_of(
        {
            "email": KEY,
            "naive": datetime(2026, 1, 2, 3, 4, 5),  # noqa: DTZ001 - on purpose
            "exact": datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC),
            "same": datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC),
        }
    )

    assert record.coercions == (
        Coercion(
            "naive", "a time without a zone is read as UTC", "2026-01-02 03:04:05", "2026-01-02T03:04:05.000Z"
        ),
        Coercion(
            "exact",
            "a time is cut to milliseconds",
            "2026-01-02 03:04:05.678901+00:00",
            "2026-01-02T03:04:05.678Z",
        ),
    )


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (" Customers ", "Customers"),
        (101, "101"),
        (101.0, "101"),
        (Decimal("101.00"), "101"),
        (Decimal("1E+3"), "1000"),
        (None, ""),
        (float("nan"), ""),
        ("", ""),
    ],
)
def test_a_list_is_named_by_text_or_a_whole_number(value: object, name: str) -> None:
    """Databases and DataFrames have whole numbers in several classes."""
    made = RecordMapping(list_column="segment").record(1, {"email": "a@x.de", "city": "A", "segment": value})

    assert isinstance(made, Record)
    assert made.list == name


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (101.5, "a list must be a name or an id, not a float"),
        (float("inf"), "not a finite number"),
        (Decimal("1E+999999"), "a number of more than"),
        (True, "a list must be a name or an id, not a bool"),
        (["One", "Two"], "not a list: pass a row for each list"),
    ],
)
def test_what_names_no_list(value: object, says: str) -> None:
    """The row is not valid."""
    made = RecordMapping(list_column="segment").record(1, {"email": "a@x.de", "city": "A", "segment": value})

    assert isinstance(made, Result)
    assert says in made.reason
