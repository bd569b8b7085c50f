# SPDX-License-Identifier: Apache-2.0
"""Calls that run beside each other."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from airflow_provider_hubcontact.sync.flow.workers import MOST_THREADS, PATIENCE, ThreadWorkers
from tests.fake_clock import FakeClock

TIMEOUT = 10


def test_calls_run_beside_each_other() -> None:
    """As many calls as there are workers are under way at once, on threads of their own."""
    together = threading.Barrier(3, timeout=TIMEOUT)

    def call() -> str:
        together.wait()
        return threading.current_thread().name

    with ThreadWorkers[int, str]() as workers:
        for job in range(3):
            workers.start(job, call)
        finished = dict(filter(None, (workers.finished() for _ in range(3))))

    assert set(finished) == {0, 1, 2}
    assert len(set(finished.values())) == 3
    assert all(name.startswith("hubspot") for name in finished.values())


def test_whichever_ends_first() -> None:
    """Calls are given back in the order in which they end."""
    gate = threading.Event()

    with ThreadWorkers[str, bool]() as workers:
        workers.start("slow", lambda: gate.wait(TIMEOUT))
        workers.start("fast", lambda: True)
        first = workers.finished()
        gate.set()
        second = workers.finished()

    assert (first, second) == (("fast", True), ("slow", True))


def test_an_interrupt_wakes_who_waits() -> None:
    """It does not last until the next call ends."""
    gate = threading.Event()

    with ThreadWorkers[str, bool]() as workers, ThreadPoolExecutor(1) as waits:
        workers.start("slow", lambda: gate.wait(TIMEOUT))
        waiting = waits.submit(workers.finished)
        try:
            time.sleep(0.05)
            workers.interrupt()
            assert waiting.result(TIMEOUT / 2) is None
        finally:
            gate.set()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_error_reaches_who_waits(error: type[BaseException]) -> None:
    """What a call raises is raised where its answer is waited for, never lost."""

    def call() -> None:
        raise error("broken")

    with ThreadWorkers[str, None]() as workers:
        workers.start("job", call)
        with pytest.raises(error, match="broken"):
            workers.finished()


def test_end_waits_for_calls_under_way() -> None:
    """No call outlives the workers."""
    ended = threading.Event()
    begun = threading.Event()

    def call() -> None:
        begun.set()
        time.sleep(0.05)
        ended.set()

    with ThreadWorkers[str, None]() as workers:
        workers.start("job", call)
        assert begun.wait(TIMEOUT)

    assert ended.is_set()


def test_patience_is_the_clocks() -> None:
    """A run that is to stop waits for its answers as long as the clock says, not the machine."""
    clock, gate = FakeClock(), threading.Event()
    with ThreadWorkers[str, bool](clock=clock) as workers:
        workers.start("slow", lambda: gate.wait(TIMEOUT))
        workers.interrupt()
        clock.sleep(PATIENCE)
        began = time.monotonic()
        told = [workers.finished(), workers.finished()]
        gate.set()

    assert told == [None, None]
    assert time.monotonic() - began < 1


def test_size() -> None:
    """The size is asked for anew each time; threads are bounded whatever is wanted."""
    wanted = 5
    with ThreadWorkers[str, None](lambda: wanted) as workers:
        assert workers.size == 5
        wanted = 7
        assert workers.size == 7
        wanted = 10_000
        assert workers.size == MOST_THREADS
