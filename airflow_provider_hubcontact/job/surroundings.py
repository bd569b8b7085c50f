# SPDX-License-Identifier: Apache-2.0
"""Where a run takes place, and what it finds there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from threading import Thread
from typing import Any, Protocol

from airflow_provider_hubcontact.client import HubSpot
from airflow_provider_hubcontact.client.account import AccountDetails
from airflow_provider_hubcontact.job.files.spool import Spool
from airflow_provider_hubcontact.job.ports import Database, Folder, MarkStore
from airflow_provider_hubcontact.job.settings.settings import Settings
from airflow_provider_hubcontact.job.settings.source import Query
from airflow_provider_hubcontact.job.signals import Interruptible
from airflow_provider_hubcontact.sync.flow.calls import Answer, Call
from airflow_provider_hubcontact.sync.flow.workers import ThreadWorkers, Workers
from airflow_provider_hubcontact.sync.keep.checkpoint import StateStore
from airflow_provider_hubcontact.sync.keep.ledger import Attempt, LedgerStore, Line

Rewrite = Callable[[str, Any, str], tuple[str, Any]]
"""Query, parameters and the driver's mark of a parameter → query and parameters."""


class RunWorkers(Workers[Call, Answer], Interruptible, Protocol):
    """Carries out the calls of a run, and can be told to stop."""


def thread_workers(hubspot: HubSpot) -> ThreadWorkers[Call, Answer]:
    """Return workers that make a portal's calls on threads.

    :param hubspot: the portal; it says how many calls may be under way at once.
    """
    return ThreadWorkers(lambda: hubspot.at_once, hubspot.cancel, hubspot.clock)


def on_a_thread(work: Callable[[], None]) -> Callable[[], None]:
    """Start work on a thread, which does not keep the process from its end.

    :param work: what is to be done.
    :return: waits until it is done.
    """
    thread = Thread(target=work, name="hubspot-progress", daemon=True)
    thread.start()
    return thread.join


class Surroundings(Protocol):
    """Where a run takes place: a task of Airflow, or the command line."""

    @property
    def attempt(self) -> Attempt:
        """Which try of which task this is."""

    def client(self) -> AbstractContextManager[HubSpot]:
        """Open the client of the portal.

        :raises ConfigurationError: if the connection cannot be used.
        """

    def workers(self, hubspot: HubSpot, /) -> AbstractContextManager[RunWorkers]:
        """Return what carries out the calls of one pass over the rows.

        :param hubspot: the portal.
        """

    def beside(self, work: Callable[[], None], /) -> Callable[[], None]:
        """Start work that goes on beside the run.

        :param work: what is to be done.
        :return: waits until it is done.
        """

    def records(self) -> Iterable[object]:
        """Return the records that were handed in.

        :raises SourceError: if they are not records.
        """

    def query(self, query: Query, rewrite: Rewrite | None) -> AbstractContextManager[Spool]:
        """Run a query, and keep its rows for as long as the context lasts.

        :param rewrite: makes the query that is run.
        :raises SourceError: if it returns no rows that records can be made of.
        """

    def folder(self, path: str) -> Folder:
        """Return a folder by its path or URL."""

    def ledger(self, path: str) -> AbstractContextManager[LedgerStore]:
        """Open the store of a ledger.

        :raises SourceError: if it cannot be used as it is.
        """

    def check_ledger(self, path: str) -> None:
        """Check that a ledger can be kept, as far as that can be told without keeping anything.

        :raises SetupError: if it cannot.
        """

    def ledger_lines(self, path: str, run: str | None = None) -> Iterable[Line]:
        """Return the lines of a ledger, or of a folder in it.

        :param run: whose lines alone are needed; there may be others among them.
        """

    def state_database(self, conn_id: str) -> AbstractContextManager[Database]:
        """Open the database of a state.

        :raises StateError: if it cannot hold one.
        :raises SourceError: if it cannot be used as it is set up.
        """

    def task_state(self) -> StateStore | None:
        """Return what outlives a try, if the task can have another one and Airflow has such a store."""

    def mark_store(self, settings: Settings) -> MarkStore:
        """Return where the watermark is kept."""

    def on_portal(self, details: AccountDetails) -> None:
        """Note which portal the run writes to."""
