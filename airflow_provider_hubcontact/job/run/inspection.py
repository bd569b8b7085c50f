# SPDX-License-Identifier: Apache-2.0
"""What is looked at before the first write: settings, portal and source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from contextlib import suppress

from airflow_provider_hubcontact.client import ConfigurationError, HubSpotError
from airflow_provider_hubcontact.job.checks.preflight import LEGACY, Preflight
from airflow_provider_hubcontact.job.files.spool import Spool
from airflow_provider_hubcontact.job.run.parts import RunParts
from airflow_provider_hubcontact.job.source.letter_case import LetterCase
from airflow_provider_hubcontact.printable import printable, printable_logger
from airflow_provider_hubcontact.sync.model.ports import UnknownList

log = printable_logger(__name__)


class Inspection:
    """Looks, before the first write, for what is wrong: in the settings, the portal, and the source.

    :param parts: of the run; its report is told which portal it is.
    :ivar not_ready: what the portal cannot tell now; None if nothing.
    """

    def __init__(self, parts: RunParts) -> None:
        self._settings = parts.settings
        self._around = parts.around
        self._report = parts.report
        self._hubspot = parts.hubspot
        self._builder = parts.builder
        self._columns = parts.columns
        self.not_ready: str | None = None

    def look(self, rows: Iterable[object] | None) -> tuple[list[str], Iterable[object] | None]:
        """Return what is wrong, a printable sentence each, and the rows.

        Their columns have the names then that settings and properties have for them.

        :param rows: of the source; None if they come from a ledger or a plan.
        """
        total = len(rows) if isinstance(rows, Sized) else None
        try:
            self._ask_for_the_portal()
            rows, doubts = self._named(rows)
            columns = rows.columns if isinstance(rows, Spool) else None
            writes = not self._report.dry_run
            preflight = Preflight(
                *(self._settings, self._hubspot, self._builder.portal, columns, total),
                writes=writes,
                owners=self._builder.owners,
            )
            problems = [*doubts, *preflight.problems(), *self._problems_of_lists()]
            self.not_ready = preflight.not_ready
        except ConfigurationError as error:
            return [printable(str(error))], rows
        if columns is not None:
            self._columns.take(columns)
        elif rows is not None and iter(rows) is not rows:
            self._columns.look(rows)
        if columns is None or self._settings.columns is None:  # else the preflight has told what is missing
            problems += map(printable, self._columns.problems())
        return problems, rows

    def _problems_of_lists(self) -> Iterator[str]:
        """Look at the list that the settings name."""
        asked = self._settings.lists
        if asked is None or asked.name is None or self._hubspot.api_version == LEGACY:
            return
        with suppress(HubSpotError):  # it is told when the lists are opened
            try:
                if lists := self._builder.lists:
                    lists.target(asked.name.strip())
            except UnknownList as error:
                yield printable(f"lists: {error}")

    def _named(self, rows: Iterable[object] | None) -> tuple[Iterable[object] | None, list[str]]:
        """Rename columns as settings and properties spell them; upper and lower case do not count.

        :return: the rows, and a printable sentence for each name that may be several columns.
        """
        if rows is None:
            return rows, []
        names = LetterCase(self._settings, self._builder.portal.definitions)
        return names.fitted(rows), [*map(printable, names.problems)]

    def _ask_for_the_portal(self) -> None:
        """Ask for the portal's time zone: its daily quota is back at midnight there.

        :raises ConfigurationError: if the connection does not lead to HubSpot.
        """
        try:
            details = self._hubspot.account.details()
        except ConfigurationError:
            raise
        except HubSpotError as error:
            log.warning("The portal's time zone cannot be read: %s", error)
            return
        self._hubspot.rate_limit.time_zone = details.time_zone
        self._report.portal = {"id": details.portal_id, "url": details.contacts_url}
        self._around.on_portal(details)
