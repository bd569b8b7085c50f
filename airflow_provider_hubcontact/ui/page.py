# SPDX-License-Identifier: Apache-2.0
"""Turns reports into pages. Knows no Airflow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from airflow_provider_hubcontact.job.minutes import about
from airflow_provider_hubcontact.printable import printable
from airflow_provider_hubcontact.sync.keep.report import DIGEST_SHOWN
from airflow_provider_hubcontact.sync.keep.state_figures import shown
from airflow_provider_hubcontact.ui.charts import charts
from airflow_provider_hubcontact.ui.figures import (
    Line,
    Report,
    address_of,
    bars,
    code,
    facts,
    has_more_changes,
    kind,
    lasting,
    limits,
    list_facts,
    planned,
    problem_count,
    tiles,
)
from airflow_provider_hubcontact.ui.heading import UNENDED, Heading, worst_first
from airflow_provider_hubcontact.ui.problems import filters, gone, groups
from airflow_provider_hubcontact.ui.reasons import Section, sections
from airflow_provider_hubcontact.words import counted

MAX_LENGTH = 10_000
"""The most characters of a text that a page shows."""

DECISIONS = {
    "succeed": "The task succeeds",
    "skip": "The task is skipped",
    "fail": "The task fails",
    "fail_now": "The task fails, without another try",
    "retry": "The task needs another try",
}
"""What a task does at its end → in words."""

MISSING = {
    **dict.fromkeys((None, "scheduled", "queued"), "Not run yet"),
    "running": "Still running",
    "deferred": "Waiting without a worker until HubSpot accepts calls again",
    "up_for_retry": "It failed, and will be tried again: see its log",
    "skipped": "Skipped before it began",
    "upstream_failed": "Not run, since a task before it failed",
    "failed": "It failed before it had a report: see its log",
}
"""State of a task without a report → what that means."""

NOT_ENDED = ("scheduled", "queued", "running", "deferred", "up_for_retry")
"""States of a task that is yet to have a report."""


class Around(NamedTuple):
    """What a page leads to, and what it is seen beside.

    :param here: address of the page, without a choice of problems.
    :param downloads: file type → address.
    :param pages: name → address of other pages about the same run or DAG.
    :param approval: address and name of the task that waits for an approval of the plan, if there is one.
    :param before: address and report of the same task in the run before, if there is one.
    :param is_framed: whether the page is shown within Airflow's, which opens no windows for it.
    :param is_masked: whether keys and values were removed from the reports.
    :param chosen: outcome of which problems are shown; empty for all.
    """

    here: str = ""
    downloads: Mapping[str, str] = {}
    pages: Mapping[str, str] = {}
    approval: tuple[str, str] | None = None
    before: tuple[str, Report] | None = None
    is_framed: bool = False
    is_masked: bool = False
    chosen: str = ""


class Row(NamedTuple):
    """One task in a table of several.

    :param heading: the task instance.
    :param line: its figures; None if it has no report.
    :param href: address of its page.
    """

    heading: Heading
    line: Line | None
    href: str


def render(heading: Heading, report: Report | None, around: Around) -> str:
    """Return the page of one sync.

    :param heading: the task instance.
    :param report: its report; None if the task pushed no report.
    :param around: what it leads to.
    """
    told: dict[str, Any] = {"heading": heading, "report": report, "around": around, "missing": MISSING}
    told["kind"] = kind(report) if report else ""
    told["is_to_come"] = heading.state in NOT_ENDED
    if report is not None:
        before = around.before[1] if around.before else None
        decision = report.get("decision") or {}
        told |= {
            "bars": bars(report),
            "contact_address": address_of(report, "record/0-1/"),
            "decision": DECISIONS.get(decision.get("action", "")),
            "rules": decision.get("rules") or [],
            "ended_by": _ended_by(report, decision.get("code")),
            "facts": list(facts(report)),
            "filters": filters(report, around.chosen),
            "gone": gone(report, before),
            "groups": groups(report, before, around.chosen),
            "leads_to_contacts": _leads_to_contacts(report),
            "limits": limits(report),
            "has_more_changes": has_more_changes(report),
            "is_sample": problem_count(report) > len(report["problems"]),
            "planned": planned(report),
            "is_untold": not report["rows"] and report["stopped"] is not None,
            "state_facts": list(shown(report.get("state") or {})),
            "tiles": tiles(report, before),
            **list_facts(report),
            **charts(report),
        }
    return _environment().get_template("report.html").render(told)


def render_run(heading: Heading, rows: Sequence[Row], pages: Mapping[str, str], left_out: int = 0) -> str:
    """Return the page of all syncs of a DAG run, the worst first.

    :param heading: the run.
    :param rows: its tasks.
    :param pages: name → address of other pages.
    :param left_out: how many further tasks there are.
    """
    lines = [row.line for row in rows if row.line]
    told = {
        "heading": heading,
        "rows": sorted(rows, key=_worst_first),
        "total": _total(lines),
        "colours": Line.sum(lines).bars,
        "pages": pages,
        "left_out": left_out,
        "missing": MISSING,
    }
    return _environment().get_template("run.html").render(told)


def render_dag(heading: Heading, rows: Sequence[Row], left_out: int = 0) -> str:
    """Return the page of the latest runs of a DAG.

    :param heading: the DAG.
    :param rows: a task of a run each, the latest run first; a mapped task is one row.
    :param left_out: how many further task instances there are.
    """
    told = {
        "heading": heading,
        "rows": rows,
        "total": None,
        "colours": Line.sum(row.line for row in rows if row.line).bars,
        "left_out": left_out,
        "missing": MISSING,
    }
    return _environment().get_template("dag.html").render(told)


def render_message(title: str, text: str) -> str:
    """Return a page with a title and a text."""
    return _environment().get_template("message.html").render({"title": title, "text": text})


def render_reasons() -> str:
    """Return the page that says of each reason code what it means; a report's codes lead there."""
    return _environment().get_template("reasons.html").render({"sections": sections()})


