# SPDX-License-Identifier: Apache-2.0
"""``hubcontact ledger``: sum a ledger up, or list what failed."""

from __future__ import annotations

from argparse import Namespace
from collections import Counter
from collections.abc import Iterable

from airflow_provider_hubcontact.cli.exit_status import OK, PROBLEMS
from airflow_provider_hubcontact.cli.output import Output
from airflow_provider_hubcontact.job.source.replay import last_lines
from airflow_provider_hubcontact.operators.stores.ledger_files import all_lines
from airflow_provider_hubcontact.sync.keep.ledger import Line, rows_of
from airflow_provider_hubcontact.sync.model.codes import code_of_line
from airflow_provider_hubcontact.sync.model.outcome import SUCCESSES
from airflow_provider_hubcontact.words import counted


def run(chosen: Namespace, output: Output) -> int:
    """Read a ledger, of which the last line of each record counts.

    :param chosen: the command's arguments.
    :param output: where it writes.
    :return: the exit status.
    :raises SourceError: if there is no such ledger, or it cannot be read.
    """
    lines = last_lines(all_lines(chosen.ledger), chosen.ledger)
    if chosen.what == "failures":
        return _failures(lines, output)
    summary = _Summary(lines)
    if output.as_json:
        output.json(summary.document())
    else:
        summary.show(output)
    return PROBLEMS if summary.problems else OK


def _failures(lines: Iterable[Line], output: Output) -> int:
    failures = [{"code": code_of_line(line), **line} for line in lines if line["outcome"] not in SUCCESSES]
    if output.as_json:
        output.json(failures)
    else:
        columns = ("row", "key", "code", "outcome", "status", "category", "reason")
        output.table(columns, ([line[name] for name in columns] for line in failures))
        output.line(f"{counted(len(failures), 'record')}.")
    return PROBLEMS if failures else OK


class _Summary:
    """The counts of a ledger.

    :param lines: the last one of each record.
    """

    def __init__(self, lines: Iterable[Line]) -> None:
        self._outcomes: Counter[str] = Counter()
        self.problems: Counter[tuple[str, str, str]] = Counter()  # by code, outcome and category
        self._tasks: Counter[tuple[str, str]] = Counter()
        for line in lines:
            self._outcomes[line["outcome"]] += rows_of(line)
            self._tasks[line["run"], line["task"]] += 1
            if line["outcome"] not in SUCCESSES:
                self.problems[code_of_line(line), line["outcome"], line["category"] or "none"] += 1

    def document(self) -> dict[str, object]:
        """Return them for machines."""
        return {
            "records": self._outcomes.total(),
            "outcomes": dict(self._outcomes.most_common()),
            "problems": [
                {"code": code, "outcome": outcome, "category": category, "records": count}
                for (code, outcome, category), count in self.problems.most_common()
            ],
            "tasks": [
                {"run": run, "task": task, "records": count} for (run, task), count in self._tasks.items()
            ],
        }

    def show(self, output: Output) -> None:
        """Write them for people."""
        outcomes = self._outcomes.most_common()
        output.table(("outcome", "records"), ((name, f"{count:,}") for name, count in outcomes))
        if self.problems:
            output.line()
            output.table(
                ("code", "outcome", "category", "records"),
                ((*names, f"{count:,}") for names, count in self.problems.most_common()),
            )
