# SPDX-License-Identifier: Apache-2.0
"""The search for records: filters, words, order.

HubSpot docs: "Search the CRM" (D). The texts of refusals, and what is marked U, are our reading.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache, partial
from typing import NamedTuple

from airflow_provider_hubcontact.sandbox.crm.object_types import CONTACTS, ObjectType
from airflow_provider_hubcontact.sandbox.crm.properties.definitions import Definition
from airflow_provider_hubcontact.sandbox.crm.properties.derived import value_of
from airflow_provider_hubcontact.sandbox.crm.record import Record
from airflow_provider_hubcontact.sandbox.crm.times import milliseconds
from airflow_provider_hubcontact.sandbox.errors.requests import InvalidSearch

Rank = tuple[float, str]
"""Sorts values: a number, or 0 and a text."""


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition.

    :param operator: one of ``OPERATORS``.
    :param value: the value to compare with; the lower bound of BETWEEN.
    :param high_value: the upper bound of BETWEEN.
    :param values: the values of IN and NOT_IN.
    """

    definition: Definition
    operator: str
    value: str = ""
    high_value: str = ""
    values: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.operator not in OPERATORS:
            raise InvalidSearch(f"There is no operator {self.operator}; there are {', '.join(OPERATORS)}.")
        needed = {"BETWEEN": ("value", "high_value"), "IN": ("values",), "NOT_IN": ("values",)}
        without = ("HAS_PROPERTY", "NOT_HAS_PROPERTY")
        for name in () if self.operator in without else needed.get(self.operator, ("value",)):
            if not getattr(self, name):
                wanted = "highValue" if name == "high_value" else name
                raise InvalidSearch(
                    f"The operator {self.operator} on {self.definition.name} needs `{wanted}`."
                )
        for each in filter(None, (self.value, self.high_value, *self.values)):
            if "TOKEN" not in self.operator:
                comparable(self.definition, each)

    def matches(self, properties: Mapping[str, str]) -> bool:
        """Check whether the filter finds a contact with these properties."""
        value = properties.get(self.definition.name, "")
        return OPERATORS[self.operator](self, value)


@dataclass(frozen=True, slots=True)
class OneOf:
    """A condition: the record is one of some, such as those that belong to a company.

    :param ids: the ids of these records.
    """

    ids: Collection[str]

    def matches(self, properties: Mapping[str, str]) -> bool:
        """Check whether a record with these properties is one of them."""
        return properties["hs_object_id"] in self.ids


Condition = Filter | OneOf


class Sort(NamedTuple):
    """The order of the results by one property."""

    definition: Definition
    descending: bool = False


class Search(NamedTuple):
    """The request of a search.

    :param groups: a contact is found if all filters of one group find it; without groups, all are found.
    :param words: each must begin a word in one of the properties that the type names.
    :param sorts: the first one counts most; without any, the results are ordered by id.
    :param kind: the type of the records.
    """

    groups: Sequence[Sequence[Condition]] = ()
    words: str = ""
    sorts: Sequence[Sort] = ()
    kind: ObjectType = CONTACTS

    def run(self, contacts: Iterable[Record]) -> list[Record]:
        """Return the contacts that are found, in the order of the search."""
        words = _words(self.words)
        filters = [each for group in self.groups for each in group if isinstance(each, Filter)]
        derived = self.kind.derived.keys() & {each.definition.name for each in filters}
        found = [contact for contact in contacts if self._finds(self._properties(contact, derived), words)]
        found.sort(key=lambda contact: int(contact.id))
        for definition, descending in reversed(self.sorts):
            having = [contact for contact in found if contact.properties.get(definition.name)]
            lacking = [contact for contact in found if not contact.properties.get(definition.name)]
            having.sort(key=partial(_rank, definition), reverse=descending)
            found = having + lacking  # which end they are at is not known (U)
        return found

    def _finds(self, properties: Mapping[str, str], words: Sequence[str]) -> bool:
        if self.groups and not any(all(each.matches(properties) for each in group) for group in self.groups):
            return False
        return not words or self._has_words(properties, words)

    def _properties(self, record: Record, derived: Collection[str]) -> Mapping[str, str]:
        """Return a record's properties, with those that HubSpot works out and that a filter is about."""
        if not derived:
            return record.properties
        worked_out = {name: value_of(self.kind.derived, record, name) or "" for name in derived}
        return {**record.properties, **worked_out}

    def _has_words(self, properties: Mapping[str, str], words: Sequence[str]) -> bool:
        found = [word for name in self.kind.searched_by_words for word in _words(properties.get(name, ""))]
        return all(any(each.startswith(word) for each in found) for word in words)


