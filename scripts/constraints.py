"""Resolve the newest versions for the development environments and write ``constraints/``."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path
from typing import Any

UV = ".venv/bin/uv"


def main() -> None:
    """Write one file for each environment."""
    pyproject = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
    project, groups = pyproject["project"], pyproject["dependency-groups"]
    extras = project["optional-dependencies"]
    package = project["dependencies"] + extras["sandbox"] + extras["redis"]
    core = [name for name in package if not name.startswith("apache-airflow")]
    airflow = package + groups["airflow"] + groups["test"]
    resolve("core", core + groups["test"])
    resolve("airflow-2.11", [*airflow, "apache-airflow==2.11.*"])
    # The floors are pinned: newer providers beside them, which are nobody's floor, would raise them.
    floors = [name.replace(">=", "==") for name in package + extras["parquet"]]
    resolve("lowest-2.11", [*floors, *groups["lowest"], *groups["airflow"], *groups["test"]])
    resolve("bench", groups["bench"])
    resolve("docs", groups["docs"])
    resolve("celery", [*airflow, *groups["celery"], "apache-airflow==3.3.*"])
    resolve("databases", [*airflow, *groups["databases"], "apache-airflow==3.3.*"])
    resolve(
        "airflow-3.3",
        [
            *airflow,
            *groups["official"],
            *groups["readers"],
            *groups["browser"],
            *groups["dev"],
            "apache-airflow==3.3.*",
        ],
    )


def resolve(name: str, requirements: list[Any]) -> None:
    """Pin what the requirements need, on every Python that the project supports.

    :param name: of the constraints file.
    :param requirements: as in ``pyproject.toml``.
    :raises subprocess.CalledProcessError: if they contradict each other.
    """
    file = f"constraints/{name}.txt"
    print(f"Resolving {file} …", flush=True)
    command = [UV, "pip", "compile", "-", "--output-file", file, "--upgrade", "--quiet"]
    # Nothing but pins: no place that a package came from.
    command += ["--no-header", "--no-annotate", "--no-emit-index-url"]
    command += ["--universal", "--python-version", "3.11"]
    subprocess.run(command, input="\n".join(requirements), text=True, stdout=subprocess.DEVNULL, check=True)


if __name__ == "__main__":
    main()
