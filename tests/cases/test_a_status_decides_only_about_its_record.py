# SPDX-License-Identifier: Apache-2.0
"""A status decides only where it is about a record: a wrong address is never green, whatever the settings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

pytest.importorskip("airflow")

from airflow_provider_hubcontact.operators.errors import (
    LONGEST_WAIT,
    HubSpotSyncFailed,
    HubSpotSyncIncomplete,
    bounded,
)
from airflow_provider_hubcontact.operators.options import Guards
from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sync.model.outcome import Outcome
from tests.airflow import hostile
from tests.airflow.running import Run, connect, hurry, run

RECORDS = [{"email": f"c{number}@example.com", "firstname": "new"} for number in range(3)]
PEOPLE = [each | {"firstname": "old"} for each in RECORDS]
ANYTHING_GOES: dict[int | str, str] = {
    404: "skip",
    **dict.fromkeys(map(str, Outcome), "succeed"),
}
"""Settings that would make every outcome green."""

NOT_FOUND = {
    "page": hostile.answer(404, b"<html>not found</html>", Content_Type="text/html"),
    "nothing": hostile.answer(404),
    "JSON": hostile.answer(404, b'{"message": "Not Found"}', Content_Type="application/json"),
    "JSON of a gateway": hostile.answer(404, b'{"message": "Resource not found"}'),
    "text": hostile.answer(404, b'"contact does not exist"'),
    "HubSpot's form": hostile.answer(
        404, b'{"status":"error","message":"resource not found","correlationId":"c-1"}'
    ),
    "a missing contact": hostile.answer(
        404, b'{"status":"error","message":"contact does not exist","correlationId":"c-1"}'
    ),
    "405": hostile.answer(405, b'{"status":"error","message":"Method Not Allowed","correlationId":"c-1"}'),
    "410": hostile.answer(410, b"gone"),
    "400 for a path": hostile.answer(
        400, b'{"status":"error","message":"Unable to infer object type from: x","correlationId":"c-1"}'
    ),
}


@pytest.mark.parametrize("api", ["2026-09", "v3", "v1"])
@pytest.mark.parametrize(
    "actions", [{404: "skip"}, {404: "succeed"}, ANYTHING_GOES], ids=["skip", "succeed", "all"]
)
@pytest.mark.parametrize("answer", NOT_FOUND.values(), ids=NOT_FOUND)
def test_a_wrong_base_url(
    monkeypatch: pytest.MonkeyPatch, answer: hostile.Reply, actions: dict[int | str, str], api: str
) -> None:
    """A server that answers 404 to everything is a matter of the connection: the task fails, unsent."""
    with hostile.serving(answer) as (url, seen):
        connect(monkeypatch, url, "pat-na1-secret")
        ended = run(records=RECORDS, api_version=api, status_actions=actions, upsert=True)

    assert type(ended.error) is HubSpotSyncFailed
    assert url.removeprefix("http://") in str(ended.error)
    assert "base URL" in str(ended.error)
    assert ended.outcomes == {"not_attempted": len(RECORDS)}
    assert not any("contacts/" in line and "POST" in line for line in seen)


@pytest.mark.parametrize(
    "settings", [{"dry_run": True}, {"guards": Guards(changes=5)}, {"verify": True}], ids=str
)
def test_a_wrong_base_url_with_other_features(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any], tmp_path: Any
) -> None:
    """Dry run, guards, verification and a ledger end alike; the ledger has a line for each record."""
    with hostile.serving(NOT_FOUND["page"]) as (url, _):
        connect(monkeypatch, url, "pat-na1-secret")
        ended = run(
            records=RECORDS,
            status_actions=ANYTHING_GOES,
            ledger=str(tmp_path / "ledger"),
            retries=3,
            **settings,
        )

    lines = [line for part in tmp_path.rglob("*.jsonl") for line in part.read_bytes().splitlines()]
    assert type(ended.error) is HubSpotSyncFailed
    assert {json.loads(line)["outcome"] for line in lines} == {"not_attempted"}
    assert len(lines) == len(RECORDS)


@pytest.mark.parametrize("token_status", [404, 405, 410])
def test_a_wrong_base_url_with_oauth(monkeypatch: pytest.MonkeyPatch, token_status: int) -> None:
    """The token endpoint may be the first to be missing."""
    with hostile.serving(hostile.answer(token_status, b"<html>")) as (url, _):
        connect(monkeypatch, url, client_id="app", client_secret="app-secret", refresh_token="refresh-me")
        ended = run(records=RECORDS, status_actions=ANYTHING_GOES | {401: "skip", 403: "skip"})

    assert type(ended.error) is HubSpotSyncFailed
    assert "base URL" in str(ended.error)


@contextmanager
def troubled(monkeypatch: pytest.MonkeyPatch, *rules: dict[str, Any]) -> Iterator[Sandbox]:
    with Sandbox(PEOPLE, faults={"rules": list(rules)}) as sandbox:
        connect(monkeypatch, sandbox.url, sandbox.token)
        yield sandbox


@pytest.mark.parametrize("kind", ["status", "html"])
@pytest.mark.parametrize("status", [404, 405, 410, 418])
@pytest.mark.parametrize(
    ("api", "on"),
    [("2026-09", "batches.read"), ("2026-09", "batches.update"), ("v1", "contacts_v1.*")],
)
def test_a_wrong_path_in_the_middle(
    monkeypatch: pytest.MonkeyPatch, api: str, on: str, status: int, kind: str
) -> None:
    """Where only the contacts' path is wrong, the run stops at the first call, and the task fails at once."""
    with troubled(monkeypatch, {"kind": kind, "on": on, "status": status}) as sandbox:
        ended = run(records=RECORDS, api_version=api, status_actions=ANYTHING_GOES, retries=5)

        names = {contact.properties["firstname"] for contact in sandbox.portal.page(0, 10)}
    assert names == {"old"}
    assert type(ended.error) is HubSpotSyncFailed
    assert f"answered {status}" in str(ended.error)
    assert "example.com" not in str(ended.error)
    assert ended.outcomes == {"not_attempted": len(RECORDS)}


