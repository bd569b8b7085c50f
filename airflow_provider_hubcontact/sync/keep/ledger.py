# SPDX-License-Identifier: Apache-2.0
"""Keeps every record's result beyond the run: for people, for a retry, and for a replay."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import chain, islice
from typing import Any, NamedTuple, Protocol, Self

import orjson

from airflow_provider_hubcontact.clock import SYSTEM_CLOCK, Clock
from airflow_provider_hubcontact.printable import printable
from airflow_provider_hubcontact.sync.decide.policy import Action, Policy
from airflow_provider_hubcontact.sync.model.choices import Membership
from airflow_provider_hubcontact.sync.model.outcome import DRIFT, DUPLICATE, RESULT_FIELDS, Outcome, Result
from airflow_provider_hubcontact.sync.model.record import JSON, Record
from airflow_provider_hubcontact.words import counted

Line = dict[str, Any]
"""One record's result, as the ledger has it."""


FIELDS = (
    "run",
    "task",
    "map_index",
    "try",
    *RESULT_FIELDS,
    "contact",
    "list_id",
    "membership",
    "changed",
    "changes",
    "values",
    "digest",
    "time",
)
"""The fields of a line, in their order."""


LARGEST = 2**63
"""The first number that 64 bits cannot hold."""


MAX_REASON_LENGTH = 10_000
"""Characters of a reason that are kept."""


MOST_LINES = 5_000
"""The most lines that are held back before they are written."""


class Attempt(NamedTuple):
    """One try of a task.

    :param run: the DAG run's id, with the DAG's name in front.
    :param task: task id.
    :param map_index: the index of a mapped task, else -1.
    :param number: the number of the try, from 1.
    :param resumed: whether the try goes on after it waited without a worker.
    """

    run: str
    task: str
    map_index: int
    number: int
    resumed: bool = False

    @property
    def task_of_run(self) -> str:
        """Names the task instance, whichever try of it this is."""
        part = "" if self.map_index < 0 else f"[{self.map_index}]"
        return f"{self.task}{part} of {self.run}"

    @property
    def task_of_dag(self) -> str:
        """Names the task, whichever run of its DAG this is."""
        return f"{self.run.partition('/')[0]}.{self.task}"

    @property
    def last_known(self) -> int:
        """The last try whose lines count as earlier ones; 0 if there is none."""
        return self.number if self.resumed else self.number - 1


def rows_of(line: Line) -> int:
    """Return how many rows a line stands for: those that are up to date and not read have one together."""
    if line["outcome"] != Outcome.UP_TO_DATE or line.get("category") == DRIFT or line.get("membership"):
        return 1
    return int(str(line["reason"]).partition(" ")[0].replace(",", ""))


def is_summed_up(result: Result) -> bool:
    """Check whether a result has no line of its own: its row is up to date, and nothing was done for it."""
    is_plain = result.outcome is Outcome.UP_TO_DATE and result.category != DRIFT
    # What was read of its list may be other than what the last line of the row says.
    return is_plain and result.membership in {None, Membership.MEMBER} and not result.is_read


class LedgerStore(Protocol):
    """Where the lines of a task are kept."""

    @property
    def pace(self) -> float:
        """Seconds between two writes; 0 if writing costs nothing."""

    def write(self, lines: Sequence[Line], /) -> None:
        """Keep lines of this try."""

    def earlier(self) -> Iterator[Line]:
        """Yield the lines of earlier tries, and those of this try before a deferral, try by try."""


