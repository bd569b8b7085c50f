# SPDX-License-Identifier: Apache-2.0
"""Ledger, resume, replay and verification of a whole task, against the local HubSpot."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import ObjectStoragePath, io  # type: ignore[attr-defined]
from fsspec.implementations.memory import MemoryFileSystem  # type: ignore[import-untyped]

from airflow_provider_hubcontact.job.errors import LedgerError, SourceError
from airflow_provider_hubcontact.job.source.replay import last_lines
from airflow_provider_hubcontact.operators.errors import HubSpotSyncFailed, HubSpotSyncIncomplete
from airflow_provider_hubcontact.operators.options import FromLedger, Ledger, Writes
from airflow_provider_hubcontact.operators.sources.queries import database as sql_database
from airflow_provider_hubcontact.operators.stores.ledger_files import (
    LedgerFiles,
    all_lines,
    lines_of,
    parts_of,
    store_of,
)
from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sandbox.crm.record import Record
from airflow_provider_hubcontact.sync.decide.policy import Policy
from airflow_provider_hubcontact.sync.keep.checkpoint import NAME, Checkpoint
from airflow_provider_hubcontact.sync.keep.ledger import FIELDS, Attempt, Line
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from tests.airflow.running import connect, hurry, keep_variables, run, stored

MANY = 250
CONTACTS = [{"email": f"c{number}@example.com", "firstname": "old"} for number in range(MANY)]
RECORDS = [{"email": f"c{number}@example.com", "firstname": f"new {number}"} for number in range(MANY)]
UNREADABLE = {"rules": [{"kind": "status", "status": 403, "on": "*/properties/*"}]}
"""The token may not read the definitions, so that HubSpot alone judges the values."""
LATE_FAILURE = {"rules": [{"kind": "status", "status": 503, "on": "*/batch/update", "after": 1}]}


@pytest.fixture
def hubspot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    # A retry that waits would only make the tests slow.
    hurry(monkeypatch)
    with Sandbox(contacts=CONTACTS) as sandbox:
        connect(monkeypatch, sandbox.url, sandbox.token, concurrency=1)  # the first batch is the first rows
        yield sandbox


def lines(folder: Path) -> list[Line]:
    return [line for part in parts_of(ObjectStoragePath(str(folder))) for line in lines_of(part)]


def database(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_BOOKS", json.dumps({"conn_type": "sqlite", "host": str(path)}))


class TestFiles:
    def test_one_line_a_record(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """Each row of the source is in the ledger with its outcome, whether it was sent or not."""
        records = [*RECORDS[:2], {"email": "nobody@example.com"}, {"email": ""}, RECORDS[1]]

        ended = run(records=records, ledger=Ledger(str(tmp_path), values=True))

        kept = {line["row"]: line for line in lines(tmp_path)}
        assert {row: line["outcome"] for row, line in kept.items()} == {
            1: "updated", 2: "superseded", 3: "not_found", 4: "invalid", 5: "updated",
        }  # fmt: skip
        assert ended.report["rows"] == len(kept)
        assert kept[1]["changes"] == {"firstname": ["old", "new 0"]}
        assert kept[1]["status"] == 200
        assert kept[1]["correlation_id"]
        assert hubspot.token not in "".join(path.read_text() for path in tmp_path.rglob("*.jsonl"))

    def test_a_store_that_cannot_append(self, tmp_path: Path) -> None:
        """An object store gets closed parts."""
        attach = getattr(io, "attach", None) or import_module("airflow.io.store").attach
        attach("memory", fs=MemoryFileSystem())
        folder = ObjectStoragePath("memory://parts")
        attempt = Attempt("dag/run", "task", -1, 2)
        files = LedgerFiles(folder, attempt)
        before = LedgerFiles(folder, attempt._replace(number=1))
        before.write([{"row": 1}])
        before.write([{"row": 2}, {"row": 3}])
        files.write([{"row": 4}])

        assert [line["row"] for line in files.earlier()] == [1, 2, 3]
        assert len(parts_of(folder)) == 3
        assert files.pace > 0

    def test_a_part_is_not_too_long(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The next one begins when it is full; a later try leaves what is there as it is."""
        monkeypatch.setattr("airflow_provider_hubcontact.operators.stores.ledger_files.LINES_IN_A_PART", 2)
        folder = ObjectStoragePath(str(tmp_path))
        for numbers in ((1, 2, 3), (4,)):
            files = LedgerFiles(folder, Attempt("dag/run", "task", -1, 1))
            for number in numbers:
                files.write([{"row": number}])

        kept = [[line["row"] for line in lines_of(part)] for part in parts_of(folder)]
        assert kept == [[1, 2], [3], [4]]

    def test_what_a_line_needs(self, tmp_path: Path) -> None:
        """What tells whose it is and how it ended; older versions wrote less of the rest."""
        whose = {"run": "r", "task": "t", "map_index": -1, "try": 1, "row": 1, "key": "a", "digest": "d"}
        line = {**whose, "outcome": "updated"}
        folder = ObjectStoragePath(str(tmp_path))
        LedgerFiles(folder, Attempt("r", "t", -1, 1)).write([line])

        assert list(all_lines(str(tmp_path))) == [line]
        for name in line:
            (part,) = tmp_path.rglob("*.jsonl")
            part.write_text(json.dumps({key: value for key, value in line.items() if key != name}) + "\n")
            with pytest.raises(SourceError, match="is not a part of a ledger: see its line 1"):
                list(all_lines(str(tmp_path)))

    def test_a_line_that_a_crash_cut_off(self, tmp_path: Path) -> None:
        """It is left out; its record is looked at again."""
        attempt = Attempt("dag/run", "task", -1, 1)
        LedgerFiles(ObjectStoragePath(str(tmp_path)), attempt).write([{"row": 1}])
        (part,) = tmp_path.rglob("*.jsonl")
        part.write_text(part.read_text() + '{"row": 2, "ou')

        later = LedgerFiles(ObjectStoragePath(str(tmp_path)), attempt._replace(number=2))

        assert list(later.earlier()) == [{"row": 1}]

    def test_a_run_that_did_not_begin(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """What preflight kept from being sent is told as well."""
        ended = run(records=RECORDS, mapping={"firstname": "no_such_property"}, ledger=str(tmp_path))

        assert isinstance(ended.error, HubSpotSyncFailed)
        kept = lines(tmp_path)
        assert len(kept) == MANY == ended.outcomes["not_attempted"]
        assert {(line["outcome"], line["category"]) for line in kept} == {("not_attempted", "PREFLIGHT")}

    def test_a_ledger_that_cannot_be_written(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """Without its ledger a run ends, and still accounts for every record that it has read."""
        run(records=[], ledger=str(tmp_path))
        (task,) = tmp_path.rglob("-1")
        (task / "001-000002.jsonl").mkdir()  # it counts as a part, and is where the next one would be

        ended = run(records=RECORDS, ledger=str(tmp_path))

        assert isinstance(ended.error, IsADirectoryError)
        assert sum(ended.outcomes.values()) == ended.report["rows"]


def refusing(state: str) -> str:
    """Return SQL of a function that refuses everything; PostgreSQL's sequences tell how often."""
    return f"""
        CREATE SEQUENCE refused;
        CREATE FUNCTION refuse() RETURNS trigger AS $$ BEGIN
            PERFORM nextval('refused');
            RAISE EXCEPTION 'no' USING ERRCODE = '{state}';
        END $$ LANGUAGE plpgsql;
    """


class TestTable:
    def test_it_is_created_and_resumed_from(
        self, hubspot: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A SQL table has the same lines, and serves a retry as files do."""
        database(monkeypatch, tmp_path / "books.db")
        hubspot.use_faults(LATE_FAILURE)
        table: dict[str, Any] = {"ledger": "sql://books/contacts_ledger"}
        first = run(records=RECORDS, **table)
        hubspot.use_faults({"rules": []})
        second = run(records=RECORDS, **table, try_number=2)

        assert isinstance(first.error, HubSpotSyncIncomplete)
        assert second.error is None
        assert second.report["from_earlier_tries"] == first.outcomes["updated"]
        assert second.outcomes == {"updated": MANY}
        with sqlite3.connect(tmp_path / "books.db") as db:
            query = "SELECT attempt, outcome, count(*) FROM contacts_ledger GROUP BY 1, 2 ORDER BY 1, 2"
            counted = db.execute(query).fetchall()
        assert sum(count for attempt, _, count in counted if attempt == 1) == MANY
        assert (2, "updated", MANY - first.outcomes["updated"]) in counted
        assert len(FIELDS) == 20

    def test_it_is_replayed(self, hubspot: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Its problems are sent again, with the values that it has kept."""
        database(monkeypatch, tmp_path / "books.db")
        table = "sql://books/contacts_ledger"
        run(records=[{"email": "late@example.com", "firstname": "Late"}], ledger=Ledger(table, values=True))
        hubspot.portal.create({"email": "late@example.com"})

        ended = run(records=FromLedger(table))

        assert ended.outcomes == {"updated": 1}
        assert stored(hubspot, "late@example.com", "firstname") == "Late"

    def test_on_a_server(self, hubspot: Sandbox, postgres_uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """PostgreSQL has the lines too, whatever is in HubSpot's reasons; a schema may be named."""
        monkeypatch.setenv("AIRFLOW_CONN_BOOKS", postgres_uri)
        odd = {"email": "c1@example.com", "lifecyclestage": "a\0b ' %s :x"}
        hubspot.use_faults(UNREADABLE)

        ended = run(
            records=[RECORDS[0], odd, *RECORDS[2:]],
            ledger=Ledger("sql://books/public.Contacts_Ledger", values=True),
            writes=Writes(stages="keep"),
        )
        kept = list(all_lines("sql://books/public.contacts_ledger"))

        assert ended.outcomes == {"updated": MANY - 1, "rejected": 1}
        assert Counter(line["outcome"] for line in kept) == ended.outcomes
        (refused,) = (line for line in kept if line["outcome"] == "rejected")
        assert refused["values"]["lifecyclestage"] == odd["lifecyclestage"]

    @pytest.mark.parametrize(
        ("is_kept", "state", "tries"),
        [(True, "40001", 2), (True, "23514", 1), (False, "40001", 1), (False, "23514", 1)],
    )
    def test_what_is_tried_again(
        self, postgres_uri: str, monkeypatch: pytest.MonkeyPatch, is_kept: bool, state: str, tries: int
    ) -> None:
        """What may pass, over a connection that may have been closed since its last write; nothing else."""
        monkeypatch.setenv("AIRFLOW_CONN_BOOKS", postgres_uri)
        books = sql_database("books")
        kept: Line = {**dict.fromkeys(FIELDS), "map_index": -1, "try": 1, "row": 1}
        kept |= dict.fromkeys(("run", "task", "key", "outcome", "digest", "time"), "x")
        with store_of("sql://books/refusing", Attempt("r", "t", -1, 1)) as store:
            if is_kept:
                store.write([kept])
            books.run(refusing(state))
            books.run("CREATE TRIGGER refuses BEFORE INSERT ON refusing EXECUTE FUNCTION refuse()")
            with pytest.raises(LedgerError, match=state):
                store.write([{**kept, "row": 2}])

        assert books.get_first("SELECT last_value FROM refused") == (tries,)
        books.run("DROP TABLE refusing; DROP FUNCTION refuse; DROP SEQUENCE refused")

    @pytest.fixture(params=["sqlite", "postgres"])
    def books(self, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A database."""
        if request.param == "postgres":
            monkeypatch.setenv("AIRFLOW_CONN_BOOKS", request.getfixturevalue("postgres_uri"))
        else:
            database(monkeypatch, tmp_path / "books.db")

    @pytest.mark.usefixtures("books")
    def test_a_table_that_takes_no_lines(self, hubspot: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
        """The run ends and accounts for its records; neither log nor error has their values."""
        run(records=RECORDS[:1], ledger="sql://books/narrow")
        sql_database("books").run("CREATE UNIQUE INDEX once ON narrow (record_key)")

        with caplog.at_level(logging.INFO):
            ended = run(records=RECORDS, ledger=Ledger("sql://books/narrow", values=True))
        told = caplog.text + str(ended.error)

        assert isinstance(ended.error, LedgerError)
        assert "narrow" in str(ended.error)
        assert sum(ended.outcomes.values()) == ended.report["rows"]
        assert ended.error.__cause__ is None
        assert not any(value in told for value in ("new 1", "c0@example.com", "c1@example.com"))
        sql_database("books").run("DROP TABLE narrow")

    @pytest.mark.usefixtures("books")
    def test_a_table_of_something_else(self, hubspot: Sandbox) -> None:
        """It is told before anything is sent."""
        sql_database("books").run("CREATE TABLE other (run TEXT)")
        try:
            ended = run(records=RECORDS, ledger="sql://books/other")
        finally:
            sql_database("books").run("DROP TABLE other")

        assert isinstance(ended.error, HubSpotSyncFailed)
        assert "the table other is not a ledger: it needs the columns run, task" in str(ended.error)
        assert stored(hubspot, "c1@example.com", "firstname") == "old"

    @pytest.mark.parametrize("address", ["sql://books", "sql:///table"])
    def test_no_address_of_a_table(self, hubspot: Sandbox, address: str) -> None:
        """Both the connection and the table are needed."""
        with pytest.raises(ValueError, match="ledger must be sql://conn_id/table"):
            run(records=RECORDS[:1], ledger=address)


class TestResume:
    def test_a_retry_sends_only_what_has_not_ended(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """What the first try has written is neither read nor written again, but counted."""
        hubspot.use_faults(LATE_FAILURE)
        first = run(records=RECORDS, ledger=str(tmp_path))
        hubspot.use_faults({"rules": []})
        second = run(records=RECORDS, ledger=str(tmp_path), try_number=2)

        done = first.outcomes["updated"]
        assert 0 < done < MANY
        assert second.error is None
        assert second.outcomes == {"updated": MANY}
        assert second.report["from_earlier_tries"] == done
        assert second.report["calls"]["by_status"]["200"] <= 4 + 2 * -(-(MANY - done) // 100)
        assert stored(hubspot, "c249@example.com", "firstname") == "new 249"
        assert len(lines(tmp_path)) == MANY + MANY - done

    def test_another_run_is_not_resumed(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """A ledger of one run says nothing about the next."""
        run(records=RECORDS[:3], ledger=str(tmp_path))
        again = run(records=RECORDS[:3], ledger=str(tmp_path))

        assert again.outcomes == {"unchanged": 3}
        assert again.report["from_earlier_tries"] == 0

    @pytest.mark.parametrize(
        "next_try", [{"try_number": 2}, {"ledger": None}], ids=["the retry", "the next run"]
    )
    def test_a_stage_that_was_cleared_is_set(
        self, hubspot: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, next_try: dict[str, Any]
    ) -> None:
        """A reset that ended between clearing and setting leaves no stage blank for long."""
        faults = {"rules": [{"kind": "status", "status": 503, "on": "*/batch/update", "after": 1}]}
        reset: dict[str, Any] = {
            "records": [{"email": "ada@example.com", "lifecyclestage": "lead"}],
            "writes": Writes(stages="reset"),
            "ledger": str(tmp_path),
        }
        contacts = [{"email": "ada@example.com", "lifecyclestage": "customer"}]
        with Sandbox(contacts=contacts, faults=faults) as sandbox:
            connect(monkeypatch, sandbox.url, sandbox.token)
            first = run(**reset)
            between = stored(sandbox, "ada@example.com", "lifecyclestage")
            sandbox.use_faults({"rules": []})
            second = run(**reset | next_try)

            assert first.outcomes == {"unavailable": 1}
            assert "cleared but not set again" in first.reasons
            assert not between
            assert second.outcomes == {"updated": 1}
            assert stored(sandbox, "ada@example.com", "lifecyclestage") == "lead"


def test_the_source_says_a_b_a(hubspot: Sandbox, tmp_path: Path) -> None:
    """What another try has overwritten is sent again."""
    faulty = {"email": "", "firstname": "x"}
    again: dict[str, Any] = {"ledger": str(tmp_path), "retries": 5}
    for number, name in enumerate(["A", "B", "A"], 1):
        records = [{"email": "c0@example.com", "firstname": name}, faulty]

        ended = run(records=records, try_number=number, **again)

        assert ended.outcomes == {"updated": 1, "invalid": 1}
        assert stored(hubspot, "c0@example.com", "firstname") == name


class State(dict[str, Any]):
    """Airflow's task state store, for one task."""

    def set(self, key: str, value: Any) -> None:
        self[key] = json.loads(json.dumps(value))

    def delete(self, key: str) -> None:
        del self[key]


class TestPlace:
    def test_a_key_before_the_place_counts(self, hubspot: Sandbox) -> None:
        """A row that was rejected for its key is rejected by each try."""
        state = State()
        again = {"email": "c0@example.com", "firstname": "another"}
        rows = [*RECORDS, again]
        hubspot.use_faults(LATE_FAILURE)
        run(records=rows, retries=1, task_state=state, writes=Writes(duplicates="reject"))
        hubspot.use_faults({"rules": []})
        assert state[NAME]["rows"] > 0
        second = run(
            records=rows, retries=1, task_state=state, try_number=2, writes=Writes(duplicates="reject")
        )

        assert second.outcomes["invalid"] == 1
        assert sum(second.outcomes.values()) == len(rows)
        assert stored(hubspot, "c0@example.com", "firstname") == "new 0"

    def test_a_retry_goes_on_from_there(self, hubspot: Sandbox) -> None:
        """Without a ledger, the rows before the place are neither read nor written again, but counted."""
        state = State()
        hubspot.use_faults(LATE_FAILURE)
        first = run(records=RECORDS, retries=1, task_state=state)
        hubspot.use_faults({"rules": []})
        place = state[NAME]["rows"]
        second = run(records=RECORDS, retries=1, task_state=state, try_number=2)

        assert isinstance(first.error, HubSpotSyncIncomplete)
        assert 0 < place <= first.outcomes["updated"]
        assert second.outcomes["updated"] >= place
        assert sum(second.outcomes.values()) == MANY
        assert second.error is None
        assert second.report["from_earlier_tries"] == place
        assert state == {}

    def test_a_row_that_waits_for_long(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The place stays before it, and remembers no more than so many rows."""
        monkeypatch.setattr("airflow_provider_hubcontact.sync.keep.checkpoint.MOST_AHEAD", 10)
        place = Checkpoint(State(), "digest", Policy.of({}))
        for row in (1, *range(3, 100), 2):
            place.settled(Result(row, "k", Outcome.UPDATED, 200))

        assert place.rows == 1

    @pytest.mark.parametrize(
        ("settings", "is_kept"), [({}, False), ({"retries": 1}, True), ({"deferrable": True}, True)]
    )
    def test_when_it_is_kept(self, hubspot: Sandbox, settings: dict[str, Any], is_kept: bool) -> None:
        """If the task can be tried again, or go on after it has waited."""
        state = State()
        hubspot.use_faults(LATE_FAILURE)

        run(records=RECORDS, task_state=state, **settings)

        assert (NAME in state) is is_kept

    @pytest.mark.parametrize("value", [10**5_000, [1, {"a": 10**5_000}]], ids=type)
    def test_a_row_that_cannot_be_shown(self, hubspot: Sandbox, value: object) -> None:
        """There is no place in such rows, and each has its outcome all the same."""
        state = State()
        hubspot.use_faults(LATE_FAILURE)

        ended = run(
            records=[*RECORDS, {**RECORDS[0], "email": "x@example.com", "city": value}],
            retries=1,
            task_state=state,
        )

        assert isinstance(ended.error, HubSpotSyncIncomplete)
        assert ended.outcomes["invalid"] == 1
        assert ended.outcomes["updated"] > 0
        assert state == {}

    def test_what_failed_before_it_holds_the_watermark(
        self, hubspot: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The retry that goes on behind a failed row does not make the next run forget it."""
        variables = keep_variables(monkeypatch)
        records = [{**each, "at": row} for row, each in enumerate(RECORDS)]
        records[1]["email"] = "nobody@example.com"
        marked: dict[str, Any] = {
            "records": records,
            "watermark": "at",
            "mapping": {"email": "email", "firstname": "firstname"},
            "max_failures": 1,
            "retries": 1,
            "task_state": State(),
        }
        hubspot.use_faults(LATE_FAILURE)
        first = run(**marked)
        hubspot.use_faults({"rules": []})
        second = run(**marked, try_number=2)

        assert isinstance(first.error, HubSpotSyncIncomplete)
        assert second.error is None
        assert second.report["from_earlier_tries"] > 1
        marks = [each for name, each in variables.items() if "watermark" in name]
        assert [each["value"] for each in marks] == ["0"]

    def test_another_sequence_has_another_place(self, hubspot: Sandbox) -> None:
        """Rows are skipped by their number only if all of them are the same."""
        state = State()
        hubspot.use_faults(LATE_FAILURE)
        run(records=RECORDS, retries=1, task_state=state)
        hubspot.use_faults({"rules": []})
        second = run(records=[*RECORDS[1:], RECORDS[0]], retries=1, task_state=state, try_number=2)

        assert second.report["from_earlier_tries"] == 0
        assert second.error is None


def test_a_try_that_waited(tmp_path: Path) -> None:
    """What it had not ended before it waited is one record all the same."""
    store = LedgerFiles(ObjectStoragePath(str(tmp_path)), Attempt("dag/run", "task", -1, 1))
    line = dict.fromkeys(FIELDS) | {"run": "dag/run", "task": "task", "try": 1, "row": 1, "digest": "d"}
    store.write([line | {"outcome": "not_attempted"}, line | {"row": 2, "outcome": "superseded"}])
    store.write([line | {"outcome": "updated"}])

    assert [each["outcome"] for each in last_lines(all_lines(str(tmp_path)), "l")] == [
        "superseded",
        "updated",
    ]


class TestReplay:
    RECORDS = (
        {"email": "c1@example.com", "firstname": "new"},
        {"email": "c2@example.com", "hs_lead_status": "no such option"},
        {"email": "late@example.com", "firstname": "Late"},
    )

    def test_the_rows_of_a_source_that_failed(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """A repaired source sends only what failed, whatever else it has."""
        hubspot.use_faults(UNREADABLE)
        run(records=list(self.RECORDS), ledger=str(tmp_path))
        hubspot.use_faults({"rules": []})
        repaired = [
            {**self.RECORDS[0], "firstname": "not sent"},
            {"email": "C2@example.com", "firstname": "new"},
        ]

        ended = run(records=FromLedger(str(tmp_path), outcomes=["rejected"], among=repaired))

        assert ended.outcomes == {"updated": 1}
        assert stored(hubspot, "c1@example.com", "firstname") == "new"
        assert stored(hubspot, "c2@example.com", "firstname") == "new"

    def test_the_values_that_the_ledger_has_kept(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """A repaired portal gets the same values once more."""
        first = {"email": "late@example.com", "name": "Late"}
        mapping = {"email": "email", "name": "firstname"}
        run(records=[first], mapping=mapping, ledger=Ledger(str(tmp_path), values=True))
        hubspot.portal.create({"email": "late@example.com"})

        ended = run(records=FromLedger(str(tmp_path)))

        assert ended.outcomes == {"updated": 1}
        assert stored(hubspot, "late@example.com", "firstname") == "Late"

    def test_no_values(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """It is said what is missing."""
        run(records=list(self.RECORDS), ledger=str(tmp_path))

        ended = run(records=FromLedger(str(tmp_path)))

        assert isinstance(ended.error, HubSpotSyncFailed)
        assert "keep values with ledger=Ledger(path, values=True)" in str(ended.error)

    def test_some_values(self, hubspot: Sandbox, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        """A row that made no record has none; the others are sent, and it is told."""
        odd = {"email": "c3@example.com", "firstname": float("inf")}
        run(records=[self.RECORDS[1], odd], ledger=Ledger(str(tmp_path), values=True))

        ended = run(records=FromLedger(str(tmp_path)))

        assert ended.outcomes == {"invalid": 1}
        assert "the ledger has kept no values of 1 invalid row: they are not sent." in caplog.text

    def test_no_ledger(self, hubspot: Sandbox, tmp_path: Path) -> None:
        """A wrong path is no empty source."""
        ended = run(records=FromLedger(str(tmp_path / "nothing")))

        assert isinstance(ended.error, HubSpotSyncFailed)
        assert "there is no ledger at" in str(ended.error)


class TestVerify:
    def test_what_is_there(self, hubspot: Sandbox) -> None:
        """Written records are read back, 100 a call."""
        ended = run(records=RECORDS, verify=True)
        without = run(records=RECORDS)

        assert ended.outcomes == {"updated": MANY}
        assert without.outcomes == {"unchanged": MANY}
        assert ended.report["verified"] == {"records": MANY, "calls": 3}
        assert ended.report["calls"]["total"] == 4 + 3 * 3

    def test_a_silent_no_op(self, hubspot: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
        """What HubSpot accepts but does not do is unknown, with both values."""
        contacts = hubspot.portal.collection("contacts")
        apply = contacts.apply

        def lose(*arguments: Any, **more: Any) -> Record:
            contact = apply(*arguments, **more)
            if contact.properties["firstname"] == "lost":
                contact.properties["firstname"] = "old"
            return contact

        monkeypatch.setattr(contacts, "apply", lose)

        ended = run(records=[RECORDS[0], {"email": "c1@example.com", "firstname": "lost"}], verify=True)

        assert ended.outcomes == {"updated": 1, "unknown": 1}
        assert "firstname is 'old', not 'lost'" in ended.reasons
