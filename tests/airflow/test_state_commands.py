# SPDX-License-Identifier: Apache-2.0
"""``hubcontact state``: over the connection that a state names."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_hubcontact.cli.definition import COMMANDS
from airflow_provider_hubcontact.cli.main import main
from airflow_provider_hubcontact.operators.options import Key, Values
from airflow_provider_hubcontact.operators.sources.queries import database
from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sandbox.crm.properties.definitions import Definition
from tests.airflow.running import connect, hurry, run

RECORDS = [{"email": f"c{number}@example.com", "firstname": "new"} for number in range(5)]
STATE = "sql://books/hub"


@pytest.fixture
def hubspot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    hurry(monkeypatch)
    with Sandbox(contacts=[{**each, "firstname": "old"} for each in RECORDS]) as sandbox:
        connect(monkeypatch, sandbox.url, sandbox.token)
        yield sandbox


@pytest.fixture(params=["sqlite", "postgres"])
def books(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A database; yields its kind."""
    kind: str = request.param
    if kind == "sqlite":
        host = str(tmp_path / "books.db")
        monkeypatch.setenv("AIRFLOW_CONN_BOOKS", json.dumps({"conn_type": "sqlite", "host": host}))
        yield kind
        return
    monkeypatch.setenv("AIRFLOW_CONN_BOOKS", request.getfixturevalue("postgres_uri"))
    yield kind
    database("books").run(["DROP TABLE IF EXISTS hub", "DROP TABLE IF EXISTS hub_meta"])


