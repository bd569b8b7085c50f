"""Turns a report into a page, or into a file to download. Knows no Airflow."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from functools import cache
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from airflow_provider_hubcontact.printable import printable
from airflow_provider_hubcontact.sync.keep.report import DIGEST_SHOWN, REPORT
from airflow_provider_hubcontact.sync.keep.state_figures import shown
from airflow_provider_hubcontact.sync.model.choices import Membership
from airflow_provider_hubcontact.sync.model.codes import code_of_line
from airflow_provider_hubcontact.sync.model.outcome import LIST, SUCCESSES
from airflow_provider_hubcontact.ui.reasons import sections

Report = Mapping[str, Any]

WIDTH, HEIGHT = 600, 120
"""Size of a chart, in its own units."""

PROBLEM_COLUMNS = (
    "row",
    "key",
    "outcome",
    "status",
    "category",
    "reason",
    "properties",
    "correlation_id",
    "earlier_try",
    "code",
)

MAX_LENGTH = 10_000
"""The most characters of a text that a page shows."""


MAX_LISTS = 100
"""The most lists that a page shows."""


class Heading(NamedTuple):
    """The task instance, or the DAG run, that a page is about.

    :param dag_id: id of the DAG.
    :param run_id: id of the run.
    :param task_id: id of the task; empty for a page about a run.
    :param map_index: index of a mapped task, else -1.
    :param state: state of the task instance, if there is one.
    :param tries: how often the task instance was tried.
    """

    dag_id: str
    run_id: str
    task_id: str
    map_index: int = -1
    state: str | None = None
    tries: int = 0


class Bar(NamedTuple):
    """One outcome in the bar of outcomes.

    :param outcome: its name.
    :param records: number of records that have it.
    :param share: their share of all records, from 0 to 1.
    :param is_well: whether it is a success.
    """

    outcome: str
    records: int
    share: float
    is_well: bool


class ListLine(NamedTuple):
    """What became of contacts in a list.

    :param id: of the list.
    :param name: of the list.
    :param added: contacts that came into it.
    :param member: contacts that were in it already.
    :param removed: contacts that left it.
    :param absent: contacts that were to leave it, and were not in it.
    """

    id: str
    name: str
    added: int
    member: int
    removed: int
    absent: int

    @property
    def contacts(self) -> int:
        """All contacts that the run is sure of."""
        return self.added + self.member + self.removed + self.absent


class Chart(NamedTuple):
    """The drawing of a rate over time.

    :param line: the points of its line, in SVG's form.
    :param area: the points of the area below the line.
    :param most: the value at the top edge.
    :param limit: the height at which the limit is drawn, if there is one.
    """

    line: str
    area: str
    most: float
    limit: float | None = None


def is_report(value: object) -> bool:
    """Check whether an XCom is a report in the form of this version."""
    return isinstance(value, Mapping) and value.get("report") == REPORT


def render(heading: Heading, report: Report | None, *, is_masked: bool, downloads: Mapping[str, str]) -> str:
    """Return the page of one sync.

    :param heading: the task instance.
    :param report: its report; None if the task pushed no report.
    :param is_masked: whether keys and values were removed from the report.
    :param downloads: file type → URL.
    """
    facts: dict[str, Any] = {
        "heading": heading,
        "report": report,
        "masked": is_masked,
        "downloads": downloads,
    }
    if report is not None:
        has_ids = any(problem["correlation_id"] for problem in report["problems"])
        facts |= {"state_facts": list(shown(report.get("state") or {}))}
        facts |= _lists_of(report)
        facts |= {"bars": bars(report), "tiles": list(_tiles(report)), "has_ids": has_ids, **_charts(report)}
    return _environment().get_template("report.html").render(facts)


def render_run(heading: Heading, reports: Sequence[tuple[Heading, Report, str]]) -> str:
    """Return the page of all syncs of a DAG run.

    :param heading: the run.
    :param reports: for each sync its task instance, its report, and the URL of its page.
    """
    listed = [
        {"heading": each, "bars": bars(report), "report": report, "href": href}
        for each, report, href in reports
    ]
    return _environment().get_template("run.html").render({"heading": heading, "listed": listed})


def render_message(title: str, text: str) -> str:
    """Return a page with a title and a text."""
    return _environment().get_template("message.html").render({"title": title, "text": text})


def render_reasons() -> str:
    """Return the page that says of each reason code what it means; a report's codes lead there."""
    return _environment().get_template("reasons.html").render({"sections": sections()})


