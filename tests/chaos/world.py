"""A source and a portal, made of a seed, and what the portal is to have in the end."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

Row = dict[str, str]
STAGES = ("subscriber", "lead", "opportunity", "customer")


@dataclass
class World:
    """A source, and the contacts before it.

    :param upsert: whether missing contacts are created.
    :param rows: the source.
    :param contacts: what the portal begins with.
    :param expected: address → values that the source asks for, in the end.
    :param refused: addresses of rows that can never be written.
    """

    upsert: bool
    rows: list[Row] = field(default_factory=list)
    contacts: list[Row] = field(default_factory=list)
    expected: dict[str, Row] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)

    @property
    def size(self) -> int:
        """How many contacts there are in the end."""
        return len({*self.expected, *(contact["email"] for contact in self.contacts)} - self._left())

    def _left(self) -> set[str]:
        """Give the addresses that contacts have no more."""
        return {row["email"] for row in self.rows if row.get("new_email")}


def make(seed: int, rows: int) -> World:
    """Make rows that change, equal, are new, go back a stage, move, share a key, and are wrong."""
    dice = random.Random(seed)
    world = World(upsert=dice.random() < 0.5)
    for number in range(rows):
        _KINDS[dice.choices(range(len(_KINDS)), _WEIGHTS)[0]](world, f"p{number}@example.com", dice)
    dice.shuffle(world.contacts)
    return world


def _known(world: World, email: str, dice: random.Random) -> Row:
    contact = {"email": email, "firstname": f"old {dice.randrange(9)}", "lifecyclestage": dice.choice(STAGES)}
    world.contacts.append(contact)
    return contact


def _changed(world: World, email: str, dice: random.Random) -> None:
    _known(world, email, dice)
    values = {"firstname": f"new {dice.randrange(1_000)}", "city": dice.choice(("Oslo", "Köln", "東京"))}
    world.rows.append({"email": email, **values})
    world.expected[email] = values


def _equal(world: World, email: str, dice: random.Random) -> None:
    values = {"firstname": _known(world, email, dice)["firstname"]}
    world.rows.append({"email": email, **values})
    world.expected[email] = values


def _new(world: World, email: str, dice: random.Random) -> None:
    values = {"firstname": f"new {dice.randrange(1_000)}"}
    world.rows.append({"email": email, **values})
    if world.upsert:
        world.expected[email] = values
    else:
        world.refused.add(email)


def _staged(world: World, email: str, dice: random.Random) -> None:
    """Ask for any stage, also an earlier one."""
    _known(world, email, dice)
    values = {"lifecyclestage": dice.choice(STAGES), "firstname": "staged"}
    world.rows.append({"email": email, **values})
    world.expected[email] = values


def _moved(world: World, email: str, dice: random.Random) -> None:
    _known(world, email, dice)
    world.rows.append({"email": email, "new_email": f"new-{email}", "firstname": "moved"})
    world.expected[f"new-{email}"] = {"firstname": "moved"}


def _twice(world: World, email: str, dice: random.Random) -> None:
    _changed(world, email, dice)
    values = {"firstname": "last", "city": "Rome"}
    world.rows.append({"email": email, **values})
    world.expected[email] = values


def _refused(world: World, email: str, dice: random.Random) -> None:
    _known(world, email, dice)
    world.rows.append({"email": email, "firstname": "never", "hs_lead_status": f"NONE_{dice.randrange(9)}"})
    world.refused.add(email)


def _broken(world: World, email: str, dice: random.Random) -> None:
    _known(world, email, dice)
    world.rows.append({"email": email, "firstname": "x" * 300})
    world.refused.add(email)


_KINDS = (_changed, _equal, _new, _staged, _moved, _twice, _refused, _broken)
_WEIGHTS = (50, 12, 8, 10, 5, 6, 4, 3)
MAPPING = {name: name for name in ("firstname", "city", "lifecyclestage", "hs_lead_status")} | {
    "new_email": "email"
}
SCHEMA = {"type": "object", "properties": {"firstname": {"maxLength": 200}}}
