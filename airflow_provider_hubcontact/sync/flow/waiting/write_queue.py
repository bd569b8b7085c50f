# SPDX-License-Identifier: Apache-2.0
"""The writes that wait to be sent."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import replace

from airflow_provider_hubcontact.refusal import Refusal
from airflow_provider_hubcontact.sync.decide.settle import Retry, Settled, conclude, divide
from airflow_provider_hubcontact.sync.flow.calls import Answer, WriteCall
from airflow_provider_hubcontact.sync.flow.waiting.key_swaps import KeySwaps
from airflow_provider_hubcontact.sync.model.change import Write
from airflow_provider_hubcontact.sync.model.ports import Answers, Step
from airflow_provider_hubcontact.sync.rows.keys import EMAIL

MAX_SWAPS = 500
"""Changes of address that may wait for other contacts at once."""


class WriteQueue:
    """Keeps steps until they are sent; those of one kind are sent in their order."""

    def __init__(self) -> None:
        self._steps: dict[Write, deque[Step]] = {kind: deque() for kind in Write}
        self._to_resend: deque[WriteCall] = deque()
        self._key_swaps = KeySwaps()
        self._has_waited: set[int] = set()  # rows that have waited for an address

    @property
    def waits(self) -> bool:
        """Whether any change of address waits for another contact."""
        return bool(self._key_swaps)

    def add(self, step: Step) -> None:
        """Add a step, to be sent in a batch with others."""
        self._steps[step.change.write].append(step)

    def add_next(self, step: Step) -> None:
        """Add the step that follows one that was written."""
        if self._key_swaps.gave_up(step):
            self._send_again(self._key_swaps.freed(step.change.address))
        else:
            self.add(step)

    def take(self, size: int, *, more_to_come: bool) -> WriteCall | None:
        """Return the next call; None if there is none, or if it is better to wait for a fuller one.

        :param size: steps that a call may have.
        :param more_to_come: whether more steps may be added soon.
        """
        if self._to_resend:
            return self._to_resend.popleft()
        for kind, steps in self._steps.items():
            if len(steps) >= size or (steps and not more_to_come):
                return WriteCall(kind, tuple(steps.popleft() for _ in range(min(size, len(steps)))))
        return None

    def repeat(self, call: WriteCall, answer: Answer, retries: Iterable[Retry]) -> None:
        """Send a call again in parts, and the steps that waited for its answer.

        :param call: the call.
        :param answer: its answer.
        :param retries: the parts that are sent again.
        """
        again = list(retries)
        if call.others:
            innocent = isinstance(answer, Answers) and not answer.refusals and not again
            again.append(divide(call.others) if innocent else Retry(call.others))
        self._to_resend.extend(
            WriteCall(call.kind, each.steps, repeated=True, others=each.others) for each in again
        )

    def put_back(self, call: WriteCall) -> None:
        """Take back a call that was not sent."""
        if call.repeated:
            self._to_resend.append(call)
        else:
            self._steps[call.kind].extend(call.steps)

    def block(self, step: Step, refusal: Refusal, *, final: bool) -> Settled:
        """Let a change of address wait for the contact that has the address; it does so only once.

        :param step: the step, which sets the address.
        :param refusal: HubSpot's answer, which names that contact.
        :param final: whether the step must not wait, since the run stops.
        :return: the final result; empty if the step waits.
        """
        holder = str(refusal.existing_id)
        if final or step.change.record.row in self._has_waited:
            address = step.properties[EMAIL]
            reason = f"the new {EMAIL} {address} belongs to another contact ({holder})"
            return conclude((step,), replace(refusal, category="KEY_TAKEN", message=reason))
        clearing = self._key_swaps.block(step, holder)
        if clearing:
            self.add(clearing)
        self._send_again(self._key_swaps.longest(MAX_SWAPS))
        return Settled()

    def unblock(self) -> None:
        """Send the changes of address that have waited longest: no record will free an address any more."""
        self._send_again(self._key_swaps.longest())

    def ended(self, row: int, contact: str | None) -> None:
        """Note that a record has its outcome, and send what waited for its contact.

        :param row: the record's row.
        :param contact: record id of the contact that it had claimed.
        """
        self._has_waited.discard(row)
        if contact is not None and self.waits:
            self._key_swaps.ended(contact)
            self._send_again(self._key_swaps.freed(contact))

    def withdrawn(self, kind: Write) -> list[Step]:
        """Remove the steps of a kind that were not sent yet.

        :param kind: of the steps.
        """
        steps = [*self._steps[kind]]
        self._steps[kind].clear()
        return steps

    def drain(self) -> tuple[list[Step], list[Step]]:
        """Remove all steps.

        :return: those that were sent before, in a batch that got no clear answer; and the others.
        """
        refused = [step for call in self._to_resend for step in (*call.steps, *call.others)]
        steps = [step for queue in self._steps.values() for step in queue]
        steps.extend(self._key_swaps.drain())
        self._to_resend.clear()
        for queue in self._steps.values():
            queue.clear()
        return refused, steps

    def _send_again(self, waited: Iterable[Step]) -> None:
        """Add changes of address that have waited, and note that they are not to wait again."""
        for step in waited:
            self._has_waited.add(step.change.record.row)
            self.add(step)
