# SPDX-License-Identifier: Apache-2.0
"""How far a source has been read, and which of its rows are left out."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_hubcontact.job.errors import SourceError
from airflow_provider_hubcontact.job.source.watermark import Watermark
from airflow_provider_hubcontact.sync.decide.policy import Policy
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from airflow_provider_hubcontact.sync.rows.values import UnreadableValue


class Store:
    """Keeps a mark in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, str] | None = None

    def get(self) -> dict[str, str] | None:
        return self.kept

    def set(self, value: dict[str, str]) -> None:
        self.kept = json.loads(json.dumps(value))


def mark(store: Store, **actions: str) -> Watermark:
    named: dict[int | str, str] = dict(actions.items())
    return Watermark("at", store, Policy.of(named, 0))


def run(
    store: Store, values: list[Any], outcomes: dict[int, Outcome] | None = None, **actions: str
) -> list[Any]:
    """Sync rows with these values; give those that were let through."""
    watermark = mark(store, **actions)
    read = list(watermark.marked([{"at": value} for value in values]))
    for number in range(1, len(read) + 1):
        watermark.settled(Result(number, "k", (outcomes or {}).get(number, Outcome.UPDATED)))
    watermark.move()
    return [row["at"] for row in read if isinstance(row, dict)]


class TestMark:
    @pytest.mark.parametrize(
        "values",
        [
            [1, 2, 3],
            ["a", "b", "c"],
            [Decimal("1.5"), Decimal("1.50001"), Decimal(2)],
            [date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 3)],
            [datetime(2026, 1, 1, 0, 0, 0, n, UTC) for n in (1, 2, 3)],
        ],
        ids=["int", "text", "decimal", "date", "datetime"],
    )
    def test_it_moves_to_the_last_row(self, values: list[Any]) -> None:
        """The row at the mark is read again: another one may have the same value by now."""
        store = Store()

        first, second = run(store, values), run(store, values)

        assert (first, second) == (values, values[-1:])

    def test_a_row_that_failed_holds_it(self) -> None:
        """And is read again, with all that came after."""
        store = Store()

        run(store, [1, 2, 3, 4], {2: Outcome.REJECTED})

        assert run(store, [1, 2, 3, 4]) == [2, 3, 4]
        assert run(store, [1, 2, 3, 4]) == [4]

    def test_what_is_skipped_holds_nothing(self) -> None:
        """The policy says what is an end."""
        store = Store()

        run(store, [1, 2, 3], {2: Outcome.NOT_FOUND}, not_found="skip")

        assert run(store, [1, 2, 3]) == [3]

    def test_a_run_that_broke_off(self) -> None:
        """Rows without an outcome hold it; so does the unread rest of a source that is not sorted."""
        store = Store()
        watermark = mark(store)
        watermark.since_query("SELECT", None, "?")  # asks for them in order
        rows = iter(watermark.marked([{"at": 1}, {"at": 2}, {"at": 3}]))
        next(rows), next(rows)
        watermark.settled(Result(1, "k", Outcome.UPDATED))
        watermark.move()
        sorted_source = store.kept
        other = Store()
        watermark = mark(other)
        rows = iter(watermark.marked([{"at": 1}, {"at": 2}, {"at": 0}]))
        next(rows), next(rows)
        watermark.settled(Result(1, "k", Outcome.UPDATED))
        watermark.settled(Result(2, "k", Outcome.UPDATED))
        watermark.move()

        assert sorted_source == {"type": "int", "value": "2"}
        assert other.kept is None

    @pytest.mark.parametrize(
        ("ended", "following"), [(Outcome.UPDATED, [4]), (Outcome.NOT_FOUND, [1, 2, 3, 4])]
    )
    def test_rows_that_an_earlier_try_has_ended(self, ended: Outcome, following: list[int]) -> None:
        """Its retry does not see them; they hold the mark unless all of them ended well."""
        store = Store()
        watermark = mark(store)
        watermark.go_on(2, Counter({(Outcome.UPDATED, 200): 1, (ended, None): 1}))
        list(watermark.marked([{"at": value} for value in (1, 2, 3, 4)]))
        for row in (3, 4):
            watermark.settled(Result(row, "k", Outcome.UPDATED))
        watermark.move()

        assert run(store, [1, 2, 3, 4]) == following

    def test_rows_without_a_value(self) -> None:
        """They are never left out."""
        store = Store()
        run(store, [1, None, 2])

        assert run(store, [1, None, 2]) == [None, 2]

    def test_values_that_cannot_be_kept(self) -> None:
        """They are told, and so is a column that has changed its type."""
        store = Store()
        with pytest.raises(SourceError, match="a float in at cannot be stored"):
            run(store, [1.5])
        run(store, [1])
        with pytest.raises(SourceError, match="was a int before, and is a str now"):
            run(store, ["1"])
        other = Store()
        run(other, [datetime(2026, 1, 1, tzinfo=UTC)])
        with pytest.raises(SourceError, match="and is a datetime without a zone now"):
            run(other, [datetime(2026, 1, 2)])  # noqa: DTZ001 - on purpose

    def test_values_of_two_types(self) -> None:
        """They cannot be compared: that is told, and is not an error of our own."""
        for values, told in (
            ([1, "1"], "at was a int before, and is a str now"),
            (
                [date(2026, 1, 1), datetime(2026, 1, 2, tzinfo=UTC)],
                "was a date before, and is a datetime now",
            ),
        ):
            with pytest.raises(SourceError, match=told):
                run(Store(), values)

    @pytest.mark.parametrize(
        "value", [Decimal("Infinity"), Decimal("-Infinity"), 10**5_000, UnreadableValue("infinity")], ids=type
    )
    def test_values_that_nothing_begins_at(self, value: object) -> None:
        """Their rows are let through every time, and later rows are not left out for them."""
        store = Store()
        values = [Decimal(1), value, Decimal(2)]

        assert run(store, values) == values
        assert store.kept == {"type": "Decimal", "value": "2"}
        assert run(store, [*values, Decimal(3)]) == [*values[1:], Decimal(3)]

    def test_a_column_that_there_is_not(self) -> None:
        """Rows without a value are read every time, but a column that no row has is a mistake."""
        watermark = mark(Store())
        with pytest.raises(SourceError, match="no row has a column at"):
            list(watermark.marked([{"a": 1}, {"a": 2}]))
        assert list(mark(Store()).marked([])) == []

    def test_a_percent_sign_in_a_query(self) -> None:
        """The driver looks for markers as soon as it is given the mark."""
        store = Store()
        query = "SELECT * FROM t WHERE name LIKE 'a%'"
        first, _ = mark(store).since_query(query, None, "%s")
        run(store, [1])
        second, values = mark(store).since_query(query, None, "%s")
        own, _ = mark(store).since_query("SELECT * FROM t WHERE n %% 2 = %s", [1], "%s")
        other, _ = mark(store).since_query(query, None, "?")

        assert "LIKE 'a%'" in first
        assert ("LIKE 'a%%'" in second, values) == (True, (1,))
        assert "n %% 2 = %s" in own
        assert "LIKE 'a%'" in other


@pytest.mark.parametrize(
    "kept",
    [
        {},
        {"type": "int"},
        {"type": "complex", "value": "1"},
        {"type": "int", "value": "ten"},
        {"type": "Decimal", "value": "x"},
        {"type": "Decimal", "value": "Infinity"},
        {"type": "datetime", "value": None},
        "2026-01-01",
    ],
    ids=str,
)
def test_a_damaged_mark(kept: Any) -> None:
    """The message says what to delete."""
    store = Store()
    store.kept = kept

    with pytest.raises(SourceError, match="the stored watermark cannot be read: delete it"):
        Watermark("at", store, Policy.of({}))
