# SPDX-License-Identifier: Apache-2.0
"""Each guard of operators and hooks that a run reaches seldom, as a table."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_hubcontact.operators import metrics
from airflow_provider_hubcontact.operators.errors import HubSpotSyncFailed
from airflow_provider_hubcontact.operators.hubspot import HubSpotUpdateContactOperator
from airflow_provider_hubcontact.operators.stores import task_state
from airflow_provider_hubcontact.sync.keep.checkpoint import NAME
from airflow_provider_hubcontact.sync.keep.report import Report
from airflow_provider_hubcontact.sync.model.choices import Membership
from tests.fake_clock import FakeClock


@pytest.mark.parametrize(
    ("latency", "left", "sent"),
    [
        (None, None, set()),
        (0.2, None, {"hubcontact.call_latency"}),
        (None, 0, {"hubcontact.calls_left_today"}),
        (0.0, 7, {"hubcontact.call_latency", "hubcontact.calls_left_today"}),
    ],
)
def test_metrics_that_are_not_known(
    monkeypatch: pytest.MonkeyPatch, latency: float | None, left: int | None, sent: set[str]
) -> None:
    """What is not known is not sent as a number."""
    names: list[str] = []

    def note(name: str, *_: Any, **__: Any) -> None:
        names.append(name)

    monkeypatch.setattr(metrics, "Stats", SimpleNamespace(incr=note, timing=note, gauge=note))

    metrics.emit(
        Report(calls={"latency": latency}, quota={"calls_left_today": left}), dag_id="dag", task_id="task"
    )

    assert set(names) - {"hubcontact.duration"} == sent


def test_metrics_of_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """What became of contacts in all lists together: a tag for each list would be too many."""
    sent: dict[str, int] = {}

    def nothing(*_: Any, **__: Any) -> None:
        """Not of lists."""

    def incr(name: str, count: int, *, tags: dict[str, str], **_: Any) -> None:
        if name == "hubcontact.memberships":
            sent[tags["membership"]] = count

    monkeypatch.setattr(metrics, "Stats", SimpleNamespace(incr=incr, timing=nothing, gauge=nothing))
    report = Report()
    report.lists.update({("1", Membership.ADDED): 2, ("2", Membership.ADDED): 3, ("2", Membership.MEMBER): 4})

    metrics.emit(report, dag_id="d", task_id="t")

    assert sent == {"added": 5, "member": 4}


def test_metrics_of_a_state(monkeypatch: pytest.MonkeyPatch) -> None:
    """How old the oldest proof is, and what is overdue for an audit; without an audit nothing is."""
    sent: dict[str, float] = {}

    def nothing(*_: Any, **__: Any) -> None:
        """Not of a state."""

    def gauge(name: str, value: float, **_: Any) -> None:
        sent[name] = value

    monkeypatch.setattr(metrics, "Stats", SimpleNamespace(incr=nothing, timing=nothing, gauge=gauge))
    clock = FakeClock()
    proved = round(clock.now().timestamp()) - 90

    metrics.emit(Report(state={"oldest_proof": proved, "overdue": 7}), dag_id="d", task_id="t", clock=clock)
    assert sent == {"hubcontact.state_oldest_proof": 90, "hubcontact.state_overdue_audit": 7}

    sent.clear()
    metrics.emit(Report(state={"oldest_proof": None, "overdue": None}), dag_id="d", task_id="t", clock=clock)
    metrics.emit(Report(state={"table": "hub", "read_anew": None}), dag_id="d", task_id="t", clock=clock)
    assert sent == {}


class State:
    """Airflow's store, which counts."""

    def __init__(self, kept: object) -> None:
        self.kept: Any = kept
        self.deletions = 0

    def get(self, key: str, default: Any = None, /) -> Any:
        assert key == NAME
        return default if self.kept is None else self.kept

    def delete(self, key: str, /) -> None:
        self.kept = None
        self.deletions += 1


@pytest.mark.parametrize("kept", [None, {"source": "x"}])
def test_a_place_is_forgotten_once(kept: object) -> None:
    """Where there is a store, and a place in it."""
    state = State(kept)
    task_state.forget({"task_state_store": state})  # type: ignore[typeddict-item]
    task_state.forget({})

    assert state.kept is None
    assert state.deletions == (kept is not None)


@pytest.mark.parametrize("flag", ["maybe", "None", None])
def test_a_dry_run_that_is_no_flag(flag: str | None) -> None:
    """A template that gave something else fails the task before anything is asked."""
    task = HubSpotUpdateContactOperator(task_id="sync", records=[], dry_run="{{ params.dry }}")
    vars(task)["is_dry_run"] = flag  # as it was rendered

    with pytest.raises(HubSpotSyncFailed, match=f"^HC-510: dry_run must be true or false, not {flag!r}$"):
        task.execute({})
