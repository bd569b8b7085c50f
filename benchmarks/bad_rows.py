# SPDX-License-Identifier: Apache-2.0
"""What bad rows cost: calls, speed, good rows that are not written, records that are reported wrongly."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from benchmarks.contest import OFFICIAL, OURS, PER_BATCH, PER_ROW, TITLES, Arena, DidNotRun, Outcome, arena
from benchmarks.contestant import properties
from benchmarks.population import Row, spoilt
from benchmarks.table import Result, number, paragraph, ratio, table

CASES = (("value", 0), ("value", 1), ("value", 10), ("value", 50), ("missing", 10))
QUICK_CASES = (("value", 0), ("value", 10), ("missing", 10))
WHOLE = (("whole", 1), ("whole", 10), ("whole", 50))
KINDS = {
    "value": "with a value that HubSpot refuses",
    "missing": "of a contact that HubSpot does not have",
    "whole": "with a value that HubSpot refuses, and with it the batch, trace ids or not",
}
FEW = 500
"""Rows where each batch takes many calls."""

REFUSES_WHOLE = ("--switch", "batch_update_with_trace_ids=400")


def run(*, quick: bool) -> Iterator[Result]:
    """Measure."""
    count, seconds = (5_000, 3.0) if quick else (10_000, 8.0)
    names = (OURS, OFFICIAL, "sdk_sync", "http_operator") if quick else (OURS, *PER_BATCH, *PER_ROW)
    limits = ("--rate-limit", "190/10s", "--latency", "0.1")
    with arena(count, *limits) as place:
        for kind, bad in QUICK_CASES if quick else CASES:
            file = place.source(spoilt(count, bad, kind))
            for name in names:
                yield {
                    "contestant": name,
                    "kind": kind,
                    "bad": bad,
                    **_measure(place, name, file, seconds, bad),
                }
    with arena(count, *limits, *REFUSES_WHOLE) as place:
        for kind, bad in WHOLE[1:2] if quick else WHOLE:
            file = place.source(spoilt(FEW, bad, kind))
            for name in (OURS, OFFICIAL):
                yield {
                    "contestant": name,
                    "kind": kind,
                    "bad": bad,
                    **_measure(place, name, file, seconds, bad),
                }


def _measure(place: Arena, name: str, file: Path, seconds: float, bad: int) -> Result:
    try:
        outcome = place.run(name, file, seconds, batch=1)
    except DidNotRun as error:
        return {"error": str(error)}
    return account(file, outcome, place.portal.contacts(), bad)


def account(file: Path, outcome: Outcome, stored: dict[str, Row], bad: int) -> Result:
    """Compare what a contestant says of its records with what the portal has."""
    unwritten = wrong = 0
    with file.open(encoding="utf-8") as lines:
        for number_, line in enumerate(lines):
            row = json.loads(line)
            if row["email"] not in outcome.told:
                continue
            is_written = properties(row).items() <= stored.get(row["email"], {}).items()
            wrong += outcome.told[row["email"]] != is_written
            unwritten += number_ * 37 % 100 >= bad and not is_written
    per_thousand = 1000 / outcome.rows
    return {
        "rows": outcome.rows,
        "rate": outcome.rate,
        "calls": outcome.count.calls * per_thousand,
        "refused": outcome.count.refused,
        "unwritten": unwritten * per_thousand,
        "wrong": wrong * per_thousand,
    }


def page(results: list[Result]) -> str:
    """Show."""
    text = paragraph(
        "190 calls in 10 s, 0.1 s latency, some seconds each. All numbers except the speed are for 1,000 "
        "rows. *Good rows unwritten* have no fault, but did not reach the portal. *Reported wrongly* are "
        "records that were written but reported as failed, or the other way round. A failed row counts as "
        "ended: read the speed together with the next columns."
    )
    for kind, bad in dict.fromkeys((each["kind"], each["bad"]) for each in results):
        chosen = [each for each in results if (each["kind"], each["bad"]) == (kind, bad)]
        title = f"{bad} in 100 rows {KINDS[kind]}" if bad else "No bad row"
        text += f"\n**{title}**\n\n" + table(HEAD, map(_line, chosen, [_base(chosen)] * len(chosen)))
    return text


HEAD = (
    "",
    "calls",
    "rows ended a second",
    "against the official client",
    "good rows unwritten",
    "reported wrongly",
)


def _base(results: list[Result]) -> float:
    return next((each.get("rate", 0) for each in results if each["contestant"] == OFFICIAL), 0)


def _line(result: Result, base: float) -> list[str]:
    title = TITLES[result["contestant"]]
    if "error" in result:
        return [title, "did not run", *["–"] * 4]
    counts = [number(result[name]) for name in ("calls", "rate")]
    return [title, *counts, ratio(result["rate"], base), number(result["unwritten"]), number(result["wrong"])]
