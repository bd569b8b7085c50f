# SPDX-License-Identifier: Apache-2.0
"""One run at a time has a state: it claims the state first, and makes sure of that before each write."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from typing import NamedTuple

from airflow_provider_hubcontact.job.errors import ClaimLost, StateError
from airflow_provider_hubcontact.job.ports import Database, Execute, Statement
from airflow_provider_hubcontact.job.state.tables import Tables

DEAD_AFTER = 600
"""Seconds without a sign of life after which a run is taken for dead."""


class About(NamedTuple):
    """The row of the meta table.

    :param portal: id of the portal that the state is about.
    :param digest_key: of its digests.
    :param settings: those of the last completed run, as JSON.
    :param token: of the run that has claimed the state; None if none has.
    :param holder: the task of that run.
    :param since: when it claimed the state, in seconds since 1970.
    :param silent: seconds since its last sign of life.
    :param beats: grows with each change of the row.
    :param runs: that have claimed the state.
    :param completed_at: when the last completed run ended, in seconds since 1970; None if none has.
    :param audited_to: proofs of this time or older, which it has not read back, are of rows that its source
        no longer had; None if that is not known.
    :param now: the time, by the database's clock.
    """

    portal: int
    digest_key: str
    settings: str
    token: str | None
    holder: str | None
    since: int | None
    silent: int | None
    beats: int
    runs: int
    completed_at: int | None
    audited_to: int | None
    now: int


def about(execute: Execute, tables: Tables) -> About | None:
    """Read the row of the meta table; None if the table is empty."""
    rows = execute(tables.about())
    if not rows:
        return None
    names = [column.name for column in tables.meta.c] + ["silent", "now"]
    row = dict(zip(names, rows[0], strict=True))
    return About(**{name: row[name] for name in About._fields})


class Claim:
    """The claim of a run on a state.

    :param database: that holds the state.
    :param tables: of the state.
    :param token: of this run.
    """

    def __init__(self, database: Database, tables: Tables, token: str) -> None:
        self._database = database
        self._tables = tables
        self._token = token

    @classmethod
    def take(cls, database: Database, tables: Tables, holder: str) -> Claim:
        """Claim a state.

        A task takes over what an earlier try of its own has claimed: Airflow runs one of them at a time.

        :param holder: names the task and its run.
        :raises StateError: if another run has it. That may pass.
        """
        token = secrets.token_hex(16)

        def work(execute: Execute) -> bool:
            found = about(execute, tables)
            if found is None:
                raise StateError(
                    f"the state {tables.name} has lost the row of {tables.meta.name}", may_pass=True
                )
            if found.token == token:  # only the database's word on it was lost
                return True
            if found.token is not None and found.holder != holder and abs(found.silent or 0) < DEAD_AFTER:
                raise StateError(
                    f"the state {tables.name} is in use by {found.holder}, which gave its last sign of life "
                    f"{found.silent} s ago: nothing was written; the state is free when that run ends, or "
                    f"{DEAD_AFTER // 60} minutes after its last sign of life",
                    may_pass=True,
                )
            execute(tables.claim(found.beats, token, holder))
            return execute(tables.token()) == [(token,)]

        if not database.transact(work):
            raise StateError(
                f"another run has claimed the state {tables.name} first: nothing was written", may_pass=True
            )
        return cls(database, tables, token)

    def confirm(self, execute: Execute) -> None:
        """Record that the run is alive, within a transaction that does something else.

        :raises ClaimLost: if another run has claimed the state.
        """
        execute(self._tables.beat(self._token))
        if execute(self._tables.token()) != [(self._token,)]:
            raise ClaimLost(
                f"another run has claimed the state {self._tables.name}, since this one gave no sign of life"
            )

    def release(
        self,
        settings: str | None,
        audited_to: int | None = None,
        before: Callable[[], Iterable[Statement]] = tuple,
    ) -> None:
        """Release the claim.

        :param settings: of the run, as JSON, if it has completed.
        :param audited_to: the time up to which it has read all proofs back, if it can tell.
        :param before: returns what is changed in the same transaction, if the run still has the state.
        """
        release = self._tables.release(self._token, settings, audited_to)

        def work(execute: Execute) -> None:
            execute(self._tables.beat(self._token))
            if execute(self._tables.token()) == [(self._token,)]:
                for statement in before():
                    execute(statement)
                execute(release)

        self._database.transact(work)
