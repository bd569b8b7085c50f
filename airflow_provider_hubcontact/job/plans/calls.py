# SPDX-License-Identifier: Apache-2.0
"""How many calls it takes to apply a plan."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection

from airflow_provider_hubcontact.job.plans.lines import Line
from airflow_provider_hubcontact.sync.decide.lifecycle import STAGE
from airflow_provider_hubcontact.sync.decide.plan import steps_of
from airflow_provider_hubcontact.sync.decide.rules import Rules, addresses_given, keys_of
from airflow_provider_hubcontact.sync.model.change import REMOVALS, Write
from airflow_provider_hubcontact.sync.model.record import Record


class PlannedCalls:
    """Counts the calls about contacts that applying a plan takes.

    That is if HubSpot refuses nothing, if each contact is as the plan saw it, and if each call takes as many
    contacts as it can.

    :param rules: with which the plan is applied.
    :param batch_size: contacts that a call takes.
    :param read_back: the only properties whose writes are read back; None for all.
    :ivar id_property: property that keys are values of.
    """

    def __init__(self, rules: Rules, batch_size: int, read_back: Collection[str] | None) -> None:
        self.id_property = rules.id_property
        self._rules = rules
        self._batch_size = batch_size
        self._read_back = None if read_back is None else frozenset(read_back)
        self._inputs: Counter[tuple[str, int]] = Counter()  # of calls of one kind, which share their room

    def add(self, line: Line) -> None:
        """Count a line, if it is one that writes."""
        if "write" not in line:
            return
        write, changes = Write(line["write"]), line["changes"]
        values: dict[str, str] = {name: new for name, (_, new) in changes.items()}
        is_removal = write in REMOVALS
        keys = dict(values)
        if new_key := line["new_key"]:
            keys[self.id_property] = new_key
        record = Record(0, line["key"], keys)
        self._inputs["look up", is_removal] += len(keys_of(record, self._rules))
        if write is Write.CREATE:
            self._inputs["look up by address", 0] += len(addresses_given(record, self._rules))
        current, _ = changes.get(STAGE, (None, None))
        for number, _ in enumerate(steps_of(values, current, self._rules)):
            self._inputs[write, number] += 1
        if write is not Write.ARCHIVE and self._is_read_back(values):
            self._inputs["read back", is_removal] += 1

    def _is_read_back(self, values: Collection[str]) -> bool:
        return self._read_back is None or not self._read_back.isdisjoint(values)

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(math.ceil(count / self._batch_size) for count in self._inputs.values())
