# SPDX-License-Identifier: Apache-2.0
"""Check the rows of a source as a run does, and ask for none of their contacts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from airflow_provider_hubcontact.job.checks.preflight import LEGACY, SettingsCheck
from airflow_provider_hubcontact.job.checks.rows import RowChecks
from airflow_provider_hubcontact.job.errors import PortalNotReady, PreflightError, SourceError
from airflow_provider_hubcontact.job.files.spool import Spool
from airflow_provider_hubcontact.job.portal.definitions import Portal
from airflow_provider_hubcontact.job.settings.problems import problems_of
from airflow_provider_hubcontact.job.settings.settings import Settings
from airflow_provider_hubcontact.job.source.columns import SourceColumns
from airflow_provider_hubcontact.job.source.letter_case import LetterCase
from airflow_provider_hubcontact.job.source.rows import peeked
from airflow_provider_hubcontact.printable import printable
from airflow_provider_hubcontact.sync.flow.keys_seen import KeysSeen
from airflow_provider_hubcontact.sync.flow.record_reader import RecordReader
from airflow_provider_hubcontact.sync.keep.report import Report
from airflow_provider_hubcontact.sync.model.choices import Duplicates
from airflow_provider_hubcontact.sync.model.outcome import Result
from airflow_provider_hubcontact.sync.rows.texts.owners import OwnerIds


class Validation:
    """Checks rows as a run does before it spends a call on them.

    :param settings: what a run would be asked to do.
    :param portal: what the portal's properties are; one without definitions allows everything.
    :param rows: of the source.
    :param report: counts the values that are made fit.
    :param api_version: with which the portal is spoken to; None if it is not.
    :param owners: knows the ids of owners; None if addresses are left as they are.
    :raises PreflightError: if anything is wrong with the settings.
    :raises PortalNotReady: if the portal cannot tell now what they mean.
    """

    def __init__(
        self,
        settings: Settings,
        portal: Portal,
        rows: Iterable[object],
        report: Report,
        api_version: str | None = None,
        owners: OwnerIds | None = None,
    ) -> None:
        problems = [printable(each) for each in problems_of(settings)]
        if problems:
            raise PreflightError(problems)
        self._names = LetterCase(settings, portal.definitions)
        rows = self._names.fitted(rows)
        columns = rows.columns if isinstance(rows, Spool) else None
        check = SettingsCheck(settings, portal, columns, api_version, owners)
        if problems := [*map(printable, self._names.problems), *check.problems()]:
            raise PreflightError(problems)
        if check.not_ready:
            raise PortalNotReady(check.not_ready, may_pass=True)
        self._settings = settings
        self._creates = settings.upsert and api_version != LEGACY
        self._rows = rows
        self._columns = SourceColumns(settings)
        self._checks = RowChecks(settings, portal, report, is_legacy=api_version == LEGACY, owners=owners)

    def results(self) -> Iterator[Result | None]:
        """Check the rows, in their order.

        :return: for each row why it is not valid; None if it is.
        :raises SourceError: if no row has any column that is to be sent.
        :raises Exception: what the source raises.
        """
        mapping = self._checks.mapping()
        first, rows = peeked(self._columns.watched(self._rows))
        self._checks.see(mapping, [*first, *self._examples()])
        allowed = self._checks.allowed()
        once = self._settings.writes.duplicates == Duplicates.REJECT
        reader = RecordReader(
            enumerate(chain(first, rows), 1),
            self._checks.completed(mapping),
            self._checks.coercer(),
            self._checks.schema,
            journal=None,
            seen=KeysSeen() if once else None,
        )
        while read := reader.next():
            if isinstance(read, Result):
                yield read
            else:
                yield allowed.check(read, read.properties, creates=self._creates) if allowed else None
        if reader.broken:
            raise reader.broken
        if problems := self._columns.problems():
            raise SourceError("; ".join(problems))

    @property
    def warnings(self) -> list[str]:
        """What else is to be told once the rows were read: columns by other names, and that no row has."""
        told = [self._names.told] if self._names.told else []
        return [printable(each) for each in (*told, *self._columns.warnings())]

    def _examples(self) -> list[object]:
        return [self._rows.examples] if isinstance(self._rows, Spool) else []
