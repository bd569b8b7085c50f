"""The columns of a row: whether their names can be such, and the text of the one that is the key."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from itertools import islice
from typing import Any
from uuid import UUID

from airflow_provider_hubcontact.sync.rows.keys import LARGEST_EXACT_FLOAT
from airflow_provider_hubcontact.sync.rows.values import UnsupportedValue, checked, number, plain, type_of

MAX_COLUMNS = 10_000
"""Columns of a row; no database has more."""


MAX_NAME_LENGTH = 250
"""Characters of a column that is sent under its own name; no property has a longer one."""


_TEXT = frozenset({str})


class Stumbled(Exception):
    """Code stumbled over a value.

    :param column: that has it.
    :param error: what was raised.
    """

    def __init__(self, column: str, error: Exception) -> None:
        super().__init__(column)
        self.column = column
        self.error = error


def columns_problem(source: Mapping[Any, object]) -> str | None:
    """Say what is wrong with the names of a row's columns."""
    columns: Any = source
    if type(source) is not dict:
        columns = list(islice(source, MAX_COLUMNS + 1))
    if len(columns) > MAX_COLUMNS:
        return f"the row has more than {MAX_COLUMNS:,} columns"
    if _TEXT.issuperset(map(type, columns)):
        return None
    for column in columns:
        if column is None:
            return "the row has values without a column: more cells than headings"
        if not issubclass(type(column), str):
            return f"a {type_of(column)} is not a name of a column, which is text"
    return None


def checked_name(name: str) -> str:
    """Return a property's name as Python's own text.

    :raises UnsupportedValue: if no property can have it.
    """
    if not issubclass(type(name), str):
        raise UnsupportedValue(f"a {type_of(name)} is no name of a property")
    name = str.__str__(name)
    if len(name) > MAX_NAME_LENGTH:
        raise UnsupportedValue(
            f"a name of {len(name):,} characters, a property has {MAX_NAME_LENGTH} at most"
        )
    return checked(name)


def key_text(source: object) -> str:
    """Write a key; whole numbers of any type give one text."""
    value = source if type(source) is str else plain(source)
    if value is None:
        raise UnsupportedValue("the key is empty")
    if isinstance(value, str):
        return value
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise UnsupportedValue(f"the key is a {type_of(value)}, it must be text or a whole number")
    whole, _, fraction = number(value).partition(".")
    if fraction.strip("0"):
        raise UnsupportedValue(f"the key is a {type_of(value)}, it must be text or a whole number")
    if isinstance(value, float) and abs(value) > LARGEST_EXACT_FLOAT:
        raise UnsupportedValue("the key is a float that may have lost digits: give a whole number or text")
    return whole
