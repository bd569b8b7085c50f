# SPDX-License-Identifier: Apache-2.0
"""An undo in Airflow: what a DAG file may say, and every place in which a ledger can be."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, io, task  # type: ignore[attr-defined]
from fsspec.implementations.memory import MemoryFileSystem  # type: ignore[import-untyped]

from airflow_provider_hubcontact.operators.errors import HubSpotSyncFailed
from airflow_provider_hubcontact.operators.hubspot import (
    FromLedger,
    Guards,
    HubSpotUpdateContactOperator,
    Key,
    Ledger,
    State,
    Values,
    Writes,
)
from airflow_provider_hubcontact.operators.plans import HubSpotApplyPlanOperator, HubSpotPlanContactsOperator
from airflow_provider_hubcontact.sandbox import Sandbox
from tests.airflow.running import CONTACTS, connect, run, stored

ROWS = [{"email": "ada@example.com", "firstname": "Augusta"}, {"email": "new@example.com", "firstname": "N"}]
RUN = "contacts/manual__2026-01-01T00:00:00+00:00"
UNDO = FromLedger("ledger", undo=True)


@pytest.fixture
def hubspot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(contacts=CONTACTS) as sandbox:
        connect(monkeypatch, sandbox.url, sandbox.token)
        yield sandbox


class TestParsing:
    """What can have no effect, or a wrong one, is told when the DAG is parsed."""

    @pytest.mark.parametrize(
        ("settings", "says"),
        [
            ({"records": FromLedger("l", undo=True, among=[])}, "leave among and sql out"),
            ({"sql": "SELECT 1", "sql_conn_id": "db"}, "leave among and sql out"),
            ({"records": FromLedger("l", ["updated"], undo=True)}, "outcomes has no effect with undo=True"),
            ({"upsert": True}, "upsert has no effect with undo=True"),
            ({"mapping": {"a": "b"}}, "mapping has no effect with FromLedger alone"),
            ({"json_schema": {}}, "json_schema has no effect with undo=True"),
            ({"values": Values(decimal=",")}, "values.decimal has no effect with undo=True"),
            ({"key": Key(becomes="new")}, "key.becomes has no effect with undo=True"),
            ({"key": "mail"}, "key.column has no effect with undo=True"),
            ({"writes": Writes(nulls="clear")}, "writes.nulls has no effect with undo=True"),
            (
                {"writes": Writes(properties={"city": "append"})},
                "writes.properties has no effect with undo=True",
            ),
            (
                {"state": State("sql://db/s", on_removed="archive")},
                "state.on_removed has no effect with undo=True",
            ),
            ({"state": State("sql://db/s", audit=None)}, "state.audit has no effect with undo=True"),
            ({"watermark": "at"}, "watermark has no effect"),
            ({"guards": Guards(creates=5)}, "guards.creates has no effect"),
            ({"guards": Guards(removals=5)}, "guards.removals has no effect"),
            (
                {"records": FromLedger("l", archive_created=True)},
                "archive_created has no effect without undo",
            ),
            ({"records": FromLedger("l", run="a/b")}, "run has no effect without undo=True"),
            ({"records": FromLedger("l", task="t")}, "task has no effect without undo=True"),
            ({"records": FromLedger("l", undo="yes")}, "FromLedger: undo must be True or False"),  # type: ignore[arg-type]
            ({"records": FromLedger("l", undo=True, run="")}, "FromLedger: run must be text"),
        ],
    )
    def test_it_is_told(self, settings: dict[str, Any], says: str) -> None:
        with pytest.raises(ValueError, match=says):
            HubSpotPlanContactsOperator(task_id="t", plan="plan", **{"records": UNDO, **settings})

    def test_what_an_undo_takes(self) -> None:
        """Stages, guards, policy, ledger and state are those of the plan."""
        HubSpotPlanContactsOperator(
            task_id="t",
            plan="plan",
            records=FromLedger("{{ params.l }}", undo=True, archive_created=True, run="{{ params.r }}"),
            key=Key("number", "number"),
            writes=Writes(stages="reset"),
            guards=Guards(changes=0.5),
            ledger=Ledger("l", values=True),
            state="sql://db/s",
            status_actions={"conflict": "succeed"},
            verify=True,
        )

    def test_an_update_undoes_nothing(self) -> None:
        """An undo is a plan; a mapped task is told so when it runs."""
        with pytest.raises(ValueError, match="undo=True is for HubSpotPlanContactsOperator"):
            HubSpotUpdateContactOperator(task_id="t", records=UNDO)

    def test_another_task_may_give_the_run(self) -> None:
        """The undo waits for it."""
        with DAG("d", schedule=None) as dag:

            @task
            def which() -> str:
                return "dag/run"

            HubSpotPlanContactsOperator(
                task_id="t",
                plan="plan",
                records=FromLedger("l", undo=True, run=which()),  # type: ignore[arg-type]
            )

        assert dag.get_task("t").upstream_task_ids == {"which"}

    def test_what_airflow_shows(self) -> None:
        """The run that is undone, and no records."""
        shown = FromLedger("l", undo=True, run="a/b", among=[{"email": "a@b.c"}])

        assert shown.serialize() == {"path": "l", "undo": True, "run": "a/b"}


def tables(monkeypatch: pytest.MonkeyPatch, path: Path) -> Path:
    monkeypatch.setenv("AIRFLOW_CONN_BOOKS", json.dumps({"conn_type": "sqlite", "host": str(path)}))
    return path


def round_trip(ledger: str, folder: Path) -> None:
    """Write two contacts, and undo that."""
    wrote = run(records=ROWS, upsert=True, ledger=Ledger(ledger, values=True))
    assert wrote.outcomes == {"updated": 1, "created": 1}

    made = run(
        operator=HubSpotPlanContactsOperator,
        records=FromLedger(ledger, undo=True, archive_created=True, run=RUN),
        plan=str(folder),
    )
    applied = run(operator=HubSpotApplyPlanOperator, plan=str(folder), sha256=made.report["plan"]["sha256"])

    assert made.error is None
    assert applied.outcomes == {"updated": 1, "archived": 1}


class TestLedgers:
    """Files of this machine, of an object store, and a table."""

    def test_files(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """The folder of the run alone is read."""
        other = tmp_path / "ledger" / "other%2Frun" / "task" / "-1"
        other.mkdir(parents=True)
        (other / "001-000001.jsonl").write_text("no line of a ledger\n", encoding="utf-8")

        round_trip(str(tmp_path / "ledger"), tmp_path / "plan")

        assert stored(hubspot, "ada@example.com", "firstname") == "Ada"

    def test_an_object_store(self, hubspot: Sandbox, tmp_path: Path) -> None:
        attach = getattr(io, "attach", None) or import_module("airflow.io.store").attach
        attach("memory", fs=MemoryFileSystem())

        round_trip(f"memory://{tmp_path.name}", tmp_path / "plan")

        assert stored(hubspot, "ada@example.com", "firstname") == "Ada"

    def test_a_table(self, hubspot: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """It has many runs, of which one is undone."""
        path = tables(monkeypatch, tmp_path / "books.db")
        round_trip("sql://books/ledger", tmp_path / "plan")

        assert stored(hubspot, "ada@example.com", "firstname") == "Ada"
        with closing(sqlite3.connect(path)) as db:
            assert db.execute("SELECT count(*) FROM ledger WHERE contact IS NOT NULL").fetchone() == (2,)

    def test_a_table_of_an_earlier_version(
        self, hubspot: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It lacks record ids and lists, and works without: contacts are found by their keys."""
        path = tables(monkeypatch, tmp_path / "books.db")
        run(records=[], ledger="sql://books/ledger")
        with closing(sqlite3.connect(path)) as db:
            for column in ("contact", "list_id", "membership"):
                db.execute(f"ALTER TABLE ledger DROP COLUMN {column}")

        round_trip("sql://books/ledger", tmp_path / "plan")

        assert stored(hubspot, "ada@example.com", "firstname") == "Ada"

    def test_one_without_values(self, hubspot: Sandbox, tmp_path: Path) -> None:
        run(records=ROWS, ledger=str(tmp_path / "ledger"))

        made = run(
            operator=HubSpotPlanContactsOperator,
            records=FromLedger(tmp_path / "ledger", undo=True),
            plan=str(tmp_path / "plan"),
        )

        assert isinstance(made.error, HubSpotSyncFailed)
        assert "needs ledger=Ledger(path, values=True)" in str(made.error)


def test_contacts_that_were_edited_fail_the_task(hubspot: Sandbox, tmp_path: Path) -> None:
    """Unless it is told not to; the plan is there either way."""
    run(records=ROWS[:1], ledger=Ledger(str(tmp_path / "ledger"), values=True))
    contact = hubspot.portal.contact("ada@example.com")
    assert contact
    hubspot.portal.update(contact, {"firstname": "Ada B."})
    settings: dict[str, Any] = {
        "operator": HubSpotPlanContactsOperator,
        "records": FromLedger(tmp_path / "ledger", undo=True),
        "plan": str(tmp_path / "plan"),
    }

    failed = run(**settings)
    told = run(**settings, status_actions={"conflict": "succeed"})

    assert isinstance(failed.error, HubSpotSyncFailed)
    assert told.error is None
    assert failed.outcomes == told.outcomes == {"conflict": 1}
    assert told.report["reasons"][0]["cause"] == (
        "the contact does not have the values any more that the run wrote (EDITED)"
    )
