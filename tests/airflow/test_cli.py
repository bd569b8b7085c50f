# SPDX-License-Identifier: Apache-2.0
"""The command line, against a HubSpot that answers over HTTP."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sqlite3
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import closing
from importlib.util import find_spec
from inspect import signature
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from airflow.models import Connection
from airflow.utils.session import create_session
from sqlalchemy import delete

from airflow_provider_hubcontact.cli import run as program
from airflow_provider_hubcontact.cli.commands import check
from airflow_provider_hubcontact.cli.commands.validate import MOST_SHOWN
from airflow_provider_hubcontact.cli.definition import COMMANDS, Command, Option, get_hubspot_cli_commands
from airflow_provider_hubcontact.cli.exit_status import NOBODY_READS
from airflow_provider_hubcontact.cli.main import main, parser
from airflow_provider_hubcontact.cli.output import Output
from airflow_provider_hubcontact.cli.settings import CONN_ID
from airflow_provider_hubcontact.cli.settings_file import KNOWN, NOT_HERE
from airflow_provider_hubcontact.compat import CONTEXT
from airflow_provider_hubcontact.operators.errors import HubSpotSyncFailed
from airflow_provider_hubcontact.operators.given import KEYWORDS as SETTINGS_KEYWORDS
from airflow_provider_hubcontact.operators.hubspot import HubSpotUpdateContactOperator
from airflow_provider_hubcontact.operators.options import FromLedger, Ledger
from airflow_provider_hubcontact.operators.plans import HubSpotApplyPlanOperator, HubSpotPlanContactsOperator
from airflow_provider_hubcontact.operators.sources import database_errors
from airflow_provider_hubcontact.operators.stores.ledger_files import all_lines
from airflow_provider_hubcontact.sandbox import Sandbox, options
from tests.airflow.running import CONTACTS, connect, hurry, run, stored
from tests.airflow_release import RELEASE

ROWS: list[dict[str, str | None]] = [
    {"email": "ada@example.com", "firstname": "Augusta", "lifecyclestage": "Customer"},
    {"email": "grace@example.com", "firstname": "Grace", "lifecyclestage": "customer"},
    {"email": None, "firstname": "Nobody", "lifecyclestage": None},
]


@pytest.fixture
def hubspot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A portal behind the connection."""
    with Sandbox(contacts=CONTACTS) as sandbox:
        connect(monkeypatch, sandbox.url, sandbox.token)
        yield sandbox


@pytest.fixture
def csv(tmp_path: Path) -> str:
    """The rows in a file."""
    lines = [",".join(ROWS[0]), *(",".join(cell or "" for cell in row.values()) for row in ROWS)]
    path = tmp_path / "customers.csv"
    path.write_text("\ufeff" + "\r\n".join(lines), encoding="utf-8")
    return str(path)


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    """Return the exit status and the JSON of a command."""
    capsys.readouterr()
    status = main([*arguments, "--json"])
    return status, json.loads(capsys.readouterr().out)


