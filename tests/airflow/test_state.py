# SPDX-License-Identifier: Apache-2.0
"""A state in a database of an Airflow connection."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG
from jinja2 import Environment, StrictUndefined
from sqlalchemy import text

from airflow_provider_hubcontact.job.errors import StateError
from airflow_provider_hubcontact.job.ports import Execute, Statement
from airflow_provider_hubcontact.notifications.hubspot import SYNC_HTML, SYNC_TEXT
from airflow_provider_hubcontact.operators.errors import HubSpotSyncFailed, HubSpotSyncIncomplete
from airflow_provider_hubcontact.operators.hubspot import HubSpotUpdateContactOperator
from airflow_provider_hubcontact.operators.options import FromLedger, Guards, State
from airflow_provider_hubcontact.operators.plans import HubSpotPlanContactsOperator
from airflow_provider_hubcontact.operators.sources.queries import database
from airflow_provider_hubcontact.operators.stores.state_database import StateDatabase
from airflow_provider_hubcontact.sandbox import Sandbox
from tests.airflow.running import Run, TaskInstance, connect, hurry, run

MANY = 250
RECORDS = [{"email": f"c{number}@example.com", "firstname": f"new {number}"} for number in range(MANY)]


@pytest.fixture
def hubspot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    hurry(monkeypatch)
    with Sandbox(contacts=[{**each, "firstname": "old"} for each in RECORDS]) as sandbox:
        connect(monkeypatch, sandbox.url, sandbox.token)
        yield sandbox


@pytest.fixture(params=["sqlite", "postgres", "postgres, rows as dicts"])
def books(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A database; yields the schema that its tables are in."""
    if request.param == "sqlite":
        host = str(tmp_path / "books.db")
        monkeypatch.setenv("AIRFLOW_CONN_BOOKS", json.dumps({"conn_type": "sqlite", "host": host}))
        yield "main"
        return
    uri: str = request.getfixturevalue("postgres_uri")
    cursor = "?cursor=dictcursor" if "dicts" in request.param else ""
    monkeypatch.setenv("AIRFLOW_CONN_BOOKS", uri + cursor)
    yield "public"
    database("books").run(["DROP TABLE IF EXISTS hub", "DROP TABLE IF EXISTS hub_meta"])


def test_runs(hubspot: Sandbox, books: str) -> None:
    """What was proved takes no call, what has changed is looked up and written; a schema may be named."""
    state: dict[str, Any] = {"state": f"sql://books/{books}.hub"}
    assert run(records=RECORDS, **state).outcomes == {"updated": MANY}
    calls = len(hubspot.requests)

    assert run(records=RECORDS, **state).outcomes == {"up_to_date": MANY}
    assert len(hubspot.requests) - calls <= 5

    changed = [{**each, "firstname": "newer"} for each in RECORDS[:7]]
    ended = run(records=[*changed, *RECORDS[7:], {"email": "nobody@example.com"}], **state)
    assert ended.outcomes == {"updated": 7, "not_found": 1, "up_to_date": MANY - 7}

    refreshed = State(state["state"], refresh="true")
    assert run(records=RECORDS, state=refreshed).outcomes == {"updated": 7, "unchanged": MANY - 7}


def test_a_notifiers_text(hubspot: Sandbox, books: str) -> None:
    """It has the figures of the state."""
    run(records=RECORDS, state="sql://books/hub")
    ended = run(records=[{**RECORDS[0], "firstname": "newer"}, *RECORDS[1:]], state="sql://books/hub")

    def told(template: str, report: dict[str, Any]) -> str:
        def pull(key: str = "return_value", **_: Any) -> Any:
            return report if key == "return_value" else None

        ti = {"xcom_pull": pull, "dag_id": "d", "task_id": "t", "run_id": "r", "map_index": -1}
        return Environment(autoescape=True, undefined=StrictUndefined).from_string(template).render(ti=ti)

    for template in (SYNC_TEXT, SYNC_HTML):
        assert "State hub, 1 changed, 249 up to date" in told(template, ended.report)
        assert "State" not in told(template, {**ended.report, "state": None})


def test_a_state_in_use(hubspot: Sandbox, books: str) -> None:
    """The task fails before it writes, names the other run, and a retry can help."""
    run(records=RECORDS[:1], state="sql://books/hub")
    database("books").run(
        "UPDATE hub_meta SET token = 'x', holder = 'task of dag/other', seen_at = seen_at + 60"
    )
    calls = len([each for each in hubspot.requests if "/batch/" in each.path])

    ended = run(records=RECORDS, state="sql://books/hub")

    assert isinstance(ended.error, HubSpotSyncIncomplete)
    assert "in use by task of dag/other" in str(ended.error)
    assert ended.outcomes == {"not_attempted": MANY}
    assert len([each for each in hubspot.requests if "/batch/" in each.path]) == calls


