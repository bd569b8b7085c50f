# SPDX-License-Identifier: Apache-2.0
"""One run at a time has a state."""

from __future__ import annotations

import pickle
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest

from airflow_provider_hubcontact.clock import SYSTEM_CLOCK
from airflow_provider_hubcontact.job.errors import ClaimLost, StateError
from airflow_provider_hubcontact.job.ports import Execute, Statement
from airflow_provider_hubcontact.job.state.claim import DEAD_AFTER, Claim
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
        pytest.raises(StateError, match="has claimed the state hub first") as raised,
    ):
        session_in(database).claim("task")

    assert raised.value.may_pass
    with closing(connect()) as db:
        assert db.execute("SELECT token FROM hub_meta").fetchall() == [("another",)]


class Claimed:
    """A state that another run has claimed.

    :param folder: of its database.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "state.db"
        self.database = StateDatabase(partial(sqlite3.connect, self.path))
        self.tables = Tables("hub", self.database.now)
        session_in(self.database).claim("another")
        self.claim = Claim.take(self.database, self.tables, "another")

    def set(self, values: str) -> None:
        """Change the row of the meta table."""
        with closing(sqlite3.connect(self.path)) as other:
            other.execute(f"UPDATE hub_meta SET {values}")  # noqa: S608 - written here
            other.commit()

    def row(self, names: str) -> tuple[object, ...]:
        with closing(sqlite3.connect(self.path)) as other:
            (row,) = other.execute(f"SELECT {names} FROM hub_meta")  # noqa: S608 - written here
        return tuple(row)


@pytest.fixture
def claimed(tmp_path: Path) -> Iterator[Claimed]:
    state = Claimed(tmp_path)
    with closing(state.database):
        yield state


@pytest.mark.parametrize("silent", [0, DEAD_AFTER - 30, 30 - DEAD_AFTER])
def test_a_state_in_use(claimed: Claimed, silent: int) -> None:
    """No other run gets the state, but another try may. A clock that went back does not end the claim."""
    claimed.set(f"seen_at = seen_at - {silent}")

    with pytest.raises(StateError, match="is in use by another, which gave its last sign of life") as raised:
        Claim.take(claimed.database, claimed.tables, "task")

    assert raised.value.may_pass
    assert claimed.row("holder, runs") == ("another", 2)


@pytest.mark.parametrize(
    ("change", "holder"),
    [
        (f"seen_at = seen_at - {DEAD_AFTER}", "task"),
        (f"seen_at = seen_at + {DEAD_AFTER + 30}", "task"),
        ("token = NULL, holder = NULL", "task"),
        ("runs = runs", "another"),
    ],
    ids=["silent for long", "in the future", "released", "its own earlier try"],
)
def test_a_state_that_can_be_taken(claimed: Claimed, change: str, holder: str) -> None:
    """From who is dead, from nobody, or from an earlier try; the one that had it writes no more."""
    claimed.set(change)

    Claim.take(claimed.database, claimed.tables, holder)

    assert claimed.row("holder, runs") == (holder, 3)
    with pytest.raises(ClaimLost, match="another run has claimed the state hub, since this one"):
        claimed.database.transact(claimed.claim.confirm)


def test_a_sign_of_life(claimed: Claimed) -> None:
    """It is given whenever the claim is confirmed."""
    claimed.set("seen_at = 5, beats = 7")

    claimed.database.transact(claimed.claim.confirm)

    seen_at, beats = claimed.row("seen_at, beats")
    assert (seen_at != 5, beats) == (True, 8)


@pytest.mark.parametrize("act", ["confirm", "release"])
def test_the_row_is_locked_before_it_is_read(claimed: Claimed, act: str) -> None:
    """No other run can claim the state between a look at it and what is done then."""
    said: list[str] = []
    connection = sqlite3.connect(claimed.path)
    connection.set_trace_callback(said.append)
    with closing(StateDatabase(lambda: connection)) as database:
        claim = Claim.take(database, claimed.tables, "another")
        said.clear()
        database.transact(claim.confirm) if act == "confirm" else claim.release(None)

    begin, first, second = [each.partition(" ")[0] for each in said[:3]]
    assert (begin.strip(), first, second) == ("BEGIN", "UPDATE", "SELECT")


def test_the_token_of_a_run(claimed: Claimed) -> None:
    """It is as long as its column, and another one each time."""
    (first,) = claimed.row("token")
    Claim.take(claimed.database, claimed.tables, "another")
    (second,) = claimed.row("token")

    assert (len(str(first)), len(str(second)), first != second) == (32, 32, True)


def test_a_state_without_its_row(claimed: Claimed) -> None:
    """Somebody has emptied the table; another try makes it anew."""
    claimed.set("id = 2")

    with pytest.raises(StateError, match="the state hub has lost the row of hub_meta") as raised:
        Claim.take(claimed.database, claimed.tables, "task")

    assert raised.value.may_pass


def test_a_claim_whose_answer_was_lost(tmp_path: Path) -> None:
    """What is done twice, since the database's word on it was lost, is one claim."""

    class Twice(StateDatabase):
        def transact(self, work: Callable[[Execute], T], /) -> T:
            super().transact(work)
            return super().transact(work)

    connect = partial(sqlite3.connect, tmp_path / "state.db")
    with closing(StateDatabase(connect)) as database:
        session = session_in(database)
        session.claim("task")
        session.close(completed=True)
    with closing(Twice(connect)) as database:
        Claim.take(database, Tables("hub", database.now), "task")

    with closing(connect()) as db:
        assert db.execute("SELECT runs FROM hub_meta").fetchall() == [(2,)]


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