def comparable(definition: Definition, value: str) -> Rank:
    """Return a value in a form that can be compared: numbers and times as numbers, texts in lower case.

    :raises InvalidSearch: if the property could not have the value.
    """
    if definition.type == "number":
        number = _number(value)
    elif definition.type in {"date", "datetime"}:
        moment = milliseconds(value)
        number = _number(value) if moment is None else float(moment)
    else:
        return 0, value if definition.type == "enumeration" else value.lower()  # (D)
    if number is None:
        raise InvalidSearch(f"{value[:100]} is not a {definition.type}, as {definition.name} is.")
    return number, ""


def _rank(definition: Definition, contact: Record) -> Rank:
    return comparable(definition, contact.properties[definition.name])


def _number(value: str) -> float | None:
    return float(value) if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", value, re.ASCII) else None


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[^\w*]+", text.lower()) if word]


def _compared(compare: Callable[[Rank, Rank], bool], wanted: Filter, value: str) -> bool:
    definition = wanted.definition
    return bool(value) and compare(comparable(definition, value), comparable(definition, wanted.value))


def _between(wanted: Filter, value: str) -> bool:
    low, high = (comparable(wanted.definition, each) for each in (wanted.value, wanted.high_value))
    return bool(value) and low <= comparable(wanted.definition, value) <= high


def _in(wanted: Filter, value: str) -> bool:
    """Compare texts in lower case with values, which must be in lower case already (D)."""
    if not value:
        return False
    has = value.split(";") if wanted.definition.multiple else [value]
    mine = {comparable(wanted.definition, each) for each in has if each}
    if wanted.definition.type == "string":
        return not mine.isdisjoint((0, each) for each in wanted.values)
    return any(comparable(wanted.definition, each) in mine for each in wanted.values)


def _has_token(wanted: Filter, value: str) -> bool:
    """Compare words with a pattern, in which ``*`` stands for anything (D)."""
    if "*" in wanted.value:
        patterns = [part for part in wanted.value.lower().split() if part]
        texts = [value.lower(), *_words(value)]
        return all(any(_fits(text, pattern) for text in texts) for pattern in patterns)
    words = set(_words(value))
    return all(word in words for word in _words(wanted.value))


def _fits(text: str, pattern: str) -> bool:
    return fnmatchcase(text, _literal(pattern))


@lru_cache(maxsize=64)
def _literal(pattern: str) -> str:
    """Escape all characters but ``*``."""
    return re.sub(r"([\[?])", r"[\1]", pattern)


OPERATORS: Mapping[str, Callable[[Filter, str], bool]] = {
    "EQ": partial(_compared, operator.eq),
    "NEQ": lambda wanted, value: not _compared(operator.eq, wanted, value),
    "LT": partial(_compared, operator.lt),
    "LTE": partial(_compared, operator.le),
    "GT": partial(_compared, operator.gt),
    "GTE": partial(_compared, operator.ge),
    "BETWEEN": _between,
    "IN": _in,
    "NOT_IN": lambda wanted, value: bool(value) and not _in(wanted, value),
    "HAS_PROPERTY": lambda _, value: bool(value),
    "NOT_HAS_PROPERTY": lambda _, value: not value,
    "CONTAINS_TOKEN": _has_token,
    "NOT_CONTAINS_TOKEN": lambda wanted, value: not _has_token(wanted, value),
}
"""Operator → checks a value of a contact, which is empty if the contact has none (D)."""
