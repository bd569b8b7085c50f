# SPDX-License-Identifier: Apache-2.0
"""A state on real databases; ``make test-databases``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.schema import CreateTable

pytest.importorskip("airflow")
if "DATABASES_RUN" not in os.environ:
    pytest.skip("an environment of its own has the drivers: make test-databases", allow_module_level=True)

from airflow.providers.common.compat.sdk import BaseHook

from airflow_provider_hubcontact.clock import SYSTEM_CLOCK
from airflow_provider_hubcontact.job.errors import ClaimLost, StateError
from airflow_provider_hubcontact.job.state.care import StateCare
from airflow_provider_hubcontact.job.state.session import StateSession
from airflow_provider_hubcontact.job.state.tables import Tables
from airflow_provider_hubcontact.operators.errors import HubSpotSyncFailed
from airflow_provider_hubcontact.operators.options import State
from airflow_provider_hubcontact.operators.sources.queries import connect, database
from airflow_provider_hubcontact.operators.stores import state_database
from airflow_provider_hubcontact.operators.stores.state_database import LANGUAGES, StateDatabase
from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sync.model.outcome import Outcome
from airflow_provider_hubcontact.sync.model.ports import Proof
from tests.airflow import running
from tests.databases.conftest import mysql
from tests.databases.mariadb import MariaDB

STATE = "sql://db/hub_state"
MANY = 2_500
"""Contacts: more than one statement names."""

FEW = 30
"""Contacts of the imitation of Snowflake, which takes its time."""


def statement(sql: str) -> None:
    with closing(BaseHook.get_connection("db").get_hook().get_conn()) as connection:
        with closing(connection.cursor()) as cursor:
            cursor.execute(sql)
        connection.commit()


@pytest.fixture
def books(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Name a database that has no state."""
    # The imitation's connections are of a class of its own.
    monkeypatch.setattr(state_database, "LANGUAGES", {**LANGUAGES, "fakesnow": LANGUAGES["snowflake"]})
    for table in ("hub_state", "hub_state_meta"):
        statement(f"DROP TABLE IF EXISTS {table}")
    if database == "snowflake":  # the imitation cannot create tables within a transaction
        snowflake = LANGUAGES["snowflake"]
        tables = Tables("hub_state", snowflake.now)
        for each in (tables.proofs, tables.meta):
            statement(str(CreateTable(each).compile(dialect=snowflake.dialect())))
    yield database
    for table in ("hub_state", "hub_state_meta"):
        statement(f"DROP TABLE IF EXISTS {table}")


@pytest.fixture
def records(books: str) -> list[dict[str, str]]:
    many = FEW if books == "snowflake" else MANY
    return [{"email": f"c{number}@example.com", "firstname": f"new {number}"} for number in range(many)]


