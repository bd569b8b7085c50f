# SPDX-License-Identifier: Apache-2.0
"""The lines of a plan: made of results, counted, checked when they are read, and turned into records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from tempfile import TemporaryFile
from typing import IO, Any

import orjson

from airflow_provider_hubcontact.sync.decide.lifecycle import STAGE
from airflow_provider_hubcontact.sync.keep.ledger import digest_of
from airflow_provider_hubcontact.sync.model.change import DRY_RUN_CATEGORIES, REMOVALS, Write
from airflow_provider_hubcontact.sync.model.outcome import RESULT_FIELDS, Outcome, Result
from airflow_provider_hubcontact.sync.model.record import Record, Undone

Line = dict[str, Any]


_WRITE_FIELDS = frozenset({"row", "key", "write", "changes", "digest", "timestamp", "new_key"})


_LEFT_ALONE = frozenset({"left_alone", "reason"})
"""Fields of a line that writes and, as an undo may, leaves properties alone."""


_OTHER_FIELDS = frozenset(RESULT_FIELDS) - {"status", "correlation_id"}


class Totals:
    """Counts the lines of a plan."""

    def __init__(self) -> None:
        self.rows = 0
        self._writes: Counter[str] = Counter()
        self._others: Counter[str] = Counter()
        self._stages: Counter[str] = Counter()

    def add(self, line: Line) -> None:
        """Count a line."""
        self.rows += 1
        if "write" not in line:
            self._others[line["outcome"]] += 1
            return
        self._writes[line["write"]] += 1
        if (stage := line["changes"].get(STAGE)) is not None:
            self._stages[f"{stage[0] or 'none'} → {stage[1] or 'none'}"] += 1

    def to_dict(self) -> dict[str, Any]:
        """Return the counts."""
        changes, creates = self._writes[Write.UPDATE], self._writes[Write.CREATE]
        return {
            "rows": self.rows,
            "changes": changes,
            "creates": creates,
            "removals": sum(self._writes[kind] for kind in REMOVALS),
            "others": dict(sorted(self._others.items())),
            "stage_moves": dict(sorted(self._stages.items())),
        }


class LineMaker:
    """Makes a line of each result, and counts it.

    :param keep: called with each line.
    :param id_property: property that keys are values of.
    """

    def __init__(self, keep: Callable[[Line], None], id_property: str) -> None:
        self._keep = keep
        self._id_property = id_property
        # row → digest, timestamp and new key
        self._under_way: dict[int, tuple[str, int | None, str | None]] = {}
        self.totals = Totals()

    def earlier(self, record: Record) -> None:
        """Remember what its result does not tell of the record, until that is known."""
        new_key = record.properties.get(self._id_property) or None
        self._under_way[record.row] = digest_of(record), record.timestamp, new_key

    def settled(self, result: Result) -> None:
        """Note what would be done for a record, or why nothing would."""
        digest, timestamp, new_key = self._under_way.pop(result.row, (None, None, None))
        write = DRY_RUN_CATEGORIES.get(result.category or "")
        if write is None:
            line = {name: each for name, each in result.to_dict().items() if name in _OTHER_FIELDS}
        else:
            line = {
                "row": result.row,
                "key": result.key,
                "write": str(write),
                "changes": result.changes_to_dict(),
                "digest": digest,
                "timestamp": timestamp,
                # The contact that has its new key already may be found by it alone.
                "new_key": None if self._id_property in result.changes else new_key,
            }
            if result.properties:
                line |= {"left_alone": list(result.properties), "reason": result.reason}
        self.totals.add(line)
        self._keep(line)


class SpooledLines:
    """What a plan writes, on disk: an unnamed file of this process, of which nothing is left if it is killed.

    :param file: an empty file.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._lines = 0

    def add(self, line: Line) -> None:
        """Keep a line, if it is one that writes."""
        if "write" in line:
            self._file.write(encoded(line))
            self._lines += 1

    def records(self, id_property: str, *, checked: bool, undoes: bool = False) -> Iterator[Record]:
        """Return the records of the lines for rows of the source, no more and no fewer than were added.

        :param id_property: property that keys are values of.
        :param checked: each with the values that its contact must still have.
        :param undoes: whether the plan undoes a run.
        """
        undone = Undone() if undoes else None
        for line in self._read():
            if line["write"] not in REMOVALS:
                record = _record(line, id_property)._replace(undoes=undone)
                yield record if checked else record._replace(before=None)

    def removals(self) -> Iterator[Record]:
        """Return the records of the lines for contacts that are removed."""
        return (_record(line, "") for line in self._read() if line["write"] in REMOVALS)

    def _read(self) -> Iterator[Line]:
        self._file.seek(0)
        for text in islice(self._file, self._lines):
            yield orjson.loads(text)


