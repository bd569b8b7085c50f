# SPDX-License-Identifier: Apache-2.0
"""Where a ledger is kept: files of any store that Airflow knows, or a SQL table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from urllib.parse import quote

import orjson

from airflow_provider_hubcontact.job.errors import SetupError, SourceError
from airflow_provider_hubcontact.job.files.private import (
    check_can_be_made,
    is_local,
    make_folder,
    open_private,
)
from airflow_provider_hubcontact.job.ports import Folder
from airflow_provider_hubcontact.job.settings.checks import table_of
from airflow_provider_hubcontact.operators.stores.folders import folder_of
from airflow_provider_hubcontact.printable import printable
from airflow_provider_hubcontact.sync.keep.ledger import Attempt, LedgerStore, Line

# The command line reads a ledger of this machine without Airflow: what a table needs is imported for one.

LINES_IN_A_PART = 50_000


REMOTE_PACE = 2.0
"""Seconds between two parts in an object store, which cannot append: so much more a crash can lose."""


_NEEDED = frozenset({"run", "task", "map_index", "try", "row", "key", "outcome", "digest"})
"""What tells whose line it is, and how it ended."""


@contextmanager
def store_of(ledger: str, attempt: Attempt) -> Iterator[LedgerStore]:
    """Open the store of a try's lines, and close it.

    :param ledger: a folder, or ``sql://conn_id/table``.
    :raises SourceError: if it is neither, or cannot be used as it is.
    :raises HubSpotSyncIncomplete: if its database cannot be reached now.
    """
    table = _table(ledger)
    if table is None:
        yield LedgerFiles(folder_of(ledger), attempt)
        return
    from airflow_provider_hubcontact.operators.sources.queries import database
    from airflow_provider_hubcontact.operators.stores.ledger_table import LedgerTable

    conn_id, name = table
    with closing(LedgerTable(database(conn_id), name, attempt)) as store:
        yield store


def check_store(ledger: str) -> None:
    """Check that a ledger can be kept there, as far as that can be told without keeping anything.

    :param ledger: a folder, or ``sql://conn_id/table``.
    :raises SetupError: if no store has such addresses, there is no such connection, or a file is in the way.
    """
    table = _table(ledger)
    if table is None:
        check_can_be_made(folder_of(ledger), "ledger")
        return
    from airflow_provider_hubcontact.operators.sources.queries import database

    database(table[0])


def all_lines(ledger: str, run: str | None = None) -> Iterator[Line]:
    """Return the lines of a ledger, or of a folder in one; part by part, as they were written.

    :param run: whose lines alone are needed; others may be among them.
    :raises SourceError: if it is a table that cannot be read, or a folder that is not only a ledger's.
    :raises HubSpotSyncIncomplete: if its database cannot be reached now.
    """
    table = _table(ledger)
    if table is None:
        folder = folder_of(ledger)
        of_run = folder / _name_of(run) if run else folder
        for part in parts_of(of_run if of_run.exists() else folder):
            for number, line in enumerate(lines_of(part), 1):
                if not isinstance(line, dict) or not line.keys() >= _NEEDED:
                    raise _foreign(part, number)
                yield line
        return
    from airflow_provider_hubcontact.operators.sources.queries import database
    from airflow_provider_hubcontact.operators.stores.ledger_table import lines_of_table

    conn_id, name = table
    yield from lines_of_table(database(conn_id), name, run)


def _table(ledger: str) -> tuple[str, str] | None:
    """Return connection and table of ``sql://conn_id/table``; None for a folder.

    :raises SourceError: if the table is more than a name.
    """
    try:
        return table_of(ledger)
    except ValueError as error:
        raise SourceError(str(error)) from None


class LedgerFiles:
    """JSON lines: one folder a task instance, ``<run>/<task>/<map index>/<try>-<part>.jsonl``.

    :param root: folder of the ledger.
    :param attempt: the try.
    :raises SetupError: if the folder cannot be made, or not be written to.
    """

    def __init__(self, root: Folder, attempt: Attempt) -> None:
        self._folder = root / _name_of(attempt.run) / quote(attempt.task) / str(attempt.map_index)
        self._attempt = attempt
        self._appends = is_local(root)
        if self._appends:  # no contact is to be written whose line cannot be kept
            _make_ready(root, self._folder)
        self._part = len(self._parts_of_this_try())
        self._lines = LINES_IN_A_PART  # what is there is left as it is

    @property
    def pace(self) -> float:
        """Seconds between two writes."""
        return 0.0 if self._appends else REMOTE_PACE

    def write(self, lines: Sequence[Line], /) -> None:
        """Keep lines of this try: in the part that is open, or in a new one."""
        if not self._appends or self._lines >= LINES_IN_A_PART:
            self._part, self._lines = self._part + 1, 0
            make_folder(self._folder)
        self._lines += len(lines)
        text = b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in lines)
        path = self._folder / f"{self._attempt.number:03}-{self._part:06}.jsonl"
        with open_private(path, append=self._appends) as file:
            file.write(text)

    def _parts_of_this_try(self) -> list[Folder]:
        names = f"{self._attempt.number:03}-"
        return [part for part in parts_of(self._folder) if part.name.startswith(names)]

    def earlier(self) -> Iterator[Line]:
        """Return the lines of earlier tries, and those of this try from before a deferral, try by try."""
        for part in parts_of(self._folder):
            if int(part.name.partition("-")[0]) <= self._attempt.last_known:
                yield from lines_of(part)


def _name_of(run: str) -> str:
    """Return what the folder of a run is called."""
    return quote(run, safe="=")


def parts_of(folder: Folder) -> list[Folder]:
    """Return the parts below a folder, in the order in which they were written."""
    return sorted(folder.glob("**/*.jsonl"), key=str) if folder.exists() else []


def lines_of(part: Folder) -> Iterator[Line]:
    """Return the lines of a part, without a last one that a crash has cut off.

    :raises SourceError: if a line is not JSON.
    """
    for number, text in enumerate(part.read_bytes().splitlines(keepends=True), 1):
        if text.endswith(b"\n"):
            try:
                line: Line = orjson.loads(text)
            except orjson.JSONDecodeError:
                raise _foreign(part, number) from None
            yield line


def _make_ready(root: Folder, folder: Folder) -> None:
    """Create the folder of a try in a ledger of this machine.

    :raises SetupError: if that cannot be done.
    """
    for each in (root, folder):
        check_can_be_made(each, "ledger")
    try:
        make_folder(folder)
    except OSError as error:
        raise SetupError(printable(f"ledger: {root} cannot be kept: {error.strerror}", 500)) from None


def _foreign(part: Folder, number: int) -> SourceError:
    return SourceError(printable(f"{part} is not a part of a ledger: see its line {number:,}", 500))
