# SPDX-License-Identifier: Apache-2.0
"""The station at which is read back what was written."""

from __future__ import annotations

from functools import partial

from airflow_provider_hubcontact.sync.decide.verification import key_after
from airflow_provider_hubcontact.sync.flow.calls import Answer, VerifyCall
from airflow_provider_hubcontact.sync.flow.stations.ends import Ends
from airflow_provider_hubcontact.sync.flow.stations.parts import Parts
from airflow_provider_hubcontact.sync.model.ports import Found, Lost, Refused


class Checks:
    """Reads back what was written, and ends its records.

    :param parts: of the run.
    :param ends: ends the records.
    """

    def __init__(self, parts: Parts, ends: Ends) -> None:
        self._rules = parts.rules
        self._verifier = parts.verifier
        self._written = parts.pending_verification
        self._under_way = parts.under_way
        self._decisions = parts.decisions
        self._ends = ends

    def start(self) -> None:
        """Start as many look-ups as may run, unless it is better to wait for fuller ones."""
        verifier = self._verifier
        while verifier and self._written and self._under_way.has_room:
            size = verifier.batch_size
            if len(self._written) < size and self._under_way:
                return  # a fuller call will be possible
            call = self._written.take(size)
            keys = tuple(key_after(change, self._rules) for change, _ in call.written)
            names = {name for change, _ in call.written for name in change.outcome}
            self._under_way.start(call, partial(verifier.read, keys, names))

    def answered(self, call: VerifyCall, answer: Answer) -> None:
        """End the records that were read back.

        :param call: the look-up.
        :param answer: to it.
        """
        if not isinstance(answer, Found | Refused | Lost):
            raise TypeError(f"a look-up was answered with {type(answer).__name__}")
        self._ends.end_all(
            self._decisions.verified(change, result, answer) for change, result in call.written
        )

    def abandon(self, reason: str) -> None:
        """End the records that wait to be read back when the run stops.

        :param reason: why it stops.
        """
        if self._written:
            unread = Lost(f"the run stopped: {reason}", sent=False)
            self.answered(self._written.take(len(self._written)), unread)
