# SPDX-License-Identifier: Apache-2.0
"""The calls that are under way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from airflow_provider_hubcontact.sync.flow.calls import Answer, Call, ReadCall
from airflow_provider_hubcontact.sync.flow.circuit_breaker import CircuitBreaker
from airflow_provider_hubcontact.sync.flow.workers import Workers
from airflow_provider_hubcontact.sync.model.ports import Lost


class UnderWay:
    """Starts calls, and knows them until they are answered.

    :param workers: carries the calls out.
    :param breaker: is told what a call raised.
    """

    def __init__(self, workers: Workers[Call, Answer], breaker: CircuitBreaker) -> None:
        self._workers = workers
        self._breaker = breaker
        self._calls: list[Call] = []

    def __len__(self) -> int:
        return len(self._calls)

    def __iter__(self) -> Iterator[Call]:
        return iter(self._calls)

    @property
    def has_room(self) -> bool:
        """Whether another call may be started."""
        return len(self._calls) < self._workers.size

    @property
    def reads(self) -> Iterator[ReadCall]:
        """The look-ups before a write."""
        return (call for call in self._calls if isinstance(call, ReadCall))

    def start(self, call: Call, send: Callable[[], Answer]) -> None:
        """Start a call.

        :param call: the call.
        :param send: makes it.
        """
        self._calls.append(call)
        self._workers.start(call, partial(self._carried_out, send))

    def _carried_out(self, send: Callable[[], Answer]) -> Answer:
        """Make a call. If it raises, which it never should, its records still get an outcome."""
        try:
            return send()
        except Exception as error:  # noqa: BLE001 - raised again when all that was read has its outcome
            self._breaker.broken = error
            return Lost(f"the call ended with {type(error).__name__}", sent=True)

    def finished(self) -> tuple[Call, Answer] | None:
        """Wait for the next answer; see :meth:`Workers.finished`."""
        return self._workers.finished()

    def remove(self, call: Call) -> None:
        """Forget a call that was answered."""
        self._calls = [each for each in self._calls if each is not call]

    def cancel(self) -> None:
        """End the calls that have not been sent yet; each still gets an answer."""
        self._workers.cancel()

    def outdate(self, contacts: Iterable[str | None]) -> None:
        """Mark the look-ups under way as outdated for contacts that were just written.

        :param contacts: their record ids; None for one that is not known.
        """
        known = {contact for contact in contacts if contact is not None}
        for call in self.reads:
            call.outdated.update(known)
