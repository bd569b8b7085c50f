# SPDX-License-Identifier: Apache-2.0
"""The new contacts whose addresses are to be looked up before they are created."""

from __future__ import annotations

from collections import deque

from airflow_provider_hubcontact.sync.decide.rules import Rules, addresses_given
from airflow_provider_hubcontact.sync.model.change import Change
from airflow_provider_hubcontact.sync.model.record import Record


class Creations:
    """Keeps creations until a look-up has room for their addresses. ``len`` counts the creations.

    :param rules: what the run was asked to do.
    """

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._changes: deque[Change] = deque()
        self._count = 0  # addresses

    def __len__(self) -> int:
        return len(self._changes)

    def add(self, change: Change) -> None:
        """Add a creation."""
        self._changes.append(change)
        self._count += len(self.addresses(change))

    def addresses(self, change: Change) -> tuple[str, ...]:
        """Return the addresses that are looked up for a creation.

        :param change: the creation.
        """
        return addresses_given(change.record, self._rules, met=change.met)

    def take(self, size: int, *, more_to_come: bool) -> tuple[Change, ...]:
        """Take creations for one look-up.

        :param size: addresses that it has room for; one creation is always taken.
        :param more_to_come: whether more creations may be added soon.
        :return: the creations; none if there are none, or if it is better to wait for a fuller look-up.
        """
        if self._count < size and more_to_come:
            return ()
        chunk: list[Change] = []
        room = size
        while self._changes:
            needed = len(self.addresses(self._changes[0]))
            if needed > room and chunk:
                break
            room -= needed
            self._count -= needed
            chunk.append(self._changes.popleft())
        return tuple(chunk)

    def drain(self) -> list[Record]:
        """Remove all creations, and return their records."""
        records = [change.record for change in self._changes]
        self._changes.clear()
        self._count = 0
        return records
