# SPDX-License-Identifier: Apache-2.0
"""An Airflow with a Celery executor: database, broker, scheduler, and workers that can be killed."""

from __future__ import annotations

import base64
import os
import secrets
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import psycopg2  # type: ignore[import-untyped]

from tests.airflow.postgres import serve as serve_postgres
from tests.client.redis_server import program
from tests.client.redis_server import serve as serve_redis
from tests.ports import free_port

PATIENCE = 240.0
"""Seconds until something that is waited for must have happened."""


class Cluster:
    """A running Airflow.

    :param home: its folder.
    :param metadata: URI of its database.
    :param environment: of its processes.
    :param broker: URL of the Redis that the workers share.
    """

    def __init__(self, home: Path, metadata: str, environment: Mapping[str, str], broker: str) -> None:
        self.home = home
        self.metadata = metadata
        self.broker = broker
        self._environment = dict(environment)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def airflow(self, *arguments: str) -> None:
        """Run a command to its end."""
        with (self.home / "commands.log").open("ab") as log:
            subprocess.run(_command(*arguments), env=self._environment, stdout=log, stderr=log, check=True)

    def start(self, name: str, *arguments: str) -> None:
        """Start a process that stays."""
        with (self.home / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                _command(*arguments),
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self, name: str) -> None:
        """End a process and all that it has started with SIGKILL."""
        process = self._processes.pop(name)
        family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        for each in family:
            try:
                each.kill()
            except psutil.NoSuchProcess:
                continue
        process.wait()

    def stop(self) -> None:
        """End all processes."""
        for name in list(self._processes):
            if self._processes[name].poll() is None:
                self.kill(name)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask Airflow's database."""
        connection = psycopg2.connect(self.metadata)
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return list(cursor.fetchall())
        finally:
            connection.close()


def wait_until(holds: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    """Wait for something.

    :raises TimeoutError: if it does not happen.
    """
    until = time.monotonic() + patience
    while not holds():
        if time.monotonic() > until:
            raise TimeoutError(f"not in {patience:.0f} seconds: {what}")
        time.sleep(0.5)


@contextmanager
def running(home: Path, dag: Path, connections: Mapping[str, str], workers: int) -> Iterator[Cluster]:
    """Run an Airflow as long as the block lasts.

    :param home: an empty folder.
    :param dag: the file of its only DAG.
    :param connections: id → URI or JSON.
    :param workers: how many Celery workers there are: ``worker-1`` and so on.
    """
    redis = program()
    if redis is None:
        raise RuntimeError("there is no Redis server")
    with ExitStack() as stack:
        metadata = stack.enter_context(serve_postgres())
        broker = stack.enter_context(serve_redis(redis))
        (home / "dags").mkdir()
        shutil.copy(dag, home / "dags")
        port = free_port()
        environment = _environment(home, metadata, broker.url, port) | {
            f"AIRFLOW_CONN_{name.upper()}": value.replace("BROKER", broker.url)
            for name, value in connections.items()
        }
        cluster = Cluster(home, metadata, environment, broker.url)
        stack.callback(cluster.stop)
        cluster.airflow("db", "migrate")
        cluster.start("api", "api-server", "--workers", "1")
        cluster.start("dag-processor", "dag-processor")
        cluster.start("scheduler", "scheduler")
        for number in range(1, workers + 1):
            name = f"worker-{number}"
            cluster.start(name, "celery", "worker", "--concurrency", "2", "--celery-hostname", name)
        wait_until(lambda: _answers(port), "the API server answers")
        wait_until(lambda: bool(cluster.query("SELECT 1 FROM dag")), "the DAG is known")
        yield cluster


def _environment(home: Path, metadata: str, broker: str, port: int) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    settings = {
        "CORE__EXECUTOR": "CeleryExecutor",
        "CORE__DAGS_FOLDER": str(home / "dags"),
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "CORE__FERNET_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "API__HOST": "127.0.0.1",
        "API__PORT": str(port),
        "API__SECRET_KEY": secrets.token_hex(16),
        "API_AUTH__JWT_SECRET": secrets.token_hex(16),
        "DATABASE__SQL_ALCHEMY_CONN": metadata.replace("postgresql:", "postgresql+psycopg2:"),
        "CELERY__BROKER_URL": broker,
        "CELERY__RESULT_BACKEND": f"db+{metadata}",
        "CELERY__WORKER_PREFETCH_MULTIPLIER": "1",
        "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "20",
        "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
        "SCHEDULER__TASK_INSTANCE_HEARTBEAT_SEC": "3",
        "WORKERS__MIN_HEARTBEAT_INTERVAL": "3",
    }
    airflow = {f"AIRFLOW__{name}": value for name, value in settings.items()}
    return {**kept, **airflow, "AIRFLOW_HOME": str(home), "PYTHONPATH": str(Path.cwd())}


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "airflow", *arguments]


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v2/version", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
