# SPDX-License-Identifier: Apache-2.0
"""Surroundings of a run without Airflow: the sandbox, and folders of this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from airflow_provider_hubcontact.client import AccessToken, HubSpot
from airflow_provider_hubcontact.client.account import AccountDetails
from airflow_provider_hubcontact.job.files.local_folder import LocalFolder
from airflow_provider_hubcontact.job.files.spool import Spool
from airflow_provider_hubcontact.job.ports import Database, Folder, MarkStore
from airflow_provider_hubcontact.job.settings.settings import Settings
from airflow_provider_hubcontact.job.settings.source import Query
from airflow_provider_hubcontact.job.surroundings import Rewrite, on_a_thread, thread_workers
from airflow_provider_hubcontact.operators.stores.ledger_files import all_lines, check_store, store_of
from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sync.flow.calls import Answer, Call
from airflow_provider_hubcontact.sync.flow.workers import ThreadWorkers
from airflow_provider_hubcontact.sync.keep.checkpoint import StateStore
from airflow_provider_hubcontact.sync.keep.ledger import Attempt, LedgerStore, Line


class LocalSurroundings:
    """What a run finds without Airflow.

    :param hubspot: the portal.
    :param records: that were handed in.
    """

    attempt = Attempt("tests/run", "task", -1, 1)

    def __init__(self, hubspot: Sandbox, records: Sequence[object] = ()) -> None:
        self._hubspot = hubspot
        self._records = records

    def client(self) -> AbstractContextManager[HubSpot]:
        return HubSpot(self._hubspot.url, AccessToken(self._hubspot.token))

    def workers(self, hubspot: HubSpot, /) -> ThreadWorkers[Call, Answer]:
        return thread_workers(hubspot)

    def beside(self, work: Callable[[], None], /) -> Callable[[], None]:
        return on_a_thread(work)

    def records(self) -> Iterable[object]:
        return self._records

    @contextmanager
    def query(self, query: Query, rewrite: Rewrite | None) -> Iterator[Spool]:
        raise NotImplementedError
        yield

    def folder(self, path: str) -> Folder:
        return LocalFolder(path)

    def ledger(self, path: str) -> AbstractContextManager[LedgerStore]:
        return store_of(path, self.attempt)

    def check_ledger(self, path: str) -> None:
        check_store(path)

    def ledger_lines(self, path: str, run: str | None = None) -> Iterable[Line]:
        return all_lines(path, run)

    def state_database(self, conn_id: str) -> AbstractContextManager[Database]:
        raise NotImplementedError

    def task_state(self) -> StateStore | None:
        return None

    def mark_store(self, settings: Settings) -> MarkStore:
        raise NotImplementedError

    def on_portal(self, details: AccountDetails) -> None:
        """Take no note."""