def problems_csv(report: Report) -> str:
    """Return the sample of problems as CSV."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(PROBLEM_COLUMNS)
    for problem in report["problems"]:
        told = {**problem, "code": _code(problem)}
        writer.writerow([_cell(told.get(name)) for name in PROBLEM_COLUMNS])
    return file.getvalue()


def bars(report: Report) -> list[Bar]:
    """Return the outcomes of a report, the successes first."""
    rows = report["rows"]
    counted = [
        Bar(name, count, count / rows, name in {str(each) for each in SUCCESSES})
        for name, count in report["outcomes"].items()
    ]
    return sorted(counted, key=lambda bar: not bar.is_well)


def lists(report: Report) -> list[ListLine]:
    """Return the lists of a report, those of the most contacts first."""
    told = report.get("lists") or {}  # a report of an older version has none
    lines = [
        ListLine(list_id, each["name"], *(each.get(name, 0) for name in Membership))
        for list_id, each in told.items()
    ]
    return sorted(lines, key=lambda line: -line.contacts)


def _lists_of(report: Report) -> dict[str, Any]:
    """Return what the page shows of lists."""
    found = lists(report)
    failed = sum(reason["count"] for reason in report["reasons"] if reason["category"] == LIST)
    contacts, of_contacts, _ = ((report.get("portal") or {}).get("url") or "").partition("/objects/")
    return {
        "lists": found[:MAX_LISTS],
        "more_lists": len(found[MAX_LISTS:]),
        "list_failures": failed,
        # Airflow's tab opens no window for a link, so that the address is a text.
        "list_address": f"{contacts}/objectLists/" if of_contacts else None,
        "has_leavers": any(line.removed or line.absent for line in found),
    }


def chart(points: Sequence[tuple[float, float]], limit: float | None = None) -> Chart | None:
    """Draw a rate over time.

    :param points: pairs of seconds and rate.
    :param limit: a value at which a line is drawn.
    :return: None for fewer than two points.
    """
    if len(points) < 2:
        return None
    end = points[-1][0] or 1.0
    most = max([rate for _, rate in points] + ([limit] if limit else [])) or 1.0
    places = [(round(WIDTH * at / end, 1), round(HEIGHT - HEIGHT * rate / most, 1)) for at, rate in points]
    line = " ".join(f"{x},{y}" for x, y in places)
    area = f"{places[0][0]},{HEIGHT} {line} {places[-1][0]},{HEIGHT}"
    return Chart(line, area, most, round(HEIGHT - HEIGHT * limit / most, 1) if limit else None)


def _charts(report: Report) -> dict[str, Chart | None]:
    """Draw the rates of records and calls, over windows of ten seconds, as HubSpot counts calls."""
    timeline = report["timeline"]
    longest = max(WINDOW, timeline[1][0] - timeline[0][0] if len(timeline) > 1 else 0.0) + SLACK
    rows: list[tuple[float, float]] = []
    calls: list[tuple[float, float]] = []
    begins = 0
    for now, has, makes in timeline[1:]:
        while begins + 1 < len(timeline) and timeline[begins + 1][0] <= now - WINDOW + SLACK:
            begins += 1
        before, had, made = timeline[begins]
        if 0 < (passed := now - before) <= longest:  # the last point may have no whole window behind it
            rows.append((now, (has - had) / passed))
            calls.append((now, (makes - made) * WINDOW / max(passed, WINDOW)))
    limit = (report["quota"] or {}).get("calls_in_10_seconds")
    is_limited = limit is not None and limit < UNLIMITED
    return {"rows_chart": chart(rows), "calls_chart": chart(calls, limit if is_limited else None)}


WINDOW = 10.0
"""Seconds over which a rate is measured."""

SLACK = 0.3
"""Seconds by which a point of the timeline may be late."""

UNLIMITED = 10_000
"""A limit of so many calls in ten seconds is the sandbox's way to have none; it is not drawn."""


def _tiles(report: Report) -> Iterator[tuple[str, str]]:
    rate = report["rows_per_second"]
    yield "records", f"{report['rows']:,}"
    yield "problems", f"{sum(bar.records for bar in bars(report) if not bar.is_well):,}"
    yield "calls", f"{report['calls'].get('total', 0):,}"
    yield "records a second", f"{rate or 0:,.0f}"
    seconds = report["seconds"]
    yield "took", f"{seconds:.1f} s" if seconds < 60 else str(timedelta(seconds=round(seconds)))
    left = (report["quota"] or {}).get("calls_left_today")
    yield "calls left today", f"{left:,}" if left is not None else "unknown"


def _code(problem: Mapping[str, Any]) -> str:
    """Return the code of a reason or a problem; a report of an older version does not have it."""
    return str(problem.get("code") or code_of_line(problem))


def _cell(value: object) -> object:
    """Return the text of a cell, in one line that no spreadsheet reads as a formula."""
    text = "; ".join(map(str, value)) if isinstance(value, list) else value
    if not isinstance(text, str):
        return text
    shown = printable(text, MAX_LENGTH)
    return f"'{shown}" if shown.lstrip()[:1] in {"=", "+", "-", "@"} else shown


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
    environment.filters["percent"] = _percent
    environment.filters["code"] = _code
    environment.globals["DIGEST_SHOWN"] = DIGEST_SHOWN
    return environment


def _percent(share: float) -> str:
    """Return a share as text. It is 0 % only for nothing, and 100 % only for all."""
    if 0 < share < 0.001:
        return "< 0.1 %"
    if 0.999 < share < 1:
        return "> 99.9 %"
    return f"{100 * share:.1f} %"
