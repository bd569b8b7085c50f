# SPDX-License-Identifier: Apache-2.0
"""Lists that the contacts of a trial's rows are to be in."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

from airflow_provider_hubcontact.operators.options import Lists
from tests.chaos.world import World

NAMES = ("Kunden 2026", "VIP; key accounts", "ニュース")
COLUMN = "segment"
SIZES = (25, 100, 1_000)
"""Contacts of one call about a list: small calls meet more faults."""


@dataclass(frozen=True)
class Audience:
    """Which lists there are, and who leaves them.

    :param settings: of the operator.
    :param leaves: ``mirror``, ``leave_list``, or empty if nobody leaves.
    :param nights: runs with troubles, each with a source of its own.
    """

    settings: Lists
    leaves: str = ""
    nights: int = 1

    @property
    def by_column(self) -> bool:
        """Whether rows name their lists."""
        return self.settings.column is not None


def drawn(dice: random.Random, *, has_state: bool) -> Audience:
    """Draw the lists of a trial.

    :param has_state: whether contacts may leave lists.
    """
    leaves = dice.choice(("mirror", "mirror", "leave_list", "")) if has_state else ""
    wanted = {"column": COLUMN} if dice.random() < 0.6 else {"name": NAMES[0]}
    settings = Lists(**wanted, create=True, mirror=leaves == "mirror", batch_size=dice.choice(SIZES))
    return Audience(settings, leaves, dice.choice((2, 3)) if leaves else dice.choice((1, 1, 2)))


def assign(world: World, audience: Audience, dice: random.Random) -> None:
    """Give each row its list, and the column that names it."""
    for entry in world.entries:
        if not audience.by_column:
            entry.list = NAMES[0]
        elif isinstance(entry.row, dict):
            entry.list = dice.choice((*NAMES, ""))
            blank = " " if dice.random() < 0.1 else ""
            entry.row[COLUMN] = f"{blank}{entry.list}{blank}"


def named(world: World, ids: Mapping[str, str]) -> set[tuple[str, str]]:
    """Return the pairs of list and record id that good rows ask for.

    :param ids: first address of each contact → its record id.
    """
    return {
        (entry.list, ids[entry.end])
        for entry in world.entries
        if entry.list and entry.kind == "good" and entry.end in ids
    }
