"""A sent batch and its answer: results, next steps, or halves to send again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from airflow_provider_hubcontact.printable import printable
from airflow_provider_hubcontact.refusal import Detail, Refusal
from airflow_provider_hubcontact.sync.decide.lifecycle import STAGE
from airflow_provider_hubcontact.sync.model.change import Write
from airflow_provider_hubcontact.sync.model.outcome import (
    ABOUT_A_RECORD,
    MAY_PASS,
    Outcome,
    Result,
    refused_as,
)
from airflow_provider_hubcontact.sync.model.ports import Answers, Lost, Refused, Step, Written
from airflow_provider_hubcontact.sync.model.reasons import word
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.comparison import Kind, kept
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
    """What a batch came to. Each of its steps is in exactly one of the five.

    :param results: records that ended.
    :param onward: second steps of records whose first step is proved.
    :param again: batches to send once more, smaller than the one they come from.
    :param met: creations that met a contact which exists; it is to be looked up again.
    :param blocked: updates that change the address to one that another contact has, with its refusal.
    """

    results: tuple[Result, ...] = ()
    onward: tuple[Step, ...] = ()
    again: tuple[Retry, ...] = ()
    met: tuple[Step, ...] = ()
    blocked: tuple[tuple[Step, Refusal], ...] = ()


def settle(
    sent: Sequence[Step],
    answer: Answers | Refused | Lost,
    kinds: Mapping[str, Kind] = MappingProxyType({}),
) -> Settled:
    """Give every step of a sent batch its result, its successor, or another try.

    A step that a successful answer does not mention is ``unknown``: silence is not success.

    :param sent: what was sent, at least one step.
    :param answer: what came back.
    :param kinds: property → what its values are, as far as it is known.
    :return: each step, in exactly one place.

    HubSpot docs: "Error handling", "Multi-status errors".
    """
    if isinstance(answer, Answers):
        return _answered(sent, answer, kinds)
    if isinstance(answer, Lost):
        return Settled(tuple(_lost(step, answer) for step in sent))
    refusal = answer.refusal
    met = tuple(step for step in sent if refusal.status == 409 and _may_meet(step))
    if met:
        rest = tuple(step for step in sent if not _may_meet(step))
        return Settled(met=met, again=(Retry(rest),) if rest else ())
    if refused_as(refusal.status) in ABOUT_A_RECORD and len(sent) > 1:
        return _without_the_guilty(sent, refusal)
    if _is_blocked(sent[0], refusal):
        return Settled(blocked=((sent[0], refusal),))
    return conclude(sent, refusal)


def conclude(sent: Sequence[Step], refusal: Refusal) -> Settled:
    """Take a refusal as final for each step.

    :return: results, and what has to be written to put back what was cleared.
    """
    results: list[Result] = []
    onward: list[Step] = []
    for step in sent:
        _end_refused(step, refusal, results, onward)
    return Settled(tuple(results), tuple(onward))


def _is_blocked(step: Step, refusal: Refusal) -> bool:
    """Tell whether another contact has the address that a step gives to its own."""
    moves = step.change.write is Write.UPDATE and step.change.ending is None and step.properties.get(EMAIL)
    return refusal.status == 409 and bool(moves) and refusal.existing_id is not None


def _may_meet(step: Step) -> bool:
    """Tell whether a conflict may mean that somebody else has created the contact since it was looked up."""
    return step.change.write is Write.CREATE and not step.change.met


def _without_the_guilty(sent: Sequence[Step], refusal: Refusal) -> Settled:
    """Take out of a refused batch the steps that its refusal is about; halve it if it does not tell."""
    results: list[Result] = []
    onward: list[Step] = []
    rest: list[Step] = []
    clear = [detail for detail in refusal.details if _is_clear(detail, sent)]
    for step in sent:
        details = [detail for detail in clear if _meant(detail, step)]
        if not details:
            rest.append(step)
            continue
        properties = tuple(dict.fromkeys(name for detail in details for name in detail.properties))
        reason = "; ".join(dict.fromkeys(detail.message for detail in details))
        _end_refused(
            step,
            replace(refusal, message=reason, properties=properties, details=tuple(details)),
            results,
            onward,
        )
    if len(rest) == len(sent):
        return Settled(again=(divide(sent),))
    return Settled(tuple(results), tuple(onward), (Retry(tuple(rest)),) if rest else ())


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


def halves(batch: Sequence[T]) -> tuple[tuple[T, ...], tuple[T, ...]]:
    """Split a batch of at least two in two, the smaller part first."""
    middle = len(batch) // 2
    return tuple(batch[:middle]), tuple(batch[middle:])


def divide(guilty: Sequence[Step]) -> Retry:
    """Give what to send of steps of which one is refused; finding it takes 2·log2(n) calls at most."""
    return Retry(*halves(guilty)) if len(guilty) > 1 else Retry(tuple(guilty))


def unread(record: Record, answer: Refused | Lost) -> Result:
    """Give the result of a record whose contact could not be looked up: nothing was written for it."""
    if isinstance(answer, Lost):
        reason = f"not looked up: {answer.reason}"
        return Result(record.row, record.key, Outcome.UNAVAILABLE, reason=reason, why=answer.reason)
    refusal, outcome = answer.refusal, _decided(answer.refusal)
    if outcome in {Outcome.NOT_FOUND, Outcome.CONFLICT}:
        outcome = Outcome.UNKNOWN  # such a look-up says nothing about this contact
    result = Result.refused(record.row, record.key, outcome, refusal, "not looked up: ")
    return result._replace(why=_codes(refusal))


def _answered(sent: Sequence[Step], answer: Answers, kinds: Mapping[str, Kind]) -> Settled:
    by_trace = {name: each for each in reversed(answer.refusals) for name in each.trace_ids}
    # An error that names trace ids means these inputs; its ids are of contacts that it met.
    by_id = {name: each for each in reversed(answer.refusals) if not each.trace_ids for name in each.ids}
    ids = {written.id: written for written in answer.written}
    keys = {written.key: written for written in answer.written if written.key}
    results: list[Result] = []
    onward: list[Step] = []
    silent: list[Step] = []
    met: list[Step] = []
    blocked: list[tuple[Step, Refusal]] = []
    for step in sent:
        address = step.change.address
        refusal = by_trace.get(step.trace_id) or by_id.get(address)
        written = (keys if step.change.write is Write.CREATE else ids).get(address)
        if refusal and written:
            results.append(_ended(step, Outcome.UNKNOWN, answer, _torn(refusal)))
        elif refusal and refusal.status == 409 and _may_meet(step):
            met.append(step)
        elif refusal and _is_blocked(step, refusal):
            blocked.append((step, refusal))
        elif refusal:
            _end_refused(step, refusal, results, onward)
        elif written is None:
            silent.append(step)
        elif (contradiction := _contradiction(step, written, kinds)) is not None:
            results.append(_ended(step, Outcome.UNKNOWN, answer, contradiction))
        elif step.next:
            onward.append(step.next)
        else:
            results.append(_written(step, written, answer))
    again = _about_silence(silent, answer, results, onward)
    return Settled(tuple(results), tuple(onward), again, tuple(met), tuple(blocked))


def _about_silence(
    silent: Sequence[Step], answer: Answers, results: list[Result], onward: list[Step]
) -> tuple[Retry, ...]:
    """Deal with steps that the answer does not mention: results, or a batch to send again."""
    anonymous = [each for each in answer.refusals if not each.trace_ids and not each.ids]
    passing = next((each for each in anonymous if refused_as(each.status) in MAY_PASS), None)
    if passing:  # whoever it is about: none of them was refused
        for step in silent:
            _end_refused(step, passing, results, onward)
        return ()
    if anonymous and len(silent) == 1:
        _end_refused(silent[0], anonymous[0], results, onward)
        return ()
    if anonymous and silent and all(step.change.write is Write.UPDATE for step in silent):
        return (divide(silent),)
    reason = "HubSpot accepted the call, but its answer does not mention this record"
    if anonymous:
        reason += f"; it says: {anonymous[0].message}"
    results.extend(_ended(step, Outcome.UNKNOWN, answer, reason) for step in silent)
    return ()


def _torn(refusal: Refusal) -> str:
    """Say that an answer has an input among its results and among its errors."""
    return (
        f"HubSpot's answer says both that the contact was written and that it was refused: {refusal.message}"
    )


def _contradiction(step: Step, written: Written, kinds: Mapping[str, Kind]) -> str | None:
    """Catch a value that HubSpot keeps although it accepts the write, as it does with a stage."""
    shown, had = written.properties, _had(step)
    wrong = [
        name
        for name, wanted in step.properties.items()
        if name in shown
        and (
            (shown[name] or "") != wanted
            if name == STAGE
            else name in had and kept(kinds.get(name, Kind.UNKNOWN), wanted, had[name], shown[name])
        )
    ]
    values = ", ".join(
        f"{name} is {_quoted(shown[name] or '')}, not {_quoted(step.properties[name])}" for name in wrong
    )
    return f"HubSpot accepted the write, but {values}" if wrong else None


def _had(step: Step) -> Mapping[str, str | None]:
    """Return the values that a contact had before a step, as far as they were read or written."""
    before = dict(step.change.before)
    for earlier in step.change.steps[: step.position]:
        before.update(earlier)
    return before


def _quoted(value: str) -> str:
    return printable(repr(value), 200)


def _written(step: Step, written: Written, answer: Answers) -> Result:
    if step.change.ending:
        return step.change.ending
    outcome = Outcome.CREATED if written.created else Outcome.UPDATED
    status = answer.status
    if status == 207:
        status = 201 if written.created else 200
    record, changes = step.change.record, step.change.diff()
    return Result(
        record.row, record.key, outcome, status, correlation_id=answer.correlation_id, changes=changes
    )


def _end_refused(step: Step, refusal: Refusal, results: list[Result], onward: list[Step]) -> None:
    """End a refused step; if its stage or address was cleared for it, put the old one back first."""
    result, change, name = _refused(step, refusal), step.change, _cleared(step)
    old = change.before.get(name) if name else None
    if not old or change.ending is not None or result.outcome not in ABOUT_A_RECORD:
        results.append(result)
        return
    changes = {each: both for each, both in result.changes.items() if each != name}
    written = f"{', '.join(changes)} was written, but " if changes else ""
    ending = result._replace(reason=f"{written}{name} stays {old}: {refusal.message}", changes=changes)
    steps = (*change.steps[: step.position + 1], {str(name): old})
    onward.append(Step(change._replace(steps=steps, ending=ending), step.position + 1))


def _refused(step: Step, refusal: Refusal) -> Result:
    record = step.change.record
    result = Result.refused(record.row, record.key, _decided(refusal), refusal, halfway(step))
    return result._replace(changes=_written_before(step), why=_codes(refusal))


def _codes(refusal: Refusal) -> str:
    """Return HubSpot's codes of what is wrong; unlike its sentences, they quote no value."""
    return refusal.why or ", ".join(
        dict.fromkeys(filter(None, (word(detail.code) for detail in refusal.details)))
    )


