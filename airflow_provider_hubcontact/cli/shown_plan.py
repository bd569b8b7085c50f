# SPDX-License-Identifier: Apache-2.0
"""A plan as a command shows it, and how it is counted while it is made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from airflow_provider_hubcontact.cli.exit_status import OK, PROBLEMS
from airflow_provider_hubcontact.cli.output import Output, counts
from airflow_provider_hubcontact.job.errors import SourceError
from airflow_provider_hubcontact.job.minutes import about
from airflow_provider_hubcontact.job.run.run import Ended
from airflow_provider_hubcontact.sync.keep.report import DIGEST_SHOWN, Report
from airflow_provider_hubcontact.sync.model.outcome import SUCCESSES, Result
from airflow_provider_hubcontact.words import counted


class CountedReport(Report):
    """The report of a plan, which tells of each record.

    :param count: called once for each record.
    """

    def __init__(self, count: Callable[[], None]) -> None:
        super().__init__(dry_run=True)
        self._count = count

    def add(self, result: Result) -> None:
        """Count one record's result."""
        super().add(result)
        self._count()


def ended_with(ended: Ended, report: Report, folder: str, output: Output) -> int:
    """Write what became of a plan.

    :param ended: how making it ended.
    :param report: of that.
    :param folder: of the plan.
    :param output: where it is written.
    :return: the exit status.
    :raises SourceError: if the plan is not complete.
    """
    if ended.stop:
        raise SourceError(f"the plan is not complete: {ended.stop.reason}")
    for warning in ended.warnings:
        output.warning(warning)
    told = report.to_dict()
    if output.as_json:
        output.json(told)
    else:
        _show(told, folder, output)
    return PROBLEMS if told["problems"] else OK


def _show(told: Mapping[str, Any], folder: str, output: Output) -> None:
    totals = told["plan"]
    output.facts(
        {
            "rows": f"{totals['rows']:,}",
            "to change": f"{totals['changes']:,}",
            "to create": f"{totals['creates']:,}",
            "to remove": f"{totals['removals']:,}",
            "others": counts(totals["others"]),
            "stage moves": counts(totals["stage_moves"]),
            "calls to apply it": f"{totals['calls']:,}, {about(totals['minutes'])}",
            "digest": totals["sha256"][:DIGEST_SHOWN],
            "kept in": folder,
        }
    )
    if told["changes"]:
        output.line()
        output.table(("row", "key", "property", "has", "gets"), _changes(told["changes"]))
        _tell_of_a_sample(told["changes"], sum(told["planned"].values()), output)
    if told["problems"]:
        output.line()
        output.table(
            ("row", "key", "code", "outcome", "reason"),
            (
                (each["row"], each["key"], each["code"], each["outcome"], each["reason"])
                for each in told["problems"]
            ),
        )
        failed = sum(n for outcome, n in totals["others"].items() if outcome not in SUCCESSES)
        _tell_of_a_sample(told["problems"], failed, output)


def _tell_of_a_sample(sample: Sequence[object], of: int, output: Output) -> None:
    """Say that a table does not have all, if so."""
    if len(sample) < of:
        output.line(f"A sample: {len(sample):,} of {counted(of, 'record')}. The plan has all of them.")


def _changes(changes: Iterable[dict[str, Any]]) -> Iterator[tuple[object, ...]]:
    for change in changes:
        is_archived = change.get("archived")
        # The properties of a contact that is archived are only told: it does not get the empty values.
        for name, (old, new) in (change["properties"] or ({"": (None, None)} if is_archived else {})).items():
            gets = "(archived)" if is_archived else new or "(cleared)"
            yield change["row"], change["key"], name, old, gets
