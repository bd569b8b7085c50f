"""How far a run has come, so that a retry goes on from there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from hashlib import blake2b
from typing import Any, Protocol

from airflow_provider_hubcontact.clock import SYSTEM_CLOCK, Clock
from airflow_provider_hubcontact.printable import printable_logger
from airflow_provider_hubcontact.sync.decide.policy import Action, Policy
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result, Tally

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


class Checkpoint:
    """The rows from the first on that have all ended, and need no retry.

    It counts only in the same sequence of rows.

    :param store: keeps it.
    :param source: digest of the rows in their order, and of what is done with them.
    :param policy: tells which outcomes need a retry.
    :param clock: tells when it is time to write.
    """

    def __init__(self, store: StateStore, source: str, policy: Policy, clock: Clock = SYSTEM_CLOCK) -> None:
        self._store = store
        self._source = source
        self._policy = policy
        self._clock = clock
        self._kept = clock.monotonic()
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
        """Note a result; one that needs a retry holds it for good."""
        if not self._open:
            return
        self._ahead[result.row] = (result.outcome, result.status)
        if len(self._ahead) > MOST_AHEAD:  # a row waits for long: it stays where it is
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
        if self._clock.monotonic() - self._kept >= EVERY:
            self.keep()

    def keep(self) -> None:
        """Write it."""
        self._kept = self._clock.monotonic()
        tally = [[str(outcome), status, count] for (outcome, status), count in self.tally.items()]
        if self.rows == self._rows_kept:
            return
        self._rows_kept = self.rows
        self._store.set(NAME, {"source": self._source, "rows": self.rows, "tally": tally})


def digest(rows: Iterable[object], *settings: object) -> str:
    """Tell sequences of rows apart, and what is done with them."""
    content = blake2b(repr(settings).encode(errors="surrogatepass"), digest_size=16)
    for row in rows:
        content.update(repr(row).encode(errors="surrogatepass"))
    return content.hexdigest()
