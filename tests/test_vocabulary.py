# SPDX-License-Identifier: Apache-2.0
"""A new outcome or choice is missed wherever people would look for it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from airflow_provider_hubcontact.operators.options import FromLedger, Writes
from airflow_provider_hubcontact.sync.decide.policy import DEFAULT_ACTIONS, Action
from airflow_provider_hubcontact.sync.model.choices import WriteMode
from airflow_provider_hubcontact.sync.model.outcome import (
    ABOUT_A_RECORD,
    DECIDES_VALUES,
    SUCCESSES,
    Outcome,
)
from demo.__main__ import MEANING
from demo.customers import EXPECTED, EXPECTED_AGAIN
from tests.cases.test_rows_of_one_key_end_as_if_written_in_order import COLUMNS, DRAWN, MODES

ROOT = Path(__file__).parent.parent
STYLE = (ROOT / "airflow_provider_hubcontact/ui/templates/base.html").read_text()


@pytest.mark.parametrize("outcome", Outcome)
def test_each_outcome_has_its_colours(outcome: Outcome) -> None:
    """The report's page has one for light, one for dark, and a class that uses them."""
    colours = re.findall(rf"--{outcome}: (#[0-9a-f]{{6}});", STYLE)
    assert len(colours) == 2
    assert f'"{outcome}"' in STYLE


def test_no_two_outcomes_share_a_colour() -> None:
    """A bar's parts can be told apart."""
    for theme in zip(*(re.findall(rf"--{each}: (#[0-9a-f]{{6}});", STYLE) for each in Outcome), strict=True):
        assert len(set(theme)) == len(Outcome)


def test_what_succeeds_is_no_problem() -> None:
    """A report counts an outcome as a problem if the task does not succeed with it by default."""
    assert {name for name, action in DEFAULT_ACTIONS.items() if action is Action.SUCCEED} == SUCCESSES


def test_the_readme_tells_what_the_task_does() -> None:
    """Its table has all outcomes and no other, each with the action that it asks for by default."""
    verbs = {
        "succeeds": Action.SUCCEED,
        "fails": Action.FAIL,
        "fails at once": Action.FAIL_NOW,
        "retries": Action.RETRY,
    }
    table = (ROOT / "README.md").read_text(encoding="utf-8").split("## Outcomes")[1].split("\n\n")[1]
    rows = [line.split("|")[1:-1] for line in table.splitlines()[3:]]
    told = {
        name: verbs[task.partition(",")[0].strip()]
        for names, _, task in rows
        for name in re.findall(r"`(\w+)`", names)
    }

    assert told == DEFAULT_ACTIONS


def _named(text: str, begin: str, end: str) -> set[str]:
    """Return what stands in code between two places of a text."""
    return set(re.findall(r"`(\w+)`", text.partition(begin)[2].partition(end)[0]))


def test_what_is_not_sent_again_is_told() -> None:
    """The page about ledgers and the value object name all outcomes without a problem."""
    page = (ROOT / "docs/ledger.md").read_text()

    assert _named(page, "these are all outcomes except", "\n\n") == SUCCESSES
    assert _named(str(FromLedger.__doc__), "to send again; all but", "unless given") == SUCCESSES


def test_what_is_proved_is_told() -> None:
    """The pages about the state and about reliability say which outcomes are held to be true."""
    claims = (ROOT / "docs/reliability.md").read_text()

    assert (
        _named((ROOT / "docs/state.md").read_text(), "HubSpot has answered. Then", "prove") == DECIDES_VALUES
    )
    assert _named(claims, "What the ledger calls", "is in the portal") == DECIDES_VALUES
    assert _named(claims, "; what it calls", "is as it was before") == ABOUT_A_RECORD | {Outcome.INVALID}


def test_the_demo_says_what_it_shows() -> None:
    """Each outcome that it comes to has its meaning, and no other."""
    assert MEANING.keys() == EXPECTED.keys() | EXPECTED_AGAIN.keys()
    assert MEANING.keys() <= set(Outcome)


@pytest.mark.parametrize("mode", WriteMode)
def test_each_write_mode_is_told(mode: WriteMode) -> None:
    """The page about mapping, the README and the value object name it."""
    assert f"`{mode}`" in (ROOT / "docs/mapping.md").read_text()
    assert f"`{mode}`" in (ROOT / "README.md").read_text()
    assert f"``{mode}``" in str(Writes.__doc__)


def test_each_write_mode_is_in_the_model_of_rows_of_one_key() -> None:
    """Rows with it end as if they were written one after another."""
    assert {WriteMode.OVERWRITE, *MODES.values()} == set(WriteMode)
    assert MODES.keys() <= COLUMNS.keys() & DRAWN.keys()
