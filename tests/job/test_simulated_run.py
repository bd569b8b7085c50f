# SPDX-License-Identifier: Apache-2.0
"""A whole run on a clock of the test's own: hours take no time, and all times that are told are its."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from airflow_provider_hubcontact.client import AccessToken, HubSpot, RateLimit
from airflow_provider_hubcontact.client.limits.quota import LocalSlots
from airflow_provider_hubcontact.job.ending import decided, told
from airflow_provider_hubcontact.job.plans.calls import PlannedCalls
from airflow_provider_hubcontact.job.plans.files import totals_of
from airflow_provider_hubcontact.job.plans.lines import Totals
from airflow_provider_hubcontact.job.portal.contacts_port import port_of
from airflow_provider_hubcontact.job.run.progress import Progress
from airflow_provider_hubcontact.sync.decide.policy import Policy
from airflow_provider_hubcontact.sync.decide.rules import Rules
from airflow_provider_hubcontact.sync.flow.calls import Answer, Call
from airflow_provider_hubcontact.sync.flow.sync import Sync
from airflow_provider_hubcontact.sync.flow.workers import ThreadWorkers
from airflow_provider_hubcontact.sync.keep.ledger import Attempt, Ledger, Line
from airflow_provider_hubcontact.sync.keep.report import Report
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Stop
from airflow_provider_hubcontact.sync.rows.record_mapping import RecordMapping
from tests.client.scripted import TOKEN, Reply, Server, reply
from tests.fake_clock import FakeClock

BEGAN = datetime(2026, 1, 15, 22, tzinfo=UTC)
"""An hour before midnight in Berlin."""

WAITED = 0.5 + 0.5 / 2 + 10
"""Seconds after a busy server, with what the clock's dice add, and after a burst."""

ROWS = [{"email": "ada@example.com", "city": "Rome"}]
ADA = {"id": "901", "properties": {"email": "ada@example.com", "city": "Paris"}}
BUSY = reply(503)
BURST = reply(429, json.dumps({"status": "error", "policyName": "TEN_SECONDLY_ROLLING"}), Retry_After="10")
DAILY = reply(429, json.dumps({"status": "error", "policyName": "DAILY"}))
READ = reply(200, json.dumps({"status": "COMPLETE", "results": [ADA]}))
UPDATED = reply(200, json.dumps({"status": "COMPLETE", "results": [{**ADA, "properties": {"city": "Rome"}}]}))


class Memory:
    """Keeps the lines of a ledger."""

    pace = 0.0

    def __init__(self) -> None:
        self.lines: list[Line] = []

    def write(self, lines: Sequence[Line], /) -> None:
        self.lines += lines

    def earlier(self) -> Iterator[Line]:
        return iter(())


@dataclass
class Try:
    """One try of a task, in a process of its own that shares the portal's slots with the others."""

    server: Server
    clock: FakeClock
    slots: LocalSlots
    store: Memory = field(default_factory=Memory)
    report: Report = field(default_factory=Report)
    stopped: Stop | None = None

    @property
    def stop(self) -> Stop:
        assert self.stopped
        return self.stopped

    def run(self) -> Try:
        limit = RateLimit(slots=self.slots, clock=self.clock)
        limit.time_zone = "Europe/Berlin"
        attempt, policy = Attempt("dag/run", "task", -1, 1), Policy.of({})
        with (
            HubSpot(self.server.url, AccessToken(TOKEN), rate_limit=limit, clock=self.clock) as hubspot,
            Ledger(self.store, attempt, policy, values=True, clock=self.clock) as ledger,
            Progress(self.report, hubspot),
            ThreadWorkers[Call, Answer](lambda: hubspot.at_once, hubspot.cancel, self.clock) as workers,
        ):
            port = port_of(hubspot, "email")
            self.stopped = Sync(RecordMapping(), Rules(), port, port).run(
                ROWS, workers, self.report.add, ledger
            )
        return self

    @property
    def outcomes(self) -> dict[Outcome, int]:
        return self.report.ended_now


def tries(clock: FakeClock, *replies: Reply) -> tuple[Server, Callable[[], Try]]:
    """Return a server with a script, and what begins the next try of a task against it."""
    server, slots = Server(*replies), LocalSlots(clock)
    return server, lambda: Try(server, clock, slots).run()


def test_a_burst_and_a_day_are_waited_for_in_no_time() -> None:
    """Seconds that HubSpot asks for, and the hour until its day is over, pass on the clock alone."""
    clock, really = FakeClock(BEGAN), time.monotonic()
    server, next_try = tries(clock, BUSY, BURST, READ, DAILY, READ, UPDATED)

    first = next_try()
    second = next_try()  # before midnight
    clock.sleep(second.stop.retry_after or 0.0)
    third = next_try()

    assert time.monotonic() - really < 10
    assert first.outcomes == {Outcome.THROTTLED: 1}
    assert first.stop.retry_after == 3_600 - WAITED
    assert (second.outcomes, second.report.timeline[-1][2]) == ({Outcome.THROTTLED: 1}, 0)
    assert (third.outcomes, third.stopped) == ({Outcome.UPDATED: 1}, None)
    assert len(server.requests) == 6
    server.close()


def test_all_times_that_are_told_are_the_clocks() -> None:
    """The timeline's, the ledger's, a plan's, those of the explanation and of the client's own words."""
    clock = FakeClock(BEGAN)
    server, next_try = tries(clock, BUSY, BURST, READ, DAILY)

    first, second = next_try(), next_try()

    timeline = first.report.timeline
    assert (timeline[0], timeline[-1]) == ((0.0, 0, 0), (10.8, 1, 4))
    assert [line["time"] for line in first.store.lines] == ["2026-01-15T22:00:10.750+00:00"]
    assert "HubSpot accepts no calls until 2026-01-16 00:00 CET" in second.stop.reason
    verdict = decided(Policy.of({}), first.report, first.stop)
    text = told(first.report, verdict, first.stop, [], clock)
    assert (
        totals_of(Totals(), PlannedCalls(Rules(), 100, ()), 100, clock=clock)["made"]
        == "2026-01-15T22:00:10+00:00"
    )
    assert "Another try can succeed from 2026-01-15 23:00 UTC on, in 1 h 0 min." in text
    server.close()
