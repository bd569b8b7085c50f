# SPDX-License-Identifier: Apache-2.0
"""What ends a run before its source."""

from __future__ import annotations

import pytest

from airflow_provider_hubcontact.refusal import Refusal
from airflow_provider_hubcontact.sync.flow.calls import Answer
from airflow_provider_hubcontact.sync.flow.circuit_breaker import MAX_USELESS_CALLS, CircuitBreaker
from airflow_provider_hubcontact.sync.model.outcome import Stop
from airflow_provider_hubcontact.sync.model.ports import Found, Lost, Refused

BUSY = Refused(Refusal(503, "Ada is busy", "DOWN"))


@pytest.mark.parametrize(
    ("answer", "stop"),
    [
        (
            Lost("the token cannot be had", sent=False, setup=True),
            Stop("the token cannot be had", setup=True),
        ),
        (Lost("no answer", sent=True), None),
        (
            Refused(Refusal(401, "Ada", "EXPIRED"), stops=True),
            Stop("HubSpot answered 401 EXPIRED: it does not accept the token"),
        ),
        (Refused(Refusal(429, "Ada", why="until midnight"), stops=True), Stop("until midnight")),
        (Refused(Refusal(404, "Ada")), None),
    ],
    ids=["settings", "lost", "no token", "in the client's own words", "one record"],
)
def test_what_stops_at_once(answer: Answer, stop: Stop | None) -> None:
    """What no further call can change; HubSpot's sentences, which may quote a value, are not repeated."""
    breaker = CircuitBreaker()

    breaker.observe(answer)

    assert breaker.stop == stop


def test_many_calls_in_a_row() -> None:
    """Those that got no usable answer; one that did begins the count anew."""
    breaker = CircuitBreaker()

    nearly: list[Answer] = [BUSY] * (MAX_USELESS_CALLS - 1)
    for answer in [*nearly, Found({}, frozenset()), *nearly]:
        breaker.observe(answer)
    assert breaker.stop is None
    breaker.observe(BUSY)

    assert breaker.stop == Stop("5 calls in a row failed, the last one: HubSpot answered 503 DOWN")


def test_the_first_reason_is_kept() -> None:
    """What comes after a stop follows from it."""
    breaker = CircuitBreaker()

    breaker.trip("first")
    breaker.trip("second")

    assert breaker.stop == Stop("first")
