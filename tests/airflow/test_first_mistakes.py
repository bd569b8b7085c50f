# SPDX-License-Identifier: Apache-2.0
"""The mistakes of a first hour: each has an answer that says what to do, and none takes another try."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import airflow
import pytest
from airflow.providers.common.compat.sdk import DAG, task

from airflow_provider_hubcontact.operators.errors import HubSpotSyncFailed
from airflow_provider_hubcontact.operators.hubspot import HubSpotUpdateContactOperator
from airflow_provider_hubcontact.sandbox import Sandbox
from tests.airflow.running import connect
from tests.airflow_home import RunDag

ROWS = [{"email": "ada@example.com", "firstname": "Ada"}]
SCHEMA = (
    "json_schema must be a JSON Schema as a dict, such as {'required': ['email']}, the name of a .json file"
)


@pytest.fixture
def hubspot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        connect(monkeypatch, sandbox.url, sandbox.token)
        yield sandbox


def sync(**keywords: Any) -> HubSpotUpdateContactOperator:
    """Add the task to the DAG around."""
    return HubSpotUpdateContactOperator(task_id="sync", **keywords)


@pytest.fixture
def error_of(hubspot: Sandbox, run_dag: RunDag, tmp_path: Path) -> Callable[..., BaseException]:
    """Run a DAG of tasks to its end in a real Airflow, and give the error with which it ended."""

    def run(build: Callable[..., Any]) -> BaseException:
        errors: list[BaseException | None] = []
        with DAG(
            # A name of its own: Airflow keeps a DAG in the process, for others of that name, too.
            f"first_mistakes_{tmp_path.name}",
            start_date=datetime(2026, 1, 1, tzinfo=UTC),
            schedule=None,
            template_searchpath=[str(tmp_path)],
            default_args={"on_failure_callback": lambda context: errors.append(context.get("exception"))},
        ) as dag:
            build()
        assert run_dag(dag).state == "failed"
        assert not [each for each in hubspot.requests if "/objects/" in each.path]
        error = errors[-1]
        if error is None and airflow.__version__.startswith("3.1."):
            pytest.skip("dag.test of Airflow 3.1 gives callbacks no exception")
        assert error is not None
        return error

    return run


@pytest.mark.parametrize(
    ("keywords", "says"),
    [
        (
            {"mapping": ["a"]},
            "mapping must map columns to properties, such as {'first_name': 'firstname'}, not ['a']",
        ),
        ({"mapping": "a"}, "mapping must map columns to properties"),
        ({"json_schema": 5}, f"{SCHEMA}, or a validator of jsonschema, not 5"),
        ({"json_schema": ["email"]}, f"{SCHEMA}, or a validator of jsonschema, not ['email']"),
        ({"json_schema": True}, f"{SCHEMA}, or a validator of jsonschema, not True"),
        ({"json_schema": b"{}"}, SCHEMA),
        ({"json_schema": lambda: 1}, "json_schema is a function, not what it returns: call it"),
        ({"json_schema": dict}, "json_schema is a class, not a validator"),
        (
            {"writes": {"nulls": "claer"}},
            "writes.nulls must be one of ignore, clear, not 'claer' (the nearest is clear)",
        ),
        ({"status_actions": {404: "skpi"}}, "not 'skpi' (the nearest is skip)"),
        ({"status_actions": {"not_fuond": "skip"}}, "names 'not_fuond' (the nearest is not_found)"),
        ({"state": {"path": "sql://db/t", "drift": "tel"}}, "not 'tel' (the nearest is tell)"),
        ({"upsrt": True}, "HubSpotUpdateContactOperator has no upsrt (the nearest is upsert)"),
    ],
    ids=str,
)
def test_when_the_dag_file_is_parsed(keywords: dict[str, Any], says: str) -> None:
    """A setting of the wrong kind, or a misspelt one, is told before any task runs."""
    with pytest.raises((ValueError, TypeError)) as raised:
        sync(records=ROWS, **keywords)

    assert says in str(raised.value)


@pytest.mark.parametrize(
    "schema",
    [
        "{{ params.schema }}",
        lambda context, jinja_env: {},  # noqa: ARG005 - as Airflow calls it
        Path("/dags/contact.json"),
        '{"required": ["email"]}',
    ],
    ids=str,
)
def test_a_schema_that_is_not_known_yet(schema: Any) -> None:
    """What a template, a function or a file gives is checked when the task runs."""
    sync(records=ROWS, json_schema=schema)


@pytest.mark.parametrize(
    ("setting", "name"),
    [("json_schema", "contatc.json"), ("sql", "contatc.sql"), ("sql", "queries/contatc.sql")],
)
def test_a_file_that_is_not_there(
    error_of: Callable[..., BaseException], tmp_path: Path, setting: str, name: str
) -> None:
    """It is no traceback of Jinja; the nearest file of its folder is named."""
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name.replace("contatc", "contact")).write_text("{}")
    source = {"sql_conn_id": "warehouse"} if setting == "sql" else {"records": ROWS}

    error = error_of(lambda: sync(**{setting: name}, **source))

    assert isinstance(error, HubSpotSyncFailed)
    near = Path(name).name.replace("contatc", "contact")
    assert f"HC-510: {setting} names the file {name} (the nearest is {near}), which is not there" in str(
        error
    )


def test_a_schema_that_is_a_name(error_of: Callable[..., BaseException]) -> None:
    """A text that is neither JSON nor the name of a file is both told."""
    assert "'contact.yaml' is not the name of a .json file either" in str(
        error_of(lambda: sync(records=ROWS, json_schema="contact.yaml"))
    )


def test_the_output_of_a_mapped_task(error_of: Callable[..., BaseException]) -> None:
    """Lists of rows, one for each mapped task: the two ways out are named."""

    def build() -> None:
        @task
        def parts() -> list[int]:
            return [1, 2]

        @task
        def rows(part: int) -> list[dict[str, str]]:
            return [{"email": f"{part}@example.com"}]

        sync(records=rows.expand(part=parts()))

    told = str(error_of(build))
    assert "records holds lists, as the outputs of a mapped task do" in told
    assert ".partial(…).expand(records=…), or chain them in a task before" in told


@pytest.mark.parametrize("records", ["rows.csv", Path("/data/rows.parquet")], ids=str)
def test_a_file_as_records(error_of: Callable[..., BaseException], records: Any) -> None:
    """The operator reads no files, and says who does."""
    assert "records is the name of a file, which no operator reads" in str(
        error_of(lambda: sync(records=records))
    )


@pytest.mark.parametrize(
    ("connection", "says"),
    [
        ({"conn_type": "hubspot", "extra": {"api_verson": "v3"}}, "api_verson (the nearest is api_version)"),
        ({"conn_type": "hubspot", "host": "127.0.0.1:8042"}, "has no scheme: write http://127.0.0.1:8042"),
        ({"conn_type": "postgres", "host": "127.0.0.1"}, "has the type postgres, not hubspot"),
    ],
    ids=str,
)
def test_a_connection(
    error_of: Callable[..., BaseException],
    monkeypatch: pytest.MonkeyPatch,
    connection: dict[str, Any],
    says: str,
) -> None:
    """A key that is misspelt, a host without a scheme, and another system's connection."""
    monkeypatch.setenv("AIRFLOW_CONN_HUBSPOT_DEFAULT", json.dumps({"password": "pat-na1-x", **connection}))

    error = error_of(lambda: sync(records=ROWS))

    assert isinstance(error, HubSpotSyncFailed)
    assert says in str(error)
