"""Make or update a development environment from its constraints file; needs nothing but Python."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

PYTHONS = [(3, 11), (3, 12), (3, 13)]
PYTHONS_OF_AIRFLOW_2 = [(3, 11), (3, 12)]
UV = Path(".venv/bin/uv")
STAMP = ".complete"


def main() -> None:
    """Parse the command line and do it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="of the environment")
    parser.add_argument("constraints", type=Path, help="file that pins every package to install")
    parser.add_argument("--project", action="store_true", help="install this project too, editable")
    parser.add_argument("--uv", type=Path, metavar="FILE", help="install uv first, as FILE pins it")
    parser.add_argument("--airflow-2", action="store_true", help="take a Python that Airflow 2 runs on")
    options = parser.parse_args()
    if sys.version_info[:2] not in PYTHONS:
        version = ".".join(map(str, sys.version_info[:3]))
        sys.exit(f"{sys.executable} is Python {version}; take 3.11 to 3.13: make PYTHON=/path/to/python …")
    python = python_of_airflow_2() if options.airflow_2 else sys.executable
    if python is None:
        print(f"{options.folder} is not made: it needs Python 3.11 or 3.12, and none is on the path.")
        return
    try:
        make(options.folder, python)
        if options.uv:
            install_uv(options.folder, options.uv)
        print(f"Installing {options.constraints} into {options.folder} …", flush=True)
        install(options.folder, "--requirement", str(options.constraints))
        if options.project:
            install(options.folder, "--no-deps", "--no-build-isolation", "--editable", ".")
    except subprocess.CalledProcessError as error:
        sys.exit(f"{options.folder} could not be made, for the reason above: {' '.join(error.cmd)}")
    (options.folder / STAMP).touch()


def python_of_airflow_2() -> str | None:
    """Find a Python for Airflow 2: this one, or another on the path.

    :return: its path, or None if there is none.
    """
    if sys.version_info[:2] in PYTHONS_OF_AIRFLOW_2:
        return sys.executable
    for major, minor in PYTHONS_OF_AIRFLOW_2:
        python = shutil.which(f"python{major}.{minor}")
        # A version manager's shim can be on the path without the Python behind it.
        if python and not subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode:
            return python
    return None


def make(folder: Path, python: str) -> None:
    """Make an empty environment, unless a complete one is there to be updated."""
    if (folder / STAMP).exists():
        return
    print(f"Making {folder} …", flush=True)
    subprocess.run([python, "-m", "venv", "--clear", str(folder)], check=True)


def install_uv(folder: Path, pin: Path) -> None:
    """Install uv, which is faster than pip; do without it if it cannot be had."""
    subprocess.run([*pip(folder), "--requirement", str(pin)], check=False)


def install(folder: Path, *what: str) -> None:
    """Install by uv, or by pip if uv cannot.

    :raises subprocess.CalledProcessError: if pip cannot either.
    """
    # Compiled now, Airflow starts several times faster in every test that starts it.
    uv = [str(UV), "pip", "install", "--quiet", "--compile-bytecode", "--python", str(folder / "bin/python")]
    if UV.exists() and not subprocess.run([*uv, *what], check=False).returncode:
        return
    print("Without uv; pip does the same, in more time.", flush=True)
    subprocess.run([*pip(folder), *what], check=True)


def pip(folder: Path) -> list[str]:
    """Give the start of the command with which the environment's own pip installs."""
    return [str(folder / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]


if __name__ == "__main__":
    main()
