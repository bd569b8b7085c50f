# SPDX-License-Identifier: Apache-2.0
"""A guard that does not trip changes nothing of how a run ends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("airflow")

from airflow_provider_hubcontact.operators.options import Guards, Key
from airflow_provider_hubcontact.sandbox import Sandbox
from tests.airflow.running import connect, run, stored

CONTACT = {
    "email": "p@example.com",
    "hs_additional_emails": "s@example.com",
    "firstname": "B",
    "city": "Rome",
}


@pytest.fixture
def hubspot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(contacts=[CONTACT, {"email": "q@example.com", "firstname": "Q"}]) as hubspot:
        connect(monkeypatch, hubspot.url, hubspot.token)
        yield hubspot


GUARDS: list[dict[str, Any]] = [{}, {"guards": Guards(changes=100)}, {"guards": Guards(changes=3)}]


@pytest.mark.parametrize("guards", GUARDS, ids=str)
def test_two_addresses_of_one_contact(hubspot: Sandbox, guards: dict[str, Any]) -> None:
    """Each row is written whole, although one of them was equal to the contact before the run."""
    rows = [
        {"email": "s@example.com", "firstname": "A", "city": "Rome"},
        {"email": "p@example.com", "firstname": "B", "city": "Oslo"},
    ]
    ended = run(records=rows, **guards)

    has = stored(hubspot, "p@example.com", "firstname"), stored(hubspot, "p@example.com", "city")
    assert has in {("A", "Rome"), ("B", "Oslo")}  # either row may come last, but no mixture
    assert ended.outcomes == {"updated": 2}


@pytest.mark.parametrize("guards", GUARDS, ids=str)
def test_rows_of_every_kind(hubspot: Sandbox, guards: dict[str, Any]) -> None:
    """Outcomes, coercions and reasons are those of a run without guards, and no row ends twice."""
    rows: list[Any] = [
        {"email": "q@example.com", "firstname": "Quentin"},
        {"email": "nobody@example.com", "firstname": "N"},
        {"email": "p@example.com", "firstname": "B"},
        {"email": "", "firstname": "no key"},
        "no row",
        {"email": "q@example.com", "city": float("nan")},
    ]
    ended = run(records=rows, **guards)

    assert ended.report["rows"] == len(rows)
    assert ended.outcomes["invalid"] == 2
    assert ended.outcomes["not_found"] == 1
    assert sum(ended.report["coercions"]["counts"].values()) == 1
    assert stored(hubspot, "q@example.com", "firstname") in {"Q", "Quentin"}


@pytest.mark.parametrize("guards", [{}, {"guards": Guards(changes=2, creates=1)}], ids=str)
def test_creations(hubspot: Sandbox, guards: dict[str, Any]) -> None:
    """A contact that two rows are about is created once, and the second row is written to it."""
    rows = [
        {"email": "new@example.com", "firstname": "N", "city": "Rome"},
        {"email": "q@example.com", "firstname": "Quentin"},
        {"email": "new@example.com", "firstname": "New"},
    ]
    ended = run(records=rows, upsert=True, **guards)

    assert ended.outcomes["created"] + ended.outcomes["updated"] == len(rows)
    assert stored(hubspot, "new@example.com", "firstname") == "New"
    assert stored(hubspot, "new@example.com", "city") == "Rome"


@pytest.mark.parametrize("upsert", [False, True])
@pytest.mark.parametrize("guards", [None, Guards(changes=2, creates=1), Guards(changes=1)], ids=str)
def test_an_address_that_a_row_gives(hubspot: Sandbox, guards: Guards | None, upsert: bool) -> None:
    """A later row of the new address is about the contact that has it by then, in the guard's count, too."""
    if guards and not upsert:
        guards = Guards(changes=guards.changes)
    rows = [
        {"email": "q@example.com", "new": "new@example.com"},
        {"email": "new@example.com", "firstname": "N"},
        {"email": "q@example.com", "firstname": "Somebody else"},
    ]
    ended = run(
        records=rows,
        upsert=upsert,
        key=Key("email", becomes="new"),
        **({"guards": guards} if guards else {}),
    )

    if guards and guards.changes == 1:
        assert ended.outcomes.keys() <= {"not_attempted", "not_found"}
        assert stored(hubspot, "q@example.com", "firstname") == "Q"
        return
    assert ended.outcomes == {"updated": 2, "created" if upsert else "not_found": 1}
    assert stored(hubspot, "new@example.com", "firstname") == "N"


@pytest.mark.parametrize("ledger", [False, True])
def test_a_guard_that_trips(hubspot: Sandbox, tmp_path: Path, ledger: bool) -> None:
    """Nothing is written, and every row has an outcome: what needs no write has its own."""
    kept = {"ledger": str(tmp_path / "ledger")} if ledger else {}
    rows = [
        {"email": "q@example.com", "firstname": "Quentin"},
        {"email": "p@example.com", "firstname": "B"},
        {"email": "nobody@example.com"},
        {"email": ""},
    ]
    ended = run(records=rows, guards=Guards(changes=0), **kept)

    assert ended.outcomes == {"unchanged": 1, "invalid": 1, "not_found": 1, "not_attempted": 1}
    assert ended.report["reasons"]
    assert stored(hubspot, "q@example.com", "firstname") == "Q"
    if ledger:
        lines = [line for part in tmp_path.rglob("*.jsonl") for line in part.read_text().splitlines()]
        assert len(lines) == len(rows)
