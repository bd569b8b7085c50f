# SPDX-License-Identifier: Apache-2.0
"""A failing task's log and exception say why, by row number: no key and no value of a record is in them."""

from __future__ import annotations

import json
import logging
import pickle
import socket
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("airflow")

from airflow.providers.common.compat.sdk import AirflowSkipException
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_provider_hubcontact.job.ending import places_of
from airflow_provider_hubcontact.operators.errors import HubSpotSyncFailed, HubSpotSyncIncomplete
from airflow_provider_hubcontact.operators.options import FromLedger, Guards, Key, Ledger, Writes
from airflow_provider_hubcontact.operators.plans import HubSpotApplyPlanOperator, HubSpotPlanContactsOperator
from airflow_provider_hubcontact.sandbox import Definition, Sandbox
from airflow_provider_hubcontact.sync.keep.explanation import MAX_LENGTH
from airflow_provider_hubcontact.sync.keep.report import Report
from tests.airflow import hostile
from tests.airflow.running import Run, connect, hurry, run, speak

ROOT = Path(__file__).parents[2]

MARK = "zqx9mark"
"""Stands in every key and value that a record or a contact has."""
NUMBER = "90417793"
"""The same for numbers."""

SEATS = Definition("seats", "Seats", "number", "number")
CONTACTS = [
    {"email": f"{MARK}1@example.com", "firstname": f"Had {MARK}", "lifecyclestage": "customer"},
    {"email": f"{MARK}2@example.com", "firstname": f"Had {MARK}", "seats": NUMBER},
    {"email": f"{MARK}3@example.com", "firstname": f"Had {MARK}"},
]
ONE = {"email": f"{MARK}1@example.com", "firstname": f"New {MARK}"}
TWO = {"email": f"{MARK}2@example.com", "seats": f"many {MARK}"}
THREE = {"email": f"{MARK}3@example.com", "firstname": f"New {MARK}"}
NOBODY = {"email": f"{MARK}9@example.com", "firstname": f"New {MARK}"}

BOTH = pytest.mark.parametrize("api", ["2026-09", "v1"])
UNCHECKED = {"rules": [{"kind": "status", "status": 403, "on": "/crm/properties/*"}]}
"""Faults: the token may not read the portal's definitions, so that HubSpot alone checks the values."""
SERVERS = ("airflow_provider_hubcontact.sandbox", "uvicorn", "asyncio", "websockets")
"""Loggers of the other side."""


@pytest.fixture
def hubspot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    hurry(monkeypatch)
    with Sandbox(contacts=CONTACTS, properties=[SEATS]) as sandbox:
        connect(monkeypatch, sandbox.url, sandbox.token)
        yield sandbox