@pytest.mark.parametrize("on", ["account.*", "properties.*"])
@pytest.mark.parametrize("kind", ["status", "html"])
def test_a_start_that_is_not_there(monkeypatch: pytest.MonkeyPatch, on: str, kind: str) -> None:
    """Every portal has an account and properties: a 404 of either is about the address."""
    with troubled(monkeypatch, {"kind": kind, "on": on, "status": 404}):
        ended = run(records=RECORDS, status_actions=ANYTHING_GOES)

    assert type(ended.error) is HubSpotSyncFailed
    assert ended.outcomes == {"not_attempted": len(RECORDS)}


@pytest.mark.parametrize("api", ["2026-09", "v1"])
def test_a_contact_that_is_missing(monkeypatch: pytest.MonkeyPatch, api: str) -> None:
    """HubSpot's own 404 of a contact is still what ``status_actions`` decides about."""
    with troubled(monkeypatch):
        records = [*RECORDS, {"email": "nobody@example.com", "firstname": "x"}]
        ended = run(records=records, api_version=api, status_actions={404: "skip"})

    assert ended.error is None
    assert ended.outcomes == {"updated": 3, "not_found": 1}


@pytest.mark.parametrize("on", ["properties.*", "account.*", "property_rules.*", "*access-token-info"])
@pytest.mark.parametrize("status", [403, 500, 503])
def test_an_account_that_may_not_be_read(monkeypatch: pytest.MonkeyPatch, on: str, status: int) -> None:
    """What may not be read, or not now, keeps no record from being written."""
    monkeypatch.setattr("airflow_provider_hubcontact.client.transport.MAX_RETRY_AFTER", 0.0)
    with troubled(monkeypatch, {"kind": "status", "on": on, "status": status, "retry_after": 1}):
        ended = run(records=RECORDS)

    assert ended.error is None
    assert ended.outcomes == {"updated": 3}


@pytest.mark.parametrize("status", [408, 425])
@pytest.mark.parametrize(("api", "on"), [("2026-09", "batches.*"), ("v1", "contacts_v1.*")])
def test_a_proxy_that_gives_up_once(monkeypatch: pytest.MonkeyPatch, api: str, on: str, status: int) -> None:
    """What passes is repeated, and no record sees it."""
    with troubled(monkeypatch, {"kind": "html", "on": on, "status": status, "count": 1}):
        ended = run(records=RECORDS, api_version=api)

    assert ended.error is None
    assert ended.outcomes == {"updated": 3}
    assert ended.report["calls"]["by_status"][str(status)] == 1


