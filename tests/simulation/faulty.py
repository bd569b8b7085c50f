# SPDX-License-Identifier: Apache-2.0
"""Faults that the product once had, or nearly: what is re-introduced to see that they are found.

Each is a text of the product that occurs once, whichever module it is in, and what takes its place.
"""

from __future__ import annotations

from typing import NamedTuple


class Fault(NamedTuple):
    """A fault.

    :param name: what the product does then.
    :param right: text of the product.
    :param wrong: what takes its place.
    """

    name: str
    right: str
    wrong: str


FAULTS = (
    Fault(
        "a ledger that knows rows by their key alone",
        "[record.key, record.timestamp, *sorted(record.properties.items())]",
        "record.key",
    ),
    Fault(
        "guards that let a run write rows that were not counted",
        "return earlier or self._unread.get(record.row)",
        "return earlier",
    ),
    Fault(
        "a contradicting answer that counts as success",
        "if contradiction := _other_contact(step, written) or _contradiction(step, written, kinds):",
        "if contradiction := _other_contact(step, written):",
    ),
    Fault(
        "an answer with results and errors of one input that counts as a refusal",
        "if refusal and (written or said.candidates(step)):",
        "if refusal and (written or said.candidates(step)) and False:",
    ),
    Fault(
        "a lost answer of a first step that counts as not sent",
        "outcome = Outcome.UNKNOWN if answer.sent or step.position else Outcome.UNAVAILABLE",
        "outcome = Outcome.UPDATED if answer.sent else Outcome.UNAVAILABLE",
    ),
    Fault(
        "a cleared stage that is not put back after a refusal",
        "if not old or change.ending is not None or result.outcome not in ABOUT_A_RECORD:",
        "if True or not old or change.ending is not None or result.outcome not in ABOUT_A_RECORD:",
    ),
    Fault(
        "a checkpoint that counts rows that need a retry",
        "if self._policy.action(*ended) in {Action.RETRY, Action.FAIL_NOW}:\n                self._open",
        "if self._policy.action(*ended) in {Action.FAIL_NOW}:\n                self._open",
    ),
    Fault(
        "a retry that forgets that a key may have one row only",
        'if done and self._settings.writes.duplicates == "reject":',
        'if done and self._settings.writes.duplicates == "never":',
    ),
    Fault(
        "a new address of which the other row does not wait",
        "keys, given = keys_of(record, self._rules),",
        "keys, given = (record.key,),",
    ),
    Fault(
        "a record that is not looked up again after another row wrote its contact",
        "if contact in outdated:",
        "if False and contact in outdated:",
    ),
    Fault(
        "rows that are merged although one of them would be refused",
        "left = [part for part in live if not part.properties.keys() <= new.keys()]",
        "left = []",
    ),
    Fault(
        "a plan that is applied to a contact that has changed since",
        "if record.before is None or _is_carried_out(record, stored, rules):",
        "if True or record.before is None or _is_carried_out(record, stored, rules):",
    ),
    Fault(
        "silence that counts as success",
        "silent.append(step)\n    if not silent:",
        "ends.add(step, accepted(step, Written(step.change.address), answer, kinds))\n    if not silent:",
    ),
    Fault(
        "a window of calls that ends too early",
        "at = max(at, self._times[-window.calls] + window.seconds)",
        "at = max(at, self._times[-window.calls] + window.seconds / 2)",
    ),
    Fault(
        "a worker that forgets its calls when the store is lost",
        "own = self._alone.take_after(slot.wait, window)",
        "own = slot",
    ),
)
