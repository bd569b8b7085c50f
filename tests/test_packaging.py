# SPDX-License-Identifier: Apache-2.0
"""What is built and installed, as its users get it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib import import_module
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from jsonschema_rs import Draft7Validator

from airflow_provider_hubcontact import __version__, get_provider_info
from scripts.environment import find_python

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "airflow_provider_hubcontact"
CONSTRAINTS = sorted((ROOT / "constraints").glob("*.txt"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel."""
    folder = tmp_path_factory.mktemp("dist")
    call(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module", params=["3.11", "3.13", "3.14"])
def installed(request: pytest.FixtureRequest, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel in an empty environment, and give the folder of its programs."""
    python = find_python([request.param])
    if python is None:
        pytest.skip(f"there is no Python {request.param} on the path")
    folder = tmp_path_factory.mktemp("installed") / "venv"
    call(python, "-m", "venv", folder)
    uv = Path(sys.executable).parent / "uv"
    install: list[str | Path] = [uv, "pip", "install", "--python", folder / "bin/python"]
    if not uv.exists():
        install = [folder / "bin/python", "-m", "pip", "install"]
    call(*install, "--constraint", ROOT / "constraints/airflow-3.3.txt", wheel)
    return folder / "bin"


def call(*command: str | Path, **environment: str) -> str:
    """Run a command somewhere else than in the source tree, and give what it printed."""
    result = subprocess.run(
        list(map(str, command)),
        cwd="/",
        env={name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
        | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def schema(name: str) -> dict[str, Any]:
    """Read a JSON Schema that Airflow ships."""
    content: dict[str, Any] = json.loads(files("airflow").joinpath(name).read_text(encoding="utf-8"))
    return content


class TestWheel:
    def test_it_holds_the_package_and_its_license(self, wheel: Path) -> None:
        """Every source file is in the wheel, the marker of its types too, and nothing but the package."""
        source = {path for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
        names = set(ZipFile(wheel).namelist())
        info = f"airflow_provider_hubcontact-{__version__}.dist-info"

        assert {str(path.relative_to(ROOT)) for path in source} == {
            name for name in names if not name.startswith(info)
        }
        assert {f"{info}/licenses/LICENSE", f"{info}/entry_points.txt"} <= names
        assert "airflow_provider_hubcontact/py.typed" in names

    def test_airflow_finds_the_provider(self, installed: Path, tmp_path: Path) -> None:
        """Installed with nothing but what it asks for, the provider is one of Airflow's."""
        providers = json.loads(
            call(installed / "airflow", "providers", "list", "--output", "json", AIRFLOW_HOME=str(tmp_path))
        )

        assert __version__ in [
            provider["version"]
            for provider in providers
            if provider["package_name"] == "airflow-provider-hubcontact"
        ]

    def test_airflow_finds_the_connection_type(self, installed: Path, tmp_path: Path) -> None:
        """The installed hook can be imported, and stands for connections of its type."""
        hooks = json.loads(
            call(installed / "airflow", "providers", "hooks", "--output", "json", AIRFLOW_HOME=str(tmp_path))
        )

        (hook,) = [hook for hook in hooks if hook["connection_type"] == "hubspot"]
        assert hook["package_name"] == "airflow-provider-hubcontact"

    def test_its_program_runs(self, installed: Path, tmp_path: Path) -> None:
        """The command line is installed, and knows its version."""
        assert __version__ in call(installed / "hubcontact", "--version", AIRFLOW_HOME=str(tmp_path))

    def test_pypi_takes_it(self, wheel: Path, tmp_path: Path) -> None:
        """Its metadata is whole, and its README can be shown; that of the source distribution too."""
        call(sys.executable, "-m", "build", "--sdist", "--no-isolation", "--outdir", tmp_path, ROOT)
        (source,) = tmp_path.glob("*.tar.gz")

        said = call(sys.executable, "-m", "twine", "check", "--strict", wheel, source)

        assert said.count("PASSED") == 2


def test_changes_can_be_gathered() -> None:
    """The fragments of the next release are such as towncrier takes."""
    pytest.importorskip("towncrier")
    call(sys.executable, "-m", "towncrier", "build", "--draft", "--version", "9.9.9", "--dir", ROOT)


@pytest.mark.parametrize(
    ("airflow", "day"),
    [("2.11.2", "2026-03-14"), ("3.1.8", "2026-03-12"), ("3.2.2", "2026-05-30"), ("3.3.2", "2026-09-18")],
)
def test_constraints_of_airflow_let_it_in(airflow: str, day: str, wheel: Path, tmp_path: Path) -> None:
    """One command installs it beside an Airflow whose packages are those of the day it came out.

    That is how Airflow's own constraints are made. Airflow 3.0 is left out: its urllib3 has a known hole.
    """
    uv = Path(sys.executable).parent / "uv"
    if not uv.exists():
        pytest.skip("uv alone can go back to a day")
    resolve: list[str | Path] = [
        uv,
        "pip",
        "compile",
        "--quiet",
        "--no-header",
        "--no-annotate",
        "--python-version",
        "3.11",
    ]
    constraints, wanted, all_of_it = (tmp_path / name for name in ("constraints.txt", "wanted.in", "all.in"))
    # Some of what the constraints know besides; kubernetes and snowflake hold urllib3 back.
    all_of_it.write_text(
        f"apache-airflow[cncf-kubernetes,snowflake,redis]=={airflow}\n"
        "apache-airflow-providers-common-sql\napache-airflow-providers-standard\nduckdb\norjson\n",
        encoding="utf-8",
    )
    wanted.write_text(
        f"apache-airflow=={airflow}\nairflow-provider-hubcontact[sandbox,parquet,redis] @ {wheel.as_uri()}\n",
        encoding="utf-8",
    )
    call(*resolve, "--exclude-newer", day, "--output-file", constraints, all_of_it)

    call(*resolve, "--constraint", constraints, "--output-file", tmp_path / "installed.txt", wanted)


class TestProviderInfo:
    def test_it_is_as_airflow_reads_it(self) -> None:
        """Airflow's schema of what a provider tells of itself holds."""
        Draft7Validator(schema("provider_info.schema.json")).validate(get_provider_info())

    def test_the_connection_form_is_as_airflow_draws_it(self) -> None:
        """Airflow's strict schema of connection types, with their fields, holds."""
        strict = schema("provider.yaml.schema.json")["properties"]["connection-types"]

        Draft7Validator(strict).validate(get_provider_info()["connection-types"])

    def test_it_is_what_the_distribution_says(self) -> None:
        """The provider's version is the distribution's."""
        assert get_provider_info()["versions"] == [version("airflow-provider-hubcontact")]


@pytest.mark.parametrize("file", CONSTRAINTS, ids=lambda file: file.stem)
def test_constraints_are_pins_alone(file: Path) -> None:
    """A constraints file names versions, and no place to download from."""
    pin = re.compile(r"[a-z0-9-]+==[0-9][0-9a-z.]*( ; [a-z_]+ .*)?")

    lines = file.read_text(encoding="utf-8").splitlines()

    assert lines
    assert [line for line in lines if not pin.fullmatch(line)] == []


def test_every_class_that_is_named_can_be_imported() -> None:
    """A wrong path is only a warning to Airflow, and a missing feature to its users."""
    info = get_provider_info()
    named = [
        *info["extra-links"],
        *info["cli"],
        *(each["class-name"] for each in info["task-decorators"]),
        *(each["plugin-class"] for each in info["plugins"]),
        *(each["hook-class-name"] for each in info["connection-types"]),
        *(
            each[name]
            for each in info["asset-uris"]
            for name in ("handler", "factory", "to_openlineage_converter")
        ),
    ]

    for path in named:
        module, _, name = path.rpartition(".")
        assert hasattr(import_module(module), name), path
