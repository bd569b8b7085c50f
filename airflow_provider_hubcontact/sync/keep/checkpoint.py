# SPDX-License-Identifier: Apache-2.0
"""How far a run has got, so that a retry goes on from there."""

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
"""Seconds between two writes of the checkpoint, each of which takes about 18 ms."""


MOST_AHEAD = 50_000
"""Rows that may end before the first one that has not ended."""


class StateStore(Protocol):
    """Airflow's store for one task of one run (3.3)."""

    def get(self, key: str, default: Any = None, /) -> Any:
        """Return a value."""

    def set(self, key: str, value: Any, /) -> None:
        """Store a value."""

    def delete(self, key: str, /) -> None:
        """Delete a value."""


class Checkpoint:
    """Counts the rows from the first on that have all ended and need no retry.

    The count holds only for the same rows in the same order.

    :param store: keeps the count for a retry.
    :param source: digest of the rows in their order, and of what is done with them.
    :param policy: says which outcomes need a retry.
    :param clock: tells when it is time to write.
    :ivar rows: the count.
    :ivar tally: how these rows ended.
    """

    def __init__(self, store: StateStore, source: str, policy: Policy, clock: Clock = SYSTEM_CLOCK) -> None:
        self._store = store
        self._source = source
        self._policy = policy
        self._clock = clock
        self._kept = clock.monotonic()
        self._ahead: dict[int, tuple[Outcome, int | None]] = {}  # ended before an earlier row did
        self._open = True
        self._rows_kept = 0
        self.rows = 0
        self.tally: Tally = Counter()
        kept = store.get(NAME, None)
        if isinstance(kept, dict) and kept.get("source") == source:
            self.rows = self._rows_kept = int(kept["rows"])
            self.tally.update({(Outcome(name), status): count for name, status, count in kept["tally"]})
            log.info("An earlier try got as far as row %s; this one continues after it.", f"{self.rows:,}")

    def settled(self, result: Result) -> None:
        """Note a result. The count stays for good where a row needs a retry."""
        if not self._open:
            return
        self._ahead[result.row] = (result.outcome, result.status)
        if len(self._ahead) > MOST_AHEAD:  # one row takes very long: the count stays where it is
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
        """Store the count, if it has changed."""
        self._kept = self._clock.monotonic()
        tally = [[str(outcome), status, count] for (outcome, status), count in self.tally.items()]
        if self.rows == self._rows_kept:
            return
        self._rows_kept = self.rows
        self._store.set(NAME, {"source": self._source, "rows": self.rows, "tally": tally})


def digest(rows: Iterable[object], *settings: object) -> str:
    """Return a text that differs for other rows, for another order of them, and for other settings.

    :param settings: what is done with the rows.
    """
    content = blake2b(repr(settings).encode(errors="surrogatepass"), digest_size=16)
    for row in rows:
        content.update(repr(row).encode(errors="surrogatepass"))
    return content.hexdigest()