def test_a_table_that_is_something_else(hubspot: Sandbox, books: str) -> None:
    """No retry can help."""
    database("books").run("CREATE TABLE hub (id INT)")

    ended = run(records=RECORDS, state="sql://books/hub")

    assert isinstance(ended.error, HubSpotSyncFailed)
    assert "the table hub is not a state" in str(ended.error)


def test_a_server_that_has_closed_the_connection(
    hubspot: Sandbox, postgres_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is opened once more; what was void stays void, what is proved stays proved."""
    monkeypatch.setenv("AIRFLOW_CONN_BOOKS", postgres_uri)

    def rows() -> Iterator[dict[str, str]]:
        for number, each in enumerate(RECORDS):
            if number == MANY // 2:
                database("books").run(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE pid != pg_backend_pid() AND datname = current_database()"
                )
            yield each

    ended = run(records=rows(), state="sql://books/closed")

    assert ended.outcomes == {"updated": MANY}
    assert run(records=RECORDS, state="sql://books/closed").outcomes == {"up_to_date": MANY}


def test_its_connection_is_closed(postgres_uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One serves all transactions, and none is left to the server at the end."""
    monkeypatch.setenv("AIRFLOW_CONN_BOOKS", postgres_uri)
    connections: list[Any] = []

    def opened() -> Any:
        connections.append(database("books").get_conn())
        return connections[-1]

    with closing(StateDatabase(opened)) as books:
        for _ in range(2):
            books.transact(lambda execute: execute(Statement(text("SELECT 1"))))

    assert [bool(each.closed) for each in connections] == [True]


@pytest.mark.parametrize(
    ("is_kept", "state", "tries"),
    [(True, "40001", 2), (True, "23514", 1), (False, "40001", 1), (False, "23514", 1)],
)
def test_what_is_tried_again(
    postgres_uri: str, monkeypatch: pytest.MonkeyPatch, is_kept: bool, state: str, tries: int
) -> None:
    """What may pass, over a connection that may have been closed since its last use; nothing else."""
    monkeypatch.setenv("AIRFLOW_CONN_BOOKS", postgres_uri)
    refusal = Statement(text(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{state}'; END $$"))
    tried = []

    def work(execute: Execute) -> None:
        tried.append(state)
        execute(refusal)

    with closing(StateDatabase(database("books").get_conn)) as books:
        if not is_kept:
            books.close()
        with pytest.raises(StateError, match=state):
            books.transact(work)

    assert len(tried) == tries


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"state": "hub"}, "state must be sql://conn_id/table or sql://conn_id/schema.table"),
        ({"state": "sql://books/hub; DROP TABLE hub"}, "state must be sql://conn_id/table"),
        ({"state": "sql://books/a.b.hub"}, "state must be sql://conn_id/table"),
        ({"state": State("sql://books/hub", refresh="perhaps")}, "state.refresh must be true or false"),
        ({"state": "sql://books/hub", "watermark": "at"}, "watermark has no effect with state"),
        ({"state": "sql://books/hub", "records": FromLedger("l")}, "state has no effect with FromLedger"),
        (
            {"state": {"path": "sql://books/hub", "audits": 30}},
            "absent, trust_ids, on_removed, grace, not audits (the nearest is audit)",
        ),
        ({"state": State("sql://b/hub", audit=-1)}, "state.audit must be a number of days above 0, or None"),
        ({"state": State("sql://b/hub", drift="x")}, "state.drift must be one of write, tell, not 'x'"),
        (
            {"state": {"path": "sql://b/hub", "on_removed": "archive"}},
            "state.on_removed='archive' has no effect without upsert=True",
        ),
        (
            {"state": State("sql://b/hub", on_removed={"email": "x"})},
            "state.on_removed names email, by which contacts are found",
        ),
        (
            {"state": State("sql://b/hub", on_removed={"{{ params.x }}": "x"})},
            "state.on_removed: Airflow renders values, not names",
        ),
        ({"guards": Guards(removals=3)}, "guards.removals has no effect without state.on_removed"),
    ],
)
def test_refused_in_the_dag_file(given: dict[str, Any], says: str) -> None:
    """What is not valid, can have no effect, or is not there."""
    with pytest.raises(ValueError, match=re.escape(says)):
        HubSpotUpdateContactOperator(task_id="t", **{"records": RECORDS, **given})


