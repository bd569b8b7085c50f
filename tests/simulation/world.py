# SPDX-License-Identifier: Apache-2.0
"""One world: everything that a seed decides, from its rows to its end."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from airflow_provider_hubcontact.client import lists as client_lists
from airflow_provider_hubcontact.client import owners as client_owners
from airflow_provider_hubcontact.job.portal import lists_port, member_reads
from airflow_provider_hubcontact.job.portal.contacts_port import ContactsPort
from airflow_provider_hubcontact.job.settings.guards import Guards
from airflow_provider_hubcontact.job.settings.ledger import Ledger
from airflow_provider_hubcontact.job.settings.lists import Lists
from airflow_provider_hubcontact.job.settings.replay import Replay
from airflow_provider_hubcontact.job.settings.settings import Settings
from airflow_provider_hubcontact.job.settings.source import Source
from airflow_provider_hubcontact.job.settings.state import State
from airflow_provider_hubcontact.job.settings.writes import Writes
from airflow_provider_hubcontact.job.state import session
from airflow_provider_hubcontact.sync.flow.waiting import memberships
from tests.simulation.chooser import Chooser, Dice, Kept
from tests.simulation.loop import Endless, Loop, LoopClock, LoopLock, Process
from tests.simulation.network import FAULTS, Weather
from tests.simulation.oracles import Oracles, TryWatch
from tests.simulation.others import edit, set_the_date, visit
from tests.simulation.plot import LISTS, PATH, Plot, plot_of
from tests.simulation.portal import LIFETIMES, SimulatedPortal, Terms
from tests.simulation.redis import SimulatedRedis
from tests.simulation.remembered import PARTS
from tests.simulation.scene import Scene
from tests.simulation.state_oracles import NotedDigests
from tests.simulation.states import StateServer, tables_of
from tests.simulation.stores import SimulatedLedger
from tests.simulation.story import Story
from tests.simulation.tries import CALM, Task, run_task
from tests.simulation.undo_oracles import UndoWatch, is_clear, not_undone

COLLECT_EVERY = 100
"""Worlds between two collections of rubbish."""


NIGHT = 86_400.0
"""Seconds between two nights."""


FEW_MEMBERS = 2
"""Members of a page of a list."""


FEW_OWNERS = 2
"""Owners of a page."""


FEW_HELD = 4
"""Records that may wait for lists at once."""


class Broken(Exception):
    """Something was wrong after an event."""


@dataclass(frozen=True)
class Given:
    """What the seed of a world does not decide.

    :param chooser: makes its choices.
    :param plot: what it is made of; None to draw it.
    :param weather: of its first tries; None to draw it.
    :param trouble: what befalls the first try of a task, and at which of its waits; None to draw it.
    """

    chooser: Chooser
    plot: Plot | None = None
    weather: Weather | None = None
    trouble: tuple[str, int] | None = None


class World:
    """A world before it runs.

    :param seed: decides everything.
    :param kept: choices that it decides, where the others are the least; None for all.
    :param given: what it does not decide.
    """

    def __init__(self, seed: int, kept: Kept | None = None, given: Given | None = None) -> None:
        self.seed = seed
        self._is_alone = True
        self.dice = Dice(seed, kept)
        self._given = given or Given(Chooser(self.dice))
        chooser = self._given.chooser
        plot = self._given.plot or plot_of(chooser)
        self.loop = Loop(chooser, self._after)
        self.story = Story(lambda: self.loop.now)
        portal = SimulatedPortal(
            plot.contacts,
            Terms(plot.allowance, chooser.of("oauth").one_of(LIFETIMES), plot.switches),
            LoopClock(self.loop, chooser).seconds,
            lambda: self.loop.now,
            {name: plot.members if name == LISTS[0] else () for name in LISTS if plot.settings.lists},
        )
        self.oracles = Oracles(plot, portal)
        clock = LoopClock(self.loop, chooser)
        redis = SimulatedRedis(self.loop, self.oracles.lose_the_store)
        self._states = StateServer(self.loop, self.oracles.state)
        broken = "broken database" in plot.features
        broken_share = chooser.of("database").one_of((0.01, 0.03, 0.1)) if broken else 0.0
        self.scene = Scene(
            plot,
            chooser,
            self.loop,
            clock,
            portal,
            self.oracles,
            self.story,
            redis,
            self._states,
            broken_share,
        )
        weather = chooser.of("weather")
        share, latency = weather.one_of((0.0, 0.1, 0.3, 0.6)), weather.one_of((0.05, 0.5, 2.0))
        self._weather = Weather(frozenset(chooser.of("faults").half_of(FAULTS)), share, latency)
        self._weather = self._given.weather or self._weather

    def run(self) -> None:
        """Let it happen; what is wrong is in the oracles' ``violations``."""
        features = self.scene.plot.features
        for line in self._told():
            self.story.tell("plot", line)
        self.loop.spawn(Process("airflow"), self._airflow)
        if "others edit" in features:
            self.loop.spawn(Process("others"), lambda: edit(self.scene))
        if "wrong date" in features:
            self.loop.spawn(Process("date"), lambda: set_the_date(self.scene))
        if features >= {"shared budget", "store lost"}:
            redis = self.scene.redis
            self.loop.spawn(Process("redis"), lambda: redis.trouble(self.scene.chooser.of("redis")))
        if "second task" in features:
            self._is_alone = False
            self.loop.spawn(Process("airflow 2"), self._second_task)
        with _watched(self.scene), closing(self._states):
            try:
                self.loop.run()
            except Endless as endless:
                self.oracles.wrong(str(endless))
            except Broken:
                pass  # what is wrong has been noted
        for what in self.oracles.violations:
            self.story.tell("WRONG", what)

    def _after(self) -> None:
        self.oracles.check_now()
        if self.oracles.violations:
            raise Broken

    def _second_task(self) -> None:
        """Run another task with the same source beside the first one."""
        plot = self.scene.plot
        self.loop.wait(self.scene.chooser.of("second task").between(0, 5))
        end = run_task(Task("other", self.scene, plot, self._weather, SimulatedLedger(plot.ledger)))
        self.story.tell("airflow 2", f"the other task has ended: {end}")
        self._is_alone = True

    def _airflow(self) -> None:
        if self.scene.plot.settings.state:
            self._night_before()
        self._main_task()

    def _main_task(self) -> None:
        plot = self.scene.plot
        task = Task(
            "task", self.scene, plot, self._weather, SimulatedLedger(plot.ledger), self._given.trouble
        )
        before, tries = self._contacts(), len(self.oracles.tries)
        end = run_task(task)
        self.story.tell("airflow", f"the task has ended: {end}")
        if len(self.oracles.tries) == tries + 1 and plot.features.isdisjoint({"others edit", "second task"}):
            self.oracles.check_order(self.oracles.tries[-1], before)
        if "undo" in plot.features:
            self._undo(task, self.oracles.tries[tries:], before)
        if plot.settings.state:
            plot = self._later_nights()
        if plot.kind in {"update", "loose guard"} and self.scene.chooser.of("rerun").chance(0.5):
            self._rerun(plot, task.mark)
        if plot.ledger and "replay" in plot.features and plot.may_write:
            self._replay(task.ledger)

    def _undo(self, task: Task, undone: Sequence[TryWatch], before: Mapping[str, Mapping[str, str]]) -> None:
        """Undo what a task has done.

        :param undone: its tries.
        :param before: id of a contact → what it was before the task.
        """
        self.loop.wait(is_due=lambda: self._is_alone)
        plot, chooser = self.scene.plot, self.scene.chooser.of("undo")
        undone = [each for each in undone if each.run == task.run]
        is_left_alone = "another key with all" not in plot.features or chooser.chance(0.5)
        if not is_left_alone:
            visit(self.scene, chooser)
        replay = Replay("ledger", undo=True, archive_created=chooser.chance(0.6))
        settings = Settings(
            source=Source(has_records=False, replay=replay),
            guards=Guards(removals=None if replay.archive_created else Guards.removals),
            writes=Writes(stages=chooser.one_of(("reset", "reset", "keep", "reject"))),
            ledger=Ledger("ledger") if chooser.chance(0.5) else None,
            verify=chooser.chance(0.3),
            # The undo need not name the state: then its writes are those of somebody else.
            state=State(PATH) if plot.settings.state and chooser.chance(0.7) else None,
        )
        again = replace(plot, kind="plan", settings=settings, rows=())
        weather = self._weather if chooser.chance(0.5) else CALM
        lines = task.ledger.lines()
        ledger = SimulatedLedger(plot.ledger)
        undo = Task("undo", self.scene, again, weather, ledger, replayed=lines, undone=undone)
        tries = len(self.oracles.tries)
        self.story.tell("airflow", f"the undo has ended: {run_task(undo)}")
        self.oracles.faults["undo"] += 1
        watches = [each for each in self.oracles.tries[tries:] if isinstance(each, UndoWatch)]
        plans = [each for each in watches if not each.may_write]
        is_told = is_left_alone and undo.has_plan and is_clear(undone, plot.features) and len(plans) == 1
        if is_told and len(watches) == 2 and settings.writes.stages == "reset":
            self.oracles.faults["undo of all"] += 1
            for what in not_undone(plans[0], watches[-1], before):
                self.oracles.wrong(what)

    def _replay(self, ledger: SimulatedLedger) -> None:
        """Send again what has not ended well."""
        plot = self.scene.plot
        fields = plot.settings.fields()
        source, lists = Source(replay=Replay("ledger")), plot.settings.lists
        if lists and lists.mirror:  # which needs the state
            lists = Lists(**{**lists.fields(), "mirror": False})
        settings = Settings(**{**fields, "source": source, "guards": Guards(), "state": None, "lists": lists})
        again = SimulatedLedger(plot.ledger)
        task = Task(
            "replay",
            self.scene,
            replace(plot, settings=settings),
            self._weather,
            again,
            replayed=ledger.lines(),
        )
        self.story.tell("airflow", f"the replay has ended: {run_task(task)}")
        self.oracles.faults["replay"] += 1

    def _night_before(self) -> None:
        """Let the state know something when the task begins, most of all if that writes nothing itself."""
        plot, chooser = self.scene.plot, self.scene.chooser.of("night before")
        if chooser.chance(0.9 if plot.kind != "update" or _has_leavers(plot) else 0.5):
            self._night("night 0", plot.of_another_night(chooser, writes=True), chooser)

    def _later_nights(self) -> Plot:
        """Run the task on some further nights.

        :return: the last of them.
        """
        plot, chooser = self.scene.plot, self.scene.chooser.of("later nights")
        has_leavers = _has_leavers(plot)
        for number in range(1, 4):
            if not chooser.chance(0.8 if has_leavers else 0.5):
                break
            self.loop.wait(NIGHT)
            visit(self.scene, chooser)
            if has_leavers and chooser.chance(0.3):  # rows that left are there again
                plot = self.scene.plot
            plot = plot.of_another_night(chooser)
            self._night(f"night {number}", plot, chooser)
        return plot

    def _night(self, name: str, plot: Plot, chooser: Chooser) -> None:
        weather = self._weather if chooser.chance(0.5) else CALM
        end = run_task(Task(name, self.scene, plot, weather, SimulatedLedger(plot.ledger)))
        self.story.tell("airflow", f"the task of {name} has ended: {end}")

    def _rerun(self, plot: Plot, mark: dict[str, dict[str, str]]) -> None:
        """Run the task anew when nothing goes wrong, and look at what the portal has.

        :param plot: what it is to do.
        :param mark: the watermark that the task has left.
        """
        self.loop.wait(is_due=lambda: self._is_alone)
        self.loop.wait(200_000)  # those who edit have ended, and so has the day
        before = self._contacts()
        end = run_task(Task("rerun", self.scene, plot, CALM, SimulatedLedger(plot.ledger), mark=mark))
        watch = self.oracles.tries[-1]
        if end in {"done", "failed"} and len(watch.results) == len(watch.rows):
            self.oracles.check_outcome_of_rerun(watch, before)
            self.oracles.check_stages(before)

    def _contacts(self) -> dict[str, dict[str, str]]:
        return {each.id: dict(each.properties) for each in self.scene.portal.contacts()}

    def _told(self) -> Iterator[str]:
        """Yield what the world is made of."""
        plot, settings = self.scene.plot, self.scene.plot.settings
        features = ", ".join(sorted(plot.features))
        yield f"seed {self.seed}: {plot.kind}, ledger {plot.ledger or 'none'}, {features}"
        yield f"upsert={settings.upsert} verify={settings.verify} {settings.key} {settings.writes}"
        yield from (
            f"{settings.lists}, at first of {sorted(plot.members)}" for _ in filter(None, [settings.lists])
        )
        limit = plot.allowance.rate_limit.calls if plot.own_limit else "any"
        yield (
            f"batches of {plot.batch_size}, {plot.concurrency} calls at once, {limit} in ten seconds, "
            f"{plot.allowance.daily:,} a day"
        )
        yield f"{self._weather.share:.0%} of the calls meet one of: {', '.join(sorted(self._weather.faults))}"
        yield from (f"contact {dict(contact)}" for contact in plot.contacts)
        yield from (f"row {row.number}: {dict(row.source)}" for row in plot.rows)


