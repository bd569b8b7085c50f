# SPDX-License-Identifier: Apache-2.0
"""What the pages of ``docs`` show can be done."""

from __future__ import annotations

import io
import json
import re
import shlex
import sqlite3
import sys
import tomllib
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest
import yaml  # type: ignore[import-untyped]
from airflow.providers.common.compat.sdk import DAG

from airflow_provider_hubcontact.cli.main import main, parser
from airflow_provider_hubcontact.notifications.hubspot import (
    SYNC_HTML,
    SYNC_SUBJECT,
    HubSpotSyncNotifier,
)
from airflow_provider_hubcontact.operators import hubspot as operators
from airflow_provider_hubcontact.operators.base import HubSpotRunOperator
from airflow_provider_hubcontact.operators.options import Writes
from airflow_provider_hubcontact.operators.plans import HubSpotApplyPlanOperator, HubSpotPlanContactsOperator
from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sandbox.options import parser as sandbox_parser
from airflow_provider_hubcontact.sync.keep.ledger import FIELDS
from airflow_provider_hubcontact.sync.keep.report import DIGEST_SHOWN
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.coercion import Coercer
from airflow_provider_hubcontact.sync.rows.comparison import Kind
from airflow_provider_hubcontact.sync.rows.portal_schema import PortalSchema, Property
from airflow_provider_hubcontact.sync.rows.record_mapping import RecordMapping
from tests.airflow.running import CONTACTS, connect, run, stored
from tests.airflow_home import RunDag

DOCS = Path(__file__).parent.parent.parent / "docs"
RECORDS = [
    {"email": "ada@example.com", "firstname": "Augusta"},
    {"email": "grace@example.com", "firstname": "Grace"},
    {"email": "nobody@example.com"},
    {"firstname": "Nameless"},
]


def blocks(page: str, language: str) -> list[str]:
    text = (DOCS / page).read_text(encoding="utf-8")
    found = re.findall(rf"^( *)```{language}(?: title=[^\n]*)?\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE)
    plain = [re.sub(f"^{indent}", "", block, flags=re.MULTILINE) for indent, block in found]
    return [
        _SNIPPET.sub(lambda name: (DOCS.parent / name[1]).read_text(encoding="utf-8"), block)
        for block in plain
    ]


_SNIPPET = re.compile(r'^--8<-- "(.+)"$', re.MULTILINE)


@pytest.fixture
def ledger(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder with a ledger in ``ledger``, and a database with the same in ``books.db``."""
    monkeypatch.chdir(tmp_path)
    books = {"conn_type": "sqlite", "host": str(tmp_path / "books.db")}
    monkeypatch.setenv("AIRFLOW_CONN_BOOKS", json.dumps(books))
    for settings in ({"ledger": "ledger"}, {"ledger": "sql://books/contacts_ledger"}):
        with Sandbox(contacts=CONTACTS) as sandbox:
            connect(monkeypatch, sandbox.url, sandbox.token)
            run(records=RECORDS, **settings)
    return tmp_path


COUNTS = {"updated": 1, "unchanged": 1, "not_found": 1, "invalid": 1}


def test_the_ledger_in_duckdb(ledger: Path) -> None:
    """The page's line of DuckDB counts the outcomes."""
    duckdb = pytest.importorskip("duckdb")
    (code,) = [block for block in blocks("ledger.md", "python") if block.startswith("duckdb")]

    assert dict(eval(code, {"duckdb": duckdb}).fetchall()) == COUNTS  # noqa: S307 - our own page


def test_the_ledger_in_pandas(ledger: Path) -> None:
    """The page's line of pandas does."""
    pandas = pytest.importorskip("pandas")
    (code,) = [block for block in blocks("ledger.md", "python") if block.startswith("pandas")]

    assert dict(eval(code, {"pandas": pandas, "Path": Path})) == COUNTS  # noqa: S307 - our own page


def test_the_ledger_in_sql(ledger: Path) -> None:
    """The page's query does."""
    (query,) = blocks("ledger.md", "sql")
    with sqlite3.connect(ledger / "books.db") as books:
        assert dict(books.execute(query).fetchall()) == COUNTS


def test_every_field_is_told() -> None:
    """The table of fields has them all."""
    text = (DOCS / "ledger.md").read_text(encoding="utf-8")
    (table,) = re.findall(r"\| field \|.*?\n\n", text, re.DOTALL)
    named = [
        name for row in table.strip().splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])
    ]

    assert sorted(named) == sorted(FIELDS)


