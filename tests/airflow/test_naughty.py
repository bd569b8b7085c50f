# SPDX-License-Identifier: Apache-2.0
"""Texts that break things, as values and as keys, all the way to the portal; and answers that are none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_provider_hubcontact.sandbox import Sandbox
from tests.airflow import hostile
from tests.airflow.naughty import NAUGHTY, TEXTS
from tests.airflow.running import connect, hurry, run

WRITTEN = {"updated", "created", "unchanged"}


@pytest.fixture
def portal(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    contacts = [{"email": f"c{number}@example.com", "firstname": "old"} for number in range(len(TEXTS))]
    with Sandbox(contacts) as sandbox:
        connect(monkeypatch, sandbox.url, sandbox.token)
        yield sandbox


@pytest.mark.parametrize("api", ["2026-09", "v1"])
def test_as_values(portal: Sandbox, api: str, tmp_path: Any) -> None:
    """Each text is in HubSpot as it was, or its record's outcome says that it is not."""
    records = [{"email": f"c{place}@example.com", "firstname": text} for place, (_, text) in enumerate(TEXTS)]

    ended = run(records=records, api_version=api, ledger=str(tmp_path))

    lines = [
        json.loads(line) for part in tmp_path.rglob("*.jsonl") for line in part.read_bytes().splitlines()
    ]
    assert len(TEXTS) > 100
    assert ended.report["rows"] == len(TEXTS) == len(lines)
    assert set(ended.outcomes) <= WRITTEN | {"invalid"}
    for line in lines:
        kind, text = TEXTS[line["row"] - 1]
        contact = portal.portal.contact(line["key"])
        assert contact is not None
        wanted = text if line["outcome"] in WRITTEN else "old"
        assert contact.properties["firstname"] == wanted, kind
    refused = {TEXTS[line["row"] - 1][0] for line in lines if line["outcome"] == "invalid"}
    assert refused == {"half characters", "long"}


@pytest.mark.parametrize("mode", ["update", "upsert"])
@pytest.mark.parametrize("api", ["2026-09", "v1"])
def test_as_keys(portal: Sandbox, api: str, mode: str) -> None:
    """No key breaks a batch: the good record beside it is written, and what is created is told."""
    before = {contact.id for contact in portal.portal.page(0, 10_000)}
    good = {"email": "c0@example.com", "firstname": "good"}
    records = [good, *({"email": text, "firstname": "x"} for _, text in TEXTS)]

    ended = run(records=records, api_version=api, upsert=mode == "upsert")

    created = [each for each in portal.portal.page(0, 10_000) if each.id not in before]
    assert ended.report["rows"] == len(records) == sum(ended.outcomes.values())
    assert ended.outcomes["updated"] == 1
    assert ended.outcomes.get("created", 0) == len(created)
    assert set(ended.outcomes) <= {"updated", "invalid", "rejected", "not_found", "superseded", "created"}
    assert "unknown" not in ended.outcomes


def test_as_names_of_properties(portal: Sandbox) -> None:
    """A column with such a name spoils its own record only."""
    names = [text for kind, texts in NAUGHTY.items() if kind != "long" for text in texts]
    records = [{"email": f"c{place}@example.com", name: "x"} for place, name in enumerate(names)]

    ended = run(
        records=[*records, {"email": "c250@example.com"}, {"email": "c0@example.com", "city": "Rome"}]
    )

    assert ended.report["rows"] == len(records) + 2
    assert ended.outcomes["updated"] == 1
    assert ended.outcomes["invalid"] >= len(names) - 1


def test_in_logs(portal: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    """No line of the log is begun by a value."""
    forged = "x\n[2026-01-01] ERROR forged"
    records = [{"email": f"a{forged}@example.com", "seats": forged}, {"email": "c1@example.com", forged: "x"}]

    ended = run(records=records)

    texts = [record.getMessage() for record in caplog.records]
    assert not [line for text in texts for line in text.splitlines() if line.startswith("[2026-01-01]")]
    assert not [line for line in str(ended.error).splitlines() if line.startswith("[2026-01-01]")]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
SHAPES = st.fixed_dictionaries(
    {},
    optional={
        "results": JSON
        | st.lists(st.fixed_dictionaries({}, optional={"id": JSON, "properties": JSON, "new": JSON})),
        "errors": JSON | st.lists(st.fixed_dictionaries({}, optional={"context": JSON, "category": JSON})),
        "message": JSON,
        "category": JSON,
        "context": JSON,
    },
)
BODIES = (
    JSON.map(json.dumps).map(str.encode) | SHAPES.map(json.dumps).map(str.encode) | st.binary(max_size=60)
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(200, 599), BODIES), min_size=1, max_size=4),
    st.sampled_from(["update", "upsert"]),
)
def test_any_answer(monkeypatch: pytest.MonkeyPatch, answers: list[tuple[int, bytes]], mode: str) -> None:
    """Whatever a server answers, every record has its outcome, and none a success that nobody confirmed."""
    hurry(monkeypatch)
    count = iter(range(10_000))

    def reply(handler: BaseHTTPRequestHandler) -> None:
        status, body = answers[next(count) % len(answers)]
        handler.send_response(status)
        if status not in {204, 304}:
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)
        else:
            handler.end_headers()

    records = [{"email": f"c{number}@example.com", "firstname": "x"} for number in range(3)]
    with hostile.serving(reply) as (url, _):
        connect(monkeypatch, url, "token")
        ended = run(records=records, upsert=mode == "upsert")

    if ended.report:
        assert ended.report["rows"] == sum(ended.outcomes.values())
        assert not {"updated", "created"} & set(ended.outcomes)
    else:
        assert ended.error is not None
