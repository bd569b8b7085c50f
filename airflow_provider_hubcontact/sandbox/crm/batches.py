"""Batches: which inputs are carried out, which are refused, and when the whole batch is.

HubSpot docs: "Error handling" (multi-status errors), contacts guide ("Limits").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from airflow_provider_hubcontact.sandbox.crm.contact import Contact
from airflow_provider_hubcontact.sandbox.crm.pending_writes import Dialect, PendingWrite
from airflow_provider_hubcontact.sandbox.crm.portal import Portal
from airflow_provider_hubcontact.sandbox.errors import (
    ContactExists,
    ContactsNotFound,
    DuplicateIds,
    InvalidInput,
    InvalidProperties,
    Json,
    NonUniqueIdProperty,
    TooManyInputs,
    ValueTaken,
)

MAX_INPUTS = 100
MAX_INPUTS_WITH_HISTORY = 50


class Input(NamedTuple):
    """One input of a batch that writes."""

    properties: Mapping[str, str]
    id: str = ""
    id_property: str | None = None
    trace_id: str | None = None


class Written(NamedTuple):
    """One contact that a batch wrote."""

    contact: Contact
    draft: PendingWrite
    trace_id: str | None


@dataclass(slots=True)
class Outcome:
    """The result of a batch.

    :param written: the contacts that were written.
    :param errors: the entries of ``errors`` in the answer.
    """

    written: list[Written] = field(default_factory=list)
    errors: list[Json] = field(default_factory=list)


def create(portal: Portal, inputs: Sequence[Input], dialect: Dialect) -> Outcome:
    """Create contacts. One bad input refuses the batch, unless each input has its own trace id (F, D).

    :raises Refused: if the whole batch is refused.
    """
    _check_size(inputs)
    return _write(portal, [(each, None) for each in inputs], dialect, traced=_traced(inputs))


def update(portal: Portal, inputs: Sequence[Input], dialect: Dialect) -> Outcome:
    """Update contacts. Unknown ids never prevent the others from being written (F).

    :raises Refused: if the whole batch is refused.
    """
    _check_ids(portal, inputs, refuse_email=portal.switches.batch_update_by_email == "refused")
    known, unknown = [], []
    for each in inputs:
        contact = portal.find(each.id, each.id_property)
        if contact is None:
            unknown.append(each.id)
        else:
            known.append((each, contact))
    traced = _traced(inputs) and portal.switches.batch_update_with_trace_ids == "207"
    outcome = _write(portal, known, dialect, traced=traced)
    if unknown:
        outcome.errors.append(ContactsNotFound(unknown).part())
    return outcome


def upsert(portal: Portal, inputs: Sequence[Input], dialect: Dialect) -> Outcome:
    """Update contacts that exist, and create the others (D, T).

    :raises Refused: if the whole batch is refused.
    """
    _check_ids(portal, inputs, refuse_email=False)
    pairs, unknown = [], []
    refused = portal.switches.upsert_by_email == "refused"
    for each in inputs:
        contact = portal.find(each.id, each.id_property)
        if refused and contact is not None and each.id_property == "email":
            raise InvalidInput("Partial upserts are not supported with email as idProperty.")
        if contact is None and each.id_property in {None, "hs_object_id"}:
            unknown.append(each.id)  # an id cannot be chosen
            continue
        named = {each.id_property or "": each.id, **each.properties} if contact is None else each.properties
        pairs.append((each._replace(properties=named), contact))
    outcome = _write(portal, pairs, dialect, traced=_traced(inputs))
    if unknown:
        outcome.errors.append(ContactsNotFound(unknown).part())
    return outcome


def archive(portal: Portal, ids: Sequence[str]) -> None:
    """Delete contacts. It is not an error if ids are unknown, or deleted already (T).

    :raises Refused: if there are too many.
    """
    _check_size(ids)
    for each in ids:
        contact = portal.find(each)
        if contact is not None:
            portal.archive(contact)


def read(
    portal: Portal, ids: Sequence[str], id_property: str | None, *, with_history: bool, archived: bool = False
) -> tuple[list[Contact], list[Json]]:
    """Find contacts.

    :param archived: find deleted contacts instead.
    :return: each contact once, and the entries of ``errors`` in the answer.
    :raises Refused: if there are too many, or the property does not identify contacts.
    """
    if with_history and len(ids) > MAX_INPUTS_WITH_HISTORY:
        raise TooManyInputs(MAX_INPUTS_WITH_HISTORY, " request for property histories")
    _check_size(ids)
    _check_id_property(portal, id_property, refuse_email=False)
    found: dict[str, Contact] = {}
    missing = []
    find = portal.find_archived if archived else portal.find
    for each in dict.fromkeys(ids):
        contact = find(each, id_property)
        if contact is None:
            missing.append(each)
        else:
            found[contact.id] = contact
    return list(found.values()), [ContactsNotFound(missing).part()] if missing else []


Pair = tuple[Input, Contact | None]


def _write(portal: Portal, pairs: Sequence[Pair], dialect: Dialect, *, traced: bool) -> Outcome:
    return (_write_each if traced else _write_all)(portal, pairs, dialect)


def _write_each(portal: Portal, pairs: Sequence[Pair], dialect: Dialect) -> Outcome:
    """Write the valid inputs, and name the others by trace id."""
    outcome = Outcome()
    for each, contact in pairs:
        try:
            draft = portal.draft(contact, each.properties, dialect)
        except (InvalidProperties, ContactExists) as refused:
            outcome.errors.append(refused.part(each.trace_id))
        else:
            outcome.written.append(Written(portal.apply(draft), draft, each.trace_id))
    return outcome


def _write_all(portal: Portal, pairs: Sequence[Pair], dialect: Dialect) -> Outcome:
    """Write all inputs, or none."""
    drafts: list[PendingWrite] = []
    invalid: list[InvalidProperties] = []
    conflicts: list[ContactExists] = []
    claimed: dict[tuple[str, str], str] = {}
    for each, contact in pairs:
        try:
            draft = portal.draft(contact, each.properties, dialect, claimed)
        except InvalidProperties as refused:
            invalid.append(refused)
        except ContactExists as refused:
            conflicts.append(refused)
        else:
            drafts.append(draft)
            claimed |= portal.claims(draft)
    if invalid:
        raise type(invalid[0])([problem for refused in invalid for problem in refused.problems])
    if conflicts:
        alone = len(conflicts) == 1 or isinstance(conflicts[0], ValueTaken)
        raise conflicts[0] if alone else ContactExists(None, conflicts[0].value)
    written = [
        Written(portal.apply(draft), draft, each.trace_id)
        for (each, _), draft in zip(pairs, drafts, strict=True)
    ]
    return Outcome(written)


def _traced(inputs: Sequence[Input]) -> bool:
    """Check whether every input has its own trace id."""
    traces = {each.trace_id for each in inputs}
    return None not in traces and len(traces) == len(inputs)


def _check_size(inputs: Sequence[object]) -> None:
    if len(inputs) > MAX_INPUTS:
        raise TooManyInputs(MAX_INPUTS)


def _check_ids(portal: Portal, inputs: Sequence[Input], *, refuse_email: bool) -> None:
    _check_size(inputs)
    for name in {each.id_property for each in inputs}:
        _check_id_property(portal, name, refuse_email=refuse_email)
    seen: set[str] = set()
    twice: dict[str, None] = {}
    for each in inputs:
        key = each.id.lower()
        if key in seen:
            twice[each.id] = None
        seen.add(key)
    if twice:
        raise DuplicateIds(list(twice))


def _check_id_property(portal: Portal, name: str | None, *, refuse_email: bool) -> None:
    if name is not None and (not portal.identifies(name) or (refuse_email and name == "email")):
        raise NonUniqueIdProperty(name)
