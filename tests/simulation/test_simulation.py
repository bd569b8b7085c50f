# SPDX-License-Identifier: Apache-2.0
"""Some hundred worlds in which nothing is wrong, and what makes the simulator worth believing."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

import orjson
import pytest
import requests

from airflow_provider_hubcontact.client.network.timeouts import API_CALL
from airflow_provider_hubcontact.job.plans.guards import GuardPass
from airflow_provider_hubcontact.job.run.passes import Memory, Passes, Rows
from airflow_provider_hubcontact.job.settings.problems import problems_of
from airflow_provider_hubcontact.job.settings.settings import Settings
from airflow_provider_hubcontact.job.settings.writes import Writes
from airflow_provider_hubcontact.sync.decide.merging import with_next
from airflow_provider_hubcontact.sync.flow.record_reader import RecordReader
from airflow_provider_hubcontact.sync.flow.waiting.in_flight import InFlight
from airflow_provider_hubcontact.sync.keep.ledger import Ledger
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result, Stop
from tests.simulation.chooser import Chooser, Dice
from tests.simulation.exhaustive import OneFault
from tests.simulation.loop import Endless, Loop, Process
from tests.simulation.network import ECHO, FAULTS, Line
from tests.simulation.oracles import TryWatch
from tests.simulation.plot import Row
from tests.simulation.portal import TOKEN, URL, Applied
from tests.simulation.scene import Scene
from tests.simulation.shrinking import read, reduced, shrunk, written
from tests.simulation.state_oracles import is_written_later
from tests.simulation.states import DATABASE_FAULTS
from tests.simulation.totals import BEGIN, END, Totals, TotalsFile, run_worlds
from tests.simulation.tries import TROUBLES
from tests.simulation.world import Given, World, ended_worlds

T = TypeVar("T")

WORLDS = 160
"""Worlds of one run of the tests: in them, and in those below, everything happens."""

MEMBERS_NOT_MOVED = 516
"""A world with what happens in few."""

FEWEST_TO_SHRINK = 5
"""Rows of a world that can become smaller."""

THROTTLED = 371
"""A world in which records are throttled, which is rare."""


def aside(work: Callable[[], T]) -> T:
    """Do work on another thread: on the main one each run would hold back pytest's own signals."""
    logging.disable(logging.CRITICAL)
    try:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(work).result()
    finally:
        logging.disable(logging.NOTSET)


def stories(seeds: Sequence[str], hash_seed: int) -> bytes:
    """Return what ``python -m tests.simulation --seed`` prints."""
    command = [sys.executable, "-m", "tests.simulation", "--seed", *seeds]
    environment = {**os.environ, "PYTHONHASHSEED": str(hash_seed)}
    return subprocess.run(command, env=environment, capture_output=True, check=True).stdout


@pytest.fixture(scope="module")
def totals() -> Totals:
    return aside(lambda: run_worlds([*range(WORLDS), MEMBERS_NOT_MOVED, THROTTLED]))


def test_nothing_is_wrong(totals: Totals) -> None:
    """Whatever goes wrong in a world, what must always hold does hold after each event."""
    assert totals.wrong == {}


def test_everything_happens(totals: Totals) -> None:
    """Each fault strikes, tries are killed and interrupted, and records end in each way that they can."""
    assert {
        *FAULTS,
        *TROUBLES,
        "edit",
        "wrong date",
        "torn line",
        "lost part",
        "store lost",
        "merge",
        "undo",
        *DATABASE_FAULTS,
    } <= totals.faults.keys()
    assert set(Outcome) <= totals.outcomes.keys()


def test_tasks_are_valid() -> None:
    """No task is refused for its settings, which would be an empty world."""
    assert [*chain.from_iterable(problems_of(World(seed).scene.plot.settings) for seed in range(300))] == []


def test_a_seed_decides_everything() -> None:
    """The story of a world is the same twice, byte for byte, also where sets have another order.

    In the last of them, contacts whose rows left the source get values.
    """
    seeds = ["4", "7", "8", "80048"]
    first = stories(seeds, 1)

    assert first.count(b"\n") > 100
    assert b"(lastname=left)" in first
    assert stories(seeds, 2) == first


def test_seeds_differ() -> None:
    """Another seed is another world."""
    assert len({repr(World(seed).scene.plot) for seed in (0, 1, 2, 2)}) == 3


