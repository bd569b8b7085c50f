# SPDX-License-Identifier: Apache-2.0
"""NaN, NaT and NA are no value, wherever they come from and wherever they stand; each is counted."""

from __future__ import annotations

from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest

from airflow_provider_hubcontact.sync.decide.policy import Policy
from airflow_provider_hubcontact.sync.keep.report import Report
from airflow_provider_hubcontact.sync.model.choices import Nulls
from airflow_provider_hubcontact.sync.model.outcome import Result
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.comparison import Kind
from airflow_provider_hubcontact.sync.rows.json_schema import Schema
from airflow_provider_hubcontact.sync.rows.record_mapping import NO_VALUE, RecordMapping

KEY = "ada@example.com"


class Real(float):
    """A number of another library."""


class Exact(Decimal):
    """Likewise."""


def no_values() -> list[Any]:
    """Give a NaN of every kind that can be had here."""
    found: list[Any] = [float("nan"), Decimal("NaN"), Decimal("sNaN"), Real("nan"), Exact("NaN")]
    try:
        np, pd = import_module("numpy"), import_module("pandas")
    except ImportError:
        return found
    numpys = [np.float16("nan"), np.float32("nan"), np.float64("nan"), np.longdouble("nan")]
    times = [np.datetime64("NaT"), np.datetime64("NaT", "ns"), np.timedelta64("NaT")]
    return [*found, *numpys, *times, np.array(float("nan")), pd.NaT, pd.NA]


NO_VALUES = no_values()


def record_of(row: dict[str, Any], shape: RecordMapping | None = None) -> Record:
    record = (shape or RecordMapping()).record(1, row)
    assert isinstance(record, Record), record
    return record


@pytest.mark.parametrize("value", NO_VALUES, ids=lambda value: f"{type(value).__name__}-{value}")
class TestNoValue:
    """The same for all of them."""

    def test_as_a_value(self, value: Any) -> None:
        """It is left out like None, or clears the property, and is counted."""
        row = {"email": KEY, "p": value}
        report = Report()

        ignored, cleared = record_of(row), record_of(row, RecordMapping(nulls=Nulls.CLEAR))
        report.samples.coerced(ignored)

        assert (ignored.properties, ignored.document) == ({}, {"email": KEY})
        assert (cleared.properties, cleared.document) == ({"p": ""}, {"p": None, "email": KEY})
        (told,) = ignored.coercions
        assert (told.property, told.how, told.written) == ("p", NO_VALUE, "")
        assert told.source in {"NaN", "NaT", "NA"}
        assert NO_VALUE in str(report.to_dict()["coercions"])

    def test_as_a_key(self, value: Any) -> None:
        """The row has no key."""
        result = RecordMapping().record(1, {"email": value})

        assert isinstance(result, Result)
        assert (result.category, result.reason) == ("KEY", "the key is empty")

    def test_as_a_new_key(self, value: Any) -> None:
        """It never takes the contact's address away."""
        shape = RecordMapping(key="old", mapping={"new": "email"}, nulls=Nulls.CLEAR)

        assert record_of({"old": KEY, "new": value}, shape).properties == {}

    def test_as_a_timestamp(self, value: Any) -> None:
        """The row has none."""
        record = record_of({"email": KEY, "at": value}, RecordMapping(timestamp="at"))

        assert record.timestamp is None
        assert [each.property for each in record.coercions] == ["at"]

    def test_in_a_list(self, value: Any) -> None:
        """It is no option, and is counted."""
        record = record_of({"email": KEY, "p": ["golf", value, None, "wine"]})

        assert record.properties == {"p": "golf;wine"}
        assert record.document["p"] == ["golf", "wine"]
        assert [each.how for each in record.coercions] == [NO_VALUE]

    def test_for_a_json_schema(self, value: Any) -> None:
        """It is not there, or null."""
        schema = Schema({"properties": {"p": {"type": "null"}}})

        for nulls in Nulls:
            assert schema.check(record_of({"email": KEY, "p": value}, RecordMapping(nulls=nulls))) is None

    def test_in_a_property_of_days(self, value: Any) -> None:
        """The kind of the property makes no difference."""
        for kind in Kind:
            assert record_of({"email": KEY, "p": value}, RecordMapping(kinds={"p": kind})).properties == {}


@pytest.mark.parametrize("value", [None, ["golf", None], (None, "golf"), {None, "golf"}], ids=str)
def test_none_is_not_counted(value: Any) -> None:
    """The source says itself that there is no value; in a list it is no option."""
    record = record_of({"email": KEY, "p": value})

    assert record.properties == ({} if value is None else {"p": "golf"})
    assert record.coercions == ()


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), Decimal("Infinity")], ids=str)
def test_infinity_is_a_value_that_no_property_holds(value: Any) -> None:
    """The record is invalid."""
    result = RecordMapping().record(1, {"email": KEY, "p": value})

    assert isinstance(result, Result)
    assert result.reason == "p: not a finite number"


def test_in_a_column_that_a_watermark_reads() -> None:
    """The row is let through, as one without a value is; so is one whose methods raise."""
    pytest.importorskip("airflow")
    watermark = import_module("airflow_provider_hubcontact.job.source.watermark")

    class Store:
        value: dict[str, str] | None = {"type": "int", "value": "5"}

        def get(self) -> dict[str, str] | None:
            return self.value

        def set(self, value: dict[str, str]) -> None:
            self.value = value

    class Hostile(dict[str, Any]):
        def __contains__(self, _: object) -> bool:
            raise RuntimeError

    rows = [{"at": 4}, *({"at": value} for value in NO_VALUES), Hostile(at=7), {"at": 6}]

    passed = list(watermark.Watermark("at", Store(), Policy.of({})).marked(rows))

    assert passed == rows[1:]
