# SPDX-License-Identifier: Apache-2.0
"""Tells what a run takes that looks up all rows, although it has a state."""

from __future__ import annotations

from math import ceil

from airflow_provider_hubcontact.client import RateLimit
from airflow_provider_hubcontact.job.minutes import minutes_in_words
from airflow_provider_hubcontact.printable import printable_logger
from airflow_provider_hubcontact.words import counted

log = printable_logger(__name__)


def announce(why: str, rows: int | None, limit: RateLimit, rows_of_a_call: int, *, look_ups: int = 1) -> None:
    """Log how many calls and minutes it takes to look up all rows, and whether that many calls are left.

    :param why: they are looked up.
    :param rows: of the source; None if they are not counted before they are read.
    :param limit: of the portal.
    :param rows_of_a_call: contacts that a look-up takes.
    :param look_ups: of each row: two if guards count first what would be written.
    """
    if rows is None:
        log.info("All rows are looked up: %s. How many there are is not known before they are read.", why)
        return
    if rows == 0:
        return
    calls = ceil(rows / rows_of_a_call)
    fewest = look_ups * calls
    most = fewest + calls  # the last look-up is followed by a write
    log.info(
        "All rows are looked up (%s): %s. That takes %s, or %s if all rows differ: %s at %s in 10 seconds.",
        *(f"{rows:,}", why, counted(fewest, "call"), f"{most:,}"),
        *(minutes_in_words(fewest, most, limit.limit), counted(limit.limit, "call")),
    )
    left = limit.daily_remaining
    if left is not None and left < most:
        log.warning(
            "%s left today: the run may not end before they are back.", counted(left, "call is", "calls are")
        )
