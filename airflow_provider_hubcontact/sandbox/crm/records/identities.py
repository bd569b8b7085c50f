# SPDX-License-Identifier: Apache-2.0
"""The values that identify records: ids, addresses of contacts, and other unique properties."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from airflow_provider_hubcontact.sandbox.crm.object_types import ObjectType
from airflow_provider_hubcontact.sandbox.crm.record import Record
from airflow_provider_hubcontact.sandbox.crm.records.pending_writes import OTHERS, PendingWrite
from airflow_provider_hubcontact.sandbox.errors.records import RecordExists
from airflow_provider_hubcontact.sandbox.errors.values import InvalidProperties, Problem


class Identities:
    """Finds the records of one object type by their unique values. Letter case does not matter.

    :param kind: the object type.

    HubSpot docs: contacts guide (secondary emails, merge), changelog "Unique properties for contacts".
    """

    def __init__(self, kind: ObjectType) -> None:
        self._kind = kind
        self._address = address = kind.address
        self._holders: dict[str, dict[str, Record]] = {address: {}} if address else {}
        self._merged: dict[str, Record] = {}  # id before a merge → what the record has become

    @classmethod
    def of(
        cls, kind: ObjectType, records: Iterable[Record], properties: Iterable[str], archived: Iterable[str]
    ) -> Identities:
        """Index records by all of their unique values.

        :param kind: the object type.
        :param records: the records.
        :param properties: the unique ones, archived ones included.
        :param archived: archived ones, which find no records; still no two records may share one of their
            values.
        :raises ValueError: if two records share a value.
        """
        identities = cls(kind)
        for name in properties:
            identities.add_property(name)
        for record in records:
            identities.add(record)
        for name in archived:
            identities.drop_property(name)
        return identities

    @property
    def names(self) -> Collection[str]:
        """The properties that identify records."""
        return self._holders.keys()

    def add_property(self, name: str) -> None:
        """Add a property that identifies records."""
        self._holders.setdefault(name, {})

    def drop_property(self, name: str) -> None:
        """Remove a property from those that identify records."""
        self._holders.pop(name, None)

    def find(self, name: str, value: str) -> Record | None:
        """Find the record that has a value, which may be a secondary address."""
        return self._holders.get(name, {}).get(value.lower())

    def find_merged(self, former_id: str) -> Record | None:
        """Find the record into which another one was merged."""
        return self._merged.get(former_id)

    def check(self, draft: PendingWrite, claimed: Mapping[tuple[str, str], str]) -> None:
        """Check that no other record has a unique value of a draft, and note these values in the draft.

        :param draft: the draft.
        :param claimed: the unique values of the other drafts of the batch.
        :raises RecordExists: if another record has one.
        """
        values = draft.values
        if values.keys().isdisjoint(self._holders) and OTHERS not in values:
            return  # as for nearly all updates
        unique = draft.unique = self._unique(values)
        own, singular = draft.record.id, self._kind.singular
        for name, value in unique:
            holder = self._holders[name].get(value)
            if holder is not None and holder is not draft.record:
                raise RecordExists(singular, holder.id, value, name)
            if claimed.get((name, value), own) != own:
                raise RecordExists(singular, None, value, name, claimed[name, value])

    def _unique(self, values: Mapping[str, str]) -> list[tuple[str, str]]:
        """Return the unique ones of some values, each with its property, among them all addresses."""
        unique = [(name, values[name].lower()) for name in self._holders if values.get(name)]
        if self._address and values.get(OTHERS):
            unique += [(self._address, address) for address in values[OTHERS].lower().split(";")]
        return unique

    def move(self, record: Record, changes: dict[str, str], *, keep_old_email: bool) -> None:
        """Index a record by new values instead of its present ones.

        :param record: the record, which still has its present values.
        :param changes: property → new value; properties that are not unique are ignored. If the primary
            address changes, what becomes of the secondary ones is added.
        :param keep_old_email: whether a replaced primary address becomes a secondary one.
        """
        address = self._address
        if address and address in changes and OTHERS not in changes:
            _move_secondary(record, changes, changes[address], keep_old=keep_old_email)
        for name, holders in self._holders.items():
            if name in changes or (name == address and OTHERS in changes):
                for value in self._values(record.properties, name):
                    del holders[value]
                holders.update(dict.fromkeys(self._values(record.properties | changes, name), record))

    def add(self, record: Record) -> None:
        """Index a record by all of its unique values.

        :raises ValueError: if another record has one, or an earlier id is not valid.
        """
        for name, holders in self._holders.items():
            for value in self.values(record, name):
                if holders.setdefault(value, record) is not record:
                    raise ValueError(f"The records {holders[value].id} and {record.id} share a {name}.")
        for former_id in self._impossible_ids(record):
            raise ValueError(f"The record {record.id} cannot have been {former_id!r} before a merge.")
        self._merged |= dict.fromkeys(record.merged_ids, record)

    def forget(self, record: Record) -> None:
        """Remove a record from the index."""
        for name, holders in self._holders.items():
            for value in self.values(record, name):
                del holders[value]
        for former_id in record.merged_ids:
            self._merged.pop(former_id, None)

    def add_former_ids(self, record: Record) -> None:
        """Index a record by its ids before a merge.

        :raises InvalidProperties: if another record has one of the ids, or one is not valid.
        """
        for former_id in self._impossible_ids(record):
            text = f"{former_id} cannot be an id of this record before a merge."
            raise InvalidProperties([Problem("hs_merged_object_ids", "INVALID_MERGED_ID", text)])
        self._merged |= dict.fromkeys(record.merged_ids, record)

    def _impossible_ids(self, record: Record) -> Iterator[str]:
        """Yield those ids before a merge that are no numbers, or another record's."""
        for each in record.merged_ids:
            if not (each.isascii() and each.isdigit()) or self._merged.get(each, record) is not record:
                yield each

    def values(self, record: Record, name: str) -> list[str]:
        """Return the values by which a property identifies a record, in lower case."""
        return self._values(record.properties, name)

    def _values(self, properties: Mapping[str, str], name: str) -> list[str]:
        others = properties.get(OTHERS, "").split(";") if name == self._address else []
        values = (properties.get(name, ""), *others)
        return list(filter(None, dict.fromkeys(value.lower() for value in values)))


def _move_secondary(record: Record, changes: dict[str, str], new: str, *, keep_old: bool) -> None:
    """Add what becomes of the secondary addresses to the changes of a record that gets a new primary one.

    It is no secondary address any longer, and the old one is one if it is kept.
    """
    before = record.secondary_emails
    after = [address for address in before if address != new]
    if record.email and keep_old:
        after.append(record.email)
    if after != before:
        changes[OTHERS] = ";".join(after)
