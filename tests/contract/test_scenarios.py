# SPDX-License-Identifier: Apache-2.0
"""Each scenario against the sandbox, and each switch as its scenario finds it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations, product

import pytest

from airflow_provider_hubcontact.sandbox import Requirements, Switches
from tests.contract.live import all_differences, ask_sandbox
from tests.contract.portals import OTHER_WAY, REQUIRED
from tests.contract.questions import NOT_ASKED, QUESTIONS, Findings, find
from tests.contract.report import report
from tests.contract.scenario import Told
from tests.contract.scenarios import SCENARIOS

CHOICES = {name: Switches.choices()[name] for name in QUESTIONS}


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


def pairwise() -> Iterator[dict[str, str]]:
    """Yield settings of all switches in which each two values of two switches meet.

    Each switch is the other way in four rows of seven, no two in the same four: so any two of them are both
    the other way in some row, neither in the first one, and each alone in some row.
    """
    yield {name: values[0] for name, values in CHOICES.items()}
    fours = dict(zip(CHOICES, combinations(range(7), 4), strict=False))
    for row in range(7):
        yield {name: values[row in fours[name]] for name, values in CHOICES.items()}
    for name, values in CHOICES.items():
        for third, others in product(values[2:], range(2)):
            yield {other: CHOICES[other][others] for other in CHOICES} | {name: third}


def test_each_switch_is_found() -> None:
    """Whatever a portal answers to two questions, exactly this is found: no answer hides another."""
    asked = [SCENARIOS[name] for name in {each.scenario for each in QUESTIONS.values()}]
    rows = list(pairwise())

    for one, other in combinations(CHOICES, 2):
        assert {(row[one], row[other]) for row in rows} == {*product(CHOICES[one], CHOICES[other])}
    for row in rows:
        assert find(ask_sandbox(Findings(row, REQUIRED), asked)).settings == row


@pytest.mark.parametrize("switch", QUESTIONS)
def test_a_switch_is_found_alone(switch: str, told: dict[str, Told], told_otherwise: dict[str, Told]) -> None:
    """A portal that answers one question otherwise is known by exactly this."""
    name = QUESTIONS[switch].scenario
    findings = find((told | {name: told_otherwise[name]}).values())
    also = {each for each, question in QUESTIONS.items() if question.scenario == name}

    assert {each for each in CHOICES if findings.settings[each] != CHOICES[each][0]} == also
    assert f"--switch {switch}={OTHER_WAY[switch]}" in findings.options


def test_all_switches_at_once(told_otherwise: dict[str, Told]) -> None:
    """A portal that answers all questions otherwise is known by all switches, and by what it requires."""
    findings = find(told_otherwise.values())

    assert findings.settings == OTHER_WAY
    assert findings.requirements == Requirements(REQUIRED)
    assert findings.open == {}


@pytest.mark.parametrize("switch", [name for name in QUESTIONS if name != "import_calls"])
def test_an_answer_that_differs_is_a_row_of_the_report(
    switch: str, told: dict[str, Told], told_otherwise: dict[str, Told]
) -> None:
    """A sandbox that has a switch the wrong way is told from the portal, in the scenario that asks.

    ``import_calls`` shows in what is left of the limits alone, which differs in every run.
    """
    name = QUESTIONS[switch].scenario
    found = all_differences([told[name]], [told_otherwise[name]])
    text = report([told_otherwise[name]], Findings(), found, 0)
    rows = [line for line in text.splitlines() if line.startswith(f"| `{name}` |")]

    assert len(rows) == len(found) > 0
    assert all(row.count(" | ") == 4 for row in rows)


def test_without_a_required_property_one_question_stays_open() -> None:
    """A portal whose answers cannot tell is not said to have told."""
    asked = ask_sandbox(Findings(OTHER_WAY), [SCENARIOS["create_without_required"]])
    findings = find(asked)

    assert "write_rules" not in findings.settings
    assert "firstname" in findings.open["write_rules"]
