# SPDX-License-Identifier: Apache-2.0
"""The columns of a row: checks their names, and reads the key."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from itertools import islice
from typing import Any
from uuid import UUID

from airflow_provider_hubcontact.sync.rows.keys import LARGEST_EXACT_FLOAT
from airflow_provider_hubcontact.sync.rows.values import UnsupportedValue, checked, number, plain, type_of

MAX_COLUMNS = 10_000
"""The most columns of a row; no database has more."""


MAX_NAME_LENGTH = 250
"""The longest name of a column that is sent under its own name; no property has a longer one."""


_TEXT = frozenset({str})


class Stumbled(Exception):
    """A value made our own code, or the code of its class, raise an exception.

    :param column: the column that has the value.
    :param error: what was raised.
    """

    def __init__(self, column: str, error: Exception) -> None:
        super().__init__(column)
        self.column = column
        self.error = error


def columns_problem(source: Mapping[Any, object]) -> str | None:
    """Return what is wrong with the names of a row's columns; None if they are valid."""
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
            return f"the name of a column must be text, not a {type_of(column)}"
    return None


def checked_name(name: str) -> str:
    """Return the name of a property as a plain ``str``.

    :raises UnsupportedValue: if no property can have the name.
    """
    if not issubclass(type(name), str):
        raise UnsupportedValue(f"the name of a property must be text, not a {type_of(name)}")
    name = str.__str__(name)
    if len(name) > MAX_NAME_LENGTH:
        raise UnsupportedValue(
            f"a name of {len(name):,} characters; a property's name has at most {MAX_NAME_LENGTH}"
        )
    return checked(name)


def key_text(source: object) -> str:
    """Return a key as text. A whole number has the same text, whatever its type.

    :raises UnsupportedValue: if the value cannot be a key.
    """
    value = source if type(source) is str else plain(source)
    if value is None:
        raise UnsupportedValue("the key is empty")
    if isinstance(value, str):
        return value
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise UnsupportedValue(f"the key must be text or a whole number, not a {type_of(value)}")
    whole, _, fraction = number(value).partition(".")
    if fraction.strip("0"):
        raise UnsupportedValue(f"the key must be text or a whole number, not a {type_of(value)}")
    if isinstance(value, float) and abs(value) > LARGEST_EXACT_FLOAT:
        raise UnsupportedValue("the key is a float that may have lost digits: send a whole number or text")
    return whole
