# SPDX-License-Identifier: Apache-2.0
"""The pages of reports at the edges: no record, one, five million, long words, text from right to left."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_hubcontact.job.ending import decided
from airflow_provider_hubcontact.sync.decide.policy import Policy
from airflow_provider_hubcontact.sync.keep.report import Report
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from airflow_provider_hubcontact.ui.figures import Line
from airflow_provider_hubcontact.ui.heading import Heading
from airflow_provider_hubcontact.ui.page import Around, Row, render, render_dag, render_run
from tests.browser.legible import FAINT
from tests.browser.pictures import keep

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SIZES = {"laptop": {"width": 1366, "height": 768}, "phone": {"width": 390, "height": 844}}

KEPT = {("rtl", "task", "laptop"): "airflow-report-rtl", ("millions", "run", "phone"): "airflow-syncs-phone"}
"""Report, page and size → name of the picture in the documentation."""

AROUND = Around(
    here="/hubcontact/report?a=1",
    downloads={"csv": "/report.csv", "json": "/report.json"},
    pages={"run": "/run", "dag": "/dag"},
)
HEADING = Heading("contacts", "scheduled__2026-11-27T08:00:00+00:00", "update_contacts", tries=1)
WORD = "Donaudampfschifffahrtsgesellschaftskapitänswitwenrentenauszahlungsstelle" * 2
"""A word without a place to break a line at."""


BARE = """[...document.querySelectorAll('td[data-label]')]
    .filter(cell => getComputedStyle(cell).display == 'flex')
    .filter(cell => !cell.innerText.trim() && !cell.querySelector('.bar i'))
    .map(cell => cell.dataset.label)"""
"""The labels of cards with nothing beside them."""

CUT = """[...document.querySelectorAll('.scroll, details[open] > summary *')]
    .filter(part => part.scrollWidth > part.clientWidth + 1 || part.scrollHeight > part.clientHeight + 1)
    .filter(part => part.clientWidth)
    .map(part => part.innerText)"""
"""What has more to it than the screen shows."""


def of(*results: Result, **settings: Any) -> dict[str, Any]:
    report = Report(
        api_version="2026-09", seconds=0.4, calls={"total": 4, "by_status": {"200": 4}}, **settings
    )
    for result in results:
        report.add(result)
    decided(Policy.of({}), report, None)
    told: dict[str, Any] = json.loads(json.dumps(report.to_dict()))
    return told


def updated(row: int, key: str, **changes: tuple[str | None, str]) -> Result:
    return Result(row, key, Outcome.UPDATED, 200, changes=changes)


def refused(row: int, key: str, reason: str, *properties: str) -> Result:
    return Result(row, key, Outcome.INVALID, None, "PORTAL_SCHEMA", reason, properties)


def five_million() -> dict[str, Any]:
    """The report of a long run, in which one record of five million failed."""
    told = of(
        updated(1, "a@example.com", city=("Roma", "Milano")),
        refused(4_999_999, "z@example.com", "no", "city"),
    )
    told |= {"rows": 5_000_000, "seconds": 3_725.0, "rows_per_second": 1_342.3}
    told["outcomes"] = {"updated": 1_234_567, "unchanged": 3_765_432, "invalid": 1}
    told["calls"] = {"total": 62_346, "by_status": {"200": 62_340, "429": 6}}
    told["quota"] = {"calls_in_10_seconds": 190, "calls_left_today": 937_654}
    told["timeline"] = [[at * 10.0, at * 13_423, at * 167] for at in range(372)]
    return told


REPORTS = {
    "none": of(),
    "one": of(updated(1, "ada@example.com", city=("Paris", "London"))),
    "millions": five_million(),
    "long": of(
        updated(1, f"{WORD}@example.com", **{WORD.lower(): (WORD, WORD[::-1])}),
        refused(2, f"{WORD}@{WORD}.example", f"{WORD}: `{WORD}` is not an option", WORD.lower(), "city"),
    ),
    "rtl": of(
        updated(1, "noa@example.com", firstname=("נועה", "נעה"), city=("תל אביב", "חיפה 7")),
        updated(2, "layla@example.com", firstname=("ليلى", "ليلى العمري"), city=(None, "حلب")),
        refused(
            3, "מיכל@example.com", "city: `ירושלים` is not an option; the options are `Haifa`, `חיפה`", "city"
        ),
    ),
}


def heading(report: dict[str, Any]) -> Heading:
    action = report["decision"]["action"]
    return HEADING._replace(state={"succeed": "success", "skip": "skipped"}.get(action, "failed"))


def tables(report: dict[str, Any]) -> dict[str, str]:
    """Return the pages of a run and of a DAG that have this report, and a task that has not run."""
    line = Line.of(report)
    task = WORD.lower() if WORD in str(report) else "update_contacts"
    began = heading(report)._replace(task_id=task, started=datetime(2026, 11, 27, 8, tzinfo=UTC))
    rows = [Row(began, line, "/one"), Row(Heading("contacts", "r", "apply"), None, "/two")]
    return {
        "run": render_run(heading(report), rows, {"dag": "/dag"}),
        "dag": render_dag(Heading("contacts"), rows),
    }


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", REPORTS)
def test_it_fits(chromium: Browser, name: str, size: str) -> None:
    """Nothing is wider than the window or cut, each bar can be seen, no label has nothing beside it."""
    context = chromium.new_context(viewport=SIZES[size])  # type: ignore[arg-type] # TypedDict
    page = context.new_page()
    for kind, html in {
        "task": render(heading(REPORTS[name]), REPORTS[name], AROUND),
        **tables(REPORTS[name]),
    }.items():
        page.set_content(html)
        if kept := KEPT.get((name, kind, size)):
            keep(page, kept, whole=True)
        width = page.evaluate("document.documentElement.scrollWidth")
        bars = page.evaluate("""[...document.querySelectorAll('.bar')]
            .filter(bar => bar.querySelector('i')).map(bar => bar.clientWidth)""")
        bare, cut = page.evaluate(BARE), page.evaluate(CUT)

        assert width <= SIZES[size]["width"], kind
        assert all(bar >= 100 for bar in bars), kind
        assert bare == [], kind
        assert cut == [], kind
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", REPORTS)
def test_text_is_legible(page: Page, name: str, scheme: str) -> None:
    """Every text stands out from its ground as WCAG 2.2 asks at level AA."""
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type] # one of two texts
    for html in (render(heading(REPORTS[name]), REPORTS[name], AROUND), *tables(REPORTS[name]).values()):
        page.set_content(html)
        assert page.evaluate(FAINT) == []
