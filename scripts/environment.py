# SPDX-License-Identifier: Apache-2.0
"""Make or update a development environment from its constraints file; needs nothing but Python."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
from pathlib import Path

PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
PYTHONS_OF_AIRFLOW_2 = ["3.11", "3.12"]
UV = Path(".venv/bin/uv")
STAMP = ".complete"

PAUSES = (5, 20)
"""Seconds to wait before a download that failed is tried again."""


def main() -> None:
    """Parse the command line and do it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="of the environment")
    parser.add_argument("constraints", type=Path, help="file that pins every package to install")
    parser.add_argument("--project", action="store_true", help="install this project too, editable")
    parser.add_argument("--uv", type=Path, metavar="FILE", help="install uv first, as FILE pins it")
    parser.add_argument("--airflow-2", action="store_true", help="take a Python that Airflow 2 runs on")
    options = parser.parse_args()
    if version_of_this() not in PYTHONS:
        version = ".".join(map(str, sys.version_info[:3]))
        sys.exit(f"{sys.executable} is Python {version}; take 3.11 to 3.14: make PYTHON=/path/to/python …")
    python = find_python(PYTHONS_OF_AIRFLOW_2) if options.airflow_2 else sys.executable
    if python is None:
        print(f"{options.folder} is not made: it needs Python 3.11 or 3.12, and none is on the path.")
        return
    try:
        make(options.folder, python)
        if options.uv:
            install_uv(options.folder, options.uv)
        fill(options.folder, options.constraints, project=options.project)
    except subprocess.CalledProcessError as error:
        sys.exit(f"{options.folder} could not be made, for the reason above: {' '.join(error.cmd)}")


def version_of_this() -> str:
    """Give the version of the Python that runs this, such as ``3.12``."""
    return ".".join(map(str, sys.version_info[:2]))


def find_python(versions: list[str]) -> str | None:
    """Find a Python of one of these versions: this one, or another on the path, or among those of pyenv.

    :param versions: such as ``3.12``; the first that is found is taken.
    :return: its path, or None if there is none.
    """
    if version_of_this() in versions:
        return sys.executable
    for version in versions:
        named = shutil.which(f"python{version}")
        kept = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
        for python in filter(None, (named, *map(str, kept))):
            # A version manager's shim can be on the path without the Python behind it.
            asked = subprocess.run([python, "--version"], capture_output=True, text=True, check=False)
            if asked.stdout.startswith(f"Python {version}."):
                return python
    return None


def make(folder: Path, python: str) -> None:
    """Make an empty environment, unless a complete one is there to be updated."""
    if (folder / STAMP).exists():
        return
    print(f"Making {folder} …", flush=True)
    subprocess.run([python, "-m", "venv", "--clear", str(folder)], check=True)


def fill(folder: Path, constraints: Path, *, project: bool) -> None:
    """Install what the file pins, and this project if it is wanted; then the environment is complete.

    :raises subprocess.CalledProcessError: if something cannot be had.
    """
    print(f"Installing {constraints} into {folder} …", flush=True)
    install(folder, "--requirement", str(constraints))
    if project:
        install(folder, "--no-deps", "--no-build-isolation", "--editable", ".")
    (folder / STAMP).touch()


def install_uv(folder: Path, pin: Path) -> None:
    """Install uv, which is faster than pip; do without it if it cannot be had."""
    subprocess.run([*pip(folder), "--requirement", str(pin)], check=False)


def install(folder: Path, *what: str) -> None:
    """Install by uv, or by pip if uv cannot; again after a while if neither can.

    :raises subprocess.CalledProcessError: if pip cannot either, each time.
    """
    # Compiled now, Airflow starts several times faster in every test that starts it.
    uv = [str(UV), "pip", "install", "--quiet", "--compile-bytecode", "--python", str(folder / "bin/python")]
    for pause in (*PAUSES, None):
        if UV.exists() and not subprocess.run([*uv, *what], check=False).returncode:
            return
        print("Without uv; pip does the same, in more time.", flush=True)
        done = subprocess.run([*pip(folder), *what], check=pause is None)
        if not done.returncode:
            return
        if pause is not None:
            print(f"Once more in {pause} seconds …", flush=True)
            time.sleep(pause)


def pip(folder: Path) -> list[str]:
    """Give the start of the command with which the environment's own pip installs."""
    return [str(folder / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]


if __name__ == "__main__":
    main()
