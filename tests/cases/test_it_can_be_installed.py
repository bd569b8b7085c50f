# SPDX-License-Identifier: Apache-2.0
"""The package can be installed beside any Airflow that it supports, and lets no known hole in."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
REQUIREMENTS = {
    f"{requirement.name} {extra}".strip(): requirement
    for extra, names in {"": PROJECT["dependencies"], **PROJECT["optional-dependencies"]}.items()
    for requirement in map(Requirement, names)
}
PINS = dict(
    line.split(" ;")[0].split("==")
    for line in (ROOT / "constraints/lowest-2.11.txt").read_text(encoding="utf-8").splitlines()
)

HOLES = {
    "orjson": "3.9.15",  # a deeply nested answer crashed the process
    "urllib3": "2.6.3",  # a small compressed answer took any memory and time
    "requests": "2.32.4",  # .netrc's password could go to another host
    "jinja2": "3.1.6",  # a template could break out of its sandbox
    "redis": "4.5.5",  # an answer could go to another request
}
"""The first version of each package without the hole that is named."""


@pytest.mark.parametrize("requirement", REQUIREMENTS.values(), ids=REQUIREMENTS)
class TestFloors:
    def test_a_requirement_is_a_floor_alone(self, requirement: Requirement) -> None:
        """Constraints of an Airflow to come may pin any newer version."""
        assert [part.operator for part in requirement.specifier] == [">="]

    def test_the_oldest_version_is_tested(self, requirement: Requirement) -> None:
        """What the package says that it works with is what `make test-lowest` runs with."""
        (floor,) = requirement.specifier
        assert Version(PINS[requirement.name]) == Version(floor.version)

    def test_no_known_hole_is_let_in(self, requirement: Requirement) -> None:
        """A version with a hole that a server's answer or a value can use is not taken."""
        (floor,) = requirement.specifier
        assert Version(floor.version) >= Version(HOLES.get(requirement.name, "0"))
