# SPDX-License-Identifier: Apache-2.0
"""Maps the answer to a sent batch to results, to next steps, and to smaller batches to send again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from airflow_provider_hubcontact.refusal import Detail, Refusal
from airflow_provider_hubcontact.sync.decide.results import accepted, lost, refused, unproved, written_as
from airflow_provider_hubcontact.sync.decide.said import Said, shows
from airflow_provider_hubcontact.sync.model.change import BY_RECORD_ID, Write
from airflow_provider_hubcontact.sync.model.outcome import (
    ABOUT_A_RECORD,
    MAY_PASS,
    WRITES,
    Outcome,
    Result,
    refused_as,
)
from airflow_provider_hubcontact.sync.model.ports import Answers, Lost, Refused, Step, Written
from airflow_provider_hubcontact.sync.rows.comparison import Kind
from airflow_provider_hubcontact.sync.rows.keys import EMAIL

T = TypeVar("T")

_WHATEVER_THE_VALUE = frozenset({"PROPERTY_DOESNT_EXIST", "READ_ONLY_VALUE"})
"""Codes of what is wrong with a property, and so with every record that has it."""


class Retry(NamedTuple):
    """A batch to send again.

    :param steps: of a refused batch.
    :param others: its other steps, to be sent after these; if these are innocent, one of the others is
        guilty, so that they need not be sent together.
    """

    steps: tuple[Step, ...]
    others: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Settled:
    """What follows from the answer to a batch. Each of its steps is in exactly one of the first six fields.

    :param results: records that ended.
    :param onward: second steps of records whose first step is proved.
    :param again: batches to send once more, smaller than the one they come from.
    :param met: creations that met a contact which exists, and direct steps that were refused: the contact is
        to be looked up.
    :param unclear: direct steps that the answer does not prove; likewise, but they may have been written.
    :param shown: row of an unclear step → record id → the result of its record if the look-up finds this
        contact, and nothing to write: the answer shows that the contact was written with the step's values.
    :param blocked: updates that change the address to one that another contact has, with its refusal.
    :param contacts: row → record id of the contact that was written for it, if no look-up has told it.
    """

    results: tuple[Result, ...] = ()
    onward: tuple[Step, ...] = ()
    again: tuple[Retry, ...] = ()
    met: tuple[Step, ...] = ()
    unclear: tuple[Step, ...] = ()
    blocked: tuple[tuple[Step, Refusal], ...] = ()
    contacts: Mapping[int, str] = field(default_factory=dict)
    shown: Mapping[int, Mapping[str, Result]] = field(default_factory=dict)


def settle(
    sent: Sequence[Step],
    answer: Answers | Refused | Lost,
    kinds: Mapping[str, Kind] = MappingProxyType({}),
) -> Settled:
    """Decide for every step of a sent batch: a result, the next step, or another try.

    A step that a successful answer does not mention is ``unknown``: silence is not success. Of a direct step,
    whose contact was not looked up, an answer decides that it was written, or that HubSpot is in trouble.
    Otherwise a look-up follows, so that its record ends as all others do.

    :param sent: what was sent, at least one step.
    :param answer: what came back.
    :param kinds: property → what its values are, as far as it is known.
    :return: each step, in exactly one place.

    HubSpot docs: "Error handling", "Multi-status errors".
    """
    if isinstance(answer, Answers):
        return _answered(sent, answer, kinds)
    if isinstance(answer, Lost):
        return Settled(tuple(lost(step, answer) for step in sent))
    return _refused_whole(sent, answer.refusal)


def conclude(sent: Sequence[Step], refusal: Refusal) -> Settled:
    """Take a refusal as final for each step.

    :param sent: the steps.
    :param refusal: of all of them.
    :return: results, and what has to be written to put back what was cleared.
    """
    ends = _Ends()
    for step in sent:
        ends.add(step, refused(step, refusal))
    return ends.settled()


def halves(batch: Sequence[T]) -> tuple[tuple[T, ...], tuple[T, ...]]:
    """Split a batch of at least two in two, the smaller part first."""
    middle = len(batch) // 2
    return tuple(batch[:middle]), tuple(batch[middle:])


def divide(guilty: Sequence[Step]) -> Retry:
    """Return what to send of steps of which one is refused; finding it takes 2·log2(n) calls at most."""
    return Retry(*halves(guilty)) if len(guilty) > 1 else Retry(tuple(guilty))


@dataclass(slots=True)
class _Ends:
    """Sorts the steps of a batch as they are decided."""

    results: list[Result] = field(default_factory=list)
    onward: list[Step] = field(default_factory=list)
    met: list[Step] = field(default_factory=list)
    unclear: list[Step] = field(default_factory=list)
    blocked: list[tuple[Step, Refusal]] = field(default_factory=list)
    contacts: dict[int, str] = field(default_factory=dict)
    shown: dict[int, Mapping[str, Result]] = field(default_factory=dict)

    def add(self, step: Step, end: Result | Step) -> None:
        """Add what follows from a step: its record's result, or the step that comes before it."""
        if isinstance(end, Step):
            self.onward.append(end)
        elif step.change.is_direct and end.outcome in ABOUT_A_RECORD:
            self.met.append(step)
        elif step.change.is_direct and end.outcome is Outcome.UNKNOWN:
            self.unclear.append(step)
        else:
            self.results.append(end)

    def accept(self, step: Step, written: Written, answer: Answers, kinds: Mapping[str, Kind]) -> None:
        """Add what follows from a step that HubSpot says it wrote."""
        end = accepted(step, written, answer, kinds)
        if step.change.is_direct and isinstance(end, Result) and end.outcome is Outcome.UNKNOWN:
            self.leave_open(step, (written,) if shows(written, step, kinds) else (), answer)
            return
        was_known = step.change.write in BY_RECORD_ID and not step.change.is_direct
        if not was_known and (isinstance(end, Step) or end.outcome in WRITES):
            self.contacts[step.change.record.row] = written.id
        self.add(step, end)

    def leave_open(self, step: Step, results: Iterable[Written], answer: Answers) -> None:
        """Add a direct step that the answer does not prove.

        :param results: of contacts that were written with all its values.
        :param answer: that has them.
        """
        self.unclear.append(step)
        self.shown[step.change.record.row] = {each.id: written_as(step, each, answer) for each in results}

    def refuse(self, step: Step, refusal: Refusal) -> None:
        """Add a step that was refused, perhaps because another contact is in the way."""
        if refusal.is_conflict and _may_meet(step):
            self.met.append(step)
        elif _is_blocked(step, refusal):
            self.blocked.append((step, refusal))
        else:
            self.add(step, refused(step, refusal))

    def settled(self, *again: Retry) -> Settled:
        """Return what follows for the batch.

        :param again: batches to send once more.
        """
        return Settled(
            tuple(self.results),
            tuple(self.onward),
            again,
            tuple(self.met),
            tuple(self.unclear),
            tuple(self.blocked),
            self.contacts,
            self.shown,
        )