@pytest.fixture
def source(tmp_path: Path) -> str:
    """A file with the rows but for the first one."""
    path = tmp_path / "rows.json"
    path.write_text(json.dumps(RECORDS[1:]), encoding="utf-8")
    return str(path)


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    """Return the exit status and the JSON of a command."""
    capsys.readouterr()
    status = main(["state", *arguments, "--json"])
    return status, json.loads(capsys.readouterr().out)


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Return the exit status of a command, and all that it says to people."""
    capsys.readouterr()
    status = main(["state", *arguments])
    printed = capsys.readouterr()
    return status, printed.out + printed.err


def tables(books: str) -> list[str]:
    """All tables that have to do with the state."""
    catalog = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table'",
        "postgres": "SELECT tablename FROM pg_tables WHERE schemaname = 'public'",
    }
    return sorted(name for (name,) in database("books").get_records(catalog[books]) if "hub" in name)


class TestShow:
    def test_it(self, hubspot: Sandbox, books: str, capsys: pytest.CaptureFixture[str]) -> None:
        """Counts, times, settings, the last run, and who is at work; without a key or a value."""
        run(records=RECORDS, state=STATE)
        database("books").run("UPDATE hub SET drifts = 2 WHERE record_id = (SELECT min(record_id) FROM hub)")

        status, facts = told(capsys, "show", STATE)

        assert status == 0
        assert {name: facts[name] for name in ("table", "portal", "keys", "proved", "void", "absent")} == {
            "table": "hub",
            "portal": 12345678,
            "keys": 5,
            "proved": 5,
            "void": 0,
            "absent": 0,
        }
        assert (facts["origins"], facts["drifted"], facts["contested"]) == ({"written": 5}, 1, 1)
        assert (facts["overdue"], facts["runs"], facts["at_work"]) == (0, 1, None)
        assert facts["oldest_proof"] <= facts["last_completed"]
        assert "mapping" in facts["settings"]
        status, text = said(capsys, "show", STATE)
        assert status == 0
        for line in ("keys", "5: 5 written", "5, and 0 void", "1, of them 1 contested", "nobody"):
            assert line in text
        assert "example.com" not in text

    def test_what_is_overdue_is_a_problem(
        self, hubspot: Sandbox, books: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """By the days that are asked for; and a run at work is named."""
        run(records=RECORDS, state=STATE)
        database("books").run(
            [
                "UPDATE hub SET proved_at = proved_at - 8 * 86400",
                "UPDATE hub_meta SET token = 'x', holder = 'task of dag/other', since = seen_at",
            ]
        )

        assert said(capsys, "show", STATE)[0] == 0
        status, text = said(capsys, "show", STATE, "--audit", "7")
        assert (status, "5 older than 7 days" in text, "task of dag/other, since 2" in text) == (
            1,
            True,
            True,
        )

    @pytest.mark.parametrize("what", ["show", "void", "forget", "reset"])
    def test_a_state_that_is_not_there(
        self, books: str, what: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """It is told, and none is made."""
        options = {"forget": ["a@b.de", "--yes"], "reset": ["--table", "hub"]}

        status, text = said(capsys, what, STATE, *options.get(what, []))

        assert (status, ": there is no state hub" in text, tables(books)) == (2, True, [])
        assert {"sqlite": "no such table: hub", "postgres": "does not exist"}[books] in text


class TestCheck:
    def test_all_rights(self, hubspot: Sandbox, books: str, capsys: pytest.CaptureFixture[str]) -> None:
        """They are tried before the first run and after it; nothing is left of that."""
        status, rights = told(capsys, "check", STATE)
        assert (status, rights) == (0, [{"name": "create", "problem": None, "is_needed": True}])
        assert tables(books) == []
        run(records=RECORDS, state=STATE)
        before = database("books").get_records("SELECT * FROM hub_meta")

        status, rights = told(capsys, "check", STATE)

        names = [each["name"] for each in rights]
        assert names[:5] == ["create", "select from hub", "insert into hub", "update hub", "delete from hub"]
        assert (status, len(names), {each["problem"] for each in rights}) == (0, 9, {None})
        assert tables(books) == ["hub", "hub_meta"]
        assert database("books").get_records("SELECT * FROM hub_meta") == before
        assert database("books").get_first("SELECT count(*) FROM hub")[0] == 5

    @pytest.mark.parametrize("books", ["postgres"], indirect=True)
    def test_a_right_that_is_missing(
        self,
        hubspot: Sandbox,
        books: str,
        postgres_uri: str,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """It is named, with what the database says; that of creating is not needed any more."""
        run(records=RECORDS, state=STATE)
        database("books").run(
            [
                "DROP ROLE IF EXISTS clerk",
                "CREATE ROLE clerk LOGIN",
                "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
                "GRANT SELECT, INSERT, UPDATE ON hub TO clerk",
                "GRANT SELECT, INSERT, UPDATE, DELETE ON hub_meta TO clerk",
            ]
        )
        monkeypatch.setenv("AIRFLOW_CONN_BOOKS", postgres_uri.replace("//postgres@", "//clerk@"))

        status, rights = told(capsys, "check", STATE)

        missing = {each["name"]: each["is_needed"] for each in rights if each["problem"]}
        assert (status, missing) == (1, {"create": False, "delete from hub": True})
        monkeypatch.setenv("AIRFLOW_CONN_BOOKS", postgres_uri)
        database("books").run(["DROP OWNED BY clerk", "DROP ROLE clerk"])


def test_void(hubspot: Sandbox, books: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The next run looks all contacts up; ids and origins stay."""
    run(records=RECORDS, state=STATE)

    assert said(capsys, "void", STATE) == (0, "Made void: 5 proofs. The next run looks their contacts up.\n")

    assert told(capsys, "show", STATE)[1]["origins"] == {"written": 5}
    assert told(capsys, "void", STATE) == (0, {"voided": 0})
    assert run(records=RECORDS, state=STATE).outcomes == {"unchanged": 5}
    assert run(records=RECORDS, state=STATE).outcomes == {"up_to_date": 5}


