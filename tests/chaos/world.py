# SPDX-License-Identifier: Apache-2.0
"""A source and a portal, made of a seed, and what the portal is to have in the end."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any

from tests.chaos.hostile import COLUMNS, OBJECTS, ROWS, TEXTS, Case

Values = dict[str, str]
STAGES = ("subscriber", "lead", "opportunity", "customer")
KELVIN = "\u212a"
"""A letter of its own, which becomes a k in lower case."""

FAR = 60
"""Entries that may come between two rows of one contact."""


@dataclass(eq=False)
class Entry:
    """A row of the source, and what it is to come to.

    :param row: as the source has it.
    :param contact: primary address of the contact that it is about; empty if it is about none.
    :param values: what it asks for.
    :param moves_to: the contact's new address, if it gets one.
    :param kind: ``good``; ``absent``: it has no contact, and makes none; ``refused``: it is never
        written; ``hostile``; or ``stranger``: whatever it comes to, the contact stays as it is.
    :param case: what is hostile about it.
    :param list: name of the list that its contact is to be in; empty for none.
    """

    row: Any
    contact: str
    values: Values = field(default_factory=dict)
    moves_to: str = ""
    kind: str = "good"
    case: Case | None = None
    list: str = ""

    @property
    def end(self) -> str:
        """The address that the contact has once the row is written."""
        return self.moves_to or self.contact


@dataclass
class World:
    """A source, and the contacts before it.

    :param upsert: whether missing contacts are created.
    :param texts: whether the source has texts only.
    :param entries: the source.
    :param contacts: what the portal begins with.
    :param expected: address → values that the source asks for, in the end.
    :param shared: address → the rows that name its contact by different addresses.
    :param possible: addresses that contacts may have or not.
    :param by_other: rows that name their contact by another of its addresses than the first.
    """

    upsert: bool
    texts: bool
    entries: list[Entry] = field(default_factory=list)
    contacts: list[Values] = field(default_factory=list)
    expected: dict[str, Values] = field(default_factory=dict)
    shared: dict[str, list[Entry]] = field(default_factory=dict)
    possible: set[str] = field(default_factory=set)
    by_other: int = 0

    @property
    def rows(self) -> list[Any]:
        """The source."""
        return [entry.row for entry in self.entries]

    @property
    def hostile(self) -> int:
        """How many rows are hostile."""
        return sum(entry.kind in {"hostile", "stranger"} for entry in self.entries)

    @property
    def addresses(self) -> set[str]:
        """First addresses that contacts have in the end, for certain."""
        left = {entry.contact for entry in self.entries if entry.moves_to and entry.kind == "good"}
        return {*self.expected, *(contact["email"] for contact in self.contacts)} - left

    def add(self, row: Any, contact: str, **what: Any) -> Entry:
        """Add a row to the source."""
        entry = Entry(row, contact, **what)
        self.entries.append(entry)
        return entry

    def orders(self, email: str) -> list[Values]:
        """Give what a contact may have once all rows of its addresses are written, one after another."""
        first = next(contact for contact in self.contacts if contact["email"] == email)
        names = {name for entry in self.shared[email] for name in entry.values}
        ends = []
        for entries in permutations(self.shared[email]):
            has = dict(first)
            for entry in entries:
                has |= entry.values
            ends.append({name: has[name] for name in names})
        return ends


def make(seed: int, rows: int, *, texts: bool = False, strangers: bool = False, clean: bool = False) -> World:
    """Make rows that change, equal, are new, go back a stage, move, share a contact, and are wrong.

    :param texts: whether the source can have texts only, as a table of texts does.
    :param strangers: whether some keys are another contact's for who takes a letter for another one.
    :param clean: whether all rows can be written.
    """
    dice = random.Random(seed)
    world = World(dice.random() < 0.5, texts)
    kinds = {**_KINDS, _stranger: 1} if strangers else dict(_KINDS)
    if clean:
        for kind in (_refused, _broken, _hostile, _column, _stranger, *(() if world.upsert else (_new,))):
            kinds.pop(kind, None)
    for number in range(rows):
        (add,) = dice.choices([*kinds], [*kinds.values()])
        add(world, f"p{number}@example.com", dice)
    dice.shuffle(world.contacts)
    return world


def _known(world: World, email: str, dice: random.Random, *, others: int = 0) -> Values:
    contact = {"email": email, "firstname": f"old {dice.randrange(9)}", "lifecyclestage": dice.choice(STAGES)}
    if others:
        contact["hs_additional_emails"] = ";".join(_others(email)[:others])
    world.contacts.append(contact)
    return contact


def _others(email: str) -> list[str]:
    return [f"{name}-{email}" for name in ("home", "office", "older")]


def _changes(dice: random.Random) -> Values:
    return {"firstname": f"new {dice.randrange(1_000)}", "city": dice.choice(("Oslo", "Köln", "東京"))}


def _changed(world: World, email: str, dice: random.Random) -> None:
    _known(world, email, dice)
    values = _changes(dice)
    world.add({"email": email, **values}, email, values=values)
    world.expected[email] = values


def _equal(world: World, email: str, dice: random.Random) -> None:
    values = {"firstname": _known(world, email, dice)["firstname"]}
    world.add({"email": email, **values}, email, values=values)
    world.expected[email] = values


def _new(world: World, email: str, dice: random.Random) -> None:
    values = {"firstname": f"new {dice.randrange(1_000)}"}
    world.add({"email": email, **values}, email, values=values, kind="good" if world.upsert else "absent")
    if world.upsert:
        world.expected[email] = values


def _staged(world: World, email: str, dice: random.Random) -> None:
    """Ask for any stage, also an earlier one."""
    _known(world, email, dice)
    values = {"lifecyclestage": dice.choice(STAGES), "firstname": "staged"}
    world.add({"email": email, **values}, email, values=values)
    world.expected[email] = values


def _moved(world: World, email: str, dice: random.Random) -> None:
    """Ask for a new address, by one of those that the contact has."""
    _known(world, email, dice, others=1)
    name = dice.choice((email, email, _others(email)[0]))
    world.by_other += name != email
    row = {"email": name, "new_email": f"new-{email}", "firstname": "moved"}
    world.add(row, email, values={"firstname": "moved"}, moves_to=f"new-{email}")
    world.expected[f"new-{email}"] = {"firstname": "moved"}


def _twice(world: World, email: str, dice: random.Random) -> None:
    _changed(world, email, dice)
    values = {"firstname": "last", "city": "Rome"}
    world.add({"email": email, **values}, email, values=values)
    world.expected[email] = values


def _other(world: World, email: str, dice: random.Random) -> None:
    """Name a contact by another of its addresses."""
    _known(world, email, dice, others=3)
    values = _changes(dice) | ({"lifecyclestage": dice.choice(STAGES)} if dice.random() < 0.3 else {})
    world.add({"email": dice.choice(_others(email)), **values}, email, values=values)
    world.expected[email] = values
    world.by_other += 1


def _two_addresses(world: World, email: str, dice: random.Random) -> None:
    """Name a contact by two or three of its addresses, near each other or far apart."""
    contact = _known(world, email, dice, others=3)
    contact["city"] = "Rome"
    names = dice.sample([email, *_others(email)], dice.choice((2, 2, 3)))
    for name in names:
        values = {
            "firstname": dice.choice((contact["firstname"], f"new {name}")),
            "city": dice.choice(("Rome", f"Oslo {name}")),
        }
        entry = Entry({"email": name, **values}, email, values)
        far = dice.randrange(FAR) if dice.random() < 0.5 else 0
        world.entries.insert(max(0, len(world.entries) - far), entry)
        world.shared.setdefault(email, []).append(entry)
        world.by_other += name != email


def _refused(world: World, email: str, dice: random.Random) -> None:
    _known(world, email, dice)
    row = {"email": email, "firstname": "never", "hs_lead_status": f"NONE_{dice.randrange(9)}"}
    world.add(row, email, kind="refused")


def _broken(world: World, email: str, dice: random.Random) -> None:
    _known(world, email, dice)
    world.add({"email": email, "firstname": "x" * 300}, email, kind="refused")


def _hostile(world: World, email: str, dice: random.Random) -> None:
    """Have a value that is no value, or reads as something else."""
    _known(world, email, dice)
    values = {"firstname": f"hostile {email}"}
    case = dice.choice(TEXTS if world.texts else (*TEXTS, *OBJECTS))
    row = {"email": email, **values, case.column: case.make(email)}
    world.add(row, email, values=values, kind="hostile", case=case)


def _column(world: World, email: str, dice: random.Random) -> None:
    """Have a column without a name, lack the key, or be no record."""
    if world.texts:
        return _hostile(world, email, dice)
    _known(world, email, dice)
    values = {"firstname": f"hostile {email}"}
    rows = ({"email": email, **values, dice.choice(COLUMNS): "more"}, values, dice.choice(ROWS))
    case = Case("", lambda _: None)
    world.add(dice.choice(rows), email, values=values, kind="hostile", case=case)
    return None


def _stranger(world: World, email: str, dice: random.Random) -> None:
    """Have a key that is another contact's only for who takes a letter for another one."""
    _known(world, f"k{email}", dice)
    world.possible.add(f"{KELVIN}{email}")
    row = {"email": f"{KELVIN}{email}", "firstname": f"hostile k{email}"}
    world.add(row, f"k{email}", values={"firstname": f"hostile k{email}"}, kind="stranger")


_KINDS: Mapping[Callable[[World, str, random.Random], None], int] = {
    _changed: 40,
    _equal: 10,
    _new: 8,
    _staged: 9,
    _moved: 5,
    _twice: 5,
    _other: 6,
    _two_addresses: 6,
    _refused: 3,
    _broken: 2,
    _hostile: 8,
    _column: 2,
}
"""Kind of rows → how often it comes."""

MAPPING = {name: name for name in ("firstname", "city", "lifecyclestage", "hs_lead_status")}
SCHEMA = {"type": "object", "properties": {"firstname": {"maxLength": 200}}}
