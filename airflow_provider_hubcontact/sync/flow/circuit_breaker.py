"""Whether a run goes on: what its calls came to, and what it was told from outside."""

from __future__ import annotations

from collections.abc import Mapping

from airflow_provider_hubcontact.sync.flow.calls import Answer
from airflow_provider_hubcontact.sync.model.outcome import MAY_PASS, Stop, refused_as
from airflow_provider_hubcontact.sync.model.ports import Answers, Found, Lost, Refused
from airflow_provider_hubcontact.sync.model.reasons import word

MAX_USELESS_CALLS = 5
"""Calls in a row that may stay without a usable answer, their retries included, before the run stops."""


class CircuitBreaker:
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
        reason = answer.reason if isinstance(answer, Lost) else refusal(answer)
        useless = isinstance(answer, Lost) or refused_as(answer.refusal.status) in MAY_PASS
        self._useless = self._useless + 1 if useless else 0
        if isinstance(answer, Lost) and answer.setup:
            self.tell(reason, setup=True)
        elif isinstance(answer, Refused) and answer.stops:
            self.tell(reason, answer.retry_after)
        elif self._useless >= MAX_USELESS_CALLS:
            self.tell(f"{self._useless} calls in a row failed, the last one: {reason}")


def refusal(answer: Refused) -> str:
    """Return what a refusal of a whole call means; HubSpot's own sentence could quote a value."""
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
    (429, True): "the day's calls are used up",
    (477, False): "the portal moves to another region",
}
"""Status, and whether it stops the run → what it means ("Error handling")."""
