# SPDX-License-Identifier: Apache-2.0
"""What a state saves: calls, speed of unchanged rows, and memory for very many of them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

from benchmarks.chart import Bar, Picture
from benchmarks.contest import WITH_STATE, Arena, arena
from benchmarks.table import Result, goal, number, paragraph, ratio, table
from tests.airflow.postgres import serve

WAYS = {"none": "without a state", "update": "a state, update only", "upsert": "a state, upsert"}
SHARES = (0, 10, 100)
GOALS = {"update": (5, 205, 2_005), "upsert": (5, 105, 1_005)}
"""Way → calls for 100,000 rows, for each of the shares."""

START = 5
"""Those among them that do not depend on the rows."""

FEW = 10_000


def run(*, quick: bool) -> Iterator[Result]:
    """Measure."""
    count, many = (20_000, 200_000) if quick else (100_000, 10_000_000)
    with serve() as database, arena(count, "--rate-limit", "off") as place:
        options = {"database": database, "state": str(place.folder / "state.db"), "rows": count}
        _go(place, way="update", changed=0, version=0, **options)
        shutil.copy(place.folder / "state.db", place.folder / "filled.db")
        for way in WAYS:
            for share in SHARES:
                shutil.copy(place.folder / "filled.db", place.folder / "state.db")
                yield {
                    "what": "calls",
                    "way": way,
                    "share": share,
                    **_go(place, way=way, changed=count * share // 100, version=1, **options),
                }
        for rows in (FEW, many):
            options |= {"rows": rows, "state": str(place.folder / f"state-{rows}.db")}
            _go(place, way="fill", changed=0, version=0, **options)
            for way in GOALS:
                found = _go(place, way=way, changed=FEW, version=way, **options)
                yield {"what": "memory", "way": way, **found}


def _go(place: Arena, **options: Any) -> Result:
    outcome = place.run(WITH_STATE, place.source(iter(())), **options)
    return {
        "rows": outcome.rows,
        "seconds": outcome.seconds,
        "cpu": outcome.cpu,
        "memory": outcome.memory,
        "calls": outcome.count.calls,
    }


def picture(results: list[Result]) -> Picture:
    """Return the picture of the calls that a run makes if little has changed."""
    calls = _calls(results)
    bars = [
        Bar(f"{title}, {share} % changed", calls[way, share]["calls"], is_ours=way != "none")
        for share in SHARES[:2]
        for way, title in WAYS.items()
    ]
    rows = number(calls["none", 0]["rows"])
    return Picture(f"Calls for {rows} rows", "All calls of the run, those of its start included", bars)


def _calls(results: list[Result]) -> dict[tuple[str, int], Result]:
    return {(each["way"], each["share"]): each for each in results if each["what"] == "calls"}


def page(results: list[Result]) -> str:
    """Show."""
    calls = _calls(results)
    count = calls["none", 0]["rows"]
    head = (
        "calls",
        *(f"{share} % changed" for share in SHARES),
        "unchanged rows a second",
        "against without",
    )
    rate = {way: count / calls[way, 0]["seconds"] for way in WAYS}
    lines = [
        (
            title,
            *(number(calls[way, share]["calls"]) for share in SHARES),
            number(rate[way]),
            ratio(rate[way], rate["none"]),
        )
        for way, title in WAYS.items()
    ]
    text = "![calls](images/benchmarks-state.svg)\n\n" + table(head, lines) + "\n"
    text += paragraph(f"{number(count)} rows, 100 a call, without a limit.") + "\n"
    for way, wanted in GOALS.items():
        most = [START + round((each - START) * count / 100_000) for each in wanted]
        found = [calls[way, share]["calls"] for share in SHARES]
        text += goal(
            f"{WAYS[way]}: at most {', '.join(map(number, most))} calls",
            ", ".join(map(number, found)),
            met=all(each <= limit for each, limit in zip(found, most, strict=True)),
        )
    times = rate["update"] / rate["none"]
    text += goal(
        "Unchanged rows: at least 3 times as fast as without", f"{times:.1f}×", met=times >= 3, why=WHY_TIMES
    )
    text += goal(
        "and at least 20,000 a second", number(rate["update"]), met=rate["update"] >= 20_000, why=WHY
    )
    return text + "\n" + _of_many([each for each in results if each["what"] == "memory"])


WHY_TIMES = (
    "The sandbox answers at once and has no limit here, so the work on the rows takes most of the time in "
    "both runs. At 190 calls in ten seconds, a run without a state looks up 1,900 rows a second."
)


WHY = (
    "A row is read, checked, converted and hashed before it is compared; on a machine that does other things "
    "at the same time all of that takes longer."
)


def _of_many(results: list[Result]) -> str:
    few, many = (
        {each["way"]: each for each in results if each["rows"] == rows}
        for rows in sorted({each["rows"] for each in results})
    )
    head = (
        "rows",
        "calls, update only",
        "calls, upsert",
        "rows a second",
        "peak resident MiB",
        "against few",
    )
    lines = [
        (
            number(each["update"]["rows"]),
            number(each["update"]["calls"]),
            number(each["upsert"]["calls"]),
            number(each["update"]["rows"] / each["update"]["seconds"]),
            number(each["update"]["memory"]),
            ratio(each["update"]["memory"], few["update"]["memory"]),
        )
        for each in (few, many)
    ]
    times = many["update"]["memory"] / few["update"]["memory"]
    said = f"{number(FEW)} rows of each have changed. The state is in SQLite, the rows come from PostgreSQL."
    text = table(head, lines) + "\n" + paragraph(said) + "\n"
    for way, most in (("update", 210), ("upsert", 110)):
        calls = many[way]["calls"]
        text += goal(f"{WAYS[way]}: at most {most} calls", number(calls), met=calls <= most)
    return text + goal("At most 1.1 times the memory for many rows", f"{times:.2f}×", met=times <= 1.1)
