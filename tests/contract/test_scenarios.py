"""Each scenario against the sandbox, and each switch as its scenario finds it."""

from __future__ import annotations

import re

import pytest

from airflow_provider_hubcontact.sandbox import Requirements, Switches
from tests.contract.live import ask_sandbox, compared
from tests.contract.portals import OTHER_WAY, settings
from tests.contract.questions import NOT_ASKED, QUESTIONS, Findings
from tests.contract.scenario import Told
from tests.contract.scenarios import SCENARIOS

DEFAULTS = Findings(required=("firstname",))


@pytest.fixture(scope="module")
def told() -> dict[str, Told]:
    return {each.scenario: each for each in ask_sandbox(DEFAULTS, SCENARIOS.values())}


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_sandbox_answers(told: dict[str, Told], name: str) -> None:
    """What a scenario needs can be prepared, and no call is unknown to the sandbox or breaks it."""
    each = told[name]

    assert each.trouble == ""
    assert [one.name for one in each.exchanges if one.answer.status >= 500] == []
    assert any(one.compared for one in each.exchanges)


def test_each_scenario_states_its_rule() -> None:
    """The report tells it; calls of a scenario have names of their own."""
    assert all(re.fullmatch(r"[A-Z0-9`].+\.", each.rule) for each in SCENARIOS.values())
    assert len(SCENARIOS) >= 40


def test_names_of_calls_differ(told: dict[str, Told]) -> None:
    """A difference can be found again."""
    for each in told.values():
        names = [one.name for one in each.exchanges if one.compared]
        assert len(names) == len(set(names)), each.scenario


def test_each_switch_is_asked_about() -> None:
    """An open question without a scenario says why."""
    assert QUESTIONS.keys().isdisjoint(NOT_ASKED)
    assert QUESTIONS.keys() | NOT_ASKED.keys() == Switches.choices().keys()
    assert {each.scenario for each in QUESTIONS.values()} <= SCENARIOS.keys()


@pytest.mark.parametrize(
    ("switch", "value"),
    [(switch, value) for switch in QUESTIONS for value in Switches.choices()[switch]],
)
def test_a_switch_is_found(switch: str, value: str) -> None:
    """A portal that answers one question otherwise is known by exactly this."""
    portal = Findings({switch: value}, required=("firstname",))
    asked = ask_sandbox(portal, [SCENARIOS[QUESTIONS[switch].scenario]])

    assert settings(asked) == ({} if value == Switches.choices()[switch][0] else {switch: value})


def test_all_switches_at_once() -> None:
    """A portal that answers all questions otherwise is a sandbox with these switches, in every answer."""
    portal = Findings(OTHER_WAY, required=("firstname",))
    outcome = compared(ask_sandbox(portal, SCENARIOS.values()), [*SCENARIOS.values()])

    assert outcome.findings.settings == OTHER_WAY
    assert outcome.findings.requirements == Requirements(("firstname",))
    assert outcome.differences == []


def test_without_a_required_property_one_question_stays_open(told: dict[str, Told]) -> None:
    """A portal whose answers cannot tell is not said to have told."""
    portal = Findings(OTHER_WAY)
    asked = ask_sandbox(portal, [SCENARIOS["create_without_required"]])
    outcome = compared(asked, [SCENARIOS["create_without_required"]])

    assert "write_rules" not in outcome.findings.settings
    assert "firstname" in outcome.findings.open["write_rules"]
