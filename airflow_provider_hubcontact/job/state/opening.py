# SPDX-License-Identifier: Apache-2.0
"""Looks for the tables of a state, and creates those that are not there."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from airflow_provider_hubcontact.clock import Clock
from airflow_provider_hubcontact.job.errors import StateError
from airflow_provider_hubcontact.job.ports import Database, Execute, Statement
from airflow_provider_hubcontact.job.state.claim import About, about
from airflow_provider_hubcontact.job.state.lists.member_table import MemberTable
from airflow_provider_hubcontact.job.state.tables import Tables

TRY = "`hubcontact state check` tries each right that a state needs"
"""What to do about a database that refuses what a run begins with."""


LOOKS, PAUSE = 10, 0.1
"""How often, and with how many seconds between, a table is looked for that another task may have created."""


class Opening:
    """Opens the tables of a state.

    :param database: that holds the state.
    :param tables: of the state.
    :param portal: id of the portal that the run is about.
    :param clock: waits while another task creates the tables.
    """

    def __init__(self, database: Database, tables: Tables, portal: int, clock: Clock) -> None:
        self._database = database
        self._tables = tables
        self._portal = portal
        self._clock = clock
        self._of_members = MemberTable(tables.name, database.now)
        self._has_members = False

    def look(self) -> About | None:
        """Return what is known of the state, without changing anything; None if it is not there.

        :raises StateError: if it cannot be used.
        """
        if self._fails(self._tables.looks()) is None:
            return self._known()
        if self._fails(self._tables.presence()) is None:
            raise self._foreign()
        return None

    def create(self) -> None:
        """Look for the tables, and create those that are not there; another task may do the same just now.

        :raises StateError: if they cannot be created.
        """
        if self._fails(self._tables.looks()) is None:
            return
        refused = [each for each in map(self._fails, self._tables.creation()) if each]
        for look in range(LOOKS):
            if self._fails(self._tables.looks()) is None:
                return
            # Another task may have created them since this one has looked.
            if look and self._fails(self._tables.presence()) is None:
                raise self._foreign()
            self._clock.sleep(PAUSE)
        why = f"the tables of the state {self._tables.name} cannot be created"
        if refused:
            raise StateError(f"{why}: {refused[0]}; {TRY}", may_pass=refused[0].may_pass)
        raise StateError(f"{why}, or cannot be read", may_pass=True)

    def begin(self) -> About:
        """Return what is known of the state, whose first row is inserted if it is not there.

        :raises StateError: if it is the state of another portal, or takes no row.
        """
        return self._known() or self._begun()

    def members(self, *, may_create: bool) -> MemberTable | None:
        """Return the table of members, which is created if it is not there; None if it cannot be created.

        :param may_create: whether it can.
        :raises StateError: if it cannot be used.
        """
        if self._has_members:
            return self._of_members
        table = self._of_members
        if self._fails(table.looks()) is None:
            self._has_members = True
            return table
        if not may_create:
            return None
        refused = self._fails(table.creation())
        if self._fails(table.looks()) is not None:
            name = table.members.name
            raise StateError(
                f"the table {name} of the state's lists cannot be created, or is something else: {refused}; "
                f"{TRY}"
            ) from refused
        self._has_members = True
        return table

    def _known(self) -> About | None:
        found = self._database.transact(lambda execute: about(execute, self._tables))
        if found and found.portal != self._portal:
            raise StateError(
                f"the state {self._tables.name} is about the portal {found.portal}, but the connection leads "
                f"to {self._portal}: each portal needs a state of its own"
            )
        return found

    def _begun(self) -> About:
        """Insert the row of the meta table; another task may do the same just now."""
        first = self._tables.first(self._portal, secrets.token_hex(32))
        error = self._fails([first])
        found = self._known()
        if found is None:
            raise StateError(
                f"the state {self._tables.name} takes no row in its table {self._tables.meta.name}; {TRY}"
            ) from error
        return found

    def _foreign(self) -> StateError:
        columns = "; ".join(
            f"{table.name}: {', '.join(column.name for column in table.c)}"
            for table in (self._tables.proofs, self._tables.meta)
        )
        return StateError(
            f"the table {self._tables.name} is not a state, or not of this version: name another table, or "
            f"drop it if you do not need it; a state's tables have the columns {columns}"
        )

    def _fails(self, statements: Sequence[Statement]) -> StateError | None:
        """Carry statements out, and return the error if they have one."""

        def work(execute: Execute) -> None:
            for statement in statements:
                execute(statement)

        try:
            self._database.transact(work)
        except StateError as error:
            return error
        return None
