# SPDX-License-Identifier: Apache-2.0
"""Ask PyPI's advisories about every package that ``constraints/`` pins, but for old ones that are only tried.

The oldest that we take have holes that do not concern us; ``tests/cases/test_it_can_be_installed.py`` knows
which do. The packages of an old Airflow's day are as its own constraints have them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from scripts.releases import RELEASES

OLD = [release.constraints for release in RELEASES if release.day]
COMMAND = [
    ".venv/bin/pip-audit",
    "--no-deps",
    "--disable-pip",
    "--progress-spinner",
    "off",
    "--format",
    "json",
]


def main() -> int:
    """Audit all files.

    :return: 1 if a package has a known hole, else 0, also if nobody could be asked; the last line says which.
    """
    holes: set[str] = set()
    asked: set[str] = set()
    unknown: set[str] = set()
    for file in sorted(Path("constraints").glob("*.txt")):
        if file.name.startswith("lowest") or str(file) in OLD:
            continue
        run = subprocess.run(
            [*COMMAND, "--requirement", str(file)], capture_output=True, text=True, check=False
        )
        try:
            packages = json.loads(run.stdout)["dependencies"]
        except (ValueError, KeyError):
            print(f"{file}: {run.stderr.strip()[-300:]}")
            unknown.add(file.name)
            continue
        for package in packages:
            name = f"{package['name']} {package.get('version', '')}".strip()
            (unknown if "skip_reason" in package else asked).add(name)
            holes |= {
                f"{name}: {hole['id']}, mended in {hole['fix_versions']}" for hole in package.get("vulns", ())
            }
    for hole in sorted(holes):
        print(hole)
    if unknown and not asked:
        print(f"NOT TESTED: no advisory service could be asked about {len(unknown)} packages")
    else:
        print(f"{len(asked)} packages audited, {len(unknown)} not known to the service, {len(holes)} holes")
    return int(bool(holes))


if __name__ == "__main__":
    sys.exit(main())
