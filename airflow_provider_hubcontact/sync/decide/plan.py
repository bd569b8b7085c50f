# SPDX-License-Identifier: Apache-2.0
"""Compares the desired values with the current ones: a change, or an outcome at once."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from airflow_provider_hubcontact.sync.decide.lifecycle import STAGE
from airflow_provider_hubcontact.sync.decide.modes import written_over
from airflow_provider_hubcontact.sync.decide.rules import Rules, new_key
from airflow_provider_hubcontact.sync.decide.second_addresses import for_new, taken, unwritable, with_left
from airflow_provider_hubcontact.sync.model.change import DRY_RUN_CATEGORIES, Change, Stored, Write
from airflow_provider_hubcontact.sync.model.choices import OnRegression
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.comparison import Kind, same
from airflow_provider_hubcontact.sync.rows.keys import EMAIL, SECOND_ADDRESSES

NO_CONTACT, MERGED, RENAMED, OTHER_KEY = "NO_CONTACT", "MERGED", "RENAMED", "OTHER_KEY"
"""Categories of contacts that need not, and must not, be removed."""


def plan(record: Record, found: Mapping[str, Stored], rules: Rules) -> Change | Result:
    """Compare a record with its contact.

    :param record: what the contact should be.
    :param found: key → contact, for all keys of the record: see :func:`keys_of`.
    :param rules: what the run was asked to do.
    :return: the change, or ``unchanged``, ``not_found``, ``conflict`` or ``invalid`` (stage regression).
    """
    if rules.decides is not None:
        return rules.decides(record, found.get(record.key))
    if rules.removes is not None:
        return _removal(record, found.get(record.key), rules)
    key = new_key(record, rules)
    holder = found.get(key) if key else None
    stored = found.get(record.key)
    if stored and holder and holder.id != stored.id:
        reason = f"the new {rules.id_property} {key} belongs to another contact ({holder.id})"
        return Result(
            record.row, record.key, Outcome.CONFLICT, 409, "KEY_TAKEN", reason, (rules.id_property,)
        )
    # A contact that already has its new key was moved before, by this row or by hand.
    stored = stored or holder
    others = found if rules.id_property == EMAIL else {}
    if stored is None:
        return _absent(record, others, rules)
    if record.undoes is not None and stored.id != record.key:
        return merged(record, stored)
    return _outdated(record, stored, rules) or _against(record, stored, rules, others)


def merged(record: Record, stored: Stored) -> Result:
    """Return the result of a record whose run is undone, and whose contact was merged into another one.

    Whether the other one has what the run wrote says nothing: it may have got that in another way.

    :param record: its key is the record id of the contact that the run wrote.
    :param stored: the contact that has this record id now.
    """
    reason = f"the contact was merged into another one ({stored.id}), which is left alone"
    return Result(record.row, record.key, Outcome.CONFLICT, None, MERGED, reason)


def _removal(record: Record, stored: Stored | None, rules: Rules) -> Change | Result:
    """Compare a record whose row left the source with the contact that had its record id."""
    if stored is None:
        reason = "no contact has this record id any more"
        return Result(record.row, record.key, Outcome.UNCHANGED, category=NO_CONTACT, reason=reason)
    if stored.id != record.key:
        reason = f"the contact was merged into another one ({stored.id}), which is left alone"
        return Result(record.row, record.key, Outcome.UNCHANGED, category=MERGED, reason=reason)
    if spared := rules.spared(record, stored.properties):
        return Result(record.row, record.key, Outcome.UNCHANGED, None, *spared)
    if problem := _outdated(record, stored, rules):
        return problem
    planned = _change_of_removal(record, stored, rules)
    if isinstance(planned, Change) and not rules.may_remove(record):
        reason = "the plan is out of date: the state does not know the row that left any more"
        return Result(record.row, record.key, Outcome.CONFLICT, None, "PLAN_OUTDATED", reason)
    return planned


def _change_of_removal(record: Record, stored: Stored, rules: Rules) -> Change | Result:
    if rules.removes is not Write.ARCHIVE:
        planned = _against(record, stored, rules)
        return planned._replace(write=Write.REMOVE) if isinstance(planned, Change) else planned
    return archival(record, stored)


def archival(record: Record, stored: Stored) -> Change:
    """Return the change that archives a contact.

    :param record: names the properties whose values are told.
    :param stored: the contact.
    """
    has = {name: value for name in record.properties if (value := stored.properties.get(name))}
    steps = (dict.fromkeys(has, ""),)
    return Change(record, Write.ARCHIVE, stored.address, steps, has, contact=stored.id)


def unwritten(change: Change) -> Result:
    """Return the result that a change has in a dry run.

    :param change: what would be written.
    """
    record, left = change.record, change.left
    reasons = [f"dry run: would {change.write}"]
    if left:
        reasons.append(f"left alone: {'; '.join(left.values())}")
    return Result(
        *(record.row, record.key, Outcome.NOT_ATTEMPTED),
        category=next(name for name, write in DRY_RUN_CATEGORIES.items() if write is change.write),
        reason="; ".join(reasons),
        properties=tuple(left),
        changes=change.diff(),
        contact=change.contact,
    )


def blind(record: Record, rules: Rules) -> Change:
    """Plan a record whose contact is not read: all of it is written, addressed by its key.

    :param record: the record.
    :param rules: what the run was asked to do.
    """
    write, key = (Write.CREATE, {rules.id_property: record.key}) if rules.create else (Write.UPDATE, {})
    return Change(record, write, record.key, (record.properties,), is_blind=True, key=key)


def direct(record: Record, rules: Rules, contact: str | None) -> Change:
    """Plan a record whose contact is not looked up, although it could be: all of it is written.

    The key is not written: an address that is a contact's second one would become its first one.

    :param record: the record.
    :param rules: what the run was asked to do.
    :param contact: record id of the contact, if it is proved; an update is addressed by it.
    """
    write, address = (Write.UPSERT, record.key) if rules.create else (Write.UPDATE, contact or record.key)
    key = {rules.id_property: record.key} if rules.create else {}
    return Change(record, write, address, (record.properties,), is_direct=True, contact=contact, key=key)


def _outdated(record: Record, stored: Stored, rules: Rules) -> Result | None:
    """Return a conflict if the contact of a planned record has other values by now, except planned ones."""
    if record.before is None or _is_carried_out(record, stored, rules):
        return None
    values: list[str] = []
    for name, old in record.before.items():
        kind, has = rules.kinds.get(name, Kind.UNKNOWN), stored.properties.get(name)
        if name == STAGE and not has and rules.on_regression is OnRegression.RESET:
            continue  # a reset that broke off after it had cleared the stage
        if not same(kind, old or "", has) and not same(kind, record.properties.get(name) or "", has):
            values.append(f"{name} is {has!r} now, it was {old!r}")
    if not values:
        return None
    reason = f"the plan is out of date: {', '.join(values)}"
    return Result(record.row, record.key, Outcome.CONFLICT, None, "PLAN_OUTDATED", reason)


def _is_carried_out(record: Record, stored: Stored, rules: Rules) -> bool:
    """Check whether a contact has all planned values: an earlier try may not have received its answer."""
    has, kinds = stored.properties, rules.kinds
    return all(
        same(kinds.get(name, Kind.UNKNOWN), value, has.get(name)) for name, value in record.properties.items()
    )


def _absent(record: Record, others: Mapping[str, Stored], rules: Rules) -> Change | Result:
    # A planned creation says that nobody has the key.
    is_planned_update = record.before is not None and record.before.get(rules.id_property, "") is not None
    if rules.create and not is_planned_update:
        creation = _creation(record, rules)
        return taken(record, creation.outcome, others) or creation
    reason = f"no contact has the {rules.id_property} {record.key}"
    return Result(record.row, record.key, Outcome.NOT_FOUND, 404, "OBJECT_NOT_FOUND", reason)


def _creation(record: Record, rules: Rules) -> Change:
    key = new_key(record, rules) or record.key
    values: Mapping[str, str] = {**record.properties, rules.id_property: key}
    return Change(record, Write.CREATE, key, (for_new(values) if rules.gives_addresses else values,))


def _against(
    record: Record, stored: Stored, rules: Rules, others: Mapping[str, Stored] = MappingProxyType({})
) -> Change | Result:
    """Compare a record with the contact that has its key.

    :param others: address → contact, as far as second addresses were looked up.
    """
    differing, current = _differing(record, stored, rules), stored.properties.get(STAGE)
    left = _left(differing, stored, others) if rules.gives_addresses else {}
    if stage := differing.get(STAGE):
        if problem := stage_problem(record, current, stage, rules):
            return problem
        if rules.on_regression is OnRegression.KEEP and rules.stages.goes_back(current, stage):
            del differing[STAGE]
    if not differing:
        result = Result(record.row, record.key, Outcome.UNCHANGED, contact=stored.id)
        return with_left(result, left)
    before = {name: stored.properties.get(name) for name in differing}
    steps = steps_of(differing, current, rules)
    return Change(record, Write.UPDATE, stored.address, steps, before, contact=stored.id, left=left)


def _left(differing: dict[str, str], stored: Stored, others: Mapping[str, Stored]) -> Mapping[str, str]:
    """Take second addresses out of what is written to a contact that exists.

    :param differing: what is to be written and is not there.
    :return: property → why it is left alone.
    """
    text = differing.pop(SECOND_ADDRESSES, None)
    reason = None if text is None else unwritable(text, stored, differing.get(EMAIL), others)
    return {SECOND_ADDRESSES: reason} if reason else {}


def _differing(record: Record, stored: Stored, rules: Rules) -> dict[str, str]:
    """Return what is to be written and is not there."""
    has, kinds = stored.properties, rules.kinds
    return {
        name: value
        for name, value in _wanted(record, stored, rules).items()
        if (current := has.get(name)) != value and not same(kinds.get(name, Kind.UNKNOWN), value, current)
    }


def stage_problem(record: Record, current: str | None, stage: str, rules: Rules) -> Result | None:
    """Return the result of a record whose stage must not be written; None if it may be.

    :param record: the record.
    :param current: the contact's stage now.
    :param stage: that the contact is to have.
    :param rules: what the run was asked to do.
    """
    if current and not rules.stages.order:
        reason = f"the portal's stages could not be read, so {STAGE} cannot be checked"
        return Result(record.row, record.key, Outcome.UNAVAILABLE, category="STAGES", reason=reason)
    if rules.on_regression is OnRegression.REJECT and rules.stages.goes_back(current, stage):
        reason = f"{STAGE} would go back from {current} to {stage}"
        return Result(record.row, record.key, Outcome.INVALID, None, "STAGE_REGRESSION", reason, (STAGE,))
    return None


def _wanted(record: Record, stored: Stored, rules: Rules) -> Mapping[str, str]:
    """Return what is to be written in view of what is there."""
    if rules.modes.keys().isdisjoint(record.properties):
        return record.properties
    wanted = dict(record.properties)
    for name, mode in rules.modes.items():
        has = stored.properties.get(name)
        if has and name in wanted:
            wanted[name] = written_over(has, wanted[name], mode)
    return wanted


def steps_of(
    differing: Mapping[str, str], current: str | None, rules: Rules
) -> tuple[Mapping[str, str], ...]:
    """Return what is written, one after the other, so that a contact that exists gets values.

    :param differing: the values; a stage that goes back is among them only if it is to be reset.
    :param current: the contact's stage now.
    :param rules: what the run was asked to do.
    """
    stage = differing.get(STAGE)
    if not stage or not rules.stages.goes_back(current, stage):
        return (differing,)
    # Other values go with the clearing: if HubSpot refuses one of them, the stage stays as it is. A new
    # key goes last: the steps may be addressed by the old one.
    moved = {name: value for name, value in differing.items() if name == rules.id_property}
    rest = {name: value for name, value in differing.items() if name != rules.id_property}
    steps = ({**rest, STAGE: ""}, {STAGE: stage})
    return (*steps, moved) if moved else steps