def found(kind: str = "", first: int = 0) -> str:
    """Return what is wrong first.

    :param kind: of the tasks that are run; empty for all.
    :param first: seed, to be sooner where it is.
    """

    def look() -> str:
        for seed in range(first, first + 2_000):
            world = World(seed)
            if kind not in {"", world.scene.plot.kind}:
                continue
            world.run()
            if world.oracles.violations:
                return world.oracles.violations[0]
        return "nothing"

    return aside(look)


class TestOracles:
    """What is broken on purpose is found, each by the oracle that is meant to find it."""

    def test_two_writes_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """No record waits for another one that has its contact."""
        monkeypatch.setattr(InFlight, "claim", lambda *_: True)

        assert "two writes of" in found()

    def test_a_ledger_that_knows_keys_alone(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What an earlier try has ended is skipped, whatever its values are by now."""
        monkeypatch.setattr(
            "airflow_provider_hubcontact.sync.keep.ledger.digest_of", lambda record: record.key
        )

        assert "in try" in found()

    def test_a_dry_run_that_writes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A dry run has a writer."""
        drive = Passes.drive

        def write(self: Passes, rows: Rows, memory: Memory, *, writes: bool) -> Stop | None:
            return drive(self, rows, memory, writes=writes or True)

        monkeypatch.setattr(Passes, "drive", write)

        assert "it may write nothing" in found("dry run")

    def test_a_guard_that_counts_too_little(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Rows that could not be counted are written."""
        monkeypatch.setattr(GuardPass, "journal", lambda self: self._ledger)

        assert "it may write nothing" in found("tight guard")

    def test_rows_that_are_lost(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """One of the rows that wait when a run stops has no outcome."""
        drain = InFlight.drain
        monkeypatch.setattr(InFlight, "drain", lambda self: drain(self)[1:])

        assert re.fullmatch(r"\w+ \d\+? reports \d+ of \d+ rows", found())

    def test_a_retry_that_forgets_a_key(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What a retry does not read again has no key, where a key may have one row."""
        monkeypatch.setattr(RecordReader, "pass_over", lambda _, rows: deque(rows, 0))

        assert "and a row before it has its key" in found(first=169)

    def test_rows_that_are_merged_too_early(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A value that HubSpot alone would refuse is not sent, as a later row of the key has another one."""
        monkeypatch.setattr(
            "airflow_provider_hubcontact.sync.flow.waiting.in_flight.with_next",
            lambda _, *rows: with_next((), *rows),
        )

        assert "and HubSpot refuses its values" in found(first=1_393)

    def test_a_plan_that_is_out_of_date(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is applied to contacts that people have edited since."""
        monkeypatch.setattr("airflow_provider_hubcontact.sync.decide.plan._outdated", lambda *_: None)

        assert "and the plan has seen another" in found("plan", first=572)

    def test_an_address_that_a_row_gives(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A later row that finds its contact by it does not wait for that row."""
        monkeypatch.setattr(
            "airflow_provider_hubcontact.sync.flow.waiting.in_flight.keys_of", lambda record, _: (record.key,)
        )

        assert "is not_found, and a row before has given it" in found(first=3_513)

    def test_an_error_of_the_product(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """It ends a row, not the run."""
        monkeypatch.setattr("airflow_provider_hubcontact.sync.flow.stations.decisions.settle", len)

        assert "met an error of the product: " in found()

    def test_a_line_too_many(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The ledger has two lines of a row."""
        settled = Ledger.settled

        def twice(self: Ledger, result: Result) -> None:
            settled(self, result)
            settled(self, result)

        monkeypatch.setattr(Ledger, "settled", twice)

        assert "two lines of row" in found()


@pytest.mark.parametrize(
    ("seed", "kept"),
    [
        pytest.param(
            28715,
            "after task 1:1;call 1 of task 1:0,1,2,3,4;call 2 of task 1:0,1,2,3;call 8 of task 2:0,1,2;"
            "entry 3:0;entry 4:0,3,6,9,10,11,14,18,19,20;entry 5:0,7;faults:13;"
            "features:1,3,8,9,10,11,14,16,17,18,20,21,26;"
            "legacy:0;oauth:0;plot:1,2,3;redis:0,1;second task:0;settings:5;trouble of other 1:0;"
            "trouble of other 2:0,1,3;weather:0",
            id="two tasks reset a stage by the legacy API",
        ),
        pytest.param(
            40210,
            "entry 4:0;entry 5:0;features:24;later nights:0,1,5,6;plot:0,1;state:0",
            id="a dry run over two rows whose contacts people have merged",
        ),
        pytest.param(
            82237,
            "call 4 of task 1:0,1,2,3;call 6 of task 1:0,1,2;call 7 of task 1:1;call 8 of task 1:1,2;"
            "definitions unread:0;entry 0:0;entry 1:0;entry 3:0,3,10,13,14;entry 4:0;faults:14,28;"
            "features:0,1,4,10,31,36;plot:1,7;settings:0;weather:0",
            id="an answer refuses an upsert and shows its values, and the run stops before the look-up",
        ),
        pytest.param(
            219832,
            "entry 0:3,5,7,9,14,17,18,19,21,22,25,26;faults:30;features:0,3,4,5,6,10,20,24;"
            "night before:0;plot:0;settings:9;state:0;update, call 11 of task 1:0,1;"
            "update, call 9 of task 1:0,1;weather:0",
            id="a stage that is not put back in a row that may be written, and another row of the contact",
        ),
        pytest.param(
            272952,
            "edit 1:0,1,4;entry 4:0,3,7,11;features:4,10,13,20,24,28,34;later nights:0;"
            "one row a key:0;others:0;settings:1,2;state:0",
            id="a contact that has drifted, where a key may have one row and has two",
        ),
        pytest.param(
            449719,
            "call 1 of other 1:1;call 3 of other 1:1;call 3 of task 1:0,1,2,3;"
            "call 9 of task 2:0,1,2;entry 0:2,4,5,8;faults:13,16;features:11,14,16,20,24;"
            "settings:9;state:0;weather:0",
            id="a stage that cannot be put back, since the token may write no more",
        ),
        pytest.param(
            901249,
            "entry 0:0,10;entry 4:0,7,12,13,14;features:0,1,4,5,10,14,20,31,37;in order:0;plot:6;"
            "settings:0;weather:0",
            id="two addresses of one contact in a batch of upserts, of which HubSpot keeps one row's values",
        ),
        pytest.param(
            120733,
            "call 13 of task 1:1;entry 0:0;entry 1:0;entry 5:0;features:9,37;in order:0;plot:1,7",
            id="a row is looked up while an earlier one gives its contact the address",
        ),
        pytest.param(
            76636,
            "features:8,9,37;in order:0;legacy:0",
            id="the same by the legacy API, which looks fewer rows up",
        ),
    ],
)
def test_worlds_that_were_wrong(seed: int, kept: str) -> None:
    """What was wrong in them once is so no more; they are reduced to what is needed for it."""
    world = World(seed, read(kept))

    aside(world.run)

    assert world.oracles.violations == []


class TestChecks:
    """What looks wrong, and is not."""

    def watch(self, scene: Scene, duplicates: str, *read: Row) -> TryWatch:
        settings = Settings(writes=Writes(duplicates=duplicates))
        plot = replace(scene.plot, settings=settings, features=frozenset())
        return TryWatch(
            *(scene.oracles, plot, read, "task 1", 1, 0.0), may_write=True, may_repeat=False, limit=None
        )

    def row(self, number: int, key: str = "ada@x.y", name: str = "Ada") -> Row:
        return Row(number, {}, key, {"firstname": name})

    @pytest.mark.parametrize(
        ("duplicates", "is_read", "are_alike"),
        [("last", True, True), ("reject", True, False), ("reject", False, True)],
    )
    def test_equal_rows(self, duplicates: str, is_read: bool, are_alike: bool) -> None:
        """If a key may have one row, an equal row's result is another's unless both are read."""
        one, two = self.row(1), self.row(2)
        watch = self.watch(World(0).scene, duplicates, *([one, two] if is_read else [two]))

        assert watch.are_alike(two, one) is are_alike
        assert watch.are_alike(two, two)

    @pytest.mark.parametrize(
        ("writer", "is_later"),
        [(2, True), (0, False), (3, False)],
        ids=["a later row by another address", "an earlier row", "a later row of its key"],
    )
    def test_rows_for_two_addresses(self, writer: int, is_later: bool) -> None:
        """A row that is up to date may end after a later row of its contact was written."""
        rows = [self.row(1, "home@x.y"), self.row(2), self.row(3, "home@x.y"), self.row(4)]
        watch = self.watch(World(0).scene, "last", *rows)
        watch.written.append(Applied("update", "901", writer + 1))

        assert is_written_later(watch, rows[1], "901") is is_later
        assert is_written_later(watch, rows[1], "902")

    @pytest.mark.parametrize("is_edited", [False, True])
    def test_an_echo(self, is_edited: bool) -> None:
        """It shows what the task has read; with somebody else's value it could be HubSpot's own form."""
        plot = replace(World(0, {}).scene.plot, contacts=[{"email": "ada@example.com", "firstname": "old"}])
        scene = World(0, given=Given(Chooser(Dice(0)), plot)).scene
        process, watch = Process("task 1"), self.watch(scene, "last", self.row(1))
        weather = OneFault(frozenset(), 0.0, 0.1, place="call 2 of task 1", kind=ECHO)
        line = Line(scene, weather, process, watch)
        contact = scene.portal.contacts()[0]

        def auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
            request.headers["Authorization"] = f"Bearer {TOKEN}"
            return request

        def send(what: str, *inputs: dict[str, Any]) -> None:
            body = orjson.dumps({"inputs": inputs, "properties": ["firstname"]})
            url = f"{URL}/crm/objects/2026-09/contacts/batch/{what}"
            given = {"auth": auth, "timeouts": API_CALL, "clock": scene.clock, "data": body}
            line.exchange(requests.Session(), "POST", url, **given)  # type: ignore[arg-type] # any callable will do

        def work() -> None:
            send("read", {"id": contact.id})
            scene.loop.wait(1.0)
            if is_edited:
                scene.portal.edit(lambda portal: portal.update(contact, {"firstname": "edited"}))
            send(
                "update", {"id": contact.id, "properties": {"firstname": "new"}, "objectWriteTraceId": "1-0"}
            )

        scene.loop.spawn(process, work)
        scene.loop.run()

        assert contact.properties["firstname"] == ("new" if is_edited else "old")
        assert scene.oracles.faults[ECHO] == (not is_edited)


class TestShrinking:
    """A world that fails is reduced to what fails in it."""

    def test_it_becomes_small(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What is left has fewer rows, faults and choices, and fails again from what is printed."""
        monkeypatch.setattr(InFlight, "claim", lambda *_: True)

        def shrink() -> tuple[World, World]:
            wrong = (world for world in ended_worlds(range(240, 2_000)) if world.oracles.violations)
            whole = next(world for world in wrong if len(world.scene.plot.rows) > FEWEST_TO_SHRINK)
            small = World(whole.seed, read(written(shrunk(whole.seed, 40))))
            small.run()
            return whole, small

        whole, small = aside(shrink)

        assert "two writes of" in small.oracles.violations[0]
        assert len(small.scene.plot.rows) < len(whole.scene.plot.rows)
        assert small.oracles.faults.total() < whole.oracles.faults.total()
        assert sum(map(len, (small.dice.kept or {}).values())) < whole.dice.drawn.total() / 2

    def test_each_part_is_needed(self) -> None:
        """Parts that are far apart are found, and nothing else is left."""
        assert reduced(range(100), lambda some: {3, 50, 99} <= set(some)) == [3, 50, 99]

    @pytest.mark.parametrize("text", ["", "plot:0,3", "call 2 of task 1+:0;plot:4"])
    def test_choices_are_read_as_they_are_written(self, text: str) -> None:
        assert written(read(text)) == text

    def test_a_world_in_which_all_is_well(self) -> None:
        """There is nothing to reduce."""
        with pytest.raises(ValueError, match="nothing is wrong in seed 0"):
            aside(lambda: shrunk(0))


class TestTotals:
    """Totals of long runs are kept in a file, and told on a page."""

    def test_a_run_goes_on_where_the_last_one_was(self, tmp_path: Path) -> None:
        """Each part is kept once it is added, and the next run has other seeds."""
        for worlds, last in ((3, 13), (4, 27)):
            file = TotalsFile(tmp_path / "totals.json")
            file.begin()
            slow = Counter({"slow": 1})
            file.append(Totals(worlds=worlds, last=last - 10, faults=slow, wrong={str(worlds): "lost"}))
            file.append(Totals(worlds=10, last=last))

        again = TotalsFile(tmp_path / "totals.json")

        assert again.next_seed == 28
        assert again.whole().worlds == 27
        assert (again.whole().faults, again.whole().wrong) == (
            Counter({"slow": 2}),
            {"3": "lost", "4": "lost"},
        )

    def test_the_page_has_the_totals(self, tmp_path: Path) -> None:
        """They take the place of older ones; what stands around them stays."""
        page = tmp_path / "page.md"
        page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
        file = TotalsFile(tmp_path / "totals.json")
        file.begin({"state", "kills"})
        file.append(Totals(worlds=1_234, last=1_399, features=Counter({"plan": 7})))

        file.write_page(page)
        file.write_page(page)

        text = page.read_text()
        assert text.startswith(f"before\n{BEGIN}\n")
        assert text.endswith(f"\n{END}\nafter\n")
        assert "old" not in text
        assert text.count("| 0 to 1,399, kills, state | 1,234 |") == 1
        assert "plan 7" in text


class TestLoop:
    """Actors take turns on a clock that moves only when all of them wait."""

    def loop(self) -> Loop:
        return Loop(Chooser(Dice(0)))

    def test_time_passes_when_all_wait(self) -> None:
        loop, seen = self.loop(), []

        def wait(seconds: float) -> None:
            loop.wait(seconds)
            seen.append(loop.now)

        for seconds in (3.0, 1.0, 2.0):
            loop.spawn(Process("p"), lambda seconds=seconds: wait(seconds))  # type: ignore[misc]
        loop.run()

        assert seen == [1.0, 2.0, 3.0]

    def test_a_wait_can_end_early(self) -> None:
        loop, news = self.loop(), []

        def tell() -> None:
            loop.wait(1.0)
            news.append(loop.now)

        def listen() -> None:
            loop.wait(10.0, lambda: bool(news))
            news.append(loop.now)

        loop.spawn(Process("p"), listen)
        loop.spawn(Process("p"), tell)
        loop.run()

        assert news == [1.0, 1.0]

    def test_a_killed_process_does_nothing_more(self) -> None:
        loop, seen = self.loop(), []
        process = Process("p")

        def work() -> None:
            try:
                loop.wait(5.0)
                seen.append("woke")
            finally:
                loop.wait(1.0)
                seen.append("cleaned up")

        def kill() -> None:
            loop.wait(1.0)
            process.alive = False

        loop.spawn(process, work)
        loop.spawn(Process("killer"), kill)
        loop.run()

        assert (seen, loop.now) == ([], 1.0)

    def test_nobody_is_left_where_they_are(self) -> None:
        """When a world ends at once, its actors let go of what they hold."""
        loop, seen = self.loop(), []

        def hold() -> None:
            try:
                loop.wait()
            finally:
                seen.append("let go")

        loop.spawn(Process("p"), hold)

        with pytest.raises(Endless):
            loop.run()
        assert seen == ["let go"]

    def test_a_suspended_machine_goes_on_later(self) -> None:
        """What ends a wait meanwhile is noticed when it goes on; a kill does not wait for that."""
        loop, seen = self.loop(), []
        process, killed = Process("p", asleep_until=700.0), Process("q", asleep_until=700.0)

        def work(process: Process, seconds: float) -> None:
            try:
                loop.wait(seconds)
            finally:
                seen.append((process.name, loop.now))

        def kill() -> None:
            loop.wait(5.0)
            killed.alive = False

        loop.spawn(Process("killer"), kill)
        for actor in (process, killed):
            loop.spawn(actor, partial(work, actor, 1.0))
        loop.run()

        assert seen == [("p", 701.0)]
        assert loop.now == 701.0

    def test_waiting_for_ever_is_an_error(self) -> None:
        loop = self.loop()
        loop.spawn(Process("p"), loop.wait)

        with pytest.raises(Endless):
            loop.run()

    def test_going_on_for_ever_is_an_error(self) -> None:
        loop = self.loop()

        def spin() -> None:
            while True:
                loop.wait(0.0)

        loop.spawn(Process("p"), spin)

        with pytest.raises(Endless):
            loop.run()
