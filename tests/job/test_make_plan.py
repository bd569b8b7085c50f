# SPDX-License-Identifier: Apache-2.0
"""A plan is made, and applied, where there is no Airflow."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from airflow_provider_hubcontact.job.apply_plan import apply_plan
from airflow_provider_hubcontact.job.errors import PreflightError, SetupError
from airflow_provider_hubcontact.job.make_plan import make_plan
from airflow_provider_hubcontact.job.settings.ledger import Ledger
from airflow_provider_hubcontact.job.settings.settings import Settings
from airflow_provider_hubcontact.job.settings.source import Source
from airflow_provider_hubcontact.job.signals import StopSignal
from airflow_provider_hubcontact.job.update import update
from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sync.keep.report import Report
from airflow_provider_hubcontact.sync.model.outcome import by_outcome
from tests.job.surroundings import LocalSurroundings

RECORDS = [{"email": "ada@example.com", "firstname": "Augusta"}, {"email": "nobody@example.com"}]


def test_the_ledger_is_for_what_is_written(tmp_path: Path) -> None:
    """Neither a plan nor a failed preflight of one leaves a line; applying it does."""
    plan, ledger = str(tmp_path / "plan"), tmp_path / "ledger"
    settings = Settings(ledger=Ledger(str(ledger)))
    with Sandbox([{"email": "ada@example.com", "firstname": "Ada"}]) as hubspot:
        around = LocalSurroundings(hubspot, RECORDS)
        for mapping in ({"firstname": "frstname"}, None):
            made = Report(dry_run=True)
            try:
                make_plan(settings.replace(mapping=mapping), around, made, StopSignal(), plan)
            except PreflightError:
                assert mapping
            assert made.ledger is None
            assert not ledger.exists()
        applied = Report()
        apply_plan(plan, None, around, applied, StopSignal())

    assert by_outcome(applied.tally) == {"updated": 1}
    assert applied.ledger == str(ledger)
    assert len([*around.ledger_lines(str(ledger))]) == 1


def test_files_of_others_are_left_alone(tmp_path: Path) -> None:
    """An older plan is replaced, and nothing else that the folder has, whatever its name begins with."""
    mine = ["part-000001.jsonl.bak", "part-1.jsonl", "part-of-me.txt", "rows.csv"]
    for name in [*mine, "part-000007.jsonl", "plan.json"]:
        (tmp_path / name).write_text("mine")
    with Sandbox([{"email": "ada@example.com"}]) as hubspot:
        around = LocalSurroundings(hubspot, RECORDS)
        make_plan(Settings(), around, Report(dry_run=True), StopSignal(), str(tmp_path))

    assert [name for name in mine if (tmp_path / name).read_text() == "mine"] == mine
    assert sorted({each.name for each in tmp_path.iterdir()} - {*mine}) == ["part-000001.jsonl", "plan.json"]


@pytest.mark.parametrize("name", ["rows.csv", "rows.csv/ledger"])
def test_a_ledger_in_the_place_of_a_file(name: str, tmp_path: Path) -> None:
    """It is told before HubSpot is asked anything, for this run and for one that applies a plan."""
    (tmp_path / "rows.csv").write_text("email")
    settings = Settings(source=Source(has_records=True), ledger=Ledger(str(tmp_path / name)))
    with Sandbox([{"email": "ada@example.com"}]) as hubspot:
        around = LocalSurroundings(hubspot, RECORDS)
        with pytest.raises(SetupError, match=r"ledger: .*rows\.csv is a file, not a folder"):
            make_plan(settings, around, Report(dry_run=True), StopSignal(), str(tmp_path / "plan"))
        with pytest.raises(SetupError, match=r"ledger: .*rows\.csv is a file, not a folder"):
            update(settings, around, Report(), StopSignal())
        assert not hubspot.requests


def test_a_ledger_that_may_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So is that; whoever runs tests may write everywhere, so the machine's word on it is handed in."""
    monkeypatch.setattr(os, "access", lambda *_: False)
    settings = Settings(source=Source(has_records=True), ledger=Ledger(str(tmp_path / "ledger")))
    with Sandbox() as hubspot, pytest.raises(SetupError, match=r"ledger: .* no right to write to "):
        update(settings, LocalSurroundings(hubspot, RECORDS), Report(), StopSignal())


def test_a_plan_in_the_place_of_a_file(tmp_path: Path) -> None:
    """It is told before HubSpot is asked anything."""
    (tmp_path / "rows.csv").write_text("email")
    with Sandbox() as hubspot:
        around = LocalSurroundings(hubspot, RECORDS)
        with pytest.raises(SetupError, match=r"plan: .*rows\.csv is a file, not a folder"):
            make_plan(
                Settings(), around, Report(dry_run=True), StopSignal(), str(tmp_path / "rows.csv" / "p")
            )
        assert not hubspot.requests


def test_a_ledger_that_is_not_valid_is_told(tmp_path: Path) -> None:
    """Though it is not opened: the plan could not be applied."""
    settings, report = Settings(ledger=Ledger("")), Report(dry_run=True)
    with Sandbox() as hubspot, pytest.raises(PreflightError, match="ledger must be a path"):
        make_plan(settings, LocalSurroundings(hubspot), report, StopSignal(), str(tmp_path / "plan"))
