# SPDX-License-Identifier: Apache-2.0
"""Circuit breaker: stops a run when further calls cannot succeed."""

from __future__ import annotations

from collections.abc import Mapping

from airflow_provider_hubcontact.sync.flow.calls import Answer
from airflow_provider_hubcontact.sync.model.outcome import MAY_PASS, Stop, refused_as
from airflow_provider_hubcontact.sync.model.ports import Lost, Refused
from airflow_provider_hubcontact.sync.model.reasons import word

MAX_USELESS_CALLS = 5
"""The run stops after so many calls in a row without a usable answer; a call and its retries count once."""


class CircuitBreaker:
    """Watches the answers of a run, and stops the run when further calls cannot succeed.

    :ivar stop: why the run stopped, the first reason if there are several; None while it goes on.
    :ivar broken: what a call, the journal or the state raised; the run raises it at its end.
    """

    def __init__(self) -> None:
        self.stop: Stop | None = None
        self.broken: Exception | None = None
        self._useless = 0  # calls since the last usable answer

    def trip(self, reason: str, retry_after: float | None = None, *, setup: bool = False) -> None:
        """Stop the run, unless it has stopped before; see :class:`Stop` for the parameters."""
        self.stop = self.stop or Stop(reason, retry_after, setup)

    def observe(self, answer: Answer) -> None:
        """Stop the run if the answer to a call shows that further calls cannot succeed."""
        if not isinstance(answer, Refused | Lost):
            self._useless = 0
            return
        reason = answer.reason if isinstance(answer, Lost) else refusal(answer)
        useless = isinstance(answer, Lost) or refused_as(answer.refusal.status) in MAY_PASS
        self._useless = self._useless + 1 if useless else 0
        if isinstance(answer, Lost) and answer.setup:
            self.trip(reason, setup=True)
        elif isinstance(answer, Refused) and answer.stops:
            self.trip(reason, answer.retry_after)
        elif self._useless >= MAX_USELESS_CALLS:
            self.trip(f"{self._useless} calls in a row failed, the last one: {reason}")


def refusal(answer: Refused) -> str:
    """Return what a refusal of a whole call means, without HubSpot's sentence, which could quote a value."""
    said = answer.refusal
    if said.why:
        return said.why
    category = f" {category}" if (category := word(said.category)) else ""
    meaning = _MEANINGS.get((said.status, answer.stops)) or _MEANINGS.get((said.status, False))
    return f"HubSpot answered {said.status}{category}" + (f": {meaning}" if meaning else "")


_MEANINGS: Mapping[tuple[int, bool], str] = {
    (401, False): "it does not accept the token",
    (403, False): "the token lacks a scope",
    (423, False): "the portal is locked",
    (429, False): "it accepts no more calls for now",
    (429, True): "the daily quota is used up",
    (477, False): "the portal is moving to another region",
}
"""HTTP status, and whether it stops the run → what it means ("Error handling")."""
