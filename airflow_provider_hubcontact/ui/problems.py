# SPDX-License-Identifier: Apache-2.0
"""The problems of a report: grouped by reason, filtered, compared with the run before. Knows no Airflow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from airflow_provider_hubcontact.ui.figures import Report, bars, code
from airflow_provider_hubcontact.ui.reasons import Section, sections

Problem = Mapping[str, Any]


class Group(NamedTuple):
    """Records that ended in the same way, for the same reason.

    :param code: of the reason.
    :param outcome: of the records.
    :param status: HTTP status that decided, if one did.
    :param category: of the reason.
    :param properties: that failed.
    :param records: how many there are.
    :param example: what was said of one of them.
    :param section: what the code means, and what to do.
    :param is_new: whether the run before had no such reason.
    :param samples: some of the records.
    """

    code: str
    outcome: str
    status: int | None
    category: str | None
    properties: list[str]
    records: int
    example: str
    section: Section | None
    is_new: bool
    samples: list[Problem]


class Filter(NamedTuple):
    """A choice of problems.

    :param outcome: the outcome that they have; empty for all problems.
    :param records: how many there are.
    :param is_chosen: whether the page shows these.
    """

    outcome: str
    records: int
    is_chosen: bool


def filters(report: Report, chosen: str) -> list[Filter]:
    """Return which problems can be chosen; none if there is but one outcome.

    :param chosen: the outcome that is chosen; any other text stands for all.
    """
    counts = _counts(report)
    if len(counts) < 2:
        return []
    chosen = chosen if chosen in counts else ""
    several = {"": sum(counts.values()), **counts}
    return [Filter(outcome, count, outcome == chosen) for outcome, count in several.items()]


def groups(report: Report, before: Report | None, chosen: str) -> list[Group]:
    """Return the problems by their reasons, the most frequent first.

    :param before: report of the run before.
    :param chosen: the outcome of which problems are shown; any other text stands for all.
    """
    chosen = chosen if chosen in _counts(report) else ""
    old = None if before is None else {_kind(reason) for reason in before["reasons"]}
    left = list(report["problems"])
    found = list(_grouped(report, old, left))
    return [group for group in found if chosen in ("", group.outcome)]


def gone(report: Report, before: Report | None) -> list[Mapping[str, Any]]:
    """Return the reasons that the run before had, and this one does not."""
    kinds = {_kind(reason) for reason in report["reasons"]}
    return [reason for reason in before["reasons"] if _kind(reason) not in kinds] if before else []


def _counts(report: Report) -> dict[str, int]:
    return {bar.outcome: bar.records for bar in bars(report) if not bar.is_well}


def _grouped(report: Report, old: set[tuple[Any, ...]] | None, left: list[Problem]) -> Iterator[Group]:
    known = {section.code: section for section in sections()}
    for reason in report["reasons"]:
        mine = [problem for problem in left if _kind(problem) == _kind(reason)]
        for problem in mine:
            left.remove(problem)
        yield Group(
            code(reason),
            reason["outcome"],
            reason["status"],
            reason["category"],
            reason["properties"],
            reason["count"],
            reason["reason"],
            known.get(code(reason)),
            old is not None and _kind(reason) not in old,
            mine,
        )
    for problem in left:  # of a reason that is too rare to be told
        yield Group(
            code(problem),
            problem["outcome"],
            problem["status"],
            problem["category"],
            problem["properties"],
            1,
            problem["reason"],
            known.get(code(problem)),
            old is not None and _kind(problem) not in old,
            [problem],
        )


def _kind(problem: Problem) -> tuple[Any, ...]:
    """Return what makes two problems one reason: of those without a category, the code."""
    about = problem["category"] or code(problem)
    return problem["outcome"], about, tuple(problem["properties"][:5])
