# SPDX-License-Identifier: Apache-2.0
"""The keys of a source, as a run with the same settings finds them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from airflow_provider_hubcontact.job.checks.rows import RowChecks
from airflow_provider_hubcontact.job.errors import PreflightError
from airflow_provider_hubcontact.job.portal.definitions import Portal
from airflow_provider_hubcontact.job.settings.settings import Settings
from airflow_provider_hubcontact.job.source.letter_case import LetterCase
from airflow_provider_hubcontact.printable import printable
from airflow_provider_hubcontact.sync.keep.report import Report
from airflow_provider_hubcontact.sync.rows.keys import EMAIL, RECORD_ID


class SourceKeys:
    """Reads keys as a run does: by the columns' names in any letter case, and with the texts of ``Values``.

    :param settings: of the run.
    :param portal: what its properties are; they matter if :func:`need_portal` says so.
    """

    def __init__(self, settings: Settings, portal: Portal) -> None:
        self._settings = settings
        self._portal = portal
        self._mapping = RowChecks(settings, portal, Report()).mapping()

    def of_text(self, text: str) -> str | None:
        """Return the key that a text of the source means; None if it means none."""
        return self._mapping.key_of({self._mapping.key: text})

    def of_rows(self, rows: Iterable[object]) -> Iterator[str | None]:
        """Yield the key of each row; None for a row without one.

        :raises PreflightError: if the key's column may be one of several.
        """
        names = LetterCase(self._settings, self._portal.definitions)
        yield from map(self._mapping.key_of, names.fitted(rows))
        if names.problems:
            raise PreflightError([*map(printable, names.problems)])


def need_portal(settings: Settings) -> bool:
    """Check whether keys depend on what the portal's properties are: a number has several forms."""
    name = settings.key.property
    return name != EMAIL and (name != RECORD_ID or settings.values.decimal is not None)
