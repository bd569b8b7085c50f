# SPDX-License-Identifier: Apache-2.0
"""Logs how far a run has come."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from types import TracebackType
from typing import TYPE_CHECKING, Self

from airflow_provider_hubcontact.job.surroundings import on_a_thread
from airflow_provider_hubcontact.printable import printable_logger
from airflow_provider_hubcontact.sync.model.outcome import by_outcome
from airflow_provider_hubcontact.words import counted

if TYPE_CHECKING:
    from airflow_provider_hubcontact.client import HubSpot
    from airflow_provider_hubcontact.sync.keep.report import Report


log = printable_logger(__name__)

EVERY = 10.0
"""Seconds between two lines."""


SAMPLE_EVERY = 1.0
"""Seconds between two points of the timeline, at first."""


MOST_POINTS = 120


class Progress:
    """Logs a line every few seconds as long as its block lasts, and keeps the report's timeline.

    :param report: counts the rows.
    :param hubspot: counts the calls; its clock tells the time.
    :param total: rows of the source, if that is known.
    :param beside: starts the work, and returns what waits for its end.
    """

    def __init__(
        self,
        report: Report,
        hubspot: HubSpot,
        total: int | None = None,
        beside: Callable[[Callable[[], None]], Callable[[], None]] = on_a_thread,
    ) -> None:
        self.report, self._hubspot, self._total = report, hubspot, total
        self._clock = hubspot.clock
        self._ended = Event()
        self._beside = beside

    def __enter__(self) -> Self:
        # A run that is rehearsed first has two parts, and one timeline.
        before = self.report.timeline[-1][0] if self.report.timeline else 0.0
        self._began = self._clock.monotonic() - before
        self._note(before)
        self._join = self._beside(self._tell)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._join()
        self._note(self._clock.monotonic() - self._began)

    def _tell(self) -> None:
        pace, told = SAMPLE_EVERY, self._began
        due = self._began + pace
        while not self._clock.wait(self._ended, max(0.0, due - self._clock.monotonic())):
            now = self._clock.monotonic()
            self._note(now - self._began)
            if len(self.report.timeline) > MOST_POINTS:
                kept = (
                    10 if pace == SAMPLE_EVERY else 2
                )  # so that points are whole windows of the limit apart
                self.report.timeline[1:] = self.report.timeline[kept::kept]
                pace *= kept
            due += pace * (1 + max(0.0, now - due) // pace)
            if now - told >= EVERY:
                told = now
                log.info("%s", self.line(now - self._began))

    def _note(self, seconds: float) -> None:
        """Add a point to the report's timeline."""
        rows, calls = self.report.rows, self._hubspot.calls.to_dict()["total"]
        self.report.timeline.append((round(seconds, 1), rows, calls))

    def line(self, seconds: float) -> str:
        """Return how far the run has come.

        :param seconds: since its beginning.
        """
        counts = by_outcome(dict(self.report.tally))  # a copy: the run goes on
        rows, calls = sum(counts.values()), self._hubspot.calls.to_dict()["total"]
        rate = self.report.rows_now / seconds if seconds > 0 else 0.0
        of = f" of {self._total:,}" if self._total is not None else ""
        outcomes = ", ".join(f"{count:,} {outcome}" for outcome, count in counts.items()) or "none ended yet"
        row = "row" if (rows if self._total is None else self._total) == 1 else "rows"
        parts = [f"{rows:,}{of} {row}: {outcomes}", counted(calls, "call"), f"{rate:,.0f} rows a second"]
        left = self._hubspot.rate_limit.daily_remaining
        if left is not None:
            parts.append(f"{counted(left, 'call')} left today")
        if self._total is not None and rate:
            parts.append(f"about {_duration((self._total - rows) / rate)} to go")
        return "; ".join(parts)


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