@pytest.mark.parametrize(
    "page",
    [
        *(
            "ledger.md",
            "plans.md",
            "mapping.md",
            "stages.md",
            "state.md",
            "lists.md",
            "security.md",
            "reliability.md",
        ),
        *("airflow.md", "how-to/connect.md", "how-to/sources.md", "how-to/backfill.md", "how-to/from-v1.md"),
    ],
)
def test_operators_can_be_made(page: str) -> None:
    """Every operator that a page shows has the keywords that the page gives it."""
    shown = [block for block in blocks(page, "python") if "import DAG" not in block]
    calls = [found for block in shown if (found := _OPERATOR.search(block))]
    names: dict[str, Any] = {name: getattr(operators, name) for name in operators.__all__} | {
        "HubSpotApplyPlanOperator": HubSpotApplyPlanOperator,
        "HubSpotPlanContactsOperator": HubSpotPlanContactsOperator,
        "SYNC_SUBJECT": SYNC_SUBJECT,
        "SYNC_HTML": SYNC_HTML,
        "tell": HubSpotSyncNotifier(print),
        "extract": list,
    }
    if page == "airflow.md":
        names["SmtpNotifier"] = pytest.importorskip("airflow.providers.smtp.notifications.smtp").SmtpNotifier

    assert calls
    for call in calls:
        with DAG("shown", schedule=None):
            assert isinstance(eval(call[0], names), HubSpotRunOperator)  # noqa: S307 - our own page


_OPERATOR = re.compile(r"HubSpot\w+Operator\(.*", re.DOTALL)


def test_what_a_plan_says_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table of the manifest has every field that it has."""
    with Sandbox(CONTACTS) as hubspot:
        connect(monkeypatch, hubspot.url, hubspot.token)
        run(operator=HubSpotPlanContactsOperator, plan=str(tmp_path), records=RECORDS)
    named = {name for row in table("plans.md", "| in `plan.json` |") for name in re.findall(r"\w+", row[0])}

    assert named == set(json.loads((tmp_path / "plan.json").read_bytes()))


def test_every_operator_and_value_object_is_in_the_reference() -> None:
    """All that a DAG file imports."""
    text = (DOCS / "reference.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^::: airflow_provider_hubcontact\.operators\.\w+\.(\w+)$", text, re.MULTILINE))

    assert named >= {*operators.__all__}
    assert named >= {"HubSpotApplyPlanOperator", "HubSpotPlanContactsOperator"}


def table(page: str, head: str) -> list[list[str]]:
    """Return the cells of a table, by how its head begins: code without its marks, "empty" as no text."""
    text = (DOCS / page).read_text(encoding="utf-8")
    rows = text[text.index(head) :].split("\n\n")[0].splitlines()[2:]
    cells = [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows]
    return [
        [
            "" if cell == "empty" else cell[1:-1] if cell.startswith("`") and cell.endswith("`") else cell
            for cell in row
        ]
        for row in cells
    ]


class Color(Enum):
    """Of the page's example."""

    RED = "red"


VALUES = table("mapping.md", "| value | text |")
LABELS = {"lead": "Lead", "customer": "Customer"}


@pytest.mark.parametrize(("value", "text"), [row[:2] for row in VALUES], ids=[row[0] for row in VALUES])
def test_values(value: str, text: str) -> None:
    """Every row of the table of values is true."""
    names: dict[str, Any] = {"Decimal": Decimal, "UUID": UUID, "UTC": UTC, "Color": Color}
    names |= {each.__name__: each for each in (date, datetime, time, timedelta)}
    for library in ("numpy", "pandas"):
        if f"{library}." in value:
            names[library] = pytest.importorskip(library)
    row = {"key": "k", "email" if "Ada" in text else "p": eval(value, names)}  # noqa: S307
    record = RecordMapping(key="key", becomes="email").record(1, row)

    if text == "invalid":
        assert isinstance(record, Result)
        assert record.outcome is Outcome.INVALID
    else:
        assert isinstance(record, Record)
        expected = {} if text == "left out" else {"p": text} if text else {"p": ""}
        assert record.properties == ({"email": "ada"} if "Ada" in text else expected)


TEXTS = table("mapping.md", "| property | text |")


@pytest.mark.parametrize(
    ("kind", "text", "written"), [row[:3] for row in TEXTS], ids=[row[1] for row in TEXTS]
)
def test_texts(kind: str, text: str, written: str) -> None:
    """Every row of the table of properties is true."""
    options = LABELS if kind.startswith("option") else {}
    record = Coercer({"p": Kind(kind)}, lambda _: None).coerce(Record(1, "k", {"p": text}))
    if isinstance(record, Result):
        assert written == "invalid"
        return
    problem = PortalSchema([Property("p", Kind(kind), options=options)]).check(record, record.properties)

    if written == "invalid":
        assert problem is not None
    else:
        assert problem is None
        assert isinstance(record, Record)
        assert record.properties == {"p": written}


