# SPDX-License-Identifier: Apache-2.0
"""What is broken of lists on purpose is found, each by the oracle that is meant to find it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from airflow_provider_hubcontact.job.plans import guards
from airflow_provider_hubcontact.job.state.lists.members import StateMembers
from airflow_provider_hubcontact.sync.flow.waiting import memberships
from airflow_provider_hubcontact.sync.flow.waiting.memberships import Memberships
from airflow_provider_hubcontact.sync.model.outcome import Outcome
from airflow_provider_hubcontact.sync.model.ports import Members, Moved
from tests.simulation.test_simulation import aside, stories
from tests.simulation.world import World, features_of


def found(*features: str, first: int = 0) -> str:
    """Return what is wrong first in worlds with lists.

    :param features: that they have besides.
    :param first: seed, to be sooner where it is.
    """

    def look() -> str:
        for seed in range(first, first + 2_000):
            if not {"lists", *features} <= features_of(seed):
                continue
            world = World(seed)
            world.run()
            if world.oracles.violations:
                return world.oracles.violations[0]
        return "nothing"

    return aside(look)


def test_an_answer_that_proves_nothing_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whom HubSpot does not mention counts as a member."""

    def believed(self: Memberships, call: Any, answer: Moved) -> Iterator[Any]:
        return self._read(call, Members(answer.list_id, frozenset(call.results)))

    monkeypatch.setattr(Memberships, "_moved", believed)
    monkeypatch.setattr(Memberships, "_note", lambda *_, **__: None)

    assert "was never in the list" in found(first=1_689)


def test_records_that_do_not_end_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their contacts are put into lists as well."""
    monkeypatch.setattr(memberships, "HELD", frozenset(Outcome))

    assert found().endswith("is unknown, added")


def test_records_that_are_not_held_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """They end without their lists."""
    monkeypatch.setattr(Memberships, "hold", lambda _, result: result)

    assert "no member, and it names the list" in found()


def test_rows_that_a_guard_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """They count as ended well, and nobody has seen to their lists."""
    monkeypatch.setattr(guards, "_lacks_its_list", lambda *_: False)

    assert "no member, and it names the list" in found("loose guard")


def test_members_of_others_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that people have added count as this sync's, and leave as well."""
    monkeypatch.setattr(StateMembers, "_own", lambda _, __, contacts: {*contacts})

    assert "takes" in found("state", "leavers")


def test_a_seed_decides_everything() -> None:
    """The story of a world with lists is the same twice, also where sets have another order.

    In one of them, the members among several contacts are read.
    """
    seeds = ["14", "26", "60", "163"]
    first = stories(seeds, 1)

    assert first.count(b"memberships/add-and-remove: ") > 3
    assert stories(seeds, 2) == first
