# SPDX-License-Identifier: Apache-2.0
"""An Airflow of the tests' own: its home, its database, and a PostgreSQL server."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun
    from airflow.providers.common.compat.sdk import DAG

EXAMPLE_DAGS = Path(__file__).parent.parent / "example_dags"

# Airflow reads these when it is first imported.
_HOME = tempfile.mkdtemp(prefix="hubcontact-airflow-")
atexit.register(shutil.rmtree, _HOME, ignore_errors=True)
for _name in [name for name in os.environ if name.startswith("AIRFLOW")]:
    del os.environ[_name]
os.environ |= {
    "AIRFLOW_HOME": _HOME,
    "AIRFLOW__CORE__DAGS_FOLDER": str(EXAMPLE_DAGS),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__DATABASE__LOAD_DEFAULT_CONNECTIONS": "False",
    "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
}

RunDag = Callable[..., "DagRun"]


@pytest.fixture(scope="session")
def airflow_database() -> None:
    """Make Airflow's tables, once."""
    from airflow.utils.db import initdb  # noqa: PLC0415 - heavy

    initdb()


@pytest.fixture(scope="session")
def run_dag(airflow_database: None) -> RunDag:
    """Give a function that runs a DAG, of a test or of ``example_dags``, with its retries, until it ends.

    Its keyword arguments are those of ``DAG.test``, such as ``run_conf``.
    """

    def run(dag: DAG, **settings: Any) -> DagRun:
        _register(dag)
        dag_run: DagRun = dag.test(**settings)
        return dag_run

    return run


def _register(dag: DAG) -> None:
    """Tell Airflow 3's database of a DAG that is in no DAG file; Airflow 2 does not ask."""
    try:
        from airflow.dag_processing.bundles.manager import DagBundlesManager  # noqa: PLC0415 - Airflow 3 only
    except ImportError:
        return
    try:
        from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db  # noqa: PLC0415 - since 3.2
    except ImportError:
        from airflow.models.dagbag import (  # type: ignore[no-redef] # noqa: PLC0415
            DagBag,
            sync_bag_to_db,
        )
    DagBundlesManager().sync_bundles_to_db()
    bag = DagBag(os.devnull)
    bag.bag_dag(dag)
    sync_bag_to_db(bag, "dags-folder", None)


@pytest.fixture(scope="session")
def postgres_uri() -> Iterator[str]:
    """Serve an empty PostgreSQL database on loopback.

    :return: its URI, which both Airflow and the drivers understand.
    """
    from tests.airflow.postgres import serve  # noqa: PLC0415 - it is asked for by few tests

    with serve() as uri:
        yield uri
