# SPDX-License-Identifier: Apache-2.0
"""Changes of address that wait because another contact still has the address."""

from __future__ import annotations

from typing import NamedTuple

from airflow_provider_hubcontact.sync.model.ports import Step
from airflow_provider_hubcontact.sync.rows.keys import EMAIL


class _Blocked(NamedTuple):
    step: Step
    holder: str


class KeySwaps:
    """Lets contacts take over each other's addresses, in a row or in a circle.

    A contact waits until the contact that has its new address is done. Where contacts wait for each other in
    a circle, the last one gives up its address first: the address is cleared, and the new one is set once the
    others have moved. ``len`` counts the contacts that wait.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, _Blocked] = {}  # record id of the contact that waits
        self._parked: dict[str, _Blocked] = {}  # of one that gives its address up

    def __len__(self) -> int:
        return len(self._waiting) + len(self._parked)

    def block(self, step: Step, holder: str) -> Step | None:
        """Let a refused step wait for its new address.

        :param step: the step, which sets the address.
        :param holder: record id of the contact that has the address.
        :return: the step that clears the contact's own address, if the wait would close a circle; else None.
        """
        own, current = step.change.address, holder
        while current in self._waiting and current != own:
            current = self._waiting[current].holder
        if current != own:
            self._waiting[own] = _Blocked(step, holder)
            return None
        clearing = _clearing(step)
        self._parked[own] = _Blocked(clearing._replace(position=clearing.position + 1), holder)
        return clearing

    def gave_up(self, step: Step) -> bool:
        """Note that a contact has given up its address, and waits for its new one.

        :param step: the step that sets the new one.
        :return: False if the contact had not been asked to give up its address.
        """
        own = step.change.address
        if own not in self._parked:
            return False
        self._waiting[own] = self._parked.pop(own)
        return True

    def freed(self, contact: str) -> list[Step]:
        """Return the steps that waited for a contact, which is done or has given up its address."""
        found = [own for own, blocked in self._waiting.items() if blocked.holder == contact]
        return [self._waiting.pop(own).step for own in found]

    def ended(self, contact: str) -> None:
        """Forget a contact that was to give up its address, but ended before it did."""
        self._parked.pop(contact, None)

    def longest(self, keep: int = 0) -> list[Step]:
        """Return the steps that have waited longest, except those that wait for a waiting contact.

        :param keep: how many may go on waiting.
        """
        first = [own for own, blocked in self._waiting.items() if blocked.holder not in self._waiting]
        return [self._waiting.pop(own).step for own in first[: max(0, len(self._waiting) - keep)]]

    def drain(self) -> list[Step]:
        """Remove and return all steps that wait."""
        steps = [blocked.step for blocked in self._waiting.values()]
        self._waiting.clear()
        return steps


def _clearing(step: Step) -> Step:
    """Put the clearing of the address before a step."""
    steps = step.change.steps
    longer = (*steps[: step.position], {EMAIL: ""}, *steps[step.position :])
    return Step(step.change._replace(steps=longer), step.position)
