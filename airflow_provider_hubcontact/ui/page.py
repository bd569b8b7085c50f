"""A report becomes a page, or a file to download. Knows no Airflow."""

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
from airflow_provider_hubcontact.sync.model.outcome import SUCCESSES

Report = Mapping[str, Any]

WIDTH, HEIGHT = 600, 120
"""Of a chart, in its own units."""

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
)

MOST = 10_000
"""Characters of a text on a page."""


class Heading(NamedTuple):
    """Whose report it is.

    :param dag_id: of the DAG.
    :param run_id: of the run.
    :param task_id: of the task.
    :param map_index: of a mapped task, else -1.
    :param state: of the task instance, if there is one.
    :param tries: how often it was tried.
    """

    dag_id: str
    run_id: str
    task_id: str
    map_index: int = -1
    state: str | None = None
    tries: int = 0


class Bar(NamedTuple):
    """An outcome in the picture.

    :param outcome: its name.
    :param records: how many have it.
    :param share: of all records, from 0 to 1.
    :param is_well: whether the contact is as it should be.
    """

    outcome: str
    records: int
    share: float
    is_well: bool


class Chart(NamedTuple):
    """A line over time.

    :param line: its points, as SVG has them.
    :param area: the same, closed along the bottom.
    :param most: the value at the top.
    :param limit: the height of the limit's line, if there is one.
    """

    line: str
    area: str
    most: float
    limit: float | None = None


def is_report(value: object) -> bool:
    """Tell whether an XCom is a report of this shape."""
    return isinstance(value, Mapping) and value.get("report") == REPORT


def render(heading: Heading, report: Report | None, *, is_masked: bool, downloads: Mapping[str, str]) -> str:
    """Give the page of one sync.

    :param heading: whose it is.
    :param report: None if there is none.
    :param is_masked: whether keys and values were taken out.
    :param downloads: file type → address.
    """
    facts: dict[str, Any] = {
        "heading": heading,
        "report": report,
        "masked": is_masked,
        "downloads": downloads,
    }
    if report is not None:
        has_ids = any(problem["correlation_id"] for problem in report["problems"])
        facts |= {"bars": bars(report), "tiles": list(_tiles(report)), "has_ids": has_ids, **_charts(report)}
    return _environment().get_template("report.html").render(facts)


def render_run(heading: Heading, reports: Sequence[tuple[Heading, Report, str]]) -> str:
    """Give the page of all syncs of a run.

    :param reports: whose each is, the report, and the address of its page.
    """
    listed = [
        {"heading": each, "bars": bars(report), "report": report, "href": href}
        for each, report, href in reports
    ]
    return _environment().get_template("run.html").render({"heading": heading, "listed": listed})


def render_message(title: str, text: str) -> str:
    """Give a page that only says something."""
    return _environment().get_template("message.html").render({"title": title, "text": text})


def problems_csv(report: Report) -> str:
    """Give the sample of problems as a table."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(PROBLEM_COLUMNS)
    for problem in report["problems"]:
        writer.writerow([_cell(problem.get(name)) for name in PROBLEM_COLUMNS])
    return file.getvalue()


def bars(report: Report) -> list[Bar]:
    """Give the outcomes, the good ones first."""
    rows = report["rows"]
    counted = [
        Bar(name, count, count / rows, name in {str(each) for each in SUCCESSES})
        for name, count in report["outcomes"].items()
    ]
    return sorted(counted, key=lambda bar: not bar.is_well)


def chart(points: Sequence[tuple[float, float]], limit: float | None = None) -> Chart | None:
    """Draw rates over time.

    :param points: (seconds, rate); fewer than two are no line.
    :param limit: a value to draw a line at.
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
    """Draw rates over windows of ten seconds, as HubSpot counts calls."""
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
"""Seconds."""

SLACK = 0.3
"""Seconds that a point of the timeline may be off."""

UNLIMITED = 10_000
"""Calls in ten seconds that no portal has: a limit of the sandbox's."""


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


def _cell(value: object) -> object:
    """Write a cell of one line that no spreadsheet takes for a formula."""
    text = "; ".join(map(str, value)) if isinstance(value, list) else value
    if not isinstance(text, str):
        return text
    shown = printable(text, MOST)
    return f"'{shown}" if shown.lstrip()[:1] in {"=", "+", "-", "@"} else shown


def _shown(value: object) -> object:
    """Make what a page is given printable; what its macros have written is markup, and stays."""
    return printable(value, MOST) if isinstance(value, str) and not isinstance(value, Markup) else value


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
    environment.globals["DIGEST_SHOWN"] = DIGEST_SHOWN
    return environment


def _percent(share: float) -> str:
    """Write a share; what is there is never 0 %, what is not all never 100 %."""
    if 0 < share < 0.001:
        return "< 0.1 %"
    if 0.999 < share < 1:
        return "> 99.9 %"
    return f"{100 * share:.1f} %"
