"""How far a task has come, kept in Airflow's task state store: a retry goes on from there."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Protocol

from airflow_provider_hubcontact.printable import printable_logger
from airflow_provider_hubcontact.sync.outcome import Outcome, Result, Tally
from airflow_provider_hubcontact.sync.policy import Action, Policy

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_hubcontact.sync.report import Report

log = printable_logger(__name__)

NAME = "hubcontact_place"

EVERY = 5.0
"""Seconds between two writes: each takes about 18 ms."""


MOST_AHEAD = 50_000
"""Rows that may have ended before the one that is next."""


class StateStore(Protocol):
    """Airflow's store for one task of one run (3.3)."""

    def get(self, key: str, default: Any = None, /) -> Any:
        """Give a value."""

    def set(self, key: str, value: Any, /) -> None:
        """Keep a value."""

    def delete(self, key: str, /) -> None:
        """Forget a value."""


class Place:
    """The rows from the first on that have all ended, and need no retry.

    A place counts only in the same sequence of rows.

    :param store: keeps the place.
    :param source: digest of the rows in their order, and of what is done with them.
    :param policy: tells which outcomes need a retry.
    :param clock: monotonic seconds.
    """

    def __init__(
        self, store: StateStore, source: str, policy: Policy, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._source = source
        self._policy = policy
        self._clock = clock
        self._kept = clock()
        self._ahead: dict[int, tuple[Outcome, int | None]] = {}  # ended before the row that is next
        self._open = True
        self._rows_kept = 0
        self.rows = 0
        self.tally: Tally = Counter()
        kept = store.get(NAME, None)
        if isinstance(kept, dict) and kept.get("source") == source:
            self.rows = self._rows_kept = int(kept["rows"])
            self.tally.update({(Outcome(name), status): count for name, status, count in kept["tally"]})
            log.info("An earlier try has come to row %s; this one goes on there.", f"{self.rows:,}")

    def settled(self, result: Result) -> None:
        """Note a result; one that needs a retry holds the place for good."""
        if not self._open:
            return
        self._ahead[result.row] = (result.outcome, result.status)
        if len(self._ahead) > MOST_AHEAD:  # a row waits for long: the place stays where it is
            self._open = False
            self._ahead.clear()
            return
        while (ended := self._ahead.get(self.rows + 1)) is not None:
            if self._policy.action(*ended) in {Action.RETRY, Action.FAIL_NOW}:
                self._open = False
                self._ahead.clear()
                break
            del self._ahead[self.rows + 1]
            self.rows += 1
            self.tally[ended] += 1
        if self._clock() - self._kept >= EVERY:
            self.keep()

    def keep(self) -> None:
        """Write the place."""
        self._kept = self._clock()
        tally = [[str(outcome), status, count] for (outcome, status), count in self.tally.items()]
        if self.rows == self._rows_kept:
            return
        self._rows_kept = self.rows
        self._store.set(NAME, {"source": self._source, "rows": self.rows, "tally": tally})


def forget(context: Context) -> None:
    """Let the next try begin anew: this one is the last that goes on by itself."""
    if (store := context.get("task_state_store")) is not None and store.get(NAME, None) is not None:
        store.delete(NAME)


def digest(rows: Iterable[object], *settings: object) -> str:
    """Tell sequences of rows apart, and what is done with them."""
    content = blake2b(repr(settings).encode(errors="surrogatepass"), digest_size=16)
    for row in rows:
        content.update(repr(row).encode(errors="surrogatepass"))
    return content.hexdigest()


@contextmanager
def place_of(
    task: Any, context: Context, rows: Iterable[object] | None, report: Report, since: object = None
) -> Iterator[Place | None]:
    """Give the place of a task, if it can have one, and keep it when the block ends.

    It can where Airflow has a store for it, no ledger knows more, and the rows can be read twice and be told
    from others.

    :param task: the operator.
    :param context: Airflow's.
    :param rows: the source.
    :param report: gets the tally of the rows before the place.
    :param since: value before which rows of the source are left out.
    """
    store = context.get("task_state_store")
    readable = rows is not None and iter(rows) is not rows
    is_one_try = not task.retries and not task.may_defer
    if store is None or task.ledger or is_one_try or not readable or report.dry_run:
        yield None
        return
    settings = (
        task.mapping,
        task.key,
        task.id_property,
        task.nulls,
        task.mode,
        task.duplicates,
        task.schema,
        since,
    )
    try:
        source = digest(rows or (), *settings)
    except Exception:  # noqa: BLE001 - a row may be of any class, and hold anything
        log.info("A row cannot be told from others, so that a retry begins with the first one.")
        yield None
        return
    place = Place(store, source, task.policy)
    report.resume(place.tally)
    try:
        yield place
    finally:
        place.keep()
