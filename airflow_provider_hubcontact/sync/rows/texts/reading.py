# SPDX-License-Identifier: Apache-2.0
"""Reads the texts of rows in the forms that the user describes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

from airflow_provider_hubcontact.sync.rows.comparison import Kind
from airflow_provider_hubcontact.sync.rows.texts.booleans import boolean_reader
from airflow_provider_hubcontact.sync.rows.texts.days import day_reader, time_reader
from airflow_provider_hubcontact.sync.rows.texts.numbers import number_reader
from airflow_provider_hubcontact.sync.rows.texts.options import Labels, json_list_reader
from airflow_provider_hubcontact.sync.rows.values import TimeForm, UnsupportedValue, plain

NULL_TEXT = "a text of values.null_texts is read as None"


Reader = Callable[[str], tuple[str, str]]
"""Returns a text in the form that HubSpot takes, and what was done to it.

It raises :class:`UnsupportedValue` if the text cannot be read, or can mean several things.
"""


class Forms(NamedTuple):
    """The forms of texts that the user describes.

    :param nulls: texts that mean no value.
    :param labels: whether an option's label is accepted instead of its value.
    :param decimal: the decimal mark of numbers; None if numbers are read as usual.
    :param dates: formats of days and times; empty if they are read as usual.
    :param booleans: word → its meaning.
    :param json_lists: whether the JSON text of a list is read as options.
    :param time_form: how a time is written to HubSpot.
    """

    nulls: frozenset[str] = frozenset()
    labels: bool = False
    decimal: str | None = None
    dates: tuple[str, ...] = ()
    booleans: Mapping[str, bool] | None = None
    json_lists: bool = False
    time_form: TimeForm = TimeForm.ISO


@dataclass(frozen=True, slots=True)
class Texts:
    """Reads the texts of rows.

    :param forms: how they are written.
    :param of_texts: property → reads a value that is text in the source.
    :param of_options: property → reads the text of a value of any type.
    :param kinds: property → what its values are.
    :param is_kept: whether the rows come from a ledger. Their keys are in their normal form already, and all
        dates are texts in ISO 8601.
    """

    forms: Forms
    of_texts: Mapping[str, Reader] = field(default_factory=dict)
    of_options: Mapping[str, Reader] = field(default_factory=dict)
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    is_kept: bool = False

    @classmethod
    def of(cls, forms: Forms, kinds: Mapping[str, Kind], options: Mapping[str, Mapping[str, str]]) -> Texts:
        """Make the readers of some properties.

        :param kinds: property → what its values are.
        :param options: property → value → label of an enumeration.
        """
        return cls(forms, _of_texts(forms, kinds, options), _of_options(forms, kinds, options), kinds)

    def kept(self) -> Texts:
        """Return readers for rows that come from a ledger."""
        dates = _of_dates(self.forms, self.kinds, is_kept=True)
        return replace(self, of_texts={**self.of_texts, **dates}, is_kept=True)

    def is_null(self, text: str) -> bool:
        """Check whether a text means no value; blanks around it are ignored."""
        return text.strip() in self.forms.nulls

    def key(self, name: str, value: object) -> object:
        """Return the value of a key after its text was read.

        :param name: property that it is a value of.
        :raises UnsupportedValue: if it cannot be read.
        """
        text = value if self.is_kept or type(value) in _NO_TEXT else plain(value)
        if self.is_kept or not isinstance(text, str):
            return value
        if self.is_null(text):
            return None
        reader = self.of_texts.get(name) if self.kinds.get(name) is Kind.NUMBER else None
        return reader(text)[0] if reader and text.strip() else text

    def without_nulls(self, value: object) -> tuple[object, str | None]:
        """Return a value without the texts that mean no value, or None; and the first of these texts."""
        nulls = self.forms.nulls
        if not nulls or type(value) in _NO_TEXT:
            return value, None
        try:
            found = plain(value)
        except UnsupportedValue:  # it is told when the value is taken
            return value, None
        if isinstance(found, str):
            return (None, found) if self.is_null(found) else (value, None)
        return self._items_without_nulls(value, found) if isinstance(found, list) else (value, None)

    def _items_without_nulls(self, value: object, items: list[Any]) -> tuple[object, str | None]:
        nulls = [each for each in items if isinstance(each, str) and self.is_null(each)]
        if not nulls:
            return value, None
        return [each for each in items if each not in nulls], nulls[0]

    def read(self, name: str, value: object, text: str) -> tuple[str, str]:
        """Return the text of a property after it was read, and what was done to it, if it differs.

        :param value: the value in the source.
        :param text: the value's text.
        :raises UnsupportedValue: if it cannot be read.
        """
        how = ""
        if not text.strip():  # it clears the property
            return text, how
        if (reader := self.of_texts.get(name)) and isinstance(plain(value), str):
            text, how = reader(text)
        if reader := self.of_options.get(name):
            read, labels = reader(text)
            text, how = read, how if read == text else labels
        return text, how

    def pairs(self, columns: Sequence[tuple[str, Any]]) -> list[tuple[str, Any]]:
        """Return the names and values of a row, with None for texts that mean no value."""
        return [(name, self.without_nulls(value)[0]) for name, value in columns]


def _of_texts(
    forms: Forms, kinds: Mapping[str, Kind], options: Mapping[str, Mapping[str, str]]
) -> dict[str, Reader]:
    found = _of_dates(forms, kinds, is_kept=False)
    is_null = partial(_is_in, forms.nulls)
    for name, kind in kinds.items():
        if kind is Kind.NUMBER and forms.decimal:
            found[name] = number_reader(forms.decimal)
        elif kind is Kind.BOOLEAN and forms.booleans:
            found[name] = boolean_reader(forms.booleans)
        elif kind in {Kind.OPTIONS, Kind.ADDRESSES} and forms.json_lists:
            found[name] = json_list_reader(options.get(name, ()), is_null)
    return found


def _of_dates(forms: Forms, kinds: Mapping[str, Kind], *, is_kept: bool) -> dict[str, Reader]:
    if not forms.dates:
        return {}
    days = day_reader(forms.dates, is_kept=is_kept)
    times = time_reader(forms.dates, forms.time_form, is_kept=is_kept)
    readers = {Kind.DATE: days, Kind.DATETIME: times}
    return {name: readers[kind] for name, kind in kinds.items() if kind in readers}


def _of_options(
    forms: Forms, kinds: Mapping[str, Kind], options: Mapping[str, Mapping[str, str]]
) -> dict[str, Reader]:
    if not forms.labels:
        return {}
    found: dict[str, Reader] = {}
    for name, labels in options.items():
        if labels and name in kinds:
            known = Labels(labels)
            found[name] = known.several if kinds[name] is Kind.OPTIONS else known.one
    return found


def _is_in(nulls: frozenset[str], text: str) -> bool:
    return text.strip() in nulls


_NO_TEXT = frozenset({int, float, bool, type(None), datetime, date, Decimal})
"""Classes of values that are not texts and contain none."""
