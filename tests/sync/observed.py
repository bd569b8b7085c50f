# SPDX-License-Identifier: Apache-2.0
"""Where each record of a run is: read from the engine's collections, between any two calls of its code."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from types import FrameType
from typing import Any

from airflow_provider_hubcontact.sync.flow.calls import ListCall, ReadCall, VerifyCall
from airflow_provider_hubcontact.sync.flow.engine import Engine
from airflow_provider_hubcontact.sync.flow.states import TRANSITIONS, State
from airflow_provider_hubcontact.sync.model.outcome import Result
from airflow_provider_hubcontact.sync.model.ports import Step
from airflow_provider_hubcontact.sync.model.record import Record

Move = tuple[State, State, str]
"""From, to, and the function of the table that moves the record."""

ALLOWED: frozenset[Move] = frozenset(
    (origin, each.target, each.code) for each in TRANSITIONS for origin in each.origins
)

FLOW = Engine.__module__.rpartition(".")[0]

STEPS = {"Engine._fill", "Writes.start", "Checks.start", "LookUps.start", "ListCalls.start", "Engine._wait"}
"""The engine's steps: between two of them it moves no record."""


@dataclass
class Observer:
    """Sees runs, one after another.

    :param moves: all ways that records went.
    :param problems: what no run may do.
    """

    moves: set[Move] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)
    _engine: Engine | None = None
    _places: dict[int, State] = field(default_factory=dict)
    _ended: set[int] = field(default_factory=set)

    def see(self, frame: FrameType, event: str, _: object) -> None:
        """Look at the engine when a function of its begins or returns."""
        if event not in {"call", "return"} or not frame.f_globals.get("__name__", "").startswith(FLOW):
            return
        name = frame.f_code.co_qualname
        if name == "Engine.run" and event == "call":
            self._engine, self._places, self._ended = frame.f_locals["self"], {}, set()
        if self._engine is None:
            return
        if event == "return" and name == "Ends.tell":
            self._ended.add(frame.f_locals["result"].row)
        now = self._look(frame.f_back if event == "call" else frame)
        if event == "call" and name in STEPS:
            lost = [row for row in self._places if row not in now]
            self.problems.extend(f"row {row} is nowhere before {name}" for row in lost)
        if event == "return" and name == "Engine.run":
            left = [row for row in self._places if row not in self._ended]
            self.problems.extend(f"row {row} has not ended when the run has" for row in left)

    def _look(self, frame: FrameType | None) -> dict[int, State]:
        now: dict[int, State] = dict.fromkeys(self._ended, State.ENDED)
        for state, records in _held(self._engine):
            for row in _rows(records):
                if row in now:
                    self.problems.append(f"row {row} is both {now[row]} and {state}")
                now[row] = state
        for row, state in now.items():
            before = self._places.get(row, State.SOURCE)
            if state is not before:
                self._moved(row, before, state, frame)
        self._places.update(now)
        return now

    def _moved(self, row: int, before: State, state: State, frame: FrameType | None) -> None:
        stack: list[str] = []
        while frame and (not stack or stack[-1] != "Engine.run"):
            name = frame.f_code.co_qualname
            if (before, state, name) in ALLOWED:
                self.moves.add((before, state, name))
                return
            stack.append(name)
            frame = frame.f_back
        self.problems.append(f"row {row} went from {before} to {state} in {' < '.join(stack)}")


@contextmanager
def observed() -> Iterator[Observer]:
    """Observe the runs that are made inside.

    It fails if a record was in no place or in two, or went a way that is not in the table.
    """
    observer, former = Observer(), sys.getprofile()
    sys.setprofile(observer.see)
    try:
        yield observer
    finally:
        sys.setprofile(former)
    assert not observer.problems, "\n".join(observer.problems[:9])


def _held(engine: Any) -> Iterator[tuple[State, Iterable[Record | Result]]]:
    own = vars(engine)
    in_flight, queue = vars(own["_in_flight"]), vars(own["_write_queue"])
    if own["_gate"]:
        gate = vars(own["_gate"])
        yield State.HELD_BACK, [each.record for each in gate["_held"]]
        yield State.READY, gate["_ready"]
    yield State.WAITING, in_flight["_waiting"].values()
    yield State.FIRST_IN_LINE, in_flight["_first_in_line"].values()
    behind = in_flight["_behind_key"]
    yield State.BEHIND_KEY, (each for key, queue in behind.items() for each in queue if each.key == key)
    yield State.BEHIND_CLAIM, chain.from_iterable(in_flight["_behind_claim"].values())
    look_ups = vars(own["_look_ups"])
    yield State.TO_READ_AGAIN, (record for call in look_ups["_split"] for record in call.records)
    yield State.TO_CREATE, (change.record for change in vars(look_ups["_creations"])["_changes"])
    yield State.TO_WRITE, _written(chain.from_iterable(queue["_steps"].values()))
    yield State.BEHIND_ADDRESS, _written(each.step for each in vars(queue["_key_swaps"])["_waiting"].values())
    yield State.TO_VERIFY, (change.record for change, _ in vars(own["_pending_verification"])["_written"])
    for call in queue["_to_resend"]:
        yield State.TO_WRITE_AGAIN, _written(call.steps)
        yield State.BEHIND_PART, _written(call.others)
    if own["_memberships"] is not None:
        lists = vars(own["_memberships"])
        waiting = [*lists["_unchecked"].values(), *lists["_due"].values()]
        queued = (call.results for call in lists["_parts"])
        yield State.TO_LIST, _named(*waiting, *queued)
    for call in own["_under_way"]:
        if isinstance(call, ListCall):
            yield State.IN_LIST_CALL, _named(call.results)
        elif isinstance(call, ReadCall):
            yield State.IN_READ_CALL, call.records
        elif isinstance(call, VerifyCall):
            yield State.IN_VERIFY_CALL, (change.record for change, _ in call.written)
        else:
            yield State.IN_WRITE_CALL, _written(call.steps)
            yield State.BEHIND_PART, _written(call.others)


def _written(steps: Iterable[Step]) -> Iterator[Record]:
    return (step.change.record for step in steps)


def _named(*waiting: Mapping[str, tuple[Result, ...]]) -> Iterator[Result]:
    return (result for each in waiting for results in each.values() for result in results)


def _rows(records: Iterable[Record | Result]) -> Iterator[int]:
    """Return the rows that records stand for."""
    return (part.row for record in records for part in getattr(record, "parts", ()) or (record,))