class TestCheck:
    def test_a_portal(self, hubspot: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
        """Portal, scopes, quota."""
        status, facts = told(capsys, "check")
        main(["check"])

        assert status == 0
        assert facts["portal"] == 12345678
        assert facts["missing_scopes"] == []
        assert facts["calls_in_10_seconds"] == 1_000_000  # this sandbox limits nothing
        assert 0 < facts["calls_left_today"] <= 1_000_000
        assert "crm.objects.contacts.read" in capsys.readouterr().out

    def test_a_scope_that_is_missing(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """It is named, and the exit status is 1."""
        with Sandbox(scopes=["crm.objects.contacts.read", "oauth"]) as hubspot:
            connect(monkeypatch, hubspot.url, hubspot.token)
            status, facts = told(capsys, "check")

        assert (status, facts["missing_scopes"]) == (1, ["crm.objects.contacts.write"])

    def test_a_token_that_is_refused(
        self, hubspot: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A sentence, no traceback, and not the token."""
        connect(monkeypatch, hubspot.url, "pat-na1-wrong-token")

        assert main(["check"]) == 1
        captured = capsys.readouterr()
        assert captured.err.startswith("error: HC-300: HubSpot does not accept the token: HTTP 401 ")
        assert "pat-na1-wrong-token" not in captured.err + captured.out

    def test_no_such_connection(self, capsys: pytest.CaptureFixture[str]) -> None:
        """It is named, and what can be done."""
        assert main(["check", "--conn-id", "nowhere"]) == 2
        told = capsys.readouterr().err
        assert "nowhere" in told
        assert told.endswith("`airflow connections add`, or set it as AIRFLOW_CONN_NOWHERE\n")

    def test_a_connection_of_the_database(
        self, airflow_database: None, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The nearest of those that Airflow's database has is named, too."""
        with create_session() as session:
            session.add(Connection(conn_id="hubspot_prod", conn_type="hubspot"))
        try:
            assert main(["check", "--conn-id", "hubspot_prd"]) == 2
        finally:
            with create_session() as session:
                session.execute(delete(Connection).where(Connection.conn_id == "hubspot_prod"))

        assert "hubspot_prd (the nearest is hubspot_prod) does not exist" in capsys.readouterr().err

    def test_no_line_ends_with_blanks(self, hubspot: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
        """A long line, such as that of the scopes, makes no other line of a file longer."""
        assert main(["check"]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines == [line.rstrip() for line in lines]
        assert "time zone            America/New_York" in lines


class TestSchema:
    def test_it_is_a_schema(self, hubspot: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
        """Of draft 2020-12, and says what the portal takes."""
        assert main(["schema"]) == 0
        schema = json.loads(capsys.readouterr().out)

        jsonschema_rs.meta.validate(schema)
        assert jsonschema_rs.is_valid(schema, {"lifecyclestage": "lead"})
        assert not jsonschema_rs.is_valid(schema, {"lifecyclestage": "Lead"})

    def test_some_properties(self, hubspot: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
        """Those that are named, or an error."""
        assert main(["schema", "zip", "city"]) == 0
        assert list(json.loads(capsys.readouterr().out)["properties"]) == ["zip", "city"]
        assert main(["schema", "no_such", "ctiy"]) == 2
        assert "no property no_such, ctiy (the nearest is city)" in capsys.readouterr().err


class TestValidate:
    def test_a_schema_that_is_not_text(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """It is told, and not taken for an error of the command."""
        (tmp_path / "rows.csv").write_text("email\n", encoding="utf-8")
        (tmp_path / "schema.json").write_bytes(b"\xff")

        chosen = [str(tmp_path / "rows.csv"), "--no-portal", "--json-schema", str(tmp_path / "schema.json")]
        assert main(["validate", *chosen]) == 2
        assert "cannot be read" in " ".join(capsys.readouterr().err.split())

    def test_a_csv(self, hubspot: Sandbox, csv: str, capsys: pytest.CaptureFixture[str]) -> None:
        """Problems as a table and as JSON; the exit status is 1."""
        status, document = told(capsys, "validate", csv)
        assert main(["validate", csv]) == 1

        text = " ".join(capsys.readouterr().out.split())
        assert status == 1
        assert {name: document[name] for name in ("rows", "valid", "invalid", "by_property")} == {
            "rows": 3,
            "valid": 1,
            "invalid": 2,
            "by_property": {"lifecyclestage": 1, "email": 1},
        }
        assert "`Customer` is a label; the value is `customer`" in document["problems"][0]["reason"]
        assert "3 records: 1 valid, 2 invalid." in text
        assert not [each for each in hubspot.requests if "/objects/" in each.path]

    def test_texts_and_owners(
        self, hubspot: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Texts are read as a run reads them, and addresses of owners are looked up by one call."""
        rows = tmp_path / "rows.csv"
        rows.write_text(
            "email,lifecyclestage,hubspot_owner_id\n"
            "a@example.com,Customer,olivia@example.com\n"
            "b@example.com,N/A,oliva@example.com\n"
        )
        settings = tmp_path / "settings.toml"
        settings.write_text('[values]\nlabels = true\nnull_texts = ["N/A"]\n')

        status, document = told(capsys, "validate", str(rows), "--settings", str(settings))

        assert (status, document["valid"], document["by_property"]) == (1, 1, {"hubspot_owner_id": 1})
        assert "the nearest is `olivia@example.com`" in document["problems"][0]["reason"]
        assert document["coercions"]["counts"] == {
            "a label is written as its option's value": 1,
            "an owner's address is written as the owner's id": 1,
        }
        assert len([each for each in hubspot.requests if "/owners" in each.path]) == 2  # and removed ones

    def test_a_row_that_names_no_property(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """It is counted by its code, not among the properties."""
        file = tmp_path / "rows.csv"
        file.write_text("email,city\na@example.com\n,Rome\nb@example.com,Rome,1\n", encoding="utf-8")
        status, document = told(capsys, "validate", str(file), "--no-portal")
        assert main(["validate", str(file), "--no-portal"]) == 1

        text = " ".join(capsys.readouterr().out.split())
        assert (status, document["invalid"]) == (1, 3)
        assert document["by_property"] == {"email": 1}
        assert document["without_property"] == {"HC-107": 2}
        assert text.endswith("By property: 1 email. Without a property: 2 HC-107.")

    def test_without_the_portal(self, csv: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """A JSON Schema alone; mapping and key as the operator has them."""
        schema = tmp_path / "schema.json"
        schema.write_text(json.dumps({"properties": {"first": {"maxLength": 5}}}))
        arguments = ("validate", csv, "--no-portal", "--json-schema", str(schema), "--map", "firstname=first")

        status, document = told(capsys, *arguments)

        assert (status, document["invalid"]) == (1, 2)
        assert document["by_property"] == {"first": 1, "email": 1}

    @pytest.mark.parametrize(
        ("name", "says"),
        [
            ("nope", "key: the portal has no property nope"),
            ("jobtitle", "key: jobtitle is not a unique property"),
        ],
    )
    def test_a_key_that_the_portal_does_not_have(
        self, hubspot: Sandbox, csv: str, capsys: pytest.CaptureFixture[str], name: str, says: str
    ) -> None:
        """A validation tells what the preflight of a task tells."""
        for command in (["validate", csv], ["plan", csv, "--out", f"{csv}.plan"]):
            assert main([*command, "--key-property", name]) == 2
            assert capsys.readouterr().err.startswith(f"error: HC-502: {says}")

    def test_the_portals_own_schema(
        self, hubspot: Sandbox, csv: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """What ``hubcontact schema`` prints is taken as the JSON Schema, from a file of settings too."""
        assert main(["schema"]) == 0
        (tmp_path / "portal.json").write_text(capsys.readouterr().out, encoding="utf-8")
        (tmp_path / "settings.toml").write_text('json_schema = "portal.json"', encoding="utf-8")
        _, expected = told(capsys, "validate", csv)

        for more in (
            ("--json-schema", str(tmp_path / "portal.json")),
            ("--settings", str(tmp_path / "settings.toml")),
        ):
            status, document = told(capsys, "validate", csv, *more)
            assert (status, document["by_property"]) == (1, expected["by_property"])

    def test_a_column_that_no_row_has(self, csv: str, capsys: pytest.CaptureFixture[str]) -> None:
        """It is told, and is no problem of a record."""
        mapping = ("--map", "firstname=firstname", "--map", "phnoe=phone")

        assert main(["validate", csv, "--no-portal", *mapping]) == 1
        assert "warning: no row has a column phnoe" in capsys.readouterr().err
        assert main(["validate", csv, "--no-portal", *mapping[2:]]) == 2
        assert "error: HC-511: no row has a column phnoe" in capsys.readouterr().err

    @pytest.mark.parametrize("suffix", ["json", "jsonl", "ndjson", "parquet"])
    def test_other_files(
        self, hubspot: Sandbox, tmp_path: Path, suffix: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The same records in any form are judged the same."""
        path = tmp_path / f"customers.{suffix}"
        lines = tmp_path / "lines.json"
        lines.write_text("\n".join(map(json.dumps, ROWS)) + "\n\n")
        if suffix == "parquet":
            duckdb = pytest.importorskip("duckdb")
            duckdb.sql(f"COPY (SELECT * FROM read_json('{lines}')) TO '{path}'")  # noqa: S608 - our own paths
        else:
            path.write_text(json.dumps(ROWS) if suffix == "json" else lines.read_text())

        status, document = told(capsys, "validate", str(path))

        assert (status, document["rows"], document["invalid"]) == (1, 3, 2)

    def test_lists(
        self, hubspot: Sandbox, csv: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A plan puts nobody into one, so that it is refused; a validation does not send its column."""
        settings = tmp_path / "settings.toml"
        settings.write_text('[lists]\ncolumn = "lifecyclestage"\n', encoding="utf-8")

        assert main(["plan", csv, "--out", str(tmp_path / "plan"), "--settings", str(settings)]) == 2
        assert "lists has no effect with a plan" in capsys.readouterr().err
        assert not (tmp_path / "plan").exists()
        status, document = told(capsys, "validate", csv, "--settings", str(settings))
        assert (status, document["by_property"]) == (1, {"email": 1})

    def test_a_query(
        self,
        hubspot: Sandbox,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """Of any database that Airflow has a connection for."""
        with closing(sqlite3.connect(tmp_path / "w.db")) as db, db:
            db.execute("CREATE TABLE customers (email, firstname)")
            db.execute("INSERT INTO customers VALUES ('ada@example.com', 'Augusta')")
        connection = {"conn_type": "sqlite", "host": str(tmp_path / "w.db")}
        monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps(connection))

        query = ("--sql", "SELECT * FROM customers", "--sql-conn-id", "warehouse")
        status, document = told(capsys, "validate", *query)

        assert (status, document["rows"], document["invalid"]) == (0, 1, 0)

    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            ([], "name a file with the records, or - for standard input"),
            (["a.csv", "--sql", "SELECT 1"], "give either a file or --sql"),
            (["--sql", "SELECT 1"], "sql needs sql_conn_id"),
            (["a.xlsx"], "the suffix must be one of .csv"),
            (["gone.csv"], "gone.csv"),
            (["gone.parquet"], "gone.parquet"),
            (["broken.jsonl"], "broken.jsonl, line 2 is not JSON"),
            (["broken.json"], "broken.json is not JSON"),
            (["object.json"], "records must be a JSON array, not a dict"),
            (["broken.parquet"], "broken.parquet"),
            (["one.csv", "--map", "email"], "--map must be COLUMN=PROPERTY, not email"),
            (["one.csv", "--map", "email=a", "--map", "email=b"], "--map names the column email twice"),
            (["one.csv", "--json-schema", "broken.json"], "the schema is not JSON"),
            (["one.csv", "--json-schema", "gone.json"], "gone.json"),
        ],
    )
    def test_what_cannot_be(
        self,
        arguments: list[str],
        says: str,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """A sentence that says what to do, and 2."""
        if any("parquet" in each for each in arguments):
            pytest.importorskip("duckdb")
        monkeypatch.chdir(tmp_path)
        for name, text in (
            ("broken.jsonl", '{"email": "a@b.c"}\n{'),
            ("broken.json", "{"),
            ("object.json", "{}"),
            ("broken.parquet", "PAR"),
            ("one.csv", "email\na@b.co\n"),
        ):
            Path(name).write_text(text)

        assert main(["validate", "--no-portal", *arguments]) == 2
        assert says in " ".join(capsys.readouterr().err.split())


PLANNED: list[dict[str, str | None]] = [
    {"mail": "ada@example.com", "first": "Augusta", "title": "Lady", "stage": None},
    {"mail": "grace@example.com", "first": "Grace", "title": None, "stage": "subscriber"},
    {"mail": "new@example.com", "first": "New", "title": "Admiral", "stage": None},
    {"mail": "nobody", "first": "Nobody", "title": None, "stage": None},
]

KEYWORDS: dict[str, Any] = {
    "mapping": {"first": "firstname", "title": "jobtitle", "stage": "lifecyclestage"},
    "key": "mail",
    "upsert": True,
    "writes": {"stages": "reset", "properties": {"jobtitle": "fill_empty"}},
    "status_actions": {"invalid": "skip", "404": "skip"},
    "max_failures": 2,
    "guards": {"changes": 5, "creates": 1},
    "verify": True,
}


class TestUndo:
    """``hubcontact undo``."""

    def wrote(self, folder: Path) -> str:
        rows = [
            {"email": "ada@example.com", "firstname": "Augusta", "lifecyclestage": "evangelist"},
            {"email": "new@example.com", "firstname": "N", "lifecyclestage": None},
        ]
        ended = run(records=rows, upsert=True, ledger=Ledger(str(folder / "ledger"), values=True))
        assert ended.outcomes == {"updated": 1, "created": 1}
        return str(folder / "ledger")

    def test_it_is_kept_and_applied(
        self, hubspot: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A plan like any other, with the settings of a file."""
        ledger, folder = self.wrote(tmp_path), str(tmp_path / "plan")
        settings = tmp_path / "undo.toml"
        settings.write_text('writes = { stages = "reset" }\n', encoding="utf-8")
        more = ("--archive-created", "--settings", str(settings), "--task", "update_contacts")

        status, document = told(capsys, "undo", ledger, "--out", folder, *more)
        before = stored(hubspot, "ada@example.com", "firstname")
        applied = run(operator=HubSpotApplyPlanOperator, plan=folder)

        assert status == 0
        assert (document["plan"]["changes"], document["plan"]["removals"]) == (1, 1)
        assert before == "Augusta"
        assert applied.outcomes == {"updated": 1, "archived": 1}
        assert stored(hubspot, "ada@example.com", "firstname") == "Ada"
        assert stored(hubspot, "ada@example.com", "lifecyclestage") == "customer"

    def test_what_is_archived_is_shown_so(
        self, hubspot: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Not as a contact whose properties are cleared."""
        ledger = self.wrote(tmp_path)

        main(["undo", ledger, "--out", str(tmp_path / "plan"), "--archive-created"])

        shown = [line.split() for line in capsys.readouterr().out.splitlines()]
        assert ["firstname", "N", "(archived)"] in [line[2:] for line in shown]

    def test_what_is_left_alone_is_told(
        self, hubspot: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """As a warning, or as a problem with exit status 1."""
        ledger = self.wrote(tmp_path)

        status = main(["undo", ledger, "--out", str(tmp_path / "plan")])

        shown = capsys.readouterr()
        assert status == 1
        assert "lifecyclestage would go back from evangelist to customer" in " ".join(shown.out.split())
        assert "Contacts that the run created, and that are left alone: 1" in " ".join(shown.err.split())

    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            (("gone", "--out", "x"), "there is no ledger at gone"),
            (("l", "--out", "x", "--run", "r"), "there is no ledger of this run at l"),
            (("l", "--out", "x", "--settings", "s.json"), "upsert has no effect with undo=True"),
            (("l", "--out", "x", "--settings", "s.json"), "lists has no effect with undo=True"),
        ],
    )
    def test_what_cannot_be_undone(  # noqa: PLR0917 - fixtures
        self,
        hubspot: Sandbox,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        arguments: tuple[str, ...],
        says: str,
    ) -> None:
        monkeypatch.chdir(tmp_path)
        Path("s.json").write_text('{"upsert": true, "lists": "Customers"}', encoding="utf-8")
        Path(self.wrote(tmp_path)).rename("l")

        assert main(["undo", *arguments]) == 2
        assert says in " ".join(capsys.readouterr().err.split())


def planned_rows(folder: Path, creates: int = 1) -> tuple[str, str]:
    """Write the rows, and the keywords as a file of settings with a ledger of its own."""
    rows = [",".join(PLANNED[0]), *(",".join(cell or "" for cell in row.values()) for row in PLANNED)]
    (folder / "planned.csv").write_text("\n".join(rows), encoding="utf-8")
    (folder / "settings.toml").write_text(
        f"""
        key = "mail"
        upsert = true
        max_failures = 2
        verify = true
        ledger = "{folder / "ledger"}"
        mapping = {{ first = "firstname", title = "jobtitle", stage = "lifecyclestage" }}
        writes = {{ stages = "reset", properties = {{ jobtitle = "fill_empty" }} }}
        guards = {{ changes = 5, creates = {creates} }}

        [status_actions]
        invalid = "skip"
        404 = "skip"
        """,
        encoding="utf-8",
    )
    return str(folder / "planned.csv"), str(folder / "settings.toml")


def lines_and_settings(plan: Path) -> tuple[list[bytes], Any]:
    """Return what a plan does, and with which settings."""
    manifest = json.loads((plan / "plan.json").read_bytes())
    return [part.read_bytes() for part in sorted(plan.glob("part-*"))], manifest["settings"]


class TestPlan:
    def test_it_is_kept_and_applied(
        self, hubspot: Sandbox, csv: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A plan of the command line is one that the operator applies."""
        folder = str(tmp_path / "plan")

        status, document = told(capsys, "plan", csv, "--out", folder)
        assert main(["plan", csv, "--out", folder, "--overwrite"]) == 1
        text = " ".join(capsys.readouterr().out.split())
        before = stored(hubspot, "grace@example.com", "lifecyclestage")
        applied = run(operator=HubSpotApplyPlanOperator, plan=folder)

        assert status == 1
        assert document["plan"]["changes"] == 1
        assert document["plan"]["others"] == {"invalid": 2}
        assert document["plan"]["stage_moves"] == {"lead → customer": 1}
        assert "2 grace@example.com lifecyclestage lead customer" in text
        assert before == "lead"
        assert applied.outcomes == {"updated": 1}
        assert stored(hubspot, "grace@example.com", "lifecyclestage") == "customer"

    def test_a_sample_says_that_it_is_one(
        self, hubspot: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Of the changes, and of the records with a problem; a table with all of them says nothing."""
        rows = [f"c{number}@example.com,Oslo" for number in range(30)] + ["ada@example.com,Rome"]
        for name, upsert in (("some", ["--upsert"]), ("none", [])):
            (tmp_path / "rows.csv").write_text("\n".join(["email,city", *rows]))
            main(["plan", str(tmp_path / "rows.csv"), *upsert, "--out", str(tmp_path / name)])
        created, not_found = capsys.readouterr().out.split("kept in")[1:]

        assert created.count("A sample: ") == not_found.count("A sample: ") == 1
        assert "A sample: 20 of 31 records. The plan has all of them." in created
        assert " of 30 records. The plan has all of them." in not_found

    def test_a_plan_that_is_there(
        self, hubspot: Sandbox, csv: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """It is replaced only if that is asked for, and no call is spent before."""
        folder = tmp_path / "plan"
        assert main(["plan", csv, "--out", str(folder)]) == 1
        made, calls = (folder / "plan.json").read_bytes(), len(hubspot.requests)

        for command in (["plan", csv], ["undo", "ledger"]):
            assert main([*command, "--out", str(folder)]) == 2
            assert "has a plan already: name a new folder, or say --overwrite" in capsys.readouterr().err
        assert ((folder / "plan.json").read_bytes(), len(hubspot.requests)) == (made, calls)
        (folder / "plan.json").write_text("an older one")
        assert main(["plan", csv, "--out", str(folder), "--overwrite"]) == 1
        assert json.loads((folder / "plan.json").read_bytes())["changes"] == 1

    @pytest.mark.parametrize("other", ["rows.csv", "part-of-me.txt", "part-1.jsonl", "folder"])
    @pytest.mark.parametrize("command", ["plan", "undo"])
    def test_a_folder_of_something_else(
        self,
        hubspot: Sandbox,
        csv: str,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
        *,
        command: str,
        other: str,
    ) -> None:
        """Nothing in it is touched, whatever is asked for."""
        folder = tmp_path / "mine"
        folder.mkdir()
        (folder / other).mkdir() if other == "folder" else (folder / other).write_text("mine")

        assert main([command, csv, "--out", str(folder), "--overwrite"]) == 2
        assert f"has something else than a plan, {other}: name a new folder" in capsys.readouterr().err
        assert [each.name for each in folder.iterdir()] == [other]

    def test_a_folder_that_is_empty_or_a_file(
        self, hubspot: Sandbox, csv: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """An empty folder is as good as none; a file is not a folder."""
        (tmp_path / "empty").mkdir()

        assert main(["plan", csv, "--out", str(tmp_path / "empty")]) == 1
        assert main(["plan", csv, "--out", csv, "--overwrite"]) == 2
        assert "is a file, not a folder" in capsys.readouterr().err

    def test_what_may_be_wrong_is_told(
        self, hubspot: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A column that no row has, and rows with a key alone, beside a document for machines."""
        file = tmp_path / "few.csv"
        file.write_text("email,name\ngrace@example.com,Grace H.\nada@example.com,\n", encoding="utf-8")
        settings = tmp_path / "few.json"
        settings.write_text('{"mapping": {"name": "firstname", "twon": "city"}}', encoding="utf-8")
        folder = str(tmp_path / "plan")
        assert main(["plan", str(file), "--out", folder, "--json", "--settings", str(settings)]) == 0

        shown = capsys.readouterr()
        warned = " ".join(shown.err.split())
        assert json.loads(shown.out)["plan"]["changes"] == 1
        assert "warning: no row has a column twon" in warned
        assert "warning: Rows with nothing to send but their key: 1 of 2." in warned

    def test_it_is_the_operators_own(
        self, hubspot: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A plan with a file of settings is the one that an operator makes with the same keywords."""
        file, settings = planned_rows(tmp_path)

        assert main(["plan", file, "--out", str(tmp_path / "one"), "--settings", settings]) == 1
        made = run(
            operator=HubSpotPlanContactsOperator,
            plan=str(tmp_path / "other"),
            records=PLANNED,
            ledger=str(tmp_path / "ledger"),
            **KEYWORDS,
        )

        assert made.outcomes == {"not_attempted": 3, "invalid": 1}
        assert lines_and_settings(tmp_path / "one") == lines_and_settings(tmp_path / "other")

    def test_its_settings_hold_when_it_is_applied(
        self, hubspot: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Upsert, write modes, stages, actions and a ledger: the operator is told none of them again."""
        file, settings = planned_rows(tmp_path)

        main(["plan", file, "--out", str(tmp_path / "plan"), "--settings", settings])
        assert not (tmp_path / "ledger").exists()
        applied = run(operator=HubSpotApplyPlanOperator, plan=str(tmp_path / "plan"))

        assert applied.error is None
        assert applied.outcomes == {"created": 1, "updated": 2}
        assert stored(hubspot, "ada@example.com", "jobtitle") == "Countess"  # it was filled
        assert stored(hubspot, "ada@example.com", "firstname") == "Augusta"
        assert stored(hubspot, "grace@example.com", "lifecyclestage") == "subscriber"  # it went back
        assert stored(hubspot, "new@example.com", "jobtitle") == "Admiral"
        assert len(list(all_lines(str(tmp_path / "ledger")))) == 3

    def test_its_guards_hold_when_it_is_applied(
        self, hubspot: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Nothing is written if the plan does more than they allow."""
        file, settings = planned_rows(tmp_path, creates=0)

        main(["plan", file, "--out", str(tmp_path / "plan"), "--settings", settings])
        applied = run(operator=HubSpotApplyPlanOperator, plan=str(tmp_path / "plan"))

        assert isinstance(applied.error, HubSpotSyncFailed)
        assert "creates" in str(applied.error)
        assert applied.outcomes == {"not_attempted": 3}
        assert hubspot.portal.contact("new@example.com") is None

    def test_a_watermark(
        self, hubspot: Sandbox, csv: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Its mark is a task's; a validation leaves the column alone."""
        settings = tmp_path / "settings.json"
        settings.write_text('{"watermark": "lifecyclestage"}', encoding="utf-8")

        assert main(["plan", csv, "--out", str(tmp_path / "plan"), "--settings", str(settings)]) == 2
        assert "watermark: only an Airflow task keeps it" in capsys.readouterr().err
        status, document = told(capsys, "validate", csv, "--settings", str(settings))
        assert (status, document["by_property"]) == (1, {"email": 1})

    def test_a_query(
        self,
        hubspot: Sandbox,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """It, its connection and its parameters may stand in the file of settings."""
        with closing(sqlite3.connect(tmp_path / "w.db")) as db, db:
            db.execute("CREATE TABLE customers (email, firstname)")
            db.execute("INSERT INTO customers VALUES ('ada@example.com', 'Augusta'), ('x@y.z', 'X')")
        connection = {"conn_type": "sqlite", "host": str(tmp_path / "w.db")}
        monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps(connection))
        sql = "SELECT * FROM customers WHERE firstname = ?"
        document = {"sql": sql, "sql_conn_id": "warehouse", "parameters": ["Augusta"]}
        settings = tmp_path / "settings.json"
        settings.write_text(json.dumps(document), encoding="utf-8")

        status, planned = told(capsys, "plan", "--out", str(tmp_path / "plan"), "--settings", str(settings))
        assert (status, planned["plan"]["rows"], planned["plan"]["changes"]) == (0, 1, 1)
        for command in (["validate"], ["plan", "--out", str(tmp_path / "plan"), "--overwrite"]):
            assert main([*command, "--settings", str(settings), "--map", "surname=lastname"]) == 2
            assert "the query returns no column surname" in capsys.readouterr().err

    def test_one_that_breaks_off(
        self, hubspot: Sandbox, csv: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """HubSpot has refused the token meanwhile: there is no plan, and it is told why."""
        hubspot.use_faults({"rules": [{"kind": "token_expiry", "on": "*/batch/read"}]})

        assert main(["plan", csv, "--out", str(tmp_path / "plan")]) == 2
        assert "the plan is not complete: " in capsys.readouterr().err

    def test_a_mapping_to_nothing(
        self, hubspot: Sandbox, csv: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """What keeps a run from its work keeps a plan from it."""
        arguments = ["plan", csv, "--out", str(tmp_path / "plan"), "--map", "firstname=frstname"]

        assert main(arguments) == 2
        assert "the nearest is firstname" in capsys.readouterr().err


class TestNotReady:
    """What HubSpot cannot tell now is told in a sentence, and nothing is sent."""

    @pytest.mark.parametrize(
        ("settings", "path", "says"),
        [
            (
                "values = { labels = true }",
                "/crm/properties/*",
                "values.labels needs the portal's properties",
            ),
            (
                '[state]\npath = "sql://books/hub"\non_removed = { hubspot_owner_id = "olivia@example.com" }',
                "/crm/owners/*",
                "state.on_removed: hubspot_owner_id has an address, and the owners cannot be listed",
            ),
        ],
    )
    def test_a_plan(  # noqa: PLR0917 - fixtures
        self,
        hubspot: Sandbox,
        csv: str,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        settings: str,
        path: str,
        says: str,
    ) -> None:
        hurry(monkeypatch)
        (tmp_path / "settings.toml").write_text(settings)
        hubspot.use_faults({"rules": [{"kind": "status", "status": 503, "on": path}]})

        status = main(
            ["plan", csv, "--settings", str(tmp_path / "settings.toml"), "--out", str(tmp_path / "plan")]
        )

        assert status == 2
        assert f"HC-519: {says}" in " ".join(capsys.readouterr().err.split())


class TestLedger:
    def test_summary_and_failures(
        self, hubspot: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The last try of each record counts."""
        records = [
            {"email": "ada@example.com", "firstname": "Augusta"},
            {"email": "nobody@example.com"},
            {"firstname": "x"},
        ]
        hubspot.use_faults({"rules": [{"kind": "status", "status": 503, "on": "*/batch/update"}]})
        run(records=records, ledger=str(tmp_path))
        hubspot.use_faults({"rules": []})
        run(records=records, ledger=str(tmp_path), try_number=2)

        status, summary = told(capsys, "ledger", "summary", str(tmp_path))
        failed, failures = told(capsys, "ledger", "failures", str(tmp_path))
        assert main(["ledger", "summary", str(tmp_path)]) == 1
        assert main(["ledger", "failures", str(tmp_path)]) == 1

        text = " ".join(capsys.readouterr().out.split())
        assert (status, failed) == (1, 1)
        assert summary["outcomes"] == {"updated": 1, "not_found": 1, "invalid": 1}
        assert {each["outcome"]: each["records"] for each in summary["problems"]} == {
            "not_found": 1,
            "invalid": 1,
        }
        assert [line["key"] for line in failures] == ["nobody@example.com", ""]
        assert "updated 1" in text
        assert "row key code outcome status category reason 2 nobody@example.com HC-210 not_found" in text
        assert "2 records." in text

    @pytest.mark.parametrize("text", ["hello", "[1]", '{"verb": "update", "row": 1}', "\x1b[2K"], ids=repr)
    def test_another_folder(
        self, hubspot: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
    ) -> None:
        """A plan's, or any other with JSON lines, is not a ledger: it is told which file is wrong."""
        (tmp_path / "part.jsonl").write_text(f"{text}\n", encoding="utf-8")

        for what in ("summary", "failures"):
            assert main(["ledger", what, str(tmp_path)]) == 2
            told = "".join(capsys.readouterr().err.split())
            assert "part.jsonlisnotapartofaledger:seeitsline1" in told
        ended = run(records=FromLedger(str(tmp_path)))
        assert isinstance(ended.error, HubSpotSyncFailed)
        assert "is not a part of a ledger: see its line 1" in str(ended.error)

    def test_no_ledger(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """A wrong path is no empty ledger."""
        assert main(["ledger", "summary", str(tmp_path / "nothing")]) == 2
        assert "there is no ledger at" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("text", ["\n\n", "   \n", " , \n\n", "\ufeff\n"], ids=repr)
def test_a_file_without_headings(tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Blanks are no names of columns: the file is as good as empty."""
    (tmp_path / "blank.csv").write_text(text, encoding="utf-8")
    assert main(["validate", "--no-portal", str(tmp_path / "blank.csv")]) == 2
    assert "is empty: its first line must have the names of the columns" in capsys.readouterr().err


def test_an_encoding_that_is_not_of_texts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is not told to be the nearest to itself."""
    (tmp_path / "one.csv").write_text("email\n")
    assert main(["validate", "--no-portal", str(tmp_path / "one.csv"), "--encoding", "hex_codec"]) == 2
    told = capsys.readouterr().err
    assert "there is no encoding hex_codec" in told
    assert "nearest is hex_codec" not in told


@pytest.mark.parametrize("name", ["latin.csv", "latin.jsonl", "odd.csv"])
def test_a_file_that_is_no_text(tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It is said, and is another exit status than records that are wrong."""
    content = b"email\n\xe9@example.com\n" if name != "odd.csv" else b'email\n"' + b"x" * 200_000
    (tmp_path / name).write_bytes(content)

    assert main(["validate", "--no-portal", str(tmp_path / name)]) == 2
    assert name in capsys.readouterr().err


def test_a_query_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """So is what the database says."""
    connection = {"conn_type": "sqlite", "host": str(tmp_path / "warehouse.db")}
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", json.dumps(connection))
    command = ["validate", "--no-portal", "--sql", "SELECT * FROM nope", "--sql-conn-id", "warehouse"]

    assert main(command) == 2
    assert "the query failed: no such table: nope" in capsys.readouterr().err


def test_sandbox() -> None:
    """It serves until it is told to stop; its options are its own."""
    code = "import sys; from airflow_provider_hubcontact.cli.main import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "sandbox", "--port", "0", "--contacts-count", "3"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ}) as process:
        assert process.stdout
        line = process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0

    assert "with 3 contacts" in line


def test_airflow_has_the_same_commands() -> None:
    """``airflow hubspot …`` is built from the same table, where Airflow takes commands of providers."""
    (group,) = get_hubspot_cli_commands()

    assert group.name == "hubspot"
    assert [each.name for each in group.subcommands] == [
        each.name for each in COMMANDS if each.name != "sandbox"
    ]


@pytest.mark.skipif(RELEASE < (3, 2), reason="Airflow 3.2 and later")
def test_airflow_runs_them(hubspot: Sandbox) -> None:
    """A command of Airflow's own program."""
    airflow = Path(sys.executable).with_name("airflow")
    command = [str(airflow), "hubspot", "check", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout[done.stdout.index("{") :])["portal"] == 12345678


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nonsense"], "there is no command nonsense; the commands are check, schema"),
        ([""], "the command is empty; the commands are check, schema"),
        (["vaildate"], "there is no command vaildate (the nearest is validate)"),
        (
            ["ledger", "burn", "x"],
            "argument {summary,failures}: it must be one of summary, failures, not burn",
        ),
        (["ledger", "sumary", "x"], "not sumary (the nearest is summary)"),
        (["state", "shwo", "x"], "not shwo (the nearest is show)"),
        (["plan", "a.csv"], "the following arguments are required: --out"),
        (["validate", "a.csv", "--no-protal"], "usage: hubcontact validate"),
        (["validate", "a.csv", "--no-protal"], "it does not take --no-protal (the nearest is --no-portal)"),
        (["validate", "a.csv", "--json_schema=x"], "--json_schema (the nearest is --json-schema)"),
        (["check", "extra"], "it does not take extra"),
        (["state"], "the following arguments are required: {show,check,void,forget,reset}, state\n"),
        (["validate", "a.csv", "--format", "jsnol"], "not jsnol (the nearest is jsonl)"),
    ],
)
def test_usage(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What is wrong, with the nearest that there is, the usage of the command, and 2."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    told = capsys.readouterr().err
    assert ended.value.code == 2
    assert told.startswith("usage: hubcontact")
    assert says in told


def test_no_command(capsys: pytest.CaptureFixture[str]) -> None:
    """The whole help; and 2, so that a script whose command is an empty variable does not end well."""
    with pytest.raises(SystemExit) as asked:
        main(["--help"])
    help_text = capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        main([])

    assert (asked.value.code, ended.value.code) == (0, 2)
    assert capsys.readouterr().err == help_text
    assert all(f"  hubcontact {command.examples[0][0]}\n" in help_text for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_each_help_has_examples(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    """They are commands that the parser takes, for ``airflow hubspot`` as well."""
    assert command.examples
    for line, what in command.examples:
        assert what
        name, *arguments = shlex.split(line.partition(" < ")[0])
        assert name == command.name
        if name == "sandbox":
            options.parser("sandbox").parse_args(arguments)
        else:
            assert parser().parse_args([name, *arguments]).command is command
            with pytest.raises(SystemExit):
                main([name, "--help"])
            assert f"\n  hubcontact {line}\n" in capsys.readouterr().out + "\n"
    if command.name != "sandbox":
        (group,) = get_hubspot_cli_commands()
        (shown,) = [each for each in group.subcommands if each.name == command.name]
        assert f"  airflow hubspot {command.examples[0][0]}" in shown.epilog


@pytest.mark.parametrize(
    "arguments", [["--help"], *([each.name, "--help"] for each in COMMANDS[:-1])], ids=str
)
@pytest.mark.parametrize("columns", ["40", None])
def test_a_help_in_a_pipe(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    columns: str | None,
) -> None:
    """No line of it is folded, whatever the terminal is that the pipe begins at."""
    if columns:
        monkeypatch.setenv("COLUMNS", columns)
    with pytest.raises(SystemExit):
        main(arguments)

    told = capsys.readouterr().out
    command = next((each for each in COMMANDS if each.name == arguments[0]), None)
    texts = [option.settings["help"] for option in command.options] if command else []
    for text in [*texts, command.description if command else "inspect a HubSpot portal"]:
        assert text.split("%")[0] in told


def test_a_help_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """It fits, but for examples, which are to be copied."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")  # Python 3.14 has colours, which are no characters on a screen
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    with pytest.raises(SystemExit):
        main(["validate", "--help"])

    before, _, examples = capsys.readouterr().out.partition("examples:")
    assert max(map(len, before.splitlines())) <= 80
    assert "--json-schema contact.json < customers.csv" in examples


def test_output_in_a_pipe(
    hubspot: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No line is folded, also where a CI system asks for colours."""
    for name, value in (("FORCE_COLOR", "1"), ("COLUMNS", "40")):
        monkeypatch.setenv(name, value)
    assert main(["check"]) == 0

    lines = capsys.readouterr().out.splitlines()
    (scopes,) = [line for line in lines if "crm.import" in line]
    assert "crm.objects.contacts.read" in scopes
    assert scopes.endswith(" oauth")
    assert len(lines) == 8


@pytest.mark.parametrize("columns", ["0", "1", "40"])
def test_output_on_a_narrow_terminal(
    hubspot: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: str
) -> None:
    """It is folded, and nothing is cut off."""
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert main(["check"]) == 0

    told = "".join(capsys.readouterr().out.split())
    for value in ("12345678", "crm.objects.contacts.read", "crm.schemas.contacts.write", "oauth"):
        assert value in told


def ended(command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a line of a shell in which ``hubcontact`` is the program, without Airflow or a portal."""
    code = "import sys; from airflow_provider_hubcontact.cli.main import main; sys.exit(main())"
    whole = f"{shlex.quote(sys.executable)} -c {shlex.quote(code)}"
    line = command.replace("hubcontact", whole)
    given = {**os.environ, **environment}
    return subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, check=False, timeout=60, env=given
    )


@pytest.fixture
def names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file with a name beyond ASCII."""
    (tmp_path / "names.csv").write_text("email,city\nMüller€,Rome\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("names")
class TestStreams:
    @pytest.mark.parametrize("as_json", ["", "--json"])
    def test_nobody_reads(self, as_json: str) -> None:
        """It ends as other programs do, and says nothing."""
        done = ended(f"hubcontact validate names.csv --no-portal {as_json} | true; exit ${{PIPESTATUS[0]}}")
        assert (done.returncode, done.stderr) == (NOBODY_READS, "")

    @pytest.mark.parametrize("as_json", ["", "--json"])
    def test_a_disk_that_is_full(self, as_json: str) -> None:
        """What was not written is no result."""
        done = ended(f"hubcontact validate names.csv --no-portal {as_json} > /dev/full")
        assert (done.returncode, done.stderr) == (2, "error: No space left on device\n")

    @pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
    def test_streams_that_are_closed(self, closed: str) -> None:
        """Services start programs without them."""
        done = ended(f"hubcontact validate names.csv --no-portal {closed}")
        assert (done.returncode, done.stderr) == (1, "")

    def test_standard_input_that_is_closed(self) -> None:
        """It is empty."""
        done = ended("hubcontact validate - --no-portal <&-")
        assert (done.returncode, done.stderr) == (2, "error: HC-511: standard input is empty\n")

    def test_an_encoding_that_lacks_characters(self) -> None:
        """They are escaped; JSON stays JSON."""
        command = "hubcontact validate names.csv --no-portal"
        table = ended(command, PYTHONIOENCODING="ascii")
        document = ended(f"{command} --json", PYTHONIOENCODING="ascii")

        assert (table.returncode, document.returncode) == (1, 1)
        assert "m\\xfcller\\u20ac" in table.stdout
        assert json.loads(document.stdout)["problems"][0]["key"] == "müller€"


VALUED = [
    (command, option)
    for command in COMMANDS
    if command.name != "sandbox"
    for option in command.options
    if option.flags[0].startswith("-") and option.settings.get("action") not in {"append", "store_true"}
]
"""A command, and an option of it that takes one value."""


@pytest.mark.parametrize(
    ("command", "option"), VALUED, ids=lambda each: getattr(each, "name", None) or each.flags[0]
)
def test_an_option_that_is_given_twice(
    command: Command, option: Option, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only one value would have an effect; for ``airflow hubspot`` too. A new command line begins anew."""
    flag, value = option.flags[0], {"--audit": "7"}.get(option.flags[0], "csv")
    line = ["--out", "plan"] if command.name in {"plan", "undo"} and flag != "--out" else []
    whole = parser()
    (group,) = get_hubspot_cli_commands()
    (airflows,) = [each for each in group.subcommands if each.name == command.name]
    own = ArgumentParser()
    for argument in airflows.args:
        argument.add_to_parser(own)

    for parse, words in (
        (whole.parse_args, [command.name, *_positional(command)]),
        (own.parse_args, _positional(command)),
    ):
        for _ in range(2):
            parse([*words, *line, flag, value])
        with pytest.raises(SystemExit) as ended:
            parse([*words, *line, flag, value, flag, value])
        assert ended.value.code == 2
        assert f"argument {flag}: it is given twice: only one value has an effect" in capsys.readouterr().err


def _positional(command: Command) -> list[str]:
    """Return what a command needs besides its options."""
    return {"undo": ["ledger"], "ledger": ["summary", "ledger"], "state": ["show", "sql://books/hub"]}.get(
        command.name, []
    )


def test_a_connection_that_is_not_asked(capsys: pytest.CaptureFixture[str]) -> None:
    """It has no effect, and is told."""
    assert main(["validate", "a.csv", "--no-portal", "--conn-id", "hubspot_prod"]) == 2
    assert "error: HC-510: --conn-id has no effect with --no-portal" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (["validate", ""], "FILE is empty"),
        (["check", "--conn-id", ""], "--conn-id is empty"),
        (["plan", "a.csv", "--out", ""], "--out is empty"),
        (["validate", "a.csv", "--map", "a=b", "--map", ""], "--map is empty"),
        (["validate", "a.csv", "--encoding", ""], "--encoding is empty"),
        (["ledger", "summary", ""], "LEDGER is empty"),
        (["state", "forget", "sql://state_db/x", "a@b.co", ""], "KEY is empty"),
    ],
)
def test_an_argument_that_is_empty(command: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A variable of the shell has no value: it stands for nothing, and for no default either."""
    assert main(command) == 2
    assert f"error: HC-510: {says}: name something, or leave it out\n" == capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    [
        ["ledger", "summary", "nowhere://bucket/ledger"],
        ["plan", "a.csv", "--out", "nowhere://bucket/plan"],
        ["plan", "a.csv", "--out", "plan", "--settings", "nowhere.toml"],
        ["undo", "nowhere://bucket/ledger", "--out", "undo"],
        ["undo", "ledger", "--out", "undo", "--settings", "nowhere.toml"],
    ],
)
def test_a_store_that_there_is_not(
    hubspot: Sandbox,
    command: list[str],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is a sentence; also where it is for the run that applies a plan."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text("email\nada@example.com\n")
    (tmp_path / "nowhere.toml").write_text('ledger = "nowhere://bucket/ledger"\n')
    assert main(command) == 2
    told = capsys.readouterr().err
    assert "error: HC-510: nowhere://bucket/" in told
    assert "cannot be used: " in told
    assert "Traceback" not in told


@pytest.mark.skipif(find_spec("pytz") is not None, reason="the package is installed")
def test_times_with_a_zone_without_pytz(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """DuckDB needs it, and brings it not along: it is told what to install, for a file and for a query."""
    duckdb = pytest.importorskip("duckdb")
    monkeypatch.chdir(tmp_path)
    times = duckdb.sql("SELECT 'ada@example.com' AS email, TIMESTAMPTZ '2026-01-02 03:04:05+00' AS seen")
    times.write_parquet("rows.parquet")
    says = "the package pytz is missing, which such values need: pip install pytz"

    assert main(["validate", "rows.parquet", "--no-portal"]) == 2
    assert capsys.readouterr().err == f"error: HC-511: rows.parquet: {says}\n"
    with pytest.raises(duckdb.Error) as raised:
        times.fetchall()
    assert database_errors.told(raised.value) == f"{says} (InvalidInputException)"


@pytest.mark.skipif(find_spec("adlfs") is not None, reason="the store's package is installed")
def test_a_store_whose_package_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    """So is that."""
    assert main(["ledger", "summary", "abfs://container/ledger"]) == 2
    told = capsys.readouterr().err
    assert told.startswith("error: HC-510: abfs://container/ledger cannot be used: ")
    assert "Traceback" not in told


@pytest.mark.parametrize(
    "command",
    [
        ["ledger", "summary", "nowhere://me:s3cret@host/ledger"],
        ["plan", "a.csv", "--out", "nowhere://me:s3cr@t/@host/plan"],
        ["state", "show", "postgres://me:s3cret@host/db"],
        ["state", "show", "sql://me:s3cret@host/db"],
        ["ledger", "summary", "sql://me:s3cret@host/db"],
        ["check", "--conn-id", "hubspot://:s3cret@api.hubapi.com"],
        ["validate", "--sql", "SELECT 1", "--sql-conn-id", "postgres://me:s3cret@host/db", "--no-portal"],
    ],
    ids=lambda command: command[0],
)
def test_a_password_in_an_argument(
    hubspot: Sandbox, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """An address where the name of a connection belongs is told without it: logs are for many to read."""
    assert main(command) == 2
    told = capsys.readouterr().err
    assert told.startswith("error: ")
    assert "s3cr" not in told.lower()


def test_a_fault_of_the_program(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """It is not the exit status of a problem that was found; where it happened is told, and is printable."""

    def broken(*_: object) -> int:
        raise ZeroDivisionError("\x1b[31m::error")

    monkeypatch.setattr(check, "run", broken)
    assert program.run("check", Namespace()) == 2
    told = capsys.readouterr().err
    assert told.startswith("Traceback")
    assert told.endswith("lines above: ZeroDivisionError:  [31m::error\n")
    assert "\x1b" not in told


@pytest.mark.parametrize(
    ("there", "wanted", "meant"),
    [
        ("semi.csv", "missing.csv", None),
        ("customers.csv", "customer.csv", "customers.csv"),
        ("customers.json", "customers.jsn", "customers.json"),
    ],
)
def test_the_nearest_file(
    tmp_path: Path, there: str, wanted: str, meant: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """A suffix that two names share makes them no more alike."""
    (tmp_path / there).touch()
    assert main(["validate", str(tmp_path / wanted), "--no-portal", "--format", "json"]) == 2
    told = capsys.readouterr().err
    assert ("nearest is" in told) is (meant is not None)
    assert meant is None or f"(the nearest is {meant})" in told


def test_more_problems_than_a_table_shows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The others are counted."""
    file = tmp_path / "many.csv"
    file.write_text("email\n" + " ,\n" * (MOST_SHOWN + 7))

    assert main(["validate", "--no-portal", str(file)]) == 1
    text = capsys.readouterr().out
    assert "… and 7 more" in text
    assert f"{MOST_SHOWN + 7} invalid." in text


@pytest.mark.parametrize("command", [["schema"], ["validate", "one.csv"]])
def test_properties_that_may_not_be_read(
    hubspot: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: list[str],
) -> None:
    """Without them nothing can be judged, and the scope is named."""
    monkeypatch.chdir(tmp_path)
    Path("one.csv").write_text("email\na@b.co\n")
    hubspot.use_faults({"rules": [{"kind": "status", "status": 403, "on": "/crm/properties/*"}]})

    assert main(command) == 2
    assert "the token needs crm.schemas.contacts.read" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("context", [None, "client"])
def test_an_interrupted_command(monkeypatch: pytest.MonkeyPatch, context: str | None) -> None:
    """Ctrl-C is 130, and the environment is as it was."""
    seen: list[str | None] = []

    def interrupted(*_: object) -> int:
        seen.append(os.environ.get(CONTEXT))
        raise KeyboardInterrupt

    monkeypatch.delenv(CONTEXT, raising=False)
    if context:
        monkeypatch.setenv(CONTEXT, context)
    monkeypatch.setattr(check, "run", interrupted)

    assert program.run("check", Namespace()) == 130
    assert seen == [context or "server"]
    assert os.environ.get(CONTEXT) == context


def test_a_file_of_settings_has_every_keyword() -> None:
    """The operator's keywords and what they are unless given; those that are not there are told why."""
    own = signature(HubSpotUpdateContactOperator.__init__).parameters
    parameters = {name: each.default for name, each in own.items() if name not in {"self", "kwargs"}}

    assert {name: parameters[name] for name in SETTINGS_KEYWORDS} == dict(SETTINGS_KEYWORDS)
    assert parameters.keys() == {*KNOWN, *NOT_HERE} - {"plan"}
    assert parameters["hubspot_conn_id"] == CONN_ID


@pytest.mark.parametrize("total", [None, 7])
@pytest.mark.parametrize("is_terminal", [False, True])
def test_progress(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    total: int | None,
    *,
    is_terminal: bool,
) -> None:
    """It is shown on a terminal, and only there."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal)
    with Output(as_json=False).counting(total) as count:
        for _ in range(7):
            count()

    assert ("records" in capsys.readouterr().err) is is_terminal


@pytest.mark.parametrize("command", ["validate", "plan"])
def test_a_command_shows_how_far_it_is(
    hubspot: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
) -> None:
    """Each record counts."""
    (tmp_path / "rows.json").write_text(json.dumps(ROWS), encoding="utf-8")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)

    more = ["--out", str(tmp_path / "plan")] if command == "plan" else []
    main([command, str(tmp_path / "rows.json"), *more])

    assert "3/3" in capsys.readouterr().err
