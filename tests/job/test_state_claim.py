"""One run at a time has a state."""

from __future__ import annotations

import pickle
import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest

from airflow_provider_hubcontact.clock import SYSTEM_CLOCK
from airflow_provider_hubcontact.job.errors import ClaimLost, StateError
from airflow_provider_hubcontact.job.ports import Execute, Statement
from airflow_provider_hubcontact.job.state.claim import Claim
from airflow_provider_hubcontact.job.state.session import StateSession
from airflow_provider_hubcontact.job.state.tables import Tables
from airflow_provider_hubcontact.operators.stores.state_database import StateDatabase
from airflow_provider_hubcontact.sync.model.outcome import Outcome
from airflow_provider_hubcontact.sync.model.ports import Proof

T = TypeVar("T")


class Racing(StateDatabase):
    """A database in which another run claims the state while this one does: after it has looked twice."""

    looks = 0

    def transact(self, work: Callable[[Execute], T], /) -> T:
        return super().transact(lambda execute: work(partial(self._raced, execute)))

    def _raced(self, execute: Execute, statement: Statement) -> list[tuple[object, ...]]:
        rows = list(execute(statement))
        if len(rows) == 1 and len(rows[0]) > 1:  # the row of the meta table
            self.looks += 1
        if self.looks == 2:
            self.looks += 1
            with closing(self._connect()) as other:
                other.execute("UPDATE hub_meta SET token = 'another', beats = beats + 1")
                other.commit()
        return rows


def session_in(database: StateDatabase) -> StateSession:
    return StateSession(database, Tables("hub", database.now), 1, {}, SYSTEM_CLOCK)


def test_of_two_runs_that_claim_at_once_one_has_it(tmp_path: Path) -> None:
    """The other one writes nothing, and can be tried again."""
    connect = partial(sqlite3.connect, tmp_path / "state.db")
    with closing(StateDatabase(connect)) as database:
        session = session_in(database)
        session.claim("task")
        session.close(completed=True)

    with (
        closing(Racing(connect)) as database,
        pytest.raises(StateError, match="has claimed the state hub first"),
    ):
        session_in(database).claim("task")

    with closing(connect()) as db:
        assert db.execute("SELECT token FROM hub_meta").fetchall() == [("another",)]


@pytest.mark.parametrize("is_lost", [False, True])
def test_what_is_changed_with_the_release_needs_the_claim(tmp_path: Path, is_lost: bool) -> None:
    """A run that has lost the state changes nothing of it. Doing it twice is no harm."""
    connect = partial(sqlite3.connect, tmp_path / "state.db")
    with closing(StateDatabase(connect)) as database:
        session_in(database).claim("task")
        tables = Tables("hub", database.now)
        claim = Claim.take(database, tables, "task")
        proof = Proof("k", "c", "c", "7", Outcome.CREATED)
        database.transact(lambda execute: [execute(each) for each in tables.prove([proof])])
        if is_lost:
            with closing(connect()) as other:
                other.execute("UPDATE hub_meta SET token = 'another'")
                other.commit()

        for _ in range(2):
            claim.release("{}", before=lambda: tables.miss(["k"], 1))

    with closing(connect()) as db:
        assert db.execute("SELECT missing FROM hub").fetchall() == [(None if is_lost else 1,)]
        assert db.execute("SELECT token FROM hub_meta").fetchall() == [("another" if is_lost else None,)]


@pytest.mark.parametrize("error", [StateError("a", may_pass=True), StateError("b"), ClaimLost("c")], ids=str)
def test_errors_cross_processes(error: StateError) -> None:
    """With what they say of another try."""
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - made here

    assert (type(copy), str(copy), copy.may_pass) == (type(error), str(error), error.may_pass)


def test_a_database_that_holds_no_state() -> None:
    """Only some do."""

    class Connection:
        def close(self) -> None:
            """Do nothing."""

    with pytest.raises(
        StateError,
        match=r"a state needs SQLite, PostgreSQL, .* or Snowflake; the connection's driver is tests",
    ):
        StateDatabase(Connection)
