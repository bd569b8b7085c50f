# SPDX-License-Identifier: Apache-2.0
"""The records of a ledger, to be sent again."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing
from dataclasses import replace

import orjson

from airflow_provider_hubcontact.job.errors import SourceError
from airflow_provider_hubcontact.job.settings.replay import Replay
from airflow_provider_hubcontact.printable import printable_address, printable_logger
from airflow_provider_hubcontact.sync.keep.ledger import Line, digest_of_list
from airflow_provider_hubcontact.sync.model.outcome import SUCCESSES, Outcome
from airflow_provider_hubcontact.sync.rows.record_mapping import RecordMapping

log = printable_logger(__name__)

KEY = "the key"
"""Column of the key in rows that a ledger has kept; no property has such a name."""


CAME = "came"
"""Stands for the outcome of a row that is superseded, and has come to its list."""


NOT_VALID = "?"
"""Stands for the list of a row that made no record."""


PROBLEMS = tuple(str(outcome) for outcome in Outcome if outcome not in SUCCESSES)


def replayed(
    lines: Iterable[Line], replay: Replay, source: Iterable[object] | None, shape: RecordMapping
) -> Iterator[object]:
    """Yield the rows whose last line in a ledger has one of some outcomes: of their key, and of their list.

    A row of whose list the ledger has no line is sent if any line of its key has such an outcome.

    :param lines: of the ledger, or of a folder in it: a run, a task.
    :param replay: what the ledger is called, and which outcomes.
    :param source: rows to choose from by their key; None for the values that the ledger has kept.
    :param shape: tells a row's key.
    :return: rows of the source, or rows as the shape of :func:`shape_of` expects them.
    :raises SourceError: if there is no such ledger, or it has not kept the values.
    """
    outcomes = PROBLEMS if replay.outcomes is None else replay.outcomes
    with closing(sqlite3.connect("", isolation_level=None, check_same_thread=False)) as db:
        count, nameless = _index(db, lines)
        if not count:
            raise SourceError(f"there is no ledger at {printable_address(replay.path)}, or it is empty")
        if nameless:
            log.warning("%d lines of the ledger have no key; their rows cannot be found again.", nameless)
        if source is None:
            yield from _kept(db, outcomes, shape)
        else:
            yield from _chosen(db, outcomes, shape, source)


def last_lines(lines: Iterable[Line], ledger: str) -> Iterator[Line]:
    """Yield the lines of a ledger that no later try has replaced.

    :raises SourceError: if there is no such ledger.
    """
    with closing(sqlite3.connect("", isolation_level=None)) as db:
        db.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN;"
            "CREATE TABLE line (record TEXT, try INT, row INT, json TEXT);"
            "CREATE INDEX of_record ON line (record, try)"
        )
        db.executemany(
            "INSERT INTO line VALUES (?, ?, ?, ?)",
            ((_record_of(line), line["try"], line["row"], orjson.dumps(line)) for line in lines),
        )
        # A try that has waited without a worker has two lines of what it had not ended before.
        last = (
            "SELECT json FROM line WHERE rowid IN (SELECT max(line.rowid) FROM line "
            "JOIN (SELECT record, max(try) AS try FROM line GROUP BY record) USING (record, try) "
            "GROUP BY record, line.row) ORDER BY rowid"
        )
        any_line = False
        for (text,) in db.execute(last):
            any_line = True
            yield orjson.loads(text)
    if not any_line:
        raise SourceError(f"there is no ledger at {printable_address(ledger)}, or it is empty")


def _record_of(line: Line) -> str:
    """Return what identifies a record of a run; a row without a key has no digest."""
    parts = (line["run"], line["task"], line["map_index"], line["digest"] or line["row"])
    return orjson.dumps(parts).decode()


def shape_of(shape: RecordMapping) -> RecordMapping:
    """Return the mapping of rows whose values a ledger has kept: they are named by property."""
    return replace(
        shape,
        key=KEY,
        document_key=shape.key_property,
        mapping=None,
        becomes=shape.id_property if shape.becomes else None,
        timestamp=None,
        texts=shape.texts.kept() if shape.texts else None,
    )


def _index(db: sqlite3.Connection, given: Iterable[Line]) -> tuple[int, int]:
    """Read the last line of each key and list.

    The rows of one key may name a list each: one that did not come to its list is not hidden by a later one
    that came to another. A row that was not valid has no digest, and so no list.

    :return: how many lines there are, and how many of them have no key.
    """
    db.executescript(
        "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN;"
        "CREATE TABLE line (key TEXT, list TEXT, outcome TEXT, time TEXT, place INT, kept TEXT,"
        " found INT DEFAULT 0, PRIMARY KEY (key, list))"
    )
    lines = nameless = 0
    for line in given:
        lines += 1
        if (
            line["outcome"] == Outcome.UP_TO_DATE and not line["key"]
        ):  # it stands for many rows, of which none was sent
            continue
        nameless += not line["key"]
        is_superseded = line["outcome"] == Outcome.SUPERSEDED
        if not line["key"] or (is_superseded and not line.get("membership")):
            continue
        # A later row has said what the contact is to have, and this one has come to its list.
        outcome = CAME if is_superseded else line["outcome"]
        digest = line.get("digest")
        of_list = "-" + digest.partition("-")[2] if digest else NOT_VALID
        db.execute(
            "INSERT INTO line (key, list, outcome, time, place, kept) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (key, list) DO UPDATE SET outcome = excluded.outcome, time = excluded.time, "
            "place = excluded.place, kept = excluded.kept WHERE excluded.time >= time",
            (line["key"], of_list, outcome, line["time"], lines, json.dumps(line["values"])),
        )
    db.execute("COMMIT")
    return lines, nameless


def _chosen(
    db: sqlite3.Connection, outcomes: Collection[str], shape: RecordMapping, source: Iterable[object]
) -> Iterator[object]:
    for row in source:
        key = shape.key_of(row)
        by_time = "SELECT list, outcome FROM line WHERE key = ? ORDER BY time, place"
        lists = dict(db.execute(by_time, (key,)).fetchall())
        mine = digest_of_list(shape.list_of(row)) or "-"
        about = [*lists.values()]
        if mine in lists:
            about = [outcome for each, outcome in lists.items() if each in {mine, NOT_VALID}][-1:]
        if any(outcome in outcomes for outcome in about):
            db.execute("UPDATE line SET found = 1 WHERE key = ? AND found = 0", (key,))
            yield row
    places = ", ".join("?" * len(outcomes))
    count = (  # of keys; a later line of the key has replaced one that was not valid
        "SELECT count(*), total(found) FROM (SELECT max(found) AS found FROM line "  # noqa: S608 - marks alone
        f"WHERE outcome IN ({places}) AND (list <> ? OR time >= "
        "(SELECT max(time) FROM line AS other WHERE other.key = line.key)) GROUP BY key)"
    )
    wanted, there = db.execute(count, (*outcomes, NOT_VALID)).fetchone()
    if there < wanted:
        log.warning("%d of %d records to send again are not among the rows.", wanted - there, wanted)


def _kept(db: sqlite3.Connection, outcomes: Collection[str], shape: RecordMapping) -> Iterator[object]:
    given, without = 0, Counter[str]()
    last = (
        "SELECT key, outcome, kept FROM line AS last WHERE NOT EXISTS (SELECT 1 FROM line "
        "WHERE key = last.key AND outcome <> ? AND (time, place) > (last.time, last.place)) "
        "ORDER BY (SELECT min(rowid) FROM line WHERE key = last.key)"
    )
    for key, outcome, kept in db.execute(last, (CAME,)):
        if outcome not in outcomes:
            continue
        if values := json.loads(kept):
            given += 1
            yield {**_sent(values, shape), KEY: key}
        else:  # a row that made no record has none
            without[outcome] += 1
    if without and not given:
        raise SourceError(
            f"{_without_values(without)}: give records or sql to choose among, or keep values with "
            "ledger=Ledger(path, values=True)"
        )
    if without:
        log.warning("%s: they are not sent.", _without_values(without))


def _sent(values: dict[str, object], shape: RecordMapping) -> dict[str, object]:
    """Return what was sent of a record's values: the key is among them even if its column was not sent."""
    is_changed = shape.becomes is not None and shape.key_property == shape.id_property
    is_sent_as_another = (shape.mapping or {}).get(shape.key, shape.id_property) != shape.id_property
    if is_changed or is_sent_as_another:
        return values
    return {name: value for name, value in values.items() if name != shape.key_property}


def _without_values(without: Counter[str]) -> str:
    counts = ", ".join(f"{count:,} {outcome}" for outcome, count in without.items())
    return f"the ledger has kept no values of {counts} {'row' if without.total() == 1 else 'rows'}"
