# SPDX-License-Identifier: Apache-2.0
"""The station at which contacts are put into their lists, or taken out."""

from __future__ import annotations

from functools import partial

from airflow_provider_hubcontact.sync.flow.calls import Answer, ListCall
from airflow_provider_hubcontact.sync.flow.stations.ends import Ends
from airflow_provider_hubcontact.sync.flow.stations.parts import Parts
from airflow_provider_hubcontact.sync.model.ports import Answers, Found


class ListCalls:
    """Makes the calls about lists, and tells the results that waited for them.

    :param parts: of the run.
    :param ends: tells the results.
    """

    def __init__(self, parts: Parts, ends: Ends) -> None:
        self._source = parts.source
        self._gate = parts.gate
        self._memberships = parts.memberships
        self._under_way = parts.under_way
        self._breaker = parts.breaker
        self._ends = ends

    def start(self, *, may_come: bool) -> None:
        """Start as many calls as may run, unless it is better to wait for fuller ones.

        :param may_come: whether rows could be read just now, so that more of them can fill a call.
        """
        waiting = self._memberships
        is_last = not self._under_way and (self._source.exhausted or not may_come)
        while waiting and self._under_way.has_room and not self._breaker.stop:
            for result in waiting.checked(is_last=is_last):
                self._ends.tell(result)
            call = None if waiting.failed else waiting.next(is_last=is_last)
            if call is None or not self._may_move(call):
                return
            self._under_way.start(call, partial(waiting.send, call))

    def _may_move(self, call: ListCall) -> bool:
        """Check whether the run may still write; a call that may not be sent is taken back."""
        if call.reads or not self._gate or self._gate.may_write():
            return True
        self._memberships.put_back(call)
        return False

    def answered(self, call: ListCall, answer: Answer) -> None:
        """Report the results of the records that a call has decided.

        :param call: the call.
        :param answer: to it.
        """
        if isinstance(answer, Found | Answers):
            raise TypeError("a call about a list was answered with contacts")
        for result in self._memberships.answered(call, answer):
            self._ends.tell(result)
