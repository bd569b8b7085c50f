# SPDX-License-Identifier: Apache-2.0
"""Written contacts that wait to be read back."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable

from airflow_provider_hubcontact.sync.flow.calls import VerifyCall
from airflow_provider_hubcontact.sync.model.change import Change
from airflow_provider_hubcontact.sync.model.outcome import WRITES, Result
from airflow_provider_hubcontact.sync.model.ports import Step


class PendingVerification:
    """Keeps what was written until it is read back.

    :param about: only contacts are read back to which one of these properties was written; None for all.
    """

    def __init__(self, about: Collection[str] | None = None) -> None:
        self._about = None if about is None else frozenset(about)
        self._written: deque[tuple[Change, Result]] = deque()

    def __len__(self) -> int:
        return len(self._written)

    def hold(self, steps: Iterable[Step], results: Iterable[Result]) -> tuple[Result, ...]:
        """Hold back the results of contacts that were written, and are to be read back.

        :param steps: the steps of a batch.
        :param results: the results that they have.
        :return: the results of the others, which are final.
        """
        changes = {step.change.record.row: step.change for step in steps}
        others: list[Result] = []
        for result in results:
            if result.outcome in WRITES and self._is_to_be_read(changes[result.row]):
                self._written.append((changes[result.row], result))
            else:
                others.append(result)
        return tuple(others)

    def _is_to_be_read(self, change: Change) -> bool:
        return self._about is None or not self._about.isdisjoint(change.outcome)

    def put_back(self, call: VerifyCall) -> None:
        """Take back a call that was not sent."""
        self._written.extend(call.written)

    def take(self, size: int) -> VerifyCall:
        """Return the next look-up.

        :param size: contacts that it may have.
        """
        return VerifyCall(tuple(self._written.popleft() for _ in range(min(size, len(self._written)))))
