# SPDX-License-Identifier: Apache-2.0
"""Small worlds in all orders, with each fault and each kill: a few of those that ``exhaustive.py`` runs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pytest

from airflow_provider_hubcontact.sync.flow.waiting.in_flight import InFlight
from tests.simulation.exhaustive import (
    MOST_WORLDS,
    STILL,
    Orders,
    all_orders,
    each_fault,
    each_kill,
    run,
    small_plots,
)
from tests.simulation.loop import Step
from tests.simulation.plot import Plot
from tests.simulation.test_simulation import aside

T = TypeVar("T")
PLOTS = list(small_plots())


def step(label: str, *touches: str, writes: bool = False) -> Step:
    return Step(label, frozenset(touches), writes)


@pytest.mark.parametrize(
    ("one", "other", "commute"),
    [
        (Step("answer 1"), Step("answer 2"), False),
        (Step("answer 1"), step("call 2", "a", writes=True), True),
        (step("call 1", "a"), step("call 2", "a"), True),
        (step("call 1", "a", writes=True), step("call 2", "a"), False),
        (step("call 1", "a"), step("call 2", "a", writes=True), False),
        (step("call 1", "a", writes=True), step("call 2", "b", writes=True), True),
    ],
)
def test_what_commutes(one: Step, other: Step, commute: bool) -> None:
    """Answers are taken in an order; calls about one contact are, if one of them writes it."""
    assert one.commutes_with(other) is commute


def ends(plot: Plot) -> Iterator[object]:
    """Yield what contacts and rows have come to, for each order."""
    orders, is_left = Orders(), True
    while is_left:
        orders.begin()
        if world := run(plot, STILL, orders):
            assert not world.oracles.violations
            contacts = sorted(
                (each.email, each.properties["firstname"]) for each in world.scene.portal.contacts()
            )
            results = sorted((row, str(each.outcome)) for row, each in world.oracles.tries[0].results.items())
            yield repr((contacts, results))
        is_left = orders.next_order()


@pytest.mark.parametrize("number", [1, 40])
def test_what_is_left_out_leads_to_nothing_else(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """All orders without the reduction are more, and end in the same ways."""
    few = aside(lambda: list(ends(PLOTS[number])))
    monkeypatch.setattr(Step, "commutes_with", lambda *_: False)
    many = aside(lambda: list(ends(PLOTS[number])))

    assert len(many) >= len(few) > 0
    assert set(many) == set(few)


@pytest.mark.parametrize(
    "way", [lambda: all_orders(PLOTS[::60], MOST_WORLDS), lambda: each_kill(PLOTS[5:6], MOST_WORLDS)]
)
def test_nothing_is_wrong(way: Callable[[], Any]) -> None:
    """In some of the plots, in all orders and with a kill at each wait."""
    count = aside(way)

    assert count.wrong == []
    assert count.worlds > 10


def test_a_fault_at_each_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call of a try meets the fault once."""
    monkeypatch.setattr("tests.simulation.exhaustive.FAULTS", ("lost after", "no results"))
    count = aside(lambda: each_fault(PLOTS[2:3], MOST_WORLDS))

    assert count.wrong == []
    assert count.worlds > 6


def test_what_is_broken_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """An order in which a record does not wait for another one of its contact."""
    monkeypatch.setattr(InFlight, "claim", lambda *_: True)

    assert "two writes of" in aside(lambda: all_orders(PLOTS[48:60:3], MOST_WORLDS)).wrong[0]


def test_no_more_than_the_bound() -> None:
    """Runs that are given up count, too."""
    count = aside(lambda: all_orders(PLOTS, 3))

    assert count.worlds + count.pruned == 3


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)