FORMS = table("mapping.md", "| `Values(…)` |")
DEFINITIONS: dict[str, dict[str, Any]] = {
    "any": {"type": "string"},
    "number": {"type": "number"},
    "date": {"type": "date"},
    "boolean": {"type": "bool"},
    "option": {
        "type": "enumeration",
        "options": [
            {"value": "lead", "label": "Lead"},
            {"value": "one", "label": "Twin"},
            {"value": "two", "label": "Twin"},
        ],
    },
    "options": {"type": "enumeration", "fieldType": "checkbox", "options": ["golf", "wine"]},
}


@pytest.mark.parametrize(
    ("fields", "kind", "text", "becomes"),
    [row[:4] for row in FORMS],
    ids=[" ".join(row[:3]) for row in FORMS],
)
def test_texts_in_other_forms(
    fields: str, kind: str, text: str, becomes: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every row of the table of forms is true."""
    with Sandbox(CONTACTS) as hubspot:
        connect(monkeypatch, hubspot.url, hubspot.token)
        ended = run(
            records=[{"email": "ada@example.com", "p": text, "city": "London"}],
            values=eval(f"Values({fields})", {"Values": operators.Values}),  # noqa: S307 - our own page
            writes=Writes(create_properties={"p": DEFINITIONS[kind]}),
        )
        written = stored(hubspot, "ada@example.com", "p")

    assert ended.outcomes == {"invalid" if becomes == "invalid" else "updated": 1}
    assert written == (None if becomes in {"invalid", "no value"} else becomes)


def test_what_a_schema_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the page shows of a record that its schema does not allow, and of a broken schema."""
    page = (DOCS / "mapping.md").read_text(encoding="utf-8")
    (schema,) = re.findall(r"json_schema=(\{.*\}),$", page, re.MULTILINE)
    with Sandbox(CONTACTS) as hubspot:
        connect(monkeypatch, hubspot.url, hubspot.token)
        records = [{"email": "ada@example.com", "city": "Constantinople"}]
        ended = run(records=records, json_schema=eval(schema))  # noqa: S307 - our own page
        broken = run(records=records, json_schema=eval(schema.replace("10", "'10'")))  # noqa: S307 - same

    assert f"The reason is then `{ended.reasons}`." in page
    assert blocks("mapping.md", "text")[0].strip() in str(broken.error)


@pytest.mark.parametrize("row", table("stages.md", "| the contact has |"), ids=" ".join)
def test_stages(row: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every row of the table of stages is true."""
    has, wanted, policy, outcome, then = row
    with Sandbox([{"email": "a@example.com", "lifecyclestage": has}]) as hubspot:
        connect(monkeypatch, hubspot.url, hubspot.token)

        record = {"email": "a@example.com", "lifecyclestage": wanted, "city": "Rome"}
        ended = run(records=[record], writes=Writes(stages=policy))

        assert ended.outcomes == {outcome: 1}
        assert (stored(hubspot, "a@example.com", "lifecyclestage") or "") == then


def test_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every command that the page shows says what the page says, whatever the terminal's width."""
    monkeypatch.chdir(tmp_path)
    rows = [
        "email,firstname,lifecyclestage",
        "ada@example.com,Augusta,",
        "grace@example.com,,Customer",
        ",x,",
    ]
    Path("customers.csv").write_text("\n".join(rows))
    Path("export.csv").write_text("email;firstname\nada@example.com;Andrée\n", encoding="cp1252")
    with Sandbox(CONTACTS, tier="enterprise") as hubspot:
        connect(monkeypatch, hubspot.url, hubspot.token)
        for command in (
            line for block in blocks("command-line.md", "console") for line in block.split("$ ")[1:]
        ):
            asked, _, expected = command.partition("\n")
            if asked.startswith("hubcontact ledger summary"):
                run(records=[{"email": "ada@example.com", "firstname": "A"}, RECORDS[2]], ledger="ledger")
            if asked.startswith("hubcontact undo"):
                kept = {"path": "last_run", "values": True}
                run(records=[{"email": "ada@example.com", "firstname": "Augusta"}], ledger=kept)
            if asked.startswith("hubcontact state show"):
                books = {"conn_type": "sqlite", "host": str(tmp_path / "state.db")}
                monkeypatch.setenv("AIRFLOW_CONN_STATE_DB", json.dumps(books))
                run(records=[{"email": "ada@example.com", "firstname": "B"}], state=asked.split()[-1])
            asked, _, read = asked.partition(" < ")
            if read:
                stream = io.BufferedReader(io.BytesIO(Path(read).read_bytes()))
                monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(stream))
            capsys.readouterr()
            main(shlex.split(asked)[1:])
            printed = getattr(capsys.readouterr(), "err" if expected.startswith("error: ") else "out")
            assert _CHANGES.sub("…", printed).split() == _CHANGES.sub("…", expected).split(), asked


_CHANGES = re.compile(rf"\b[0-9a-f]{{{DIGEST_SHOWN}}}\b|\b\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d\b")
"""Digests, since a plan says when it was made, and times."""

PAGES = sorted(str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md"))


@pytest.mark.parametrize("page", PAGES)
def test_every_block_can_be_read(page: str) -> None:
    """Python compiles, JSON and YAML can be read, and a command of ours has options that there are."""
    for code in blocks(page, "python"):
        compile(code, page, "exec")
    for text in blocks(page, "json"):
        json.loads(text)
    for text in blocks(page, "toml"):
        tomllib.loads(text)
    for text in blocks(page, "yaml"):
        yaml.safe_load(text)
    for block in blocks(page, "console"):
        for line in block.splitlines():
            asked = line.removeprefix("$ ").partition(" < ")[0]
            words = shlex.split(asked, comments=True) if line.startswith("$ ") else []
            if words[:2] == ["hubcontact", "sandbox"]:
                sandbox_parser("hubcontact sandbox").parse_args(words[2:])
            elif words[:1] == ["hubcontact"]:
                parser().parse_args(words[1:])


def test_nothing_else_is_shown() -> None:
    """Every language of a block is one that is tested; what is text is tested in ``tests/cases``."""
    shown = {
        language
        for page in PAGES
        for language in re.findall(
            r"^ *```(\w+)(?: title=.*)?$", (DOCS / page).read_text(encoding="utf-8"), re.MULTILINE
        )
    }

    tested = {"python", "json", "console", "sql", "text", "toml", "yaml"}
    assert shown <= tested | {
        "csv",
        "dockerfile",
    }  # read by tests/sandbox and tests/test_tutorial.py; by nobody


def test_a_warning_of_the_build_is_an_error() -> None:
    """With ``--quiet``, MkDocs counts no warning, so that ``--strict`` does nothing."""
    (build,) = re.findall(r"mkdocs build.*", (DOCS.parent / "Makefile").read_text(encoding="utf-8"))

    assert "--strict" in build
    assert not re.search(r"--quiet|-q\b", build)


def test_every_example_is_shown() -> None:
    """The page has each file of the examples, and its table names each DAG."""
    text = (DOCS / "examples.md").read_text(encoding="utf-8")
    files = {path.name for path in (DOCS.parent / "example_dags").iterdir() if path.is_file()}
    names = {name.removesuffix(".py") for name in files if name.endswith(".py")}

    assert set(re.findall(r'^--8<-- "example_dags/(.+)"$', text, re.MULTILINE)) == files
    assert set(re.findall(r"^\|.*\(#(\w+)\) \|$", text, re.MULTILINE)) == names


def _decorated(name: str) -> Any:
    """Return the function of a page about sources, as its block defines it."""
    (code,) = [block for block in blocks("how-to/sources.md", "python") if f"def {name}(" in block]
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - our own page
    return names[name]


def _synced(function: Any, run_dag: RunDag, monkeypatch: pytest.MonkeyPatch, address: str) -> str | None:
    """Run a DAG with a decorated function, and return the first name that the contact has then."""
    with Sandbox([{"email": address, "firstname": "Old"}]) as hubspot:
        connect(monkeypatch, hubspot.url, hubspot.token)
        with DAG("shown_source", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)) as dag:
            function()
        run_dag(dag)
        return stored(hubspot, address, "firstname")


def test_a_frame_as_the_source(run_dag: RunDag, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's function returns a frame, whose rows are sent."""
    pytest.importorskip("pandas")

    assert _synced(_decorated("from_a_frame"), run_dag, monkeypatch, "ada@example.com") == "Ada"


def test_whole_dag_files_can_be_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A block with imports and a DAG is a file that Airflow takes."""
    slack = ModuleType("airflow.providers.slack.notifications.slack_webhook")
    slack.SlackWebhookNotifier = lambda **_: print  # type: ignore[attr-defined]
    for name in ("airflow.providers.slack", "airflow.providers.slack.notifications", slack.__name__):
        monkeypatch.setitem(sys.modules, name, slack)
    files = [
        code
        for page in PAGES
        if page not in ("examples.md", "tutorial.md")  # tests/airflow/test_dags.py, tests/test_tutorial.py
        for code in blocks(page, "python")
        if "import DAG" in code
    ]

    assert files
    for code in files:
        exec(code, {"__name__": "shown"})  # noqa: S102 - our own page
