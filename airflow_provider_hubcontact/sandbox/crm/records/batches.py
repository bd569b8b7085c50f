# SPDX-License-Identifier: Apache-2.0
"""Batches: which inputs are carried out, which are refused, and when the whole batch is.

HubSpot docs: "Error handling" (multi-status errors), contacts guide ("Limits").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from airflow_provider_hubcontact.sandbox.crm.record import Record
from airflow_provider_hubcontact.sandbox.crm.records.collection import Collection
from airflow_provider_hubcontact.sandbox.crm.records.pending_writes import Dialect, PendingWrite
from airflow_provider_hubcontact.sandbox.crm.records.shared import Shared
from airflow_provider_hubcontact.sandbox.errors.records import (
    RecordExists,
    RecordsNotFound,
    ValueTaken,
)
from airflow_provider_hubcontact.sandbox.errors.refusal import Json
from airflow_provider_hubcontact.sandbox.errors.requests import (
    DuplicateIds,
    InvalidInput,
    NonUniqueIdProperty,
    TooManyInputs,
)
from airflow_provider_hubcontact.sandbox.errors.values import InvalidProperties

Result = TypeVar("Result")

MAX_INPUTS = 100
MAX_INPUTS_WITH_HISTORY = 50


class Input(NamedTuple):
    """One input of a batch that writes.

    :param associations: what a new record is to be associated with, which is up to the caller.
    :param refused: what is wrong with these associations; None if nothing is.
    """

    properties: Mapping[str, str]
    id: str = ""
    id_property: str | None = None
    trace_id: str | None = None
    associations: Sequence[Any] = ()
    refused: InvalidInput | None = None


class Written(NamedTuple):
    """One record that a batch wrote."""

    draft: PendingWrite
    input: Input


@dataclass(slots=True)
class Outcome:
    """The result of a batch.

    :param written: the records that were written.
    :param errors: the entries of ``errors`` in the answer.
    """

    written: list[Written] = field(default_factory=list)
    errors: list[Json] = field(default_factory=list)


def create(collection: Collection, inputs: Sequence[Input], dialect: Dialect) -> Outcome:
    """Create records. One bad input refuses the batch, unless each input has its own trace id (F, D).

    :raises Refused: if the whole batch is refused.
    """
    _check_size(inputs)
    traced = _traced(inputs)
    refused = next((each.refused for each in inputs if each.refused is not None), None)
    if refused is not None and not traced:
        raise refused
    return _write(collection, [(each, None) for each in inputs], dialect, traced=traced)


def update(collection: Collection, inputs: Sequence[Input], dialect: Dialect) -> Outcome:
    """Update records. Unknown ids never prevent the others from being written (F).

    :raises Refused: if the whole batch is refused.
    """
    _check_ids(collection, inputs, refuse_email=collection.shared.switches.batch_update_by_email == "refused")
    known, unknown = [], []
    for each in inputs:
        record = collection.find(each.id, each.id_property)
        if record is None:
            unknown.append(each.id)
        else:
            known.append((each, record))
    traced = _traced(inputs) and collection.shared.switches.batch_update_with_trace_ids == "207"
    outcome = _write(collection, known, dialect, traced=traced)
    if unknown:
        outcome.errors.append(RecordsNotFound(collection.kind.singular, unknown).part())
    return outcome


def upsert(collection: Collection, inputs: Sequence[Input], dialect: Dialect) -> Outcome:
    """Update records that exist, and create the others (D, T).

    :raises Refused: if the whole batch is refused.
    """
    _check_ids(collection, inputs, refuse_email=False)
    pairs, unknown = [], []
    refused = collection.shared.switches.upsert_by_email == "refused"
    for each in inputs:
        record = collection.find(each.id, each.id_property)
        if refused and record is not None and each.id_property == "email":
            raise InvalidInput("Partial upserts are not supported with email as idProperty.")
        if record is None and each.id_property in {None, "hs_object_id"}:
            unknown.append(each.id)  # an id cannot be chosen
            continue
        named = {each.id_property or "": each.id, **each.properties} if record is None else each.properties
        pairs.append((each._replace(properties=named), record))
    outcome = _write(collection, pairs, dialect, traced=_traced(inputs))
    if unknown:
        outcome.errors.append(RecordsNotFound(collection.kind.singular, unknown).part())
    return outcome


def archive(collection: Collection, ids: Sequence[str]) -> None:
    """Delete records. It is not an error if ids are unknown, or deleted already (T).

    :raises Refused: if there are too many.
    """
    _check_size(ids)
    for each in ids:
        record = collection.find(each)
        if record is not None:
            collection.archive(record)


def read(
    collection: Collection,
    ids: Sequence[str],
    id_property: str | None,
    *,
    with_history: bool,
    archived: bool = False,
) -> tuple[list[Record], list[Json]]:
    """Find records.

    :param archived: find deleted records instead.
    :return: each record once, and the entries of ``errors`` in the answer.
    :raises Refused: if there are too many, or the property does not identify records.
    """
    if with_history and len(ids) > MAX_INPUTS_WITH_HISTORY:
        raise TooManyInputs(MAX_INPUTS_WITH_HISTORY, " request for property histories")
    _check_size(ids)
    if id_property is not None and not collection.identifies(id_property):
        raise NonUniqueIdProperty("read", collection.kind.id, id_property)
    found: dict[str, Record] = {}
    missing = []
    find = collection.find_archived if archived else collection.find
    for each in dict.fromkeys(ids):
        record = find(each, id_property)
        if record is None:
            missing.append(each)
        else:
            found[record.id] = record
    return list(found.values()), [
        RecordsNotFound(collection.kind.singular, missing).part()
    ] if missing else []


def ordered(shared: Shared, results: Sequence[Result]) -> Sequence[Result]:
    """Return the results of a batch in the order of the answer."""
    return results[::-1] if shared.switches.result_order == "reversed" else results


Pair = tuple[Input, Record | None]


def _write(collection: Collection, pairs: Sequence[Pair], dialect: Dialect, *, traced: bool) -> Outcome:
    return (_write_each if traced else _write_all)(collection, pairs, dialect)


def _write_each(collection: Collection, pairs: Sequence[Pair], dialect: Dialect) -> Outcome:
    """Write the valid inputs, and name the others by trace id."""
    outcome, now = Outcome(), collection.shared.now()
    for each, record in pairs:
        try:
            if each.refused is not None:
                raise each.refused
            draft = collection.draft(record, each.properties, dialect)
        except (InvalidInput, InvalidProperties, RecordExists) as refused:
            outcome.errors.append(refused.part(each.trace_id))
        else:
            collection.apply(draft, now=now)
            outcome.written.append(Written(draft, each))
    return outcome


def _write_all(collection: Collection, pairs: Sequence[Pair], dialect: Dialect) -> Outcome:
    """Write all inputs, or none.

    :raises InvalidProperties: if any value is not valid; it names all of them.
    :raises RecordExists: if any unique value is another record's.
    """
    drafts, now = _drafts(collection, pairs, dialect), collection.shared.now()
    for draft in drafts:
        collection.apply(draft, now=now)
    return Outcome([Written(draft, each) for (each, _), draft in zip(pairs, drafts, strict=True)])


def _drafts(collection: Collection, pairs: Sequence[Pair], dialect: Dialect) -> list[PendingWrite]:
    """Check all inputs, against each other as well.

    :raises InvalidProperties: if any value is not valid; it names all of them.
    :raises RecordExists: if any unique value is another record's.
    """
    drafts: list[PendingWrite] = []
    invalid: list[InvalidProperties] = []
    conflicts: list[RecordExists] = []
    claimed: dict[tuple[str, str], str] = {}
    for each, record in pairs:
        try:
            draft = collection.draft(record, each.properties, dialect, claimed)
        except InvalidProperties as refused:
            invalid.append(refused)
        except RecordExists as refused:
            conflicts.append(refused)
        else:
            drafts.append(draft)
            if draft.unique:
                claimed |= dict.fromkeys(draft.unique, draft.record.id)
    if invalid:
        raise type(invalid[0])([problem for refused in invalid for problem in refused.problems])
    if conflicts:
        raise _first_conflict(collection, conflicts)
    return drafts


def _first_conflict(collection: Collection, conflicts: Sequence[RecordExists]) -> RecordExists:
    """Return the refusal of a batch with conflicts; with several of them, it names no record (F)."""
    first = conflicts[0]
    if len(conflicts) == 1 or isinstance(first, ValueTaken):
        return first
    return RecordExists(collection.kind.singular, None, first.value)


def _traced(inputs: Sequence[Input]) -> bool:
    """Check whether every input has its own trace id."""
    traces = {each.trace_id for each in inputs}
    return None not in traces and len(traces) == len(inputs)


def _check_size(inputs: Sequence[object]) -> None:
    if len(inputs) > MAX_INPUTS:
        raise TooManyInputs(MAX_INPUTS)


def _check_ids(collection: Collection, inputs: Sequence[Input], *, refuse_email: bool) -> None:
    _check_size(inputs)
    for name in {each.id_property for each in inputs if each.id_property is not None}:
        if not collection.identifies(name) or (refuse_email and name == "email"):
            raise NonUniqueIdProperty("update/upsert", collection.kind.id, name)
    seen: set[str] = set()
    twice: dict[str, None] = {}
    for each in inputs:
        key = each.id.lower()
        if key in seen:
            twice[each.id] = None
        seen.add(key)
    if twice:
        raise DuplicateIds(list(twice))
