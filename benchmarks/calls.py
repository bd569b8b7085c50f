# SPDX-License-Identifier: Apache-2.0
"""Calls for 100,000 rows, of which all, a tenth or none differ from what the portal has."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.contest import OFFICIAL, OURS, PER_BATCH, PER_ROW, TITLES, DidNotRun, arena
from benchmarks.population import rows
from benchmarks.table import Result, number, paragraph, ratio, table

SHARES = (100, 10, 0)
PER = 100_000


def run(*, quick: bool) -> Iterator[Result]:
    """Measure."""
    many, few = (5_000, 20) if quick else (PER, 500)
    with arena(many, "--rate-limit", "off") as place:
        for changed in SHARES:
            for name in (OURS, *PER_BATCH, *PER_ROW):
                count = many if name == OURS else few if name in PER_ROW else min(many, 10_000)
                file = place.source(rows(count, changed))
                result: Result = {"contestant": name, "changed": changed, "rows": count}
                try:
                    outcome = place.run(name, file, seconds=10 if name in PER_ROW else None)
                except DidNotRun as error:
                    yield {**result, "error": str(error)}
                else:
                    calls = outcome.count.calls * PER / outcome.rows
                    yield {**result, "rows": outcome.rows, "calls": calls}


def page(results: list[Result]) -> str:
    """Show."""
    calls = {(each["contestant"], each["changed"]): each.get("calls") for each in results}
    names = list(dict.fromkeys(each["contestant"] for each in results))

    def cells(name: str) -> Iterator[str]:
        for changed in SHARES:
            own, base = calls[name, changed], calls[OFFICIAL, changed]
            yield f"{number(own)} ({ratio(own, base)})" if own and base else number(own)

    head = ("calls for 100,000 rows", *(f"{changed} % changed" for changed in SHARES))
    return (
        table(head, ([TITLES[name], *cells(name)] for name in names))
        + "\n"
        + paragraph(
            "In brackets: the multiple of the official client's loop. This provider looks every contact up, "
            "to update only what exists and to leave out what is the same. The others are given record ids, "
            "or write by email, and write all rows every time. Measured on "
            f"{number(max(each['rows'] for each in results))} rows, on "
            f"{number(min(each['rows'] for each in results))} to 10,000 for the others, and scaled."
        )
    )
