# SPDX-License-Identifier: Apache-2.0
"""What a run was asked to do, and the keys that it looks up for a record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from airflow_provider_hubcontact.sync.decide.lifecycle import STAGE, Stages
from airflow_provider_hubcontact.sync.model.change import Change, Stored, Write
from airflow_provider_hubcontact.sync.model.choices import OnRegression, WriteMode
from airflow_provider_hubcontact.sync.model.outcome import Result
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.comparison import Kind
from airflow_provider_hubcontact.sync.rows.keys import EMAIL, SECOND_ADDRESSES, addresses, normalized_key


class LookUp(Enum):
    """Which contacts are looked up before they are written, besides those whose current values are needed."""

    ALL = "all"
    UNPROVED = "those whose record id is not proved"
    NONE = "none"


class CannotTell(Exception):
    """What a rule is about cannot be read, which is nothing about the record: the run ends.

    Its cause says why.
    """


class Spared(NamedTuple):
    """Why a contact is not removed.

    :param category: of its result.
    :param reason: a sentence about it.
    """

    category: str
    reason: str


@dataclass(frozen=True, slots=True)
class Rules:
    """What the run was asked to do.

    :param id_property: HubSpot property that keys are values of.
    :param create: create contacts that do not exist (upsert).
    :param gives_addresses: whether contacts that are created get the second addresses of their records.
    :param on_regression: what happens when a stage would go back.
    :param stages: the portal's stages.
    :param kinds: property → what its values are, as far as it is known.
    :param modes: property → how it is written; overwritten unless named.
    :param look_up: which contacts are looked up, where the API can look all of them up.
    :param removes: how contacts are written whose rows left the source; keys are their record ids then. None
        for the rows of a source.
    :param may_remove: whether a removal is still to be carried out. If not, it ends well only if nothing is
        left to be done.
    :param spared: why the contact of a removal, which has such values, is left alone; None if it is not. It
        may raise :class:`CannotTell`.
    :param decides: what decides about records in place of all this; they are looked up by their keys.
    """

    id_property: str = "email"
    create: bool = False
    gives_addresses: bool = False
    on_regression: OnRegression = OnRegression.REJECT
    stages: Stages = field(default_factory=Stages.default)
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    modes: Mapping[str, WriteMode] = field(default_factory=dict)
    look_up: LookUp = LookUp.ALL
    removes: Write | None = None
    may_remove: Callable[[Record], bool] = lambda _: True
    spared: Callable[[Record, Mapping[str, str | None]], Spared | None] = lambda *_: None
    decides: Callable[[Record, Stored | None], Change | Result] | None = None

    def needs_current(self, record: Record) -> bool:
        """Check whether the contact must be read before the record can be written safely.

        A stage could go back silently, a repeated change of address would not find the old one, only a new
        contact takes second addresses, a mode may depend on the current value, a plan may be out of date, and
        a record without values is only looked up.

        :param record: the record.
        """
        properties = record.properties
        return (
            not properties
            or record.before is not None
            or STAGE in properties
            or SECOND_ADDRESSES in properties
            or new_key(record, self) is not None
            or not self.modes.keys().isdisjoint(properties)
        )


def new_key(record: Record, rules: Rules) -> str | None:
    """Return the key that the record's contact is to have; None if it stays.

    :param record: the record.
    :param rules: say which property keys are values of.
    """
    return record.properties.get(rules.id_property) or None


def keys_of(record: Record, rules: Rules) -> tuple[str, ...]:
    """Return the keys that are looked up for a record: its own, and those that its contact may get.

    See :func:`addresses_given` for addresses where keys are other values.

    :param record: the record.
    :param rules: what the run was asked to do.
    """
    key, properties = new_key(record, rules), record.properties
    if SECOND_ADDRESSES not in properties or not rules.gives_addresses or rules.id_property != EMAIL:
        return (record.key, key) if key and key != record.key else (record.key,)
    keys = (record.key, key, *addresses(properties[SECOND_ADDRESSES]))
    return tuple(dict.fromkeys(filter(None, keys)))


def addresses_given(record: Record, rules: Rules, *, met: bool = False) -> tuple[str, ...]:
    """Return the addresses that a record gives a new contact, and that are looked up for it.

    That is where keys are other values, and once it is known that nobody has the key. A first address without
    second ones is left to HubSpot, since it would take another call for each batch of creations.

    :param record: the record.
    :param rules: what the run was asked to do.
    :param met: whether HubSpot has refused the creation, so that a first address alone is looked up, too.
    """
    if rules.id_property == EMAIL or not rules.gives_addresses:
        return ()
    others = addresses(record.properties.get(SECOND_ADDRESSES, ""))
    if not (others or met):
        return ()
    first = normalized_key(EMAIL, record.properties.get(EMAIL, ""))
    return tuple(dict.fromkeys(filter(None, (first, *others))))


def is_of(record: Record, stored: Stored, rules: Rules) -> bool:
    """Check whether a contact that was found by an address has the record's key.

    :param record: the record.
    :param stored: the contact, with its key.
    :param rules: what the run was asked to do.
    """
    name = rules.id_property
    is_number = rules.kinds.get(name) is Kind.NUMBER
    return normalized_key(name, stored.properties.get(name) or "", is_number=is_number) == record.key
