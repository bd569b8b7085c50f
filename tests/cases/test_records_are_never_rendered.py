# SPDX-License-Identifier: Apache-2.0
"""What is in records is data on every way in: Jinja never runs it, Airflow neither stores nor shows it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("airflow")

from airflow.providers.common.compat.sdk import DAG, ObjectStoragePath, task

from airflow_provider_hubcontact.operators.hubspot import HubSpotUpdateContactOperator
from airflow_provider_hubcontact.operators.sources.redacted import Redacted, revealed
from airflow_provider_hubcontact.operators.sources.templates import Origins, handed_in, resolved
from airflow_provider_hubcontact.sandbox import Sandbox
from tests.airflow.running import connect, shown_fields, stored
from tests.airflow_home import RunDag

START = datetime(2026, 1, 1, tzinfo=UTC)
HOSTILE = {
    "city": "{{ 7 * 7 }}",
    "firstname": "{{ conn.hubspot_default.password }}",
    "jobtitle": "clerk.json",
}


@pytest.fixture
def hubspot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(contacts=[{"email": f"c{number}@example.com"} for number in range(40)]) as sandbox:
        connect(monkeypatch, sandbox.url, sandbox.token)
        yield sandbox


def rows(number: int) -> list[dict[str, str]]:
    return [{"email": f"c{number}@example.com", **HOSTILE}]


def by_function(context: Any, jinja_env: Any) -> list[dict[str, str]]:
    assert context["ti"].task_id == "function"
    assert jinja_env
    return rows(3)


def states(run: Any) -> dict[tuple[str, int], str]:
    return {(each.task_id, each.map_index): str(each.state) for each in run.get_task_instances()}


def rendered(run: Any) -> dict[str, dict[str, Any]]:
    """Return the fields that Airflow stores and shows of each task that syncs contacts."""
    return {name: fields for (name, _), fields in shown_fields(run).items() if "mapping" in fields}


def assert_data(hubspot: Sandbox, numbers: int) -> None:
    for number in range(numbers):
        contact = {name: stored(hubspot, f"c{number}@example.com", name) for name in HOSTILE}
        assert contact == HOSTILE, number


def assert_withheld(run: Any) -> None:
    told = json.dumps(rendered(run))
    for hidden in ("@example.com", "7 * 7", "49", "conn.hubspot", "clerk", "jobtitle"):
        assert hidden not in told


def test_settings(run_dag: RunDag, hubspot: Sandbox) -> None:
    """Of an operator: as literals, from a task, by a function, and in all ways of mapping."""
    update = HubSpotUpdateContactOperator
    with DAG("settings_ways", start_date=START, schedule=None, params={"dry": False}) as dag:

        @task
        def one(number: int) -> list[dict[str, str]]:
            return rows(number)

        @task
        def several(number: int) -> list[list[dict[str, str]]]:
            return [rows(number)]

        @task
        def keywords(number: int) -> list[dict[str, Any]]:
            return [{"records": rows(number)}]

        @task
        def city() -> str:
            return HOSTILE["city"]

        dry = "{{ params.dry }}"
        schema = {"properties": {"email": {"pattern": "{{ 'c7@' }}"}}}
        update(task_id="literal", records=rows(0))
        update(task_id="single", records=rows(1)[0])
        update(task_id="output", records=one(2), dry_run=dry)
        update(task_id="function", records=by_function)
        update.partial(task_id="expand", dry_run=dry).expand(records=several(4))
        update.partial(task_id="expand_literal", dry_run=dry).expand(records=[rows(5)])
        update.partial(task_id="expand_map", dry_run=dry).expand(records=several(6).map(lambda each: each))
        update.partial(task_id="kwargs", dry_run=dry, json_schema=schema).expand_kwargs(keywords(7))
        update.partial(task_id="kwargs_literal", dry_run=dry).expand_kwargs([{"records": rows(8)}])
        update.partial(task_id="kwargs_reference").expand_kwargs([{"records": one(9), "dry_run": dry}])
        update.partial(task_id="kwargs_loose", dry_run=dry).expand_kwargs(keywords(10), strict=False)
        update.partial(task_id="partial", records=rows(11)).expand(dry_run=[False])
        update(task_id="nested", records=[rows(12)[0], {"email": "c13@example.com", **HOSTILE}])
        update(task_id="value", records={**rows(16)[0], "city": city()})
        update(task_id="joined", records=several(14).concat(several(15)).map(lambda each: each[0]))

    run = run_dag(dag)

    assert set(states(run).values()) == {"success"}
    assert_data(hubspot, 17)
    assert_withheld(run)
    shown = rendered(run)
    assert {name: each["records"] for name, each in shown.items() if name != "joined"} == {
        **{name: "<1 record withheld>" for name in shown if name not in {"nested", "joined"}},
        "nested": "<2 records withheld>",
    }
    assert {str(each["is_dry_run"]) for each in shown.values()} == {"False"}


def test_arguments(run_dag: RunDag, hubspot: Sandbox) -> None:
    """Of a decorated function: whatever is no text in the DAG file itself, and what it returns."""
    with DAG("arguments_ways", start_date=START, schedule=None, params={"note": "as told"}) as dag:

        @task
        def one(number: int) -> list[dict[str, str]]:
            return rows(number)

        @task
        def several(number: int) -> list[list[dict[str, str]]]:
            return [rows(number)]

        @task
        def keywords(number: int) -> list[dict[str, Any]]:
            return [{"given": rows(number), "text": HOSTILE["city"]}]

        @task
        def text() -> str:
            return HOSTILE["city"]

        @task
        def some_texts() -> list[str]:
            return [HOSTILE["city"]]

        @task.hubspot_update_contact
        def update(
            given: Any,
            note: str = "as told",
            file: str = "a.json",
            text: str = HOSTILE["city"],
            more: Any = (),
        ) -> Any:
            assert isinstance(given, list)
            assert text == HOSTILE["city"]
            assert (note, file) == ("as told", "a.json")
            assert all(each == HOSTILE["city"] for each in more), more
            return given

        note = "{{ params.note }}"
        update.override(task_id="output")(one(0), note)
        update.override(task_id="literal")(rows(1), note=note, file="a.json")
        update.override(task_id="texts")(given=one(2), more=[text(), HOSTILE["city"]])
        update.override(task_id="expand").partial(note=note).expand(given=several(3))
        update.override(task_id="expand_texts").partial(given=one(4)).expand(note=[note])
        update.override(task_id="expand_outputs").partial(given=one(7), note=note).expand(text=some_texts())
        update.override(task_id="kwargs").partial(note=note).expand_kwargs(keywords(5))
        update.override(task_id="kwargs_literal").expand_kwargs([{"given": rows(6), "note": note}])

    run = run_dag(dag)

    failed = {key for key, state in states(run).items() if state != "success"}
    assert not failed
    assert_data(hubspot, 8)
    assert_withheld(run)
    told = json.dumps(rendered(run), default=str)
    assert told.count("as told") == 7
    assert "records withheld" in told


def test_a_text_in_the_dag_file_is_a_template(run_dag: RunDag, hubspot: Sandbox) -> None:
    """What it renders to is data; with a task's output as a text, nothing is rendered."""
    with DAG("texts", start_date=START, schedule=None, render_template_as_native_obj=True) as dag:

        @task
        def extract() -> list[dict[str, str]]:
            return rows(0)

        @task
        def keywords() -> list[dict[str, str]]:
            return [{"records": "{{ [{'email': 'c1@example.com', 'city': 'Rome'}] }}"}]

        pulled = extract()
        pulled >> HubSpotUpdateContactOperator(task_id="native", records="{{ ti.xcom_pull('extract') }}")
        HubSpotUpdateContactOperator.partial(task_id="from_output").expand_kwargs(keywords())

    run = run_dag(dag)

    assert states(run)["native", -1] == "success"
    assert states(run)["from_output", 0] == "failed"
    assert_data(hubspot, 1)
    assert stored(hubspot, "c1@example.com", "city") is None
    assert rendered(run)["native"]["records"] == "<1 record withheld>"
    assert rendered(run)["from_output"]["records"] == "<str withheld>"