# The whole call was refused


def _refused_whole(sent: Sequence[Step], refusal: Refusal) -> Settled:
    met = tuple(step for step in sent if _is_left_to_a_look_up(step, refusal))
    if met:
        rest = tuple(step for step in sent if not _is_left_to_a_look_up(step, refusal))
        return Settled(met=met, again=(Retry(rest),) if rest else ())
    if refused_as(refusal.status) in ABOUT_A_RECORD and len(sent) > 1:
        return _without_the_guilty(sent, refusal)
    if _is_blocked(sent[0], refusal):
        return Settled(blocked=((sent[0], refusal),))
    return conclude(sent, refusal)


def _is_blocked(step: Step, refusal: Refusal) -> bool:
    """Check whether another contact has the address that a step gives to its own."""
    change = step.change
    is_plain = change.write is Write.UPDATE and change.ending is None and not change.is_direct
    moves = is_plain and step.properties.get(EMAIL)
    is_about_it = not refusal.properties or EMAIL in refusal.properties
    return bool(moves) and is_about_it and refusal.existing_id is not None


def _is_left_to_a_look_up(step: Step, refusal: Refusal) -> bool:
    """Check whether a look-up decides what becomes of a step whose whole call was refused."""
    if step.change.is_direct:
        return refusal.is_conflict or refused_as(refusal.status) in ABOUT_A_RECORD
    return refusal.is_conflict and _may_meet(step)


def _may_meet(step: Step) -> bool:
    """Check whether a conflict may mean that somebody else has created the contact since it was looked up."""
    return step.change.write is Write.CREATE and not step.change.met


