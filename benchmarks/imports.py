# SPDX-License-Identifier: Apache-2.0
"""What a DAG file pays for this provider: importing the operator and making tasks of it."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator

from benchmarks.table import Result, goal, number, paragraph, table

GOAL = 5.0
"""Milliseconds above Airflow, of the import and the first task together."""

PROGRAM = """
import time
moments = [time.perf_counter()]
from airflow.sdk import DAG, Asset, task
moments.append(time.perf_counter())
Asset("any://first/asset")
moments.append(time.perf_counter())
from airflow_provider_hubcontact.operators.hubspot import (
    FromLedger, Guards, HubSpotUpdateContactOperator, Key, Ledger, Writes
)
moments.append(time.perf_counter())
HubSpotUpdateContactOperator(task_id="first", records=[])
moments.append(time.perf_counter())
HubSpotUpdateContactOperator(
    task_id="whole",
    records=FromLedger("ledger", outcomes=["rejected"], among=[]),
    mapping={"first_name": "firstname", "stage": "lifecyclestage"},
    key=Key("mail", becomes="new_mail"),
    json_schema={"properties": {"firstname": {"maxLength": 40}}},
    upsert=True,
    writes=Writes(stages="reset", properties={"firstname": "fill_empty"}),
    status_actions={404: "skip"},
    max_failures=0.1,
    guards=Guards(changes=0.2, creates=500),
    ledger=Ledger("ledger", values=True),
)
moments.append(time.perf_counter())
print(*(after - before for before, after in zip(moments, moments[1:])))
"""

STEPS = ("airflow", "asset", "operator", "first", "whole")
"""What the program prints, in its order."""


def run(*, quick: bool) -> Iterator[Result]:
    """Measure, with modules compiled, as pip leaves them."""
    with tempfile.TemporaryDirectory(prefix="hubcontact-") as home:
        environment = {**os.environ, "AIRFLOW_HOME": home, "PYTHONPYCACHEPREFIX": f"{home}/compiled"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for turn in range(-1, 5 if quick else 21):
            done = subprocess.run(
                [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
            )
            took = (float(each) * 1000 for each in done.stdout.split()[-len(STEPS) :])
            if turn >= 0:  # the first one fills caches
                yield dict(zip(STEPS, took, strict=True))


def page(results: list[Result]) -> str:
    """Show."""
    airflow, asset, operator, first, whole = (
        statistics.median(each[step] for each in results) for step in STEPS
    )
    together = statistics.median(each["operator"] + each["first"] for each in results)
    rows = [
        ("`airflow.sdk`: DAG, Asset, task", airflow),
        ("a first `Asset`", asset),
        ("import of the operator's module after these", operator),
        ("the first task, with `records` alone", first),
        ("both", together),
        ("another task, with every value object, a mapping and a JSON Schema", whole),
    ]
    met = goal(
        "Import and first task take at most 5 ms more than Airflow alone",
        f"{number(together)} ms",
        met=together <= GOAL,
        why=WHY,
    )
    lines = [
        (name, number(took), "1×" if took is airflow else f"{took / airflow:.4f}×") for name, took in rows
    ]
    return (
        table(("what a DAG file does", "ms", "against Airflow"), lines)
        + f"\nMedian of {len(results)} new processes.\n\n"
        + BASELINE
        + "\n"
        + met
    )


BASELINE = paragraph(
    "The baseline is `airflow.sdk`, which every DAG file imports. Everything that the first task makes "
    "Airflow do is counted as ours. About 0.5 ms of it is the cost of a first task of any operator. The "
    "first `Asset` is not counted: once a process, Airflow asks all installed providers how to read "
    "addresses."
)

WHY = (
    "It is the operator's class, its asset, and the settings that a DAG file is checked with. "
    "What runs a task is imported when it runs. On a busy machine all imports take longer."
)
