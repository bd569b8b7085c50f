# SPDX-License-Identifier: Apache-2.0
"""The condition of a sync, and when it has changed."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_hubcontact.job.condition import Condition, Told, after, condition_of
from airflow_provider_hubcontact.sync.decide.policy import Policy
from airflow_provider_hubcontact.sync.keep.report import Report
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result

DEGRADED, DRIFT, EMPTY, HEALTHY = (
    Condition.DEGRADED,
    Condition.DRIFT,
    Condition.SOURCE_EMPTY,
    Condition.HEALTHY,
)


def a_report(*results: Result, drifted: int | None = None, removals: int = 0) -> Report:
    report = Report(removals=removals, state=None if drifted is None else {"drifted": drifted})
    for result in results:
        report.add(result)
    return report


GOOD = Result(1, "a", Outcome.UPDATED, 200)
NOBODY = Result(2, "b", Outcome.NOT_FOUND, 404)


@pytest.mark.parametrize(
    ("report", "actions", "condition"),
    [
        pytest.param(a_report(GOOD), {}, HEALTHY, id="well"),
        pytest.param(a_report(GOOD, NOBODY), {}, DEGRADED, id="tolerated"),
        pytest.param(a_report(GOOD, NOBODY), {404: "skip"}, DEGRADED, id="skipped"),
        pytest.param(a_report(GOOD, NOBODY), {404: "succeed"}, HEALTHY, id="a success, as the task says"),
        pytest.param(a_report(GOOD), {"updated": "skip"}, HEALTHY, id="skipped without a problem"),
        pytest.param(a_report(), {}, EMPTY, id="no rows"),
        pytest.param(a_report(GOOD, removals=1), {}, EMPTY, id="only contacts whose rows left"),
        pytest.param(a_report(GOOD, drifted=0), {}, HEALTHY, id="audited"),
        pytest.param(a_report(GOOD, drifted=2), {}, DRIFT, id="edited"),
        pytest.param(a_report(GOOD, NOBODY, drifted=2), {}, DEGRADED, id="a problem says more than drift"),
    ],
)
def test_a_condition(report: Report, actions: dict[int | str, str], condition: Condition) -> None:
    """The first that holds of: degraded, source empty, drift; else healthy."""
    assert condition_of(report, Policy.of(actions, 0.9)) is condition


def test_a_plan_without_changes_is_no_empty_source() -> None:
    """Nothing is wrong with it."""
    assert condition_of(a_report(), Policy.of({}), reads_source=False) is HEALTHY


@pytest.mark.parametrize(
    ("before", "now", "change"),
    [
        (HEALTHY, HEALTHY, None),
        (HEALTHY, DEGRADED, "degraded"),
        (DEGRADED, DEGRADED, None),
        (DEGRADED, HEALTHY, "recovered"),
        (EMPTY, HEALTHY, "recovered"),
        (DEGRADED, EMPTY, "source_empty"),
        (DRIFT, DEGRADED, "degraded"),
        (HEALTHY, DRIFT, "drift"),
    ],
)
def test_a_change(before: Condition, now: Condition, change: str | None) -> None:
    """It has the name of the new condition, and what is kept says so, too."""
    kept = Told(before, HEALTHY, "monday").to_dict()
    told = after(kept, now, "tuesday")

    assert told.change == change
    assert bool(told.run) is (change is not None)


def test_nothing_was_kept() -> None:
    """The sync counts as healthy, so that nothing need be kept of one that always was."""
    assert after(None, HEALTHY, "monday") == Told(HEALTHY, HEALTHY)
    assert after(None, DEGRADED, "monday").change == "degraded"


@pytest.mark.parametrize(
    "kept", [{}, {"condition": "ill", "before": "healthy", "run": ""}, {"condition": "drift"}, []]
)
@pytest.mark.parametrize("now", [HEALTHY, DEGRADED])
def test_something_else_was_kept(kept: dict[str, str], now: Condition) -> None:
    """The sync counts as healthy; what is stored is replaced, so that the next run can read it."""
    assert after(kept, now, "monday") == Told(now, HEALTHY, "monday")


def test_a_run_that_ends_twice() -> None:
    """In the same condition it tells the same; a cleared run that ends well has recovered."""
    first = after(None, DEGRADED, "monday")

    assert after(first.to_dict(), DEGRADED, "monday") == first
    assert after(first.to_dict(), HEALTHY, "monday").change == "recovered"
    assert after(first.to_dict(), DEGRADED, "tuesday").change is None


@given(st.lists(st.sampled_from(Condition), min_size=1))
def test_each_change_is_told_once(conditions: list[Condition]) -> None:
    """Whatever runs come to, one after another: told is each that differs from the one before."""
    kept: dict[str, str] | None = None
    told: list[bool] = []
    for number, condition in enumerate(conditions):
        ended = after(kept, condition, f"run {number}")
        told.append(ended.change is not None)
        kept = ended.to_dict() if ended.run else kept

    assert told == [one is not other for one, other in pairwise([HEALTHY, *conditions])]
