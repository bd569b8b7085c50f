# SPDX-License-Identifier: Apache-2.0
"""Peak memory of the operator, for few rows and for many, out of a PostgreSQL database."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from benchmarks.contest import FROM_SQL, arena
from benchmarks.table import Result, goal, number, paragraph, ratio, table
from tests.airflow.postgres import serve

FEW = 10_000
CONTACTS = 20_000


def run(*, quick: bool) -> Iterator[Result]:
    """Measure; few rows more than once, since they are the baseline."""
    many = 100_000 if quick else 2_000_000
    with serve() as database, arena(CONTACTS, "--rate-limit", "off") as place:
        nothing = place.source(iter(()))
        for rows in (FEW, FEW, FEW, many):
            outcome = place.run(FROM_SQL, nothing, rows=rows, contacts=CONTACTS, database=database)
            yield {
                "rows": rows,
                "memory": outcome.memory,
                "seconds": outcome.seconds,
                "calls": outcome.count.calls,
            }


def page(results: list[Result]) -> str:
    """Show."""
    few = statistics.median(each["memory"] for each in results if each["rows"] == FEW)
    most = max(results, key=lambda each: each["rows"])
    lines = [
        [number(FEW), number(few), "1×"],
        [number(most["rows"]), number(most["memory"]), ratio(most["memory"], few)],
    ]
    times = most["memory"] / few
    return (
        table(("rows", "peak resident MiB", "against few rows"), lines)
        + "\n"
        + paragraph(
            "The whole process: Python, Airflow, the driver, the rows. One row in ten changes something. "
            f"The rows are about {number(CONTACTS)} contacts, again and again."
        )
        + "\n"
        + goal("At most 1.1 times as much for many rows", f"{times:.2f}×", met=times <= 1.1)
    )
