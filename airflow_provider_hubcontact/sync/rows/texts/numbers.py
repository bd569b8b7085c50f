# SPDX-License-Identifier: Apache-2.0
"""Reads numbers as people write them: with separators of thousands, and a decimal comma or point."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal

from airflow_provider_hubcontact.sync.rows.values import UnsupportedValue, number

Read = tuple[str, str]
"""The text in the form that HubSpot takes, and what was done to the source's text."""


COMMA = "a decimal comma is written as a point"


GROUPS = "separators of thousands are dropped from a number"


EXPONENT = "a number is written without exponent"


def number_reader(decimal: str) -> Callable[[str], Read]:
    """Return a reader of numbers.

    Digits may be in groups of three, with the same separator between all groups: a blank, an apostrophe, or
    that one of point and comma which is not the decimal mark. Other texts are refused: a separator in another
    place has another meaning. So has one before an exponent, which programs write, with a point for decimals.

    :param decimal: the decimal mark, ``,`` or ``.``.
    """
    form = re.compile(_FORM.format(mark=re.escape(decimal), other=_OTHER[decimal]), re.ASCII)

    def read(text: str) -> Read:
        found = form.fullmatch(text.strip())
        if found is None or not any(map(str.isdigit, text)) or (found[2] and found[6]):
            raise UnsupportedValue(
                f"`{text:.80}` is not a number with a decimal {_NAMES[decimal]}, "
                "with or without groups of three digits"
            )
        sign, grouped, separator, plain, fraction, exponent = found.groups()
        digits = grouped.replace(separator, "") if grouped else plain
        if exponent:
            exact = Decimal(f"{sign}{digits or '0'}.{fraction or '0'}{exponent}")
            return number(exact), EXPONENT
        how = COMMA if fraction is not None and decimal == "," else GROUPS
        return f"{sign}{digits}" + ("" if fraction is None else f".{fraction}"), how

    return read


_NAMES: Mapping[str, str] = {",": "comma", ".": "point"}


_OTHER: Mapping[str, str] = {",": r"\.", ".": ","}


_FORM = (
    "([+-]?)"
    "(?:([1-9]\\d{{0,2}}(?:([{other} '\u2019\u00a0\u202f])\\d{{3}})(?:\\3\\d{{3}})*)|(\\d*))"
    "(?:{mark}(\\d*))?"
    "([eE][+-]?\\d{{1,3}})?"
)
"""A number: sign; digits in groups with their separator, or digits without groups; decimals; exponent."""
