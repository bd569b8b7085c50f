# SPDX-License-Identifier: Apache-2.0
"""What a run finds around it on the command line: Airflow's connections, and no task."""

from __future__ import annotations

from collections.abc import Iterable

from airflow_provider_hubcontact.client.account import AccountDetails
from airflow_provider_hubcontact.job.errors import SetupError
from airflow_provider_hubcontact.job.files.spool import Spool
from airflow_provider_hubcontact.job.ports import MarkStore
from airflow_provider_hubcontact.job.settings.settings import Settings
from airflow_provider_hubcontact.operators.sources.records import records_of
from airflow_provider_hubcontact.operators.surroundings import ConnectionSurroundings
from airflow_provider_hubcontact.sync.keep.checkpoint import StateStore
from airflow_provider_hubcontact.sync.keep.ledger import Attempt


class CommandSurroundings(ConnectionSurroundings):
    """The surroundings of a command.

    :param hubspot_conn_id: Airflow connection of the portal.
    :param records: of a file or a query.
    """

    def __init__(self, hubspot_conn_id: str, records: Iterable[object]) -> None:
        super().__init__(hubspot_conn_id)
        self._records = records

    @property
    def attempt(self) -> Attempt:
        """The only try that a command has."""
        return Attempt("command line", "hubcontact", -1, 1)

    def records(self) -> Iterable[object]:
        """Return the records; those of a query with what is known of its columns."""
        return self._records if isinstance(self._records, Spool) else records_of(self._records)

    def task_state(self) -> StateStore | None:
        """Return None: nothing outlives a command."""
        return None

    def mark_store(self, _: Settings) -> MarkStore:
        """Refuse a watermark.

        :raises SetupError: always.
        """
        raise SetupError("watermark: only an Airflow task keeps it: leave it out")

    def on_portal(self, _: AccountDetails) -> None:
        """Do nothing: a command has no link to the portal."""
