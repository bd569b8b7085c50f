"""What a setting names is found or told, and a setting that can have no effect is an error."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("airflow")

from airflow_provider_hubcontact.operators.errors import HubSpotSyncFailed
from airflow_provider_hubcontact.operators.hubspot import HubSpotUpdateContactOperator
from airflow_provider_hubcontact.operators.options import Guards, Ledger, Writes
from airflow_provider_hubcontact.operators.plans import HubSpotPlanContactsOperator
from airflow_provider_hubcontact.sandbox import Sandbox
from tests.airflow.running import CONTACTS, connect, run, stored

ADA = {"email": "ada@example.com", "first_name": "Augusta", "town": "London"}


@pytest.fixture
def hubspot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(CONTACTS) as hubspot:
        connect(monkeypatch, hubspot.url, hubspot.token)
        yield hubspot


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"mapping": {}}, "mapping names no column"),
        ({"sql_conn_id": "warehouse"}, "sql_conn_id has no effect without sql"),
        ({"parameters": (1,)}, "parameters has no effect without sql"),
        ({"outcomes": ["invalid"]}, "outcomes has no effect without records_from_ledger"),
        ({"ledger": Ledger(MISSING, values=True)}, "ledger_values has no effect without ledger"),
        ({"verify": True, "dry_run": True}, "verify has no effect with dry_run"),
        ({"guards": Guards(changes=9), "dry_run": True}, "max_changes has no effect with dry_run"),
        ({"guards": Guards(creates=0), "dry_run": True}, "max_creates has no effect with dry_run"),
        ({"plan": "folder"}, "a plan is applied as it was made"),
        ({"max_failures": 1.0}, "a count or a share below 1, not 1.0"),
        ({"guards": Guards(changes=2.0)}, "a count or a share below 1, not 2.0"),
        ({"ledger": Ledger("l", values="{{ params.keep }}")}, "ledger_values is True or False"),
        ({"verify": "False"}, "verify is True or False"),
        ({}, "validate_against_portal is True or False"),
        ({"deferrable": "no"}, "deferrable is True or False"),
    ],
    ids=str,
)
def test_at_parse(settings: dict[str, Any], says: str) -> None:
    """The DAG file does not load, and the message names the setting."""
    with pytest.raises(ValueError, match=says):
        HubSpotUpdateContactOperator(task_id="update", records=[ADA], **settings)


@pytest.mark.parametrize("dry_run", ["{{ params.dry }}", "true", True])
def test_a_flag_that_may_be_a_template(dry_run: str | bool) -> None:
    """What it will be is not known at parse, so that a plan may be made or applied."""
    HubSpotUpdateContactOperator(
        task_id="update", records=[ADA], operator=HubSpotPlanContactsOperator, plan="folder"
    )


@pytest.mark.parametrize("source", [list, iter], ids=["list", "generator"])
@pytest.mark.parametrize(
    "settings", [{}, {"upsert": True}, {"guards": Guards(changes=9)}, {"dry_run": True}], ids=str
)
def test_a_mapping_of_which_no_column_is_there(
    hubspot: Sandbox, source: Callable[[list[Any]], Any], settings: dict[str, Any]
) -> None:
    """The task fails, and names what the rows have: nothing would be sent."""
    ended = run(records=source([ADA]), mapping={"frist_name": "firstname"}, **settings)

    assert isinstance(ended.error, HubSpotSyncFailed)
    assert "no row has a column frist_name; the rows have email, first_name, town" in str(ended.error)
    assert stored(hubspot, "ada@example.com", "firstname") == "Ada"


@pytest.mark.parametrize("source", [list, iter], ids=["list", "generator"])
def test_a_column_that_no_row_has(
    hubspot: Sandbox, source: Callable[[list[Any]], Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Rows may leave columns out, so that it is a warning beside columns that are sent."""
    mapping = {"first_name": "firstname", "twon": "city"}
    with caplog.at_level(logging.WARNING):
        ended = run(records=source([ADA]), mapping=mapping)

    assert ended.outcomes == {"updated": 1}
    assert "no row has a column twon; the rows have email, first_name, town" in caplog.text


def test_rows_that_leave_columns_out(hubspot: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    """A column is found if any row has it, however late."""
    rows: list[Any] = [{"email": f"c{n}@example.com"} for n in range(250)] + [ADA, "no row", {"email": None}]
    with caplog.at_level(logging.WARNING):
        ended = run(
            records=rows, mapping={"first_name": "firstname", "town": "city"}, status_actions={404: "skip"}
        )

    assert ended.outcomes == {"updated": 1, "not_found": 250, "invalid": 2}
    assert "no row has a column" not in caplog.text


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (
            {"writes": Writes(properties={"phnoe": "fill_empty"})},
            "write_modes names phnoe, which no column is sent as",
        ),
        (
            {"writes": Writes(properties={"town": "fill_empty"})},
            "write_modes names town, which no column is sent as: its column is sent as city",
        ),
        (
            {"writes": Writes(create_properties={"shoe": {"type": "number"}})},
            "create_missing_properties names shoe, which no column is sent as",
        ),
    ],
    ids=str,
)
def test_properties_that_are_not_sent(hubspot: Sandbox, settings: dict[str, Any], says: str) -> None:
    """Before the first write, and nothing is written."""
    ended = run(records=[ADA], mapping={"first_name": "firstname", "town": "city"}, **settings)

    assert isinstance(ended.error, HubSpotSyncFailed)
    assert says in str(ended.error)
    assert ended.outcomes == {"not_attempted": 1}


def test_of_a_query(hubspot: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a mapping the query's columns are what is sent."""
    connection = {"conn_type": "sqlite", "host": str(tmp_path / "warehouse.db")}
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps(connection))
    sql = "SELECT 'ada@example.com' AS email, 'Augusta' AS firstname"
    ended = run(sql=sql, sql_conn_id="warehouse", writes=Writes(properties={"first_name": "fill_empty"}))

    assert "write_modes names first_name, which no column is sent as" in str(ended.error)