class Said:
    """What a run says: its log at debug level, and its exception."""

    def __init__(self, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
        self._caplog, self._capfd = caplog, capfd

    def of(self, ended: Run) -> str:
        records = [each for each in self._caplog.records if not each.name.startswith(SERVERS)]
        formatter = logging.Formatter()
        log = "\n".join(formatter.format(each) for each in records)
        return "\n".join([log, *self._capfd.readouterr(), self.of_error(ended)])

    @staticmethod
    def of_error(ended: Run) -> str:
        return "".join(traceback.format_exception(ended.error)) if ended.error else ""


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Said:
    caplog.set_level(logging.DEBUG)
    capfd.readouterr()
    return Said(caplog, capfd)


def assert_no_value(text: str) -> None:
    """Find no key or value, in whatever case, escaped or not."""
    lines = [line for line in text.splitlines() if MARK in line.lower() or NUMBER in line]
    assert lines == []


def invalid(hubspot: Sandbox, folder: Path) -> dict[str, Any]:
    return {
        "records": [
            {"email": f"{MARK}\n@example.com"},
            {"email": [MARK]},
            {"firstname": MARK},
            {**ONE, "firstname": {MARK: MARK}},
            TWO,
            {**ONE, "lifecyclestage": f"{MARK}"},
            f"{MARK}",
            {**ONE, "lifecyclestage": "lead"},
            {"email": f"{MARK} no address"},
        ]
    }


def invalid_by_schema(hubspot: Sandbox, folder: Path) -> dict[str, Any]:
    schema = {
        "properties": {"firstname": {"enum": ["A"]}, "seats": {"type": "number"}},
        "additionalProperties": False,
    }
    return {
        "records": [ONE, TWO, {**ONE, "email": f"{MARK}4@example.com", "city": MARK}],
        "json_schema": schema,
    }


def doubled(hubspot: Sandbox, folder: Path) -> dict[str, Any]:
    return {"records": [ONE, dict(ONE), THREE], "writes": Writes(duplicates="reject")}


def rejected(hubspot: Sandbox, folder: Path) -> dict[str, Any]:
    hubspot.use_faults(UNCHECKED)
    return {"records": [ONE, TWO, THREE]}


def conflict(hubspot: Sandbox, folder: Path) -> dict[str, Any]:
    records = [{"email": ONE["email"], "new": THREE["email"]}]
    return {"records": records, "key": Key("email", becomes="new")}


def not_found(hubspot: Sandbox, folder: Path) -> dict[str, Any]:
    return {"records": [ONE, NOBODY]}


def tolerated(hubspot: Sandbox, folder: Path) -> dict[str, Any]:
    return {"records": [ONE, TWO, NOBODY], "status_actions": {404: "skip"}, "max_failures": 0.5}


def skipped(hubspot: Sandbox, folder: Path) -> dict[str, Any]:
    return {"records": [NOBODY], "status_actions": {"not_found": "skip"}}


def guard(hubspot: Sandbox, folder: Path) -> dict[str, Any]:
    return {"records": [ONE, NOBODY, THREE], "guards": Guards(changes=1)}


def plan_outdated(hubspot: Sandbox, folder: Path) -> dict[str, Any]:
    run(records=[ONE, THREE], operator=HubSpotPlanContactsOperator, plan=str(folder))
    contact = hubspot.portal.contact(ONE["email"])
    assert contact is not None
    contact.properties["firstname"] = f"Meanwhile {MARK}"
    return {"operator": HubSpotApplyPlanOperator, "plan": str(folder)}


def preflight(hubspot: Sandbox, folder: Path) -> dict[str, Any]:
    return {"records": [ONE, TWO], "mapping": {"firstname": "no_such_property"}}


def unauthorized(hubspot: Sandbox, folder: Path) -> dict[str, Any]:
    hubspot.use_faults({"rules": [{"kind": "status", "status": 401}]})
    return {"records": [ONE, TWO]}


def forbidden(hubspot: Sandbox, folder: Path) -> dict[str, Any]:
    hubspot.use_faults({"rules": [{"kind": "status", "status": 403, "on": "*/contact*"}]})
    return {"records": [ONE, TWO]}


def quota_gone(hubspot: Sandbox, folder: Path) -> dict[str, Any]:
    rule = {"kind": "status", "status": 429, "policy": "DAILY", "on": "*/contact*"}
    hubspot.use_faults({"rules": [rule]})
    return {"records": [ONE, THREE]}


def unavailable(hubspot: Sandbox, folder: Path) -> dict[str, Any]:
    hubspot.use_faults({"rules": [{"kind": "status", "status": 503, "on": "*/contact*"}]})
    return {"records": [ONE, THREE]}


def lost(hubspot: Sandbox, folder: Path) -> dict[str, Any]:
    hubspot.use_faults({"rules": [{"kind": "reset", "applied": True, "on": "*/contact*"}]})
    return {"records": [ONE, THREE]}


def no_json(hubspot: Sandbox, folder: Path) -> dict[str, Any]:
    hubspot.use_faults({"rules": [{"kind": "html", "status": 200, "on": "*/contact*"}]})
    return {"records": [ONE, THREE]}


def not_verified(hubspot: Sandbox, folder: Path) -> dict[str, Any]:
    hubspot.use_faults({"rules": [{"kind": "no_results", "on": "batches.update"}]})
    return {"records": [ONE, THREE], "verify": True}


def unknown_properties(hubspot: Sandbox, folder: Path) -> dict[str, Any]:
    return {"records": [{**ONE, "points": MARK}], "writes": Writes(create_properties=True)}


def with_a_ledger(hubspot: Sandbox, folder: Path) -> dict[str, Any]:
    ledger = {"ledger": Ledger(str(folder / "ledger"), values=True)}
    run(records=[ONE, TWO, NOBODY], **ledger)
    return {"records": [ONE, TWO, NOBODY], "try_number": 2, "retries": 2, **ledger}


def replayed(hubspot: Sandbox, folder: Path) -> dict[str, Any]:
    run(records=[ONE, TWO, NOBODY], ledger=Ledger(str(folder / "ledger"), values=True))
    return {"records": FromLedger(str(folder / "ledger"))}


def broken_off(hubspot: Sandbox, folder: Path) -> dict[str, Any]:
    def rows() -> Iterator[dict[str, Any]]:
        yield from (ONE, TWO)
        raise RuntimeError

    return {"records": rows()}


WAYS: tuple[Callable[[Sandbox, Path], dict[str, Any]], ...] = (
    *(invalid, invalid_by_schema, doubled, rejected, conflict, not_found, tolerated, skipped, guard),
    *(plan_outdated, preflight, unauthorized, forbidden, quota_gone, unavailable, lost, no_json),
    *(not_verified, unknown_properties, with_a_ledger, replayed, broken_off),
)


@BOTH
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_no_key_and_no_value(
    hubspot: Sandbox, tmp_path: Path, said: Said, way: Callable[[Sandbox, Path], dict[str, Any]], api: str
) -> None:
    """Whichever way a task ends, its log at any level and its exception hold nothing that a record holds."""
    speak(api)
    ended = run(**way(hubspot, tmp_path))
    text = said.of(ended)

    assert "record" in text
    assert_no_value(text)


VALUES = st.one_of(
    st.just(MARK),
    st.just(f"{MARK}\x1b[2J\n::error::{MARK}"),
    st.just(int(NUMBER)),
    st.just([MARK, {MARK: MARK}]),
    st.just({MARK: [MARK]}),
    st.binary(max_size=2).map(lambda end: MARK.encode() + end),
    st.just(float(NUMBER)),
    st.none(),
)
COLUMNS = ("email", "firstname", "seats", "lifecyclestage", "hs_lead_status", "closedate", "unknown")
ROWS = st.lists(
    st.fixed_dictionaries(
        {"email": st.sampled_from([f"{MARK}{number}@example.com" for number in range(1, 5)]) | VALUES},
        optional=dict.fromkeys(COLUMNS[1:], VALUES),
    )
    | VALUES,
    min_size=1,
    max_size=6,
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ROWS, st.sampled_from(["2026-09", "v1"]), st.booleans(), st.booleans())
def test_whatever_the_rows(  # noqa: PLR0917 - of hypothesis
    hubspot: Sandbox,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    rows: list[object],
    api: str,
    checks: bool,
    upsert: bool,
) -> None:
    """Values of any type, in any column, stay out of log and exception."""
    caplog.clear()
    caplog.set_level(logging.DEBUG)
    hubspot.use_faults({} if checks else UNCHECKED)
    ended = run(records=rows, api_version=api, upsert=upsert)

    assert_no_value(Said(caplog, capfd).of(ended))


@BOTH
@pytest.mark.parametrize("status", [200, 207, 400, 401, 403, 404, 409, 477, 503])
def test_a_server_that_repeats_what_it_was_sent(
    monkeypatch: pytest.MonkeyPatch, said: Said, status: int, api: str
) -> None:
    """HubSpot's sentences, which quote values, are in the report alone."""
    hurry(monkeypatch)
    sentence = f"{MARK} is not one of the allowed options: {NUMBER}"
    detail = {"message": sentence, "code": sentence, "context": {"propertyName": ["firstname"]}}
    body = {"message": sentence, "category": sentence, "errors": [detail], "status": "error"}

    def reply(handler: Any) -> None:
        is_about_records = "/objects/contacts" in handler.path or "/contacts/v1/contact" in handler.path
        text = json.dumps(body) if is_about_records else "{}"
        handler.send_response(status if is_about_records else 404)
        if is_about_records:
            handler.send_header("X-HubSpot-Correlation-Id", sentence)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(text)))
        handler.end_headers()
        handler.wfile.write(text.encode())

    with hostile.serving(reply) as (url, _):
        connect(monkeypatch, url, "token")
        ended = run(records=[ONE, THREE], api_version=api)

    assert_no_value(said.of(ended))


