# SPDX-License-Identifier: Apache-2.0
"""Merges rows of one key into one write, where the result is the same as of one write per row."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_provider_hubcontact.sync.decide.lifecycle import STAGE
from airflow_provider_hubcontact.sync.decide.rules import Rules
from airflow_provider_hubcontact.sync.model.change import DRY_RUN_CATEGORIES, Write
from airflow_provider_hubcontact.sync.model.outcome import ABOUT_A_RECORD, DECIDES_VALUES, Outcome, Result
from airflow_provider_hubcontact.sync.model.ports import Step
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.keys import EMAIL, SECOND_ADDRESSES

_OF_ONE = ABOUT_A_RECORD | {Outcome.INVALID}
"""Outcomes that one of several merged rows may have caused."""


def with_next(live: Sequence[Record], last: Record, following: Record, rules: Rules) -> list[Record] | None:
    """Decide whether one more row of a key may be merged.

    It must overwrite all values of a row or none, so that HubSpot judges all values of the rows that count. A
    row of the same contact by another address may stand between them: the order of such rows is not promised.

    :param live: the merged rows of which values are left.
    :param last: the last merged row.
    :param following: the next row of the key.
    :param rules: what the run was asked to do.
    :return: the merged rows of which values are left then; None if the row may not be merged.
    """
    is_alike = following.timestamp == last.timestamp
    if not (is_alike and _is_plain(last, rules) and _is_plain(following, rules)):
        return None
    new = following.properties
    left = [part for part in live if not part.properties.keys() <= new.keys()]
    if any(new.get(name, value) != value for part in left for name, value in part.properties.items()):
        return None
    return [*left, following]


def _is_plain(record: Record, rules: Rules) -> bool:
    """Check whether a row only overwrites values, whatever they are."""
    properties = record.properties
    return (
        bool(properties)
        and record.before is None
        and record.digest is None
        and properties.keys().isdisjoint((STAGE, EMAIL, SECOND_ADDRESSES, rules.id_property))
        and rules.modes.keys().isdisjoint(properties)
    )


def merged(parts: Sequence[Record]) -> Record:
    """Return the record that stands for rows of one key; it has the first row's number.

    :param parts: the rows, in their order.
    """
    properties = {name: value for part in parts for name, value in part.properties.items()}
    return Record(parts[0].row, parts[0].key, properties, timestamp=parts[0].timestamp, parts=tuple(parts))


def is_to_be_parted(result: Result) -> bool:
    """Check whether the rows of a merged record are to be sent one by one, to find the one that is wrong.

    :param result: of the merged record.
    """
    return result.outcome in _OF_ONE


def parted(record: Record, result: Result) -> tuple[Result, ...]:
    """Return the results that the rows of a merged record have, in their order.

    :param record: the merged one.
    :param result: that it has.
    """
    if result.category not in DRY_RUN_CATEGORIES and result.outcome not in DECIDES_VALUES:
        return tuple(result._replace(row=part.row) for part in record.parts)
    results: list[Result] = []
    for part, names in zip(record.parts, _needed(record.parts), strict=True):
        results.append(_of_part(part, names, record, result))
        if names and _creates(result):
            result = _after_a_creation(result)
    return tuple(results)


def step_of(part: Record, step: Step) -> Step:
    """Return what a merged record's step writes for one of its rows: its values that no later row overwrites.

    :param part: the row.
    :param step: of the merged record.
    """
    values = {name: value for name, value in step.properties.items() if part.properties.get(name) == value}
    return Step(step.change._replace(record=part, steps=(values,)))


def _of_part(part: Record, names: frozenset[str], whole: Record, result: Result) -> Result:
    """Return the result of one row of a merged record.

    :param part: the row.
    :param names: its properties that no later row overwrites.
    :param whole: the merged record.
    :param result: that the merged record has.
    """
    if not names:
        reason = "later rows with the same key overwrite all its values"
        return Result(part.row, part.key, Outcome.SUPERSEDED, reason=reason)
    changes = {name: each for name, each in result.changes.items() if name in names}
    if _creates(result):  # the key is written with the first row
        key = {name: each for name, each in result.changes.items() if name not in whole.properties}
        return result._replace(row=part.row, changes=key | changes)
    if changes:
        return result._replace(row=part.row, changes=changes)
    return Result(part.row, part.key, Outcome.UNCHANGED)


def _creates(result: Result) -> bool:
    """Check whether a contact was created or, in a dry run, would be."""
    is_told = DRY_RUN_CATEGORIES.get(result.category or "") is Write.CREATE
    return is_told or result.outcome is Outcome.CREATED


def _needed(parts: Sequence[Record]) -> list[frozenset[str]]:
    """Return the properties of each row that no later row overwrites."""
    later: frozenset[str] = frozenset()
    needed: list[frozenset[str]] = []
    for part in reversed(parts):
        needed.append(frozenset(part.properties) - later)
        later |= part.properties.keys()
    return needed[::-1]


def _after_a_creation(result: Result) -> Result:
    """Return the result of a row whose contact another one has created."""
    if result.outcome is Outcome.CREATED:
        return result._replace(outcome=Outcome.UPDATED, status=200)
    return result._replace(category="WOULD_UPDATE", reason=f"dry run: would {Write.UPDATE}")
