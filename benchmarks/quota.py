# SPDX-License-Identifier: Apache-2.0
"""How much of the allowed calls is used, and what speed comes of it, at HubSpot's latencies."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import NamedTuple

from benchmarks.chart import Bar, Picture
from benchmarks.contest import OFFICIAL, OURS, PER_BATCH, PER_ROW, TITLES, Arena, DidNotRun, arena
from benchmarks.population import rows
from benchmarks.portal import Portal
from benchmarks.table import Result, goal, number, paragraph, percent, ratio, table

EVERY = 0.5
"""Seconds between two looks at the portal's window."""

LAST = 4.0
"""Seconds of a run's end in which there is less and less left to do."""

LOOKING_UP = "official_client, looking up"
REACH_THE_LIMIT = (OURS, "sdk_async")

HEAD = (
    "",
    "calls a second",
    "of those allowed",
    "429",
    "rows written a second",
    "against the official client",
)


class Case(NamedTuple):
    """A portal.

    :param limit: calls in 10 s.
    :param seconds: the shortest latency.
    :param spread: what is added to it at most.
    """

    limit: int
    seconds: float
    spread: float

    @property
    def title(self) -> str:
        """What it is called."""
        latency = (
            f"{self.seconds} to {self.seconds + self.spread:.1f} s" if self.spread else f"{self.seconds} s"
        )
        return f"{self.limit} calls in 10 s, {latency} latency"

    def arena(self, contacts: int) -> AbstractContextManager[Arena]:
        """Run the portal."""
        latency = {"kind": "latency", "seconds": self.seconds, "spread": self.spread}
        return arena(contacts, "--rate-limit", f"{self.limit}/10s", faults={"seed": 4, "rules": [latency]})


USUAL = Case(190, 0.3, 1.2)
CASES = (Case(100, 0.3, 1.2), USUAL, Case(100, 0.5, 0), Case(190, 0.5, 0), Case(250, 0.5, 0))


def run(*, quick: bool) -> Iterator[Result]:
    """Measure; this provider with all rows where latency varies, all others with slices of the time."""
    for case in (USUAL,) if quick else CASES:
        count = 30_000 if quick else 200_000 if case.spread else 100_000
        with case.arena(count) as place:
            file = place.source(rows(count))
            for name in (OURS, *PER_BATCH, LOOKING_UP, *PER_ROW):
                seconds = _seconds(case, name, quick=quick)
                yield {"case": case, "contestant": name, **_measure(place, name, file, seconds)}


def _seconds(case: Case, name: str, *, quick: bool) -> float | None:
    """Give the slice of a contestant; those that reach the limit need one of several windows."""
    if name not in REACH_THE_LIMIT:
        return 4.0 if quick else 12.0
    if name == OURS and case.spread and not quick:
        return None
    return 12.0 if quick else 45.0


def _measure(place: Arena, name: str, file: Path, seconds: float | None) -> Result:
    program, options = (OFFICIAL, {"look_up": True}) if name == LOOKING_UP else (name, {})
    with watched(place.portal) as used:
        try:
            outcome = place.run(program, file, seconds, **options)
        except DidNotRun as error:
            return {"error": str(error)}
    count = outcome.count
    written = sum(outcome.told.values())
    return {
        "rows": outcome.rows,
        "seconds": outcome.seconds,
        "rate": written / outcome.seconds,
        "calls": count.calls,
        "refused": count.refused,
        "used": steady(used, outcome.seconds),
        "written": written,
    }


@contextmanager
def watched(portal: Portal) -> Iterator[list[int]]:
    """Watch a portal's window.

    :return: how many calls the last ten seconds had, again and again; it grows as long as the context lasts.
    """
    used: list[int] = []
    over = Event()

    def watch() -> None:
        while not over.wait(EVERY):
            used.append(portal.used())

    thread = Thread(target=watch)
    thread.start()
    try:
        yield used
    finally:
        over.set()
        thread.join()


def steady(used: Sequence[int], seconds: float) -> float | None:
    """Give the mean use of the windows that lie within a run, without its start and its end.

    :param used: the windows' uses.
    :param seconds: the run's.
    :return: calls in ten seconds, or None if the run was too short.
    """
    # The program starts and ends in this time, too.
    first = next((place for place, calls in enumerate(used) if calls), 0)
    within = used[first + round(10 / EVERY) : first + round((seconds - LAST) / EVERY)]
    return statistics.fmean(within) if within else None


