# SPDX-License-Identifier: Apache-2.0
"""How long calls take at a portal's limit."""

from __future__ import annotations


def minutes_of(calls: int, calls_in_ten_seconds: int) -> float:
    """Return how long calls take.

    :param calls: how many there are.
    :param calls_in_ten_seconds: that the portal allows.
    """
    return round(calls / calls_in_ten_seconds / 6, 1)


def about(minutes: float) -> str:
    """Return how long something takes, in words."""
    if minutes < 1:
        return "less than a minute"
    return f"about {minutes:g} {'minute' if minutes == 1 else 'minutes'}"


def minutes_in_words(fewest: int, most: int, calls_in_ten_seconds: int) -> str:
    """Return how long calls take, if it is not known how many there will be.

    :param fewest: calls.
    :param most: calls.
    :param calls_in_ten_seconds: that the portal allows.
    """
    first, last = (minutes_of(calls, calls_in_ten_seconds) for calls in (fewest, most))
    return f"about {first:g} to {last:g} minutes" if last >= 1 else "less than a minute"
