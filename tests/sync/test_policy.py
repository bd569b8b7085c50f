# SPDX-License-Identifier: Apache-2.0
"""From outcomes to what the task does."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_hubcontact.sync.decide.policy import CHOOSABLE, DEFAULT_ACTIONS, Action, Policy
from airflow_provider_hubcontact.sync.model.outcome import ABOUT_A_RECORD, SUCCESSES, Outcome

Counts = dict[tuple[Outcome, int | None], int]

UPDATED: Counts = {(Outcome.UPDATED, 200): 90}
NOT_FOUND: Counts = {(Outcome.NOT_FOUND, 404): 10}


def test_every_outcome_has_an_action() -> None:
    """No outcome is without a default action."""
    assert set(DEFAULT_ACTIONS) == set(Outcome)


@pytest.mark.parametrize("outcome", Outcome)
def test_default_action(outcome: Outcome) -> None:
    """What is no problem succeeds, what no other try can mend fails, and the rest is tried again."""
    if outcome in SUCCESSES:
        expected = Action.SUCCEED
    elif outcome in ABOUT_A_RECORD | {Outcome.INVALID}:
        expected = Action.FAIL
    else:
        expected = Action.FAIL_NOW if outcome is Outcome.UNAUTHORIZED else Action.RETRY

    assert Policy.of({}).decide({**UPDATED, (outcome, None): 1}).action is expected


@pytest.mark.parametrize(
    ("tally", "action"),
    [
        pytest.param({}, Action.SKIP, id="empty source"),
        pytest.param(UPDATED, Action.SUCCEED, id="all well"),
        pytest.param({**UPDATED, **NOT_FOUND}, Action.FAIL, id="fail over succeed"),
        pytest.param({**NOT_FOUND, (Outcome.THROTTLED, 429): 1}, Action.RETRY, id="retry over fail"),
        pytest.param(
            {**NOT_FOUND, (Outcome.UNKNOWN, 200): 5, (Outcome.UNAUTHORIZED, 401): 1},
            Action.FAIL_NOW,
            id="fail now over all",
        ),
    ],
)
def test_strongest_action(tally: Counts, action: Action) -> None:
    """The strongest action that any record asks for is the task's."""
    assert Policy.of({}).decide(tally).action is action


@pytest.mark.parametrize(
    ("settings", "tally", "action"),
    [
        pytest.param({404: "succeed"}, {**UPDATED, **NOT_FOUND}, Action.SUCCEED, id="by status"),
        pytest.param({"404": "retry"}, {**UPDATED, **NOT_FOUND}, Action.RETRY, id="by status as text"),
        pytest.param({"not_found": "skip"}, {**UPDATED, **NOT_FOUND}, Action.SUCCEED, id="some skipped"),
        pytest.param({"not_found": "skip"}, NOT_FOUND, Action.SKIP, id="all skipped"),
        pytest.param(
            {404: "succeed", "not_found": "fail"}, NOT_FOUND, Action.SUCCEED, id="status outranks outcome"
        ),
        pytest.param(
            {404: "succeed"}, {(Outcome.NOT_FOUND, None): 1}, Action.FAIL, id="no status, so the outcome"
        ),
        pytest.param({401: "succeed"}, {(Outcome.UNAUTHORIZED, 401): 1}, Action.SUCCEED, id="fail now, too"),
        pytest.param({"updated": "fail"}, UPDATED, Action.FAIL, id="even a success"),
    ],
)
def test_chosen_actions(settings: dict[int | str, str], tally: Counts, action: Action) -> None:
    """A user's actions replace the defaults, and the task is skipped only if every record was."""
    assert Policy.of(settings).decide(tally).action is action


@pytest.mark.parametrize(
    ("max_failures", "action"),
    [
        (0, Action.FAIL),
        (9, Action.FAIL),
        (10, Action.SUCCEED),
        (0.09, Action.FAIL),
        (0.1, Action.SUCCEED),
        (0.5, Action.SUCCEED),
    ],
)
def test_max_failures(max_failures: float, action: Action) -> None:
    """So many failed records, or such a share of all, are tolerated, and not one more."""
    assert Policy.of({}, max_failures).decide({**UPDATED, **NOT_FOUND}).action is action


