# SPDX-License-Identifier: Apache-2.0
"""A run that is asked to stop: from another thread, or by a signal."""

from __future__ import annotations

import signal

import pytest

from airflow_provider_hubcontact.job.signals import SIGNALS, StopSignal, held_back


class Workers:
    def __init__(self) -> None:
        self.interrupted = 0

    def interrupt(self) -> None:
        self.interrupted += 1


@pytest.mark.parametrize("comes_first", [True, False])
def test_it_reaches_the_workers(comes_first: bool) -> None:
    """Whether there were any when it came, or not."""
    stop, first, second = StopSignal(), Workers(), Workers()
    if comes_first:
        stop.stop()
    stop.reaches(first)
    if not comes_first:
        assert first.interrupted == 0
        stop.stop()
    stop.reaches(second)

    assert (first.interrupted, second.interrupted) == (1, 1)


def test_without_workers() -> None:
    """There is nothing to stop yet."""
    StopSignal().stop()


@pytest.mark.parametrize("number", SIGNALS)
def test_signals_are_held_back(number: signal.Signals) -> None:
    """They stop the run, and do what they would have done when it has accounted for all."""
    told: list[str] = []
    before = signal.signal(number, lambda *_: told.append("handled"))
    try:
        with held_back(lambda: told.append("stopped")):
            signal.raise_signal(number)
            told.append("accounted")
    finally:
        signal.signal(number, before)

    assert told == ["stopped", "accounted", "handled"]
