# SPDX-License-Identifier: Apache-2.0
"""The page of a sync's report."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote_plus, urlencode, urlsplit

import pytest
from airflow.providers.common.compat.sdk import DAG
from airflow.providers.standard.operators.python import PythonOperator

from airflow_provider_hubcontact.cli.files import records_in
from airflow_provider_hubcontact.decorators.hubspot import HubSpotUpdateContactDecoratedOperator
from airflow_provider_hubcontact.job.ending import decided, note_what_ended_it
from airflow_provider_hubcontact.job.errors import PreflightError
from airflow_provider_hubcontact.links.hubspot import HubSpotSyncReportLink
from airflow_provider_hubcontact.operators.hubspot import HubSpotUpdateContactOperator
from airflow_provider_hubcontact.operators.plans import HubSpotApplyPlanOperator, HubSpotPlanContactsOperator
from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sync.decide.policy import Action, Policy
from airflow_provider_hubcontact.sync.keep.report import Report
from airflow_provider_hubcontact.sync.model.choices import Membership
from airflow_provider_hubcontact.sync.model.outcome import LIST, Outcome, Result
from airflow_provider_hubcontact.ui.charts import chart
from airflow_provider_hubcontact.ui.downloads import problems_csv
from airflow_provider_hubcontact.ui.figures import FIELDS, Line, bars, is_report, limits, tiles
from airflow_provider_hubcontact.ui.heading import Heading
from airflow_provider_hubcontact.ui.masking import HIDDEN, masked
from airflow_provider_hubcontact.ui.names import OPERATORS
from airflow_provider_hubcontact.ui.page import (
    Around,
    Row,
    _percent,
    render,
    render_dag,
    render_reasons,
    render_run,
)
from airflow_provider_hubcontact.ui.plugin import HubContactPlugin
from tests.airflow.running import CONTACTS, connect
from tests.airflow_home import RunDag

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

HEADING = Heading("<dag>", "run&1", "task", 3, "failed", 2)
HOSTILE = "<script>alert('x')</script>"


def a_report(**settings: Any) -> dict[str, Any]:
    report = Report(api_version="2026-09", seconds=75.0, calls={"total": 12}, **settings)
    report.add(Result(1, "a@example.com", Outcome.UPDATED, 200, changes={"city": (None, HOSTILE)}))
    report.add(
        Result(2, "b@example.com", Outcome.REJECTED, 400, "VALIDATION_ERROR", HOSTILE, ("city",), "c-1")
    )
    report.add(Result(3, "=cmd|'/c calc'!A1@example.com", Outcome.INVALID, None, "KEY", "no", ("email",)))
    told: dict[str, Any] = json.loads(json.dumps(report.to_dict()))
    return told


AROUND = Around(
    here="/hubcontact/report?a=1&b=2",
    downloads={"csv": "/hubcontact/report.csv?a=1&b=2", "json": "/hubcontact/report.json?a=1&b=2"},
    pages={"run": "/hubcontact/run?a=1", "dag": "/hubcontact/dag?a=1"},
)


def shown(report: dict[str, Any] | None, **around: Any) -> str:
    return render(HEADING, report, AROUND._replace(**around))


def planned(**settings: Any) -> dict[str, Any]:
    """Return the report of a dry run: two to change, one to create, one unchanged, one not valid."""
    report = Report(dry_run=True, api_version="2026-09", **settings)
    would: list[tuple[str, dict[str, tuple[str | None, str]]]] = [
        ("WOULD_UPDATE", {"city": ("Rome", "")}),
        ("WOULD_UPDATE", {"city": ("Rome", "Oslo")}),
        ("WOULD_CREATE", {"city": (None, "Oslo")}),
    ]
    for row, (category, changes) in enumerate(would, 1):
        report.add(Result(row, f"{row}@example.com", Outcome.NOT_ATTEMPTED, None, category, changes=changes))
    report.add(Result(4, "4@example.com", Outcome.UNCHANGED))
    report.add(Result(5, "", Outcome.INVALID, None, "KEY", "no", ("email",)))
    decided(Policy.of({}), report, None)
    told: dict[str, Any] = json.loads(json.dumps(report.to_dict()))
    return told


def cards_of(page: str) -> Iterator[tuple[list[str], list[str]]]:
    """Yield the headings of each table that a phone shows as cards, and the labels of each row's cells."""
    for table in re.findall(r'<table class="cards">(.*?)</table>', page, re.DOTALL):
        first, *rows = re.findall(r"<tr[^>]*>(.*?)</tr>", table, re.DOTALL)
        headings = re.findall(r"<th[^>]*>(.*?)</th>", first)
        for row in rows:
            cells = re.findall(r"<td([^>]*)>", row)
            labels = [re.search(r'data-label="([^"]*)"', cell) for cell in cells]
            yield headings, [label[1] for label in labels if label]


