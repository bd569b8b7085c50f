# SPDX-License-Identifier: Apache-2.0
"""Only rows after the last good run."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG

from airflow_provider_hubcontact.job.errors import SourceError
from airflow_provider_hubcontact.job.settings.source import Query
from airflow_provider_hubcontact.job.source.watermark import Watermark
from airflow_provider_hubcontact.operators.hubspot import HubSpotUpdateContactOperator
from airflow_provider_hubcontact.operators.stores.marks import mark_store_of
from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sync.decide.policy import Policy
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from tests.airflow.running import connect, keep_variables
from tests.airflow.running import run as run_task
from tests.airflow_home import RunDag

NO_QUERY = Query()
CONTACTS = [{"email": f"c{n}@example.com"} for n in range(1, 10)]


class TestPlaces:
    """Where a mark is kept, so that no task takes another one's for its own."""

    @pytest.fixture
    def variables(self, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
        return keep_variables(monkeypatch)

    def sync(
        self, values: list[int], index: int = -1, conn_id: str = "hubspot_default", query: Query = NO_QUERY
    ) -> list[int]:
        context: Any = {"ti": SimpleNamespace(dag_id="dag", task_id="task", map_index=index)}
        watermark = Watermark("at", mark_store_of(context, conn_id, query), Policy.of({}))
        read: list[Any] = list(watermark.marked([{"at": value} for value in values]))
        for number in range(1, len(read) + 1):
            watermark.settled(Result(number, "k", Outcome.UPDATED))
        watermark.move()
        return [row["at"] for row in read]

    @pytest.mark.parametrize("other", ["production", "hub/eu"])
    def test_each_portal_has_its_own(self, variables: dict[str, Any], other: str) -> None:
        """Another portal has none of the rows yet, whatever its connection is called."""
        assert self.sync([1, 2], conn_id="staging") == [1, 2]
        assert self.sync([1, 2], conn_id=other) == [1, 2]
        assert self.sync([1, 2], conn_id=other) == [2]

    def test_each_part_of_a_mapped_task_has_its_own(self, variables: dict[str, Any]) -> None:
        """Whatever its index is in this run."""
        us, eu = (Query("SELECT", "warehouse", {"region": region}) for region in ("us", "eu"))

        assert self.sync([1, 100], 0, query=us) == [1, 100]
        assert self.sync([5, 50], 0, query=eu) == [5, 50]
        assert self.sync([1, 100], 1, query=us) == [100]

    def test_its_name_stays(self, variables: dict[str, Any]) -> None:
        """A mark that another version of this package has kept is found."""
        self.sync([1], query=Query("SELECT"))
        self.sync([1], 0, query=Query("SELECT", "warehouse", {"region": "us"}))

        assert list(variables) == [
            "hubcontact_watermark.dag.task.hubspot_default",
            "hubcontact_watermark.dag.task.166458242833b1a5.hubspot_default",
        ]

    def test_a_mapped_task_with_records(self, variables: dict[str, Any]) -> None:
        """Nothing tells its parts apart."""
        with pytest.raises(SourceError, match="a mapped task needs sql"):
            self.sync([1], 0)


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
            sql="SELECT * FROM customers", sql_conn_id="warehouse", watermark="updated_at", task_state=None
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
