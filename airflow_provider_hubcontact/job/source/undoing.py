# SPDX-License-Identifier: Apache-2.0
"""Collects, on disk, the contacts of a run that is to be undone, from the lines of its ledger."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import orjson

from airflow_provider_hubcontact.job.errors import SourceError
from airflow_provider_hubcontact.job.settings.replay import Replay
from airflow_provider_hubcontact.sync.keep.ledger import Line
from airflow_provider_hubcontact.sync.model.outcome import IN_DOUBT, LIST, Outcome
from airflow_provider_hubcontact.sync.model.record import Record, Undone
from airflow_provider_hubcontact.sync.rows.keys import EMAIL, lower_case
from airflow_provider_hubcontact.words import several

SOME = 1_000
"""Contacts that are read with one query."""


MOST_OTHERS = 100
"""Other runs of a ledger of which the names are kept, in case it has none that is meant."""


class Unidentified(NamedTuple):
    """A contact whose record id is not in the ledger.

    :param number: of the contact.
    :param key: the key that it had when the run ended.
    """

    number: int
    key: str


class UndoneRun:
    """What a run did, contact by contact.

    The lines of a contact are those with its record id. Earlier versions and the legacy API have written
    lines without it: such a line is of the contact with the line's key, which the run may have changed.

    :param db: an empty database.
    :param id_property: property that keys are values of, where a line has no record id.
    :ivar unclear: number of records that may have been written, and whose old values are not known.
    :ivar untold: number of records that a later try has found unchanged, and of which no earlier try has a
        line. If that one was killed, it may have written them.
    """

    def __init__(self, db: sqlite3.Connection, id_property: str) -> None:
        self._db = db
        self._id_property = id_property
        self.unclear = self.untold = 0
        db.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN;"
            "CREATE TABLE line (time TEXT, place INT, contact TEXT, key TEXT, json TEXT);"
            "CREATE TABLE known (key TEXT, contact TEXT, time TEXT, place INT, PRIMARY KEY (key, contact))"
            " WITHOUT ROWID;"
            "CREATE TABLE name (name TEXT PRIMARY KEY, number INT) WITHOUT ROWID;"
            "CREATE TABLE contact"
            " (number INTEGER PRIMARY KEY, id TEXT UNIQUE, key TEXT, moves INT DEFAULT 0);"
            "CREATE INDEX by_key ON contact (key);"
            "CREATE TABLE of_contact (number INT, line INT);"
            "CREATE TABLE tried (digest TEXT PRIMARY KEY) WITHOUT ROWID;"
        )

    def read(self, lines: Iterable[Line], replay: Replay) -> None:
        """Read the lines of the run.

        :raises SourceError: if there are none, or they are of several runs, or have no values.
        """
        count, runs, others = 0, set[str](), dict[str, None]()
        for place, line in enumerate(lines):
            if (replay.run or line["run"]) != line["run"] or (replay.task or line["task"]) != line["task"]:
                if len(others) < MOST_OTHERS:
                    others[f"{line['run']} (task {line['task']})" if replay.task else line["run"]] = None
                continue
            count += 1
            runs.add(line["run"])
            if len(runs) > 1:
                raise SourceError(
                    f"the ledger at {replay.path} has several runs, such as {' and '.join(sorted(runs))}: "
                    "name the one to undo with run, or --run on the command line"
                )
            self._take(line, place, replay)
        if not count:
            what = " of this run" if replay.run or replay.task else ""
            has = f"; the ledger has {several(others)}" if others else ", or it is empty"
            raise SourceError(f"there is no ledger{what} at {replay.path}{has}")
        self._sort()

    def _take(self, line: Line, place: int, replay: Replay) -> None:
        contact = line.get("contact")
        is_of_list = line.get("category") == LIST  # the call about a list alone went wrong
        # A dry run's line says what would be changed. If only the call about a list was not made, it was.
        is_told_only = line["outcome"] == Outcome.NOT_ATTEMPTED and not is_of_list
        changed = () if is_told_only else line.get("changed")
        if contact:
            self._db.execute(
                "INSERT INTO known VALUES (?, ?, ?, ?) ON CONFLICT (key, contact) DO UPDATE SET"
                " time = excluded.time, place = excluded.place"
                " WHERE (excluded.time, excluded.place) < (time, place)",
                (line["key"], contact, line["time"], place),
            )
        self.unclear += line["outcome"] == Outcome.UNKNOWN and not changed and not is_of_list
        self._note_try(line)
        if changed and line.get("changes") is None:
            raise SourceError(
                f"the ledger at {replay.path} does not have the values, so the run cannot be undone: a run "
                "that may be undone needs ledger=Ledger(path, values=True)"
            )
        if changed and not _has_changes(line["changes"]):
            raise SourceError(
                f"the ledger at {replay.path} has been edited: the changes of row {line.get('row')} are "
                "no pairs of an old and a new text"
            )
        if changed or line["outcome"] == Outcome.ARCHIVED:
            values = (line["time"], place, contact, line["key"], orjson.dumps(line).decode())
            self._db.execute("INSERT INTO line VALUES (?, ?, ?, ?, ?)", values)

    def _note_try(self, line: Line) -> None:
        if not (digest := line["digest"]):
            return
        is_first = self._db.execute("INSERT OR IGNORE INTO tried VALUES (?)", (digest,)).rowcount
        self.untold += bool(is_first) and line["outcome"] == Outcome.UNCHANGED and line["try"] > 1

    def _sort(self) -> None:
        """Group the lines by contact."""
        lines = self._db.execute("SELECT rowid, place, contact, key, json FROM line ORDER BY time, rowid")
        for number, place, has, key, text in lines:
            line = orjson.loads(text)
            after = key if has else _key_after(line, self._id_property)
            # Nobody had the key of a contact that was to be created, whatever rows before it have met.
            since = (line["time"], place) if _creates(line, self._id_property) else ("", -1)
            contact = has or self._known(key, after, since)
            owner = self._number(f"id {contact}" if contact else f"key {key}", contact, after)
            if not contact and after != key:
                self._moved(owner, after)
            self._db.execute("INSERT INTO of_contact VALUES (?, ?)", (owner, number))
            if contact and (unread := [name for name in line["changed"] if name not in line["changes"]]):
                self._share({**line, "changed": unread, "changes": {}}, place, contact)

    def _share(self, line: Line, place: int, contact: str) -> None:
        """Let values that nobody has read count for all contacts that have had a line's key.

        The contact of a write without a look-up may be told by its values alone, which another one has, too.
        """
        query = "SELECT contact FROM known WHERE key = ? AND contact <> ?"
        for (other,) in self._db.execute(query, (line["key"], contact)).fetchall():
            values = (line["time"], place, other, line["key"], orjson.dumps(line).decode())
            number = self._db.execute("INSERT INTO line VALUES (?, ?, ?, ?, ?)", values).lastrowid
            owner = self._number(f"id {other}", other, line["key"])
            self._db.execute("INSERT INTO of_contact VALUES (?, ?)", (owner, number))

    def _known(self, key: str, other: str, since: tuple[str, int]) -> str | None:
        """Return the record id that other lines have for two keys; None if they have none, or several.

        :param since: time and place of the line after which they have had it first.
        """
        query = "SELECT DISTINCT contact FROM known WHERE key IN (?, ?) AND (time, place) > (?, ?) LIMIT 2"
        found = self._db.execute(query, (key, other, *since)).fetchall()
        return str(found[0][0]) if len(found) == 1 else None

    def _number(self, name: str, contact: str | None, key: str) -> int:
        """Return the number of a contact; a new number for a new name."""
        found = self._db.execute("SELECT number FROM name WHERE name = ?", (name,)).fetchone()
        if found:
            return int(found[0])
        made = self._db.execute("INSERT INTO contact (id, key) VALUES (?, ?)", (contact, key)).lastrowid
        self._db.execute("INSERT INTO name VALUES (?, ?)", (name, made))
        return int(made or 0)

    def _moved(self, number: int, key: str) -> None:
        """Note that a contact without a record id has another key now, which later lines may have.

        If another contact has had this key so far, its key is not known any more.
        """
        self._db.execute(
            "UPDATE contact SET moves = 2 WHERE id IS NULL AND key = ? AND number <> ?", (key, number)
        )
        self._db.execute("UPDATE contact SET key = ?, moves = moves + 1 WHERE number = ?", (key, number))
        self._db.execute("INSERT OR REPLACE INTO name VALUES (?, ?)", (f"key {key}", number))

    def unidentified(self) -> Iterator[Unidentified]:
        """Yield the contacts that must be looked up by their keys."""
        some = "SELECT number, key FROM contact WHERE id IS NULL AND moves < 2 AND number > ? LIMIT ?"
        last = 0
        while found := self._db.execute(some, (last, SOME)).fetchall():  # they are written meanwhile
            yield from (Unidentified(*each) for each in found)
            last = found[-1][0]

    def identify(self, number: int, contact: str) -> bool:
        """Note the record id of a contact.

        :return: False if other lines have it, so that the order of all is not known.
        """
        if self._db.execute("SELECT 1 FROM contact WHERE id = ?", (contact,)).fetchone():
            return False
        self._db.execute("UPDATE contact SET id = ? WHERE number = ?", (contact, number))
        return True

    def records(self) -> Iterator[tuple[int, Record, str | None]]:
        """Yield number, record and record id of each contact, in the order in which the run wrote them.

        The record has the values from before the run. Its key is the record id, else the contact's key.
        """
        self._db.execute("CREATE INDEX IF NOT EXISTS in_order ON of_contact (number)")
        lines = self._db.execute(
            "SELECT number, id, contact.key, json FROM of_contact JOIN contact USING (number) "
            "JOIN line ON line.rowid = of_contact.line ORDER BY number, of_contact.rowid"
        )
        for (number, contact, key), some in groupby(lines, itemgetter(0, 1, 2)):
            record = folded(_as_written([orjson.loads(text) for *_, text in some]), self._id_property)
            yield number, record._replace(row=number, key=contact or key), contact


def _as_written(lines: Sequence[Line]) -> Sequence[Line]:
    """Return the lines of a contact in the order in which its rows were written.

    A row that waits for its list may end after later rows of its key, in whichever letter case; these are
    written in their order.
    """
    places: defaultdict[tuple[int, str], list[int]] = defaultdict(list)
    for place, line in enumerate(lines):
        places[line["try"], lower_case(line["key"])].append(place)
    ordered = [*lines]
    for some in places.values():
        by_row = sorted((lines[place] for place in some), key=itemgetter("row"))
        for place, line in zip(some, by_row, strict=True):
            ordered[place] = line
    return ordered


def folded(lines: Sequence[Line], id_property: str = EMAIL) -> Record:
    """Return what a contact had before a run, and what the run did to it.

    For each property, these are the first old value and the last new value.

    :param lines: of the contact, in the order in which they were written.
    :param id_property: property that keys are values of, if it is known.
    """
    first: dict[str, str | None] = {}
    written: dict[str, list[tuple[str | None, str]]] = {}
    unread: dict[str, None] = {}
    for line in lines:
        for name in line["changed"]:
            if name in unread or name not in line["changes"]:
                unread[name] = None
                continue
            old, new = line["changes"][name]
            first.setdefault(name, old)
            so_far = written.get(name, []) if line["outcome"] in IN_DOUBT else []
            written[name] = [*so_far, (old, new)]
    values = {name: old or "" for name, old in first.items() if name not in unread}
    undone = Undone(
        {name: written[name] for name in values},
        tuple(unread),
        created=any(_creates(line, id_property) for line in lines),
        archived=any(line["outcome"] == Outcome.ARCHIVED for line in lines),
    )
    return Record(0, "", values, undoes=undone)


def _has_changes(changes: object) -> bool:
    """Check whether a line's changes have an old and a new text for each property."""
    return isinstance(changes, dict) and all(
        isinstance(both, list | tuple)
        and len(both) == 2
        and isinstance(both[0], str | None)
        and isinstance(both[1], str)
        for both in changes.values()
    )