def _has_leavers(plot: Plot) -> bool:
    return plot.settings.state is not None and plot.settings.state.on_removed is not None


@contextmanager
def _watched(scene: Scene) -> Iterator[None]:
    """Let calls have few inputs, so that a few rows are many calls, and look at what a state proves."""
    oracles = scene.oracles.state
    parts: list[tuple[Any, str, object]] = [
        (ContactsPort, "batch_size", scene.plot.batch_size),
        (client_lists, "MEMBERS_A_PAGE", FEW_MEMBERS),
        (member_reads, "MEMBERS_A_PAGE", FEW_MEMBERS),
        (member_reads, "Lock", partial(LoopLock, scene.loop)),
        (client_owners, "PAGE", FEW_OWNERS),
        (lists_port, "Lock", partial(LoopLock, scene.loop)),
        (memberships, "MAX_HELD", FEW_HELD),
        (session, "Tables", tables_of),
        (session, "Digests", partial(NotedDigests, oracles)),
        *PARTS,
    ]
    usual = [getattr(part, name) for part, name, _ in parts]
    for part, name, value in parts:
        setattr(part, name, value)
    try:
        yield
    finally:
        for (part, name, _), value in zip(parts, usual, strict=True):
            setattr(part, name, value)


@contextmanager
def collected() -> Iterator[Callable[[], object]]:
    """Let no rubbish be looked for while worlds run: that takes a fifth of the time.

    :return: looks for it, between two worlds.
    """
    gc.freeze()
    gc.disable()
    try:
        yield gc.collect
    finally:
        gc.enable()
        gc.unfreeze()


def features_of(seed: int) -> frozenset[str]:
    """Return what may happen in a world, and the kind of its task, without running it."""
    plot = plot_of(Chooser(Dice(seed, None)))
    return frozenset((plot.kind, *plot.features))


def ended_worlds(seeds: Iterable[int]) -> Iterator[World]:
    """Run worlds, and yield each once it has ended.

    :param seeds: of the worlds.
    """
    with collected() as collect:
        for place, seed in enumerate(seeds):
            world = World(seed)
            world.run()
            yield world
            if place % COLLECT_EVERY == 0:
                collect()