@contextmanager
def spooled_lines() -> Iterator[SpooledLines]:
    """Open an empty spool for as long as the context lasts."""
    with TemporaryFile(prefix="hubcontact-") as file:
        yield SpooledLines(file)


def encoded(line: Line) -> bytes:
    """Return a line as it stands in a file."""
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


def checked_line(text: bytes) -> Line:
    """Return a line of a plan, after every field was checked.

    :param text: the line with its end.
    :raises ValueError: if no plan is written like this.
    """
    line = orjson.loads(text)
    # Two fields of one name, and NaN, do not survive being written again.
    if not isinstance(line, dict) or encoded(line) != text:
        raise ValueError("it was not written by this provider")
    is_write = "write" in line
    more = _LEFT_ALONE if is_write and not _LEFT_ALONE.isdisjoint(line) else frozenset()
    if line.keys() != (_WRITE_FIELDS | more if is_write else _OTHER_FIELDS):
        raise ValueError("it lacks a field, or has an unknown one")
    fits = _is_write(line) if is_write else _is_other(line)
    if not is_count(line["row"]) or not isinstance(line["key"], str) or not fits:
        raise ValueError("it has a value of a wrong type")
    return line


def is_count(value: object) -> bool:
    """Check whether a value is a whole number that is not negative."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_write(line: Line) -> bool:
    changes, digest = line["changes"], line["digest"]
    return (
        isinstance(line["write"], str)
        and line["write"] in set(Write)
        and line["key"] != ""
        and _are_changes(changes, line["write"])
        and all(each is None or isinstance(each, str) for each in (digest, line["new_key"]))
        and (line["timestamp"] is None or _is_number(line["timestamp"]))
        and _are_names(line.get("left_alone", []))
        and isinstance(line.get("reason", ""), str)
    )


def _are_changes(changes: object, write: str) -> bool:
    if not isinstance(changes, dict) or not (changes or write == Write.ARCHIVE):
        return False
    return all(map(_is_change, changes.values()))


def _is_change(change: object) -> bool:
    if not isinstance(change, list) or len(change) != 2:
        return False
    old, new = change
    return (old is None or isinstance(old, str)) and isinstance(new, str)


def _is_other(line: Line) -> bool:
    category = line["category"]
    return (
        isinstance(line["outcome"], str)
        and line["outcome"] in set(Outcome)
        and (category is None or isinstance(category, str))
        and isinstance(line["reason"], str)
        and _are_names(line["properties"])
    )


def _are_names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _record(line: Line, id_property: str) -> Record:
    changes: Mapping[str, tuple[str | None, str]] = line["changes"]
    values = {name: new for name, (_, new) in changes.items()}
    before = {name: old for name, (old, _) in changes.items()}
    if line["new_key"]:
        # The contact has it already: if it does not by then, the plan is out of date.
        values[id_property] = before[id_property] = line["new_key"]
    if line["write"] == Write.CREATE:
        before[id_property] = None  # nobody may have the key by now
        if values.get(id_property) == line["key"]:
            del values[id_property]
    return Record(
        line["row"],
        line["key"],
        values,
        dict(values),
        line["timestamp"],
        before=before,
        digest=line["digest"],
    )