def _decided(refusal: Refusal) -> Outcome:
    """Return the outcome of a record that was refused alone."""
    outcome = refused_as(refusal.status)
    return Outcome.UNKNOWN if outcome in ABOUT_A_RECORD and not refusal.is_hubspots else outcome


def _written_before(step: Step) -> dict[str, tuple[str | None, str]]:
    """Give what the earlier steps of a change have written; one that puts back comes after a refused one."""
    change = step.change
    done = step.position if change.ending is None else step.position - 1
    written = {name: value for each in change.steps[:done] for name, value in each.items()}
    return {name: (change.before.get(name), value) for name, value in written.items()}


def _lost(step: Step, lost: Lost) -> Result:
    record = step.change.record
    outcome = Outcome.UNKNOWN if lost.sent or step.position else Outcome.UNAVAILABLE
    return Result(record.row, record.key, outcome, reason=halfway(step) + lost.reason, why=lost.reason)


def _ended(step: Step, outcome: Outcome, answer: Answers, reason: str) -> Result:
    record = step.change.record
    return Result(
        record.row,
        record.key,
        outcome,
        answer.status,
        reason=halfway(step) + reason if reason else "",
        correlation_id=answer.correlation_id,
    )


def halfway(step: Step) -> str:
    """Say what was already written when a later step ends badly."""
    if not step.position:
        return ""
    if name := _cleared(step):
        return f"{name} was cleared but not set again: "
    return f"all but {', '.join(step.properties)} was written: "


def _cleared(step: Step) -> str | None:
    """Name the property that was cleared for a step, which sets it."""
    before = step.change.steps[: step.position]
    names = (name for name in (STAGE, EMAIL) if name in step.properties)
    return next((name for name in names if any(each.get(name) == "" for each in before)), None)
