# SPDX-License-Identifier: Apache-2.0
"""What a task says about its end."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_hubcontact.sync.decide.policy import Policy
from airflow_provider_hubcontact.sync.keep.explanation import MAX_LENGTH, MAX_REASONS, explain
from airflow_provider_hubcontact.sync.keep.report import Report
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result, Stop

NOW = datetime(2026, 11, 25, 22, 30, tzinfo=UTC)


def explained(report: Report, policy: Policy | None = None, stop: Stop | None = None) -> str:
    verdict = (policy or Policy.of({})).decide(report.tally)
    return explain(report, verdict, stop, ["XCom has more"], NOW)


def test_all_of_it() -> None:
    """Counts, why it stopped and when another try can succeed, the rules, the reasons, the places."""
    report = Report()
    for row in range(1, 8):
        report.add(Result(row, "k", Outcome.INVALID, None, "VALUE", "quotes it", ("city", "zip")))
    report.add(Result(8, "k", Outcome.NOT_FOUND, 404, "OBJECT_NOT_FOUND", "no k"))
    report.add(Result(9, "k", Outcome.REJECTED, 400, "VALIDATION_ERROR", "k is bad", ("a",), "c", why="BAD"))
    report.add(Result(10, "k", Outcome.THROTTLED, 429))
    report.add(Result(11, "k", Outcome.UPDATED, 200))

    text = explained(report, Policy.of({404: "skip"}, 0.5), Stop("the day is over", 5_400.0))

    assert text.splitlines() == [
        "11 records, 10 with a problem: 1 updated, 7 invalid, 1 rejected, 1 not_found, 1 throttled.",
        "Stopped: the day is over",
        "Another try can succeed from 2026-11-26 00:00 UTC on, in 1 h 30 min.",
        "The task needs another try:",
        "- 7 invalid: fail, by default",
        "- 1 rejected (400): fail, by default",
        "- 1 not_found (404): skip, by status_actions[404]",
        "- 1 throttled (429): retry, by default; decides",
        "Reasons:",
        "- HC-102: 7 invalid, city, zip: the property cannot hold the value (VALUE); rows 1, 2, 3, 4, 5, …",
        "- HC-210: 1 not_found (404): the portal has no such contact (OBJECT_NOT_FOUND); row 8",
        "- HC-200: 1 rejected (400), a: HubSpot refused it: BAD (VALIDATION_ERROR); row 9; correlation id c",
        "- HC-310: 1 throttled (429): HubSpot accepts no more calls for now; row 10",
        "More: XCom has more",
    ]


def report_of(**counts: int) -> Report:
    report = Report()
    for name, count in counts.items():
        for _ in range(count):
            report.add(Result(report.rows + 1, "k", Outcome(name), 404 if name == "not_found" else None))
    return report


@pytest.mark.parametrize(
    ("settings", "most", "says"),
    [
        pytest.param({}, 0, "fail, by default; decides, since max_failures=0 tolerates none", id="default"),
        pytest.param(
            {}, 0.01, "fail, by default; decides, since max_failures=1 % tolerates 1 of 100", id="share"
        ),
        pytest.param({}, 2, "fail, by default; decides, since max_failures=2 tolerates 2", id="count"),
        pytest.param({}, 3, "fail, by default; tolerated, since max_failures=3 tolerates 3", id="enough"),
        pytest.param({"404": "retry"}, 3, "retry, by status_actions[404]; decides", id="by status"),
        pytest.param(
            {"not_found": "skip"}, 0, 'skip, by status_actions["not_found"]', id="by outcome, decides nothing"
        ),
    ],
)
def test_the_rule(settings: dict[int | str, str], most: float, says: str) -> None:
    """Each group of records says what it asks for, which setting says so, and whether it decides."""
    text = explained(report_of(updated=97, not_found=3), Policy.of(settings, most))

    assert f"- 3 not_found (404): {says}" in text.splitlines()


@pytest.mark.parametrize(
    ("seconds", "says"),
    [(0.4, "in 0 s."), (59.0, "in 59 s."), (60.0, "in 0 h 1 min."), (55_128.0, "in 15 h 19 min.")],
)
def test_when(seconds: float, says: str) -> None:
    """A run that stopped says when another try can succeed, if that is known."""
    assert says in explained(report_of(throttled=1), stop=Stop("x", seconds))
    assert "Another try" not in explained(report_of(throttled=1), stop=Stop("x"))


def test_a_good_end_has_no_rules() -> None:
    """Nothing is explained that needs no explanation."""
    text = explained(report_of(updated=3, unchanged=2))

    assert text == "5 records, 0 with a problem: 3 updated, 2 unchanged.\nMore: XCom has more"


def test_a_dry_run_explains_no_write() -> None:
    """What would be written is not a group that asks for something."""
    report = Report(dry_run=True)
    report.add(Result(1, "k", Outcome.NOT_ATTEMPTED, category="WOULD_UPDATE"))

    assert "- 1 not_attempted" not in explained(report, Policy.of({"not_attempted": "succeed"}))


def test_many_reasons() -> None:
    """The most frequent ones are told, the others counted."""
    report = Report()
    for number in range(MAX_REASONS + 3):
        report.add(Result(number + 1, "k", Outcome.INVALID, None, "VALUE", "", (f"p{number:02}",)))

    assert explained(report).splitlines()[-2] == "- 3 for 3 other reasons"


@given(
    st.lists(st.tuples(st.sampled_from(Outcome), st.text(max_size=900), st.text(max_size=900)), max_size=40)
)
def test_it_is_bounded(ended: list[tuple[Outcome, str, str]]) -> None:
    """Whatever the names and the words of servers, the text is short, and each line printable."""
    report = Report()
    for row, (outcome, name, said) in enumerate(ended, 1):
        report.add(Result(row, "k", outcome, 400, said, said, (name,) * 9, said, why=said))

    text = explained(report, stop=Stop("".join(said for *_, said in ended)))

    assert len(text) <= MAX_LENGTH
    assert all(line.isprintable() for line in text.split("\n"))
