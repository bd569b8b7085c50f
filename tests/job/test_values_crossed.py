# SPDX-License-Identifier: Apache-2.0
"""Words and owners of a source together with all else that a run does, over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_hubcontact.job.settings.ledger import Ledger
from airflow_provider_hubcontact.job.settings.replay import Replay
from airflow_provider_hubcontact.job.settings.source import Source
from airflow_provider_hubcontact.job.settings.state import State
from airflow_provider_hubcontact.job.settings.writes import Writes
from airflow_provider_hubcontact.sandbox import Sandbox
from tests.job.around import Around, apply, plan, run, undo
from tests.job.test_owners import OLIVIA
from tests.job.test_values_runs import ADA, EVERYTHING, PROPERTIES

BEFORE = {"tier": "s1", "hobbies": "golf", "vip": "false", "born": "1999-12-31", "hubspot_owner_id": "4712"}
WORDS = {
    "tier": "GOLD",
    "hobbies": "fine wine;Chess",
    "vip": "ja",
    "born": "01.02.2000",
    "hubspot_owner_id": OLIVIA,
}
MEANT = {
    "tier": "g1",
    "hobbies": "wine;chess",
    "vip": "true",
    "born": "2000-02-01",
    "hubspot_owner_id": "4711",
}
STATE = State("sql://db/hub", audit=None)
BROKEN = [{"kind": "status", "status": 500, "on": "*/batch/update"}]


@pytest.fixture
def hubspot() -> Iterator[Sandbox]:
    with Sandbox([{"email": ADA, **BEFORE}], properties=PROPERTIES) as sandbox:
        yield sandbox


@pytest.fixture
def around(hubspot: Sandbox) -> Around:
    return Around(hubspot, [{"email": ADA, **WORDS}])


def has(hubspot: Sandbox) -> dict[str, str | None]:
    contact = hubspot.portal.contact(ADA)
    assert contact is not None
    return {name: contact.properties.get(name) or "" for name in MEANT}


@pytest.mark.parametrize(
    ("name", "mode", "word", "written"),
    [
        ("tier", "fill_empty", "Gold", "s1"),
        ("hobbies", "append", "Chess", "golf;chess"),
        ("hobbies", "append", '["Chess", "Golf"]', "golf;chess"),
        ("vip", "fill_empty", "ja", "false"),
        ("born", "fill_empty", "01.02.2000", "1999-12-31"),
        ("hubspot_owner_id", "fill_empty", OLIVIA, "4712"),
        ("tier", "overwrite", "N/A", ""),
        ("vip", "overwrite", "N/A", ""),
        ("hubspot_owner_id", "overwrite", "N/A", ""),
    ],
)
def test_modes_and_nulls(hubspot: Sandbox, name: str, mode: str, word: str, written: str) -> None:
    """What a word means is filled in, appended, or clears."""
    modes = {} if mode == "overwrite" else {name: mode}
    ended = run(
        Around(hubspot, [{"email": ADA, name: word}]),
        values=EVERYTHING,
        writes=Writes(nulls="clear", properties=modes or None),
    )

    assert ended.error is None
    assert has(hubspot)[name] == written


@pytest.mark.parametrize(("name", "word"), WORDS.items())
def test_a_json_schema_sees_the_word(hubspot: Sandbox, around: Around, name: str, word: str) -> None:
    """As it is in the source, whatever it means."""
    seen = {"properties": {name: {"const": word}}}
    meant = {"properties": {name: {"const": MEANT[name]}}}

    refused = run(around, values=EVERYTHING, json_schema=meant)
    accepted = run(around, values=EVERYTHING, json_schema=seen)

    assert (refused.outcomes, accepted.outcomes) == ({"invalid": 1}, {"updated": 1})
    assert has(hubspot) == MEANT


def test_what_is_unchanged(around: Around, tmp_path: Path) -> None:
    """Neither a dry run nor a plan finds a difference then; a state has digests of what is meant."""
    around.state_file = tmp_path / "state.db"

    assert run(around, values=EVERYTHING, state=STATE).outcomes == {"updated": 1}
    around.given = [{"email": ADA, **MEANT, "vip": "1", "hobbies": ["wine", "chess"], "born": "01.02.2000"}]
    assert run(around, values=EVERYTHING, state=STATE).outcomes == {"up_to_date": 1}
    assert run(around, values=EVERYTHING, dry_run=True).outcomes == {"unchanged": 1}
    made = plan(around, tmp_path / "plan", values=EVERYTHING)
    assert made.report["plan"]["changes"] == 0


def test_a_plan(hubspot: Sandbox, around: Around, tmp_path: Path) -> None:
    """It shows and writes what is meant, without the settings or the list of owners."""
    made = plan(around, tmp_path / "plan", values=EVERYTHING)
    hubspot.use_faults({"rules": [{"kind": "status", "status": 503, "on": "GET */owners/*"}]})

    assert made.report["changes"][0]["properties"] == {name: [BEFORE[name], MEANT[name]] for name in MEANT}
    assert apply(Around(hubspot), tmp_path / "plan").outcomes == {"updated": 1}
    assert has(hubspot) == MEANT


def test_a_replay(hubspot: Sandbox, around: Around) -> None:
    """A ledger has the words, which mean the same again."""
    hubspot.use_faults({"rules": BROKEN})
    assert run(around, values=EVERYTHING, ledger=Ledger("l", values=True)).outcomes == {"unavailable": 1}
    hubspot.use_faults({"rules": []})

    again = run(around, values=EVERYTHING, source=Source(has_records=False, replay=Replay("l")))

    assert again.outcomes == {"updated": 1}, again.reasons
    assert has(hubspot) == MEANT


@pytest.mark.parametrize("lists_owners", [True, False])
def test_an_undo(hubspot: Sandbox, around: Around, tmp_path: Path, lists_owners: bool) -> None:
    """It needs neither ``Values`` nor owners: its ledger has what was written, and before."""
    run(around, values=EVERYTHING, ledger=Ledger("l", values=True))
    assert has(hubspot) == MEANT
    faults: list[Any] = [] if lists_owners else [{"kind": "status", "status": 403, "on": "GET */owners/*"}]
    hubspot.use_faults({"rules": faults})

    made = undo(around, tmp_path / "plan")

    assert made.error is None
    assert apply(Around(hubspot), tmp_path / "plan").outcomes == {"updated": 1}
    assert has(hubspot) == BEFORE


def test_values_of_who_left(hubspot: Sandbox, around: Around, tmp_path: Path) -> None:
    """Those of a setting are HubSpot's own, but for the address of an owner; a label is refused."""
    around.state_file = tmp_path / "state.db"

    def asked(**values: str) -> dict[str, Any]:
        state = State("sql://db/hub", audit=None, grace=0, on_removed=values)
        return {"values": EVERYTHING, "state": state}

    assert "state.on_removed: tier" in run(around, **asked(tier="Gold")).says
    assert run(around, **asked(tier="g1")).outcomes == {"updated": 1}
    around.given = [{"email": "other@example.com", "vip": "ja"}]
    for run_id in ("dag/second", "dag/third"):
        around.run_id = run_id
        ended = run(around, upsert=True, **asked(tier="s1", hubspot_owner_id="oscar@example.com"))

    assert ended.error is None
    assert (has(hubspot)["tier"], has(hubspot)["hubspot_owner_id"]) == ("s1", "4712")
