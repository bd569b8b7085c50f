"""Opens a state for one run: looks for its tables or creates them, claims it, and gives it up in the end."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from airflow_provider_hubcontact.client.properties import PropertyDefinition
from airflow_provider_hubcontact.clock import Clock
from airflow_provider_hubcontact.job.errors import StateError
from airflow_provider_hubcontact.job.ports import Database, Execute, Statement
from airflow_provider_hubcontact.job.settings import Settings
from airflow_provider_hubcontact.job.state.claim import About, Claim, about
from airflow_provider_hubcontact.job.state.digests import Digests, definitions_of, settings_of
from airflow_provider_hubcontact.job.state.proofs import StateProofs
from airflow_provider_hubcontact.job.state.tables import Tables

LOOKS, PAUSE = 10, 0.1
"""How often, and with how many seconds between, a table is looked for that another task may have created."""


def session_of(
    database: Database, settings: Settings, portal: int, api_version: str, clock: Clock
) -> StateSession:
    """Return the session of a run.

    :param database: that holds the state.
    :param settings: what the run was asked to do; they name a state.
    :param portal: id of the portal.
    :param api_version: of the calls.
    :param clock: waits while another task creates the tables.
    """
    asked = settings.state
    if asked is None:
        raise ValueError("the settings name no state")
    tables = Tables(asked.address[1], database.now)
    return StateSession(
        database, tables, portal, settings_of(settings, api_version), clock, refresh=asked.refresh
    )


class StateSession:
    """A run's use of a state.

    :param database: that holds the state.
    :param tables: of the state.
    :param portal: id of the portal that the run is about.
    :param settings: what decides besides the values what is written: part → text.
    :param clock: waits while another task creates the tables.
    :param refresh: whether rows are looked up and compared whatever is proved of them.
    """

    def __init__(
        self,
        database: Database,
        tables: Tables,
        portal: int,
        settings: Mapping[str, str],
        clock: Clock,
        *,
        refresh: bool = False,
    ) -> None:
        self._database = database
        self._tables = tables
        self._portal = portal
        self._settings = settings
        self._clock = clock
        self._refresh = refresh
        self._about: About | None = None
        self._claim: Claim | None = None

    def look(self) -> None:
        """Look at a state without changing anything; nothing is proved by one that is not there.

        :raises StateError: if it cannot be used.
        """
        if self._fails(self._tables.looks()) is None:
            self._about = self._known()
        elif self._fails(self._tables.presence()) is None:
            raise self._foreign()

    def claim(self, holder: str) -> None:
        """Claim the state, and create it if it is not there.

        :param holder: names the task and its run.
        :raises StateError: if it cannot be used, or is in use.
        """
        self._make_sure()
        self._about = self._known() or self._begun()
        self._claim = Claim.take(self._database, self._tables, holder)

    def close(self, *, completed: bool) -> None:
        """Release the state.

        :param completed: whether the run has read its source to the end.
        """
        if self._claim:
            self._claim.release(orjson.dumps(self._settings).decode() if completed else None)
            self._claim = None

    def proofs(
        self, definitions: Mapping[str, PropertyDefinition] | None, *, writes: bool, keeps: bool = True
    ) -> StateProofs:
        """Return what a pass over the rows asks.

        :param definitions: of the portal's properties; None if they cannot be read.
        :param writes: whether the pass writes; if not, nothing of the state changes.
        :param keeps: whether a good end of a record is a proof. If not, no proof ends a record either.
        """
        key = bytes.fromhex(self._about.digest_key) if self._about else secrets.token_bytes(32)
        return StateProofs(
            self._database,
            self._tables if self._about else None,
            Digests(key, self._settings, definitions_of(definitions)),
            self._claim if writes else None,
            believes=keeps and not self._refresh,
            keeps=keeps,
        )

    def told(self) -> dict[str, Any]:
        """Return what the report says of the state."""
        return {"table": self._tables.name, "read_anew": self._read_anew()}

    def _read_anew(self) -> str | None:
        """Return why all rows are looked up, whatever is proved of them; None if they are not."""
        if self._refresh:
            return "refresh=True"
        earlier = orjson.loads(self._about.settings) if self._about else {}
        changed = sorted(name for name, part in self._settings.items() if earlier.get(name) != part)
        if not earlier or not changed:
            return None
        return f"changed since the last completed run: {', '.join(changed)}"

    # The tables

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
                f"the state {self._tables.name} takes no row in its table {self._tables.meta.name}"
            ) from error
        return found

    def _make_sure(self) -> None:
        """Look for the tables, and create those that are not there; another task may do the same just now."""
        if self._fails(self._tables.looks()) is None:
            return
        refused = [each for each in map(self._fails, self._tables.creation()) if each]
        for _ in range(LOOKS):
            if self._fails(self._tables.looks()) is None:
                return
            if self._fails(self._tables.presence()) is None:
                raise self._foreign()
            self._clock.sleep(PAUSE)
        why = f"the tables of the state {self._tables.name} cannot be created"
        if refused:
            raise StateError(f"{why}: {refused[0]}", may_pass=refused[0].may_pass)
        raise StateError(f"{why}, or cannot be read", may_pass=True)

    def _foreign(self) -> StateError:
        columns = "; ".join(
            f"{table.name}: {', '.join(column.name for column in table.c)}"
            for table in (self._tables.proofs, self._tables.meta)
        )
        return StateError(
            f"the table {self._tables.name} is not a state, whose tables have the columns {columns}"
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
