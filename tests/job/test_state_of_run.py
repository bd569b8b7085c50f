# SPDX-License-Identifier: Apache-2.0
"""What a run asks of its state, and what is told of it, without rows and without a portal."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest

from airflow_provider_hubcontact.client import HubSpot
from airflow_provider_hubcontact.clock import SYSTEM_CLOCK
from airflow_provider_hubcontact.job.errors import StateError
from airflow_provider_hubcontact.job.settings.settings import Settings
from airflow_provider_hubcontact.job.settings.state import State
from airflow_provider_hubcontact.job.state.audit import DAY
from airflow_provider_hubcontact.job.state.of_run import StateOfRun
from airflow_provider_hubcontact.job.surroundings import Surroundings
from airflow_provider_hubcontact.operators.stores.state_database import StateDatabase
from airflow_provider_hubcontact.sync.flow.proofs.audit import Audit
from airflow_provider_hubcontact.sync.keep.ledger import Attempt
from airflow_provider_hubcontact.sync.model.choices import Drift
from tests.job.hub import Hub, records

LOG = "airflow_provider_hubcontact.job.state.of_run"
AUDITED = State("sql://db/hub", audit=7)


class Around:
    """Where a run takes place that has a state in memory.

    :param hub: the state.
    :ivar opened: connections whose database is open.
    """

    attempt = Attempt("dag/run", "task", -1, 1)

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.opened: list[str] = []

    @contextmanager
    def state_database(self, conn_id: str) -> Iterator[StateDatabase]:
        self.opened.append(conn_id)
        yield self.hub.database
        self.opened.remove(conn_id)


@pytest.fixture
def hub() -> Hub:
    return Hub()


@pytest.fixture
def around(hub: Hub) -> Around:
    return Around(hub)


def of_run(around: Around, state: State | None = AUDITED, *, keeps: bool = True) -> StateOfRun:
    return StateOfRun(Settings(upsert=True, state=state), cast("Surroundings", around), keeps=keeps)


def opened(
    state: StateOfRun, *, writes: bool = True, calls: int | None = None, portal: int | None = 4711
) -> dict[str, Any] | None:
    """Open it."""
    hubspot = SimpleNamespace(
        api_version="2026-09", clock=SYSTEM_CLOCK, rate_limit=SimpleNamespace(daily_remaining=calls)
    )
    found = None if portal is None else {"id": portal}
    return state.open(cast("HubSpot", hubspot), found, 100, knows_properties=True, writes=writes)


def aged(around: Around, days: int) -> None:
    """Complete a run, whose one proof is so many days old."""
    state = of_run(around)
    opened(state)
    state.passed(completed=True)
    state.close()
    now = around.hub.one("SELECT seen_at FROM hub_meta")
    around.hub.do("DELETE FROM hub")
    around.hub.have("ada", "1", content_digest="c", proved_at=now - days * DAY)


def test_without_a_state(around: Around) -> None:
    """There is nothing to be asked, and nothing is opened."""
    state = of_run(around, None)

    assert opened(state) is None
    assert (state.proofs(None, writes=True), state.looks_all_up) == (None, None)
    assert state.audit() == Audit()
    with pytest.raises(ValueError, match="without a state, nobody knows whose row left the source"):
        state.proofs_of_gone(writes=True)
    state.passed(completed=True)
    assert (state.close(), state.leavers, around.opened) == (None, None, [])


def test_a_run_that_writes(around: Around) -> None:
    """It claims the state, and its pass does, too; what it leaves is known to the next run."""
    state = of_run(around)

    told = opened(state)

    assert told == {"table": "hub", "read_anew": None}
    assert around.hub.one("SELECT holder FROM hub_meta") == "task of dag/run"
    assert around.opened == ["db"]
    assert state.looks_all_up == "no run with this state has completed"
    assert state.audit() == Audit(Drift.WRITE)
    assert state.leavers is None
    proofs = state.proofs(None, writes=True)
    assert proofs is not None
    (proof,) = proofs.compare(records("ada"))
    proofs.prove([proof._replace(proved=proof.content, id="1")])
    state.proofs_of_gone(writes=True).confirm()
    state.passed(completed=True)

    figures = state.close()

    assert figures is not None
    assert (figures["table"], figures["up_to_date"], figures["overdue"]) == ("hub", 0, 0)
    assert around.hub.do("SELECT token, completed_run FROM hub_meta") == [(None, 1)]
    assert around.opened == []
    later = of_run(around)
    opened(later)
    assert later.looks_all_up is None


@pytest.mark.parametrize(("keeps", "completed"), [(True, False), (False, True), (False, False)])
def test_a_run_that_is_not_completed(around: Around, keeps: bool, completed: bool) -> None:
    """Nor is one that applies a plan: its rows are not those of the source."""
    state = of_run(around, keeps=keeps)
    opened(state)
    state.passed(completed=completed)
    state.close()

    assert around.hub.do("SELECT token, completed_run FROM hub_meta") == [(None, None)]


def test_a_run_that_breaks_off(around: Around) -> None:
    """What no pass has ended is not completed, and there are no figures."""
    state = of_run(around)
    opened(state)

    assert state.close() is None
    assert around.hub.do("SELECT token, completed_run FROM hub_meta") == [(None, None)]


def test_a_run_that_does_not_write(around: Around) -> None:
    """It only looks; there may be nothing yet."""
    told = []
    for _ in range(2):
        state = of_run(around)
        opened(state, writes=False)
        told.append(state.looks_all_up)
        state.passed(completed=True)
        before = [*around.hub.connection.iterdump()]
        state.close()
        assert [*around.hub.connection.iterdump()] == before
        aged(around, 1)

    assert told == ["no run with this state has completed", None]


def test_a_portal_that_is_not_known(around: Around) -> None:
    """Another try may find out."""
    with pytest.raises(StateError, match="the portal's id cannot be read") as raised:
        opened(of_run(around), portal=None)

    assert raised.value.may_pass


def test_rows_that_left(around: Around) -> None:
    """They are looked for if something is to be done about them; the figures tell of them."""
    state = of_run(around, State("sql://db/hub", on_removed="archive"))
    opened(state)
    assert state.leavers is not None
    state.leavers.look(None)
    state.audit()

    figures = state.close()

    assert figures is not None
    assert (figures["gone"], figures["nobody_because"]) == (0, "no run with this state is completed yet")


@pytest.mark.parametrize(("absent", "remembers"), [(None, False), (2, True)])
def test_what_an_audit_goes_by(around: Around, absent: float | None, remembers: bool) -> None:
    """The settings."""
    state = of_run(around, State("sql://db/hub", drift="tell", absent=absent))

    assert state.audit() == Audit(Drift.TELL, absent=remembers)


@pytest.mark.parametrize(("calls", "is_audited"), [(None, True), (100, True), (99, False)])
def test_what_is_read_back(around: Around, calls: int | None, is_audited: bool) -> None:
    """As far as today's calls allow it."""
    aged(around, 9)
    state = of_run(around)
    opened(state, calls=calls)
    proofs = state.proofs(None, writes=False)
    assert proofs is not None
    (wanted,) = proofs.compare(records("ada"))
    around.hub.do("UPDATE hub SET key_digest = ?, content_digest = ?", wanted.key, wanted.content)

    (found,) = proofs.compare(records("ada"))

    assert found.is_audited == is_audited


