# SPDX-License-Identifier: Apache-2.0
"""From the source to records that are valid."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from airflow_provider_hubcontact.sync.flow.keys_seen import KeysSeen
from airflow_provider_hubcontact.sync.flow.record_reader import RecordReader
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.coercion import Coercer
from airflow_provider_hubcontact.sync.rows.comparison import Kind
from airflow_provider_hubcontact.sync.rows.json_schema import Schema
from airflow_provider_hubcontact.sync.rows.record_mapping import RecordMapping

SHAPE = RecordMapping(mapping={"firstname": "firstname", "points": "points"})
SHORT = Schema({"properties": {"firstname": {"type": "string", "maxLength": 1}}, "required": ["firstname"]})


class Ended:
    """A journal in which the first row has ended."""

    def earlier(self, record: Record, /) -> Result | None:
        ended = Result(record.row, record.key, Outcome.UPDATED, 200, earlier=1)
        return ended if record.row == 1 else None

    def settled(self, result: Result, /) -> None:
        raise AssertionError

    def flush(self) -> None:
        raise AssertionError


def reader(rows: Iterable[object], first: int = 1, *, ended: bool = False) -> RecordReader:
    coercer = Coercer({"points": Kind.NUMBER}, lambda _: None)
    numbered = enumerate(rows, first)
    return RecordReader(numbered, SHAPE, coercer, SHORT, Ended() if ended else None, seen=KeysSeen())


def row(key: str, name: str) -> dict[str, str]:
    return {"email": key, "firstname": name}


def outcomes(source: RecordReader) -> list[str | None]:
    found: list[str | None] = []
    while (item := source.next()) is not None:
        found.append(None if isinstance(item, Record) else item.category or str(item.outcome))
    return found


def test_a_key_is_taken_once() -> None:
    """The first valid row of a key has it."""
    rows = [row("a@x.y", "long"), row("a@x.y", "1"), row("b@x.y", "1"), row("A@x.y ", "2"), row("a@x.y", "1")]

    assert outcomes(reader(rows)) == ["JSON_SCHEMA", None, None, "DUPLICATE", "DUPLICATE"]


def test_rows_before_the_first_have_their_keys() -> None:
    """A valid row that an earlier try has ended counts; one that was not valid does not."""
    source = reader([row("a@x.y", "1"), row("b@x.y", "1"), row("c@x.y", "1")], 4)

    source.pass_over(enumerate([row("a@x.y", "1"), row("b@x.y", "long"), {"email": ""}], 1))

    assert outcomes(source) == ["DUPLICATE", None, None]


def test_a_row_that_an_earlier_try_has_ended_has_its_key() -> None:
    """A new row of its key is refused."""
    rows = [row("a@x.y", "1"), row("a@x.y", "2")]

    assert outcomes(reader(rows, ended=True)) == ["updated", "DUPLICATE"]


def test_a_row_that_is_no_record_has_not_ended_before() -> None:
    """What is wrong with it is told by each try."""
    assert outcomes(reader([row("", "1"), 5], ended=True)) == ["KEY", "NOT_A_MAPPING"]


class Equal(Ended):
    """A journal that knows the result of a record, and so of each row that is its equal."""

    def earlier(self, record: Record, /) -> Result | None:
        return Result(record.row, record.key, Outcome.UPDATED, 200, earlier=1)


def test_the_equal_of_a_row_that_an_earlier_try_has_ended() -> None:
    """It is refused as in that try, although a journal cannot tell equal rows apart."""
    rows = enumerate([row("a@x.y", "1"), row("a@x.y", "1")], 1)

    assert outcomes(RecordReader(rows, SHAPE, None, SHORT, Equal(), seen=KeysSeen())) == [
        "updated",
        "DUPLICATE",
    ]


def test_earlier_results_that_cannot_be_read() -> None:
    """Without them nobody knows what must not be sent again, so that no further row is read."""

    class Broken(Ended):
        def earlier(self, record: Record, /) -> Result | None:
            raise PermissionError

    source = RecordReader(enumerate([row("a@x.y", "1")] * 2, 1), SHAPE, None, None, Broken())
    result = source.next()

    assert isinstance(result, Result)
    assert result.outcome is Outcome.NOT_ATTEMPTED
    assert source.exhausted
    assert isinstance(source.broken, PermissionError)


def test_a_source_that_breaks_in_the_rows_before() -> None:
    """What it raised is kept, and no row is read."""

    def broken() -> Iterable[tuple[int, object]]:
        raise ConnectionResetError
        yield

    source = reader([row("a@x.y", "1")])
    source.pass_over(broken())

    assert isinstance(source.broken, ConnectionResetError)
    assert source.exhausted


@pytest.mark.parametrize(
    "planned", [{"before": {"firstname": "x"}}, {"digest": "d"}], ids=["update", "create"]
)
def test_a_planned_record_is_not_validated_again(planned: dict[str, object]) -> None:
    """It holds HubSpot's texts, and only what differs: neither is what a schema or a kind is about."""
    planned_record = Record(1, "a@x.y", {"points": "1,5"}, **planned)  # type: ignore[arg-type]

    assert reader([planned_record]).next() == planned_record
