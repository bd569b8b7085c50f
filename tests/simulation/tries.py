# SPDX-License-Identifier: Apache-2.0
"""A task as Airflow runs it: tries, kills, requests to end, waits between tries, and a second one at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_hubcontact import DEFAULT_API_VERSION, LEGACY_API_VERSION
from airflow_provider_hubcontact.client import (
    AccessToken,
    ConfigurationError,
    HubSpot,
    OAuthToken,
    RateLimit,
)
from airflow_provider_hubcontact.client.account import AccountDetails
from airflow_provider_hubcontact.client.limits.shared_quota import SharedSlots
from airflow_provider_hubcontact.job.apply_plan import apply_plan
from airflow_provider_hubcontact.job.ending import decided
from airflow_provider_hubcontact.job.errors import GuardExceeded, PortalNotReady, SetupError, StateError
from airflow_provider_hubcontact.job.files.spool import Spool
from airflow_provider_hubcontact.job.make_plan import make_plan
from airflow_provider_hubcontact.job.ports import Database, MarkStore
from airflow_provider_hubcontact.job.run.run import Ended
from airflow_provider_hubcontact.job.settings.settings import Settings
from airflow_provider_hubcontact.job.settings.source import Query
from airflow_provider_hubcontact.job.signals import StopSignal
from airflow_provider_hubcontact.job.surroundings import Rewrite
from airflow_provider_hubcontact.job.undo import plan_undo
from airflow_provider_hubcontact.job.update import update
from airflow_provider_hubcontact.sync.decide.policy import Action
from airflow_provider_hubcontact.sync.keep.ledger import Attempt, LedgerStore
from airflow_provider_hubcontact.sync.keep.ledger import Line as LedgerLine
from airflow_provider_hubcontact.sync.keep.report import Report
from airflow_provider_hubcontact.sync.model.outcome import Result
from tests.simulation.loop import Loop, LoopLock, Process
from tests.simulation.network import Line, Weather
from tests.simulation.oracles import TryWatch
from tests.simulation.others import edit_once
from tests.simulation.plot import Plot, Row
from tests.simulation.portal import OAUTH, TOKEN, URL
from tests.simulation.scene import Scene
from tests.simulation.states import Client
from tests.simulation.stores import MarkOfTask, MemoryFolder, SimulatedLedger, StateOfTry, Tried, problems_of
from tests.simulation.story import Story
from tests.simulation.undo_oracles import UndoWatch
from tests.simulation.workers import ChosenWorkers

MOST_TRIES = 7
MOST_DEFERRALS = 8
"""Days after which a task is left alone: a day may have too few calls for the rows of one key."""

SUSPENDED = (20.0, 700.0, 5_000.0)
"""Seconds for which a machine may be suspended."""

CALM_FROM = 4
"""The try from which on nothing goes wrong any more."""

WORTH_DEFERRING = 60.0

IN_A_WRITE = "kill in a write"
SUSPEND = "suspend"
TROUBLES = {
    "kill": "kills",
    IN_A_WRITE: "kills",
    "signal": "signals",
    "give up": "two at once",
    SUSPEND: "suspended",
}
"""What may befall a try → the feature of the worlds in which it does."""

CALM = Weather(frozenset(), 0.0, 0.1)


class WatchedReport(Report):
    """A report whose every result is checked, and told.

    :param tell: is told of each result.
    """

    __slots__ = ("_tell",)

    def __init__(self, process: Process, watch: TryWatch, story: Story, *, dry_run: bool) -> None:
        super().__init__(dry_run=dry_run)
        self._tell = (process, watch, story)

    def add(self, result: Result) -> None:
        process, watch, story = self._tell
        super().add(result)
        if not process.alive:  # what its code still does has no effect
            return
        earlier = f", from try {result.earlier}" if result.earlier else ""
        story.tell(watch.name, f"row {result.row} is {result.outcome} {result.category or ''}{earlier}")
        watch.result(result)


@dataclass
class Task:
    """A task over all its tries, and what outlives them.

    :param run: id of the DAG run.
    :param scene: what it shares with others.
    :param plot: what it is to do, with which rows.
    :param weather: of its first tries.
    :param ledger: of all tries.
    :param trouble: what befalls the first try, and at which of its waits; None to draw it.
    :param mark: the watermark, if there is one.
    :param replayed: lines of an earlier run of which it sends the problems again, or which it undoes.
    :param undone: the tries of the run that it undoes; empty for an ordinary task.
    :ivar has_plan: whether a plan was made, which is to be applied.
    """

    run: str
    scene: Scene
    plot: Plot
    weather: Weather
    ledger: SimulatedLedger
    trouble: tuple[str, int] | None = None
    mark: dict[str, dict[str, str]] = field(default_factory=dict)
    replayed: Sequence[LedgerLine] = ()
    undone: Sequence[TryWatch] = ()
    state: dict[str, Any] = field(default_factory=dict)
    plan: dict[str, bytes] = field(default_factory=dict)
    deferrals: int = 0
    has_plan: bool = False

    @property
    def rows(self) -> list[Row]:
        """The rows that its next try reads: those from the watermark on, or of a ledger's problems."""
        rows = list(self.plot.rows)
        if self.undone:
            return []
        if self.plot.settings.source.replay:
            return problems_of(self.replayed, rows)
        mark = int(self.mark["mark"]["value"]) if self.mark else 0
        return [row for row in rows if row.changed >= mark]

    def tell(self, who: str, what: str) -> None:
        """Add a line to the story."""
        self.scene.story.tell(who, what)


