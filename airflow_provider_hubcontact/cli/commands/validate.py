# SPDX-License-Identifier: Apache-2.0
"""``hubcontact validate``: check records against a JSON Schema and the portal."""

from __future__ import annotations

from argparse import Namespace
from collections import Counter
from collections.abc import Iterable, Iterator, Sized
from contextlib import contextmanager, nullcontext
from typing import Any, NamedTuple

from airflow_provider_hubcontact.cli.exit_status import OK, PROBLEMS
from airflow_provider_hubcontact.cli.files import Form
from airflow_provider_hubcontact.cli.output import Output, counts
from airflow_provider_hubcontact.cli.settings import asked_of
from airflow_provider_hubcontact.cli.sources import NO_RECORDS, source_of
from airflow_provider_hubcontact.job.errors import SetupError
from airflow_provider_hubcontact.job.portal.definitions import Portal
from airflow_provider_hubcontact.job.validate import Validation
from airflow_provider_hubcontact.sync.decide.lifecycle import Stages
from airflow_provider_hubcontact.sync.keep.report import Report
from airflow_provider_hubcontact.sync.model.codes import code_of_result
from airflow_provider_hubcontact.sync.model.outcome import Result
from airflow_provider_hubcontact.sync.rows.texts.owners import OwnerIds
from airflow_provider_hubcontact.words import counted

MOST_SHOWN = 100
"""Records that a table shows."""


def run(chosen: Namespace, output: Output) -> int:
    """Check records, and write nothing.

    :param chosen: the command's arguments.
    :param output: where it writes.
    :return: the exit status.
    :raises SetupError: if settings or source cannot be used.
    """
    if chosen.no_portal and chosen.conn_id is not None:
        raise SetupError("--conn-id has no effect with --no-portal")
    asked = asked_of(chosen)
    report = Report()
    with (
        nullcontext(NO_PORTAL) if chosen.no_portal else _asked(asked.conn_id) as portal,
        source_of(chosen.file, asked.query, Form.of(chosen)) as rows,
    ):
        checked = Validation(asked.settings, portal.known, rows, report, portal.version, portal.owners)
        found = _Found()
        with output.counting(len(rows) if isinstance(rows, Sized) else None) as count:
            found.take(checked.results(), report, count)
    if not found.rows:
        output.warning(NO_RECORDS)
    for warning in checked.warnings:
        output.warning(warning)
    if output.as_json:
        output.json(found.document(report.to_dict()["coercions"]))
    else:
        found.show(output)
    return PROBLEMS if found.invalid else OK


class _Found:
    """What is told of the rows."""

    def __init__(self) -> None:
        self.rows = 0
        self.invalid = 0
        self._shown: list[Result] = []
        self._by_property: Counter[str] = Counter()
        self._without_property: Counter[str] = Counter()

    def take(self, results: Iterable[Result | None], report: Report, count: Any) -> None:
        """Count the results of all rows.

        :param results: of each row; None if it is valid.
        :param report: gets those of rows that are not.
        :param count: called once for each row.
        """
        for result in results:
            self.rows += 1
            count()
            if result is None:
                continue
            self.invalid += 1
            self._by_property.update(result.properties)
            if not result.properties:
                self._without_property[code_of_result(result)] += 1
            if len(self._shown) < MOST_SHOWN:
                self._shown.append(result)
            report.add(result)

    def document(self, coercions: object) -> dict[str, object]:
        """Return it for machines.

        :param coercions: the values that were made fit.
        """
        return {
            "rows": self.rows,
            "valid": self.rows - self.invalid,
            "invalid": self.invalid,
            "by_property": dict(self._by_property),
            "without_property": dict(self._without_property),
            "coercions": coercions,
            "problems": [_told(result) for result in self._shown],
        }

    def show(self, output: Output) -> None:
        """Write it for people."""
        if self._shown:
            output.table(
                ("row", "key", "code", "properties", "reason"),
                (
                    (each.row, each.key, code_of_result(each), " ".join(each.properties), each.reason)
                    for each in self._shown
                ),
            )
            output.line()
        if self.invalid > len(self._shown):
            output.line(f"… and {self.invalid - len(self._shown):,} more")
        told = counted(self.rows, "record")
        output.line(f"{told}: {self.rows - self.invalid:,} valid, {self.invalid:,} invalid.")
        if self._by_property:
            output.line(f"By property: {counts(self._by_property)}.")
        if self._without_property:
            output.line(f"Without a property: {counts(self._without_property)}.")


class _Portal(NamedTuple):
    """What is known of a portal.

    :param known: its properties.
    :param version: of the API with which it was asked; None if it was not.
    :param owners: knows the ids of its owners.
    """

    known: Portal
    version: str | None = None
    owners: OwnerIds | None = None


NO_PORTAL = _Portal(Portal(Stages.default()))


@contextmanager
def _asked(conn_id: str) -> Iterator[_Portal]:
    """Ask a portal for its properties, and later for its owners if need be."""
    from airflow_provider_hubcontact.cli.portal import portal_with_schema
    from airflow_provider_hubcontact.hooks.hubspot import HubSpotHook
    from airflow_provider_hubcontact.job.portal.owners_port import OwnersPort

    with HubSpotHook(conn_id).get_conn() as hubspot:
        portal = portal_with_schema(hubspot)[0]
        owners = OwnerIds(OwnersPort(hubspot.owners), portal.of_owners)
        yield _Portal(portal, hubspot.api_version, owners)


def _told(result: Result) -> dict[str, Any]:
    return {
        "code": code_of_result(result),
        "row": result.row,
        "key": result.key,
        "category": result.category,
        "reason": result.reason,
        "properties": list(result.properties),
    }
