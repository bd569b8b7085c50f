# SPDX-License-Identifier: Apache-2.0
"""What is to be written for a record."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from airflow_provider_hubcontact.sync.model.outcome import Result
from airflow_provider_hubcontact.sync.model.record import Record


class Write(StrEnum):
    """The ways to write a contact: by record id, as a new one, or by its key, whether it exists or not.

    The last two are for contacts whose rows left the source: they get values, or are archived, by record id.
    """

    UPDATE = "update"
    CREATE = "create"
    UPSERT = "upsert"
    REMOVE = "remove"
    ARCHIVE = "archive"


BY_RECORD_ID = frozenset({Write.UPDATE, Write.REMOVE, Write.ARCHIVE})
"""Writes of contacts that exist; HubSpot takes them again without harm."""


REMOVALS = (Write.REMOVE, Write.ARCHIVE)
"""What is done about contacts whose rows left the source, or that an undone run has created. A plan's line of
one has the contact's record id as its key; for a row that left, it has the digest of the key that left."""


WOULD_ARCHIVE = "WOULD_ARCHIVE"


DRY_RUN_CATEGORIES: Mapping[str, Write] = {
    "WOULD_UPDATE": Write.UPDATE,
    "WOULD_CREATE": Write.CREATE,
    "WOULD_REMOVE": Write.REMOVE,
    WOULD_ARCHIVE: Write.ARCHIVE,
}
"""Category of a dry run's result → what would be done."""


class Stored(NamedTuple):
    """A contact as HubSpot has it now.

    :param id: record id.
    :param address: what a write is addressed to: the record id, or for the legacy API the e-mail.
    :param properties: the current values of the properties that were asked for.
    """

    id: str
    address: str
    properties: Mapping[str, str | None]


class Change(NamedTuple):
    """What is to be written for one record.

    :param record: the record.
    :param write: how the contact is written.
    :param address: the contact's address; for a create, the key that it will have; for an upsert, its key.
    :param steps: property values, written one after the other, each only after the one before is proved.
        Those of an archived contact are all empty.
    :param before: the values that the written properties have now, as far as they were read.
    :param ending: how the record ends once the steps are written, if not as written.
    :param met: this creation comes after another write, whose answer left to a look-up what to do.
    :param is_direct: the contact was not looked up, although its API could do so.
    :param contact: record id of the contact, as it was looked up or, of such a contact, proved before; None
        if it is not known.
    :param is_blind: the contact was not looked up, since its API need not do so.
    :param left: property → why it is left alone, although something was asked for it.
    :param key: property → value that the contact gets besides the steps' values if HubSpot creates it: its
        key, where it was not looked up whether there is a contact. One that exists has it already, perhaps as
        a second address.
    """

    record: Record
    write: Write
    address: str
    steps: tuple[Mapping[str, str], ...]
    before: Mapping[str, str | None] = MappingProxyType({})
    ending: Result | None = None
    met: bool = False
    is_direct: bool = False
    contact: str | None = None
    is_blind: bool = False
    left: Mapping[str, str] = MappingProxyType({})
    key: Mapping[str, str] = MappingProxyType({})

    def diff(self, *, created: bool = False) -> dict[str, tuple[str | None, str]]:
        """Return property → (old, new) once all steps are written.

        :param created: whether that has created the contact.
        """
        before = self.before
        steps = (self.key, *self.steps) if created else self.steps
        return {name: (before.get(name), value) for step in steps for name, value in step.items()}

    @property
    def outcome(self) -> Mapping[str, str]:
        """Property → value once all steps are written."""
        return {name: value for step in self.steps for name, value in step.items()}
