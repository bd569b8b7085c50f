# SPDX-License-Identifier: Apache-2.0
"""A row in HubSpot's terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

JSON = None | bool | int | float | str | list[Any]


class Coercion(NamedTuple):
    """A value that was changed on its way.

    :param property: what it is for.
    :param how: what happened to it.
    :param source: as it was.
    :param written: the text that it has become.
    """

    property: str
    how: str
    source: str
    written: str


class Undone(NamedTuple):
    """What an earlier run did to a contact, and is undone.

    :param written: property → (old, new) of each write that may have been the last one.
    :param unread: properties of which nobody knows the value that they had before.
    :param created: whether the run has created the contact.
    :param archived: whether the run has archived it.
    """

    written: Mapping[str, Sequence[tuple[str | None, str]]] = MappingProxyType({})
    unread: Sequence[str] = ()
    created: bool = False
    archived: bool = False


class Record(NamedTuple):
    """One row in HubSpot's terms.

    :param row: number of the source row, from 1.
    :param key: value that identifies the contact, trimmed; an address is lower-cased.
    :param properties: property name → text form; ``""`` clears the property.
    :param document: property name → JSON value: what a JSON Schema sees.
    :param timestamp: when the values were set, in milliseconds since 1970 (legacy API only).
    :param before: values that the contact must still have for the record to be written; None for any.
    :param coercions: what was changed about the source's values.
    :param digest: of the record that a planned one was made from.
    :param parts: rows of one key that this record stands for, if they are written at once.
    :param list: what the list is known by in which its contact is to be; empty for none.
    :param named_list: the same list as the row names it.
    :param undoes: what is undone, if anything is; the properties are those that the contact had before. Empty
        if that is planned already.
    """

    row: int
    key: str
    properties: Mapping[str, str]
    document: Mapping[str, JSON] = MappingProxyType({})
    timestamp: int | None = None
    before: Mapping[str, str | None] | None = None
    coercions: Sequence[Coercion] = ()
    digest: str | None = None
    parts: tuple[Record, ...] = ()
    list: str = ""
    named_list: str = ""
    undoes: Undone | None = None