@dataclass
class Try:
    """One try of a task, in a process of its own.

    :param number: of the try.
    :param resumed: whether it goes on after a wait without a worker.
    :ivar end: how it ended: ``retry``, ``done``, ``failed``, ``raised`` or ``killed``; empty while it runs.
    :ivar wait: seconds until HubSpot accepts calls again, if it has told.
    :ivar is_given_up: whether Airflow believes that it has ended, though it has not.
    """

    task: Task
    number: int
    resumed: bool = False
    end: str = ""
    wait: float = 0.0
    is_given_up: bool = False

    @property
    def action(self) -> Callable[[Result], Action]:
        """Returns what a result asks for."""
        policy = self.task.plot.settings.policy
        return lambda result: policy.action(result.outcome, result.status)

    def __post_init__(self) -> None:
        task, plot = self.task, self.task.plot
        self.process = Process(f"{task.run} {self.number}" + ("+" if self.resumed else ""), self._on_wait)
        self.signal = StopSignal()
        is_plan = plot.kind == "plan" and not task.has_plan
        self.watch = self._watch(
            task.scene.oracles,
            plot,
            task.rows,
            self.process.name,
            self.number,
            task.scene.loop.now,
            plot.may_write and not is_plan,
            plot.is_legacy and plot.kind == "tight guard",  # which the legacy API writes unread
            plot.own_limit,
        )
        task.scene.oracles.tries.append(self.watch)
        self._tried = Tried(task.scene.loop, self.process, task.scene.chooser, self.watch, self._on_write)
        self.trouble, self.at = self._trouble()
        self._writes = 0

    def _watch(self, *about: Any) -> TryWatch:
        replay = self.task.plot.settings.source.replay
        if self.task.undone and replay:
            watch = UndoWatch(*about)
            watch.undone, watch.archives = self.task.undone, replay.archive_created
            return watch
        return TryWatch(*about)

    @property
    def is_calm(self) -> bool:
        """Whether nothing goes wrong with it."""
        return self.number >= CALM_FROM or not self.task.weather.share

    def _trouble(self) -> tuple[str, int]:
        """Choose what befalls its process, and at which of its waits."""
        if self.task.trouble:
            return self.task.trouble if self.number == 1 else ("", 0)
        features = self.task.scene.plot.features
        chooser = self.task.scene.chooser.of(f"trouble of {self.process.name}")
        kinds = [trouble for trouble, feature in TROUBLES.items() if feature in features]
        if self.task.plot.settings.state and SUSPEND in kinds:
            kinds += [SUSPEND] * 3  # another run takes the state over meanwhile
        if self.is_calm or not kinds or not chooser.chance(0.6):
            return "", 0
        kind = chooser.one_of(kinds)
        return kind, 1 + chooser.below(
            self._most_writes if kind == IN_A_WRITE else chooser.one_of((10, 40, 120))
        )

    @property
    def _most_writes(self) -> int:
        """How many writes of its stores a try may have done when it is killed in one: a state has many."""
        return 30 if self.task.plot.settings.state else 4

    def _on_wait(self, number: int) -> None:
        if number == self.at and self.trouble not in {"", IN_A_WRITE}:
            self._befall()

    def _on_write(self) -> None:
        self._writes += 1
        if self._writes == self.at and self.trouble == IN_A_WRITE:
            self._befall()

    def _befall(self) -> None:
        self.task.tell("airflow", f"{self.trouble} of {self.process.name}")
        self.task.scene.oracles.faults[self.trouble] += 1
        if self.trouble == "signal":
            self.signal.stop()
        elif self.trouble == "give up":
            self.is_given_up = True
        elif self.trouble == SUSPEND:
            chooser = self.task.scene.chooser.of(f"suspended {self.process.name}")
            self.watch.woke = self.process.asleep_until = self.task.scene.loop.now + chooser.one_of(SUSPENDED)
            self.is_given_up = chooser.chance(0.6)  # it gives Airflow no sign of life either
        else:
            self.process.alive = False
            self.end = self.end or "killed"

    def run(self) -> None:
        """Be the process."""
        report = WatchedReport(self.process, self.watch, self.task.scene.story, dry_run=self.is_dry)
        verdict, stopped = "", False
        try:
            ended = self._job(report)
            stopped = ended.stop is not None
            action = decided(ended.policy, report, ended.stop).action
            verdict = {Action.RETRY: "retry", Action.FAIL: "failed", Action.FAIL_NOW: "failed"}.get(
                action, "done"
            )
            self.wait = (ended.stop.retry_after if ended.stop else None) or 0.0
            self.watch.check_end(report, whole=True)
            self._move_watermark(ended, verdict)
        except GuardExceeded:
            verdict = "failed"
            self.watch.check_end(report, whole=False)
            if (self.watch.writes_sent and not self.watch.may_repeat) or self.watch.moves_sent:
                self.task.scene.oracles.wrong(
                    f"{self.process.name} has written, and its guard does not allow it"
                )
        except (SetupError, ConfigurationError) as error:
            self.task.tell(self.process.name, f"cannot work: {type(error).__name__}: {error}")
            verdict = "failed"
        except (PortalNotReady, StateError) as error:
            self.task.tell(self.process.name, f"cannot go on: {error}")
            verdict = "retry" if error.may_pass else "failed"
        except Exception as error:  # noqa: BLE001 - Airflow would try again, and it should never come to that
            self.task.scene.oracles.wrong(f"{self.process.name} raised {type(error).__name__}: {error}")
            verdict = "raised"
        if verdict in {"done", "failed"} and self.process.alive:
            self.task.state.clear()
        self.task.tell(self.process.name, f"ends: {verdict}" + (", stopped" if stopped else ""))
        self.end = verdict
        self.process.alive = False

    def _move_watermark(self, ended: Ended, verdict: str) -> None:
        """Move it when no other try follows, as the operator does."""
        is_last = verdict != "retry" or self.number >= MOST_TRIES
        if ended.watermark and is_last:
            ended.watermark.move()

    @property
    def is_dry(self) -> bool:
        """Whether it writes nothing: neither contacts nor the state."""
        plot = self.task.plot
        return plot.settings.dry_run or (plot.kind == "plan" and not self.task.has_plan)

    def _job(self, report: Report) -> Ended:
        plot = self.task.plot
        around = SimulatedSurroundings(self.task, self, self._tried)
        if plot.kind != "plan":
            return update(plot.settings, around, report, self.signal)
        if not self.task.has_plan:
            make = plan_undo if self.task.undone else make_plan
            return make(plot.settings, around, report, self.signal, "plan")
        return apply_plan("plan", None, around, report, self.signal)