def _without_the_guilty(sent: Sequence[Step], refusal: Refusal) -> Settled:
    """Take the steps that a refusal is about out of the batch; halve the batch if it does not name any."""
    clear = [detail for detail in refusal.details if _is_clear(detail, sent)]
    ends = _Ends()
    rest: list[Step] = []
    for step in sent:
        if details := tuple(detail for detail in clear if _meant(detail, step)):
            ends.add(step, refused(step, _of(refusal, details)))
        else:
            rest.append(step)
    if len(rest) == len(sent):
        return Settled(again=(divide(sent),))
    return ends.settled(Retry(tuple(rest))) if rest else ends.settled()


def _of(refusal: Refusal, details: tuple[Detail, ...]) -> Refusal:
    """Return the part of a refusal that these details are."""
    return replace(
        refusal,
        message="; ".join(dict.fromkeys(detail.message for detail in details)),
        properties=tuple(dict.fromkeys(name for detail in details for name in detail.properties)),
        details=details,
    )


def _is_clear(detail: Detail, sent: Sequence[Step]) -> bool:
    """Check whether what is wrong is wrong with one value only, whichever records have it.

    "1 is one was not …" begins as a sentence about "1" does, too.
    """
    if detail.code in _WHATEVER_THE_VALUE:
        return True
    return len({value for step in sent for value in _meant(detail, step)}) == 1


def _meant(detail: Detail, step: Step) -> tuple[tuple[str, str], ...]:
    """Return the properties of a step, with their values, that HubSpot may mean: it names and quotes them.

    HubSpot docs: "Error handling"; the sentences as recorded.
    """
    values = [(name, step.properties[name]) for name in detail.properties if step.properties.get(name)]
    if detail.code in _WHATEVER_THE_VALUE:
        return tuple(values)
    return tuple((name, value) for name, value in values if _is_quoted(value, detail.message))


def _is_quoted(value: str, sentence: str) -> bool:
    """Check whether a sentence may quote a value, as it is or without the blanks around it."""
    return any(
        sentence.startswith((f"{text} was not ", f"{text} is "))
        or sentence == f"Email address {text} is invalid"
        for text in (value, value.strip())
    )


# HubSpot answered for each input


def _answered(sent: Sequence[Step], answer: Answers, kinds: Mapping[str, Kind]) -> Settled:
    said, ends = Said(sent, answer, kinds), _Ends()
    silent: list[Step] = []
    for step in sent:
        refusal, written = said.refusal(step), said.written(step)
        if refusal and (written or said.candidates(step)):
            ends.add(step, unproved(step, answer, _torn(refusal)))
        elif refusal:
            ends.refuse(step, refusal)
        elif written:
            ends.accept(step, written, answer, kinds)
        elif step.change.is_direct:
            ends.leave_open(step, said.candidates(step), answer)
        else:
            silent.append(step)
    if not silent:
        return ends.settled()
    return _about_silence(silent, answer, ends)


def _torn(refusal: Refusal) -> str:
    """Return the reason of a step that is among an answer's results and among its errors."""
    return (
        f"HubSpot's answer says both that the contact was written and that it was refused: {refusal.message}"
    )


def _about_silence(silent: Sequence[Step], answer: Answers, ends: _Ends) -> Settled:
    """Decide about steps that the answer does not mention; some of its errors may name no input.

    :param silent: at least one step.
    :param answer: the answer.
    :param ends: of the other steps.
    """
    anonymous = [each for each in answer.refusals if not each.trace_ids and not each.ids]
    if refusal := _of_all(silent, anonymous):
        for step in silent:
            ends.add(step, refused(step, refusal))
        return ends.settled()
    if anonymous and all(step.change.write in BY_RECORD_ID for step in silent):
        return ends.settled(divide(silent))
    reason = "HubSpot accepted the call, but its answer does not mention this record"
    if anonymous:
        reason += f"; it says: {anonymous[0].message}"
    for step in silent:
        ends.add(step, unproved(step, answer, reason))
    return ends.settled()


def _of_all(silent: Sequence[Step], anonymous: Sequence[Refusal]) -> Refusal | None:
    """Return the error that holds for all steps that an answer does not mention.

    :param silent: the steps.
    :param anonymous: errors that name no input.
    """
    # An error that passes refused none of them, whichever it is about.
    passing = next((each for each in anonymous if refused_as(each.status) in MAY_PASS), None)
    return passing or (anonymous[0] if anonymous and len(silent) == 1 else None)