def test_other_settings_that_an_output_gives_are_data(
    run_dag: RunDag, hubspot: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """``expand_kwargs`` with a task's output: parameters, query and mapping are not rendered either."""
    with sqlite3.connect(tmp_path / "warehouse.db") as database:
        database.execute("CREATE TABLE customers (email, city)")
        database.execute("INSERT INTO customers VALUES ('c0@example.com', '{{ 7 * 7 }}')")
    warehouse = {"conn_type": "sqlite", "host": str(tmp_path / "warehouse.db")}
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps(warehouse))
    default_args = {"sql_conn_id": "{{ params.conn }}"}
    params = {"conn": "warehouse"}
    with DAG("parameters", start_date=START, schedule=None, params=params, default_args=default_args) as dag:

        @task
        def parts() -> list[dict[str, Any]]:
            return [{"parameters": ["{{ 7 * 7 }}", "x.sql"]}]

        HubSpotUpdateContactOperator.partial(
            task_id="update",
            sql="SELECT email, city FROM customers WHERE city = ? AND ? <> '{{ params.conn }}'",
        ).expand_kwargs(parts())

    run = run_dag(dag)

    assert states(run)["update", 0] == "success"
    assert stored(hubspot, "c0@example.com", "city") == "{{ 7 * 7 }}"
    assert rendered(run)["update"]["sql_conn_id"] == "warehouse"


