# SPDX-License-Identifier: Apache-2.0
"""A record, such as a contact, and what its properties were before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from airflow_provider_hubcontact.sandbox.crm.times import iso

ID = "hs_object_id"
"""The property that holds the id of a record."""

HISTORY_LENGTH = 45
"""The most former values of a property in an answer (U)."""

MAX_WRITES = 200
"""The most writes that a record remembers; older values are forgotten."""


class Version(NamedTuple):
    """One value that a property had.

    :param timestamp: when it was set, in milliseconds since 1970.
    :param source: what set it.
    :param source_id: the app, or the import.
    """

    value: str
    timestamp: int
    source: str
    source_id: str = ""


class Write(NamedTuple):
    """One change of a record.

    :param values: property → new value.
    :param timestamp: milliseconds since 1970.
    :param timestamps: property → the time that was given for its value.
    """

    values: Mapping[str, str]
    timestamp: int
    timestamps: Mapping[str, int]
    source: str
    source_id: str = ""


@dataclass(slots=True)
class Record:
    """A record of the portal.

    :param id: the record id; v1 calls a contact's vid. No two records of a portal have the same one.
    :param type: the id of its object type.
    :param properties: name → current value; ``""`` if it was cleared, missing if it never had a value.
    :param writes: the changes, the first one first.
    :param archived_at: when it was deleted, in milliseconds since 1970; 0 if it was not.
    """

    id: str
    type: str
    created_at: int
    updated_at: int
    properties: dict[str, str] = field(default_factory=dict)
    writes: list[Write] = field(default_factory=list)
    archived_at: int = 0

    @property
    def email(self) -> str:
        """The primary address of a contact; empty if it has no address."""
        return self.properties.get("email", "")

    @property
    def secondary_emails(self) -> list[str]:
        """The other addresses of a contact, which identify it as well (D: contacts guide)."""
        additional = self.properties.get("hs_additional_emails", "").lower()
        return [address for address in additional.split(";") if address]

    @property
    def merged_ids(self) -> list[str]:
        """The ids of the records that were merged into it (D: contacts guide, merge)."""
        return [each for each in self.properties.get("hs_merged_object_ids", "").split(";") if each]

    @property
    def history(self) -> dict[str, list[Version]]:
        """Property → its values, the latest first."""
        history: dict[str, list[Version]] = {}
        for write in reversed(self.writes):
            for name, value in write.values.items():
                versions = history.setdefault(name, [])
                if len(versions) < HISTORY_LENGTH:
                    timestamp = write.timestamps.get(name, write.timestamp)
                    versions.append(Version(value, timestamp, write.source, write.source_id))
        return history

    def as_of(self, moment: int) -> Record | None:
        """Return the record as it was at a moment.

        :param moment: milliseconds since 1970.
        :return: the record itself if it has not changed since; None if it did not exist.
        """
        if self.created_at > moment or 0 < self.archived_at <= moment:
            return None
        if self.updated_at <= moment:
            return self
        kept = [write for write in self.writes if write.timestamp <= moment]
        properties = dict(self.properties)
        for name in {name for write in self.writes[len(kept) :] for name in write.values}:
            properties.pop(name, None)
        for write in kept:
            properties.update(write.values)
        updated_at = kept[-1].timestamp if kept else self.created_at
        modified = properties.keys() & {"lastmodifieddate", "hs_lastmodifieddate"}
        properties |= dict.fromkeys(modified, iso(updated_at))
        return replace(self, properties=properties, writes=kept, updated_at=updated_at)

    def write(self, write: Write) -> None:
        """Change properties, and remember the write."""
        self.properties.update(write.values)
        self.writes.append(write)
        if len(self.writes) > MAX_WRITES:
            del self.writes[0]

    def copy(self) -> Record:
        """Return a record that holds the same, and does not change with this one."""
        return replace(self, properties=dict(self.properties), writes=list(self.writes))

    def adopt(self, other: Record) -> None:
        """Take over what another record with the same id and type holds."""
        self.created_at, self.updated_at, self.archived_at = (
            other.created_at,
            other.updated_at,
            other.archived_at,
        )
        self.properties, self.writes = dict(other.properties), list(other.writes)
