# SPDX-License-Identifier: Apache-2.0
"""Whatever a record, a portal, a server or a command line contains: it is printed as text of one line."""

from __future__ import annotations

import ast
import csv
import io
import json
import logging
import pickle
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment

pytest.importorskip("airflow")

from airflow_provider_hubcontact import printable as module
from airflow_provider_hubcontact.cli.main import main
from airflow_provider_hubcontact.notifications.hubspot import SYNC_HTML, SYNC_TEXT
from airflow_provider_hubcontact.operators.errors import HubSpotSyncFailed, HubSpotSyncIncomplete
from airflow_provider_hubcontact.operators.hubspot import HubSpotUpdateContactOperator
from airflow_provider_hubcontact.operators.lineage import lineage_of
from airflow_provider_hubcontact.operators.options import FromLedger, Guards, Key, Ledger, Writes
from airflow_provider_hubcontact.operators.plans import HubSpotApplyPlanOperator, HubSpotPlanContactsOperator
from airflow_provider_hubcontact.printable import (
    printable_document,
    printable_json,
    printable_lines,
    printable_logger,
)
from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sandbox.crm.properties.definitions import Definition, Option
from airflow_provider_hubcontact.ui.downloads import problems_csv
from airflow_provider_hubcontact.ui.figures import Line
from airflow_provider_hubcontact.ui.heading import Heading
from airflow_provider_hubcontact.ui.masking import masked
from airflow_provider_hubcontact.ui.page import Around, Row, render, render_dag, render_message, render_run
from tests.airflow.hostile import answer, serving
from tests.airflow.running import Run, connect, run

PACKAGE = Path(module.__file__).parent

BAD = (
    "x\x1b[2K\x1b[1A\r\n::error title=forged::y\n::group::z\x07\x00\x7f\x85\x9b31m\u202e\u2066\u2028\u200b"
    "[red]r[/red][link=https://evil.example]l[/link]:bomb:"
)
"""All that a terminal, a log reader or a page could obey."""
HALF = BAD + "\ud800"
"""The same with half of a surrogate pair, which no database and no file in UTF-8 has."""
PLAIN = "[red]r[/red][link=https://evil.example]l[/link]"
"""What of it is printed as it is."""

STAGE = Definition(
    "lifecyclestage",
    f"Stage {BAD}",
    "enumeration",
    "radio",
    options=tuple(Option(f"{name} {BAD}", name, place) for place, name in enumerate(("lead", f"hot{BAD}"))),
)
CONTACTS = [
    {"email": "ada@example.com", "firstname": f"Ada {BAD}", "lifecyclestage": "lead"},
    {"email": "grace@example.com", "firstname": "Grace"},
]
ROWS: list[dict[str, Any]] = [
    {"email": "ada@example.com", "firstname": f"Augusta {BAD}", "lifecyclestage": f"hot{BAD}"},
    {"email": f"grace{BAD}@example.com", "firstname": "Grace"},
    {"email": "grace@example.com", "lifecyclestage": f"no such {BAD}"},
    {"email": "grace@example.com", f"column {BAD}": f"value {BAD}"},
    {"email": f"nobody\u202e{BAD}@example.com", "firstname": "Nobody"},
]


UNCHECKED = {"rules": [{"kind": "status", "status": 403, "on": "/crm/properties/*"}]}
"""Faults: the token may not read the portal's definitions, so that HubSpot alone checks the values."""


def is_fit(text: str) -> bool:
    """Check that all of a text is printable but for line ends, and that no line is one of a log reader's."""
    forged = [line for line in text.split("\n") if line.lstrip().startswith(("::error", "::group::z"))]
    return not forged and all(char.isprintable() or char == "\n" for char in text)


def texts(document: object) -> Iterator[str]:
    """Return all texts of a JSON document, names of fields too."""
    if isinstance(document, str):
        yield document
    elif isinstance(document, dict):
        for name, value in document.items():
            yield from texts(name)
            yield from texts(value)
    elif isinstance(document, list):
        for each in document:
            yield from texts(each)


