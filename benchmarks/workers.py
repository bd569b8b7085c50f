# SPDX-License-Identifier: Apache-2.0
"""Several processes on one portal, with and without a rate limit that they share."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.contest import OURS, Arena, DidNotRun, finish, start
from benchmarks.population import Row, row
from benchmarks.portal import TOKEN
from benchmarks.quota import USUAL
from benchmarks.table import Result, goal, number, paragraph, percent, ratio, table

STORES = ("redis-server", "valkey-server")
PROCESSES = (1, 2, 4, 8)
CONTACTS = 120_000


def run(*, quick: bool) -> Iterator[Result]:
    """Measure."""
    seconds = 5.0 if quick else 45.0
    with USUAL.arena(CONTACTS) as place, _store() as store:
        for shared in (True, False):
            for processes in (2,) if quick else PROCESSES:
                case: Result = {"shared": shared, "processes": processes}
                if shared and store is None:
                    yield {**case, "error": "no Redis and no Valkey is installed"}
                    continue
                try:
                    yield {**case, **_measure(place, processes, seconds, store if shared else None)}
                except DidNotRun as error:
                    yield {**case, "error": str(error).strip().splitlines()[-1]}


def _measure(place: Arena, processes: int, seconds: float, store: str | None) -> Result:
    files = [
        place.source(_own_rows(number, processes), f"rows-{number}.jsonl") for number in range(processes)
    ]
    place.portal.reset(place.faults)
    task = {"url": place.portal.url, "token": TOKEN, "seconds": seconds, "options": {"store": store}}
    running = [start(OURS, {**task, "file": str(file)}) for file in files]
    took = [finish(process) for process in running]
    count = place.portal.count()
    return {
        "seconds": max(each["seconds"] for each in took),
        "calls": count.calls,
        "refused": count.refused,
        "rates": [each["rows"] / each["seconds"] for each in took],
    }


def _own_rows(number: int, processes: int) -> Iterator[Row]:
    """Give more rows than a process gets to, of contacts that no other process has."""
    return (row(contact, 1) for contact in range(number, CONTACTS, processes))


@contextmanager
def _store() -> Iterator[str | None]:
    """Run a Redis or Valkey for as long as the context lasts.

    :return: its URL, or None if there is none to run.
    """
    program = next(filter(None, map(shutil.which, STORES)), None)
    if program is None:
        yield None
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    with tempfile.TemporaryDirectory() as folder:
        command = [program, "--bind", "127.0.0.1", "--port", port, "--save", "", "--dir", folder]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.terminate()
            process.wait()


def page(results: list[Result]) -> str:
    """Show."""
    text = paragraph(
        f"{USUAL.title}. Every process has its own rows. *Fairness* is the speed of the slowest process, "
        "divided by the mean. All processes stop reading at the same time, and finish what they have "
        "read."
    )
    for shared in (True, False):
        chosen = [each for each in results if each["shared"] == shared]
        name = "One limit, shared by a store" if shared else "Each on its own, without the store"
        text += f"\n**{name}**\n\n"
        if error := next((each["error"] for each in chosen if "error" in each), None):
            text += f"Not measured: {error}.\n"
            continue
        base = sum(chosen[0]["rates"])
        text += table(HEAD, (_line(each, base) for each in chosen)) + (
            "\n" + _goals(chosen) if shared else ""
        )
    return text


HEAD = ("processes", "of the allowed calls", "429", "rows a second, all", "against the first", "fairness")


def _used(result: Result) -> float:
    return float((result["calls"] - result["refused"]) / (USUAL.limit * result["seconds"] / 10))


def _fairness(result: Result) -> float:
    rates = result["rates"]
    return float(min(rates) * len(rates) / sum(rates))


def _line(result: Result, base: float) -> list[str]:
    rate = sum(result["rates"])
    shares = [percent(_used(result)), percent(result["refused"] / result["calls"])]
    fairness = f"{_fairness(result):.2f}"
    return [str(result["processes"]), *shares, number(rate), ratio(rate, base), fairness]


def _goals(results: list[Result]) -> str:
    used = min(map(_used, results))
    refused = max(each["refused"] / each["calls"] for each in results)
    fair = min(map(_fairness, results))
    return (
        goal("At least 95 % of the allowed calls in total", percent(used), met=used >= 0.95, why=WHY)
        + goal("At most 0.5 % of calls refused", percent(refused), met=refused <= 0.005)
        + goal("The slowest at least 0.8 of the mean", f"{fair:.2f}", met=fair >= 0.8)
    )


WHY = (
    "Known parts of the loss: after a refused call everyone waits, each run's end waits for its last "
    "answers, and all processes share the cores with the portal. How much is due to which was not measured."
)
