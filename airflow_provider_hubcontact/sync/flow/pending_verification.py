"""Written contacts that wait to be read back."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from airflow_provider_hubcontact.sync.flow.calls import VerifyCall
from airflow_provider_hubcontact.sync.model.change import Change
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from airflow_provider_hubcontact.sync.model.ports import Step

_WRITTEN = frozenset({Outcome.UPDATED, Outcome.CREATED})


class PendingVerification:
    """What was written, until it is read back."""

    def __init__(self) -> None:
        self._written: deque[tuple[Change, Result]] = deque()

    def __len__(self) -> int:
        return len(self._written)

    def hold(self, steps: Iterable[Step], results: Iterable[Result]) -> tuple[Result, ...]:
        """Hold back the results of what was written.

        :param steps: of a batch.
        :param results: that it has.
        :return: the other results.
        """
        changes = {step.change.record.row: step.change for step in steps}
        others: list[Result] = []
        for result in results:
            if result.outcome in _WRITTEN:
                self._written.append((changes[result.row], result))
            else:
                others.append(result)
        return tuple(others)

    def put_back(self, call: VerifyCall) -> None:
        """Hold what was to be read back, and was not."""
        self._written.extend(call.written)

    def take(self, size: int) -> VerifyCall:
        """Give what one look-up reads back."""
        return VerifyCall(tuple(self._written.popleft() for _ in range(min(size, len(self._written)))))
