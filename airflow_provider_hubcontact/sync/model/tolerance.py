# SPDX-License-Identifier: Apache-2.0
"""How many records a setting tolerates: a count, or a share of all."""

from __future__ import annotations

import math


def at_most(most: float, rows: int) -> int:
    """Return how many records a count allows, or a share of all: 29 % of 100 are 29.

    :param most: a count, or a share below 1.
    :param rows: all records.
    """
    # A float's share may be a hair less than it says.
    return math.floor(round(most * rows, 6)) if 0 < most < 1 else int(most)


def is_tolerance(number: object) -> bool:
    """Check whether a number is a count, or a share below 1; 1.0 could mean one record, or all of them."""
    if isinstance(number, int):
        return not isinstance(number, bool) and number >= 0
    return isinstance(number, float) and 0 <= number < 1