@pytest.mark.parametrize("status", [408, 425])
def test_a_proxy_that_gives_up_for_good(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    """The task is tried again, and nothing says that the records are wrong."""
    monkeypatch.setattr("airflow_provider_hubcontact.client.transport.MAX_RETRY_AFTER", 0.0)
    with troubled(monkeypatch, {"kind": "html", "on": "batches.update", "status": status, "retry_after": 1}):
        ended = run(records=RECORDS)

    assert type(ended.error) is HubSpotSyncIncomplete
    assert ended.outcomes == {"unavailable": 3}
    assert ended.report["calls"]["by_status"][str(status)] == 1


def migrating(retry_after: str) -> hostile.Reply:
    return hostile.answer(
        477, b'{"status":"error","message":"moving","correlationId":"c"}', Retry_After=retry_after
    )


@pytest.mark.parametrize(
    ("retry_after", "waits"),
    [
        ("99999999999", LONGEST_WAIT),
        ("9" * 30, 3_600),
        ("-5", 3_600),
        ("nan", 3_600),
        ("Wed, 21 Oct 2026 07:28:00 GMT", 3_600),
        ("7200", 7_200),
    ],
)
def test_a_migration_of_years(monkeypatch: pytest.MonkeyPatch, retry_after: str, waits: float) -> None:
    """A portal moves for a day at most: no retry waits longer, whatever a server asks for."""
    hurry(monkeypatch)
    with hostile.serving(migrating(retry_after)) as (url, _):
        connect(monkeypatch, url, "pat-na1-secret")
        ended = run(records=RECORDS)

    assert type(ended.error) is HubSpotSyncIncomplete
    assert ended.error.retry_after == waits


@pytest.mark.parametrize(
    ("seconds", "waits"),
    [
        (float("nan"), 0.0),
        (float("inf"), LONGEST_WAIT),
        (float("-inf"), 0.0),
        (-1.0, 0.0),
        (5.0, 5.0),
        (1e300, LONGEST_WAIT),
    ],
)
def test_no_wait_is_longer_than_a_day(seconds: float, waits: float) -> None:
    """A retry and a deferral wait for a time that exists."""
    assert bounded(seconds) == waits
    assert HubSpotSyncIncomplete("x", seconds).retry_after == waits


@pytest.mark.parametrize(
    "zone",
    [
        "Mars/Olympus",
        "",
        "x\n2026-01-01 ERROR forged",
        "\x1b[31mred",
        "../../etc/passwd",
        "a" * 100_000,
        5,
        None,
    ],
    ids=["unknown", "empty", "line", "escape", "path", "long", "number", "none"],
)
def test_a_time_zone_that_is_not_valid(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, zone: object
) -> None:
    """A portal's time zone is printed as one line, and an unknown one does not end a run."""
    details = json.dumps({"portalId": 1, "timeZone": zone}).encode()

    def reply(handler: BaseHTTPRequestHandler) -> None:
        if "account-info" in handler.path:
            hostile.answer(200, details, X_HubSpot_RateLimit_Daily_Remaining="1")(handler)
        else:
            hostile.answer(503, b"{}", Retry_After="3600")(handler)

    with hostile.serving(reply) as (url, _):
        connect(monkeypatch, url, "pat-na1-secret")
        ended = run(records=RECORDS)

    assert any("left until midnight" in record.getMessage() for record in caplog.records)
    assert type(ended.error) is HubSpotSyncIncomplete
    assert sum(ended.outcomes.values()) == len(RECORDS)
    for record in caplog.records:
        message = record.getMessage()
        assert "forged" not in message.partition("\n")[2]
        assert "\x1b" not in message
        assert len(message) < 5_000


def test_the_run_of_a_test_is_green_without_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other tests fail for their trouble alone."""
    with troubled(monkeypatch):
        ended: Run = run(records=RECORDS, status_actions=ANYTHING_GOES)

    assert ended.error is None
    assert ended.outcomes == {"updated": 3}
