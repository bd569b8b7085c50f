# SPDX-License-Identifier: Apache-2.0
"""Sentences about names and numbers: the name that may be meant, and a count with its noun."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from airflow_provider_hubcontact.printable import printable

__all__ = ["LIKENESS", "MOST_NAMED", "closest", "counted", "named", "nearest", "several"]

LIKENESS = 0.6
"""How alike two names must be, from 0 to 1, for one to be meant by the other."""


MOST_NAMED = 20
"""Names that a sentence lists."""


def closest(name: str, known: Iterable[str], likeness: float = LIKENESS) -> str | None:
    """Return the name that may be meant by one that does not exist.

    :param name: as somebody wrote it; upper and lower case do not count.
    :param known: the names that exist.
    :param likeness: how alike they must be, from 0 to 1.
    :return: the most similar name; None if none is similar.
    """
    from difflib import get_close_matches

    folded = {each.casefold(): each for each in known}
    found = get_close_matches(name.casefold(), folded, n=1, cutoff=likeness)
    return folded[found[0]] if found else None


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a name that does not exist, with the nearest one that does.

    :param name: as somebody wrote it.
    :param known: the names that exist.
    """
    return named(printable(name, 100), closest(name, known))


def named(name: str, meant: str | None) -> str:
    """Return a name that does not exist, or a phrase about it, with the one that may be meant.

    :param name: as somebody wrote it.
    :param meant: what :func:`closest` has found.
    """
    return name if meant is None else f"{name} (the nearest is {printable(meant, 100)})"


def several(names: Iterable[str]) -> str:
    """Return names as part of a sentence: the first ones, if there are many."""
    first = [printable(name, 100) for name in islice(names, MOST_NAMED + 1)]
    return ", ".join(first[:MOST_NAMED]) + (", …" if len(first) > MOST_NAMED else "")


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Return a count with its noun, as in "1 record" and "2,000 records".

    :param number: how many there are.
    :param noun: for one; a verb may follow it, as in "record is".
    :param plural: for any other number, as in "records are"; the noun with an s unless given.
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
