"""What a DAG file pays for importing the operator, beside what it pays for Airflow anyway."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator

from benchmarks.table import Result, goal, number, table

GOAL = 5.0
AIRFLOW = "from airflow.sdk import DAG, BaseOperator, task"
OPERATOR = "from airflow_provider_hubcontact.operators.hubspot import HubSpotUpdateContactOperator"
PROGRAM = f"""
import time
started = time.perf_counter()
{AIRFLOW}
between = time.perf_counter()
{OPERATOR}
print(between - started, time.perf_counter() - between)
"""


def run(*, quick: bool) -> Iterator[Result]:
    """Measure, with modules compiled, as pip leaves them."""
    with tempfile.TemporaryDirectory(prefix="hubcontact-") as home:
        environment = {**os.environ, "AIRFLOW_HOME": home, "PYTHONPYCACHEPREFIX": f"{home}/compiled"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        for turn in range(-1, 5 if quick else 21):
            done = subprocess.run(
                [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
            )
            airflow, operator = (float(each) * 1000 for each in done.stdout.split()[-2:])
            if turn >= 0:  # the first one fills caches
                yield {"airflow": airflow, "operator": operator}


def page(results: list[Result]) -> str:
    """Show."""
    airflow = statistics.median(each["airflow"] for each in results)
    operator = statistics.median(each["operator"] for each in results)
    rows = [
        ("`airflow.sdk`: DAG, BaseOperator, task", number(airflow), "1×"),
        ("the operator's module after it", number(operator), f"{operator / airflow:.3f}×"),
    ]
    met = goal(
        "At most 5 ms more than `airflow.sdk` alone", f"{number(operator)} ms", met=operator <= GOAL, why=WHY
    )
    return (
        table(("import", "ms", "against Airflow"), rows)
        + f"\nMedian of {len(results)} new processes.\n\n"
        + met
    )


WHY = (
    "It is the operator's class, its links and its asset; what runs a task is imported when it runs. On a "
    "busy machine all imports take longer."
)