def test_what_it_says(hubspot: Sandbox, said: Said) -> None:
    """The counts, each rule with where it comes from and the one that decided, the reasons, the places."""
    records = [{"email": f"{MARK}1@example.com"}, TWO, {}, NOBODY]

    ended = run(records=records, status_actions={404: "succeed"}, max_failures=0.1)
    text = str(ended.error)

    assert text in said.of(ended)
    lines = text.splitlines()
    assert lines[:5] == [
        "4 records, 3 with a problem: 1 unchanged, 2 invalid, 1 not_found.",
        "The task fails:",
        "- 2 invalid: fail, by default; decides, since max_failures=10 % tolerates 0 of 4",
        "- 1 not_found (404): succeed, by status_actions[404]",
        "Reasons:",
    ]
    assert sorted(lines[5:8]) == [
        "- HC-101: 1 invalid, email: the key is missing or not valid (KEY); row 3",
        "- HC-103: 1 invalid, seats: the portal's properties do not allow the value (PORTAL_SCHEMA); row 2",
        "- HC-210: 1 not_found (404): the portal has no such contact (OBJECT_NOT_FOUND); row 4",
    ]
    assert (
        "More: the task's XCom return_value has counts, and a sample of records with keys and reasons" in text
    )


@BOTH
def test_an_address_that_cannot_be_reached(monkeypatch: pytest.MonkeyPatch, said: Said, api: str) -> None:
    """What the client says of a call that got no answer is in log and exception."""
    hurry(monkeypatch)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    connect(monkeypatch, f"http://127.0.0.1:{port}", "token")

    ended = run(records=[ONE], api_version=api)
    text = str(ended.error)

    assert isinstance(ended.error, HubSpotSyncIncomplete)
    assert ended.report["problems"][0]["reason"].partition("HubSpot")[2] in text
    assert "HubSpot was not available: HubSpot" in text
    assert_no_value(said.of(ended))


