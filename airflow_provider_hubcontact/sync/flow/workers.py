# SPDX-License-Identifier: Apache-2.0
"""Runs calls concurrently."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue
from typing import Generic, Protocol, Self, TypeVar

from airflow_provider_hubcontact.clock import SYSTEM_CLOCK, Clock

Job = TypeVar("Job")


Answer = TypeVar("Answer")


MOST_THREADS = 64


PATIENCE = 3.0
"""Seconds to wait for answers once the run is to stop; Airflow kills a task 5 s after asking it to end."""


class Workers(Protocol[Job, Answer]):
    """Makes calls, several at a time."""

    @property
    def size(self) -> int:
        """How many calls may run at once."""

    def start(self, job: Job, call: Callable[[], Answer], /) -> None:
        """Start a call.

        :param job: what the answer is for.
        :param call: makes it.
        """

    def finished(self) -> tuple[Job, Answer] | None:
        """Wait until any call ends, and return its job and its answer.

        :return: None if the run is to stop, and again if the calls under way then take too long to end.
        """

    def cancel(self) -> None:
        """End the calls that have not been sent yet; each still returns an answer."""


class ThreadWorkers(Generic[Job, Answer]):
    """Makes calls on threads; a context manager that waits for running calls at its end.

    :param size: returns how many calls may run at once; asked anew each time.
    :param cancel: ends the calls that have not been sent yet.
    :param clock: tells how long a run that is to stop has waited for answers.
    """

    def __init__(
        self,
        size: Callable[[], int] = lambda: 8,
        cancel: Callable[[], None] = lambda: None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._size = size
        self._cancel = cancel
        self._clock = clock
        self._pool = ThreadPoolExecutor(MOST_THREADS, thread_name_prefix="hubspot")
        self._done: SimpleQueue[tuple[Job, Answer | BaseException] | None] = SimpleQueue()
        self._deadline: float | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=self._deadline is None)

    @property
    def size(self) -> int:
        """How many calls may run at once."""
        return min(self._size(), MOST_THREADS)

    def cancel(self) -> None:
        """End the calls that have not been sent yet."""
        self._cancel()

    def start(self, job: Job, call: Callable[[], Answer], /) -> None:
        """Start a call on a thread of its own."""
        self._pool.submit(self._run, job, call)

    def interrupt(self) -> None:
        """Stop the run; from any thread, or from a signal's handler."""
        if self._deadline is None:
            self._deadline = self._clock.monotonic() + PATIENCE
            self._done.put(None)

    def finished(self) -> tuple[Job, Answer] | None:
        """Wait for the next call to end; raise what it raised."""
        left = None if self._deadline is None else max(0.0, self._deadline - self._clock.monotonic())
        try:
            done = self._done.get(timeout=left)
        except Empty:
            return None
        if done is None:
            return None
        job, answer = done
        if isinstance(answer, BaseException):
            raise answer
        return job, answer

    def _run(self, job: Job, call: Callable[[], Answer]) -> None:
        try:
            self._done.put((job, call()))
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            self._done.put((job, error))