@pytest.fixture
def hubspot(records: list[dict[str, str]], monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    running.hurry(monkeypatch)
    with Sandbox(contacts=[{**each, "firstname": "old"} for each in records]) as sandbox:
        running.connect(monkeypatch, sandbox.url, sandbox.token)
        yield sandbox


def opened() -> StateDatabase:
    hook = database("db")
    return StateDatabase(lambda: connect(hook))


def session_in(database: StateDatabase) -> StateSession:
    return StateSession(database, Tables("hub_state", database.now), 1, {}, SYSTEM_CLOCK)


def proof(number: int, content: str = "0" * 32) -> Proof:
    return Proof(f"{number:032}", content, content, str(1000 + number), Outcome.UPDATED)


def test_runs(books: str, hubspot: Sandbox, records: list[dict[str, str]]) -> None:
    """The first creates the tables; what it proved takes no call; what has changed does."""
    many = len(records)
    assert running.run(records=records, state=STATE).outcomes == {"updated": many}

    calls = len(hubspot.requests)
    assert running.run(records=records, state=STATE).outcomes == {"up_to_date": many}
    assert len(hubspot.requests) - calls <= 5

    changed = [{**each, "firstname": "newer"} for each in records[:7]]
    ended = running.run(records=[*changed, *records[7:], {"email": "nobody@example.com"}], state=STATE)
    assert ended.outcomes == {"updated": 7, "not_found": 1, "up_to_date": many - 7}


def test_an_audit(books: str, hubspot: Sandbox, records: list[dict[str, str]]) -> None:
    """The oldest proofs are read back, and what was edited is found; a clock that went back is no trouble."""
    many = len(records)
    running.run(records=records, state=STATE)
    contact = hubspot.portal.contact(records[0]["email"])
    assert contact
    hubspot.portal.update(contact, {"firstname": "by hand"})
    older = "UPDATE hub_state SET proved_at = proved_at - 86400"
    statement(f"{older} WHERE record_id = '{contact.id}'")  # the id is a number of the sandbox's
    statement("UPDATE hub_state_meta SET completed_at = completed_at - 86400")

    ended = running.run(records=records, state=State(STATE, audit=many))

    assert ended.outcomes == {"updated": 1, "up_to_date": many - 1}
    told = ended.report["state"]
    assert [told[name] for name in ("audited", "drifted", "contested", "overdue")] == [1, 1, 0, 0]

    statement("UPDATE hub_state SET proved_at = proved_at + 8640000")
    assert running.run(records=records, state=STATE).outcomes == {"up_to_date": many}
    with closing(opened()) as database:
        facts = StateCare(database, "hub_state").told(30)
    assert (facts["keys"], facts["drifted"], facts["overdue"]) == (many, 1, 0)
    assert facts["oldest_proof"] <= facts["last_completed"]


def test_care(books: str, hubspot: Sandbox, records: list[dict[str, str]]) -> None:
    """All rights are tried, and nothing is left of it; keys are voided, forgotten and dropped."""
    many = len(records)
    running.run(records=records, state=STATE)
    with closing(opened()) as database:
        care = StateCare(database, "hub_state")

        if books != "snowflake":  # the imitation cannot create tables within a transaction
            assert [each for each in care.rights() if each.problem] == []
        assert care.told(30)["proved"] == many
        assert care.void() == many
        assert care.forget([records[0]["email"], "nobody@example.com"]) == 1
        facts = care.told(30)
        assert (facts["keys"], facts["proved"], facts["origins"]) == (many - 1, 0, {"written": many - 1})
        care.reset()
        with pytest.raises(StateError, match="there is no state hub_state"):
            care.told(30)


def test_rows_that_left_the_source(
    books: str, hubspot: Sandbox, records: list[dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their contacts get values; the keys leave the state, and a guard counts the others."""
    state = {"path": STATE, "on_removed": {"city": "gone"}}
    many, numbers = len(records), count()

    def again(first: int) -> running.Run:
        monkeypatch.setattr(running.TaskInstance, "run_id", f"run {next(numbers)}")
        return running.run(records=records[first:], state=state, guards={"removals": 3})

    again(0)
    assert again(3).outcomes == {"up_to_date": many - 3}
    assert again(2).outcomes == {"updated": 2, "up_to_date": many - 2}
    assert again(2).outcomes == {"up_to_date": many - 2}
    again(9)
    assert f"7 removals of {many - 2} keys" in str(again(9).error).replace(",", "")


def test_a_transaction_is_whole_or_not_at_all(books: str) -> None:
    """What an error breaks off has changed nothing."""
    with closing(opened()) as database:
        session = session_in(database)
        session.claim("task")
        tables = Tables("hub_state", database.now)
        session.proofs({}, writes=True).prove([proof(1), proof(2)])

        def breaks_off(execute: Any) -> None:
            for each in tables.void_keys([proof(1).key]):
                execute(each)
            raise StateError("broken off")

        with pytest.raises(StateError, match="broken off"):
            database.transact(breaks_off)

        [found] = tables.found([proof(1).key, proof(2).key])
        rows = database.transact(lambda execute: execute(found))
        assert sorted(tuple(row)[:4] for row in rows) == [
            (proof(number).key, "0" * 32, str(1000 + number), "written") for number in (1, 2)
        ]


def test_a_claim_that_was_taken_over(books: str) -> None:
    """A run that gave no sign of life for long loses its claim; from then on it changes nothing."""
    with closing(opened()) as first, closing(opened()) as second:
        earlier = session_in(first)
        earlier.claim("earlier")
        proofs = earlier.proofs({}, writes=True)
        proofs.prove([proof(1)])
        with pytest.raises(StateError, match="in use by earlier, which gave its last sign"):
            session_in(second).claim("later")

        statement("UPDATE hub_state_meta SET seen_at = seen_at - 3600")
        later = session_in(second)
        later.claim("later")

        with pytest.raises(ClaimLost, match="another run has claimed the state hub_state"):
            proofs.void([proof(1).key])
        with pytest.raises(ClaimLost):
            proofs.confirm()
        [found] = Tables("hub_state", second.now).found([proof(1).key])
        [row] = second.transact(lambda execute: execute(found))
        assert row[1] == "0" * 32
        later.close(completed=True)


def test_of_tasks_that_begin_at_once_one_has_it(books: str) -> None:
    """They find no tables, create them together, and one claims the state."""
    if books == "snowflake":
        pytest.skip("the imitation serves one thread")

    def begin(task: int) -> str:
        try:
            with closing(opened()) as database:
                session_in(database).claim(f"task {task}")
        except StateError as error:
            return "may pass" if error.may_pass else str(error)
        return "has it"

    with ThreadPoolExecutor(6) as tasks:
        assert sorted(tasks.map(begin, range(6))) == ["has it", *["may pass"] * 5]


def test_a_user_who_may_not_create_tables(mariadb: MariaDB, monkeypatch: pytest.MonkeyPatch) -> None:
    """The task fails, says so, and no retry can help; where the tables are, other rights are enough."""
    mariadb.admin("CREATE USER reader@'127.0.0.1' IDENTIFIED BY 's3/cr@t'")
    mariadb.admin("GRANT SELECT, INSERT, UPDATE, DELETE ON warehouse.* TO reader@'127.0.0.1'")
    running.hurry(monkeypatch)
    one = [{"email": "a@example.com", "firstname": "A"}]
    with Sandbox(contacts=[{"email": "a@example.com"}]) as sandbox:
        running.connect(monkeypatch, sandbox.url, sandbox.token)
        monkeypatch.setenv("AIRFLOW_CONN_DB", mysql(mariadb, "reader"))
        ended = running.run(records=one, state=STATE)
        assert isinstance(ended.error, HubSpotSyncFailed)
        assert "the tables of the state hub_state cannot be created" in str(ended.error)
        assert "1142" in str(ended.error)
        assert ended.outcomes == {"not_attempted": 1}

        monkeypatch.setenv("AIRFLOW_CONN_DB", mysql(mariadb))
        assert running.run(records=one, state=STATE).outcomes == {"updated": 1}
        monkeypatch.setenv("AIRFLOW_CONN_DB", mysql(mariadb, "reader"))
        assert running.run(records=one, state=STATE).outcomes == {"up_to_date": 1}
        monkeypatch.setenv("AIRFLOW_CONN_DB", mysql(mariadb))
        for table in ("hub_state", "hub_state_meta"):
            statement(f"DROP TABLE {table}")


@pytest.mark.parametrize("client", ["mysqlclient", "mysql-connector-python"])
def test_connections_that_are_killed(mariadb: MariaDB, client: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection is opened again; what was void stays void, what is proved stays proved."""
    extra = {} if client == "mysqlclient" else {"client": client}
    monkeypatch.setenv("AIRFLOW_CONN_DB", mysql(mariadb, **extra))
    with closing(opened()) as database:
        session = session_in(database)
        session.claim("task")
        proofs = session.proofs({}, writes=True)
        proofs.prove([proof(1), proof(2)])
        mariadb.admin("KILL USER loader")
        proofs.void([proof(1).key])
        mariadb.admin("KILL USER loader")
        proofs.confirm()
        session.close(completed=True)

        [found] = Tables("hub_state", database.now).found([proof(1).key, proof(2).key])
        rows = database.transact(lambda execute: execute(found))
        assert sorted((row[0], row[1]) for row in rows) == [(proof(1).key, None), (proof(2).key, "0" * 32)]
    for table in ("hub_state", "hub_state_meta"):
        statement(f"DROP TABLE {table}")


def test_a_duckdb_file_that_another_process_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A state lets go of the file between its transactions, so that others get their turn."""
    connection = {"conn_type": "duckdb", "host": str(tmp_path / "books.duckdb")}
    monkeypatch.setenv("AIRFLOW_CONN_DB", json.dumps(connection))
    with closing(opened()) as database:
        session_in(database).claim("task")
        count = "import sys, duckdb; duckdb.connect(sys.argv[1]).execute('FROM hub_state_meta')"
        subprocess.run([sys.executable, "-c", count, connection["host"]], check=True)
        session_in(database).look()