def _total(lines: Sequence[Line]) -> Line | None:
    """Return the sum of a run's syncs; None of a single one, or if a plan's contacts would count twice."""
    return Line.sum(lines) if len(lines) > 1 and len({line.kind for line in lines}) == 1 else None


def _ended_by(report: Report, ended_by: str | None) -> Section | None:
    """Return what the code of an exception means, unless the page says it of records below.

    :param ended_by: the code, if an exception that has one ended the run.
    """
    if any(code(reason) == ended_by for reason in report["reasons"]):
        return None
    return next((section for section in sections() if section.code == ended_by), None)


def _leads_to_contacts(report: Report) -> bool:
    """Check whether a key of the page is a link."""
    shown_records = (*report["problems"], *report["changes"])
    return address_of(report, "") is not None and any(each.get("contact") for each in shown_records)


def _worst_first(row: Row) -> tuple[tuple[int, int], int, str, int]:
    """Return where a task stands: those that failed, then by its problems, then by its name."""
    problems = row.line.problems if row.line else 0
    return min(worst_first(row.heading.state), UNENDED), -problems, row.heading.task_id, row.heading.map_index


def _shown(value: object) -> object:
    """Make a text printable, except for markup, which the page's own macros have written."""
    return printable(value, MAX_LENGTH) if isinstance(value, str) and not isinstance(value, Markup) else value


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("airflow_provider_hubcontact.ui"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = lambda value: f"{value:,.0f}"
    environment.filters["counted"] = counted
    environment.filters["percent"] = _percent
    environment.filters["code"] = code
    environment.filters["lasting"] = lasting
    environment.filters["about"] = about
    environment.filters["initial"] = lambda text: f"{text[:1].upper()}{text[1:]}"
    environment.filters["words"] = lambda text: str(text).replace("_", " ")
    environment.globals["DIGEST_SHOWN"] = DIGEST_SHOWN
    return environment


def _percent(share: float) -> str:
    """Return a share as text. It is 0 % only for nothing, and 100 % only for all."""
    if 0 < share < 0.001:
        return "< 0.1 %"
    if 0.999 < share < 1:
        return "> 99.9 %"
    return f"{100 * share:.1f} %"