@pytest.mark.parametrize("rows", [1, 7, 100, 1_000, 1_000_000])
@pytest.mark.parametrize("percent", range(1, 100))
def test_a_share_is_exact(percent: int, rows: int) -> None:
    """A share of all records tolerates as many as it says, whatever floats make of it."""
    tolerated = percent * rows // 100

    def action(failing: int) -> Action:
        tally: Counts = {(Outcome.UPDATED, 200): rows - failing, (Outcome.INVALID, None): failing}
        return Policy.of({}, percent / 100).decide(tally).action

    assert action(tolerated) is Action.SUCCEED
    assert action(tolerated + 1) is Action.FAIL


def test_tolerance_is_for_failures_only() -> None:
    """Records that a retry can mend are never tolerated away."""
    tally: Counts = {**UPDATED, (Outcome.THROTTLED, 429): 1, (Outcome.REJECTED, 400): 1}

    assert Policy.of({}, 50).decide(tally).action is Action.RETRY


def test_tolerated_failures_are_no_skip() -> None:
    """Failed records that are tolerated do not count as skipped."""
    tally: Counts = {**NOT_FOUND, (Outcome.REJECTED, 400): 1}

    assert Policy.of({404: "skip"}, 1).decide(tally).action is Action.SUCCEED


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({404: "ignore"}, r"status_actions\[404\] must be one of succeed, skip, fail, retry, not 'ignore'"),
        ({404: "fail_now"}, r"status_actions\[404\] must be one of .*, not 'fail_now'"),
        ({404: None}, r"status_actions\[404\] must be one of .*, not None"),
        ({199: "skip"}, "names 199, which is not the HTTP status of a response"),
        ({600: "skip"}, "names 600, which is not the HTTP status of a response"),
        ({"40": "skip"}, "names 40, which is not the HTTP status of a response"),
        ({300: "skip"}, "names 300, which has no effect: it stops the run"),
        ({301: "skip"}, "names 301, which has no effect: it stops the run"),
        ({"405": "skip"}, "names 405, which has no effect: it stops the run"),
        ({"lost": "skip"}, "names 'lost'; the outcomes are updated, created, "),
        ({True: "skip"}, "names True; the outcomes are updated, created, "),
        ({404.0: "skip"}, "names 404.0; the outcomes are updated, created, "),
        ({None: "skip"}, "names None; the outcomes are updated, created, "),
    ],
)
def test_settings_that_are_none(settings: Any, message: str) -> None:
    """A status, outcome or action that does not exist is refused with what there is."""
    with pytest.raises(ValueError, match=message):
        Policy.of(settings)


@pytest.mark.parametrize("number", [-1, -0.1, 1.5, float("nan"), float("inf"), True, "5", None], ids=repr)
def test_max_failures_that_is_none(number: Any) -> None:
    """A tolerance is a whole number or a share."""
    with pytest.raises(ValueError, match="max_failures must be a count or a share below 1, not "):
        Policy.of({}, number)


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (0, "max_failures=0 tolerates none"),
        (1, "max_failures=1 tolerates 1"),
        (0.05, "max_failures=5 % tolerates 4 of 90"),
    ],
)
def test_the_tolerance_is_told(number: float, sentence: str) -> None:
    """A count is told as it is given. A share is told with the number of rows that it allows."""
    assert Policy.of({}, number).decide(UPDATED).tolerance == sentence


@pytest.mark.parametrize("action", CHOOSABLE)
def test_choosable(action: Action) -> None:
    """Each action that a user may choose can be chosen by its name."""
    assert Policy.of({404: str(action)}).by_status == {404: action}


@pytest.mark.parametrize(
    ("tally", "sentence"),
    [
        ({}, "The source has no records."),
        ({(Outcome.UPDATED, 200): 1}, "1 record, 0 with a problem: 1 updated."),
        (UPDATED, "90 records, 0 with a problem: 90 updated."),
        (
            {(Outcome.UPDATED, 200): 1200, (Outcome.UPDATED, 204): 34, (Outcome.REJECTED, 400): 2},
            "1,236 records, 2 with a problem: 1,234 updated, 2 rejected.",
        ),
    ],
)
def test_sentence(tally: Counts, sentence: str) -> None:
    """The verdict counts what happened, in words."""
    assert Policy.of({}).decide(tally).sentence == sentence


def test_no_status_hides_an_unknown_record() -> None:
    """A 200 that does not mention a record is no success, also where 200 is told to succeed."""
    policy = Policy.of({200: "succeed"})

    assert policy.decide({(Outcome.UNKNOWN, 200): 1, (Outcome.UPDATED, 200): 9}).action is Action.RETRY
    assert Policy.of({"unknown": "succeed"}).decide({(Outcome.UNKNOWN, 200): 1}).action is Action.SUCCEED