def _creates(line: Line, id_property: str) -> bool:
    """Check whether a line is of a contact that the run created, or may have created."""
    if line.get("category") == LIST and line.get("contact"):
        return _gives_a_key(line, id_property)
    if line["outcome"] not in IN_DOUBT:
        return bool(line["outcome"] == Outcome.CREATED)
    changes = [line["changes"].get(name) for name in line["changed"]]
    return not line.get("contact") and all(both and both[0] is None for both in changes)


def _gives_a_key(line: Line, id_property: str) -> bool:
    """Check whether a contact was created, by a line about its list: only a new contact lacked its key.

    An address may also be the value of other properties.
    """
    key = line["key"]
    names = {name for name, both in (line["changes"] or {}).items() if both == [None, key]}
    return bool(names if "@" not in key else names & {EMAIL, id_property})


def _key_after(line: Line, id_property: str) -> str:
    """Return the key that the contact of a line has after this line."""
    _, new = line["changes"].get(id_property) or (None, None)
    return str(new or line["key"])


@contextmanager
def undone_run(lines: Iterable[Line], replay: Replay, id_property: str) -> Iterator[UndoneRun]:
    """Read a run that is to be undone, and keep it for as long as the context lasts.

    :param lines: of its ledger, which may have other runs.
    :param replay: the path of the ledger, and the run.
    :param id_property: property that keys are values of, where a line has no record id.
    :raises SourceError: if the ledger has no lines of the run, several runs, or no values.
    """
    with closing(sqlite3.connect("", isolation_level=None, check_same_thread=False)) as db:
        run = UndoneRun(db, id_property)
        run.read(lines, replay)
        yield run