def test_a_good_end_is_one_line(hubspot: Sandbox, said: Said, caplog: pytest.LogCaptureFixture) -> None:
    """A run that ends well logs its counts, calls and time, and nothing that looks like trouble."""
    ended = run(records=[ONE, THREE])

    assert ended.error is None
    (told,) = [each for each in caplog.records if each.name.endswith("job.ending")]
    assert told.levelno == logging.INFO
    assert told.getMessage().startswith("2 records, 0 with a problem: 2 updated. ")
    assert told.getMessage().endswith(" s.")


@pytest.mark.parametrize(
    ("way", "title"), [(tolerated, "The task succeeds:"), (skipped, "The task is skipped:")]
)
def test_what_is_tolerated_is_a_warning(
    hubspot: Sandbox,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    way: Callable[[Sandbox, Path], dict[str, Any]],
    title: str,
) -> None:
    """Failures that do not fail the task are told all the same, with the rule that lets them pass."""
    caplog.set_level(logging.INFO)

    ended = run(**way(hubspot, tmp_path))

    assert ended.error is None or isinstance(ended.error, AirflowSkipException)
    line, warning = (each for each in caplog.records if each.name.endswith("job.ending"))
    assert (line.levelno, warning.levelno) == (logging.INFO, logging.WARNING)
    assert title in warning.getMessage()
    assert "status_actions[" in warning.getMessage()


@pytest.mark.parametrize(
    ("way", "says"),
    [
        (unauthorized, "Stopped: HubSpot answered 401"),
        (forbidden, ": the token lacks a scope"),
        (quota_gone, "Stopped: The daily quota is used up"),
        (quota_gone, "Another try can succeed from 20"),
        (guard, "2 changes of 3 rows are more than guards.changes=1 allows: nothing was written"),
        (preflight, "the portal has no property no_such_property"),
        (lost, "HubSpot did not answer at "),
    ],
)
def test_why_nothing_more_was_sent(
    hubspot: Sandbox,
    tmp_path: Path,
    said: Said,
    way: Callable[[Sandbox, Path], dict[str, Any]],
    says: str,
) -> None:
    """A run that stopped says why, and when another try can succeed."""
    ended = run(**way(hubspot, tmp_path))

    assert says in str(ended.error)
    assert "Reasons:" in said.of(ended)


