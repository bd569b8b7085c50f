# SPDX-License-Identifier: Apache-2.0
"""The records of one object type by their ids: those that are there, and the deleted ones."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, KeysView
from itertools import chain

from airflow_provider_hubcontact.sandbox.crm.object_types import ObjectType
from airflow_provider_hubcontact.sandbox.crm.record import ID, Record


class Shelf:
    """Keeps records.

    :ivar live: id → record.
    :ivar archived: id → deleted record, the latest deleted one last.
    """

    def __init__(self) -> None:
        self.live: dict[str, Record] = {}
        self.archived: dict[str, Record] = {}
        self._ids: list[int] = []

    @classmethod
    def of(
        cls, kind: ObjectType, records: Iterable[Record], properties: KeysView[str], next_id: int
    ) -> Shelf:
        """Keep records that come from outside.

        :param kind: their object type.
        :param records: the records, deleted ones included.
        :param properties: names of the properties, archived ones included.
        :param next_id: id of the next record that is created.
        :raises ValueError: if they do not fit.
        """
        shelf = cls()
        own = {ID, "createdate", *kind.modified}
        for record in records:
            if record.id in shelf.live or record.id in shelf.archived or int(record.id) >= next_id:
                raise ValueError(f"The id {record.id} is taken, or not given yet.")
            if not own <= record.properties.keys() <= properties:
                raise ValueError(f"The {kind.singular} {record.id} has other properties than the portal.")
            (shelf.archived if record.archived_at else shelf.live)[record.id] = record
        shelf._ids = sorted(map(int, shelf.live))
        return shelf

    def put_in(self, record: Record) -> None:
        """Keep one more record."""
        self.live[record.id] = record
        insort(self._ids, int(record.id))

    def take_out(self, record: Record) -> None:
        """Keep a record that is there no longer."""
        del self.live[record.id]
        self._ids.pop(bisect_right(self._ids, int(record.id)) - 1)

    def page(self, after: int, most: int, *, archived: bool) -> list[Record]:
        """Return records in the order of their ids.

        :param after: only records with a larger id.
        :param most: the most records.
        :param archived: return deleted records instead.
        """
        side = self.archived if archived else self.live
        ids = sorted(map(int, side)) if archived else self._ids
        start = bisect_right(ids, after)
        return [side[str(number)] for number in ids[start : start + most]]

    def everything(self) -> Iterable[Record]:
        """Return all records, and then the deleted ones."""
        return chain(self.live.values(), self.archived.values())