class _Token(OAuthToken):
    """A token for which actors wait without holding up the others."""

    def __init__(self, loop: Loop, *app: str, **options: Any) -> None:
        super().__init__(*app, **options)
        self._lock = LoopLock(loop)  # type: ignore[assignment] # it is used as a context alone


class SimulatedSurroundings:
    """What a run finds in the simulation.

    :param task: that it is a try of.
    :param attempt: the try.
    """

    def __init__(self, task: Task, tried: Try, stores: Tried) -> None:
        self._task = task
        self._try = tried
        self._stores = stores

    @property
    def attempt(self) -> Attempt:
        return Attempt(f"dag/{self._task.run}", "task", -1, self._try.number, self._try.resumed)

    def client(self) -> AbstractContextManager[HubSpot]:
        task, plot = self._task, self._task.scene.plot
        clock = task.scene.clock
        weather = CALM if self._try.is_calm else task.weather
        line = Line(task.scene, weather, self._try.process, self._try.watch)
        is_shared = "shared budget" in plot.features
        store = task.scene.redis.client
        slots = SharedSlots("redis://simulated", "portal", clock, store) if is_shared else None
        limit = RateLimit(plot.own_limit, at_most=plot.concurrency, slots=slots, clock=clock)
        version = LEGACY_API_VERSION if plot.is_legacy else DEFAULT_API_VERSION
        return HubSpot(
            URL,
            self._auth(line) if "oauth" in plot.features else AccessToken(TOKEN),
            api_version=version,
            rate_limit=limit,
            clock=clock,
            exchange=line.exchange,
        )

    def _auth(self, line: Line) -> OAuthToken:
        scene = self._task.scene
        return _Token(scene.loop, *OAUTH, base_url=URL, clock=scene.clock, exchange=line.exchange)

    def workers(self, hubspot: HubSpot, /) -> ChosenWorkers:
        return ChosenWorkers(self._task.scene.loop, self._try.process, self._task.scene.chooser, hubspot)

    def beside(self, work: Callable[[], None], /) -> Callable[[], None]:
        done: list[bool] = []

        def run() -> None:
            work()
            done.append(True)

        self._task.scene.loop.spawn(self._try.process, run)
        return lambda: self._task.scene.loop.wait(is_due=lambda: bool(done))

    def records(self) -> Iterable[object]:
        return [row.source for row in self._task.plot.rows]  # whichever are read

    @contextmanager
    def query(self, query: Query, rewrite: Rewrite | None) -> Iterator[Spool]:
        raise NotImplementedError
        yield

    def folder(self, path: str) -> MemoryFolder:
        return MemoryFolder(self._task.plan, path)

    def ledger(self, path: str) -> AbstractContextManager[LedgerStore]:
        return nullcontext(self._task.ledger.opened(self.attempt, self._stores))

    def check_ledger(self, path: str) -> None:
        """Take any: it is kept in memory."""

    def ledger_lines(self, path: str, run: str | None = None) -> Iterable[LedgerLine]:
        return self._task.replayed

    def state_database(self, conn_id: str) -> AbstractContextManager[Database]:
        tried, task = self._try, self._task
        share = 0.0 if tried.is_calm else task.scene.broken_share
        may_claim = not tried.is_dry
        name = tried.process.name
        client = Client(
            task.scene.states,
            self._stores,
            task.scene.chooser,
            share,
            lambda what: task.tell(name, what),
            may_claim=may_claim,
        )
        return closing(client.database())

    def task_state(self) -> StateOfTry:
        oracles, action = self._task.scene.oracles, self._try.action
        return StateOfTry(
            self._task.state, self._stores, lambda kept: oracles.check_checkpoint(kept["rows"], action)
        )

    def mark_store(self, settings: Settings) -> MarkStore:
        oracles, tried = self._task.scene.oracles, self._try
        tried.watch.rows = self._task.rows  # a try that was given up may have moved the mark by now
        return MarkOfTask(
            self._task.mark,
            self._stores,
            lambda mark: oracles.check_mark(tried.watch, int(mark["value"]), tried.action),
        )

    def on_portal(self, details: AccountDetails) -> None:
        """Take no note."""


