# SPDX-License-Identifier: Apache-2.0
"""What the rows of one key come to that were written at once."""

from __future__ import annotations

import pytest

from airflow_provider_hubcontact.sync.decide.merging import merged, parted
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from airflow_provider_hubcontact.sync.model.record import Record

CITY, NAME, NEW_CITY = {"city": "Oslo"}, {"firstname": "Ada"}, {"city": "Rome"}
KEY, FIRST, LAST = {"email": (None, "k")}, {"firstname": (None, "Ada")}, {"city": (None, "Rome")}
OVERWRITTEN: tuple[object, ...] = (1, Outcome.SUPERSEDED, None, None, {})


@pytest.mark.parametrize(
    ("result", "parts"),
    [
        (
            Result(1, "k", Outcome.UPDATED, 200, changes=LAST),
            [OVERWRITTEN, (2, Outcome.UNCHANGED, None, None, {}), (3, Outcome.UPDATED, 200, None, LAST)],
        ),
        (
            Result(1, "k", Outcome.CREATED, 201, changes=KEY | FIRST | LAST),
            [
                OVERWRITTEN,
                (2, Outcome.CREATED, 201, None, KEY | FIRST),
                (3, Outcome.UPDATED, 200, None, LAST),
            ],
        ),
        (
            Result(1, "k", Outcome.NOT_ATTEMPTED, None, "WOULD_CREATE", changes=KEY | FIRST | LAST),
            [
                OVERWRITTEN,
                (2, Outcome.NOT_ATTEMPTED, None, "WOULD_CREATE", KEY | FIRST),
                (3, Outcome.NOT_ATTEMPTED, None, "WOULD_UPDATE", LAST),
            ],
        ),
        (
            Result(1, "k", Outcome.NOT_ATTEMPTED, None, "WOULD_UPDATE", changes=FIRST | LAST),
            [
                OVERWRITTEN,
                (2, Outcome.NOT_ATTEMPTED, None, "WOULD_UPDATE", FIRST),
                (3, Outcome.NOT_ATTEMPTED, None, "WOULD_UPDATE", LAST),
            ],
        ),
        (
            Result(1, "k", Outcome.UNAUTHORIZED, 401),
            [(row, Outcome.UNAUTHORIZED, 401, None, {}) for row in (1, 2, 3)],
        ),
    ],
    ids=["updated", "created", "would be created", "would be updated", "refused"],
)
def test_each_row_has_its_part(result: Result, parts: list[object]) -> None:
    """The first row whose values count creates, later ones update; what is overwritten has no part in it."""
    whole = merged([Record(row, "k", values) for row, values in enumerate((CITY, NAME, NEW_CITY), 1)])

    told = parted(whole, result)

    assert [(each.row, each.outcome, each.status, each.category, each.changes) for each in told] == parts


def test_a_row_after_a_creation_that_overwrites_all() -> None:
    """It creates, since the rows before it count for nothing."""
    whole = merged([Record(1, "k", CITY), Record(2, "k", NEW_CITY)])

    told = parted(whole, Result(1, "k", Outcome.CREATED, 201, changes=KEY | LAST))

    assert [each.outcome for each in told] == [Outcome.SUPERSEDED, Outcome.CREATED]
