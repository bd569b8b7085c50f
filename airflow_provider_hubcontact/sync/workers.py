"""Calls that run beside each other."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Generic, Protocol, Self, TypeVar

Job = TypeVar("Job")
Answer = TypeVar("Answer")


class Workers(Protocol[Job, Answer]):
    """Carries calls out, some at a time."""

    @property
    def size(self) -> int:
        """How many calls may be under way at once."""

    def start(self, job: Job, call: Callable[[], Answer], /) -> None:
        """Begin a call."""

    def finished(self) -> tuple[Job, Answer]:
        """Wait for a call to end, whichever it is, and give its job and its answer."""


class ThreadWorkers(Generic[Job, Answer]):
    """Calls on threads; a context manager, which waits for the calls under way at its end.

    :param size: calls that may be under way at once.
    """

    def __init__(self, size: int = 8) -> None:
        self.size = size
        self._pool = ThreadPoolExecutor(size, thread_name_prefix="hubspot")
        self._done: SimpleQueue[tuple[Job, Answer | BaseException]] = SimpleQueue()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def start(self, job: Job, call: Callable[[], Answer], /) -> None:
        """Begin a call as soon as a thread is free."""
        self._pool.submit(self._run, job, call)

    def finished(self) -> tuple[Job, Answer]:
        """Wait for the next call to end; raise what it raised."""
        job, answer = self._done.get()
        if isinstance(answer, BaseException):
            raise answer
        return job, answer

    def _run(self, job: Job, call: Callable[[], Answer]) -> None:
        try:
            self._done.put((job, call()))
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            self._done.put((job, error))
