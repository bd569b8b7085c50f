# SPDX-License-Identifier: Apache-2.0
"""A keyword that a class does not have is told with the nearest one that it has.

Each DAG file is parsed with this module: it imports what such a mistake needs when there is one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

__all__ = ["KnownKeywords", "keywords_of", "unknown_keyword"]

_TAKES_ANY = 8
"""Flag of a function's code: it has ``**kwargs``."""


class KnownKeywords:
    """Refuses a keyword that its class does not have, and names the nearest one; Python names none.

    Type checkers and editors see the ``__init__`` of the class itself.

    :raises TypeError: if there is no such keyword.
    """

    __slots__ = ()

    def __new__(cls, *_: object, **named: object) -> Self:
        """Make an object, whose ``__init__`` comes next."""
        if named and (problem := unknown_keyword(cls, named)):
            raise TypeError(problem)
        return super().__new__(cls)


def unknown_keyword(cls: type, given: Iterable[str]) -> str | None:
    """Return a sentence about the first keyword that a class does not have; None if it has all.

    :param given: the keywords. What they were given is not told: it may be records.
    """
    known = keywords_of(cls)
    odd = next((name for name in given if name not in known), None)
    if odd is None:
        return None
    from airflow_provider_hubcontact.words import nearest

    return f"{cls.__name__} has no {nearest(odd, known)}"


def keywords_of(cls: type) -> list[str]:
    """Return the keywords that a class has: its own, and what it hands on to others as ``**kwargs``.

    ``inspect.signature`` would tell the first ones only, and takes a hundred times as long.
    """
    known: list[str] = []
    for each in cls.__mro__:
        init: Any = vars(each).get("__init__")
        while hasattr(init, "__wrapped__"):  # Airflow wraps those of operators
            init = init.__wrapped__
        if (code := getattr(init, "__code__", None)) is None:
            continue
        known += code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount]
        if not code.co_flags & _TAKES_ANY:
            break
    return known