def test_a_connection_that_is_not_there(hubspot: Sandbox) -> None:
    """The task fails, and all its records have an outcome."""
    ended = run(records=RECORDS, state="sql://nowhere/hub")

    assert isinstance(ended.error, HubSpotSyncFailed)
    assert "the connection nowhere does not exist: create it with" in str(ended.error)
    assert ended.outcomes == {"not_attempted": MANY}


@pytest.mark.parametrize("host", [":memory:", ""])
def test_a_database_that_ends_with_the_run(
    hubspot: Sandbox, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    """It would remember nothing; it is told what to do."""
    monkeypatch.setenv("AIRFLOW_CONN_BOOKS", json.dumps({"conn_type": "sqlite", "host": host}))

    ended = run(records=RECORDS, state="sql://books/hub")

    assert isinstance(ended.error, HubSpotSyncFailed)
    assert "the connection books names no file, so its database ends with the run" in str(ended.error)
    assert "set its host to the whole path of a file" in str(ended.error)
    assert ended.outcomes == {"not_attempted": MANY}


@pytest.mark.parametrize(("folder", "is_told"), [("", True), ("{}/", False)])
@pytest.mark.usefixtures("hubspot")
def test_a_relative_path(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    folder: str,
    is_told: bool,
) -> None:
    """It works, and the log says where the file is: in another folder it would be another one."""
    monkeypatch.chdir(tmp_path)
    host = folder.format(tmp_path) + "my books.db"
    monkeypatch.setenv("AIRFLOW_CONN_BOOKS", json.dumps({"conn_type": "sqlite", "host": host}))

    assert run(records=RECORDS, state="sql://books/hub").outcomes == {"updated": MANY}

    says = f"The connection books has a relative path, which is {tmp_path}/my books.db here."
    assert (says in caplog.text) == is_told
    assert (tmp_path / "my books.db").exists()


def test_a_template(hubspot: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Table, ``refresh`` and values may be templates."""
    task = HubSpotUpdateContactOperator(
        task_id="t",
        records=RECORDS,
        state=State(
            "sql://{{ params.db }}/hub",
            refresh="{{ params.anew }}",
            on_removed={"city": "{{ params.db }}"},
            grace=2,
        ),
    )

    task.render_template_fields({"params": {"db": "books", "anew": True}, "ti": _Mapped()})  # type: ignore[typeddict-item]

    assert task.state == State("sql://books/hub", refresh="True", on_removed={"city": "books"}, grace=2)


def test_rows_that_left_the_source(hubspot: Sandbox, books: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their contacts get the values; a database may be any that holds a state."""
    state = State(f"sql://books/{books}.hub", on_removed={"city": "gone"})
    numbers = count()

    def again(first: int) -> Run:
        monkeypatch.setattr(TaskInstance, "run_id", f"run {next(numbers)}")
        return run(records=RECORDS[first:], state=state, guards={"removals": 7})

    again(0)
    assert again(7).outcomes == {"up_to_date": MANY - 7}

    assert again(7).outcomes == {"up_to_date": MANY - 7, "updated": 7}

    cities = [each.properties.get("city") for each in hubspot.portal.contacts.values()]
    assert cities.count("gone") == MANY - cities.count(None) == 7
    found = database("books").get_first("SELECT count(*), sum(missing) FROM hub")
    assert [*(found.values() if isinstance(found, dict) else found)] == [MANY - 7, None]
    assert isinstance(again(MANY).error, HubSpotSyncFailed)
    again(50)
    assert "43 removals of 243 keys of the state are more than" in str(again(50).error)


REMOVES: list[Any] = [
    State("sql://books/hub", on_removed={"city": "gone"}),
    {"path": "sql://books/hub", "on_removed": "archive"},
]


@pytest.mark.parametrize("state", REMOVES)
@pytest.mark.parametrize("operator", [HubSpotUpdateContactOperator, HubSpotPlanContactsOperator])
def test_mapped_tasks_remove_nobody(operator: type[HubSpotUpdateContactOperator], state: Any) -> None:
    """None of them reads the whole source. It is told when the DAG is parsed."""
    with pytest.raises(ValueError, match="a mapped task cannot know which rows left it"):
        operator.partial(task_id="t", upsert=True, state=state)


def test_mapped_tasks_that_are_given_a_state(hubspot: Sandbox) -> None:
    """It is told when the task is made."""
    with DAG("mapped", schedule=None):
        mapped = HubSpotUpdateContactOperator.partial(task_id="t", records=RECORDS[:1], upsert=True).expand(
            state=REMOVES
        )

    with pytest.raises(ValueError, match="a mapped task cannot know which rows left it"):
        mapped.unmap({"state": REMOVES[0]})


class _Mapped:
    map_index = -1