@pytest.fixture
def hubspot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A portal with hostile values, labels and options."""
    with Sandbox() as sandbox:
        sandbox.portal.definitions["lifecyclestage"] = replace(
            sandbox.portal.definitions["lifecyclestage"], label=STAGE.label, options=STAGE.options
        )
        for contact in CONTACTS:
            sandbox.portal.create(contact)
        connect(monkeypatch, sandbox.url, sandbox.token)
        yield sandbox


def everything_is_fit(ended: Run, caplog: pytest.LogCaptureFixture) -> None:
    """Check the log, the exception, and all that is made of the report."""
    assert all(is_fit(record.getMessage()) for record in caplog.records)
    error = ended.error
    while error is not None:
        assert is_fit(str(error))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)  # type: ignore[assignment]
    report = ended.report
    if not report:
        return
    assert all(text.isprintable() for text in texts(report))
    heading = Heading("dag", "run", "task")
    downloads = {"csv": "/csv", "json": "/json"}
    for shown, is_masked in ((report, False), (masked(report), True)):
        around = Around(downloads=downloads, before=("/before", shown), is_masked=is_masked)
        assert is_fit(render(heading, shown, around))
        assert is_fit(printable_json(shown))
    assert is_fit(problems_csv(report).replace("\r\n", "\n"))
    ti = {"xcom_pull": lambda **_: report, "dag_id": "d", "task_id": "t", "run_id": "r", "map_index": -1}
    for template in (SYNC_TEXT, SYNC_HTML):
        assert is_fit(Environment(autoescape=False).from_string(template).render(ti=ti))  # noqa: S701 - as Airflow


@pytest.mark.parametrize(
    "settings",
    [
        {"upsert": True},
        {"dry_run": True, "upsert": True},
        {"guards": Guards(changes=9), "upsert": True},
        {"guards": Guards(changes=0), "upsert": True},
        {"faults": UNCHECKED, "upsert": True},
        {"writes": Writes(create_properties=True), "upsert": True},
        {"writes": Writes(stages="reset"), "status_actions": {"invalid": "succeed", "not_found": "succeed"}},
        {"ledger": Ledger("…", values=True), "status_actions": {"rejected": "retry"}},
        {"api_version": "v1", "upsert": True},
        {"mapping": {f"column {BAD}": f"property {BAD}"}},
        {"key": f"key {BAD}"},
        {"key": Key("email", property=f"id {BAD}")},
        {"json_schema": f"/nowhere {BAD.replace(chr(0), '')}.json"},
        {"records": FromLedger(f"/nowhere {BAD.replace(chr(0), '')}")},
    ],
    ids=str,
)
def test_a_run(
    hubspot: Sandbox, caplog: pytest.LogCaptureFixture, tmp_path: Path, settings: dict[str, Any]
) -> None:
    """Its log, its exception, its report, its page, its table and its messages."""
    caplog.set_level(logging.DEBUG, logger="airflow_provider_hubcontact")
    if "ledger" in settings:
        settings = settings | {"ledger": Ledger(str(tmp_path), values=True)}
    hubspot.use_faults(settings.get("faults", {}))

    everything_is_fit(
        run(**{"records": ROWS, **{name: settings[name] for name in settings if name != "faults"}}), caplog
    )


@pytest.mark.parametrize(
    "settings",
    [
        {"dry_run": f"yes {BAD}"},
        {"writes": Writes(properties={f"x{BAD}": f"y{BAD}"})},
        {"mapping": {"a": f"x{BAD}", "b": f"x{BAD}"}},
        {"mapping": {"a": "b"}, "writes": Writes(properties={f"x{BAD}": "append"})},
        {"status_actions": {BAD: "skip"}},
        {"guards": {BAD: 1}},
        {"ledger": f"sql://{BAD}", "verify": BAD},
    ],
    ids=str,
)
def test_what_a_dag_file_is_told(settings: dict[str, Any]) -> None:
    """It gets into the log of Airflow's DAG processor, and into its pages."""
    with pytest.raises(ValueError) as told:  # noqa: PT011 - whatever it says
        HubSpotUpdateContactOperator(task_id="update", records=[], **settings)

    assert is_fit(str(told.value))


