# SPDX-License-Identifier: Apache-2.0
"""Frames of polars as records; ``make test-databases``, whose environment has it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

pytest.importorskip("airflow")
if "DATABASES_RUN" not in os.environ:
    pytest.skip("an environment of its own has polars: make test-databases", allow_module_level=True)

import polars as pl
from airflow.providers.common.compat.sdk import DAG, task

from airflow_provider_hubcontact.operators.hubspot import HubSpotUpdateContactOperator
from airflow_provider_hubcontact.sandbox import Sandbox
from tests.airflow import running
from tests.airflow_home import airflow_database, run_dag

__all__ = ["airflow_database", "run_dag"]

ADDRESSES = ("ada@example.com", "grace@example.com")


@pytest.fixture
def hubspot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    running.hurry(monkeypatch)
    with Sandbox([{"email": address, "firstname": "old"} for address in ADDRESSES]) as sandbox:
        running.connect(monkeypatch, sandbox.url, sandbox.token)
        yield sandbox


def frame() -> pl.DataFrame:
    return pl.DataFrame({
        "email": ADDRESSES,
        "name": ["Ada", None],
        "amount": [Decimal("1.50"), Decimal("2.00")],
        "day": [date(2026, 1, 2), None],
        "moment": [datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), None],
        "tags": [["a", "b"], None],
        "kind": pl.Series(["x", None], dtype=pl.Categorical),
    })  # fmt: skip


MAPPING = {"name": "firstname", "amount": "city", "day": "state", "moment": "jobtitle", "tags": "lastname"}
MAPPING |= {"kind": "company"}


def test_a_frame(hubspot: Sandbox) -> None:
    """Each row is a record with Python's values; null is no value."""
    ended = running.run(records=frame(), mapping=MAPPING)

    assert ended.outcomes == {"updated": 2}
    stored = {name: running.stored(hubspot, ADDRESSES[0], name) for name in MAPPING.values()}
    assert stored == {
        "firstname": "Ada",
        "city": "1.50",
        "state": "2026-01-02",
        "jobtitle": "2026-01-02T03:04:05.000Z",
        "lastname": "a;b",
        "company": "x",
    }
    assert running.stored(hubspot, ADDRESSES[1], "firstname") == "old"


@pytest.mark.parametrize("lazy", [False, True])
def test_a_frame_of_a_decorated_task(run_dag: Any, hubspot: Sandbox, lazy: bool) -> None:
    """What ``@task.hubspot_update_contact`` returns never becomes an XCom; a lazy frame is refused."""

    @task.hubspot_update_contact(mapping={"name": "firstname"})
    def contacts() -> Any:
        return frame().lazy() if lazy else frame()

    with DAG("polars_decorated", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)) as dag:
        contacts()

    assert run_dag(dag).state == ("failed" if lazy else "success")
    assert running.stored(hubspot, ADDRESSES[0], "firstname") == ("old" if lazy else "Ada")


def test_a_frame_between_two_tasks(run_dag: Any, hubspot: Sandbox) -> None:
    """Airflow cannot store a frame of polars as an XCom; its ``to_dicts()`` it can."""

    def dag_of(give: Any) -> Any:
        with DAG("polars_handed_on", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)) as dag:

            @task
            def extract() -> Any:
                return give(frame())

            HubSpotUpdateContactOperator(task_id="send", records=extract(), mapping={"name": "firstname"})
        return dag

    assert run_dag(dag_of(lambda table: table)).state == "failed"
    assert running.stored(hubspot, ADDRESSES[0], "firstname") == "old"

    assert run_dag(dag_of(lambda table: table.to_dicts())).state == "success"
    assert running.stored(hubspot, ADDRESSES[0], "firstname") == "Ada"
