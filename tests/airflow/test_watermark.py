"""Only rows after the last good run."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, Variable

from airflow_provider_hubcontact.job.errors import SourceError
from airflow_provider_hubcontact.job.source.watermark import Watermark
from airflow_provider_hubcontact.operators.hubspot import HubSpotUpdateContactOperator
from airflow_provider_hubcontact.operators.plans import HubSpotApplyPlanOperator
from airflow_provider_hubcontact.operators.stores.marks import watermark_of
from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sync.decide.policy import Policy
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from airflow_provider_hubcontact.sync.rows.values import UnreadableValue
from tests.airflow.running import connect
from tests.airflow.running import run as run_task
from tests.airflow_home import RunDag

CONTACTS = [{"email": f"c{n}@example.com"} for n in range(1, 10)]


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
        with pytest.raises(SourceError, match="a float in at cannot be kept"):
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


class TestPlaces:
    """Where a mark is kept, so that no task takes another one's for its own."""

    @pytest.fixture
    def variables(self, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        monkeypatch.setattr(Variable, "get", lambda name, default, *_, **__: kept.get(name, default))
        monkeypatch.setattr(Variable, "set", lambda name, value, **_: kept.update({name: value}))
        return kept

    def sync(self, values: list[int], index: int = -1, **settings: Any) -> list[int]:
        instance = SimpleNamespace(dag_id="dag", task_id="task", map_index=index)
        task = HubSpotUpdateContactOperator(task_id="task", watermark="at", **settings)
        watermark = watermark_of(task, {"ti": instance})  # type: ignore[typeddict-item]
        assert watermark is not None
        read: list[Any] = list(watermark.marked([{"at": value} for value in values]))
        for number in range(1, len(read) + 1):
            watermark.settled(Result(number, "k", Outcome.UPDATED))
        watermark.move()
        return [row["at"] for row in read]

    @pytest.mark.parametrize("other", ["production", "hub/eu"])
    def test_each_portal_has_its_own(self, variables: dict[str, Any], other: str) -> None:
        """Another portal has none of the rows yet, whatever its connection is called."""
        assert self.sync([1, 2], records=[], hubspot_conn_id="staging") == [1, 2]
        assert self.sync([1, 2], records=[], hubspot_conn_id=other) == [1, 2]
        assert self.sync([1, 2], records=[], hubspot_conn_id=other) == [2]

    def test_each_part_of_a_mapped_task_has_its_own(self, variables: dict[str, Any]) -> None:
        """Whatever its index is in this run."""
        query: dict[str, Any] = {"sql": "SELECT", "sql_conn_id": "warehouse"}

        assert self.sync([1, 100], 0, parameters={"region": "us"}, **query) == [1, 100]
        assert self.sync([5, 50], 0, parameters={"region": "eu"}, **query) == [5, 50]
        assert self.sync([1, 100], 1, parameters={"region": "us"}, **query) == [100]

    def test_a_mapped_task_with_records(self, variables: dict[str, Any]) -> None:
        """Nothing tells its parts apart."""
        with pytest.raises(SourceError, match="a mapped task needs sql"):
            self.sync([1], 0, records=[])


class TestRuns:
    @pytest.fixture
    def warehouse(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[sqlite3.Connection]:
        """A table of customers, and a portal that knows them."""
        path = tmp_path / "warehouse.db"
        connection = {"conn_type": "sqlite", "host": str(path)}
        monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps(connection))
        with closing(sqlite3.connect(path)) as db, Sandbox(CONTACTS) as hubspot:
            db.execute("CREATE TABLE customers (email, city, updated_at)")
            rows = [(f"c{n}@example.com", "Rome", f"2026-01-0{n}") for n in range(1, 6)]
            db.executemany("INSERT INTO customers VALUES (?, ?, ?)", rows)
            db.commit()
            connect(monkeypatch, hubspot.url, hubspot.token)
            yield db

    def test_in_airflow(self, warehouse: sqlite3.Connection, run_dag: RunDag) -> None:
        """Where Airflow keeps such: in the asset's state, or a Variable."""
        with DAG("incremental", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)) as dag:
            HubSpotUpdateContactOperator(
                task_id="contacts",
                sql_conn_id="warehouse",
                sql="SELECT * FROM customers WHERE city <> ? -- all of them;",
                parameters=["Nowhere"],
                mapping={"city": "city"},
                watermark="updated_at",
            )

        def rows() -> int:
            run = run_dag(dag)
            (instance,) = run.get_task_instances()
            assert str(run.state) == "success"
            report = instance.xcom_pull(task_ids="contacts")
            return int(report["rows"])

        assert rows() == 5
        assert rows() == 1
        warehouse.execute(
            "UPDATE customers SET city = 'Oslo', updated_at = '2026-02-01' WHERE email LIKE 'c2%'"
        )
        warehouse.commit()
        assert rows() == 2
        assert rows() == 1

    def test_its_column_is_not_sent(self, warehouse: sqlite3.Connection) -> None:
        """Without a mapping every other column is a property."""
        ended = run_task(
            sql="SELECT * FROM customers", sql_conn_id="warehouse", watermark="updated_at", state=None
        )

        assert ended.outcomes == {"updated": 5}

    def test_a_query_without_its_column(self, warehouse: sqlite3.Connection) -> None:
        """It is told before anything is sent."""
        ended = run_task(
            sql="SELECT email, city FROM customers WHERE city <> :city",
            parameters={"city": "Nowhere"},
            sql_conn_id="warehouse",
            watermark="updated_at",
        )

        assert "the query returns no column updated_at; it returns email, city" in str(ended.error)
        assert ended.outcomes == {"not_attempted": 5}

    def test_with_a_plan_there_is_none(self) -> None:
        """Neither is a source that is read."""
        with pytest.raises(ValueError, match="a watermark goes with a source that is read"):
            HubSpotUpdateContactOperator(
                task_id="x", operator=HubSpotApplyPlanOperator, plan="folder", watermark="updated_at"
            )


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

    with pytest.raises(SourceError, match="the mark that was kept cannot be read: delete it"):
        Watermark("at", store, Policy.of({}))
