"""Writes that wait to be sent, and changes of address that wait for each other."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import replace

from airflow_provider_hubcontact.refusal import Refusal
from airflow_provider_hubcontact.sync.decide.settle import Retry, Settled, conclude, divide
from airflow_provider_hubcontact.sync.flow.calls import Answer, WriteCall
from airflow_provider_hubcontact.sync.flow.key_swaps import KeySwaps
from airflow_provider_hubcontact.sync.model.change import Write
from airflow_provider_hubcontact.sync.model.ports import Answers, Step
from airflow_provider_hubcontact.sync.rows.keys import EMAIL

MAX_SWAPS = 500
"""Changes of address that may wait for another contact at once."""


class WriteQueue:
    """Keeps steps until they are sent, each kind in its order."""

    def __init__(self) -> None:
        self._steps: dict[Write, deque[Step]] = {kind: deque() for kind in Write}
        self._to_resend: deque[WriteCall] = deque()
        self._key_swaps = KeySwaps()
        self._has_waited: set[int] = set()  # rows that have waited for an address

    @property
    def waits(self) -> bool:
        """Whether changes of address wait for another contact."""
        return bool(self._key_swaps)

    def add(self, step: Step) -> None:
        """Let a step be sent with others."""
        self._steps[step.change.write].append(step)

    def add_next(self, step: Step) -> None:
        """Let the step be sent that follows a proved one."""
        if self._key_swaps.gave_up(step):
            self._send_again(self._key_swaps.freed(step.change.address))
        else:
            self.add(step)

    def take(self, size: int, *, more_to_come: bool) -> WriteCall | None:
        """Give the next call.

        :param size: steps that it may have.
        :param more_to_come: whether a fuller call will be possible.
        """
        if self._to_resend:
            return self._to_resend.popleft()
        for kind, steps in self._steps.items():
            if len(steps) >= size or (steps and not more_to_come):
                return WriteCall(kind, tuple(steps.popleft() for _ in range(min(size, len(steps)))))
        return None

    def repeat(self, call: WriteCall, answer: Answer, retries: Iterable[Retry]) -> None:
        """Send parts of a refused call once more, and those that waited for its answer."""
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
        """Let a change of address wait once for the contact that has it.

        :param final: it is not to wait.
        :return: what it comes to if it does not wait.
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
        """Send the changes of address that have waited longest: nobody else will free an address."""
        self._send_again(self._key_swaps.longest())

    def ended(self, row: int, claims: Iterable[str]) -> None:
        """Note that a record has its outcome.

        :param claims: what it had claimed.
        """
        self._has_waited.discard(row)
        if not self._key_swaps:
            return
        for contact in [claim.removeprefix("contact ") for claim in claims if claim.startswith("contact ")]:
            self._key_swaps.ended(contact)
            self._send_again(self._key_swaps.freed(contact))

    def drain(self) -> tuple[list[Step], list[Step]]:
        """Give up all steps.

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
        """Send changes of address that have waited once more; what they waited for may be done."""
        for step in waited:
            self._has_waited.add(step.change.record.row)
            self.add(step)
