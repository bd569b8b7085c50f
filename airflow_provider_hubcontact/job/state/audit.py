# SPDX-License-Identifier: Apache-2.0
"""Which proofs a run reads back, so that what people edit in HubSpot is found."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

DAY = 86_400
"""Seconds of a day."""


SHARE_OF_CALLS = 100
"""An audit takes one in so many of the calls that are left today."""


class Ages(NamedTuple):
    """What the times of all proofs come to.

    :param proofs: proofs that the state holds, but for those that are known to have left the source.
    :param due: those of them that were proved at the limit of :meth:`Clockwork.limit` or before.
    """

    proofs: int
    due: int


class Clockwork(NamedTuple):
    """The times that an audit goes by, in seconds since 1970 by the database's clock.

    :param now: when the run began.
    :param last: when the last completed run ended; None if none has.
    :param days: in which each proof is to be read back once.
    """

    now: int
    last: int | None
    days: float

    @property
    def passed(self) -> int:
        """Seconds since the last completed run; 0 if the clock went back, and no more than the days."""
        return min(max(0, self.now - self.last), round(self.days * DAY)) if self.last is not None else 0

    @property
    def overdue(self) -> int:
        """The last time of a proof that is overdue now."""
        return self.now - round(self.days * DAY)

    @property
    def limit(self) -> int:
        """The last time of a proof that would be overdue before the next run, if runs go on at this pace."""
        return self.overdue + self.passed


class Selection:
    """The proofs that one pass over the rows reads back: the oldest first.

    :param clockwork: the times.
    :param wanted: how many to read back besides those that are due.
    :param newest: time of the newest of these; None if there are none.
    :param most: how many may be read back at all; None for any number.
    :param takes_due: whether all that are due can be read back, however they are counted.
    """

    def __init__(
        self, clockwork: Clockwork, wanted: int, newest: int | None, most: int | None, *, takes_due: bool
    ) -> None:
        self._clockwork = clockwork
        self._wanted = wanted
        self._newest = newest
        self._most = most
        self._takes_due = takes_due
        self._taken = 0

    def anew(self) -> Selection:
        """Return the same choice for another pass."""
        return Selection(
            *(self._clockwork, self._wanted, self._newest, self._most), takes_due=self._takes_due
        )

    def takes(self, proved_at: int | None) -> bool:
        """Decide whether a proof that equals its row is read back, and count it if so.

        :param proved_at: its time.
        """
        at = proved_at or 0
        if self._most is not None and self._taken >= self._most:
            return False
        is_due = self._takes_due and at <= self._clockwork.limit
        is_oldest = self._newest is not None and at <= self._newest and self._taken < self._wanted
        self._taken += is_due or is_oldest
        return is_due or is_oldest

    @property
    def passed(self) -> int | None:
        """Return the time up to which a completed run has read back all proofs of its source's rows.

        The proofs that are older still are of rows that have left the source. None if there is no such time.
        """
        return self._newest if self._taken < self._wanted else None


def selection(
    clockwork: Clockwork,
    ages: Ages,
    calls_left: int | None,
    rows_of_a_call: int,
    nth_oldest: Callable[[int], int | None],
) -> Selection:
    """Choose the proofs that a run reads back.

    :param clockwork: the times.
    :param ages: of the proofs.
    :param calls_left: today; None if HubSpot has not said.
    :param rows_of_a_call: contacts that a look-up takes.
    :param nth_oldest: number, from 1 → time of the proof that is so manyth by age; None if there are fewer.
    """
    most = None if calls_left is None else calls_left // SHARE_OF_CALLS * rows_of_a_call
    spread = int(ages.proofs * clockwork.passed / (clockwork.days * DAY))
    wanted = max(spread, ages.due)
    if most is not None:
        wanted = min(wanted, most)
    newest = nth_oldest(wanted) if wanted else None
    return Selection(clockwork, wanted, newest, most, takes_due=most is None or ages.due <= most)
