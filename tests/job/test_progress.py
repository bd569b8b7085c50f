# SPDX-License-Identifier: Apache-2.0
"""What a task's log says while it runs."""

from __future__ import annotations

import logging
import time

import pytest

from airflow_provider_hubcontact.client import AccessToken, HubSpot
from airflow_provider_hubcontact.clock import SYSTEM_CLOCK, Clock
from airflow_provider_hubcontact.job.run.progress import EVERY, Progress, _duration
from airflow_provider_hubcontact.sync.keep.report import Report
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from tests.fake_clock import FakeClock


def progress(total: int | None = None, *, clock: Clock = SYSTEM_CLOCK, **outcomes: int) -> Progress:
    report = Report()
    for name, count in outcomes.items():
        for row in range(count):
            report.add(Result(row, "k", Outcome(name)))
    return Progress(report, hubspot(clock), total)


def hubspot(clock: Clock) -> HubSpot:
    return HubSpot("https://api.hubapi.com", AccessToken("pat-na1-x"), clock=clock)


@pytest.mark.parametrize(
    ("total", "of", "to_go"),
    [
        (None, "", ""),
        (3_000, " of 3,000", "; about 10 s to go"),
        (20_000, " of 20,000", "; about 2 min 3 s to go"),
        (9_000_000, " of 9,000,000", "; about 16 h 39 min to go"),
    ],
)
def test_a_line(total: int | None, of: str, to_go: str) -> None:
    """Rows, outcomes, calls, speed; and the time to go, if the number of rows is known."""
    line = progress(total, updated=1_000, unchanged=500).line(10)

    assert line == f"1,500{of} rows: 1,000 updated, 500 unchanged; 0 calls; 150 rows a second{to_go}"


def test_a_line_before_anything_has_ended() -> None:
    """Nothing is divided by zero."""
    assert progress(5).line(0) == "0 of 5 rows: none ended yet; 0 calls; 0 rows a second"


def test_the_timeline_stays_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long a run is; it begins and ends with what there was."""
    monkeypatch.setattr("airflow_provider_hubcontact.job.run.progress.SAMPLE_EVERY", 0.001)
    monkeypatch.setattr("airflow_provider_hubcontact.job.run.progress.MOST_POINTS", 10)
    shown = progress(updated=3)
    with shown:
        time.sleep(0.3)

    timeline = shown.report.timeline
    assert 3 <= len(timeline) <= 12
    assert timeline[0][0] == 0
    assert [rows for _, rows, _ in timeline] == [3] * len(timeline)
    assert [at for at, _, _ in timeline] == sorted(at for at, _, _ in timeline)


def test_a_rehearsed_run_has_one_timeline() -> None:
    """Its second part goes on where the first has ended."""
    clock = FakeClock()
    shown = progress(updated=3, clock=clock)
    for _ in range(2):
        with shown:
            clock.sleep(0.5)
        shown = Progress(shown.report, hubspot(clock))

    assert [at for at, _, _ in shown.report.timeline] == [0, 0.5, 0.5, 1]


def test_a_long_run_tells_how_far_it_is(caplog: pytest.LogCaptureFixture) -> None:
    """In the log, every ten seconds."""
    clock = FakeClock()
    with caplog.at_level(logging.INFO), progress(5, updated=3, clock=clock):
        clock.sleep(EVERY)
        patience = time.monotonic() + 10
        while not caplog.messages and time.monotonic() < patience:
            time.sleep(0.001)

    assert caplog.messages[0].startswith("3 of 5 rows: 3 updated; 0 calls")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0 s"), (59, "59 s"), (60, "1 min 0 s"), (3_599, "59 min 59 s"), (7_260, "2 h 1 min")],
)
def test_a_duration(seconds: float, text: str) -> None:
    """Seconds, minutes, hours."""
    assert _duration(seconds) == text
