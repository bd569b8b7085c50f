# SPDX-License-Identifier: Apache-2.0
"""Reads options from their labels, or from the JSON text of a list."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping

from airflow_provider_hubcontact.sync.rows.values import (
    MAX_ITEMS,
    TimeForm,
    UnsupportedValue,
)
from airflow_provider_hubcontact.sync.rows.values import text as text_of

Read = tuple[str, str]
"""The text in the form that HubSpot takes, and what was done to the source's text."""


LABELS = "a label is written as its option's value"


JSON_LISTS = "the JSON text of a list is read as options"


class Labels:
    """The labels of a property's options.

    :param options: value → label.
    """

    def __init__(self, options: Mapping[str, str]) -> None:
        self._values = frozenset(options)
        self._exact = _by(options, str.strip)
        self._folded = _by(options, lambda label: label.strip().casefold())

    def value(self, text: str) -> str:
        """Return the option's value for a text.

        :param text: a value, or else a label, or else a label in other upper and lower case.
        :return: the value; the text itself if no value and no label matches it.
        :raises UnsupportedValue: if several options have the label.
        """
        name = text.strip()
        if not name or text in self._values or name in self._values:
            return text
        found = self._exact.get(name) or self._folded.get(name.casefold())
        if found is None:
            return text
        if len(found) > 1:
            both = " and ".join(f"`{each:.80}`" for each in found[:2])
            raise UnsupportedValue(f"`{name:.80}` is the label of several options, such as {both}")
        return found[0]

    def one(self, text: str) -> Read:
        """Read the text of a property that holds one option."""
        return self.value(text), LABELS

    def several(self, text: str) -> Read:
        """Read the text of a property with multiple checkboxes, option by option."""
        return ";".join(map(self.value, text.split(";"))), LABELS


def json_list_reader(options: Collection[str], is_null: Callable[[str], bool]) -> Callable[[str], Read]:
    """Return a reader of JSON lists, as Snowflake writes arrays, which leaves other texts unchanged.

    :param options: values of the property's options. A text that is one of them is not read as a list.
    :param is_null: checks whether a text means no value.
    """

    def read(text: str) -> Read:
        if not text.lstrip().startswith("[") or text.strip() in options:
            return text, JSON_LISTS
        try:
            items = json.loads(text)
        except (ValueError, RecursionError):
            return text, JSON_LISTS
        return ";".join(_items(items, is_null)), JSON_LISTS

    return read


def _items(items: list[object], is_null: Callable[[str], bool]) -> Iterable[str]:
    """Return the texts of a list, without those that are blank or mean no value.

    :raises UnsupportedValue: if it has too many items, or one that cannot be an option.
    """
    if len(items) > MAX_ITEMS:
        raise UnsupportedValue(f"{len(items):,} items; a property holds at most {MAX_ITEMS:,}")
    for item in items:
        if item is None or (isinstance(item, str) and is_null(item)):
            continue
        if isinstance(item, list | dict):
            raise UnsupportedValue(f"a property cannot hold a {type(item).__name__} within a list")
        option = text_of(item, TimeForm.ISO)
        if ";" in option:
            raise UnsupportedValue("an option with a semicolon, which separates options")
        if option.strip():  # a blank one in front of others would add them to what the contact has
            yield option


def _by(options: Mapping[str, str], form: Callable[[str], str]) -> dict[str, list[str]]:
    """Return form of a label → the values of the options that have it."""
    found: dict[str, list[str]] = {}
    for value, label in options.items():
        found.setdefault(form(label), []).append(value)
    return found