class TestForget:
    def test_keys(
        self, hubspot: Sandbox, books: str, source: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """In whatever form they are written; those that the source has not any more."""
        run(records=RECORDS, state=STATE)

        assert told(capsys, "forget", STATE, " C0@Example.com", "x@b.de", "--source", source) == (
            0,
            {"keys": 2, "forgotten": 1},
        )
        assert told(capsys, "show", STATE)[1]["keys"] == 4

    def test_keys_of_standard_input(
        self,
        hubspot: Sandbox,
        books: str,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """One a line; no key is printed."""
        run(records=RECORDS, state=STATE)
        monkeypatch.setattr(sys, "stdin", io.StringIO("c0@example.com\n\nc1@example.com\nc1@example.com\n"))

        status, text = said(capsys, "forget", STATE, "-", "--yes")

        assert (status, text) == (0, "Forgotten: 2 of 2 keys; no other was in the state.\n")

    def test_a_key_that_the_source_still_has(
        self, hubspot: Sandbox, books: str, source: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """None is forgotten, unless it is told; a query may be the source, too."""
        run(records=RECORDS, state=STATE)
        keys = ["c0@example.com", "c2@example.com"]
        database("books").run(
            ["CREATE TABLE hub_rows (mail VARCHAR(99))", "INSERT INTO hub_rows VALUES ('c2@example.com')"]
        )
        query = ["--sql", "SELECT mail FROM hub_rows", "--sql-conn-id", "books", "--key", "mail"]

        for options, row in ((["--source", source], 2), (query, 1)):
            status, text = said(capsys, "forget", STATE, *keys, *options)
            assert (status, "example.com" in text) == (2, False)
            assert f"row {row} of the source still has one of the keys: nothing was forgotten" in text
        database("books").run("DROP TABLE hub_rows")
        assert told(capsys, "show", STATE)[1]["keys"] == 5
        assert told(capsys, "forget", STATE, *keys, "--yes") == (0, {"keys": 2, "forgotten": 2})

    @pytest.mark.parametrize(
        ("settings", "row"),
        [
            ("", {"EMAIL": " C0@Example.com"}),
            ('key = "MAIL"', {"Mail": "c0@example.com"}),
            ('values = { null_texts = ["N/A"] }', {"email": "c0@example.com"}),
        ],
    )
    @pytest.mark.parametrize("books", ["sqlite"], indirect=True)
    @pytest.mark.usefixtures("books", "hubspot")
    def test_rows_have_keys_as_in_a_run(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], settings: str, row: dict[str, str]
    ) -> None:
        """Whatever letter case the columns have."""
        run(records=RECORDS, state=STATE)
        options = self.written(tmp_path, settings, row)

        status, text = said(capsys, "forget", STATE, "c0@example.com", *options)

        assert (status, "row 1 of the source still has one of the keys" in text) == (2, True)
        assert told(capsys, "show", STATE)[1]["keys"] == 5

    @pytest.mark.parametrize("books", ["sqlite"], indirect=True)
    @pytest.mark.usefixtures("books", "hubspot")
    def test_texts_that_mean_no_key(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """They are neither keys to forget, nor prove that the source has any."""
        run(records=RECORDS, state=STATE)
        options = self.written(tmp_path, 'values = { null_texts = ["x@y.de"] }', {"email": "x@y.de"})

        key = said(capsys, "forget", STATE, "x@y.de", *options)
        row = said(capsys, "forget", STATE, "c0@example.com", *options)

        assert (key[0], "key 1 is not a valid email" in key[1]) == (2, True)
        assert (row[0], "no row of the source has a valid email" in row[1]) == (2, True)

    @pytest.mark.parametrize("books", ["sqlite"], indirect=True)
    @pytest.mark.usefixtures("books")
    def test_keys_that_are_numbers(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """In any form that a run reads; the portal says that they are numbers."""
        member = Definition("member", "Member", "number", "number", unique=True)
        rows = [{"no": "1.234,0", "firstname": "A"}, {"no": "7", "firstname": "B"}]
        with Sandbox([{"email": "a@b.de", "member": "1234"}], properties=[member]) as hubspot:
            connect(monkeypatch, hubspot.url, hubspot.token)
            asked = {"key": Key("no", "member"), "values": Values(decimal=","), "state": STATE}
            run(records=rows[:1], **asked)
            options = self.written(
                tmp_path, 'key = { column = "no", property = "member" }\nvalues = { decimal = "," }', rows[0]
            )
            other = self.written(tmp_path, None, rows[1])

            status, text = said(capsys, "forget", STATE, "1234", *options)
            assert (status, "row 1 of the source still has one" in text) == (2, True)
            assert told(capsys, "forget", STATE, "1.234", *other) == (0, {"keys": 1, "forgotten": 1})

    @staticmethod
    def written(folder: Path, settings: str | None, row: dict[str, str]) -> list[str]:
        """Return the options for a source with one row, and for settings; None for those of before."""
        path = folder / f"{len([*folder.iterdir()])}.json"
        path.write_text(json.dumps([row]), encoding="utf-8")
        file = folder / "settings.toml"
        if settings is not None:
            file.write_text(settings, encoding="utf-8")
        return ["--source", str(path), "--settings", str(file)]

    @pytest.mark.parametrize("books", ["sqlite"], indirect=True)
    @pytest.mark.usefixtures("books", "hubspot")
    def test_columns_of_which_one_may_be_the_key(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Nothing is forgotten by guess."""
        run(records=RECORDS, state=STATE)
        options = self.written(tmp_path, "", {"EMAIL": "x@y.de", "Email": "c0@example.com"})

        status, text = said(capsys, "forget", STATE, "c0@example.com", *options)

        assert status == 2
        assert "email fits the columns EMAIL and Email" in text

    @pytest.mark.parametrize("books", ["sqlite"], indirect=True)
    @pytest.mark.usefixtures("books", "hubspot")
    def test_a_query_of_the_settings(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """It is the source, as in the task."""
        run(records=RECORDS, state=STATE)
        settings = tmp_path / "settings.toml"
        settings.write_text('sql = "SELECT \'c0@example.com\' AS EMAIL"\nsql_conn_id = "books"\n')

        status, text = said(capsys, "forget", STATE, "c0@example.com", "--settings", str(settings))

        assert (status, "row 1 of the source still has one of the keys" in text) == (2, True)

    @pytest.mark.parametrize(
        ("rows", "column"), [('[{"mail": "c0@example.com"}]', "email"), ("[]", "email"), ("[{}]", "mail")]
    )
    @pytest.mark.parametrize("books", ["sqlite"], indirect=True)
    @pytest.mark.usefixtures("books", "hubspot")
    def test_a_source_that_has_no_keys(
        self,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
        rows: str,
        column: str,
    ) -> None:
        """It does not prove that a key is gone: another column may have them."""
        run(records=RECORDS, state=STATE)
        (tmp_path / "other.json").write_text(rows, encoding="utf-8")
        source = ["--source", str(tmp_path / "other.json"), "--key", column]

        status, text = said(capsys, "forget", STATE, "c0@example.com", *source)

        assert status == 2
        assert f"no row of the source has a valid email in the column {column}: nothing was forgotten" in text
        assert told(capsys, "show", STATE)[1]["keys"] == 5

    @pytest.mark.parametrize(
        ("options", "says"),
        [
            (["a@b.de"], "forget needs the source, as --source or --sql"),
            (["--yes"], "forget needs keys, or - for those of standard input"),
            (["a@b.de", " ", "nonsense", "--yes"], "key 2 is not a valid email: nothing was forgotten"),
            (["a@b.de", "--sql", "SELECT 1"], "sql needs sql_conn_id"),
            (["a@b.de", "--source", "gone.csv"], "gone.csv"),
            (["a@b.de", "--yes", "--table", "hub"], "--table has no effect on forget"),
            (["-", "a@b.de", "--yes"], "- reads all keys from standard input: give it alone"),
        ],
    )
    @pytest.mark.parametrize("books", ["sqlite"], indirect=True)
    @pytest.mark.usefixtures("books", "hubspot")
    def test_what_is_wrong(self, options: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
        """A sentence, and 2; keys are not quoted."""
        run(records=RECORDS, state=STATE)

        status, text = said(capsys, "forget", STATE, *options)

        assert (status, says in text, "nonsense" in text) == (2, True, False)
        assert told(capsys, "show", STATE)[1]["keys"] == 5


class TestReset:
    def test_it(self, hubspot: Sandbox, books: str, capsys: pytest.CaptureFixture[str]) -> None:
        """Both tables are dropped, if their name is given once more."""
        run(records=RECORDS, state=STATE)

        for options in ([], ["--table", "hub_meta"]):
            status, text = said(capsys, "reset", STATE, *options)
            assert (status, "reset needs --table hub, the table's name once more" in text) == (2, True)
        assert told(capsys, "show", STATE)[1]["keys"] == 5

        assert told(capsys, "reset", STATE, "--table", "hub") == (0, {"dropped": "hub"})
        assert tables(books) == []
        assert run(records=RECORDS, state=STATE).outcomes == {"unchanged": 5}

    @pytest.mark.parametrize(("typed", "status"), [("hub", 0), ("yes", 2)])
    @pytest.mark.parametrize("books", ["sqlite"], indirect=True)
    def test_on_a_terminal(
        self,
        hubspot: Sandbox,
        books: str,
        typed: str,
        status: int,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """It is asked for."""
        run(records=RECORDS, state=STATE)
        asked: list[str] = []

        def answer(text: str) -> str:
            asked.append(text)
            return typed

        monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: True))
        monkeypatch.setattr("builtins.input", answer)

        assert main(["state", "reset", STATE]) == status
        assert asked == ["Type the table's name to drop all of its state (hub): "]

    def test_half_a_state(self, hubspot: Sandbox, books: str, capsys: pytest.CaptureFixture[str]) -> None:
        """What is left of it is dropped."""
        run(records=RECORDS, state=STATE)
        database("books").run("DROP TABLE hub_meta")

        assert told(capsys, "reset", STATE, "--table", "hub")[0] == 0
        assert tables(books) == []

    def test_a_table_that_is_something_else(self, books: str, capsys: pytest.CaptureFixture[str]) -> None:
        """It is left as it is, and so is what a state would have beside it."""
        database("books").run("CREATE TABLE hub (id INT)")

        status, text = said(capsys, "reset", STATE, "--table", "hub")

        assert (status, "the table hub is not one of a state: nothing was dropped" in text) == (2, True)
        assert tables(books) == ["hub"]
        assert "the table hub is not a state" in said(capsys, "show", STATE)[1]


@pytest.mark.parametrize(
    "what", [["void"], ["forget", "c0@example.com", "--yes"], ["reset", "--table", "hub"]]
)
def test_a_run_is_at_work(
    hubspot: Sandbox, books: str, what: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing changes until it has ended, or has given no sign of life for long."""
    run(records=RECORDS, state=STATE)
    database("books").run("UPDATE hub_meta SET token = 'x', holder = 'task of dag/other'")
    name, *options = what

    status, text = said(capsys, name, STATE, *options)

    assert (status, "the state hub is in use by task of dag/other" in text) == (2, True)
    assert told(capsys, "show", STATE)[1]["proved"] == 5
    database("books").run("UPDATE hub_meta SET seen_at = seen_at - 600")
    assert said(capsys, name, STATE, *options)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["show", "hub"], "state must be sql://conn_id/table"),
        (["show", "sql://books/hub; DROP TABLE hub"], "state must be sql://conn_id/table"),
        (["show", STATE, "--audit", "0"], "state.audit must be a number of days above 0"),
        (["show", STATE, "a@b.de"], "KEY has no effect on show"),
        (["void", STATE, "--yes"], "--yes has no effect on void"),
        (["void", STATE, "--audit", "7"], "--audit has no effect on void"),
        (["check", STATE, "--source", "x.csv"], "--source has no effect on check"),
        (["show", "sql://nowhere/hub"], "error: HC-503: the connection nowhere does not exist"),
    ],
)
def test_what_is_wrong(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A sentence, and 2."""
    status, text = said(capsys, *arguments)

    assert (status, says in text) == (2, True)


def test_every_help_text_has_an_example() -> None:
    """But for ``--json``, which all commands have."""
    (command,) = [each for each in COMMANDS if each.name == "state"]

    assert "hubcontact state " in command.epilog("hubcontact")
    for option in command.options:
        assert ", as in: " in option.settings["help"] or option.flags == ("--json",)
