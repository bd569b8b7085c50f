# SPDX-License-Identifier: Apache-2.0
"""The closed set of outcomes."""

from __future__ import annotations

from collections import Counter

import pytest

from airflow_provider_hubcontact.sync.model.outcome import (
    ABOUT_A_RECORD,
    NOT_WRITTEN,
    Outcome,
    Tally,
    by_outcome,
    refused_as,
)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (207, Outcome.UNKNOWN),
        (400, Outcome.REJECTED),
        (401, Outcome.UNAUTHORIZED),
        (403, Outcome.UNAUTHORIZED),
        (404, Outcome.NOT_FOUND),
        (408, Outcome.UNAVAILABLE),
        (409, Outcome.CONFLICT),
        (410, Outcome.UNKNOWN),
        (413, Outcome.REJECTED),
        (414, Outcome.REJECTED),
        (423, Outcome.UNAVAILABLE),
        (425, Outcome.UNAVAILABLE),
        (429, Outcome.THROTTLED),
        (477, Outcome.UNAVAILABLE),
        (499, Outcome.UNKNOWN),
        (500, Outcome.UNAVAILABLE),
        (502, Outcome.UNAVAILABLE),
        (599, Outcome.UNAVAILABLE),
    ],
)
def test_refusal(status: int, outcome: Outcome) -> None:
    """Every HTTP status of a refusal has one outcome; one that is about no record decides about none."""
    assert refused_as(status) is outcome


@pytest.mark.parametrize("status", [0, 200, 204, 302, 399, 600])
def test_what_is_no_refusal_is_unknown(status: int) -> None:
    """A status that refuses nothing proves nothing, so it never becomes a success or a failure."""
    assert refused_as(status) is Outcome.UNKNOWN


def test_what_is_refused_for_itself_is_not_written() -> None:
    """A refusal that is about a record says so, too."""
    assert ABOUT_A_RECORD <= NOT_WRITTEN


def test_tally_by_outcome() -> None:
    """A tally is added up over statuses, in the order of the outcomes, without zeros."""
    tally: Tally = Counter(
        {
            (Outcome.REJECTED, 400): 1,
            (Outcome.UPDATED, 204): 2,
            (Outcome.UPDATED, 200): 3,
            (Outcome.CONFLICT, 409): 0,
        }
    )

    counts = by_outcome(tally)

    assert list(counts.items()) == [(Outcome.UPDATED, 5), (Outcome.REJECTED, 1)]
