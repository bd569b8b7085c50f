"""Whether a run goes on: what its calls came to, and what it was told from outside."""

from __future__ import annotations

from typing import NamedTuple

from airflow_provider_hubcontact.sync.jobs import Answer
from airflow_provider_hubcontact.sync.outcome import MAY_PASS, refused_as
from airflow_provider_hubcontact.sync.ports import Answers, Found, Lost, Refused

MAX_USELESS_CALLS = 5
"""Calls in a row that may stay without a usable answer, their retries included, before the run stops."""


class Stop(NamedTuple):
    """Why a run ended before its source.

    :param reason: for people.
    :param retry_after: seconds after which another try can fare better, if HubSpot or the quota tell.
    :param setup: the connection does not lead to HubSpot, so that no try can fare better.
    """

    reason: str
    retry_after: float | None = None
    setup: bool = False


class Watch:
    """Stops the run when no later call can fare better. The first reason stays."""

    def __init__(self) -> None:
        self.stop: Stop | None = None
        self._useless = 0  # calls since the last usable answer

    def tell(self, reason: str, retry_after: float | None = None, *, setup: bool = False) -> None:
        """Stop the run."""
        self.stop = self.stop or Stop(reason, retry_after, setup)

    def see(self, answer: Answer) -> None:
        """Look at what a call came to."""
        if isinstance(answer, Found | Answers):
            self._useless = 0
            return
        reason = answer.reason if isinstance(answer, Lost) else answer.message
        useless = isinstance(answer, Lost) or refused_as(answer.status) in MAY_PASS
        self._useless = self._useless + 1 if useless else 0
        if isinstance(answer, Lost) and answer.setup:
            self.tell(reason, setup=True)
        elif isinstance(answer, Refused) and answer.stops:
            self.tell(reason or f"HubSpot answered {answer.status}", answer.retry_after)
        elif self._useless >= MAX_USELESS_CALLS:
            self.tell(f"{self._useless} calls in a row failed, the last one: {reason}")
