# SPDX-License-Identifier: Apache-2.0
"""How one record or one of its steps ends, by what HubSpot said of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from airflow_provider_hubcontact.printable import printable
from airflow_provider_hubcontact.refusal import Refusal
from airflow_provider_hubcontact.sync.decide.lifecycle import STAGE
from airflow_provider_hubcontact.sync.decide.second_addresses import with_left
from airflow_provider_hubcontact.sync.model.change import Change, Write
from airflow_provider_hubcontact.sync.model.outcome import (
    ABOUT_A_RECORD,
    IN_DOUBT,
    NOT_WRITTEN,
    Outcome,
    Result,
    refused_as,
)
from airflow_provider_hubcontact.sync.model.ports import Answers, Lost, Refused, Step, Written
from airflow_provider_hubcontact.sync.model.reasons import word
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.comparison import Kind, differs, kept
from airflow_provider_hubcontact.sync.rows.keys import EMAIL


def unread(record: Record, answer: Refused | Lost) -> Result:
    """Return the result of a record whose contact could not be looked up: nothing was written for it.

    :param record: the record.
    :param answer: the answer to the look-up.
    """
    if isinstance(answer, Lost):
        reason = f"not looked up: {answer.reason}"
        return Result(record.row, record.key, Outcome.UNAVAILABLE, reason=reason, why=answer.reason)
    refusal, outcome = answer.refusal, outcome_of(answer.refusal)
    if outcome in {Outcome.NOT_FOUND, Outcome.CONFLICT}:
        outcome = Outcome.UNKNOWN  # such a look-up says nothing about this contact
    result = Result.refused(record.row, record.key, outcome, refusal, "not looked up: ")
    return result._replace(why=_codes(refusal))


def given_up(record: Record, reason: str, what: str = "") -> Result:
    """Return the result of a record that has not ended when the run stops.

    :param record: the record.
    :param reason: why the run stops.
    :param what: what may be written, as the beginning of a sentence; empty if nothing was.
    """
    outcome = Outcome.UNKNOWN if what else Outcome.NOT_ATTEMPTED
    return Result(record.row, record.key, outcome, reason=f"{what}the run stopped: {reason}")


def still_absent(record: Record, since: datetime | None) -> Result:
    """Return the result of a record whose contact was not there, and is not asked for again yet.

    :param record: the record.
    :param since: when HubSpot was asked last.
    """
    asked = f", which was asked on {since:%Y-%m-%d at %H:%M UTC}" if since else ""
    reason = f"HubSpot had no contact with the key {record.key}{asked}"
    return Result(record.row, record.key, Outcome.NOT_FOUND, 404, "ABSENT", reason)


def lost(step: Step, answer: Lost) -> Result:
    """Return the result of a step whose call got no usable answer.

    :param step: the step.
    :param answer: what happened instead.
    """
    record = step.change.record
    outcome = Outcome.UNKNOWN if answer.sent or step.position else Outcome.UNAVAILABLE
    reason = halfway(step) + answer.reason
    result = Result(record.row, record.key, outcome, reason=reason, why=answer.reason)
    return with_changes(result, step, may_be_written=answer.sent)


def unproved(step: Step, answer: Answers, reason: str) -> Result:
    """Return the result of a step of which an answer proves nothing.

    :param step: the step.
    :param answer: to its call.
    :param reason: why it proves nothing.
    """
    record = step.change.record
    result = Result(
        record.row,
        record.key,
        Outcome.UNKNOWN,
        answer.status,
        reason=halfway(step) + reason,
        correlation_id=answer.correlation_id,
    )
    return with_changes(result, step, may_be_written=True)


def unsure(result: Result) -> Result:
    """Return the result of a record that an attempt without a clear answer may have written.

    What came after that attempt can prove that the record is written, but not that it is not.

    :param result: that the record would have without that attempt.
    """
    if result.outcome not in NOT_WRITTEN:
        return result
    reason = f"an attempt that got no clear answer may have written it; then: {result.reason}"
    return result._replace(outcome=Outcome.UNKNOWN, status=None, category=None, reason=reason, refusal=None)


def doubted(result: Result, step: Step, shown: Mapping[str, Result]) -> Result:
    """Return the result of a record that an attempt without a clear answer may have written.

    What came after that attempt tells neither whether HubSpot carried it out, nor what was there before it.

    :param result: that the record has by what came after.
    :param step: of that attempt.
    :param shown: record id → the result of the record if this is its contact: the answer shows that this
        contact was written, with the values of the step.
    """
    if result.outcome is Outcome.UNCHANGED and (said := shown.get(result.contact or "")):
        return said
    if result.outcome is Outcome.CREATED:  # nobody had the key
        return result
    written = with_changes(result, step, may_be_written=True)
    unread = (name for name in written.unread if name in written.changes and name not in result.changes)
    return result._replace(
        changes={**written.changes, **result.changes},
        unread=(*result.unread, *unread),
        contact=result.contact if step.change.is_direct else result.contact or step.change.contact,
    )


def accepted(step: Step, written: Written, answer: Answers, kinds: Mapping[str, Kind]) -> Result | Step:
    """Return what follows from a step that HubSpot says it wrote.

    :param step: the step.
    :param written: what HubSpot says of it.
    :param answer: to its call.
    :param kinds: property → what its values are, as far as it is known.
    :return: the record's result, or the step to write next.
    """
    if contradiction := _other_contact(step, written) or _contradiction(step, written, kinds):
        return unproved(step, answer, contradiction)
    return step.next or written_as(step, written, answer)


def refused(step: Step, refusal: Refusal) -> Result | Step:
    """Return what follows from a step that HubSpot refused.

    :param step: the step.
    :param refusal: what HubSpot said.
    :return: the record's result; or, if its stage or address was cleared for the step, the step that puts the
        old value back first.
    """
    result, change, name = _refused(step, refusal), step.change, _cleared(step)
    old = change.before.get(name) if name else None
    if not old or change.ending is not None or result.outcome not in ABOUT_A_RECORD:
        return result
    changes = {each: both for each, both in result.changes.items() if each != name}
    written = f"{', '.join(changes)} was written, but " if changes else ""
    ending = result._replace(reason=f"{written}{name} stays {old}: {refusal.message}", changes=changes)
    steps = (*change.steps[: step.position + 1], {str(name): old})
    return Step(change._replace(steps=steps, ending=ending), step.position + 1)


def halfway(step: Step) -> str:
    """Return what was already written when a later step ends badly, as the beginning of a sentence.

    :param step: the later step.
    :return: empty if it is the first step.
    """
    if not step.position:
        return ""
    if name := _cleared(step):
        return f"{name} was cleared but not set again: "
    return f"all but {', '.join(step.properties)} was written: "


def with_changes(result: Result, step: Step, *, may_be_written: bool) -> Result:
    """Return the result of a step that ends badly, with what the change has written, or may have.

    A step that puts a value back comes after a refused one, which has written nothing.

    :param result: without that.
    :param step: the step.
    :param may_be_written: whether HubSpot may have carried the step out all the same.
    """
    change = step.change
    done = step.position if change.ending is None else step.position - 1
    key = change.key if change.is_blind else {}  # a look-up tells who has that of a direct write
    steps = [*change.steps[:done], *((key, step.properties) if may_be_written else ())]
    written = {name: value for each in steps for name, value in each.items()}
    changes = {name: (change.before.get(name), value) for name, value in written.items()}
    was_absent = change.write is Write.CREATE and not change.is_blind
    return result._replace(
        changes=changes,
        contact=change.contact,
        unread=() if was_absent else _unread(change, [*key, *change.outcome]),
    )


def _other_contact(step: Step, written: Written) -> str | None:
    """Catch a contact that was written by a record id of the state, and has another id or key by now."""
    change, key = step.change, step.change.record.key
    if not change.is_direct or change.write is not Write.UPDATE:
        return None
    if written.id == change.address and written.key in {None, key}:
        return None
    return f"the contact {change.address} was written, which is {written.id} by now and may not be {key}"


def _contradiction(step: Step, written: Written, kinds: Mapping[str, Kind]) -> str | None:
    """Catch a value that HubSpot keeps although it accepts the write, as it does with a stage."""
    shown = written.properties
    if step.properties.items() <= shown.items():  # as in most answers
        return None
    had = _had(step)

    def is_wrong(name: str, wanted: str) -> bool:
        kind = kinds.get(name, Kind.UNKNOWN)
        if name == STAGE:
            return (shown[name] or "") != wanted
        if step.change.is_direct:  # nobody knows what the contact had: a look-up tells
            return differs(kind, wanted, shown[name])
        return name in had and kept(kind, wanted, had[name], shown[name])

    wrong = [name for name, wanted in step.properties.items() if name in shown and is_wrong(name, wanted)]
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


def written_as(step: Step, written: Written, answer: Answers) -> Result:
    """Return the result of a record whose last step is written.

    :param step: the step.
    :param written: what HubSpot says of it.
    :param answer: to its call.
    """
    if step.change.ending:
        return step.change.ending
    outcome = Outcome.CREATED if written.created else Outcome.UPDATED
    if step.change.write is Write.ARCHIVE:
        outcome = Outcome.ARCHIVED
    status = answer.status
    if status == 207:
        status = 201 if written.created else 200
    record, changes = step.change.record, step.change.diff(created=written.created)
    result = Result(
        *(record.row, record.key, outcome, status),
        correlation_id=answer.correlation_id,
        changes=changes,
        contact=_contact(step.change, written),
        unread=() if written.created else _unread(step.change, changes),
    )
    return with_left(result, step.change.left)


def _contact(change: Change, written: Written) -> str | None:
    """Return the record id of a contact that was written; the legacy API need not tell it."""
    return written.id if written.created or change.is_direct else change.contact


def _unread(change: Change, names: Iterable[str]) -> tuple[str, ...]:
    """Return those properties of a change whose old values nobody has read."""
    return tuple(name for name in names if name not in change.before)


def _refused(step: Step, refusal: Refusal) -> Result:
    record = step.change.record
    result = Result.refused(record.row, record.key, outcome_of(refusal), refusal, halfway(step))
    may_be_written = result.outcome in IN_DOUBT
    return with_changes(result._replace(why=_codes(refusal)), step, may_be_written=may_be_written)


def _codes(refusal: Refusal) -> str:
    """Return HubSpot's codes of what is wrong; unlike its sentences, they quote no value."""
    return refusal.why or ", ".join(
        dict.fromkeys(filter(None, (word(detail.code) for detail in refusal.details)))
    )


def outcome_of(refusal: Refusal) -> Outcome:
    """Return the outcome of a record that was refused alone."""
    outcome = Outcome.CONFLICT if refusal.is_conflict else refused_as(refusal.status)
    return Outcome.UNKNOWN if outcome in ABOUT_A_RECORD and not refusal.is_hubspots else outcome


def _cleared(step: Step) -> str | None:
    """Return the name of the property that was cleared for a step, which sets it; None if none was."""
    before = step.change.steps[: step.position]
    names = (name for name in (STAGE, EMAIL) if name in step.properties)
    return next((name for name in names if any(each.get(name) == "" for each in before)), None)