def run_task(task: Task) -> str:
    """Be Airflow: try until the task ends, or no try is left.

    :return: how the last try ended.
    """
    tried = Try(task, 1)
    while True:
        task.scene.loop.spawn(tried.process, tried.run)
        task.tell("airflow", f"starts {tried.process.name}")
        task.scene.loop.wait(is_due=lambda tried=tried: bool(tried.end) or tried.is_given_up)  # type: ignore[misc]
        end = tried.end or "given up"
        # An undo fails if it leaves something alone; its plan may be applied all the same.
        is_planned = end == "done" or (end == "failed" and bool(task.undone and task.plan))
        if is_planned and task.plot.kind == "plan" and not task.has_plan:
            task.has_plan = True
            _look_at_plan(task)
            tried = Try(task, 1)
            continue
        is_cleared = end == "failed" and not tried.is_calm
        is_over = tried.number >= MOST_TRIES or task.deferrals >= MOST_DEFERRALS
        if end == "done" or (end == "failed" and not is_cleared) or is_over:
            return end
        tried = _next(task, tried, end)


def _look_at_plan(task: Task) -> None:
    """Wait until somebody has approved a plan; others go on editing contacts meanwhile."""
    chooser = task.scene.chooser.of(f"plan of {task.run}")
    while "others edit" in task.scene.plot.features and chooser.chance(0.6):
        task.scene.loop.wait(chooser.between(0, 60))
        edit_once(task.scene, chooser)


def _next(task: Task, tried: Try, end: str) -> Try:
    """Wait as Airflow does, and return the next try."""
    chooser = task.scene.chooser.of(f"after {tried.process.name}")
    may_lose = task.scene.plot.ledger == "parts" and task.weather.share and chooser.chance(0.3)
    if may_lose and task.ledger.lose_a_part(chooser):
        task.tell("airflow", "loses a part of the ledger")
        task.scene.oracles.faults["lost part"] += 1
    defers = "deferral" in task.scene.plot.features and end == "retry" and tried.wait >= WORTH_DEFERRING
    pause = tried.wait if tried.wait >= WORTH_DEFERRING else chooser.between(0, 30)
    task.deferrals += defers
    if end != "given up":
        task.scene.loop.wait(pause)
    return Try(task, tried.number + (not defers), resumed=defers)
