# SPDX-License-Identifier: Apache-2.0
"""Stands where threads stand: each call is an actor, and the chooser picks which answer comes next."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Self

from airflow_provider_hubcontact.client import HubSpot
from airflow_provider_hubcontact.sync.flow.calls import Answer, Call
from airflow_provider_hubcontact.sync.flow.workers import MOST_THREADS, PATIENCE
from tests.simulation.chooser import Chooser
from tests.simulation.loop import Loop, Process, Step


class ChosenWorkers:
    """Makes calls beside each other, without threads.

    :param loop: runs them.
    :param process: that they belong to.
    :param chooser: picks the next of the answers that are there.
    :param hubspot: says how many calls may be under way.
    """

    def __init__(self, loop: Loop, process: Process, chooser: Chooser, hubspot: HubSpot) -> None:
        self._loop = loop
        self._process = process
        self._chooser = chooser.of("answers")
        self._hubspot = hubspot
        self._done: list[tuple[int, Call, Answer | BaseException]] = []
        self._started = 0
        self._deadline = math.inf
        self._is_told = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Leave calls that are still under way to themselves: nobody waits for them."""

    @property
    def size(self) -> int:
        return min(self._hubspot.at_once, MOST_THREADS)

    def start(self, job: Call, call: Callable[[], Answer], /) -> None:
        self._started += 1
        number = self._started

        def run() -> None:
            try:
                self._done.append((number, job, call()))
            except Exception as error:  # noqa: BLE001 - raised again by who waits
                self._done.append((number, job, error))

        self._loop.spawn(self._process, run)

    def finished(self) -> tuple[Call, Answer] | None:
        if not self._done or self._chooser.chance(0.5):  # answers may come while this one is on its way
            self._loop.wait(self._deadline - self._loop.now, self._has_news, self._steps)
        if not self._is_told:
            self._is_told = True
            return None
        if not self._done:
            return None
        _, job, answer = self._done.pop(self._chooser.below(len(self._done)))
        if isinstance(answer, BaseException):
            raise answer
        return job, answer

    def cancel(self) -> None:
        self._hubspot.cancel()

    def interrupt(self) -> None:
        """Stop the run."""
        if self._deadline == math.inf:
            self._deadline = self._loop.now + PATIENCE
            self._is_told = False

    def _steps(self) -> list[Step]:
        """Return the answers of which one is next."""
        return [Step(f"answer {number}") for number, _, _ in self._done]

    def _has_news(self) -> bool:
        return bool(self._done) or not self._is_told
