# SPDX-License-Identifier: Apache-2.0
"""Airflow with the provider, the sandbox and the example DAGs: started, and stopped again.

::

    python -m demo.up start
    python -m demo.up stop
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from demo.__main__ import EXAMPLE_DAGS, TOKEN, write
from demo.customers import make_world

HOME = Path(".up")
OWN_PROPERTY = {
    "name": "is_customer",
    "label": "Is a customer",
    "groupName": "contactinformation",
    "type": "bool",
    "fieldType": "booleancheckbox",
    "options": [{"label": "Yes", "value": "true"}, {"label": "No", "value": "false"}],
}
"""What the portal has besides HubSpot's own properties: an example DAG marks with it who has left."""

READY_WITHIN = 180.0
"""Seconds."""


class Ports(NamedTuple):
    """Where the two listen.

    :param airflow: the UI.
    :param hubspot: the sandbox, with its own page.
    """

    airflow: int = 8080
    hubspot: int = 8042

    def taken(self) -> list[int]:
        """Return the ports on which something listens already."""
        return [port for port in self if _is_taken(port)]

    def free(self) -> Ports:
        """Return these ports, and for each that is taken another one."""
        return Ports(
            *(next(each for each in range(port, 65_536, 100) if not _is_taken(each)) for port in self)
        )

    def as_settings(self) -> str:
        """Return what to say to take these ports."""
        names = zip(("PORT", "HUBSPOT_PORT"), self, Ports(), strict=True)
        return " ".join(f"{name}={port}" for name, port, usual in names if port != usual)


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Stand:
    """Airflow and a HubSpot, in a folder.

    :param home: the folder.
    :param ports: where they listen.
    :param users: name → role of Airflow's simple auth manager.
    :param dags: folder of the DAGs.
    :param options: of the sandbox's command line, besides.
    """

    def __init__(
        self,
        home: Path,
        ports: Ports,
        users: Mapping[str, str],
        dags: Path = EXAMPLE_DAGS,
        options: Sequence[str] = ("--latency", "0.05"),
    ) -> None:
        self._home = home.resolve()
        self._dags = dags
        self._options = options
        self._ports = ports
        self._users = users
        self.url = f"http://127.0.0.1:{ports.airflow}"
        self.hubspot_url = f"http://127.0.0.1:{ports.hubspot}"
        self.passwords = {name: secrets.token_urlsafe(9) for name in users}

    def start(self) -> None:
        """Start both and wait until they are ready.

        :raises RuntimeError: if they are not ready in time.
        """
        self._home.mkdir(parents=True)
        write(make_world(), self._home)
        self._run(
            "hubspot",
            [
                *(sys.executable, "-m", "airflow_provider_hubcontact.sandbox"),
                *("--port", str(self._ports.hubspot), "--token", TOKEN),
                *("--contacts", str(self._home / "contacts.json"), *self._options),
            ],
            os.environ,
        )
        self._wait("hubspot", self._has_own_property)
        environment = {**os.environ, **self._settings()}
        (self._home / "passwords.json").write_text(json.dumps(self.passwords), encoding="utf-8")
        airflow = str(Path(sys.executable).with_name("airflow"))
        for command in (["db", "migrate"], ["connections", "import", str(self._connections())]):
            subprocess.run([airflow, *command], env=environment, check=True, capture_output=True)
        self._run("airflow", [airflow, "standalone"], environment)
        self._wait("airflow", self._is_ready)

    def stop(self) -> None:
        """Stop both, and remove the folder."""
        for file in self._home.glob("*.pid"):
            group = int(file.read_text(encoding="utf-8"))
            for wanted in (signal.SIGTERM, signal.SIGKILL):  # Airflow's children outlive their parent
                try:
                    os.killpg(group, wanted)
                    time.sleep(2)
                except ProcessLookupError:
                    break
        shutil.rmtree(self._home, ignore_errors=True)

    def _run(self, name: str, command: list[str], environment: Mapping[str, str]) -> None:
        with (self._home / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                command,
                env=environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        (self._home / f"{name}.pid").write_text(str(process.pid), encoding="utf-8")

    def _settings(self) -> dict[str, str]:
        home = self._home / "airflow"
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        return {
            "PATH": path,  # standalone starts the others from there
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__API__BASE_URL": self.url,
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(self._ports.airflow),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "AIRFLOW__CORE__DAGS_FOLDER": str(self._dags),
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__PARALLELISM": "4",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(self._home / "passwords.json"),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{n}:{r}" for n, r in self._users.items()),
            "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
            "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "10",
            # On a slow machine, the first tasks start before the API server does.
            "AIRFLOW__WORKERS__EXECUTION_API_RETRIES": "20",
            "AIRFLOW__WORKERS__EXECUTION_API_RETRY_WAIT_MAX": "5",
            "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "30",
        }

    def _connections(self) -> Path:
        file = self._home / "connections.json"
        # Each has a port, if only 0: the Test button of Airflow 3.3 sends 0 where none is stored, and refuses
        # to test what differs from the stored connection.
        address, _, port = self.hubspot_url.rpartition(":")
        hubspot = {"conn_type": "hubspot", "host": address, "port": int(port), "password": TOKEN}
        connections = {
            "hubspot_default": hubspot,
            "hubspot_legacy": {**hubspot, "extra": {"api_version": "v1"}},
            "warehouse": {"conn_type": "sqlite", "host": str(self._home / "warehouse.db"), "port": 0},
            "state_db": {"conn_type": "sqlite", "host": str(self._home / "state.db"), "port": 0},
        }
        file.write_text(json.dumps(connections), encoding="utf-8")
        return file

    def _wait(self, name: str, is_ready: Callable[[], bool]) -> None:
        until = time.monotonic() + READY_WITHIN
        while not is_ready():
            if time.monotonic() > until:
                log = (self._home / f"{name}.log").read_text(encoding="utf-8", errors="replace")
                raise RuntimeError(f"{name} was not ready within {READY_WITHIN:.0f} s:\n{log[-2000:]}")
            time.sleep(0.5)

    def _has_own_property(self) -> bool:
        """Define the property, as soon as the sandbox answers."""
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}"}
        request = urllib.request.Request(
            f"{self.hubspot_url}/crm/v3/properties/contacts", json.dumps(OWN_PROPERTY).encode(), headers
        )
        try:
            with urllib.request.urlopen(request, timeout=5):
                return True
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"the sandbox refuses {OWN_PROPERTY['name']}: {error.read()!r}") from error
        except OSError:
            return False

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/api/v2/monitor/health", timeout=5) as answer:
                health = json.load(answer)
        except (OSError, ValueError):
            return False
        return all(
            health[name]["status"] == "healthy" for name in ("metadatabase", "scheduler", "dag_processor")
        )


def main() -> int:
    """Start or stop."""
    asked = sys.argv[1:2]
    ports = Ports(
        *(int(os.environ.get(name, port)) for name, port in (("PORT", 8080), ("HUBSPOT_PORT", 8042)))
    )
    stand = Stand(HOME, ports, {"admin": "admin"})
    if asked == ["stop"]:
        stand.stop()
        return 0
    if asked != ["start"]:
        sys.exit(__doc__)
    if HOME.exists():
        sys.exit("It is up already, or was not taken down: make down")
    if taken := ports.taken():
        sys.exit(
            f"In use: port {' and '.join(map(str, taken))}. Instead: make up {ports.free().as_settings()}"
        )
    print("Airflow is being set up (about a minute) …")
    try:
        stand.start()
    except BaseException:
        stand.stop()
        raise
    print(f"\nAirflow    {stand.url}   user admin, password {stand.passwords['admin']}")
    print(f"HubSpot    {stand.hubspot_url}   contacts, requests, limits, faults")
    print("\nRun the DAG update_contacts_from_sql, and open the tab HubSpot sync of its task.")
    print("The docs of each DAG say how it ends here: fails_on_purpose fails. `make down` ends it all.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
