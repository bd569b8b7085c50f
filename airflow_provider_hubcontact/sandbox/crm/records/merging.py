# SPDX-License-Identifier: Apache-2.0
"""What two records become when they are merged: which values win, and what is kept of the others.

HubSpot docs: changelog "Updated merge functionality for contacts and companies" (the new id, the primary
one's values), knowledge base "Merge records" (the exceptions).
"""

from __future__ import annotations

from heapq import merge as in_order
from operator import attrgetter

from airflow_provider_hubcontact.sandbox.crm.record import ID, MAX_WRITES, Record, Write
from airflow_provider_hubcontact.sandbox.crm.records.collection import Collection
from airflow_provider_hubcontact.sandbox.crm.records.pending_writes import STAGE
from airflow_provider_hubcontact.sandbox.crm.times import iso
from airflow_provider_hubcontact.sandbox.errors.requests import InvalidInput

MERGED_IDS = "hs_merged_object_ids"
MAX_MERGES = 250
"""The most records that one may be made of (D)."""

SOURCE = "MERGE_OBJECTS"
"""The origin of a merge's values in their history (T)."""


def merged(collection: Collection, primary: Record, other: Record, new_id: str) -> Record:
    """Return what two records become; the collection is not changed.

    :param collection: where both are.
    :param primary: the record whose values win.
    :param other: the record that is merged into it; its values are taken where the primary one has none.
    :param new_id: the id of the result, which may be the primary one's.
    :raises InvalidInput: if they are the same, or made of too many (U: the texts).
    """
    if primary is other:
        raise InvalidInput(f"The {collection.kind.singular} {primary.id} cannot be merged with itself.")
    ids = [*primary.merged_ids, *other.merged_ids, primary.id, other.id]
    if len(ids) > MAX_MERGES:
        raise InvalidInput(f"The {collection.kind.singular} {primary.id} is made of too many others.")
    now = collection.shared.now()
    values = _values(collection, primary, other)
    values[MERGED_IDS] = ";".join(each for each in ids if each != new_id)
    properties = values | {
        ID: new_id,
        "createdate": min(primary.properties["createdate"], other.properties["createdate"]),
        **dict.fromkeys(collection.kind.modified, iso(now)),
    }
    created_at = primary.created_at if new_id == primary.id else now
    writes = _history(primary, other, values, Write({}, now, {}, SOURCE, collection.shared.writer))
    return Record(new_id, primary.type, created_at, now, properties, writes)


def _values(collection: Collection, primary: Record, other: Record) -> dict[str, str]:
    """Return the values, without those that only HubSpot sets."""
    values = dict(primary.properties)
    values |= {name: value for name, value in other.properties.items() if not values.get(name)}
    values |= _latest_stage(collection, primary, other)
    values |= _further_addresses(collection, primary, other, values)
    own = {ID, "createdate", *collection.kind.modified}
    return {name: value for name, value in values.items() if name not in own}


def _latest_stage(collection: Collection, primary: Record, other: Record) -> dict[str, str]:
    """Return the lifecycle stage that is farther on; nothing if neither record ever had one."""
    stages = [each.properties.get(STAGE, "") for each in (primary, other)]
    rank = collection.definitions[STAGE].rank
    return {STAGE: max(stages, key=lambda stage: rank.get(stage, -1))} if any(stages) else {}


def _further_addresses(
    collection: Collection, primary: Record, other: Record, values: dict[str, str]
) -> dict[str, str]:
    """Return the addresses or domains of both, without the first one; nothing if there are no others.

    :param values: the values so far, with the first one.
    """
    name, further = collection.kind.merged
    everything = [
        value
        for each in (primary, other)
        for value in (each.properties.get(name, ""), *each.properties.get(further, "").split(";"))
    ]
    first = values.get(name, "")
    rest = dict.fromkeys(each for each in everything if each and each != first)
    return {further: ";".join(rest)} if rest else {}


def _history(primary: Record, other: Record, values: dict[str, str], last: Write) -> list[Write]:
    """Return the writes of both, and what the merge itself changed (D: the histories are kept)."""
    writes = list(in_order(other.writes, primary.writes, key=attrgetter("timestamp")))
    before: dict[str, str] = {}
    for write in writes:
        before |= write.values
    changes = {name: value for name, value in values.items() if before.get(name) != value}
    return [*writes, last._replace(values=changes)][-MAX_WRITES:]
