# SPDX-License-Identifier: Apache-2.0
"""Make a warehouse and a local HubSpot, run the SQL example DAG twice through Airflow, show what happened."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
import warnings
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from demo.customers import (
    EXPECTED,
    EXPECTED_AGAIN,
    PEOPLE,
    Row,
    World,
    dim_customers,
    make_world,
    to_be_edited,
)

DAG_ID = "update_contacts_from_sql"
EXAMPLE_DAGS = Path(__file__).parent.parent / "example_dags"
TOKEN = "pat-na1-00000000-0000-0000-0000-000000000000"
MEANING = {
    "updated": "HubSpot now has the warehouse's values",
    "unchanged": "HubSpot already had them: no write was needed",
    "up_to_date": "nothing has changed since the first run: no call was needed",
    "not_found": "no contact has this address: skipped, as the DAG asks",
    "invalid": "refused before any write: JSON Schema, the portal's options, or a stage going back",
}


def main() -> int:
    """Run the demo.

    :return: 0 if every record ended as the data implies, else 1.
    """
    with tempfile.TemporaryDirectory(prefix="hubcontact-demo-") as folder:
        home = Path(folder)
        world = make_world()
        print(f"Warehouse: {len(world.customers):,} customers. HubSpot: {len(world.contacts):,} contacts.")
        write(world, home)
        with _hubspot(home) as url:
            print(f"A local HubSpot listens at {url}. Airflow is being set up (about 20 s) …")
            _set_up_airflow(home, url)
            print(f"Airflow runs the DAG {DAG_ID} …\n")
            first = _run_dag()
            _show(first)
            edited = to_be_edited(world)
            _edit(home, edited)
            print(f"\n{len(edited)} customers have a new phone number. Airflow runs {DAG_ID} again …\n")
            second = _run_dag()
            _count(second.report)
        return _verdict([(first, EXPECTED), (second, EXPECTED_AGAIN)])


class Ended(NamedTuple):
    """How a run of the DAG ended.

    :param state: of its task.
    :param report: of the sync.
    """

    state: str
    report: dict[str, Any]


def write(world: World, home: Path) -> None:
    """Write the warehouse, and the contacts that HubSpot begins with."""
    contacts = [*world.contacts, *PEOPLE]
    (home / "contacts.json").write_text(json.dumps(contacts, ensure_ascii=False), encoding="utf-8")
    tables = {"customers": world.customers, "dim_customers": list(dim_customers(world))}
    with closing(sqlite3.connect(home / "warehouse.db")) as database, database:
        for table, rows in tables.items():
            _fill(database, table, rows)


def _fill(database: sqlite3.Connection, table: str, rows: Sequence[Row]) -> None:
    columns = list(rows[0])
    database.execute(f"CREATE TABLE {table} ({', '.join(columns)})")
    places = ", ".join(f":{column}" for column in columns)
    database.executemany(f"INSERT INTO {table} VALUES ({places})", rows)


def _edit(home: Path, addresses: Sequence[str]) -> None:
    """Change the phone numbers of some customers in the warehouse."""
    with closing(sqlite3.connect(home / "warehouse.db")) as database, database:
        database.executemany(
            "UPDATE customers SET phone = '+1 555 0199' WHERE email = ?", [(each,) for each in addresses]
        )


@contextmanager
def _hubspot(home: Path) -> Iterator[str]:
    """Serve the contacts from a process of its own; give its address."""
    command = [sys.executable, "-m", "airflow_provider_hubcontact.sandbox", "--port", "0", "--token", TOKEN]
    command += ["--contacts", str(home / "contacts.json"), "--latency", "0.05"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            line = server.stdout.readline() if server.stdout else ""
            if "http" not in line:
                sys.exit(f"The local HubSpot did not start: {line}")
            yield "http" + line.split("http", 1)[1].split()[0]
        finally:
            server.terminate()


def _set_up_airflow(home: Path, url: str) -> None:
    hubspot = {"conn_type": "hubspot", "host": url, "password": TOKEN}
    os.environ |= {
        "AIRFLOW_HOME": str(home / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(EXAMPLE_DAGS),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
        "AIRFLOW_CONN_HUBSPOT_DEFAULT": json.dumps(hubspot),
        "AIRFLOW_CONN_WAREHOUSE": json.dumps({"conn_type": "sqlite", "host": str(home / "warehouse.db")}),
        "AIRFLOW_CONN_STATE_DB": json.dumps({"conn_type": "sqlite", "host": str(home / "state.db")}),
    }
    subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=True, capture_output=True)


def _run_dag() -> Ended:
    from airflow.dag_processing.dagbag import DagBag  # noqa: PLC0415 - it reads the settings

    warnings.simplefilter("ignore")  # Airflow's own deprecations are no part of the demo
    dag = DagBag(EXAMPLE_DAGS).get_dag(DAG_ID)
    run = dag.test()
    task = run.get_task_instance("update_contacts")
    return Ended(str(task.state), task.xcom_pull(task_ids="update_contacts"))


def _show(ended: Ended) -> None:
    _count(ended.report)
    print(f"The task ended as: {ended.state}.\n\nThree of the problems, as the report has them:")
    for category in ("PORTAL_SCHEMA", "JSON_SCHEMA", "STAGE_REGRESSION"):
        problem = next(problem for problem in ended.report["problems"] if problem["category"] == category)
        reason = textwrap.shorten(problem["reason"], 120, placeholder=" …")
        print(f"  row {problem['row']}, {problem['key']}: {problem['outcome']}: {reason}")


def _count(report: dict[str, Any]) -> None:
    print(f"{'outcome':<12}{'records':>8}   what it means")
    for outcome, count in report["outcomes"].items():
        print(f"{outcome:<12}{count:>8,}   {MEANING.get(outcome, '')}")
    print(f"{'':<12}{report['rows']:>8,}   every row has exactly one outcome\n")
    seconds, calls = report["seconds"], report["calls"]["total"]
    rate = f"{report['rows_per_second']:,.0f} rows/s"
    print(f"{calls} calls for {report['rows']:,} rows in {seconds:.1f} s: {rate}.")


def _verdict(runs: Sequence[tuple[Ended, dict[str, int]]]) -> int:
    """Compare how runs ended with what the data implies.

    :return: 0 if they agree.
    """
    for ended, expected in runs:
        if ended.report["outcomes"] != expected or ended.state != "success":
            print(f"\nThis is not what the data implies: {expected}, and the task succeeds.")
            return 1
    print(
        "\nNext: read the DAG, example_dags/update_contacts_from_sql.py, and the README's table of outcomes;"
    )
    print("or start a HubSpot of your own: .venv/bin/python -m airflow_provider_hubcontact.sandbox --help")
    return 0


if __name__ == "__main__":
    sys.exit(main())
