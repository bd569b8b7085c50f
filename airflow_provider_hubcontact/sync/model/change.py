"""What is to be written for a record."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from airflow_provider_hubcontact.sync.model.outcome import Result
from airflow_provider_hubcontact.sync.model.record import Record


class Write(StrEnum):
    """The two ways to write a contact."""

    UPDATE = "update"
    CREATE = "create"


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
    :param write: whether a contact is updated or created.
    :param address: the contact's address; for a create, the key that it will have.
    :param steps: property values, written one after the other, each only after the one before is proved.
    :param before: the values that the written properties have now, as far as they were read.
    :param ending: how the record ends once the steps are written, if not as written.
    :param met: this creation comes after another one that met a contact which exists.
    """

    record: Record
    write: Write
    address: str
    steps: tuple[Mapping[str, str], ...]
    before: Mapping[str, str | None] = MappingProxyType({})
    ending: Result | None = None
    met: bool = False

    def diff(self) -> dict[str, tuple[str | None, str]]:
        """Return property → (old, new) once all steps are written."""
        before = self.before
        return {name: (before.get(name), value) for step in self.steps for name, value in step.items()}

    @property
    def outcome(self) -> Mapping[str, str]:
        """Property → value once all steps are written."""
        return {name: value for step in self.steps for name, value in step.items()}
