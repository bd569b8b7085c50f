"""The contestants that run this provider, so that a benchmark finds them working."""

from __future__ import annotations

import pytest

from benchmarks.contest import FROM_SQL, OURS, arena
from benchmarks.population import rows

MANY = 300


@pytest.mark.parametrize("name", [OURS, FROM_SQL])
def test_a_contestant(name: str, postgres_uri: str) -> None:
    """It ends all rows, and tells what they took."""
    with arena(MANY, "--rate-limit", "off") as place:
        outcome = place.run(name, place.source(rows(MANY)), rows=MANY, contacts=MANY, database=postgres_uri)

    assert outcome.count.calls >= 2 * MANY / 100
    assert set(outcome.told.values()) == {True}
    assert outcome.cpu > 0
