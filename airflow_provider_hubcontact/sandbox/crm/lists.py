# SPDX-License-Identifier: Apache-2.0
"""Lists of records (segments), whose members are put in and taken out by calls.

HubSpot docs: "Lists" guide; OpenAPI.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, NamedTuple

from airflow_provider_hubcontact.sandbox.crm.records.collection import Collection
from airflow_provider_hubcontact.sandbox.errors.lists import ListExists, ListNotFound
from airflow_provider_hubcontact.sandbox.errors.requests import InvalidInput

FIRST_LIST = 101
MANUAL, SNAPSHOT = "MANUAL", "SNAPSHOT"
PROCESSING = (MANUAL, SNAPSHOT)
"""The kinds of lists that the sandbox has; those that HubSpot fills itself (DYNAMIC) are not emulated."""

MAX_AT_ONCE = 100_000
"""From so many members on, a list can be neither emptied nor added to another one by one call (S)."""

RESTORABLE_MS = 90 * 24 * 60 * 60 * 1000
"""How long a deleted list can be restored (S)."""


@dataclass(slots=True)
class RecordList:
    """One list.

    :param type: the id of its members' object type.
    :param created_at: milliseconds since 1970.
    :param deleted_at: when it was deleted, in milliseconds since 1970; 0 if it was not.
    :param version: grows with every change of the list itself.
    :param members: record id → when it was put in, in milliseconds since 1970.
    """

    id: str
    name: str
    type: str
    processing: str
    created_at: int
    updated_at: int
    deleted_at: int = 0
    version: int = 1
    members: dict[str, int] = field(default_factory=dict)

    def without_members(self) -> dict[str, Any]:
        """Return the list itself as JSON values."""
        return asdict(replace(self, members={}))


class Changed(NamedTuple):
    """What a call did to the members of a list: ids, and those that no record has."""

    added: Sequence[str]
    removed: Sequence[str]
    missing: Sequence[str]


class Lists:
    """The lists of a portal.

    :ivar changes: a number that grows with every change of a list itself.
    :ivar changed: the list and the record of each membership that changed, until a store has kept them; None
        without a store.
    """

    def __init__(self) -> None:
        self._lists: dict[str, RecordList] = {}
        self.changes = 0
        self.changed: set[tuple[str, str]] | None = None

    def create(self, name: str, type_id: str, processing: str, now: int) -> RecordList:
        """Make an empty list.

        :raises InvalidInput: if the name is empty (U).
        :raises ListExists: if another list has the name.
        """
        self._check_name(name)
        new = RecordList(str(FIRST_LIST + len(self._lists)), name, type_id, processing, now, now)
        self._lists[new.id] = new
        self.changes += 1
        return new

    def get(self, list_id: str) -> RecordList:
        """Find a list.

        :raises ListNotFound: if it does not exist, or is deleted.
        """
        found = self._lists.get(list_id)
        if found is None or found.deleted_at:
            raise ListNotFound(list_id)
        return found

    def named(self, name: str, type_id: str) -> RecordList:
        """Find a list by its name.

        :raises ListNotFound: if no list of this object type has the name.
        """
        for each in self.all():
            if each.name == name and each.type == type_id:
                return each
        raise ListNotFound(name)

    def all(self) -> list[RecordList]:
        """Return the lists that are not deleted, the oldest first."""
        return [each for each in self._lists.values() if not each.deleted_at]

    def rename(self, wanted: RecordList, name: str, now: int) -> None:
        """Rename a list.

        :raises ListExists: if another list has it.
        """
        if name != wanted.name:
            self._check_name(name)
        wanted.name, wanted.updated_at, wanted.version = name, now, wanted.version + 1
        self.changes += 1

    def delete(self, wanted: RecordList, now: int) -> None:
        """Delete a list, which can be restored for 90 days."""
        wanted.deleted_at = now
        self.changes += 1

    def restore(self, list_id: str, now: int) -> None:
        """Restore a deleted list; a list that is not deleted stays as it is.

        :raises ListNotFound: if it never existed, or is deleted for too long.
        :raises ListExists: if another list has its name by now (U).
        """
        found = self._lists.get(list_id)
        if found is None or (found.deleted_at and now - found.deleted_at > RESTORABLE_MS):
            raise ListNotFound(list_id)
        if found.deleted_at:
            self._check_name(found.name)
        found.deleted_at = 0
        self.changes += 1

    def change(
        self, wanted: RecordList, records: Collection, add: Iterable[str], remove: Iterable[str], now: int
    ) -> Changed:
        """Add records to a list, and remove others. The result lists actual changes only (S).

        :param records: the records of the list's type. An id from before a merge stands for the survivor.
        """
        missing: dict[str, None] = {}
        gone, new = (_known(records, ids, missing) for ids in (remove, add))
        removed = [each for each in gone if wanted.members.pop(each, None) is not None]
        added = [each for each in new if each not in wanted.members]
        wanted.members |= dict.fromkeys(added, now)
        self._note(wanted, (*removed, *added))
        return Changed(added, removed, list(missing))

    def clear(self, wanted: RecordList) -> None:
        """Remove all records from a list.

        :raises InvalidInput: if there are too many (S).
        """
        _check_size(wanted)
        self._note(wanted, wanted.members)
        wanted.members.clear()

    def add_from(self, wanted: RecordList, source: RecordList, now: int) -> None:
        """Add the members of another list to a list.

        :raises InvalidInput: if that one is the same, too large, or of other records (S).
        """
        if wanted is source or wanted.type != source.type:
            raise InvalidInput(
                f"The lists {wanted.id} and {source.id} are the same, or of different records."
            )
        _check_size(source)
        for each in source.members:
            wanted.members.setdefault(each, now)
        self._note(wanted, source.members)

    def of(self, record_id: str) -> list[RecordList]:
        """Return the lists that a record is in."""
        return [each for each in self.all() if record_id in each.members]

    def replace(self, old: str, new: str | None) -> None:
        """Replace a record in all lists after a merge, or remove it.

        :param old: the id of the record.
        :param new: the id of the record that takes its place; None to remove it.
        """
        for each in self._lists.values():
            since = each.members.pop(old, None)
            if since is not None:
                self._note(each, [old])
                if new is not None:
                    each.members[new] = min(since, each.members.get(new, since))
                    self._note(each, [new])

    def everything(self) -> Mapping[str, RecordList]:
        """Return id → list, deleted ones included."""
        return self._lists

    def dump(self) -> list[Any]:
        """Return the lists as JSON values."""
        return [{**each.without_members(), "members": dict(each.members)} for each in self._lists.values()]

    def load(self, lists: Iterable[Mapping[str, Any]], records: Mapping[str, str]) -> None:
        """Restore what :meth:`dump` returned.

        :param records: id of every record → its type id.
        :raises ValueError: if the lists are not valid.
        """
        for place, values in enumerate(lists, FIRST_LIST):
            each = RecordList(**{**values, "members": dict(values["members"])})
            plain = {str: (each.id, each.name, each.type, each.processing)}
            plain |= {int: (each.created_at, each.updated_at, each.deleted_at, each.version)}  # type: ignore[dict-item]
            whole = all(type(value) is kind for kind, group in plain.items() for value in group)
            whole = whole and all(type(moment) is int for moment in each.members.values())
            if not whole or each.id != str(place) or each.processing not in PROCESSING:
                raise ValueError(f"The list {values['id']!r} is not valid.")
            if any(records[member] != each.type for member in each.members):
                raise ValueError(f"The list {each.id} has members of other types.")
            self._lists[each.id] = each

    def _note(self, wanted: RecordList, members: Iterable[str]) -> None:
        if self.changed is not None:
            self.changed.update((wanted.id, each) for each in members)

    def _check_name(self, name: str) -> None:
        if not name:
            raise InvalidInput("The name of a list cannot be empty.")
        if any(each.name == name for each in self.all()):
            raise ListExists(name)


def _known(records: Collection, ids: Iterable[str], missing: dict[str, None]) -> list[str]:
    """Return the ids that records have, each once, and note the others."""
    known: dict[str, None] = {}
    for each in ids:
        record = records.find(each)
        if record is None:
            missing[each] = None
        else:
            known[record.id] = None
    return list(known)


def _check_size(wanted: RecordList) -> None:
    if len(wanted.members) >= MAX_AT_ONCE:
        raise InvalidInput(f"The list {wanted.id} has {MAX_AT_ONCE:,} members or more.")