def test_half_a_character(hubspot: Sandbox, caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    """In values, keys and names of columns; in a plan and a ledger as well."""
    records = [
        {"email": "ada@example.com", "firstname": HALF},
        {"email": f"grace{HALF}@example.com"},
        {"email": "grace@example.com", HALF: "x"},
    ]

    kept: list[dict[str, Any]] = [
        {"ledger": str(tmp_path / "ledger")},
        {"operator": HubSpotPlanContactsOperator, "plan": str(tmp_path / "plan")},
    ]
    for settings in kept:
        ended = run(records=records, **settings)
        everything_is_fit(ended, caplog)
        assert ended.outcomes == {"invalid": 3}


def test_a_plan_that_is_applied_late(
    hubspot: Sandbox, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """The values that contacts have got since are in the reasons."""
    made = run(
        records=ROWS[:1],
        operator=HubSpotPlanContactsOperator,
        plan=str(tmp_path),
        writes=Writes(stages="reset"),
    )
    ada = hubspot.portal.contact("ada@example.com")
    assert ada is not None
    ada.properties["firstname"] = f"Countess {BAD}"
    ended = run(operator=HubSpotApplyPlanOperator, plan=str(tmp_path))

    assert made.report["plan"]["stage_moves"]
    everything_is_fit(made, caplog)
    everything_is_fit(ended, caplog)
    assert "Countess" in ended.reasons


@pytest.mark.parametrize("status", [200, 400, 401, 404])
@pytest.mark.parametrize("version", ["2026-09", "v1"])
def test_a_server_that_is_hostile(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, status: int, version: str
) -> None:
    """Its sentences, its categories, its ids, its names and its headers."""
    body = {
        "status": "error",
        "message": BAD,
        "category": BAD,
        "subCategory": BAD,
        "correlationId": BAD,
        "policyName": BAD,
        "context": {BAD: [BAD]},
        "errors": [{"message": BAD, "code": BAD, "in": BAD, "context": {"propertyName": [BAD], "id": [BAD]}}],
        "portalId": 1,
        "timeZone": BAD,
        "uiDomain": BAD,
        "accountType": BAD,
        "results": [
            {"name": BAD, "label": BAD, "type": BAD, "fieldType": BAD, "options": [], "id": BAD},
            {"id": BAD, "properties": {"email": BAD, BAD: BAD}},
        ],
    }
    text = json.dumps(body).encode()
    with serving(answer(status, text, Content_Type="application/json")) as (url, _):
        connect(monkeypatch, url, "token", retries=0)
        everything_is_fit(
            run(records=ROWS[:1], api_version=version, writes=Writes(create_properties=True)), caplog
        )


@pytest.mark.parametrize("kind", [HubSpotSyncFailed, HubSpotSyncIncomplete])
def test_exceptions_make_their_lines_printable(kind: type[Exception]) -> None:
    """Whoever raises them, and also after they have crossed to another process."""
    error = kind(f"one\ntwo {HALF}")

    assert str(error).startswith("one\ntwo x")
    assert "\x1b" not in str(error)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301 - of this test


class TestPrintable:
    def test_no_field_is_lost(self) -> None:
        """Two names that look the same once they are printable stay two."""
        shown = printable_document({"a\n": 1, "a\r": 2, "list": [("\x1b", {"\x07": None})]})

        assert shown == {"a ": 1, "a  (2)": 2, "list": [[" ", {" ": None}]]}

    def test_machines_get_what_it_was(self) -> None:
        """JSON for them has escapes, and the same values."""
        for text in (BAD, HALF, "\U000e0001", 'ä € 𝄞 \\ " /'):
            written = printable_json({text: [text]})

            assert is_fit(written)
            assert json.loads(written) == {text: [text]}

    def test_own_lines_stay(self) -> None:
        """And nothing else that moves a cursor."""
        assert printable_lines("a\nb\rc\x1b") == "a\nb c "

    def test_a_logger_tells_its_caller(self, caplog: pytest.LogCaptureFixture) -> None:
        """Numbers stay numbers, and the line that is told is the caller's."""
        caplog.set_level(logging.INFO, logger="tests.printable")

        printable_logger("tests.printable").info("%d %s %s", 3, ValueError("a\nb"), None)

        assert caplog.records[-1].getMessage() == "3 a b None"
        assert caplog.records[-1].filename == Path(__file__).name

    def test_every_module_has_this_logger(self) -> None:
        """Only the one place asks ``logging`` for one, and what keeps addresses out of urllib3's."""
        for path in PACKAGE.rglob("*.py"):
            if path.name not in {"printable.py", "quiet.py"} and "sandbox" not in path.parts:
                called = [
                    node.attr
                    for node in ast.walk(ast.parse(path.read_text("utf-8")))
                    if isinstance(node, ast.Attribute)
                ]
                assert "getLogger" not in called, path


class TestPage:
    """A report that another task has made up."""

    REPORT: dict[str, Any] = {
        "report": "hubspot-sync-1",
        "rows": 1,
        "outcomes": {"invalid": 1},
        "statuses": {},
        "calls": {"total": 1},
        "verified": None,
        "from_earlier_tries": 0,
        "seconds": 1.0,
        "rows_per_second": 1.0,
        "api_version": BAD,
        "dry_run": False,
        "stopped": BAD,
        "ledger": BAD,
        "portal": {"id": BAD, "url": BAD},
        "quota": None,
        "timeline": [],
        "properties_created": [BAD],
        "plan": {"rows": 1, "changes": 1, "creates": 0, "stage_moves": {BAD: 1}, "sha256": BAD},
        "reasons": [
            {"count": 1, "outcome": BAD, "status": BAD, "category": BAD, "reason": BAD, "properties": [BAD]}
        ],
        "problems": [
            {
                "row": BAD,
                "key": BAD,
                "outcome": BAD,
                "status": BAD,
                "category": BAD,
                "reason": BAD,
                "properties": [BAD],
                "correlation_id": BAD,
                "earlier_try": None,
            }
        ],
        "changes": [{"row": 1, "key": BAD, "outcome": BAD, "properties": {BAD: [BAD, BAD]}}],
        "coercions": {"counts": {BAD: 1}, "sample": []},
    }

    def test_all_of_it(self) -> None:
        """Every page is text of one line, and no markup."""
        heading = Heading(BAD, BAD, BAD, 0, state=BAD, map_name=BAD)
        downloads, others = {"csv": BAD, "json": BAD}, {"run": BAD, "dag": BAD}
        around = Around(BAD, downloads, others, approval=(BAD, BAD), before=(BAD, self.REPORT), chosen=BAD)
        rows = [Row(heading, Line.of(self.REPORT), BAD), Row(heading, None, BAD)]
        pages = [
            render(heading, self.REPORT, around),
            render(heading, {**self.REPORT, "dry_run": True}, around),
            render_run(heading, rows, {"dag": BAD}),
            render_dag(heading._replace(run_id=""), rows),
            render_message(BAD, BAD),
        ]
        assert all(map(is_fit, pages))

    def test_a_table(self) -> None:
        """Each record has one line, and no cell is a formula behind a blank."""
        problems = [{**self.REPORT["problems"][0], "key": key} for key in (BAD, "\x1b=1+1", " @x", "\t-1")]
        text = problems_csv({**self.REPORT, "problems": problems})

        rows = list(csv.reader(io.StringIO(text)))
        assert len(text.splitlines()) == len(rows) == 5
        assert [row[1][:3] for row in rows[2:]] == ["' =", "' @", "' -"]

    def test_who_may_not_read_values(self) -> None:
        """Every value, whatever the field, is one that was listed: marks in all of them are gone."""
        mark = "Jane Doe"

        def marked(value: object) -> object:
            if isinstance(value, dict):
                return {name: marked(each) for name, each in value.items()} | {"more": mark, mark: mark}
            if isinstance(value, list):
                return (
                    [*map(marked, value), mark]
                    if value and isinstance(value[0], str)
                    else list(map(marked, value))
                )
            return mark if isinstance(value, str) else value

        of_records = ("changes", "stopped", "plan", "coercions", "reasons", "problems", "more")
        report = self.REPORT | {name: marked(self.REPORT[name]) for name in of_records if name in self.REPORT}
        report |= {"more": {mark: mark}, "quota": {"calls_left_today": 1, mark: mark}}
        listed = {"row", "outcome", "status", "properties", "correlation_id", "sha256"}
        for kind in ("reasons", "problems"):
            report[kind] = [
                {n: v if n not in listed else "name" for n, v in each.items()} for each in report[kind]
            ]
        report["plan"] = {**report["plan"], "sha256": "abc"}
        report["coercions"] = {"counts": {"trimmed": 1}, "sample": [{mark: mark}]}

        assert mark in json.dumps(report)
        assert mark not in json.dumps(masked(report))


def test_lineage(hubspot: Sandbox) -> None:
    """Names of properties are names, whatever a mapping has."""
    pytest.importorskip("openlineage.client")
    ended = run(records=ROWS)

    lineage = lineage_of(ended.report, "hubspot_default", None, None, properties=[BAD], checks=[])

    assert lineage is not None
    assert all(field.name.isprintable() for field in lineage.outputs[0].facets["schema"].fields)


class TestCommandLine:
    @pytest.fixture(params=["csv", "json"])
    def file(self, tmp_path: Path, request: pytest.FixtureRequest) -> str:
        """The rows."""
        path = tmp_path / f"rows.{request.param}"
        columns = list(dict.fromkeys(name for row in ROWS for name in row))
        if request.param == "csv":
            with path.open("w", encoding="utf-8", newline="") as opened:
                writer = csv.DictWriter(opened, columns)
                writer.writeheader()
                writer.writerows({n: v.replace("\0", "") for n, v in row.items()} for row in ROWS)
        else:
            path.write_text(json.dumps([*ROWS, {"email": "ada@example.com", "city": HALF}]), "utf-8")
        return str(path)

    @pytest.mark.parametrize("as_json", [False, True])
    def test_records(
        self, hubspot: Sandbox, file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], as_json: bool
    ) -> None:
        """No row disappears, and what looks like markup is text."""
        more = ["--json"] if as_json else []
        for command in (
            ["validate", file],
            ["plan", file, "--out", str(tmp_path / "plan"), "--upsert"],
        ):
            capsys.readouterr()
            status = main([*command, *more])
            out, err = capsys.readouterr()

            assert status == 1
            assert is_fit(out)
            assert is_fit(err)
            if as_json:
                json.loads(out)
                continue
            first = [line.split()[0] for line in out.splitlines() if line[:1].isdigit()]
            assert {"2", "5"} <= set(first)
            assert PLAIN in out or command[0] == "validate"

    def test_a_portal(self, hubspot: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
        """Its schema for machines has the labels as they are."""
        assert main(["schema", "lifecyclestage"]) == 0
        out = capsys.readouterr().out

        assert is_fit(out)
        assert BAD in "".join(texts(json.loads(out)))

    @pytest.mark.parametrize("as_json", [False, True])
    def test_a_ledger(
        self, hubspot: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str], as_json: bool
    ) -> None:
        """Every failure is a row."""
        run(records=ROWS, ledger=str(tmp_path), upsert=True)
        capsys.readouterr()
        more = ["--json"] if as_json else []

        assert main(["ledger", "failures", str(tmp_path), *more]) == 1
        assert main(["ledger", "summary", str(tmp_path)]) == 1
        out = capsys.readouterr().out

        assert is_fit(out)
        assert as_json or {"2", "3", "5"} <= {
            line.split()[0] for line in out.splitlines() if line[:1].isdigit()
        }

    @pytest.mark.parametrize(
        "arguments",
        [
            ["validate", "nowhere{}.csv"],
            ["validate", "nowhere{}"],
            ["validate", "x.csv", "--map", "{}"],
            ["validate", "x.csv", "--sql", "{}"],
            ["validate", "--sql", "SELECT 1", "--sql-conn-id", "{}"],
            ["validate", "x.csv", "--json-schema", "nowhere{}.json"],
            ["check", "--conn-id", "{}"],
            ["schema", "{}"],
            ["ledger", "summary", "nowhere{}"],
            ["ledger", "{}", "nowhere"],
            ["plan", "x.csv", "--out", "x", "--settings", "nowhere{}.toml"],
            ["{}"],
            ["check", "--{}"],
            ["check", "{}"],
        ],
        ids=str,
    )
    def test_arguments(
        self, hubspot: Sandbox, capsys: pytest.CaptureFixture[str], arguments: list[str]
    ) -> None:
        """A file's name, a connection's id, a property, a word that no command knows."""
        bad = BAD.replace("\0", "") + "\udcff"
        try:
            status: object = main([each.replace("{}", bad) for each in arguments])
        except SystemExit as error:
            status = error.code
        out, err = capsys.readouterr()

        assert status == 2
        assert is_fit(out)
        assert is_fit(err)
        assert err

    def test_a_server(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        """The portal that it says it is."""
        body = {
            "portalId": 1,
            "hubId": 1,
            "timeZone": BAD,
            "accountType": BAD,
            "uiDomain": BAD,
            "scopes": [BAD],
        }
        with serving(answer(200, json.dumps(body).encode(), Content_Type="application/json")) as (url, _):
            connect(monkeypatch, url, "token")
            main(["check"])
            main(["check", "--json"])
        out, err = capsys.readouterr()

        assert is_fit(out)
        assert is_fit(err)
        assert PLAIN in out
