# SPDX-License-Identifier: Apache-2.0
"""CPU of the client for 1,000 rows, without latency and limit."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from benchmarks.contest import OFFICIAL, OURS, PER_BATCH, PER_ROW, TITLES, DidNotRun, arena
from benchmarks.population import rows
from benchmarks.table import Result, goal, number, paragraph, ratio, table

FLOOR = "floor"

FASTEST = 1_250
"""Rows a second that 250 calls in 10 s allow, with two calls for 100 rows."""


def run(*, quick: bool) -> Iterator[Result]:
    """Measure, in rounds, so that what else the machine does meets all alike."""
    many, few, rounds = (5_000, 50, 3) if quick else (20_000, 1_000, 5)
    with arena(many, "--rate-limit", "off") as place:
        for turn in range(rounds):
            for name in (FLOOR, OURS, *PER_BATCH, *PER_ROW):
                file = place.source(rows(few if name in PER_ROW else many))
                result: Result = {"contestant": name, "round": turn}
                try:
                    outcome = place.run(name, file, seconds=5 if name in PER_ROW else None, batch=100)
                except DidNotRun as error:
                    yield {**result, "error": str(error)}
                else:
                    yield {**result, "rows": outcome.rows, "cpu": outcome.cpu / outcome.rows * 1e6}


def page(results: list[Result]) -> str:
    """Show."""
    names = list(dict.fromkeys(each["contestant"] for each in results))
    cpu = {name: _median(results, name) for name in names}
    floor, ours, official = cpu[FLOOR], cpu[OURS], cpu[OFFICIAL]
    rows_ = (
        [TITLES[name], number(cpu[name]), ratio(cpu[name], floor), ratio(cpu[name], ours)] for name in names
    )
    return (
        table(("ms of CPU for 1,000 rows", "ms", "against the floor", "against this provider"), rows_)
        + "\n"
        + paragraph(
            "The floor reads the same rows, validates them with `jsonschema-rs`, and looks up and writes "
            "batches of 100. It keeps no record of results. The other peers are given record ids, look "
            f"nothing up and validate nothing. Medians of {1 + max(each['round'] for each in results)} "
            "rounds."
        )
        + "\n"
        + goal("At most twice the floor", ratio(ours, floor), met=ours <= 2 * floor, why=_why(ours))
        + goal("Less than the official client, which only writes", ratio(ours, official), met=ours < official)
    )


def _median(results: list[Result], name: str) -> float:
    each = [result["cpu"] for result in results if result["contestant"] == name and "cpu" in result]
    return statistics.median(each) if each else 0.0


def _why(cpu: float) -> str:
    """Say what a row costs beyond the floor, and what that means.

    :param cpu: milliseconds for 1,000 rows.
    """
    core = cpu / 1e6 * FASTEST
    return (
        "The floor does not compare values, normalise keys, or give each record a trace id and an "
        f"outcome. At HubSpot's highest limit, {FASTEST:,} rows a second, this provider keeps {core:.0%} "
        "of one core busy."
    )
