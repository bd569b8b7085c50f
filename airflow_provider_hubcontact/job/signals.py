# SPDX-License-Identifier: Apache-2.0
"""Signals that would break into a run, made to wait until it has accounted for its records."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol

SIGNALS = (signal.SIGALRM, signal.SIGTERM, signal.SIGINT)
"""Airflow's ``execution_timeout``; its request to end; a person's at a terminal."""


class Interruptible(Protocol):
    """Carries calls out."""

    def interrupt(self) -> None:
        """Start no further call."""


class StopSignal:
    """Tells a run to send nothing more, and to account for what was sent."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._workers: Interruptible | None = None

    def stop(self) -> None:
        """Stop the run; from any thread, or a signal's handler."""
        self._stopped.set()
        if self._workers:
            self._workers.interrupt()

    def reaches(self, workers: Interruptible) -> None:
        """Interrupt these workers when the signal comes; at once if it came before."""
        self._workers = workers
        if self._stopped.is_set():
            workers.interrupt()


@contextmanager
def held_back(stop: Callable[[], None]) -> Iterator[None]:
    """Hold signals back as long as the block lasts; then do what they would have done.

    Airflow's handlers raise wherever the task is, which may be between an answer and its record.

    :param stop: called by the first signal; the block is to end soon.
    :raises BaseException: what the handler of a signal that came raises.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals go to the main thread
        return
    came: list[tuple[int, FrameType | None]] = []

    def hold(number: int, frame: FrameType | None) -> None:
        came.append((number, frame))
        stop()

    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    held = {number: handler for number, handler in handlers.items() if callable(handler)}
    for number in held:
        signal.signal(number, hold)
    try:
        yield
    finally:
        for number, handler in held.items():
            signal.signal(number, handler)
    for caught, frame in came:
        held[signal.Signals(caught)](caught, frame)
