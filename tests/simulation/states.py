# SPDX-License-Identifier: Apache-2.0
"""The database that holds the state: SQLite in memory, which fails, and whose clients are killed.

The statements, the transactions and the claim are the product's own. Each statement takes a moment, in which
others go on. One that changes something keeps all others out until its transaction ends, as SQLite does.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache, partial
from itertools import count
from typing import Any, TypeVar

from sqlalchemy import func

from airflow_provider_hubcontact.job.errors import ClaimLost
from airflow_provider_hubcontact.job.ports import Execute
from airflow_provider_hubcontact.job.state.tables import Tables
from airflow_provider_hubcontact.operators.stores.state_database import StateDatabase
from tests.simulation.chooser import Chooser
from tests.simulation.loop import BEGAN, Loop
from tests.simulation.state_oracles import StateOracles
from tests.simulation.stores import Tried

T = TypeVar("T")

BUSY, FULL, NOT_READABLE, CORRUPT = 5, 13, 10, 11
"""Numbers of SQLite's errors."""

OF_STATEMENTS = {"database is locked": BUSY, "database is gone": NOT_READABLE, "database is broken": CORRUPT}
"""Fault of a statement → the number of its error."""

OF_COMMITS = {"database is full": FULL, "commit without an answer": NOT_READABLE}
"""Fault of a commit → the number of its error."""

DATABASE_FAULTS = (*OF_STATEMENTS, *OF_COMMITS)

LOSES_CONNECTION = frozenset({"database is gone", "commit without an answer"})

NOW = func.now_of_the_world()

tables_of = cache(Tables)
"""Returns the tables of a state: the same in all worlds, so that their statements are made once."""

_TEXTS: dict[Any, Any] = {}
"""What was compiled before."""

MOST_TEXTS = 1_000
"""Statements that are kept compiled; those that create tables are new in each world."""

_numbers = count()


class StateServer:
    """The database of a world.

    :param loop: its time, which is that of the database's clock, too.
    :param oracles: look at what is committed.
    :ivar writer: the connection whose transaction keeps the others out; None if none does.
    """

    def __init__(self, loop: Loop, oracles: StateOracles) -> None:
        self.loop = loop
        self.oracles = oracles
        self.writer: Connection | None = None
        self._name = f"file:world-{next(_numbers)}?mode=memory&cache=shared"
        self._opened: list[sqlite3.Connection] = []

    def connect(self, client: Client) -> Connection:
        """Open a connection."""
        if not self._opened:
            self._open(sqlite3.Connection)  # the database is there for as long as this one
            self.oracles.look = self._opened[0].execute
        made: Connection = self._open(partial(Connection, client=client))
        return made

    def _open(self, factory: Any) -> Any:
        made = sqlite3.connect(self._name, uri=True, factory=factory)
        made.create_function("now_of_the_world", 0, lambda: int(BEGAN.timestamp() + self.loop.now))
        self._opened.append(made)
        return made

    def close(self) -> None:
        """Close all connections, and with them the database."""
        for each in self._opened:
            sqlite3.Connection.close(each)


class Client:
    """A try, as the database sees it.

    :param tried: the try.
    :param chooser: chooses what fails.
    :param share: of the statements that fail.
    :param tell: is told what fails.
    :param may_claim: whether the try may change anything of a state.
    """

    def __init__(
        self,
        server: StateServer,
        tried: Tried,
        chooser: Chooser,
        share: float,
        tell: Callable[[str], None],
        *,
        may_claim: bool,
    ) -> None:
        self.server, self.tried = server, tried
        self.may_claim = may_claim
        self._chooser = chooser.of(f"database of {tried.process.name}")
        self._share = share
        self._tell = tell

    def database(self) -> SimulatedDatabase:
        """Open the database."""
        return SimulatedDatabase(self)

    def fault(self, kinds: Sequence[str]) -> str:
        """Choose what fails; empty if nothing does."""
        if not self._share or not self._chooser.chance(self._share):
            return ""
        fault = self._chooser.one_of(kinds)
        self.tried.watch.oracles.faults[fault] += 1
        self._tell(fault)
        return fault

    def moment(self, connection: Connection, *, is_write: bool) -> None:
        """Let others go on; the process may be killed meanwhile, also in the middle of a transaction."""
        if is_write:
            self.tried.wait()
        else:
            self.server.loop.wait(0.0)
        server = self.server
        while server.writer not in {None, connection}:
            server.loop.wait(is_due=lambda: server.writer in {None, connection})
        if is_write:
            server.writer = connection


class Connection(sqlite3.Connection):
    """A connection of a try.

    :param client: the try.
    """

    def __init__(self, *arguments: Any, client: Client, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.client = client
        self._is_lost = False
        self._is_changed = False

    def cursor(self, factory: Any = None) -> Any:
        self._check()
        return super().cursor(factory or Cursor)

    def before(self, sql: str) -> None:
        """Take a moment before a statement, and let it fail."""
        self._check()
        is_write = not sql.startswith("SELECT")
        self.client.moment(self, is_write=is_write)
        if fault := self.client.fault(tuple(OF_STATEMENTS)):
            self._fail(fault, OF_STATEMENTS[fault])
        if is_write:
            self._is_changed = True
            client = self.client
            client.server.oracles.check_change(client.tried.watch, may_claim=client.may_claim)

    def commit(self) -> None:
        self._check()
        if not self._is_changed:
            return
        self.client.moment(self, is_write=True)
        fault = self.client.fault(tuple(OF_COMMITS))
        if fault != "database is full":
            super().commit()
            self._end()
            self.client.server.oracles.take_note(self.client.tried.watch)
        if fault:
            self._fail(fault, OF_COMMITS[fault])

    def rollback(self) -> None:
        super().rollback()
        self._end()

    def close(self) -> None:
        with suppress(sqlite3.ProgrammingError):  # it was closed at the end of its world
            super().rollback()
        self._end()
        super().close()

    def _check(self) -> None:
        if not self.client.tried.process.alive:
            self.client.server.loop.wait(0.0)  # which ends what a killed process does
        if self._is_lost:
            raise _error("the connection is closed", NOT_READABLE)

    def _end(self) -> None:
        self._is_changed = False
        if self.client.server.writer is self:
            self.client.server.writer = None

    def _fail(self, fault: str, number: int) -> None:
        if fault in LOSES_CONNECTION:
            self._is_lost = True
            self.rollback()
        raise _error(fault, number)


class Cursor(sqlite3.Cursor):
    """A cursor of a try's connection."""

    def execute(self, sql: str, *values: Any) -> Cursor:
        connection = self.connection
        if isinstance(connection, Connection):
            connection.before(sql)
        super().execute(sql, *values)
        return self


class SimulatedDatabase(StateDatabase):
    """The product's own, with the clock of the world.

    :param client: the try.
    """

    def __init__(self, client: Client) -> None:
        super().__init__(lambda: client.server.connect(client))
        if len(_TEXTS) > MOST_TEXTS:
            _TEXTS.clear()
        self._texts = _TEXTS
        self._watch = client.tried.watch

    @property
    def now(self) -> Any:
        return NOW

    def transact(self, work: Callable[[Execute], T], /) -> T:
        try:
            return super().transact(work)
        except ClaimLost:
            self._watch.lose_claim()
            raise


def _error(words: str, number: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError(words)
    error.sqlite_errorcode = number
    return error
