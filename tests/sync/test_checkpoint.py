# SPDX-License-Identifier: Apache-2.0
"""Up to where a try has come."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_hubcontact.sync.decide.policy import Policy
from airflow_provider_hubcontact.sync.keep import checkpoint
from airflow_provider_hubcontact.sync.keep.checkpoint import MOST_AHEAD, NAME, Checkpoint
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from tests.fake_clock import FakeClock


class State:
    """Airflow's store, which counts."""

    def __init__(self, kept: object = None) -> None:
        self.kept: Any = kept
        self.writes = 0

    def get(self, key: str, default: Any = None, /) -> Any:
        assert key == NAME
        return default if self.kept is None else self.kept

    def set(self, key: str, value: Any, /) -> None:
        self.kept = value
        self.writes += 1

    def delete(self, key: str, /) -> None:
        raise AssertionError("a try does not end the checkpoint")


def ended(row: int, outcome: Outcome = Outcome.UPDATED) -> Result:
    return Result(row, "k", outcome, 200)


@pytest.mark.parametrize(
    ("kept", "rows"),
    [
        (None, 0),
        ("nonsense", 0),
        ({"source": "other", "rows": 5, "tally": [["updated", 200, 5]]}, 0),
        ({"source": "digest", "rows": 5, "tally": [["updated", 200, 5]]}, 5),
    ],
)
def test_a_place_counts_in_its_own_rows_only(kept: object, rows: int) -> None:
    """Another source's place, or what is no place, is left alone."""
    found = Checkpoint(State(kept), "digest", Policy.of({}))

    assert found.rows == found.tally.total() == rows


@pytest.mark.parametrize(
    ("results", "rows"),
    [
        ([ended(1), ended(2)], 2),
        ([ended(2), ended(1)], 2),
        ([ended(1), ended(3)], 1),
        ([ended(1), ended(2, Outcome.UNAVAILABLE), ended(3)], 1),
        ([ended(1), ended(2, Outcome.UNAUTHORIZED), ended(3)], 1),
        ([ended(2, Outcome.THROTTLED), ended(1), ended(3)], 1),
        ([ended(1), ended(2, Outcome.INVALID), ended(3)], 3),
    ],
)
def test_a_place_stops_where_a_retry_is_needed(results: list[Result], rows: int) -> None:
    """Rows after one that needs a retry do not move it, in whatever order they end."""
    found = Checkpoint(State(), "digest", Policy.of({}))
    for result in results:
        found.settled(result)

    assert found.rows == found.tally.total() == rows


def test_a_place_waits_for_no_row_for_ever() -> None:
    """Once too many rows have ended before the next one, the place stays where it is."""
    found = Checkpoint(State(), "digest", Policy.of({}))
    for row in range(2, MOST_AHEAD + 3):
        found.settled(ended(row))
    found.settled(ended(1))

    assert found.rows == 0


def test_a_place_is_written_seldom() -> None:
    """Not before its time, and not when it has not moved."""
    clock, state = FakeClock(), State()
    found = Checkpoint(state, "digest", Policy.of({}), clock)
    found.keep()
    found.settled(ended(1))
    before = state.writes
    clock.sleep(checkpoint.EVERY)
    found.settled(ended(2))
    after = state.writes
    found.keep()

    assert (before, after, state.writes, state.kept["rows"]) == (0, 1, 1, 2)
