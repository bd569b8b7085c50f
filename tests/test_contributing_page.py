# SPDX-License-Identifier: Apache-2.0
"""What the page for contributors says of layers, environments and targets is so."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LAYERS = {
    contract["containers"][0].partition(".")[2]: [set(layer.split(" | ")) for layer in contract["layers"]]
    for contract in PROJECT["tool"]["importlinter"]["contracts"]
    if contract["type"] == "layers"
}


def arrows() -> dict[str, list[set[str]]]:
    """Read the block of arrows: package → its layers, from the top; the whole is called ""."""
    (block,) = re.findall(r"```\n(cli, .*?)```", TEXT, re.DOTALL)
    lines = re.sub(r"\n +", " ", block).strip().splitlines()
    pairs = [re.fullmatch(r"(?:([\w.]+): +)?(.*)", line) for line in lines]
    return {
        pair[1] or "": [set(layer.strip().split(", ")) for layer in pair[2].split("→")]
        for pair in pairs
        if pair is not None
    }


@pytest.mark.parametrize("package", sorted(LAYERS))
def test_arrows_are_the_contracts(package: str) -> None:
    """The arrows are those that import-linter holds."""
    assert arrows()[package] == LAYERS[package]


def test_every_environment_is_told() -> None:
    """The table has the environments that the Makefile makes, and the pins of each."""
    made = dict(re.findall(r"\$\(ENVIRONMENT\) (\.venv[\w.-]*) constraints/([\w.-]+)", MAKEFILE))
    told = dict(re.findall(r"^\| `(\.venv[\w.-]*)` \|.*\| `([\w.-]+)` \|$", TEXT, re.MULTILINE))

    assert told == made


def test_every_target_that_checks_is_told() -> None:
    """The table has what `make test` runs and the other tests, and nothing that cannot be made."""
    targets = set(re.findall(r"^([a-z0-9.-]+):.*## ", MAKEFILE, re.MULTILINE))
    told = {
        name for names in re.findall(r"`make ([a-z0-9. -]+?)(?: ARGS[^`]*)?`", TEXT) for name in names.split()
    }

    assert told <= targets
    assert {name for name in targets if name.startswith(("test", "bench"))} <= told
    assert {*re.findall(r"scripts/check\.py (.*)", MAKEFILE)[0].split(), "chaos"} <= told


def test_folders_of_a_target_are_told() -> None:
    """What a target runs stands in its line."""
    (core,) = re.findall(r"^CORE_TESTS = (.*)", MAKEFILE, re.MULTILINE)
    for target in ("test-core", "test-airflow-2.11"):
        recipe = MAKEFILE.partition(f"\n{target}: ")[2].partition("\n\n")[0].replace("$(CORE_TESTS)", core)
        (line,) = [line for line in TEXT.splitlines() if line.startswith(f"| `make {target}` |")]

        assert set(re.findall(r"(tests/\w+)", recipe)) == set(re.findall(r"`(tests/\w+)`", line)), target
