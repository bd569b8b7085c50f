# SPDX-License-Identifier: Apache-2.0
"""Rows that a sync has to refuse, or to take as the text that they are; never may one end the run."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from importlib import import_module
from typing import Any, NamedTuple, NoReturn

MARK = "\x1b]0;chaos\x07"
"""What a terminal would obey; it must not be in a log as it is."""

JINJA = "{{ conn.hubspot_default.password }}"
TEXT = 65_536


class Case(NamedTuple):
    """A value, and what may become of it.

    :param column: that has it.
    :param make: makes it of the contact's address.
    :param forms: texts that the property may have once the row is written, ``None`` for what it had before;
        without any the row must not be written.
    :param sure: whether the row must be written.
    """

    column: str
    make: Callable[[str], Any]
    forms: tuple[str | None, ...] = ()
    sure: bool = False


class Text(str):
    """A text of another class, such as Markup."""

    __slots__ = ()


class Sly(str):
    """A text that says something else of itself than it is."""

    __slots__ = ()

    def __str__(self) -> str:
        return "something else"

    def __len__(self) -> int:
        return 1

    def __eq__(self, other: object) -> bool:
        return False

    __hash__ = str.__hash__


class Raising:
    """An object that can be asked nothing."""

    def _raise(self, *_: object) -> NoReturn:
        raise RuntimeError(MARK)

    __str__ = __repr__ = __eq__ = __hash__ = __bool__ = __len__ = __iter__ = __getattr__ = _raise


class Colour(Enum):
    """Members with values of any kind."""

    RED = "red"
    PAIR = ("a", "b")
    THING = object()


class Number(IntEnum):
    """Members that are numbers."""

    SEVEN = 7


class Status(StrEnum):
    """Options of a property."""

    OPEN = "OPEN"


def _itself() -> list[Any]:
    loop: list[Any] = []
    loop.append(loop)
    return loop


def _deep() -> list[Any]:
    deep: list[Any] = ["a"]
    for _ in range(3_000):
        deep = [deep]
    return deep


def _not_a_time() -> Any:
    try:
        return import_module("pandas").NaT
    except ImportError:  # it is not everywhere
        return None


def _text(value: str, *, sure: bool = False, column: str = "city") -> Case:
    return Case(column, lambda _: value, (value,), sure)


def _never(value: Any, column: str = "city") -> Case:
    return Case(column, lambda _: value)


TEXTS = (
    _never("x" * (TEXT + 1)),
    _text(f"a{MARK}b"),
    _text("\u202eevil\u2066"),
    _text("a\u2028b\x85c"),
    _text(JINJA, sure=True),
    _text("{% for %}{{ 1 / 0 }}", sure=True),
    _text("'; DROP TABLE customers; --", sure=True),
    Case("hs_lead_status", lambda _: " OPEN ", ("OPEN",)),
    _never("Open deal, as people call it", "hs_lead_status"),
    Case("new_email", lambda email: f"Ada <new-{email}>"),
    Case("new_email", lambda email: f"new-{email};newer-{email}"),
    _never("n/a", "new_email"),
    Case("email", lambda email: f" {email.upper()}\t", ("",), sure=True),
    Case("email", lambda email: f"Ada <{email}>"),
    Case("email", lambda email: f"{email};other-{email}"),
    _never("n/a", "email"),
    _never("", "email"),
    Case("email", lambda email: f"{'x' * 400}{email}"),
    Case("email", lambda email: f"{MARK}{email}"),
)
"""Texts that any source may have."""

OBJECTS = (
    _never("Ada\ud800"),
    Case("city", lambda _: 10**30, (f"1{'0' * 30}",), sure=True),
    _never(10**401),
    _never(10**5_000),
    _never(-(10**30_000)),
    _never(Decimal("1E+1000000")),
    _never(Decimal("-1E-1000000")),
    Case("city", lambda _: Decimal("NaN"), (None,)),
    Case("city", lambda _: Decimal("sNaN"), (None,)),
    Case("city", lambda _: math.nan, (None,)),
    Case("new_email", lambda _: math.nan, (None,)),
    Case("lifecyclestage", lambda _: math.nan, (None,)),
    Case("city", lambda _: _not_a_time(), (None,)),
    Case("city", lambda _: None, (None,), sure=True),
    _never(math.inf),
    Case("city", lambda _: Raising()),
    Case("lifecyclestage", lambda _: Raising()),
    Case("city", lambda _: Text("Köln"), ("Köln",), sure=True),
    Case("city", lambda _: Text(JINJA), (JINJA,), sure=True),
    Case("lifecyclestage", lambda _: Text("lead"), ("lead",), sure=True),
    Case("city", lambda _: Sly("Bonn"), ("Bonn",)),
    _never(b"Oslo"),
    _never(bytearray(b"Oslo")),
    Case("city", lambda _: memoryview(b"Oslo")),
    Case("city", lambda _: [["a"], ["b"]], ("a;b",)),
    Case("city", lambda _: _itself()),
    Case("city", lambda _: _deep(), ("a",)),
    Case("city", lambda _: ["golf"] * 20_000),
    _never(["a;b"]),
    _never({"a": {"b": 1}}),
    Case("city", lambda _: (each for each in "ab")),
    _never(object()),
    _never(timedelta(days=1)),
    _never(datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))),
    Case(
        "city", lambda _: datetime(9999, 12, 31, tzinfo=UTC), ("9999-12-31T00:00:00.000Z", "253402214400000")
    ),
    Case("city", lambda _: Colour.RED, ("red",), sure=True),
    Case("city", lambda _: Colour.PAIR, ("a;b",)),
    _never(Colour.THING),
    Case("city", lambda _: Number.SEVEN, ("7",), sure=True),
    Case("hs_lead_status", lambda _: Status.OPEN, ("OPEN",), sure=True),
    Case("email", Text, ("",), sure=True),
    Case("email", lambda email: f"\ud800{email}"),
    Case("email", lambda email: email.encode()),
    Case("email", lambda email: [email]),
    Case("email", lambda email: {email: email}),
    Case("email", lambda _: Raising()),
    _never(None, "email"),
    _never(math.nan, "email"),
    _never(10**5_000, "email"),
    _never(Decimal("1E+1000000"), "email"),
    _never(7.5, "email"),
)
"""What only Python has."""

COLUMNS: tuple[Any, ...] = (None, 7, b"city")
"""Columns without a name; a reader of CSV files has None for the cells beyond the headings."""

ROWS: tuple[Any, ...] = (None, "a text", 7, ["a", "list"], MARK)
"""Rows that are no records."""
