"""The values that contacts would have after the writes of a dry run."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from functools import cached_property

import orjson

from airflow_provider_hubcontact.sync.model.change import Change, Stored
from airflow_provider_hubcontact.sync.model.ports import Found

BITS = 2**24
"""Size of the filter that rules out most contacts that were not written: 2 MB."""


_MASK = BITS - 1


MAX_RECENT = 1_000
"""Contacts whose values are held in memory before they are put on disk."""


class DryWrites:
    """Remembers what a dry run would have written, so that the next row of a contact is compared with it.

    The values are on disk. As long as no contact comes twice, this hardly costs anything.
    """

    def __init__(self) -> None:
        self._is_indexed = False
        self._filter = bytearray(BITS // 8)
        self._recent: dict[str, Mapping[str, str]] = {}

    @cached_property
    def _db(self) -> sqlite3.Connection:
        """The values that are not held in memory; most runs have none."""
        db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        db.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN; CREATE TABLE written (address, json)"
        )
        return db

    def note(self, change: Change) -> None:
        """Remember a change as if it had been written."""
        address = change.address
        values = dict(self._values(address)) if self._may_be_in(address) else {}
        for step in change.steps:
            for name, value in step.items():
                # HubSpot docs: "Properties" guide, a leading semicolon adds to what is there.
                has = values.get(name) or change.before.get(name) or "" if value[:1] == ";" else ""
                values[name] = has + value
        self._recent[address] = values
        place = hash(address) & _MASK
        self._filter[place >> 3] |= 1 << (place & 7)
        if len(self._recent) >= MAX_RECENT:
            rows = ((key, orjson.dumps(each)) for key, each in self._recent.items())
            self._db.executemany("INSERT INTO written VALUES (?, ?)", rows)
            self._recent.clear()

    def seen(self, found: Found, keys: Sequence[str]) -> Found:
        """Return what a look-up would have found if the dry run had written.

        :param found: what it found.
        :param keys: the keys that this is wanted for.
        """
        shown: dict[str, Stored] = {}
        for key in keys:
            stored = found.contacts.get(key)
            address = stored.address if stored else key
            if self._may_be_in(address) and (values := self._values(address)):
                old = stored or Stored(key, key, {})
                shown[key] = old._replace(properties={**old.properties, **values})
        if not shown:
            return found
        return Found({**found.contacts, **shown}, found.missing - shown.keys())

    def _may_be_in(self, address: str) -> bool:
        place = hash(address) & _MASK
        return bool(self._filter[place >> 3] & 1 << (place & 7))

    def _values(self, address: str) -> Mapping[str, str]:
        return self._recent.get(address) or self._kept(address)

    def _kept(self, address: str) -> Mapping[str, str]:
        if not self._is_indexed:
            self._db.execute("CREATE INDEX of_address ON written (address)")
            self._is_indexed = True
        query = "SELECT json FROM written WHERE address = ? ORDER BY rowid DESC LIMIT 1"
        found = self._db.execute(query, (address,)).fetchone()
        values: dict[str, str] = orjson.loads(found[0]) if found else {}
        return values
