# SPDX-License-Identifier: Apache-2.0
"""Resolve the newest versions for the development environments and write ``constraints/``."""

from __future__ import annotations

import subprocess
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scripts.releases import NEWER, RELEASES

UV = ".venv/bin/uv"
TODAY = datetime.now(UTC).date().isoformat()


def main() -> None:
    """Write one file for each environment."""
    pyproject = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
    project, groups = pyproject["project"], pyproject["dependency-groups"]
    extras = project["optional-dependencies"]
    package = project["dependencies"] + extras["sandbox"] + extras["redis"]
    core = [name for name in package if not name.startswith("apache-airflow")]
    airflow = package + groups["airflow"] + groups["test"]
    resolve("core", core + groups["test"])
    # The floors are pinned: newer providers beside them, which are nobody's floor, would raise them.
    floors = [name.replace(">=", "==") for name in package + extras["parquet"]]
    resolve("lowest-2.11", [*floors, *groups["lowest"], *groups["airflow"], *groups["test"]])
    resolve("bench", groups["bench"])
    resolve("docs", groups["docs"])
    resolve("celery", [*airflow, *groups["celery"], "apache-airflow==3.3.*"])
    resolve("databases", [*airflow, *groups["databases"], "apache-airflow==3.3.*"])
    tools = [name for group in ("official", "readers", "browser", "dev") for name in groups[group]]
    for release in RELEASES:
        # The newest release is the one that this project is developed with, in `.venv`.
        more = tools if release.name == "3.3" else []
        needs = airflow if release.runs else [*package, *groups["smoke"]]
        resolve(
            f"airflow-{release.name}", [*needs, *more, f"apache-airflow=={release.wanted}"], day=release.day
        )


def resolve(name: str, requirements: list[Any], *, day: str | None = None) -> None:
    """Pin what the requirements need, on every Python that the project supports.

    :param name: of the constraints file.
    :param requirements: as in ``pyproject.toml``.
    :param day: nothing newer is taken, but for a few packages; everything unless it is given.
    :raises subprocess.CalledProcessError: if they contradict each other.
    """
    file = f"constraints/{name}.txt"
    print(f"Resolving {file} …", flush=True)
    command = [UV, "pip", "compile", "-", "--output-file", file, "--upgrade", "--quiet"]
    # Nothing but pins: no place that a package came from.
    command += ["--no-header", "--no-annotate", "--no-emit-index-url"]
    command += ["--universal", "--python-version", "3.11"]
    if day is not None:
        command += ["--exclude-newer", day]
        command += [f"--exclude-newer-package={package}={TODAY}" for package in NEWER]
    subprocess.run(command, input="\n".join(requirements), text=True, stdout=subprocess.DEVNULL, check=True)


if __name__ == "__main__":
    main()
