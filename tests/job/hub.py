# SPDX-License-Identifier: Apache-2.0
"""A state in memory, for tests of what reads and writes it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, cast, func

from airflow_provider_hubcontact.clock import SYSTEM_CLOCK, Clock
from airflow_provider_hubcontact.job.settings.state import State
from airflow_provider_hubcontact.job.state.claim import Claim
from airflow_provider_hubcontact.job.state.digests import Digests
from airflow_provider_hubcontact.job.state.removals.removals import Removals
from airflow_provider_hubcontact.job.state.session import StateSession
from airflow_provider_hubcontact.job.state.tables import Tables
from airflow_provider_hubcontact.operators.stores.state_database import StateDatabase
from airflow_provider_hubcontact.sync.decide.policy import Policy
from airflow_provider_hubcontact.sync.model.record import Record

STATE = State("sql://db/hub", on_removed={"city": "gone"})
ARCHIVING = State("sql://db/hub", on_removed="archive")


class Staying(sqlite3.Connection):
    """A connection whose database, which is in memory, outlives an error."""

    def close(self) -> None:
        """Undo what is not committed."""
        self.rollback()


class Hub:
    """A state in memory, whose tables are not there yet.

    :ivar now: the time by the database's clock, in seconds since 1970.
    """

    def __init__(self) -> None:
        self.now = 1_000_000_000
        self.connection = sqlite3.connect(":memory:", factory=Staying)
        self.connection.create_function("clock", 0, lambda: self.now)
        self.database = StateDatabase(lambda: self.connection)
        self.tables = Tables("hub", cast(func.clock(), BigInteger))
        self.digests = Digests(b"key", {}, {})

    def session(
        self,
        settings: dict[str, str] | None = None,
        portal: int = 4711,
        clock: Clock = SYSTEM_CLOCK,
        **options: Any,
    ) -> StateSession:
        """Return the session of a run."""
        return StateSession(self.database, self.tables, portal, settings or {}, clock, **options)

    def claimed(self) -> Claim:
        """Create the tables if need be, and claim the state."""
        session = self.session()
        session.claim("task of run")
        return Claim.take(self.database, self.tables, "task of run")

    def lose(self) -> None:
        """Let another run claim the state."""
        self.do("UPDATE hub_meta SET token = 'another'")

    def have(self, key: str, contact: str | None, origin: str = "written", **values: Any) -> str:
        """Put a key into the state.

        :param values: of other columns.
        :return: its digest.
        """
        digest = self.digests.of_key(key)
        row = {"key_digest": digest, "record_id": contact, "origin": origin, **values}
        names, places = ", ".join(row), ", ".join("?" * len(row))
        self.do(f"INSERT INTO hub ({names}) VALUES ({places})", *row.values())  # noqa: S608 - written here
        return digest

    def do(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Carry out SQL, and return its rows."""
        rows = self.connection.execute(sql, values).fetchall()
        self.connection.commit()
        return rows

    def one(self, sql: str, *values: Any) -> Any:
        """Return the one value that SQL selects."""
        ((value,),) = self.do(sql, *values)
        return value

    def contacts(self, where: str = "1") -> list[str]:
        """Return the record ids that the state has."""
        return [each for (each,) in self.do(f"SELECT record_id FROM hub WHERE {where} ORDER BY 1")]  # noqa: S608

    def removals(
        self,
        claim: Claim | None,
        asked: State = STATE,
        doubt: str | None = None,
        *,
        actions: dict[int | str, str] | None = None,
        has_tables: bool = True,
        is_counted: bool = False,
    ) -> Removals:
        """Begin to find rows that left the source."""
        tables, policy = self.tables if has_tables else None, Policy.of(actions or {})
        return Removals(
            *(self.database, tables, self.digests, claim, asked, policy, doubt), is_counted=is_counted
        )


def records(*keys: str) -> Sequence[Record]:
    """Return a record for each key."""
    return [Record(row, key, {}) for row, key in enumerate(keys, 1)]
