# SPDX-License-Identifier: Apache-2.0
"""Write ``docs/benchmarks.md`` and its pictures from the results that are there.

A section without results stays as the page has it, with its date: a clone has the page, but no results.
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.contest import PEERS
from benchmarks.table import Result, paragraph

RESULTS = Path(__file__).parent / "results"

NAMES = {
    "quota": "Quota use",
    "calls": "Calls",
    "cpu": "CPU",
    "memory": "Memory",
    "state": "With a state",
    "lists": "A list",
    "workers": "Many workers",
    "bad_rows": "The cost of bad rows",
    "caught": "Bad values caught before they are sent",
    "imports": "Import time",
}
"""Module → title, in the page's order."""

PICTURES = {"quota": "benchmarks.svg", "state": "benchmarks-state.svg"}
"""Module → file of its picture; the module's ``picture`` says what it shows."""

INTRODUCTION = """# Benchmarks

What a sync costs, measured against the [sandbox](sandbox.md) on one machine, beside other tools.
Compare the ratios: every table has a baseline of the same run. The numbers depend on the machine.

| question | section |
|---|---|
| Does a sync use up HubSpot's limit? | [quota use](#quota-use), [many workers](#many-workers) |
| How many calls does it take? | [calls](#calls), [with a state](#with-a-state), [a list](#a-list) |
| What does the worker need? | [CPU](#cpu), [memory](#memory), [import time](#import-time) |
| What do bad rows cost? | [calls and speed](#the-cost-of-bad-rows) |
| How many are caught before they are sent? | [bad values](#bad-values-caught-before-they-are-sent) |
"""

OURS = ("apache-airflow", "requests", "urllib3", "jsonschema-rs", "orjson", "uvicorn")
THEIRS = ("hubspot-api-client", "hubspot-sdk", "drt-core", "dlt", "requests", "urllib3", "jsonschema-rs")


def write(folder: Path) -> None:
    """Write the page and the pictures.

    :param folder: where to.
    """
    page = folder / "benchmarks.md"
    folder.mkdir(parents=True, exist_ok=True)
    for name, file in PICTURES.items():
        if (results := read(name)) and (picture := _module(name).picture(results)):
            picture.draw(folder / "images" / file)
    earlier = sections(page.read_text(encoding="utf-8")) if page.exists() else {}
    text = INTRODUCTION
    for name, title in NAMES.items():
        if results := read(name):
            body = _module(name).page(results) + _footnote(name, results)
        else:
            body = earlier.get(title, f"Not measured yet: `make bench ARGS={name}`.\n")
        text += f"\n## {title}\n\n{body}"
    page.write_text(text + environment(), encoding="utf-8")


def _module(name: str) -> Any:
    return importlib.import_module(f"benchmarks.{name}")


def sections(page: str) -> dict[str, str]:
    """Split a page into its sections.

    :return: title → text.
    """
    parts = (part.partition("\n") for part in page.split("\n## ")[1:])
    return {title: f"{text.strip()}\n" for title, _, text in parts}


def read(name: str) -> list[Result]:
    """Read the results of a benchmark."""
    file = RESULTS / f"{name}.jsonl"
    if not file.exists():
        return []
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def environment() -> str:
    """Say on which machine and with which versions it was measured, and how to do it again."""
    machine = paragraph(
        f"{os.cpu_count()} cores ({_processor()}), {_memory()} GiB of memory, {platform.system()}, Python "
        f"{platform.python_version()}. The sandbox, the database and the contestant share these cores, and "
        "so did other programs while this was measured: small differences mean nothing."
    )
    ours = ", ".join(f"{name} {version(name)}" for name in OURS)
    theirs = _versions_of_peers()
    versions = paragraph(
        f"This provider ran with {ours}." + (f" The peers ran with {theirs}." if theirs else "")
    )
    return f"""
## The machine, the versions, the commands

{machine}
{versions}
    make bench         # all of this, in about 50 minutes
    make bench-quick   # fewer rows and rounds, in about 10 minutes
    make bench ARGS=cpu
"""


def _footnote(name: str, results: list[Result]) -> str:
    quick = "; the quick run" if results[0]["quick"] else ""
    errors = {  # a benchmark without contestants tells its errors itself
        each["contestant"]: each["error"].strip().splitlines()[-1]
        for each in results
        if "error" in each and "contestant" in each
    }
    failed = "".join(f"\n- Did not run: {contestant}: {error}" for contestant, error in errors.items())
    command = "bench-quick" if results[0]["quick"] else "bench"
    return f"{failed}\n`make {command} ARGS={name}`, {results[0]['date']}{quick}.\n"


def _versions_of_peers() -> str:
    """Name the peers with their versions; nothing where their environment is not there."""
    program = f"from importlib.metadata import version\nfor name in {THEIRS!r}: print(name, version(name))"
    try:
        done = subprocess.run([PEERS, "-c", program], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return ", ".join(done.stdout.splitlines())


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown"
    )


def _memory() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
