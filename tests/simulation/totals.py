# SPDX-License-Identifier: Apache-2.0
"""What worlds came to: counted, kept in a file, and told on the page about reliability."""

from __future__ import annotations

import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from tests.simulation.world import World, ended_worlds

PAGE = Path("docs/reliability.md")
BEGIN, END = "<!-- simulated -->", "<!-- /simulated -->"
"""What stands around the totals on the page."""


@dataclass
class Totals:
    """What worlds came to.

    :param last: seed of the last one.
    :param wrong: seed of a world in which something was wrong → what.
    """

    worlds: int = 0
    last: int = -1
    events: int = 0
    tries: int = 0
    rows: int = 0
    seconds: float = 0.0
    features: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: dict[str, str] = field(default_factory=dict)

    def take(self, world: World) -> None:
        """Take in a world."""
        plot = world.scene.plot
        self.worlds += 1
        self.last = world.seed
        self.events += world.loop.events
        self.tries += len(world.oracles.tries)
        self.rows += len(plot.rows)
        self.features.update((plot.kind, *plot.features))
        self.faults += world.oracles.faults
        for watch in world.oracles.tries:
            results = (*watch.results.values(), *watch.removals.values())
            self.outcomes.update(str(result.outcome) for result in results)
        if world.oracles.violations:
            self.wrong[str(world.seed)] = world.oracles.violations[0]

    def add(self, other: Totals) -> None:
        """Take in the totals of other worlds."""
        for name in ("worlds", "events", "tries", "rows", "seconds"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("features", "faults", "outcomes"):
            getattr(self, name).update(getattr(other, name))
        self.last = max(self.last, other.last)
        self.wrong |= other.wrong

    def lines(self) -> list[str]:
        """Return the totals, as a person reads them."""
        speed = self.worlds / self.seconds if self.seconds else 0.0
        return [
            f"{self.worlds:,} worlds, {self.events:,} events, {self.tries:,} tries",
            f"{self.seconds:.1f} s, {speed:.1f} worlds a second",
            f"features: {told(self.features)}",
            f"outcomes: {told(self.outcomes)}",
            f"faults: {told(self.faults)}",
            *(f"WRONG in seed {seed}: {what}" for seed, what in self.wrong.items()),
        ]


def told(counts: Mapping[str, int]) -> str:
    """Return counts as a person reads them."""
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()))


def run_worlds(seeds: Iterable[int], on_wrong: Callable[[World], None] = lambda _: None) -> Totals:
    """Run worlds, and return what they came to.

    :param seeds: of the worlds.
    :param on_wrong: is given each world in which something was wrong.
    """
    totals, began = Totals(), time.perf_counter()
    for world in ended_worlds(seeds):
        totals.take(world)
        if world.oracles.violations:
            on_wrong(world)
    totals.seconds = time.perf_counter() - began
    return totals


class TotalsFile:
    """The totals of all long runs, each with the revision of the code that it ran.

    :param path: of the file; it need not be there yet.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._runs: list[dict[str, Any]] = orjson.loads(path.read_bytes()) if path.exists() else []

    @property
    def next_seed(self) -> int:
        """The first seed that no run has had."""
        return max((_read(run["totals"]).last + 1 for run in self._runs), default=0)

    def begin(self, having: Iterable[str] = ()) -> None:
        """Begin another run, with the next seeds.

        :param having: features that all its worlds have; others are passed over.
        """
        self._runs.append(
            {
                "began": f"{datetime.now(UTC):%Y-%m-%d}",
                "revision": _revision(),
                "first": self.next_seed,
                "having": sorted(having),
                "totals": vars(Totals()),
            }
        )

    def append(self, totals: Totals) -> None:
        """Add the totals of more worlds to the run, and keep the file."""
        run = self._runs[-1]
        whole = _read(run["totals"])
        whole.add(totals)
        run["totals"] = vars(whole)
        new = self._path.with_suffix(".new")
        new.write_bytes(orjson.dumps(self._runs, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))
        new.replace(self._path)

    def whole(self) -> Totals:
        """Return the totals of all runs."""
        return _sum(_read(run["totals"]) for run in self._runs)

    def write_page(self, page: Path = PAGE) -> None:
        """Put the totals on a page, in the place of those that are there.

        :param page: it has the marks around them.
        """
        head, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
        _, _, tail = rest.partition(END)
        page.write_text(f"{head}{BEGIN}\n\n{self._text()}\n{END}{tail}", encoding="utf-8")

    def _text(self) -> str:
        whole = self.whole()
        table = [
            "| run | code | seeds | worlds | tries | rows | events | worlds with an error |",
            "|---|---|---|---:|---:|---:|---:|---:|",
        ]
        for run in self._runs:
            one = _read(run["totals"])
            seeds = ", ".join([f"{run['first']:,} to {one.last:,}", *run["having"]])
            table.append(f"| {run['began']} | {run['revision']} | {seeds} | {_cells(one)} |")
        table.append(f"| **all** | | | {_cells(whole)} |")
        return "\n".join(table) + (
            f"\n\nWorlds with each feature: {told(whole.features)}.\n\n"
            f"How often each fault struck: {told(whole.faults)}.\n\n"
            f"How rows ended, in all tries: {told(whole.outcomes)}.\n"
        )


def _cells(totals: Totals) -> str:
    numbers: Sequence[int] = (totals.worlds, totals.tries, totals.rows, totals.events, len(totals.wrong))
    return " | ".join(f"{number:,}" for number in numbers)


def _read(kept: Mapping[str, Any]) -> Totals:
    counters = {name: Counter(kept[name]) for name in ("features", "faults", "outcomes")}
    return Totals(**{**kept, **counters})


def _sum(each: Iterable[Totals]) -> Totals:
    whole = Totals()
    for one in each:
        whole.add(one)
    return whole


def _revision() -> str:
    """Return what git calls the code."""
    command = ["git", "describe", "--always", "--dirty=+", "--abbrev=7"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() or "unknown"