class Ledger:
    """Writes the lines of a try, and knows the results of earlier tries.

    It is a context manager, which writes the rest at its end.

    :param store: where the lines are kept.
    :param attempt: the try.
    :param policy: says which outcomes are tried again.
    :param values: whether values, which are personal data, are kept.
    :param reads: whether what earlier tries have finished is looked up; a state knows more.
    :param clock: tells when a record ended, and when it is time to write.
    """

    def __init__(
        self,
        store: LedgerStore,
        attempt: Attempt,
        policy: Policy,
        *,
        values: bool,
        reads: bool = True,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._store = store
        self._attempt = attempt
        self._values = values
        self._clock = clock
        self._written = clock.monotonic()
        self._lines: list[Line] = []
        self._under_way: dict[int, tuple[str, Mapping[str, JSON]]] = {}  # row → digest, values
        self._ended = _Ended(store.earlier() if reads and attempt.last_known else (), policy)
        self._up_to_date = 0  # rows

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._up_to_date:
            rows = counted(self._up_to_date, "row equals", "rows equal")
            reason = f"{rows} what the state proves: no line for each"
            self._lines.append(self._line(Result(0, "", Outcome.UP_TO_DATE, reason=reason), None, {}))
        self._write()
        self._ended.close()

    def earlier(self, record: Record, /) -> Result | None:
        """Return the result that an earlier try had for the same key and values, if it is final."""
        digest = digest_of(record)
        line = self._ended.find(record.key, digest)
        if line is None:
            self._under_way[record.row] = (digest, record.document)
            return None
        return Result.from_dict(line)._replace(row=record.row, key=record.key, earlier=line["try"])

    def forget(self, row: int) -> None:
        """Expect no result of a row that :meth:`earlier` was asked about."""
        self._under_way.pop(row, None)

    def begin_anew(self) -> None:
        """Expect all rows once more, since none of them was sent."""
        self._ended.begin_anew()

    def settled(self, result: Result, /) -> None:
        """Note a result of this try."""
        if result.earlier:
            return
        digest, values = self._under_way.pop(result.row, (None, {}))
        if is_summed_up(result):
            self._up_to_date += 1
            return
        self._lines.append(self._line(result, digest, values))

    def flush(self) -> None:
        """Write what was noted, if the time for it has come."""
        due = self._clock.monotonic() - self._written >= self._store.pace or len(self._lines) >= MOST_LINES
        if self._lines and due:
            self._write()

    def _write(self) -> None:
        if self._lines:
            self._store.write(self._lines)
        self._lines = []
        self._written = self._clock.monotonic()

    def _line(self, result: Result, digest: str | None, values: Mapping[str, JSON]) -> Line:
        keep = self._values
        told = result.to_dict()
        told["category"] = result.category and printable(result.category)
        told["reason"] = result.reason and printable(result.reason, MAX_REASON_LENGTH)
        told["properties"] = [printable(name) for name in result.properties]
        return {
            "run": self._attempt.run,
            "task": self._attempt.task,
            "map_index": self._attempt.map_index,
            "try": self._attempt.number,
            **told,
            "contact": result.contact,
            "list_id": result.list_id,
            "membership": result.membership and str(result.membership),
            "changed": list(result.changes),
            "changes": _read(result) if keep else None,
            "values": {name: _storable(value) for name, value in values.items()} if keep else None,
            "digest": digest,
            "time": self._clock.now().isoformat(timespec="milliseconds"),
        }


class _Ended:
    """The results of earlier tries that are final, kept on disk.

    The last line of a key decides, since it overwrote what was written before. Once a row of a key is sent
    in this try, all later rows of it are sent, too, so that the last one wins. If any row of a key has to be
    sent again, all of its rows are. A failure is final while the task retries by itself. If nothing was left
    to retry, a person has cleared the task to have its failures tried again. A second row of a key that may
    have only one says nothing: the first may be its equal.
    """

    def __init__(self, lines: Iterable[Line], policy: Policy) -> None:
        said = (line for line in lines if line["digest"] and line.get("category") != DUPLICATE)
        first = list(islice(said, 1))
        self._any = bool(first)
        if self._any:  # most runs have no earlier try, and need no file
            self._read(chain(first, said), policy)

    def _read(self, lines: Iterable[Line], policy: Policy) -> None:
        self._db = sqlite3.connect("", check_same_thread=False)
        self._db.execute(
            "CREATE TABLE line (digest TEXT PRIMARY KEY, key TEXT, try INT, action TEXT, json TEXT, sent INT)"
        )
        self._db.executemany(
            "INSERT OR REPLACE INTO line VALUES (?, ?, ?, ?, ?, 0)",
            (
                (line["digest"], line["key"], line["try"], str(_action(line, policy)), orjson.dumps(line))
                for line in lines
            ),
        )
        retries = "SELECT 1 FROM line WHERE action = ? AND try = (SELECT max(try) FROM line)"
        again = {Action.RETRY, Action.FAIL_NOW, Action.FAIL, Outcome.SUPERSEDED}
        if self._db.execute(retries, (Action.RETRY,)).fetchone():
            again.remove(Action.FAIL)
        self._db.execute("CREATE TABLE again (key TEXT PRIMARY KEY) WITHOUT ROWID")
        for action in again:
            self._db.execute("INSERT OR IGNORE INTO again SELECT key FROM line WHERE action = ?", (action,))
        self._db.execute("DELETE FROM line WHERE key IN (SELECT key FROM again)")
        self._db.execute("DELETE FROM line WHERE rowid NOT IN (SELECT max(rowid) FROM line GROUP BY key)")
        self._db.execute("CREATE UNIQUE INDEX of_key ON line (key)")

    def find(self, key: str, digest: str) -> Line | None:
        if not self._any:
            return None
        query = "SELECT digest, sent, json FROM line WHERE key = ?"
        found = self._db.execute(query, (key,)).fetchone()
        if found is None:
            return None
        last, is_sent, text = found
        if digest == last and not is_sent:
            line: Line = orjson.loads(text)
            return line
        if not is_sent:
            self._db.execute("UPDATE line SET sent = 1 WHERE key = ?", (key,))
        return None

    def begin_anew(self) -> None:
        if self._any:
            self._db.execute("UPDATE line SET sent = 0 WHERE sent")

    def close(self) -> None:
        if self._any:
            self._db.close()


def _action(line: Line, policy: Policy) -> Action | Outcome:
    """Return what a line asks for.

    A superseded row is sent again, since the row that won may be gone from the source. It asks for no retry.
    """
    outcome = Outcome(line["outcome"])
    return outcome if outcome is Outcome.SUPERSEDED else policy.action(outcome, line["status"])


def _read(result: Result) -> dict[str, list[str | None]]:
    """Return the old and new values of what was changed, but for those whose old values nobody has read."""
    return {name: both for name, both in result.changes_to_dict().items() if name not in result.unread}


def _storable(value: JSON) -> JSON:
    """Return a value for JSON. A number that many readers cannot hold becomes text; HubSpot takes both."""
    if isinstance(value, list):
        return [_storable(item) for item in value]
    return str(value) if isinstance(value, int) and abs(value) >= LARGEST else value


def digest_of(record: Record) -> str:
    """Return a text that two records share only if their key, values, time and list are the same.

    The list counts as the row names it: what it is known by changes when it is created.
    """
    if record.digest:
        return record.digest
    content = orjson.dumps([record.key, record.timestamp, *sorted(record.properties.items())])
    return blake2b(content, digest_size=16).hexdigest() + digest_of_list(record.named_list or record.list)


def digest_of_list(name: str) -> str:
    """Return what the digests of all records end with that name a list.

    :param name: as a row has it; empty for none, of which a digest says nothing.
    """
    return "-" + blake2b(name.encode(errors="surrogatepass"), digest_size=8).hexdigest() if name else ""
