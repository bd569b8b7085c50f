# SPDX-License-Identifier: Apache-2.0
"""The wheel beside an Airflow of its days, used by its programs alone; ``make test-smoke`` runs it.

The environment that ``SMOKE_RUN`` names has what a user has: Airflow, the wheel, and what the two ask for.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest

from airflow_provider_hubcontact import __version__
from airflow_provider_hubcontact.sandbox import Sandbox
from tests.ports import free_port

pytestmark = pytest.mark.skipif("SMOKE_RUN" not in os.environ, reason="it is about a wheel: make test-smoke")

ROOT = Path(__file__).parent.parent.parent
SECONDS = 120
"""Time for the API server to answer; other tests may run beside this one."""


class Installed(NamedTuple):
    """An Airflow with the wheel.

    :param programs: folder of its programs.
    :param home: of Airflow, with its database.
    :param variables: of the environment, for all its programs.
    """

    programs: Path
    home: Path
    variables: dict[str, str]

    def call(self, program: str, *arguments: str, status: int = 0) -> str:
        """Run a program far from the source tree, and give what it printed to standard output."""
        done = subprocess.run(
            [str(self.programs / program), *arguments],
            cwd=self.home,
            env=self.variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == status, done.stdout[-3_000:] + done.stderr[-3_000:]
        return done.stdout

    def listed(self, *arguments: str) -> list[dict[str, Any]]:
        """Give what an ``airflow`` command lists; Airflow may print log lines before it."""
        printed = self.call("airflow", *arguments, "--output", "json")
        rows: list[dict[str, Any]] = json.loads(printed.strip().splitlines()[-1])
        return rows

    @property
    def release(self) -> tuple[int, int]:
        """Airflow's version, such as (3, 0)."""
        code = "from importlib.metadata import version; print(version('apache-airflow'))"
        major, minor, *_ = self.call("python", "-c", code).split(".")
        return int(major), int(minor)


@pytest.fixture(scope="module")
def hubspot() -> Iterator[Sandbox]:
    """Serve a portal with one of the warehouse's two customers."""
    with Sandbox(contacts=[{"email": "grace@example.com", "firstname": "Grace"}]) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def installed(hubspot: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Give the README's DAG and the connections that it asks for to the Airflow of the environment."""
    home = tmp_path_factory.mktemp("airflow")
    dags = home / "dags"
    dags.mkdir()
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    (dags / "contacts.py").write_text(code, encoding="utf-8")
    with sqlite3.connect(home / "warehouse.db") as database:
        database.execute("CREATE TABLE customers (email, first_name, stage)")
        database.execute("INSERT INTO customers VALUES ('grace@example.com', 'Grace B.', 'customer')")
        database.execute("INSERT INTO customers VALUES ('nobody@example.com', 'No', 'customer')")
    programs = Path(os.environ["SMOKE_RUN"]).absolute() / "bin"
    own = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PYTHON"))}
    variables = {
        "PATH": f"{programs}:{own['PATH']}",
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW_CONN_WAREHOUSE": json.dumps({"conn_type": "sqlite", "host": str(home / "warehouse.db")}),
        "AIRFLOW_CONN_HUBSPOT_DEFAULT": json.dumps(
            {"conn_type": "hubspot", "host": hubspot.url, "password": hubspot.token}
        ),
    }
    return Installed(programs, home, own | variables)


@pytest.fixture(scope="module")
def run_id(installed: Installed) -> str:
    """Run the README's DAG by ``dag.test``, and give the run's id."""
    installed.call("airflow", "db", "migrate")
    if installed.release >= (3, 0):
        installed.call("airflow", "dags", "reserialize")
    installed.call("airflow", "dags", "test", "contacts")
    with sqlite3.connect(installed.home / "airflow.db") as database:
        ((run_id, state),) = database.execute("SELECT run_id, state FROM dag_run").fetchall()
    assert state == "success"
    return str(run_id)


@pytest.fixture
def server(installed: Installed, run_id: str) -> Iterator[str]:
    """Serve Airflow's pages, and give their address."""
    port = str(free_port())
    url = f"http://127.0.0.1:{port}"
    with (installed.home / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [str(installed.programs / "airflow"), "api-server", "--host", "127.0.0.1", "--port", port],
            cwd=installed.home,
            env=installed.variables | {"AIRFLOW__API__WORKERS": "1"},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        wait_for(f"{url}/api/v2/version", process, Path(log.name))
        yield url
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a server answers."""
    for _ in range(SECONDS):
        try:
            fetch(url)
        except OSError:
            assert process.poll() is None, log.read_text(encoding="utf-8")[-3_000:]
            time.sleep(1)
        else:
            return
    raise AssertionError(log.read_text(encoding="utf-8")[-3_000:])


def fetch(url: str, token: str = "") -> str:
    """Read a page."""
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})  # noqa: S310 - our own server
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - same
        text: str = answer.read().decode()
    return text


def test_it_is_the_wheel(installed: Installed) -> None:
    """What is imported stands in the environment, not in the source tree, and has this version."""
    code = "import airflow_provider_hubcontact as it; print(it.__file__, it.__version__)"

    file, version = installed.call("python", "-c", code).split()

    assert Path(file).is_relative_to(installed.programs.parent)
    assert version == __version__


def test_airflow_finds_the_provider(installed: Installed) -> None:
    """The provider is one of Airflow's, and its hook stands for connections of its type."""
    providers = {row["package_name"]: row["version"] for row in installed.listed("providers", "list")}
    hooks = {row["connection_type"]: row["package_name"] for row in installed.listed("providers", "hooks")}

    assert providers["airflow-provider-hubcontact"] == __version__
    assert hooks["hubspot"] == "airflow-provider-hubcontact"


def test_airflow_finds_the_plugin(installed: Installed) -> None:
    """Airflow loads the plugin."""
    assert "hubcontact" in [row["name"] for row in installed.listed("plugins")]


def test_the_dag_of_the_readme(installed: Installed, run_id: str, hubspot: Sandbox) -> None:
    """It ends well by ``dag.test``, and HubSpot has what the warehouse had."""
    contact = hubspot.portal.contact("grace@example.com")

    assert run_id
    assert contact is not None
    assert contact.properties["firstname"] == "Grace B."
    assert contact.properties["lifecyclestage"] == "customer"


def test_the_page_of_its_report(installed: Installed, request: pytest.FixtureRequest, run_id: str) -> None:
    """The API server shows the report of the run that it has not run itself."""
    if installed.release < (3, 0):
        pytest.skip("Airflow 2 has no such pages")
    url = request.getfixturevalue("server")
    token = json.loads(fetch(f"{url}/auth/token"))["access_token"]
    wanted = urlencode({"dag_id": "contacts", "run_id": run_id, "task_id": "update_contacts"})

    page = fetch(f"{url}/hubcontact/report?{wanted}", token)

    assert "grace@example.com" in page
    assert "nobody@example.com" in page


def test_the_command_line(installed: Installed) -> None:
    """``hubcontact`` reads Airflow's connection; from 3.2 on, ``airflow hubspot`` does the same."""
    assert __version__ in installed.call("hubcontact", "--version")
    assert "missing scopes       none" in installed.call("hubcontact", "check")
    if installed.release >= (3, 2):
        assert "missing scopes       none" in installed.call("airflow", "hubspot", "check")
    else:
        installed.call("airflow", "hubspot", "check", status=2)
