# SPDX-License-Identifier: Apache-2.0
"""Opens a state for one run: looks for its tables or creates them, claims it, and gives it up in the end."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from airflow_provider_hubcontact.client.properties import PropertyDefinition
from airflow_provider_hubcontact.clock import Clock
from airflow_provider_hubcontact.job.errors import StateDatabaseError, StateError
from airflow_provider_hubcontact.job.ports import Database, Statement
from airflow_provider_hubcontact.job.settings.settings import Settings
from airflow_provider_hubcontact.job.settings.state import State
from airflow_provider_hubcontact.job.state.audit import DAY, Ages, Clockwork, Selection, selection
from airflow_provider_hubcontact.job.state.claim import About, Claim
from airflow_provider_hubcontact.job.state.digests import (
    Digests,
    definitions_of,
    name_of,
    query_of,
    settings_of,
)
from airflow_provider_hubcontact.job.state.last_run import LastRun
from airflow_provider_hubcontact.job.state.lists.member_table import MemberTable
from airflow_provider_hubcontact.job.state.lists.members import ListLeavers, StateMembers
from airflow_provider_hubcontact.job.state.opening import TRY, Opening
from airflow_provider_hubcontact.job.state.proofs import ProofsOfGone, StateProofs
from airflow_provider_hubcontact.job.state.removals.removals import Removals
from airflow_provider_hubcontact.job.state.tables import Tables
from airflow_provider_hubcontact.sync.decide.policy import Policy


def session_of(
    database: Database,
    settings: Settings,
    portal: int,
    api_version: str,
    clock: Clock,
    *,
    knows_properties: bool = True,
) -> StateSession:
    """Return the session of a run.

    :param database: that holds the state.
    :param settings: what the run was asked to do; they name a state.
    :param portal: id of the portal.
    :param api_version: of the calls.
    :param clock: waits while another task creates the tables.
    :param knows_properties: whether the portal's properties can be read.
    """
    asked = settings.state
    if asked is None:
        raise ValueError("the settings name no state")
    tables = Tables(asked.address[1], database.now)
    return StateSession(
        *(
            database,
            tables,
            portal,
            settings_of(settings, api_version, knows_properties=knows_properties),
            clock,
        ),
        query=query_of(settings),
        refresh=asked.refresh,
        audit=asked.audit,
        drift=asked.drift,
        absent=asked.absent,
        id_property=settings.key.property,
    )


class StateSession:
    """A run's use of a state.

    :param database: that holds the state.
    :param tables: of the state.
    :param portal: id of the portal that the run is about.
    :param settings: what decides besides the values what is written: part → text.
    :param clock: waits while another task creates the tables.
    :param query: tells the source's query from others.
    :param refresh: whether rows are looked up and compared whatever is proved of them.
    :param audit: days in which each proof is read back once; None for never.
    :param drift: what becomes of a contact that an audit finds edited.
    :param absent: days for which it is remembered that nobody has a key; None for not at all.
    :param id_property: property that keys are values of.
    """

    def __init__(
        self,
        database: Database,
        tables: Tables,
        portal: int,
        settings: Mapping[str, str],
        clock: Clock,
        *,
        query: str = "",
        refresh: bool = False,
        audit: float | None = None,
        drift: str = "write",
        absent: float | None = None,
        id_property: str = "email",
    ) -> None:
        self.audit = audit
        self.drift = drift
        self._absent = absent
        self._id_property = id_property
        self._database = database
        self._tables = tables
        self._settings = settings
        self._opening = Opening(database, tables, portal, clock)
        self._query = query
        self._refresh = refresh
        self._choose: Callable[[], Selection | None] = lambda: None
        self._selection: Selection | None = None  # of the pass that writes
        self._run = ""
        self._removals: Removals | None = None
        self._new_key = secrets.token_bytes(32)  # of a state that does not exist yet
        self._about: About | None = None
        self._claim: Claim | None = None

    def look(self) -> None:
        """Look at a state without changing anything; nothing is proved by one that is not there.

        :raises StateError: if it cannot be used.
        """
        self._about = self._opening.look()

    def claim(self, holder: str) -> None:
        """Claim the state, and create it if it is not there.

        :param holder: names the task and its run.
        :raises StateError: if it cannot be used, or is in use.
        """
        self._opening.create()
        try:
            self._about = self._opening.begin()
            self._claim = Claim.take(self._database, self._tables, holder)
        except StateDatabaseError as error:
            raise StateError(f"{error}; {TRY}", may_pass=error.may_pass) from None

    def close(self, *, completed: bool) -> None:
        """Release the state.

        :param completed: whether the run has read its source to the end.
        """
        if self._claim:
            audited_to = self._selection.passed if self._selection and completed else None
            counted = self._last_run.followed_by(self._run, self._query) if self._removals else {}
            told = {**self._settings, **counted}
            kept = orjson.dumps(told).decode() if completed else None
            misses = self._removals.misses if self._removals and completed else tuple
            self._claim.release(kept, audited_to, misses)
            self._claim = None
        if self._removals:
            self._removals.close()

    def plan_audit(self, calls_left: int | None, rows_of_a_call: int) -> None:
        """Choose the proofs that the run reads back.

        :param calls_left: today; None if HubSpot has not said.
        :param rows_of_a_call: contacts that a look-up takes.
        """
        about, days = self._about, self.audit
        if about is None or days is None:
            return
        clockwork = Clockwork(about.now, about.completed_at, days)
        after = _gone_before(about, None)
        ((proofs, due, _, newest),) = self._asked(self._tables.ages(after, clockwork.limit))
        if self._claim and (newest or 0) > about.now:
            self._asked(self._tables.bring_back(about.now))
        ages = Ages(int(proofs), int(due))

        def nth_oldest(number: int) -> int | None:
            found = self._asked(self._tables.nth_oldest(number, after))
            return int(found[0][0]) if found else None

        chosen = selection(clockwork, ages, calls_left, rows_of_a_call, nth_oldest)
        self._choose = chosen.anew

    def ages(self, *, completed: bool) -> dict[str, int | None]:
        """Return the time of the oldest proof, and how many are overdue for an audit.

        Proofs of rows that are known to have left the source do not count: nobody can read them back.

        :param completed: whether the run has read its source to the end.
        :return: ``oldest_proof``, in seconds since 1970, None without a proof; ``overdue``, None without
            an audit.
        """
        about = self._about
        if about is None:
            return {"oldest_proof": None, "overdue": None}
        read = self._selection.passed if self._selection and completed else None
        limit = Clockwork(about.now, None, self.audit).overdue if self.audit is not None else 0
        ((_, overdue, oldest, _),) = self._asked(self._tables.ages(_gone_before(about, read), limit))
        return {
            "oldest_proof": None if oldest is None else int(oldest),
            "overdue": None if self.audit is None else int(overdue),
        }

    def _asked(self, statement: Statement) -> Sequence[tuple[Any, ...]]:
        return self._database.transact(lambda execute: execute(statement))

    def proofs(
        self, definitions: Mapping[str, PropertyDefinition] | None, *, writes: bool, keeps: bool = True
    ) -> StateProofs:
        """Return what a pass over the rows asks.

        :param definitions: of the portal's properties; None if they cannot be read.
        :param writes: whether the pass writes; if not, nothing of the state changes.
        :param keeps: whether a good end of a record is a proof. If not, no proof ends a record either.
        """
        chosen = self._choose() if keeps else None
        if writes:
            self._selection = chosen
        met = {"met": self._removals.meet} if self._removals else {}
        return StateProofs(
            self._database,
            self._tables if self._about else None,
            self._digests(definitions),
            self._claim if writes else None,
            alive=self._claim,
            **met,
            believes=keeps and self._last_run.read_anew() is None,
            keeps=keeps,
            absent=self._believed_absent(),
            selection=chosen,
            id_property=self._id_property,
        )

    def _believed_absent(self) -> range:
        """Return the times of proofs that nobody has a key which are still believed."""
        if self._about is None or self._absent is None:
            return range(0)
        now = self._about.now
        return range(now - round(self._absent * DAY) + 1, now + 1)

    def proofs_of_gone(self, *, writes: bool) -> ProofsOfGone:
        """Return what the pass asks that removes contacts.

        :param writes: whether it writes; if not, nothing of the state changes.
        """
        tables = self._tables if self._about else None
        return ProofsOfGone(self._database, tables, self._digests(None), self._claim if writes else None)

    def removals(self, asked: State, policy: Policy, task: str, run: str) -> Removals:
        """Begin to find the rows that left the source.

        :param asked: what is to be done then.
        :param policy: says which rows without a contact end well.
        :param task: names the task. The rows of another one are no rows that left.
        :param run: names the run, whichever try of it this is.
        """
        self._run, self._query = name_of(run), name_of(f"{self._query} {task}")
        self._removals = Removals(
            self._database,
            self._tables if self._about else None,
            self._digests(None),
            self._claim,
            asked,
            policy,
            self._last_run.doubt(self._query),
            is_counted=self._run in self._last_run.runs,
        )
        return self._removals

    def members(self, *, refresh: bool) -> StateMembers:
        """Return what is known of lists.

        :param refresh: whether nobody is taken for a member, whatever is proved.
        """
        about, days = self._about, self.audit
        since: int | None = None
        if about is not None and not refresh:
            since = 0 if days is None else about.now - round(days * DAY)
        return StateMembers(self._database, self._member_table(), self._digests(None), self._claim, since)

    def list_leavers(
        self,
        removals: Removals,
        *,
        mirrors: bool,
        target: Callable[[str], str],
        name_of: Callable[[str], str],
    ) -> ListLeavers:
        """Begin to find who leaves lists.

        :param removals: knows which keys left the source.
        :param mirrors: whether a contact also leaves a list if its row names another one.
        :param target: returns what a list is known by, by the name that a row has.
        :param name_of: returns the name of a list by its id.
        """
        return ListLeavers(
            *(self._database, self._member_table(), self._digests(None), self._claim, removals),
            mirrors=mirrors,
            target=target,
            name_of=name_of,
        )

    def _member_table(self) -> MemberTable | None:
        return self._opening.members(may_create=self._claim is not None)

    def _digests(self, definitions: Mapping[str, PropertyDefinition] | None) -> Digests:
        key = bytes.fromhex(self._about.digest_key) if self._about else self._new_key
        return Digests(key, self._settings, definitions_of(definitions))

    def told(self, *, keeps: bool = True) -> dict[str, Any]:
        """Return what the report says of the state.

        :param keeps: whether the run's rows are compared with proofs; if not, none is read anew.
        """
        return {"table": self._tables.name, "read_anew": self._last_run.read_anew() if keeps else None}

    @property
    def looks_all_up(self) -> str | None:
        """Why all rows are looked up, whatever is proved of them; None if they are not."""
        return self._last_run.looks_all_up

    @property
    def _last_run(self) -> LastRun:
        return LastRun(self._about, self._settings, refresh=self._refresh)


def _gone_before(about: About, read: int | None) -> int:
    """Return the time up to which proofs are of rows that have left the source.

    :param read: the time up to which this run has read all proofs back, if it can tell.
    """
    known = read or about.audited_to or 0
    return known if known <= about.now else 0  # else the clock went back