class TestPage:
    def test_what_others_wrote_is_text(self) -> None:
        """Nothing of a record, a run or HubSpot becomes markup."""
        page = shown(a_report(ledger="javascript:alert(1)"))

        assert HOSTILE not in page
        assert "&lt;script&gt;" in page
        assert "&lt;dag&gt;" in page
        assert 'href="javascript' not in page
        assert "<script" not in page

    def test_what_it_says(self) -> None:
        """Numbers, outcomes, reasons, problems, changes."""
        page = " ".join(shown(a_report()).split())

        for said in ("failed", "2 tries", "<b>1</b> updated", "33.3 %", "VALIDATION_ERROR", "c-1", "0:01:15"):
            assert said in page

    def test_the_direction_of_a_value_stays_within_its_cell(self) -> None:
        """What is written from right to left is at the left of its cell; an address has its name first."""
        report = Report()
        report.add(Result(1, "מ@example.com", Outcome.UPDATED, 200, changes={"city": ("حلب", "חיפה")}))
        report.add(Result(2, "ב@example.com", Outcome.INVALID, None, "KEY", "לא", ("email",)))
        page = shown(json.loads(json.dumps(report.to_dict())))

        assert page.count("dir=") == 2
        for address in ("מ@example.com", "ב@example.com"):
            assert f'<bdi dir="ltr">{address}</bdi></td>' in page
        for value in ("حلب", "חיפה"):
            assert f"<bdi>{value}</bdi></td>" in page

    def test_a_code_leads_to_what_it_means(self) -> None:
        """Of a reason and of a problem; also in a report of a version that had no codes, and without keys."""
        report = a_report()
        older = json.loads(json.dumps(report))
        for each in (*older["reasons"], *older["problems"]):
            del each["code"]

        for told in (report, older, masked(report)):
            assert shown(told).count('<a href="reasons#hc-200">HC-200</a>') == 1
            assert shown(told).count('<a href="reasons#hc-101">HC-101</a>') == 1

    def test_what_the_codes_mean(self) -> None:
        """A page of their own has a place for each."""
        page = render_reasons()

        assert '<h2 id="hc-101">HC-101</h2>' in page
        assert "outcome <code>invalid</code>, category <code>KEY</code>" in page.replace("Outcome", "outcome")
        assert "`" not in page

    def test_rows_that_had_nothing_to_send(self) -> None:
        """Whoever may not read XComs sees the count, too; a report of an older version has none."""
        report = a_report(without_values=1_200)
        older = {name: value for name, value in report.items() if name != "without_values"}

        for told in (report, masked(report)):
            assert "Rows with nothing to send but their key: 1,200." in shown(told)
        assert "nothing to send" not in shown(older)
        assert "nothing to send" not in shown(a_report())

    def test_the_figures_of_a_state(self) -> None:
        """What was audited, has drifted and is overdue; why all rows were read, if they were."""
        state = {"table": "hub", "read_anew": "refresh=True", "audited": 34, "drifted": 2, "overdue": 1_500}
        page = " ".join(shown(a_report(state=state)).split())

        for said in (
            "<h2>State <code>hub</code></h2>",
            "All rows were looked up: refresh=True",
            '<tr><th>Rows in the source</th><td class="count">3</td></tr>',
            '<tr><th>Audited</th><td class="count">34</td></tr>',
            '<tr><th>Overdue for an audit</th><td class="count">1,500</td></tr>',
        ):
            assert said in page
        assert "Overdue for an audit" in shown(masked(a_report(state=state)), is_masked=True)
        gone = {"gone": 3, "left_alone": 1, "nobody_because": "a row is not valid"}
        page = " ".join(shown(a_report(state={**state, **gone})).split())
        assert '<tr><th>Gone, and left alone</th><td class="count">1</td></tr>' in page
        assert "Nobody was removed: a row is not valid" in page
        removed = {**a_report(state=state), "removals": 1}
        for told in (removed, masked(removed)):
            assert '<tr><th>Rows in the source</th><td class="count">2</td></tr>' in shown(told)
        older = {name: value for name, value in a_report().items() if name not in ("state", "removals")}
        assert '<td class="count">3</td>' in shown({**older, "state": state})
        for none in (a_report(state={"table": "hub", "read_anew": None}), older):
            assert "Rows in the source" not in shown(none)

    def test_what_became_of_lists(self) -> None:
        """How many contacts came in, were in, and left; those of the most contacts first, and as text."""
        told = {
            "7": {"name": "Small", "removed": 1, "absent": 1},
            "101": {"name": HOSTILE, "added": 1_200, "member": 3},
        }
        report = {**a_report(), "lists": told, "lists_created": ["New"]}
        page = " ".join(shown(report).split())

        assert page.index(">101<") < page.index(">7<")
        assert 'data-label="Added"><bdi>1,200</bdi></td>' in page
        assert 'data-label="Already members"><bdi>3</bdi></td>' in page
        assert 'data-label="Left"><bdi>1</bdi></td>' in page
        assert 'data-label="Were not members"><bdi>1</bdi></td>' in page
        assert HOSTILE not in page
        assert "Lists created: New" in page
        assert "objectLists" not in page  # without a portal

        told.pop("7")
        page = shown(report)
        assert "Not members" not in page
        for none in (a_report(), {name: each for name, each in a_report().items() if "lists" not in name}):
            assert "Lists" not in shown(none)

    def test_where_lists_are(self) -> None:
        """The portal's address of them, as text: Airflow's tab opens no window."""
        portal = {"id": 5, "url": "https://app-eu1.hubspot.com/contacts/5/objects/0-1/views/all/list"}
        report = {**a_report(portal=portal), "lists": {"7": {"name": "Small", "added": 1}}}

        page = shown(report)

        assert "<code>https://app-eu1.hubspot.com/contacts/5/objectLists/</code>" in page
        assert "objectLists" not in shown({**report, "portal": {"id": 5, "url": "https://example.com"}})

    def test_records_without_their_list(self) -> None:
        """They are counted where the lists are, whatever they ended as; their reasons are below."""
        report = Report()
        for row, outcome in enumerate((Outcome.UNAVAILABLE, Outcome.REJECTED, Outcome.REJECTED), 1):
            report.add(Result(row, f"{row}@example.com", outcome, 503, LIST, "the list: no"))

        assert "whose contact may not be in its list: 3." in shown(report.to_dict())
        assert "may not be in its list" not in shown(a_report())

    def test_a_contact_that_is_archived(self) -> None:
        """It is told from one whose properties are cleared."""
        report = Report(dry_run=True)
        for row, category in enumerate(("WOULD_ARCHIVE", "WOULD_UPDATE"), 1):
            report.add(
                Result(row, "k", Outcome.NOT_ATTEMPTED, category=category, changes={"city": ("Rome", "")})
            )

        assert shown(report.to_dict()).count('<span class="none">archived</span>') == 1

    def test_many_lists(self) -> None:
        """A page has a hundred, and says how many more there are."""
        report = Report()
        for number in range(1, 1_131):
            ended = Result(number, "x", Outcome.UPDATED, list_id=str(number), membership=Membership.ADDED)
            report.add(ended)
        report.name_lists(lambda list_id: f"n{list_id}", [f"n{number}" for number in range(1_130)])

        for told in (report.to_dict(), masked(report.to_dict())):
            page = shown(told)
            assert page.count('data-label="Id"') == 100
            assert "And 1,030 more lists of fewer contacts: 1,030 added, 0 already members." in page
            assert ", and 1,030 more</p>" in page

    def test_names_of_lists_can_be_hidden(self) -> None:
        """A column of the records may have given them; their ids and counts are shown."""
        report = {**a_report(), "lists": {"7": {"name": "Patients of B", "added": 2}, "a b": {"name": "x"}}}
        report["lists_created"] = ["Patients of B"]

        told = masked(report)

        assert told["lists"] == {"7": {"name": HIDDEN, "added": 2}, HIDDEN: {"name": HIDDEN}}
        assert told["lists_created"] == [HIDDEN]
        assert "Patients" not in shown(told, is_masked=True).partition("<body>")[2]

    def test_in_which_try_a_record_ended(self) -> None:
        """Once there were several."""
        report = Report()
        report.add(Result(1, "a@example.com", Outcome.REJECTED, 400, earlier=1))
        report.add(Result(2, "b@example.com", Outcome.REJECTED, 400))

        page = shown(report.to_dict())

        assert [each.split("<")[0] for each in page.split('data-label="Try"><bdi>')[1:]] == ["1", "2"]

    def test_keys_and_values_can_be_hidden(self) -> None:
        """What is left are counts, outcomes, categories and names of properties."""
        page = shown(masked(a_report()), is_masked=True)

        for value in ("a@example.com", "b@example.com", "alert", "=cmd"):
            assert value not in page
        assert "VALIDATION_ERROR" in page
        assert HIDDEN in page
        assert "you may not read" in page

    def test_nothing_to_show(self) -> None:
        """No report, and a report of no record."""
        assert "There is no report." in shown(None)
        assert "The source had no records." in shown(Report(api_version="v1").to_dict())
        assert "Problems as CSV" not in shown(Report(api_version="v1").to_dict())
        assert "Problems as CSV" in shown(a_report())

    @pytest.mark.parametrize("dry_run", [False, True])
    def test_a_run_that_broke_off(self, dry_run: bool) -> None:
        """It says why, and takes nothing for an empty source, nor for what a sync would do."""
        told = Report(dry_run=dry_run, api_version="2026-09", stopped="HC-511: no such run").to_dict()
        page = shown(told)

        assert "Stopped early: HC-511: no such run" in page
        assert "No record was read." in page
        for said in ("The source had no records", "would do", 'class="tile"'):
            assert said not in page
        assert ("Nothing was written." in page) is dry_run
        assert ">no records<" in render_dag(HEADING, [Row(HEADING, Line.of(told), "/one")])

    def test_each_cell_has_the_label_of_its_column(self) -> None:
        """On a phone, where a row is a card, a value is called as the heading calls it."""
        lists = Report(api_version="2026-09")
        for membership in Membership:
            lists.add(Result(1, "a@example.com", Outcome.UPDATED, list_id="7", membership=membership))
        rows = [Row(HEADING, Line.of(a_report(state={"table": "hub", "drifted": 7})), "/one")] * 2
        pages = [
            *(shown(report) for report in (a_report(), planned(), json.loads(json.dumps(lists.to_dict())))),
            render_run(HEADING, rows, {}),
            render_dag(Heading("dag"), rows),
        ]

        tables = [table for page in pages for table in cards_of(page)]
        assert len(tables) == 13
        for headings, labels in tables:
            assert labels == headings

    def test_a_run_of_many(self) -> None:
        """The worst first, also those without a report, with their sum; a mapped task has its name."""
        line = Line.of(a_report())
        rows = [
            Row(HEADING._replace(state="success", map_name="Oslo"), line, "/good"),
            Row(HEADING._replace(state=None, task_id="later", map_index=-1), None, "/later"),
            Row(HEADING._replace(state="success", map_index=1), line._replace(problems=9), "/worse?x=1&y=2"),
            Row(HEADING._replace(state="failed", task_id="broken", map_index=-1), None, "/broken"),
        ]
        page = render_run(HEADING, rows, {"dag": "/dag"}, left_out=3)

        assert [page.index(f'href="/{name}') for name in ("broken", "worse", "good", "later")] == sorted(
            page.index(f'href="/{name}') for name in ("broken", "worse", "good", "later")
        )
        assert 'href="/worse?x=1&amp;y=2"' in page
        for said in (
            "task [Oslo]",
            "task [1]",
            "It failed before it had a report",
            "Not run yet",
            "3 more tasks",
        ):
            assert said in page
        assert '<tr class="total"><td data-label="Task">All</td>' in page
        assert '<td class="count" data-label="Records"><bdi>6</bdi></td>' in page
        assert "No task of this run" in render_run(HEADING, [], {})

    def test_the_last_runs(self) -> None:
        """When each began, what became of it, and how many contacts people have edited, if a state knows."""
        line = Line.of(a_report(state={"table": "hub", "drifted": 7}))
        heading = HEADING._replace(started=datetime(2026, 11, 27, 8, 5, tzinfo=UTC))
        page = render_dag(
            Heading("dag"), [Row(heading, line, "/one"), Row(heading, None, "/two")], left_out=2
        )

        for said in (
            "2026-11-27 08:05",
            ">Drifted<",
            '"Drifted"><bdi>7</bdi><',
            "2 mapped tasks are not counted",
        ):
            assert said in page
        assert "All</td>" not in page
        assert ">updated</li>" in page, "the colours are explained"
        assert "Drifted" not in render_dag(Heading("dag"), [Row(heading, Line.of(a_report()), "/one")])
        assert "None of the last runs" in render_dag(Heading("dag"), [])

    def test_several_lines_together(self) -> None:
        """Counts are added, the longest time counts, and a drift is known if any task knows it."""
        one = Line(3, {"updated": 2, "rejected": 1}, 1, 4, 5.0, None, {})
        two = Line(2, {"updated": 2}, 0, 3, 9.0, 6, {"changes": 1})

        assert Line.sum([one, two]) == Line(5, {"updated": 4, "rejected": 1}, 1, 7, 9.0, 6, {"changes": 1})
        assert Line.sum([]) == Line()

    def test_a_plan_and_what_was_written(self) -> None:
        """They have no sum: it would count each contact twice. Other syncs of a run have one."""
        one, two, three = (
            Row(HEADING, Line.of(report), "/")
            for report in (planned(plan={"changes": 2}), a_report(), a_report())
        )

        assert "All</td>" not in render_run(HEADING, [one, two], {})
        assert "All</td>" in render_run(HEADING, [two, three], {})
        assert "<bdi>longest 0:01:15</bdi>" in render_run(HEADING, [two, three], {})
        assert "All</td>" not in render_run(HEADING, [two], {})

    def test_what_decided(self) -> None:
        """It stands first: what the task does, and by which rules; also for who may not read XComs."""
        report = Report(api_version="2026-09")
        report.add(Result(1, "a@example.com", Outcome.NOT_FOUND, 404, "OBJECT_NOT_FOUND", "no contact"))
        report.add(Result(2, "b@example.com", Outcome.REJECTED, 400, "VALIDATION_ERROR", "no"))
        decided(Policy.of({404: "skip"}, 0), report, None)
        told = report.to_dict()

        for page in (shown(told), shown(masked(told), is_masked=True)):
            body = page.partition("<body>")[2]
            assert body.index("The task fails") < body.index('class="tiles"')
            assert "1 not_found (404): skip, by status_actions[404]" in body
            assert "1 rejected (400): fail, by default; decides, since max_failures=0 tolerates none" in body
        assert "The task " not in shown(a_report()).partition("<body>")[2], "it is older"

    @pytest.mark.parametrize("is_masked", [True, False])
    def test_what_ended_a_run_before_any_record(self, is_masked: bool) -> None:
        """What it means and what to do, once; the source is not called empty."""
        report = Report(api_version="v1")
        note_what_ended_it(report, PreflightError(["ada"]), Action.FAIL_NOW, "HC-502: ada")
        told = report.to_dict()
        page = shown(masked(told) if is_masked else told, is_masked=is_masked)

        for said in (
            "The task fails, without another try",
            "<li>HC-502 (PreflightError) ended the run</li>",
            "Correct everything that the message lists.",
            "No record was read.",
        ):
            assert page.count(said) == 1
        assert "The source had no records" not in page
        report.add(Result(1, "a", Outcome.NOT_ATTEMPTED, None, "PREFLIGHT", "no"))
        assert shown(report.to_dict()).count("Correct everything that the message lists.") == 1

    def test_a_run_without_records(self) -> None:
        """It is not always the source that has none."""
        stopped = Report(api_version="v1", stopped="401").to_dict()
        applied = Report(api_version="v1", plan={"changes": 0, "creates": 0}).to_dict()
        assert "No record was read." in shown(stopped)
        assert "The plan had no records." in shown(applied)

    def test_a_dry_run_speaks_of_the_future(self) -> None:
        """What it would do stands in the tiles and the bar; nothing of it is a problem or not attempted."""
        page = " ".join(shown(planned()).partition("<body>")[2].split())

        for count, name in ((2, "To change"), (1, "To create"), (0, "To remove"), (1, "Nothing to write")):
            assert f"<b>{count}</b><span>{name}</span>" in page
        assert "<b>1</b><span>Cannot be written</span>" in page
        assert "<b>2</b> to change" in page
        assert "What would change" in page
        assert '<span class="none">cleared</span>' in page
        assert '<span class="none">empty</span>' in page
        for word in ("not attempted", "not_attempted", "problem", "Not written", "went wrong"):
            assert word not in page.replace("Problems as CSV", "")

    def test_what_a_plan_costs(self) -> None:
        """Calls and minutes, moves of stages, guards with what they count, and who is asked for approval."""
        plan: dict[str, Any] = {
            "rows": 5,
            "changes": 2,
            "creates": 1,
            "removals": 0,
            "calls": 1_234,
            "minutes": 2.5,
        }
        plan |= {"stage_moves": {"lead → customer": 2}, "sha256": "0123456789abcdef" * 4}
        report = planned(plan=plan, limits={"changes": 0.5, "creates": 10, "removals": 0.1})
        approval = ("/dags/d/runs/r/tasks/approve", "approve")
        page = " ".join(shown(report, approval=approval).split())

        for said in (
            "1,234 calls besides those with which each run begins, about 2.5 minutes",
            "2: lead → customer",
            "<th>Guard: changes</th><td>2 of at most 2 (50 % of 5 rows)</td>",
            "<th>Guard: creates</th><td>1 of at most 10</td>",
            "<th>Guard: removals</th><td>0 of at most 10 %, or one</td>",
            '<a href="/dags/d/runs/r/tasks/approve" target="_blank"',
        ):
            assert said.replace("&#39;", "'") in page.replace("&#39;", "'")
        assert "waits for an approval" not in shown(report)
        framed = shown(report, approval=approval, is_framed=True)
        assert "waits for an approval: task <b><bdi>approve</bdi></b>, tab" in framed
        assert approval[0] not in framed, "a click in Airflow's frame would do nothing"

    def test_a_plan_that_was_applied(self) -> None:
        """Its figures are not called a guard; those that guards have counted are."""
        counts = {"rows": 1, "changes": 1, "creates": 0, "removals": 0}

        assert "<h2>Plan</h2>" in shown(a_report(plan={**counts, "sha256": "01" * 32}))
        assert "<h2>Guards</h2>" in shown(a_report(plan=counts))

    def test_limits_of_a_run_that_counts_nothing(self) -> None:
        """A guard of removals alone: the state knows of how many."""
        assert limits(a_report(limits={"removals": 3})) == [("removals", None, "3")]
        assert limits(a_report(limits={"removals": 0.1})) == [("removals", None, "10 %, or one")]
        assert limits(a_report()) == []

    def test_the_run_before(self) -> None:
        """How many more or fewer, which reasons are new, and which are gone."""
        before = Report(api_version="2026-09")
        before.add(Result(1, "a@example.com", Outcome.UPDATED, 200))
        before.add(Result(2, "b@example.com", Outcome.UPDATED, 200))
        before.add(Result(3, "c@example.com", Outcome.NOT_FOUND, 404, "OBJECT_NOT_FOUND", "no contact"))
        before.add(Result(4, "d@example.com", Outcome.INVALID, None, "KEY", "no", ("email",)))
        report, old = a_report(), json.loads(json.dumps(before.to_dict()))

        page = " ".join(shown(report, before=("/before?a=1&b=2", old)).split())

        assert [tile.more for tile in tiles(report, old)] == [-1, 0, 0, 0]
        assert "<small>1 fewer than in the run before</small>" in page
        assert "<small>as in the run before</small>" in page
        assert 'href="/before?a=1&amp;b=2"' in page
        assert page.count('<span class="state">new</span>') == 1, "of the rejected one"
        assert (
            'No longer, as against the run before: 1 not found (<a href="reasons#hc-210">HC-210</a>)' in page
        )
        assert "run before" not in shown(report)

    def test_problems_can_be_chosen(self) -> None:
        """By outcome; a choice that there is not is none."""
        page = shown(a_report(), chosen="invalid")

        assert '<a href="/hubcontact/report?a=1&amp;b=2&amp;outcome=rejected">Rejected 1</a>' in page
        assert "<b>Invalid 1</b>" in page
        assert "HC-101" in page
        assert "HC-200" not in page
        for odd in ("", "odd"):
            assert "<b>All 2</b>" in shown(a_report(), chosen=odd)
            assert "HC-200" in shown(a_report(), chosen=odd)

    def test_a_key_leads_to_its_contact(self) -> None:
        """If portal and record id are known; the addresses of a portal are never anything but HTTPS."""
        portal = {"id": 5, "url": "https://app-eu1.hubspot.com/contacts/5/objects/0-1/views/all/list"}
        report = Report(api_version="2026-09", portal=portal)
        report.add(
            Result(1, "a@example.com", Outcome.UPDATED, 200, changes={"city": (None, "x")}, contact="7")
        )
        report.add(Result(2, "b@example.com", Outcome.REJECTED, 400, "X", "no", contact="8"))
        report.add(Result(3, "c@example.com", Outcome.NOT_FOUND, 404, "Y", "no"))
        told = report.to_dict()
        page = shown(told)

        for contact, key in (("7", "a@example.com"), ("8", "b@example.com")):
            address = f"https://app-eu1.hubspot.com/contacts/5/record/0-1/{contact}"
            assert f'<a href="{address}" target="_blank" rel="noopener noreferrer">{key}</a>' in page
        assert page.count("/record/0-1/") == 2
        assert "right click" in shown(told, is_framed=True)
        assert "right click" not in page
        written = Report(api_version="2026-09", portal=portal)
        changes: dict[str, tuple[str | None, str]] = {"city": (None, "x")}
        written.add(Result(1, "a@example.com", Outcome.UPDATED, 200, changes=changes, contact="7"))
        assert "right click" in shown(written.to_dict(), is_framed=True), "links also without a problem"
        assert "right click" not in shown(Report(portal=portal).to_dict(), is_framed=True)
        odd = {**told, "portal": {"id": 5, "url": "javascript:alert(1)//contacts/5/objects/0-1"}}
        assert "/record/0-1/" not in shown(odd)
        assert "/record/0-1/" not in shown(masked(told), is_masked=True)

    def test_an_address_is_not_broken(self) -> None:
        """Lines may break at its hyphens otherwise."""
        report = Report(api_version="2026-09")
        report.add(Result(1, "x", Outcome.NOT_FOUND, 404, "Y", "no contact has the email a-b@c-d.example"))

        assert '<span class="address">a-b@c-d.example</span>' in shown(report.to_dict())

    def test_a_sample_says_that_it_is_one(self) -> None:
        """And where all records are."""
        report = Report(api_version="2026-09")
        for row in range(1, 9):
            report.add(Result(row, f"{row}@example.com", Outcome.NOT_FOUND, 404, "Y", "no contact"))

        page = shown(report.to_dict())
        assert "The first 5 of 8." in page
        assert "These records are a sample. A <code>ledger</code> keeps a line for every record" in page
        assert "s3://logs</code>" in shown({**report.to_dict(), "ledger": "s3://logs"})
        assert "are a sample" not in shown(a_report()), "it has all two"

    def test_all_changes_are_not_called_a_sample(self) -> None:
        """Of a run, of a dry run, and where a contact was written that may not be in its list."""
        assert "What was changed</h2>" in shown(a_report())
        assert "What would change</h2>" in shown(planned())
        more = Result(4, "d@example.com", Outcome.REJECTED, 400, LIST, "no", changes={"city": (None, "Ulm")})
        for left_out in (
            {"outcomes": {"updated": 2}},
            {"reasons": [{**a_report()["reasons"][0], "category": LIST}]},
        ):
            assert "What was changed: a sample</h2>" in shown({**a_report(), **left_out})
        report = Report(api_version="2026-09")
        report.add(more)
        assert "What was changed</h2>" in shown(report.to_dict())
        would = {**planned(), "planned": {"changes": 3, "creates": 1, "removals": 0}, "rows": 6}
        would["outcomes"] = {**would["outcomes"], "not_attempted": 4}
        assert "What would change: a sample</h2>" in shown(would)

    def test_a_phone_has_the_headings_of_a_table(self) -> None:
        """Beside each value of a card is what the wide table says above it."""
        for report, labels in ((a_report(), {"Had", "Got"}), (planned(), {"Has", "Would get"})):
            page = shown(report)
            for label in labels:
                assert f"<th>{label}</th>" in page
                assert f'data-label="{label}"' in page

    def test_a_table_that_opens_in_a_spreadsheet(self) -> None:
        """No cell is a formula, and each is in quotation marks, so that no ; or tab in one begins another."""
        text = problems_csv(a_report())
        rows = list(csv.reader(io.StringIO(text)))

        assert text.startswith('"row","key","outcome",')
        assert rows[0][:3] == ["row", "key", "outcome"]
        assert rows[2][1] == "'=cmd|'/c calc'!A1@example.com"
        assert [row[-2] for row in rows] == ["code", "HC-200", "HC-101"]
        lines = problems_csv(a_report()).splitlines()
        assert all(line.startswith('"') and line.endswith('"') for line in lines)

    @pytest.mark.parametrize("begins", "=+-@\uff1d\uff0b\uff0d\uff20")
    def test_what_a_spreadsheet_would_compute(self, begins: str) -> None:
        """Is text, also as East Asian keyboards write it, and behind blanks."""
        problem = {**a_report()["problems"][0], "key": f"\t {begins}cmd", "reason": f"{begins}1"}
        _, row = csv.reader(io.StringIO(problems_csv({"problems": [problem]})))
        assert row[1].startswith("'")
        assert row[5] == f"'{begins}1"

    def test_charts(self) -> None:
        """Two points make a line; a limit above it gives the height."""
        assert chart([(1.0, 5.0)]) is None
        drawn = chart([(1.0, 5.0), (2.0, 10.0)], limit=20.0)
        assert drawn is not None
        assert (drawn.line, drawn.most, drawn.limit) == ("300.0,90.0 600.0,60.0", 20.0, 0.0)
        assert drawn.area == "300.0,120 300.0,90.0 600.0,60.0 600.0,120"

    def test_successes_come_first(self) -> None:
        """And only they are no problems; the order is that of all pages, whichever came first."""
        report = a_report()
        report["outcomes"] = {"of_later": 1, "rejected": 1, "unchanged": 4, "updated": 2, "invalid": 3}

        told = [(bar.outcome, bar.is_well) for bar in bars(report)]

        assert told[:3] == [("updated", True), ("unchanged", True), ("invalid", False)]
        assert told[3:] == [("rejected", False), ("of_later", False)]

    def test_a_window_begins_with_a_point_that_is_late(self) -> None:
        """Each point but the first has a rate, over ten seconds, or a little more if it is late."""
        timeline = [(0.0, 0, 0), (0.3, 30, 3), (10.0, 224, 100), (30.0, 624, 300)]
        page = shown({**a_report(), "timeline": timeline})

        rates = [30 / 0.3, (224 - 30) / (10 - 0.3)]
        drawn = chart([(0.3, rates[0]), (10.0, rates[1])])
        assert drawn is not None
        assert f'<polyline points="{drawn.line}">' in page

    @pytest.mark.parametrize(("limit", "is_drawn"), [(9_999, True), (10_000, False), (None, False)])
    def test_a_limit_that_is_none(self, limit: int | None, is_drawn: bool) -> None:
        """The sandbox's way to have no limit is no line."""
        timeline = [(0.0, 0, 0), *((5.0 * n, 10 * n, 10 * n) for n in range(1, 8))]
        page = shown({**a_report(), "timeline": timeline, "quota": {"calls_in_10_seconds": limit}})

        assert ("and HubSpot&#39;s limit" in page) is is_drawn

    @pytest.mark.parametrize(("left", "said"), [(12_345, "12,345"), (0, "0"), (None, None)])
    def test_what_is_left_of_the_day(self, left: int | None, said: str | None) -> None:
        """As HubSpot told it, if it did."""
        page = shown({**a_report(), "quota": {"calls_left_today": left}})

        assert (f">{said} calls left today<" in page) is (said is not None)
        assert ("left today" in page) is (said is not None)

    def test_calls_by_status(self) -> None:
        """What was answered, and how often."""
        report = {**a_report(), "calls": {"total": 1_204, "by_status": {"200": 1_200, "429": 4}}}

        assert "1,204 calls (1,200 with 200, 4 with 429)" in shown(report)
        assert ">12 calls<" in shown(a_report())

    def test_a_short_run_has_no_charts(self) -> None:
        """Three points say nothing."""
        timeline = [(0.0, 0, 0), (5.0, 10, 10), (10.0, 20, 20)]

        assert "<svg" not in shown({**a_report(), "timeline": timeline})
        assert "Over time" not in shown({**a_report(), "timeline": []})

    @pytest.mark.parametrize("every", [1, 10, 20])
    def test_calls_are_counted_as_hubspot_does(self, every: int) -> None:
        """In windows of ten seconds: a burst of one is no rate of ten, in a long run as in a short one."""
        seconds = [0.0, *(at + 0.1 for at in range(every, 121, every)), 127.9]
        steps = [(at, 100 * int(at), 190 * int(at / 10) + min(190, 100 * int(at % 10))) for at in seconds]
        report = {**a_report(), "timeline": steps, "quota": {"calls_in_10_seconds": 190}}

        page = shown(report)

        assert "Calls in 10 seconds, and HubSpot&#39;s limit" in page
        assert "up to 190" in page
        assert "up to 100" in page

    @pytest.mark.parametrize("field", [*FIELDS])
    def test_half_a_report_is_none(self, field: str) -> None:
        """It lacks a field, or has something else in it: the page would end in the middle."""
        whole = a_report()
        assert is_report(whole)
        assert not is_report({**whole, field: None})
        assert not is_report({name: value for name, value in whole.items() if name != field})

    def test_why_there_is_no_report(self) -> None:
        """Its state says so, and what else may be once it has ended."""
        running = render(HEADING._replace(state="running"), None, AROUND)
        assert "There is no report.</b> Still running." in running
        assert "another version of this package" not in running
        assert "another version of this package" in render(HEADING, None, AROUND)
        assert "Not run yet" not in render(HEADING._replace(state=None), None, AROUND)

    @pytest.mark.parametrize(
        ("state", "says"),
        [
            ("queued", "Not run yet"),
            ("scheduled", "Not run yet"),
            ("up_for_retry", "It failed, and will be tried again"),
            ("skipped", "Skipped before it began"),
            ("success", "No report: see the task&#39;s log"),
        ],
    )
    def test_a_task_without_a_report(self, state: str, says: str) -> None:
        """Its state says why; nobody is sent to a log that does not exist yet."""
        page = render_run(HEADING, [Row(HEADING._replace(state=state), None, "/one")], {})
        assert says in page or says.replace("&#39;", "'") in page

    def test_one_of_each(self) -> None:
        """No noun is in the plural after a one."""
        plan = {"rows": 1, "changes": 1, "creates": 1, "removals": 1, "calls": 1, "minutes": 1.0}
        report = planned() | {"verified": {"records": 1, "calls": 1}, "from_earlier_tries": 1, "plan": plan}
        applied = {**a_report(), "plan": {**plan, "sha256": "0" * 64}}
        lists = {"7": {"name": "One", "added": 1}}
        pages = [
            shown(report),
            shown(applied),
            shown({**a_report(), "lists": lists, "more_lists": {"count": 1, "added": 1}}),
            render_run(HEADING, [Row(HEADING, None, "/one")], {}, left_out=1),
            render_dag(HEADING, [Row(HEADING, None, "/one")], left_out=1),
        ]

        for page in pages:
            text = re.sub(r"<[^>]+>", "", page.partition("<body>")[2])
            assert not re.findall(
                r"\b1 (?:more )?(?:records|calls|minutes|changes|creates|removals|lists|tasks|rows)\b", text
            )
        assert "1 change, 1 create, 1 removal; digest" in pages[1]

    def test_a_dry_run_among_others(self) -> None:
        """It is told apart from a run that has written, also by its colours, and a plan from a dry run."""
        for report, kind in ((planned(), "dry run"), (planned(plan={"changes": 2}), "plan")):
            page = render_dag(HEADING, [Row(HEADING, Line.of(report), "/one")])
            assert f'<span class="state">{kind}</span>' in page
            assert 'class="updated planned"' in page
        assert 'planned"' not in render_dag(HEADING, [Row(HEADING, Line.of(a_report()), "/one")])
        assert "dry run" not in render_dag(HEADING, [Row(HEADING, Line.of(a_report()), "/one")])

    @pytest.mark.parametrize(
        ("states", "worst"),
        [
            (["running", "failed"], "failed"),
            (["success", None, "upstream_failed"], "upstream_failed"),
            (["skipped", "running", "success"], "running"),
            (["skipped", "success"], "success"),
        ],
    )
    def test_the_state_of_several_mapped_tasks(self, states: list[str | None], worst: str) -> None:
        """It is the worst that one of them has, whichever comes first."""
        from airflow_provider_hubcontact.ui.reports import _merged  # noqa: PLC0415 - same

        found = [(HEADING._replace(state=state, map_index=index), None) for index, state in enumerate(states)]
        assert _merged(found)[0].state == worst

    def test_other_xcoms_are_no_reports(self) -> None:
        """Whatever they are."""
        assert not any(map(is_report, (None, 1, "report", [], {}, {"report": "other"})))
        assert is_report(Report().to_dict())


