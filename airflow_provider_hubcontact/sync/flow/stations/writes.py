# SPDX-License-Identifier: Apache-2.0
"""The station at which contacts are written."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from airflow_provider_hubcontact.sync.decide.settle import Settled
from airflow_provider_hubcontact.sync.flow.calls import Answer, WriteCall
from airflow_provider_hubcontact.sync.flow.stations.ends import Ends
from airflow_provider_hubcontact.sync.flow.stations.look_ups import LookUps
from airflow_provider_hubcontact.sync.flow.stations.parts import Parts
from airflow_provider_hubcontact.sync.model.change import Write
from airflow_provider_hubcontact.sync.model.ports import Answers, Lost, Refused


class Writes:
    """Writes the steps of changes, and decides what follows from the answers.

    :param parts: of the run.
    :param look_ups: decides about the records of which a write did not.
    :param ends: ends the records that were written, or refused.
    """

    def __init__(self, parts: Parts, look_ups: LookUps, ends: Ends) -> None:
        self._writer = parts.writer
        self._source = parts.source
        self._gate = parts.gate
        self._write_queue = parts.write_queue
        self._pending_verification = parts.pending_verification if parts.verifier else None
        self._memberships = parts.memberships
        self._under_way = parts.under_way
        self._decisions = parts.decisions
        self._direct = parts.direct
        self._breaker = parts.breaker
        self._look_ups = look_ups
        self._ends = ends

    def start(self) -> None:
        """Start as many writes as may run, unless it is better to wait for fuller ones."""
        writer = self._writer
        while writer and self._under_way.has_room:
            more_to_come = self._look_ups.is_any_due or bool(self._under_way and not self._source.exhausted)
            call = self._write_queue.take(writer.batch_size, more_to_come=more_to_come)
            if call is None:
                return
            if self._gate and not self._gate.may_write():
                self._write_queue.put_back(call)
                return
            self._under_way.start(call, partial(writer.write, call.kind, call.steps))

    def answered(self, call: WriteCall, answer: Answer) -> None:
        """Let the records of a write end, or go on.

        :param call: the write.
        :param answer: to it.
        """
        if not isinstance(answer, Answers | Refused | Lost):
            raise TypeError(f"a write was answered with {type(answer).__name__}")
        if not isinstance(answer, Lost) and answer.after_loss:
            self._ends.doubt(call.steps)
        came_to = self._decisions.settled(call.steps, answer)
        self._note_contacts(call, came_to)
        self._ends.doubt(came_to.unclear, came_to.shown)
        if self._pending_verification is not None:
            came_to = replace(came_to, results=self._pending_verification.hold(call.steps, came_to.results))
        for step, refusal in came_to.blocked:
            self._conclude(self._write_queue.block(step, refusal, final=self._breaker.stop is not None))
        self._conclude(came_to)
        self._write_queue.repeat(call, answer, came_to.again)
        upserts = () if self._direct.may_upsert else self._write_queue.withdrawn(Write.UPSERT)
        for step in (*came_to.met, *came_to.unclear, *upserts):
            self._look_ups.look_up(step.change.record)

    def _note_contacts(self, call: WriteCall, came_to: Settled) -> None:
        """Note the record ids of contacts that were not known before they were written."""
        ids = came_to.contacts
        records = [step.change.record for step in call.steps if step.change.record.row in ids]
        if self._gate and ids:
            self._gate.identified([(each, ids[each.row]) for each in records])
        for each in records:
            self._memberships.met(each.key, ids[each.row])
        self._under_way.outdate(ids[each.row] for each in records)

    def _conclude(self, came_to: Settled) -> None:
        self._ends.end_all(came_to.results)
        for step in came_to.onward:
            self._write_queue.add_next(step)
