# SPDX-License-Identifier: Apache-2.0
"""Records that do not show themselves."""

from __future__ import annotations

import pytest

from airflow_provider_hubcontact.job.errors import SourceError
from airflow_provider_hubcontact.operators.sources.records import records_of
from airflow_provider_hubcontact.operators.sources.redacted import RedactedRecords, withhold


def test_records_do_not_show_themselves() -> None:
    """Neither str nor repr of rendered records has anything of them."""
    records = withhold([{"email": "ada@example.com"}] * 3)

    assert isinstance(records, RedactedRecords)
    assert str(records) == repr(records) == "<3 records withheld>"
    assert not isinstance(records, list)
    assert list(records) == [{"email": "ada@example.com"}] * 3


def test_one_mapping_is_one_record() -> None:
    """A task that returns a single mapping gives one record."""
    assert list(records_of(withhold({"email": "a"}))) == list(records_of({"email": "a"})) == [{"email": "a"}]
    assert "email" not in repr(withhold({"email": "a"}))


def test_one_record_among_the_first_is_enough() -> None:
    """The source is one of records then, and each row that is none is told of as a row."""
    source = iter([None, {"email": "a"}, "b", "c"])
    rows = iter(records_of(source))

    assert next(rows) is None
    assert list(source) == ["b", "c"]  # no more was read than that needed
    assert list(rows) == [{"email": "a"}]
    assert list(records_of([{"email": "a"}, *"bc"])) == [{"email": "a"}, "b", "c"]


@pytest.mark.parametrize("value", [None, "text", b"bytes", 5])
def test_anything_else_is_refused(value: object) -> None:
    """A value without records is a clear error."""
    with pytest.raises(SourceError, match="records is"):
        records_of(value)