@pytest.mark.parametrize(
    "content",
    [
        HOSTILE,
        {"deep": [HOSTILE, ("{{ x }}", {"set": {"{{ y }}"}})]},
        ["x.json"],
        [{"file": Path("x.json")}],  # which can be resolved, too
    ],
)
def test_insides_are_left_alone(content: Any) -> None:
    """Whatever the depth: only references are replaced."""
    assert resolved(content, pytest.fail) == content
    (taken,) = handed_in([(content, False)], pytest.fail)
    assert isinstance(taken, Redacted)
    assert revealed(taken) == content
    assert handed_in([(taken, False)], pytest.fail) == [taken], "rendered twice, it is wrapped once"


def test_paths_and_numbers_are_shown() -> None:
    """An argument of the DAG file that is no container is Airflow's to render."""
    shown = [1, 1.5, None, True, START, "{{ ds }}", Path("x"), ObjectStoragePath("file:///{{ ds }}")]

    assert handed_in([(each, False) for each in shown], pytest.fail) == shown


def test_nothing_is_mapped() -> None:
    """A task that was not mapped has all its settings from the DAG file."""
    operator = HubSpotUpdateContactOperator(task_id="plain", records=[])

    assert Origins.of(operator, -1) == Origins()
    assert not Origins.of(operator, -1).setting_is_data("records", [])


def test_a_text_that_ends_like_a_file_is_no_file(tmp_path: Path) -> None:
    """Only a query and a schema may be the name of one."""
    for name in ("x.json", "x.sql"):
        (tmp_path / name).write_text("content", encoding="utf-8")
    with DAG("files", start_date=START, schedule=None, template_searchpath=str(tmp_path)):
        operator = HubSpotUpdateContactOperator(
            task_id="files", records=["x.json"], hubspot_conn_id="x.json", json_schema="x.json", key="x.sql"
        )
    operator.resolve_template_files()

    assert operator.records == ["x.json"]
    assert (operator.hubspot_conn_id, operator.key) == ("x.json", "x.sql")
    assert operator.json_schema == "content"
    assert tuple(operator.template_fields) == HubSpotUpdateContactOperator.template_fields