def test_a_run_that_an_exception_ends(hubspot: Sandbox, tmp_path: Path, said: Said) -> None:
    """What became of the records that were read is logged; the exception is the source's own."""
    ended = run(**broken_off(hubspot, tmp_path))

    text = said.of(ended)
    assert type(ended.error) is RuntimeError
    assert "The run ended with RuntimeError after 2 records: 1 updated, 1 invalid." in text
    assert "- HC-103: 1 invalid, seats: the portal's properties do not allow the value" in text


@pytest.mark.parametrize("pushes", [True, False])
@pytest.mark.parametrize("keeps", [True, False])
def test_where_the_rest_is(hubspot: Sandbox, tmp_path: Path, pushes: bool, keeps: bool) -> None:
    """XCom and ledger are named if they have it."""
    ledger = str(tmp_path / "ledger")

    ended = run(records=[TWO], do_xcom_push=pushes, **({"ledger": ledger} if keeps else {}))
    text = str(ended.error)

    assert bool(ended.report) is pushes
    assert ("XCom return_value has" in text) is pushes
    assert (f"the ledger {ledger} has a line for every record" in text) is keeps
    assert ("nothing is kept" in text) is not (pushes or keeps)


@pytest.mark.parametrize(
    ("airflow", "has_page"),
    [("2.11.0", False), ("3.0.6", False), ("3.1.0", True), ("3.3.0", True), ("4.0.0", True)],
)
def test_the_page_is_named_where_there_is_one(airflow: str, has_page: bool) -> None:
    """The tab exists from Airflow 3.1 on."""
    places = places_of(Report(), pushes=True, airflow=airflow)

    assert any('the tab "HubSpot sync"' in place for place in places) is has_page


@pytest.mark.parametrize("way", [invalid, unavailable, quota_gone])
def test_it_survives_pickling(
    hubspot: Sandbox, tmp_path: Path, way: Callable[[Sandbox, Path], dict[str, Any]]
) -> None:
    """A Celery worker sends the exception as it is."""
    error = run(**way(hubspot, tmp_path)).error

    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert type(again) is type(error)
    assert (str(again), vars(again)) == (str(error), vars(error))


def test_it_is_bounded(hubspot: Sandbox) -> None:
    """Thousands of records with as many kinds of trouble make no long exception."""
    records = [
        {"email": f"a{number}@example.com", f"column_{number}{'x' * 200}": 1} for number in range(2_000)
    ]

    ended = run(records=records, upsert=True)

    assert isinstance(ended.error, HubSpotSyncFailed)
    assert ended.outcomes == {"invalid": 2_000}
    assert len(str(ended.error)) <= MAX_LENGTH
    assert "other reasons" in str(ended.error)


def test_the_example_of_the_documentation(monkeypatch: pytest.MonkeyPatch) -> None:
    """What docs/outcomes.md shows is what a task says."""
    contacts = [{"email": f"c{number}@example.com"} for number in range(98)]
    records: list[dict[str, str]] = [
        *({**each, "city": "Rome"} for each in contacts[:96]),
        {"email": "nobody@example.com", "city": "Rome"},
        {"email": "", "city": "Rome"},
        {"email": "c96@example.com", "lifecyclestage": "Kunde"},
        {"email": "c97@example.com", "lifecyclestage": "Lead"},
    ]
    with Sandbox(contacts=contacts) as sandbox:
        connect(monkeypatch, sandbox.url, sandbox.token)
        ended = run(records=records, status_actions={404: "succeed"}, max_failures=0.01)

    shown = (ROOT / "docs" / "outcomes.md").read_text(encoding="utf-8").split("```text\n")[1].split("```")[0]
    has_page = 'the tab "HubSpot sync"' in str(ended.error)
    lines = [line for line in shown.splitlines() if has_page or "the tab" not in line]
    assert str(ended.error).splitlines() == lines
