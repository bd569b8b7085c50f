# SPDX-License-Identifier: Apache-2.0
"""A few trials of the chaos suite; ``make chaos`` runs hundreds."""

from __future__ import annotations

import sys

import pytest

from tests.chaos.list_trial import ListTrial
from tests.chaos.trial import Trial, Trouble
from tests.chaos.troubles import ALONE, KILLED, LISTS, MIXED, OTHERS, STATUSES

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="processes are forked")


@pytest.mark.parametrize(
    ("seed", "trouble"),
    [*enumerate([*MIXED[1:], *KILLED, *OTHERS[:-1], *STATUSES[1:4]]), (100, ALONE[8])],
    ids=lambda value: value.name if isinstance(value, Trouble) else f"seed {value}",
)
def test_nothing_is_lost_and_nothing_is_wrong(seed: int, trouble: Trouble) -> None:
    """Every row is accounted for, the portal has what the ledger says, and a rerun brings the rest."""
    totals = Trial(seed, trouble, rows=150).run()

    assert totals.lost == []
    assert totals.wrong == []


@pytest.mark.parametrize(
    ("seed", "trouble"),
    [(3, LISTS[13]), (8, LISTS[16])],
    ids=lambda value: value.name if isinstance(value, Trouble) else f"seed {value}",
)
def test_the_members_are_those_of_the_ledger(seed: int, trouble: Trouble) -> None:
    """Whatever goes wrong, and whatever people do, a list has whom the ledger or people have put there."""
    totals = ListTrial(seed, trouble, rows=40).run()

    assert totals.members > 0
    assert totals.lost == []
    assert totals.wrong == []
