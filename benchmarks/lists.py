# SPDX-License-Identifier: Apache-2.0
"""What a list costs beside its contacts: calls of a run that fills it, and of later ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks.contest import WITH_STATE, Arena, arena
from benchmarks.table import Result, goal, number, paragraph, table
from tests.airflow.postgres import serve

RUNS = {
    "none": "no list",
    "filled": "a list that gets them all",
    "again": "the same again, where all are members",
    "filled_state": "a list that gets them all, and a state",
    "again_state": "the same again, where the state knows the members",
}
"""Run → what it is about, in their order: *again* goes on where the run before it has ended."""

MOST = 200
"""Calls about the list of 100,000 contacts, at most."""


def run(*, quick: bool) -> Iterator[Result]:
    """Measure."""
    count = 20_000 if quick else 100_000
    with serve() as database, arena(count, "--rate-limit", "off") as place:
        options = {"database": database, "state": str(place.folder / "state.db"), "rows": count}
        for name in RUNS:
            given = {**options, "lists": None if name == "none" else "Customers"}
            yield {"run": name, **_go(place, name, given)}


def _go(place: Arena, name: str, options: dict[str, Any]) -> Result:
    way = "update" if name.endswith("_state") else "none"
    outcome = place.run(
        WITH_STATE,
        place.source(iter(())),
        is_fresh=not name.startswith("again"),
        way=way,
        changed=0,
        version=0,
        **options,
    )
    of_lists = [calls for each, calls in outcome.count.operations.items() if each.startswith("lists.")]
    return {
        "rows": outcome.rows,
        "seconds": outcome.seconds,
        "calls": outcome.count.calls,
        "of_lists": sum(of_lists),
    }


def page(results: list[Result]) -> str:
    """Show."""
    found = {each["run"]: each for each in results}
    count = found["none"]["rows"]
    lines = [
        (
            title,
            number(found[name]["of_lists"]),
            number(found[name]["calls"]),
            number(count / found[name]["seconds"]),
        )
        for name, title in RUNS.items()
    ]
    text = table(("", "calls about the list", "all calls", "rows a second"), lines) + "\n"
    text += paragraph(
        f"{number(count)} contacts whose values are already up to date, 1,000 a call about the list, "
        "without a limit. The calls at the start count, too: definitions, limits, the names of all lists."
    )
    most = round(MOST * count / 100_000)
    text += "\n"
    for name, title in [*RUNS.items()][1:]:
        calls = found[name]["of_lists"]
        text += goal(f"{title.capitalize()}: at most {most} calls about it", number(calls), met=calls <= most)
    return text
