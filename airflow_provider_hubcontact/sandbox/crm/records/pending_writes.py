# SPDX-License-Identifier: Apache-2.0
"""Writes before they are done: their values, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field

from airflow_provider_hubcontact.sandbox.crm.owners import OWNER
from airflow_provider_hubcontact.sandbox.crm.properties.definitions import Definition
from airflow_provider_hubcontact.sandbox.crm.properties.values import (
    MAX_TEXT,
    InvalidValue,
    accept,
    accept_addresses,
    appended,
    normalised_date,
)
from airflow_provider_hubcontact.sandbox.crm.record import Record
from airflow_provider_hubcontact.sandbox.errors.values import InvalidProperties, Problem
from airflow_provider_hubcontact.sandbox.switches import Switches

STAGE = "lifecyclestage"
OTHERS = "hs_additional_emails"
"""The secondary addresses, which can be given to a new contact, and to no other (L, S)."""

OF_THE_RECORD = {"hs_object_id", "createdate"}
"""Properties that repeat the record's own fields, so that no seed can set them."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one way to write differs from the others.

    :param source: the origin that the history of a value names.
    :param epoch_times: whether times are milliseconds (v1).
    :param normalises_dates: whether a date in the wrong form is corrected with a warning, and not refused
        (2026-09, T).
    :param keeps_stage: whether a stage that goes back is ignored, whatever the switch says (v1, D).
    :param checks_requirements: whether required and conditional properties are enforced (2026-09, D).
    :param computes: whether the writer is HubSpot itself, which may set read-only properties.
    """

    source: str = "INTEGRATION"
    epoch_times: bool = False
    normalises_dates: bool = False
    keeps_stage: bool = False
    checks_requirements: bool = False
    computes: bool = False


V3 = Dialect()
V2026_09 = Dialect(normalises_dates=True, checks_requirements=True)
V1 = Dialect(source="API", epoch_times=True, keeps_stage=True)
SEED = Dialect(source="IMPORT", keeps_stage=True, computes=True)


@dataclass(slots=True)
class PendingWrite:
    """A write that is not done yet.

    :param record: the record that is written.
    :param new: whether it is created.
    :param dialect: how it is written.
    :param values: what will be written, in the form in which HubSpot keeps it.
    :param normalised: property with a corrected date → the value that was sent.
    :param unique: the values that no other record may have, each with its property.
    """

    record: Record
    new: bool
    dialect: Dialect
    values: dict[str, str] = field(default_factory=dict)
    normalised: dict[str, str] = field(default_factory=dict)
    unique: Sequence[tuple[str, str]] = ()


def fill(
    draft: PendingWrite,
    properties: Mapping[str, str],
    definitions: Mapping[str, Definition],
    switches: Switches,
    owners: Container[str],
) -> None:
    """Check values, and put them into a draft.

    :param draft: the draft.
    :param properties: name → value; ``""`` clears the property.
    :param definitions: the portal's properties.
    :param switches: the sandbox's switches.
    :param owners: the ids of the portal's owners.
    :raises InvalidProperties: if values are not valid; it names all of them.
    """
    problems: list[Problem] = []
    values = draft.values
    for name, value in properties.items():
        definition = definitions.get(name)
        if definition is not None and definition.free and len(value) <= MAX_TEXT:
            values[name] = value  # nearly all values are such, and need no more
            continue
        if definition is None:
            problems.append(Problem(name, "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist'))
            continue
        problem = _put(draft, definition, value, switches)
        if definition.references == OWNER and value and value not in owners:
            problem = Problem(name, "INVALID_OWNER_ID", f"{value} was not a valid owner id.")
        if problem is not None:
            problems.append(problem)
    if problems:
        raise InvalidProperties(problems)


def _put(draft: PendingWrite, definition: Definition, value: str, switches: Switches) -> Problem | None:
    """Put one value into a draft, or return what is wrong with it."""
    name = definition.name
    forbidden = _forbidden(draft, definition)
    if forbidden is not None:
        return forbidden
    if value == "":
        draft.values[name] = ""
        return None
    kept = _accepted(draft, definition, value)
    if isinstance(kept, Problem):
        return kept
    if definition.multiple and value[0] == ";":
        kept = appended(draft.record.properties.get(name, ""), value)
    if name == STAGE and _goes_back(draft, definition, kept):
        return _kept_stage(draft, kept, switches)
    draft.values[name] = kept
    return None


def _forbidden(draft: PendingWrite, definition: Definition) -> Problem | None:
    """Return why the writer may not set a property, whatever the value; None if it may."""
    name = definition.name
    if draft.dialect.computes:
        if name in OF_THE_RECORD:
            return Problem(name, "READ_ONLY_VALUE", "HubSpot sets it itself, for the record as it is made.")
    elif definition.read_only and not (draft.new and name == OTHERS):
        return Problem(name, "READ_ONLY_VALUE", f'"{name}" is a read only property; its value cannot be set.')
    return None


def _accepted(draft: PendingWrite, definition: Definition, value: str) -> str | Problem:
    """Return a value in the form in which HubSpot keeps it, or what is wrong with it."""
    try:
        if definition.name == OTHERS:
            return accept_addresses(value)
        kept = accept(definition, value, epoch_only=draft.dialect.epoch_times)
    except InvalidValue as problem:
        mends = draft.dialect.normalises_dates and definition.type == "date"
        mended = normalised_date(value) if mends else None
        if mended is None:
            return Problem(definition.name, problem.code, problem.message)
        draft.normalised[definition.name] = value
        kept = mended
    broken = next(filter(None, (rule.broken_by(kept) for rule in definition.rules)), None)
    return Problem(definition.name, *broken) if broken else kept


def _goes_back(draft: PendingWrite, definition: Definition, stage: str) -> bool:
    """Check whether a stage comes before the present one, in the order of the property's options (D)."""
    current = draft.record.properties.get(STAGE, "")
    return bool(current) and definition.rank.get(stage, 0) < definition.rank.get(current, 0)


def _kept_stage(draft: PendingWrite, stage: str, switches: Switches) -> Problem | None:
    """Leave the stage as it is: silently, or with a problem whose code and text are ours (U)."""
    if draft.dialect.keeps_stage or switches.stage_regression == "keep":
        return None
    message = f"{stage} comes before the contact's lifecycle stage; clear it first."
    return Problem(STAGE, "INVALID_LIFECYCLE_STAGE", message)
