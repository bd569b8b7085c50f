# SPDX-License-Identifier: Apache-2.0
"""The values and keys that contacts would have after the writes of a dry run."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

import orjson

from airflow_provider_hubcontact.sync.model.change import Change, Stored, Write
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from airflow_provider_hubcontact.sync.model.ports import Found
from airflow_provider_hubcontact.sync.rows.keys import EMAIL, SECOND_ADDRESSES, addresses, normalized_key

BITS = 2**24
"""Size of the filter that rules out most names that nothing was noted for: 2 MB."""


_MASK = BITS - 1


MAX_RECENT = 1_000
"""Names whose texts are held in memory before they are put on disk."""


class DryWrites:
    """Remembers what a dry run would have written, so that the next row of a contact is compared with it.

    HubSpot still has the old keys: a key that a contact would have got is looked up by the one that it has.
    As long as no contact comes twice, this hardly costs anything.

    :param id_property: property that keys are values of.
    """

    def __init__(self, id_property: str) -> None:
        self._id_property = id_property
        self._values = _Notes()  # address → property → value
        self._keys = _Notes()  # key → what is true of it since a contact got it, or lost it
        self._addresses = _Notes()  # the same of addresses, where keys are other values

    def note(self, change: Change, seen: Found) -> None:
        """Remember a change as if it had been written.

        :param change: what would be written.
        :param seen: what :meth:`seen` returned for its record.
        """
        address = change.address
        if change.write in {Write.CREATE, Write.UPSERT}:
            address = self._created(change)
            for other in self._others(change):
                self._keys.put(other, {"address": address})
        elif self._id_property in change.outcome:
            self._moved(change, is_found_by_key=change.record.key in seen.contacts)
        if self._id_property != EMAIL:
            self._note_addresses(change, address)
        values = dict(self._values.of(address))
        for step in change.steps:
            for name, value in step.items():
                # HubSpot docs: "Properties" guide, a leading semicolon adds to what is there.
                has = values.get(name) or change.before.get(name) or "" if value[:1] == ";" else ""
                values[name] = has + value
        self._values.put(address, values)

    def _created(self, change: Change) -> str:
        """Return the address of a contact that would be created."""
        key = change.address
        if not self._keys.of(key):
            return _new(key)
        # Another contact lost this key, and is known by it.
        address = f"{key} of row {change.record.row}"
        self._keys.put(key, {"address": address})
        return address

    def _others(self, change: Change) -> tuple[str, ...]:
        """Return the further keys of a contact that would be created: its second addresses."""
        return addresses(change.outcome.get(SECOND_ADDRESSES, "")) if self._id_property == EMAIL else ()

    def _note_addresses(self, change: Change, address: str) -> None:
        """Remember who would have the addresses that a change gives, and that nobody would have a former one.

        :param change: what would be written.
        :param address: of its contact.
        """
        outcome = change.outcome
        if EMAIL in outcome and (lost := change.before.get(EMAIL)):
            self._addresses.put(normalized_key(EMAIL, lost), {"nobody": ""})
        first = normalized_key(EMAIL, outcome.get(EMAIL, ""))
        for each in filter(None, (first, *addresses(outcome.get(SECOND_ADDRESSES, "")))):
            self._addresses.put(each, {"address": address})

    def _moved(self, change: Change, *, is_found_by_key: bool) -> None:
        """Remember that a contact would lose its key, and get another one.

        :param change: what would be written.
        :param is_found_by_key: whether the contact has the record's key. If not, it has the new one, as an
            address beside its first one.
        """
        key = change.record.key
        now = self._keys.of(key) or {"key": key}
        if lost := change.before.get(self._id_property):
            self._keys.put(lost, {"nobody": ""})
        got = change.outcome[self._id_property]
        if got and is_found_by_key:
            self._keys.put(got, now)

    def asked(self, keys: Iterable[str]) -> tuple[str, ...]:
        """Return the keys by which HubSpot is asked for the contacts that would have some keys."""
        return tuple(dict.fromkeys(self._keys.of(key).get("key", key) for key in keys))

    def seen(self, found: Found, keys: Sequence[str]) -> Found:
        """Return what a look-up would have found if the dry run had written.

        :param found: what it found by the keys that :meth:`asked` returned.
        :param keys: the keys that this is wanted for.
        """
        contacts: dict[str, Stored] = {}
        missing: set[str] = set()
        for key in keys:
            now = self._keys.of(key)
            asked = now.get("key", key)
            stored = None if "address" in now or "nobody" in now else found.contacts.get(asked)
            address = now.get("address", stored.address if stored else _new(asked))
            values = {} if "nobody" in now else self._values.of(address)
            if values:
                stored = stored or Stored(address, address, {})
                stored = stored._replace(properties={**stored.properties, **values})
            if stored:
                contacts[key] = stored
            if "nobody" in now or (asked in found.missing and not values):
                missing.add(key)
        return Found(contacts, frozenset(missing))

    def seen_by_address(self, found: Found, given: Iterable[str]) -> Found:
        """Return who would have addresses if the dry run had written, where keys are other values.

        :param found: who has them.
        :param given: the addresses.
        """
        contacts, missing = dict(found.contacts), set(found.missing)
        for each in given:
            now = self._addresses.of(each)
            if now:
                contacts.pop(each, None)
                missing.discard(each)
            if "nobody" in now:
                missing.add(each)
            elif address := now.get("address"):
                contacts[each] = Stored(address, address, {})
        return Found(contacts, frozenset(missing))

    def told(self, planned: Change | Result) -> Change | Result:
        """Return what becomes of a record; if it is not found, say whether that is because of an earlier row.

        :param planned: what becomes of it.
        """
        if (
            isinstance(planned, Result)
            and planned.outcome is Outcome.NOT_FOUND
            and "nobody" in self._keys.of(planned.key)
        ):
            reason = f"no contact would have the {self._id_property} {planned.key}: an earlier row changes it"
            return planned._replace(reason=reason)
        return planned


def _new(key: str) -> str:
    """Return the address of a contact that would be created with a key, which may look like a record id."""
    return f"new {key}"


class _Notes:
    """Texts that are noted for names; all but the latest are on disk."""

    def __init__(self) -> None:
        self._is_indexed = False
        self._filter = bytearray(BITS // 8)
        self._recent: dict[str, Mapping[str, str]] = {}

    @cached_property
    def _db(self) -> sqlite3.Connection:
        """The texts that are not held in memory; most runs have none."""
        db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        db.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN; CREATE TABLE note (name, json)"
        )
        return db

    def put(self, name: str, texts: Mapping[str, str]) -> None:
        """Note texts for a name, in place of the earlier ones."""
        self._recent[name] = texts
        place = hash(name) & _MASK
        self._filter[place >> 3] |= 1 << (place & 7)
        if len(self._recent) >= MAX_RECENT:
            rows = ((key, orjson.dumps(each)) for key, each in self._recent.items())
            self._db.executemany("INSERT INTO note VALUES (?, ?)", rows)
            self._recent.clear()

    def of(self, name: str) -> Mapping[str, str]:
        """Return the texts of a name; none if nothing was noted for it."""
        place = hash(name) & _MASK
        if not self._filter[place >> 3] & 1 << (place & 7):
            return {}
        return self._recent.get(name) or self._kept(name)

    def _kept(self, name: str) -> Mapping[str, str]:
        if not self._is_indexed:
            self._db.execute("CREATE INDEX of_name ON note (name)")
            self._is_indexed = True
        query = "SELECT json FROM note WHERE name = ? ORDER BY rowid DESC LIMIT 1"
        found = self._db.execute(query, (name,)).fetchone()
        texts: dict[str, str] = orjson.loads(found[0]) if found else {}
        return texts