@pytest.mark.skipif(not version("apache-airflow").startswith("3."), reason="Airflow 3's API server")
class TestServer:
    """The application, as Airflow's API server mounts it, with its own users and tokens."""

    @pytest.fixture
    def address(self, monkeypatch: pytest.MonkeyPatch, run_dag: RunDag) -> str:
        """Of the report of a run."""
        with Sandbox(CONTACTS) as hubspot:
            connect(monkeypatch, hubspot.url, hubspot.token)
            with DAG("reported", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)) as dag:
                HubSpotUpdateContactOperator(
                    task_id="contacts",
                    records=[
                        {"email": "ada@example.com", "firstname": "Augusta"},
                        {"email": "nobody@example.com"},
                        {"email": "Müller"},
                    ],
                )
            run = run_dag(dag)
        (instance,) = run.get_task_instances()
        return HubSpotSyncReportLink().get_link(None, ti_key=instance.key)  # type: ignore[arg-type]

    @pytest.fixture
    def client(self, airflow_database: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
        from airflow.api_fastapi.app import create_app, purge_cached_app  # noqa: PLC0415 - heavy
        from fastapi.testclient import TestClient  # noqa: PLC0415 - heavy

        monkeypatch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS", "viewer:viewer,guest:")
        monkeypatch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", "of the tests " * 8)
        purge_cached_app()
        with TestClient(create_app(apps="core"), follow_redirects=False) as client:
            yield client
        purge_cached_app()

    def log_in(self, client: TestClient, name: str, role: str | None) -> None:
        from airflow.api_fastapi.app import get_auth_manager  # noqa: PLC0415 - heavy
        from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser  # noqa: PLC0415 - same

        token = get_auth_manager().generate_jwt(SimpleAuthManagerUser(username=name, role=role))
        client.cookies.set("_token", token)

    def test_who_may_read_the_dag(self, client: TestClient, address: str) -> None:
        """Sees the page, and nothing is loaded from elsewhere or kept."""
        self.log_in(client, "viewer", "viewer")

        answer = client.get(address)

        assert answer.status_code == 200
        assert "ada@example.com" in answer.text
        assert "OBJECT_NOT_FOUND" in answer.text
        assert answer.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in answer.headers["content-security-policy"]

    def test_downloads(self, client: TestClient, address: str, tmp_path: Path) -> None:
        """As a table, which Excel reads as UTF-8 and the command line as records, and as JSON."""
        self.log_in(client, "viewer", "viewer")

        table = client.get(address.replace("/report?", "/report.csv?"))
        document = client.get(address.replace("/report?", "/report.json?"))

        assert table.content.startswith(codecs.BOM_UTF8)
        (tmp_path / "problems.csv").write_bytes(table.content)
        with records_in(str(tmp_path / "problems.csv")) as records:
            read = [dict(row) for row in records]  # type: ignore[call-overload] # of a file, they are mappings
        assert {(row["row"], row["key"]) for row in read} == {("2", "nobody@example.com"), ("3", "müller")}
        assert "attachment" in table.headers["content-disposition"]
        assert document.json()["outcomes"] == {"updated": 1, "not_found": 1, "invalid": 1}

    def test_who_may_not_read_xcoms(
        self, client: TestClient, address: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Sees no key and no value, in downloads either."""
        from airflow.api_fastapi.app import get_auth_manager  # noqa: PLC0415 - heavy

        self.log_in(client, "viewer", "viewer")
        manager = get_auth_manager()
        may = manager.is_authorized_dag

        def but_xcoms(**asked: Any) -> bool:
            return "XCOM" not in str(asked.get("access_entity")) and may(**asked)

        monkeypatch.setattr(manager, "is_authorized_dag", but_xcoms)

        for path in ("/report?", "/report.json?", "/report.csv?"):
            answer = client.get(address.replace("/report?", path))
            assert answer.status_code == 200
            assert "example.com" not in answer.text

    def test_who_may_not_read_the_dag(self, client: TestClient, address: str) -> None:
        """Gets 403."""
        self.log_in(client, "guest", None)

        for path in ("/report?", "/report.json?", "/report.csv?", "/run?"):
            answer = client.get(address.replace("/report?", path))
            assert answer.status_code == 403
            assert (
                "json" if "json" in path else "No access"
            ) in f"{answer.headers['content-type']} {answer.text}"
            assert "example.com" not in answer.text

    def test_who_is_not_logged_in(self, client: TestClient, address: str) -> None:
        """Gets the login, and comes back."""
        answer = client.get(address)

        assert answer.status_code == 307
        assert "/auth/login" in answer.headers["location"]
        assert "next=" in answer.headers["location"]

    def test_other_tasks(self, client: TestClient, address: str) -> None:
        """One that has no report, and one that is none."""
        self.log_in(client, "viewer", "viewer")
        other = address.replace("task_id=contacts", "task_id=other").replace(
            "map_index=-1", "map_index={MAP_INDEX}"
        )

        assert "has no task other." in client.get(other).text
        assert "has no task other [7]." in client.get(other.replace("{MAP_INDEX}", "7")).text
        assert client.get(other.replace("/report?", "/report.csv?")).status_code == 404

    @pytest.mark.parametrize(
        ("path", "says"),
        [
            ("dag?dag_id=<b>none", "Airflow has no DAG &lt;b&gt;none."),
            ("run?dag_id=none&run_id=r", "Airflow has no DAG none."),
            ("run?dag_id=reported&run_id=r", "The DAG reported has no run r."),
            ("report?dag_id=reported&run_id=r&task_id=contacts", "The DAG reported has no run r."),
            ("report?dag_id=reported&run_id={run}&task_id=t", "of the DAG reported has no task t."),
            ("report?dag_id=reported&run_id={run}&task_id=contacts&map_index=3", "has no task contacts [3]."),
        ],
    )
    def test_what_there_is_not(self, client: TestClient, address: str, path: str, says: str) -> None:
        """It is 404, with a page that says what is missing; a program gets the same as JSON."""
        self.log_in(client, "viewer", "viewer")
        path = path.replace("{run}", parse_qs(urlsplit(address).query)["run_id"][0].replace("+", "%2B"))

        answer = client.get(f"/hubcontact/{path}")

        assert (answer.status_code, says in answer.text) == (404, True)
        assert answer.headers["content-type"].startswith("text/html")
        if path.startswith("report"):
            for name in ("csv", "json"):
                other = client.get(f"/hubcontact/{path.replace('report', f'report.{name}', 1)}")
                assert other.status_code == 404
            assert says in other.json()["detail"]
            assert "default-src 'none'" in other.headers["content-security-policy"]

    def test_what_there_is_without_a_report(
        self, client: TestClient, monkeypatch: pytest.MonkeyPatch, run_dag: RunDag
    ) -> None:
        """A DAG, a run and a task of others are found: their pages say what they do not have."""
        self.log_in(client, "viewer", "viewer")
        with DAG("others", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)) as dag:
            PythonOperator(task_id="other", python_callable=dict)
            PythonOperator.partial(task_id="mapped", python_callable=dict).expand(op_args=[[], []])
        named = {"dag_id": "others", "run_id": run_dag(dag).run_id}

        for path, says in (
            ("dag?dag_id=others", "None of the last runs of this DAG has a HubSpot sync."),
            (f"run?{urlencode(named)}", "No task of this run is a HubSpot sync."),
            (f"report?{urlencode({**named, 'task_id': 'other'})}", "There is no report."),
            (f"report?{urlencode({**named, 'task_id': 'mapped'})}", "There is no report."),
            (f"report?{urlencode({**named, 'task_id': 'mapped', 'map_index': 1})}", "There is no report."),
        ):
            answer = client.get(f"/hubcontact/{path}")
            assert (answer.status_code, says in answer.text) == (200, True)

    @pytest.mark.parametrize("index", ["9" * 10, "9" * 5_000, "-9223372036854775809", "x", ""])
    def test_an_index_that_no_task_has(self, client: TestClient, address: str, index: str) -> None:
        """It is no number for a database, and the task that is not mapped is shown."""
        self.log_in(client, "viewer", "viewer")
        answer = client.get(address.replace("map_index=-1", f"map_index={index}"))
        assert (answer.status_code, "Updated" in answer.text) == (200, True)

    def test_a_name_that_no_database_takes(self, client: TestClient, address: str) -> None:
        """It is not found, and not asked for."""
        self.log_in(client, "viewer", "viewer")
        assert client.get(address.replace("task_id=", "task_id=%00")).status_code == 404

    def test_the_codes(self, client: TestClient, address: str) -> None:
        """The link of a code leads to its place, for whoever is logged in."""
        assert client.get("/hubcontact/reasons").status_code == 307

        self.log_in(client, "viewer", "viewer")
        assert 'href="reasons#hc-210"' in client.get(address).text
        assert 'id="hc-210"' in client.get("/hubcontact/reasons").text

    def test_a_run(self, client: TestClient, address: str) -> None:
        """Links to each report of it."""
        self.log_in(client, "viewer", "viewer")

        page = client.get(address.replace("/report?", "/run?")).text

        assert 'href="/hubcontact/report?dag_id=reported&amp;' in page

    def test_several_runs(self, client: TestClient, monkeypatch: pytest.MonkeyPatch, run_dag: RunDag) -> None:
        """A task that failed without a report, mapped tasks by their names, the run before, the last runs."""
        self.log_in(client, "viewer", "viewer")
        names = {"first": "ada@example.com", "second": "nobody@example.com"}
        with Sandbox(CONTACTS) as hubspot:
            connect(monkeypatch, hubspot.url, hubspot.token)
            with DAG("several", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)) as dag:
                HubSpotUpdateContactOperator.partial(
                    task_id="mapped",
                    map_index_template="{{ task.task_display_name }} of {{ ti.map_index }}",
                    max_failures=9,
                ).expand(records=[[{"email": email, "firstname": "Augusta"}] for email in names.values()])
                HubSpotUpdateContactOperator(task_id="broken", sql_conn_id="not_there", sql="SELECT 1")
                PythonOperator(task_id="other", python_callable=dict)
            runs = [run_dag(dag) for _ in range(2)]
        in_run = {"dag_id": "several", "run_id": runs[1].run_id}

        page = client.get(f"/hubcontact/run?{urlencode(in_run)}").text
        table = page.partition("<table")[2]
        assert table.index(">broken</a>") < table.index(">mapped [mapped of 1]</a>")
        assert table.index(">mapped [mapped of 1]</a>") < table.index(">mapped [mapped of 0]</a>")
        assert "It failed before it had a report" in table
        assert ">other</a>" not in table
        assert '<tr class="total">' in table

        page = client.get("/hubcontact/dag?dag_id=several").text
        assert page.count(">mapped [2 mapped]</a>") == page.count(">broken</a>") == 2
        assert page.index(quote_plus(runs[1].run_id)) < page.index(quote_plus(runs[0].run_id))
        assert client.get("/hubcontact/dag?dag_id=none").status_code == 404

        of_task = urlencode({**in_run, "task_id": "mapped", "map_index": 0})
        page = client.get(f"/hubcontact/report?{of_task}", headers={"Sec-Fetch-Dest": "document"}).text
        assert (
            f'run_id={quote_plus(runs[0].run_id)}&amp;task_id=mapped&amp;map_index=0">The run before' in page
        )
        assert "1 fewer than in the run before" in page, "of the updated ones"
        first = of_task.replace(quote_plus(runs[1].run_id), quote_plus(runs[0].run_id))
        assert "The run before" not in client.get(f"/hubcontact/report?{first}").text


def test_the_operators_are_known_by_their_names() -> None:
    """Airflow's database and its tabs know a task by them."""
    classes = {HubSpotUpdateContactOperator, HubSpotUpdateContactDecoratedOperator}
    classes |= {HubSpotPlanContactsOperator, HubSpotApplyPlanOperator}

    named = {each.__name__ for each in classes}
    assert set(OPERATORS) == named
    (tab,) = (each for each in HubContactPlugin.external_views if each["destination"] == "task_instance")
    assert set(tab["applies_to"]["operator"]) == named


def test_airflow_understands_for_which_tasks_a_tab_is() -> None:
    """It leaves out a tab of which it does not."""
    from airflow import plugins_manager  # noqa: PLC0415 - of Airflow 3.4 on

    find_error = getattr(plugins_manager, "_describe_applies_to_path_error", None)
    if find_error is None:
        pytest.skip("tabs are for some tasks from Airflow 3.4 on")
    (scope,) = (tab["applies_to"] for tab in HubContactPlugin.external_views if "applies_to" in tab)
    for path, values in scope.items():
        assert find_error(path, "task_instance") is None
        assert all(isinstance(value, str) for value in values)


def test_each_tab_has_a_route_of_its_own() -> None:
    """Airflow leaves out a tab whose route another one has."""
    routes = [each["url_route"] for each in HubContactPlugin.external_views]

    assert len(routes) == len(set(routes)) == 3


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0.0 %"),
        (0.0004, "< 0.1 %"),
        (0.001, "0.1 %"),
        (0.5, "50.0 %"),
        (0.9995, "> 99.9 %"),
        (1.0, "100.0 %"),
    ],
)
def test_a_share(share: float, text: str) -> None:
    """What is there is never 0 %, and what is not all never 100 %."""
    assert _percent(share) == text


@pytest.mark.parametrize(
    "raised",
    [ValueError("no JSON"), ImportError("a class that is gone"), RuntimeError("a store that is away")],
)
def test_an_xcom_that_cannot_be_read(raised: Exception) -> None:
    """It is no report, and no error of the page."""

    def deserialize(_: Any) -> Any:
        raise raised

    from airflow_provider_hubcontact.ui.reports import _value  # noqa: PLC0415 - it needs Airflow's database

    assert _value(SimpleNamespace(deserialize_value=deserialize), None) is None
    assert _value(SimpleNamespace(deserialize_value=lambda _: "{"), None) is None
    assert _value(SimpleNamespace(deserialize_value=lambda _: '{"a": 1}'), None) == {"a": 1}
