# SPDX-License-Identifier: Apache-2.0
"""The state of a run, if its settings name one: opened before the first row, and released in the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from airflow_provider_hubcontact.client import HubSpot
from airflow_provider_hubcontact.client.properties import PropertyDefinition
from airflow_provider_hubcontact.job.errors import StateError
from airflow_provider_hubcontact.job.settings.settings import Settings
from airflow_provider_hubcontact.job.surroundings import Surroundings
from airflow_provider_hubcontact.printable import printable_logger
from airflow_provider_hubcontact.sync.flow.proofs.audit import Audit
from airflow_provider_hubcontact.sync.keep.state_figures import in_words
from airflow_provider_hubcontact.sync.model.choices import Drift
from airflow_provider_hubcontact.sync.model.ports import Proofs
from airflow_provider_hubcontact.words import counted

if TYPE_CHECKING:
    from airflow_provider_hubcontact.job.state.lists.members import ListLeavers, StateMembers
    from airflow_provider_hubcontact.job.state.proofs import StateProofs
    from airflow_provider_hubcontact.job.state.removals.removals import Removals
    from airflow_provider_hubcontact.job.state.session import StateSession

log = printable_logger(__name__)


class StateOfRun:
    """What a run asks of its state.

    :param settings: what the run was asked to do; they may name no state.
    :param around: where the run takes place.
    :param keeps: whether a good end of a record is a proof. The changes of a plan prove nothing of the rows
        behind them.
    :ivar leavers: knows the rows that left the source; None if they are left alone.
    :ivar members: knows whom this sync has put into lists; None without lists.
    :ivar list_leavers: knows who leaves lists; None if nobody does.
    """

    def __init__(self, settings: Settings, around: Surroundings, *, keeps: bool) -> None:
        self._settings = settings
        self._around = around
        self._keeps = keeps
        self.leavers: Removals | None = None
        self.members: StateMembers | None = None
        self.list_leavers: ListLeavers | None = None
        self._session: StateSession | None = None
        self._resources = ExitStack()
        self._completed = False
        self._rows_of_a_call = 1
        self._audit: Audit | None = None  # of the last pass over the rows

    def open(
        self,
        hubspot: HubSpot,
        portal: Mapping[str, Any] | None,
        rows_of_a_call: int,
        *,
        knows_properties: bool,
        writes: bool,
        target: Callable[[str], str] = str,
        name_of: Callable[[str], str] = str,
    ) -> dict[str, Any] | None:
        """Claim the state, or look at it if nothing is written; choose what is read back.

        :param portal: the portal's ``id``; None if it cannot be read.
        :param rows_of_a_call: contacts that a look-up takes.
        :param knows_properties: whether the portal's properties can be read.
        :param writes: whether contacts are written.
        :param target: returns what a list is known by, by the name that a row has.
        :param name_of: returns the name of a list by its id.
        :return: what the report says of the state; None without one.
        :raises StateError: if it cannot be used.
        """
        asked = self._settings.state
        if asked is None:
            return None
        from airflow_provider_hubcontact.job.state.session import session_of  # it brings SQLAlchemy along

        if portal is None:
            raise StateError("the portal's id cannot be read, by which its state is known", may_pass=True)
        database = self._resources.enter_context(self._around.state_database(asked.address[0]))
        session = session_of(
            *(database, self._settings, portal["id"], hubspot.api_version, hubspot.clock),
            knows_properties=knows_properties,
        )
        self._session = session
        if writes:
            session.claim(self._around.attempt.task_of_run)
        else:
            session.look()
        self._rows_of_a_call = rows_of_a_call
        session.plan_audit(hubspot.rate_limit.daily_remaining, rows_of_a_call)
        lets_leave = self._settings.lets_leave
        if self._settings.lists:
            self.members = session.members(refresh=asked.refresh)
        if asked.on_removed is not None or lets_leave:
            attempt = self._around.attempt
            self.leavers = session.removals(
                asked, self._settings.policy, attempt.task_of_dag, attempt.task_of_run
            )
        if self.leavers and self._settings.lists and lets_leave:
            mirrors = self._settings.lists.mirror
            self.list_leavers = session.list_leavers(
                self.leavers, mirrors=mirrors, target=target, name_of=name_of
            )
        return session.told(keeps=self._keeps)

    def proofs(
        self, definitions: Mapping[str, PropertyDefinition] | None, *, writes: bool
    ) -> StateProofs | None:
        """Return what a pass over the rows asks; None without a state.

        :param definitions: of the portal's properties; None if they cannot be read.
        :param writes: whether the pass writes.
        """
        if self._session is None:
            return None
        return self._session.proofs(definitions, writes=writes, keeps=self._keeps)

    @property
    def looks_all_up(self) -> str | None:
        """Why the run looks up all rows, whatever is proved of them; None if it does not."""
        return self._session.looks_all_up if self._session else None

    def audit(self) -> Audit:
        """Return what is done about drift, and counts the rows of one pass beside their proofs."""
        asked = self._settings.state
        self._audit = Audit(Drift(asked.drift), absent=asked.absent is not None) if asked else Audit()
        return self._audit

    def proofs_of_gone(self, *, writes: bool) -> Proofs:
        """Return what the pass asks that removes contacts.

        :param writes: whether it writes.
        :raises ValueError: without a state.
        """
        if self._session is None:
            raise ValueError("without a state, nobody knows whose row left the source")
        return self._session.proofs_of_gone(writes=writes)

    def passed(self, *, completed: bool) -> None:
        """Note that a pass over the rows has ended.

        :param completed: whether it has read the source to its end, and sent its rows.
        """
        self._completed = completed and self._keeps

    def close(self) -> dict[str, Any] | None:
        """Release the state, if the run has one.

        :return: what the report says of the state; None if no more than before.
        """
        with self._resources:
            if self.list_leavers:
                self.list_leavers.close()
            if self._session is None:
                return None
            told = None
            try:
                told = self._told(self._session)
            except StateError as error:
                log.warning("The figures of the state cannot be read: %s", error)
            try:
                self._session.close(completed=self._completed)
            except StateError as error:
                log.warning("The state is not given up, and is free again in some minutes: %s", error)
            return told

    def _told(self, session: StateSession) -> dict[str, Any] | None:
        """Return what the rows came to beside their proofs, and log what is overdue."""
        if self._audit is None:
            return None
        ages = session.ages(completed=self._completed)
        if overdue := ages["overdue"]:
            log.warning(
                "%s overdue for an audit: older than %g days, and not read back.",
                *(counted(overdue, "proof is", "proofs are"), session.audit),
            )
        told = {**session.told(keeps=self._keeps), **self._audit.figures(self._rows_of_a_call), **ages}
        if self.leavers:
            told |= self.leavers.told()
        log.info("The state: %s.", in_words(told))
        return told
