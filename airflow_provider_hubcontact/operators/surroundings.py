# SPDX-License-Identifier: Apache-2.0
"""What a run finds around it: Airflow's connections, and in a task its context."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from airflow_provider_hubcontact.hooks.hubspot import HubSpotHook
from airflow_provider_hubcontact.job.errors import SourceError, StateError
from airflow_provider_hubcontact.job.surroundings import on_a_thread, thread_workers
from airflow_provider_hubcontact.links.hubspot import PORTAL_URL
from airflow_provider_hubcontact.operators.errors import HubSpotSyncIncomplete
from airflow_provider_hubcontact.operators.sources import queries
from airflow_provider_hubcontact.operators.sources.records import records_of
from airflow_provider_hubcontact.operators.stores.folders import folder_of
from airflow_provider_hubcontact.operators.stores.ledger_files import all_lines, check_store, store_of
from airflow_provider_hubcontact.operators.stores.marks import mark_store_of
from airflow_provider_hubcontact.sync.keep.ledger import Attempt, LedgerStore, Line

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_hubcontact.client import HubSpot
    from airflow_provider_hubcontact.client.account import AccountDetails
    from airflow_provider_hubcontact.job.files.spool import Spool
    from airflow_provider_hubcontact.job.ports import Database, Folder, MarkStore
    from airflow_provider_hubcontact.job.settings.settings import Settings
    from airflow_provider_hubcontact.job.settings.source import Query
    from airflow_provider_hubcontact.job.surroundings import Rewrite
    from airflow_provider_hubcontact.sync.flow.calls import Answer, Call
    from airflow_provider_hubcontact.sync.flow.workers import ThreadWorkers
    from airflow_provider_hubcontact.sync.keep.checkpoint import StateStore


class ConnectionSurroundings:
    """What a run finds behind Airflow's connections: a portal, databases, folders and ledgers.

    :param hubspot_conn_id: Airflow connection of the portal.
    """

    def __init__(self, hubspot_conn_id: str) -> None:
        self._hubspot_conn_id = hubspot_conn_id

    @property
    def attempt(self) -> Attempt:
        """Which try of which task this is."""
        raise NotImplementedError

    def client(self) -> AbstractContextManager[HubSpot]:
        """Open the client of the connection's portal."""
        return HubSpotHook(self._hubspot_conn_id).get_conn()

    def workers(self, hubspot: HubSpot, /) -> ThreadWorkers[Call, Answer]:
        """Return threads that make the calls of one pass over the rows."""
        return thread_workers(hubspot)

    def beside(self, work: Callable[[], None], /) -> Callable[[], None]:
        """Start work on a thread of its own."""
        return on_a_thread(work)

    @contextmanager
    def query(self, query: Query, rewrite: Rewrite | None) -> Iterator[Spool]:
        """Run a query, and keep its rows."""
        hook = queries.database(str(query.conn_id))
        sql, parameters = str(query.sql), query.parameters
        if rewrite:
            sql, parameters = rewrite(sql, parameters, hook.placeholder)
        with queries.query(hook, sql, parameters) as spool:
            yield spool

    def folder(self, path: str) -> Folder:
        """Return a folder of this machine, or of a store that Airflow knows."""
        return folder_of(path)

    def ledger(self, path: str) -> AbstractContextManager[LedgerStore]:
        """Open the store of a ledger."""
        return store_of(path, self.attempt)

    def check_ledger(self, path: str) -> None:
        """Check that a ledger can be kept, as far as that can be told without keeping anything."""
        check_store(path)

    @contextmanager
    def state_database(self, conn_id: str) -> Iterator[Database]:
        """Open the database of a state."""
        from airflow_provider_hubcontact.operators.stores.state_database import StateDatabase

        hook = cache(lambda: queries.database(conn_id))

        def connect() -> Any:
            try:
                return queries.connect(hook())
            except (SourceError, HubSpotSyncIncomplete) as error:
                raise StateError(str(error), may_pass=isinstance(error, HubSpotSyncIncomplete)) from None

        with closing(StateDatabase(connect)) as database:
            database.check_file(conn_id, hook().connection.host)
            yield database

    def ledger_lines(self, path: str, run: str | None = None) -> Iterable[Line]:
        """Return the lines of a ledger."""
        return all_lines(path, run)


class TaskSurroundings(ConnectionSurroundings):
    """The surroundings of a task.

    :param context: Airflow's.
    :param hubspot_conn_id: Airflow connection of the portal.
    :param records: what was handed in.
    :param resumed: whether the try goes on after it has waited without a worker.
    :param is_one_try: whether there is no other try, so that nothing need be kept for one.
    """

    def __init__(
        self,
        context: Context,
        hubspot_conn_id: str,
        records: Any = None,
        *,
        resumed: bool = False,
        is_one_try: bool = False,
    ) -> None:
        super().__init__(hubspot_conn_id)
        self._context = context
        self._records = records
        self._resumed = resumed
        self._is_one_try = is_one_try

    @property
    def attempt(self) -> Attempt:
        """Which try of which task this is."""
        ti = self._context["ti"]
        map_index = -1 if ti.map_index is None else ti.map_index
        return Attempt(f"{ti.dag_id}/{ti.run_id}", ti.task_id, map_index, ti.try_number, self._resumed)

    def records(self) -> Iterable[object]:
        """Return the records that were handed in."""
        return records_of(self._records)

    def task_state(self) -> StateStore | None:
        """Return Airflow's state of the task (3.3), if another try can need it."""
        return None if self._is_one_try else self._context.get("task_state_store")

    def mark_store(self, settings: Settings) -> MarkStore:
        """Return where the watermark is kept."""
        return mark_store_of(self._context, self._hubspot_conn_id, settings.source.query)

    def on_portal(self, details: AccountDetails) -> None:
        """Push the address for the link to the portal."""
        self._context["ti"].xcom_push(key=PORTAL_URL, value=details.contacts_url)