@pytest.mark.parametrize(("days", "says"), [(9, True), (1, False)])
def test_what_is_overdue(around: Around, caplog: pytest.LogCaptureFixture, days: int, says: bool) -> None:
    """It is told in the log, beside what the rows came to, and the look-ups that they did not take."""
    caplog.set_level(logging.INFO, LOG)
    aged(around, days)
    state = of_run(around)
    opened(state)
    audit = state.audit()
    audit.up_to_date = 250
    caplog.clear()

    figures = state.close()

    assert figures is not None
    assert (figures["overdue"], figures["calls_saved"]) == (int(says), 3)
    warning = "1 proof is overdue for an audit: older than 7 days, and not read back."
    counts = "250 up to date, 3 calls saved" + (", 1 overdue" if says else "")
    assert caplog.messages == [*([warning] if says else []), f"The state: {counts}."]


@pytest.mark.parametrize("lost", ["hub", "hub_meta"])
def test_a_state_that_is_lost(around: Around, caplog: pytest.LogCaptureFixture, lost: str) -> None:
    """It is told what cannot be done in the end; that ends no run, and what else can be done is."""
    caplog.set_level(logging.INFO, LOG)
    state = of_run(around)
    opened(state)
    state.audit()
    around.hub.do(f"DROP TABLE {lost}")

    figures = state.close()

    assert (figures is None) == (lost == "hub")
    (message,) = [each for each in caplog.messages if "The state:" not in each]
    says = {
        "hub": "The figures of the state cannot be read: the database of the state failed",
        "hub_meta": "The state is not given up, and is free again in some minutes: the database",
    }
    assert message.startswith(says[lost])
    if lost == "hub":
        assert around.hub.one("SELECT token FROM hub_meta") is None
    assert around.opened == []
