# SPDX-License-Identifier: Apache-2.0
"""Distinguishes a list that HubSpot refuses from contacts that it refuses."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace

from airflow_provider_hubcontact.sync.flow.calls import Target
from airflow_provider_hubcontact.sync.model.ports import Refused

ENOUGH = 10
"""Contacts that are refused alike, one by one, before the refusal counts as the list's own."""


class RefusedLists:
    """Counts, for each list, the contacts that were refused alike since HubSpot accepted a call about it.

    A refused call is halved until only the contacts are refused that HubSpot objects to. If it objects to the
    list, this takes two calls a contact. So some equal refusals in a row count as the list's own.
    """

    def __init__(self) -> None:
        self._alike: dict[Target, tuple[object, int]] = {}  # list → a refusal, and how often it came
        self._refused: dict[Target, Refused] = {}

    def refused(self, target: Target, answer: Refused) -> None:
        """Note that a call about a single contact was refused."""
        refusal = answer.refusal
        words = re.sub(r"\d+", "", refusal.message)  # the ids of contacts make no difference
        said = (refusal.status, refusal.category, refusal.subcategory, words)
        before, times = self._alike.get(target, (said, 0))
        times = times + 1 if before == said else 1
        self._alike[target] = said, times
        if times >= ENOUGH:
            message = f"HubSpot refused {ENOUGH} contacts of the list alike, so it was not asked again: "
            self._refused[target] = replace(
                answer, refusal=replace(refusal, message=message + refusal.message, ids=())
            )

    def accepted(self, target: Target) -> None:
        """Note that HubSpot accepted a call: earlier refusals were about contacts."""
        self._alike.pop(target, None)
        self._refused.pop(target, None)

    def all(self) -> Collection[Target]:
        """Return the lists that are not asked any more."""
        return tuple(self._refused)

    def of(self, target: Target) -> Refused | None:
        """Return the refusal of a list; None if it can be asked."""
        return self._refused.get(target)
