# SPDX-License-Identifier: Apache-2.0
"""Where a run of a test takes place: the sandbox, folders of this machine, and stores in memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import orjson

from airflow_provider_hubcontact.client import AccessToken, HubSpot, RateLimit
from airflow_provider_hubcontact.client.account import AccountDetails
from airflow_provider_hubcontact.client.network.timeouts import Timeouts
from airflow_provider_hubcontact.job.apply_plan import apply_plan
from airflow_provider_hubcontact.job.files.spool import Spool
from airflow_provider_hubcontact.job.make_plan import make_plan
from airflow_provider_hubcontact.job.ports import Folder
from airflow_provider_hubcontact.job.run.run import Ended
from airflow_provider_hubcontact.job.settings.replay import Replay
from airflow_provider_hubcontact.job.settings.settings import Settings
from airflow_provider_hubcontact.job.settings.source import Query, Source
from airflow_provider_hubcontact.job.signals import StopSignal
from airflow_provider_hubcontact.job.surroundings import Rewrite, on_a_thread, thread_workers
from airflow_provider_hubcontact.job.undo import plan_undo
from airflow_provider_hubcontact.job.update import update
from airflow_provider_hubcontact.operators.stores.state_database import StateDatabase
from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sync.flow.calls import Answer, Call
from airflow_provider_hubcontact.sync.flow.workers import ThreadWorkers
from airflow_provider_hubcontact.sync.keep.ledger import Attempt, Line
from airflow_provider_hubcontact.sync.keep.report import Report


class LocalFolder:
    """A folder or a file of this machine.

    :param path: where it is.
    """

    protocol = ""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.name = path.name
        self.path = str(path)

    def __truediv__(self, name: str, /) -> LocalFolder:
        return LocalFolder(self._path / name)

    def __str__(self) -> str:
        return self.path

    def exists(self) -> bool:
        return self._path.exists()

    def glob(self, pattern: str, /) -> Iterator[Folder]:
        return map(LocalFolder, self._path.glob(pattern))

    def mkdir(self, mode: int = 0o777, parents: bool = False, exist_ok: bool = False) -> None:
        self._path.mkdir(mode, parents, exist_ok)

    def open(self, mode: str, /) -> IO[Any]:
        return self._path.open(mode)

    def read_bytes(self) -> bytes:
        return self._path.read_bytes()

    def unlink(self) -> None:
        self._path.unlink()


class Books:
    """Ledgers in memory."""

    pace = 0.0

    def __init__(self) -> None:
        self.lines: list[Line] = []

    def write(self, lines: Sequence[Line], /) -> None:
        self.lines += (orjson.loads(orjson.dumps(line)) for line in lines)

    def earlier(self) -> Iterator[Line]:
        yield from self.lines


class State(dict[str, Any]):
    """What outlives a try."""

    def set(self, key: str, value: Any, /) -> None:
        self[key] = orjson.loads(orjson.dumps(value))

    def delete(self, key: str, /) -> None:
        del self[key]


class Mark:
    """Where a watermark is kept."""

    def __init__(self) -> None:
        self.kept: dict[str, str] | None = None

    def get(self) -> dict[str, str] | None:
        return self.kept

    def set(self, value: dict[str, str]) -> None:
        self.kept = value


class Around:
    """Surroundings of a test.

    :param hubspot: the portal.
    :param records: what is handed in; with ``sql``, what the query returns.
    :param api_version: of the connection.
    """

    def __init__(
        self, hubspot: Sandbox, records: Iterable[Any] = (), *, api_version: str = "2026-09"
    ) -> None:
        self.url = hubspot.url
        self.given = records
        self.api_version = api_version
        self.token = hubspot.token
        self.books = Books()
        self.opened: list[str] = []
        self.state: State | None = None
        self.mark = Mark()
        self.portals: list[int] = []
        self.rewritten: tuple[str, Any] | None = None
        self.try_number = 1
        self.run_id = "dag/run"
        self.state_file: Path | None = None
        self.read_only = False

    @property
    def attempt(self) -> Attempt:
        return Attempt(self.run_id, "task", -1, self.try_number)

    def client(self) -> AbstractContextManager[HubSpot]:
        return HubSpot(
            self.url,
            AccessToken(self.token),
            api_version=self.api_version,
            rate_limit=RateLimit(at_most=1),  # calls in the order of the rows
            timeouts=Timeouts(attempts=1),
        )

    def workers(self, hubspot: HubSpot, /) -> ThreadWorkers[Call, Answer]:
        return thread_workers(hubspot)

    def beside(self, work: Callable[[], None], /) -> Callable[[], None]:
        return on_a_thread(work)

    def records(self) -> Iterable[object]:
        return self.given

    @contextmanager
    def query(self, query: Query, rewrite: Rewrite | None) -> Iterator[Spool]:
        sql = str(query.sql), query.parameters
        self.rewritten = rewrite(*sql, "?") if rewrite else sql
        rows = [*self.given]
        with TemporaryFile() as file:
            spool = Spool(file)
            spool.fill([*dict.fromkeys(name for row in rows for name in row)], [rows])
            yield spool

    def folder(self, path: str) -> Folder:
        return LocalFolder(Path(path))

    def ledger(self, path: str) -> AbstractContextManager[Books]:
        self.opened.append(path)
        return nullcontext(self.books)

    def check_ledger(self, path: str) -> None:
        """Take any: it is kept in memory."""

    def ledger_lines(self, path: str, run: str | None = None) -> Iterable[Line]:
        del run  # the lines of others may be among them
        self.opened.append(path)
        return self.books.lines

    @contextmanager
    def state_database(self, conn_id: str) -> Iterator[StateDatabase]:
        self.opened.append(conn_id)
        assert self.state_file is not None
        mode = "ro" if self.read_only else "rwc"
        connect = partial(sqlite3.connect, f"file:{self.state_file}?mode={mode}", uri=True)
        with closing(StateDatabase(connect)) as database:
            yield database

    def task_state(self) -> State | None:
        return self.state

    def mark_store(self, settings: Settings) -> Mark:
        del settings
        return self.mark

    def on_portal(self, details: AccountDetails) -> None:
        self.portals.append(details.portal_id)


class Told:
    """What became of a run.

    :param report: the report, as XCom would have it.
    :param ended: how it ended; None if it did not.
    :param error: what kept it from its work, if anything did.
    """

    def __init__(self, report: Report, ended: Ended | None, error: Exception | None) -> None:
        self.report = report.to_dict()
        self.outcomes: dict[str, int] = self.report["outcomes"]
        self.ended = ended
        self.error = error
        self.says = str(error)

    @property
    def reasons(self) -> str:
        """All sampled reasons."""
        return "\n".join(problem["reason"] for problem in self.report["problems"])


def _told(report: Report, run: Any) -> Told:
    try:
        return Told(report, run(), None)
    except Exception as error:  # noqa: BLE001 - the tests look at it
        return Told(report, None, error)


def run(around: Around, signal: StopSignal | None = None, **settings: Any) -> Told:
    """Write contacts."""
    asked = Settings(**settings)
    report = Report(dry_run=asked.dry_run)
    return _told(report, lambda: update(asked, around, report, signal or StopSignal()))


def plan(around: Around, folder: Path, **settings: Any) -> Told:
    """Write a plan."""
    report = Report(dry_run=True)
    return _told(report, lambda: make_plan(Settings(**settings), around, report, StopSignal(), str(folder)))


def undo(
    around: Around,
    folder: Path,
    *,
    archive_created: bool = False,
    run: str | None = None,
    task: str | None = None,
    **settings: Any,
) -> Told:
    """Plan how the run of a ledger is undone."""
    replay = Replay("l", undo=True, archive_created=archive_created, run=run, task=task)
    asked = Settings(source=Source(has_records=False, replay=replay), **settings)
    report = Report(dry_run=True)
    return _told(report, lambda: plan_undo(asked, around, report, StopSignal(), str(folder)))


def apply(around: Around, folder: Path | str, sha256: str | None = None) -> Told:
    """Apply a plan."""
    report = Report()
    return _told(report, lambda: apply_plan(str(folder), sha256, around, report, StopSignal()))


FROM_SQL = Source(has_records=False, query=Query("SELECT 1", "db"))