def picture(results: list[Result]) -> Picture | None:
    """Return the picture of the usual case; None if it was not measured."""
    chosen = [each for each in results if Case(*each["case"]) == USUAL and "rate" in each]
    if not chosen:
        return None
    bars = [Bar(title(each["contestant"]), each["rate"], each["contestant"] == OURS) for each in chosen]
    bars.sort(key=lambda bar: -bar.value)
    return Picture("Contacts updated in a second", f"{USUAL.title}; all rows changed", bars)


def page(results: list[Result]) -> str:
    """Show."""
    text = "![rows a second](images/benchmarks.svg)\n\n" + paragraph(
        "All rows are changed. This provider looks each contact up and writes it: two calls for 100 rows. "
        "The others, except *with look-ups*, are given the record ids and only write, or write one row "
        "per call by address. *Of those allowed* is the share of the limit that was used by calls that "
        "were not refused. It includes the burst at the start of the run and the wait for the last "
        "answers, so it can exceed 100 %."
    )
    for case in dict.fromkeys(Case(*each["case"]) for each in results):
        chosen = {each["contestant"]: each for each in results if Case(*each["case"]) == case}
        base = chosen[OFFICIAL].get("rate", 0.0)
        text += f"\n**{case.title}**\n\n" + table(HEAD, (_line(each, base) for each in chosen.values()))
        text += "\n" + _goals(case, chosen)
    ours = max((each for each in results if each["contestant"] == OURS), key=lambda each: each["rows"])
    return (
        text
        + f"\nThis provider synced up to {number(ours['rows'])} rows a run; the others had slices of time.\n"
    )


def title(name: str) -> str:
    """Give the name of a contestant."""
    return f"{TITLES[OFFICIAL]}, with look-ups" if name == LOOKING_UP else TITLES[name]


def share(result: Result) -> float:
    """Give the part of the allowed calls that was used."""
    limit: int = result["case"][0]
    return float((result["calls"] - result["refused"]) / (limit * result["seconds"] / 10))


def _line(result: Result, base: float) -> list[str]:
    name = title(result["contestant"])
    if "error" in result:
        return [name, "did not run", *["–"] * 4]
    refused = percent(result["refused"] / result["calls"])
    pace = number(result["calls"] / result["seconds"])
    return [name, pace, percent(share(result)), refused, number(result["rate"]), ratio(result["rate"], base)]


def _goals(case: Case, results: dict[str, Result]) -> str:
    ours = results[OURS]
    text = ""
    if case.spread:
        used, refused = share(ours), ours["refused"] / ours["calls"]
        text += goal("At least 98 % of the allowed calls", percent(used), met=used >= 0.98, why=WHY_USED)
        if ours["used"] is not None:
            within = percent(ours["used"] / case.limit)
            text += paragraph(
                f"- Any ten seconds within the run hold {within} of the allowed calls on average.", "  "
            )
        text += goal("At most 0.1 % of calls refused", percent(refused), met=refused <= 0.001)
    else:
        for name, why in ((OFFICIAL, WHY_FIVE), (LOOKING_UP, "")):
            if "rate" in results.get(name, {}):
                times = ours["rate"] / results[name]["rate"]
                text += goal(f"At least 5× {title(name)}", f"{number(times)}×", met=times >= 5, why=why)
    slow = [results[name]["rate"] for name in PER_ROW if "rate" in results.get(name, {})]
    if slow:
        times = ours["rate"] / max(slow)
        text += goal(
            "At least 100× one-row-a-call tools", f"{number(times)}×", met=times >= 100, why=WHY_HUNDRED
        )
    return text


WHY_USED = (
    "Known parts of the loss: each call counts for 1 % longer than HubSpot's ten seconds, since it arrives "
    "later than it goes, and a run's end waits for its last look-ups, then for its last writes. And "
    "calls come in bursts, in which those under way are too few, so that some go late."
)
WHY_FIVE = (
    "The loop is given record ids, so it makes one call for 100 rows where this provider makes two. The "
    "limit caps the calls: no tool that looks contacts up can be five times as fast here."
)
WHY_HUNDRED = (
    "The limit caps this provider, two calls for 100 rows; latency alone caps them, at one row a call."
)
