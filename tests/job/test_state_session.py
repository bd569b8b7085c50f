# SPDX-License-Identifier: Apache-2.0
"""How a run opens a state, what it tells of it, and what it leaves to the next one."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

import orjson
import pytest
from sqlalchemy.schema import CreateTable
from sqlalchemy.sql.selectable import Select

from airflow_provider_hubcontact.clock import SYSTEM_CLOCK
from airflow_provider_hubcontact.job.errors import ClaimLost, StateError
from airflow_provider_hubcontact.job.ports import Execute, Statement
from airflow_provider_hubcontact.job.settings.settings import Settings
from airflow_provider_hubcontact.job.settings.state import State
from airflow_provider_hubcontact.job.state.audit import DAY
from airflow_provider_hubcontact.job.state.last_run import QUERY, RUN
from airflow_provider_hubcontact.job.state.opening import LOOKS, PAUSE
from airflow_provider_hubcontact.job.state.session import StateSession, session_of
from airflow_provider_hubcontact.operators.stores.state_database import StateDatabase
from airflow_provider_hubcontact.sync.decide.policy import Policy
from airflow_provider_hubcontact.sync.model.outcome import Outcome
from airflow_provider_hubcontact.sync.model.ports import Proof
from tests.job.hub import STATE, Hub, records

T = TypeVar("T")


@pytest.fixture
def hub() -> Hub:
    return Hub()


@pytest.fixture
def begun(hub: Hub) -> Hub:
    """A state that one run has completed."""
    ended(hub)
    return hub


def ended(hub: Hub, *, completed: bool = True, run: str | None = None, **options: Any) -> StateSession:
    """Return the session of a run that has ended."""
    session = hub.session(**options)
    session.claim("task of run")
    if run is not None:
        session.removals(STATE, Policy.of({}), "task", run)
    session.close(completed=completed)
    return session


def claimed(hub: Hub, **options: Any) -> StateSession:
    session = hub.session(**options)
    session.claim("task of run")
    return session


def looking(hub: Hub, **options: Any) -> StateSession:
    session = hub.session(**options)
    session.look()
    return session


def prove(session: StateSession, *keys: str, origin: Outcome = Outcome.UPDATED) -> None:
    """Keep proofs of keys, whose contacts have the same names."""
    proofs = session.proofs(None, writes=True)
    found = proofs.compare(records(*keys))
    contacts = [None if origin is Outcome.NOT_FOUND else key for key in keys]
    proofs.prove(
        [
            each._replace(proved=each.content, id=contact, origin=origin)
            for each, contact in zip(found, contacts, strict=True)
        ]
    )


def proved(session: StateSession, *keys: str, writes: bool = False, keeps: bool = True) -> list[Proof]:
    """Return what is proved of keys."""
    return [*session.proofs(None, writes=writes, keeps=keeps).compare(records(*keys))]


class TestOpen:
    def test_of_settings(self, hub: Hub) -> None:
        """They name the table, and how it is used."""
        asked = State("sql://db/other", audit=7, drift="tell", refresh=True)
        session = session_of(hub.database, Settings(state=asked), 1, "v3", SYSTEM_CLOCK)

        session.claim("task of run")

        assert session.told() == {"table": "other", "read_anew": "refresh=True"}
        assert (session.audit, session.drift) == (7, "tell")
        with pytest.raises(ValueError, match="the settings name no state"):
            session_of(hub.database, Settings(), 1, "v3", SYSTEM_CLOCK)

    def test_the_first_run(self, hub: Hub) -> None:
        """It creates the tables, with a random key for the digests."""
        session = claimed(hub)

        assert hub.do("SELECT portal, holder, runs, completed_at FROM hub_meta") == [
            (4711, "task of run", 1, None)
        ]
        assert len(bytes.fromhex(hub.one("SELECT digest_key FROM hub_meta"))) == 32
        assert session.looks_all_up == "no run with this state has completed"
        other = Hub()
        claimed(other)
        assert other.one("SELECT digest_key FROM hub_meta") != hub.one("SELECT digest_key FROM hub_meta")

    def test_a_later_run(self, begun: Hub) -> None:
        """It finds what is there, and tries to create nothing."""
        said: list[str] = []
        begun.connection.set_trace_callback(said.append)

        session = claimed(begun)

        assert session.looks_all_up is None
        assert [each for each in said if each.startswith(("CREATE", "INSERT"))] == []
        assert begun.one("SELECT runs FROM hub_meta") == 2

    def test_a_look(self, begun: Hub) -> None:
        """Nothing changes by it."""
        before = [*begun.connection.iterdump()]

        session = looking(begun)

        assert session.looks_all_up is None
        session.close(completed=True)
        assert [*begun.connection.iterdump()] == before

    def test_a_look_at_nothing(self, hub: Hub) -> None:
        """Nothing is proved by it, and nothing is created."""
        session = looking(hub, audit=30, absent=1)
        session.plan_audit(None, 100)

        (proof,) = proved(session, "ada")

        assert (proof.proved, proof.id) == (None, None)
        assert session.proofs_of_gone(writes=False).keys_of(["1"]) == {}
        assert session.ages(completed=True) == {"oldest_proof": None, "overdue": None}
        assert session.looks_all_up == "no run with this state has completed"
        removals = session.removals(STATE, Policy.of({}), "task", "run")
        removals.look(None)
        assert removals.doubt == "no run with this state is completed yet"
        session.close(completed=True)
        assert hub.do("SELECT * FROM sqlite_master") == []

    @pytest.mark.parametrize("opened", [claimed, looking])
    def test_another_portal(self, begun: Hub, opened: Callable[..., StateSession]) -> None:
        """Each needs a state of its own."""
        with pytest.raises(StateError, match="is about the portal 4711, but the connection leads to 12"):
            opened(begun, portal=12)

    @pytest.mark.parametrize("opened", [claimed, looking])
    def test_another_table(self, hub: Hub, opened: Callable[..., StateSession]) -> None:
        """It is named, with the columns that a state has."""
        for table in ("hub", "hub_meta"):
            hub.do(f"CREATE TABLE {table} (a)")

        with pytest.raises(
            StateError, match=r"the table hub is not a state, .* hub: key_digest, .*hub_meta: id,"
        ):
            opened(hub)

    def test_a_table_that_takes_no_row(self, begun: Hub) -> None:
        """It is said which."""
        begun.do("DELETE FROM hub_meta")
        begun.do("CREATE TRIGGER t BEFORE INSERT ON hub_meta BEGIN SELECT RAISE(IGNORE); END")

        with pytest.raises(StateError, match="the state hub takes no row in its table hub_meta"):
            claimed(begun)


class Pauses:
    """A clock that does something else while it waits.

    :param then: what is done in the third pause.
    """

    def __init__(self, then: Callable[[], object] = lambda: None) -> None:
        self.slept: list[float] = []
        self._then = then

    def sleep(self, seconds: float, /) -> None:
        self.slept.append(seconds)
        if len(self.slept) == 3:
            self._then()


class Refusing(StateDatabase):
    """A database that refuses some statements.

    :param hub: whose database it is.
    :param kinds: of these statements.
    :param may_pass: whether another try may fare better, for each statement.
    """

    def __init__(self, hub: Hub, *kinds: type, may_pass: Sequence[bool] = ()) -> None:
        super().__init__(lambda: hub.connection)
        self.kinds = kinds
        self.refused = 0
        self._may_pass = iter(may_pass)

    def transact(self, work: Callable[[Execute], T], /) -> T:
        return super().transact(lambda execute: work(partial(self._execute_some, execute)))

    def _execute_some(self, execute: Execute, statement: Statement) -> Sequence[tuple[Any, ...]]:
        if isinstance(statement.text, self.kinds):
            self.refused += 1
            raise StateError(f"refusal {self.refused}", may_pass=next(self._may_pass, False))
        return execute(statement)


class TestCreation:
    def test_another_task_creates_them(self, hub: Hub) -> None:
        """It is waited for a little."""
        hub.database = refusing = Refusing(hub, Select)
        clock = Pauses(lambda: setattr(refusing, "kinds", ()))

        claimed(hub, clock=clock)

        assert clock.slept == [PAUSE] * 3

    @pytest.mark.parametrize(
        ("kinds", "may_pass", "says", "passes"),
        [
            ([CreateTable, Select], [False, True, False], "cannot be created: refusal 2", True),
            ([CreateTable, Select], [True, False, True], "cannot be created: refusal 2", False),
            ([Select], [], "cannot be created, or cannot be read", True),
        ],
    )
    def test_what_is_refused(
        self, hub: Hub, kinds: list[type], may_pass: list[bool], says: str, passes: bool
    ) -> None:
        """It is told, and whether the first one may pass, once it was waited for another task."""
        clock = Pauses()
        hub.database = Refusing(hub, *kinds, may_pass=may_pass)

        with pytest.raises(StateError, match=f"the tables of the state hub {says}") as raised:
            claimed(hub, clock=clock)

        assert raised.value.may_pass == passes
        assert clock.slept == [PAUSE] * LOOKS


class TestReadAnew:
    @pytest.mark.parametrize(
        ("now", "refresh", "why"),
        [
            ({"key": "1", "mapping": "2"}, False, None),
            ({"key": "1", "mapping": "2"}, True, "refresh=True"),
            ({"key": "9", "mapping": "8"}, False, "changed since the last completed run: key, mapping"),
            ({"key": "1", "mapping": "2", "new": "3"}, False, "changed since the last completed run: new"),
        ],
    )
    def test_why(self, hub: Hub, now: dict[str, str], refresh: bool, why: str | None) -> None:
        """The parts of the settings that the last completed run had otherwise; record ids stay known."""
        session = claimed(hub, settings={"key": "1", "mapping": "2"})
        assert session.told()["read_anew"] is None
        prove(session, "ada")
        session.close(completed=True)
        ended(hub, settings={"key": "not completed"}, completed=False)

        session = claimed(hub, settings=now, refresh=refresh)

        assert (session.looks_all_up, session.told()["read_anew"]) == (why, why)
        assert session.told(keeps=False)["read_anew"] is None
        (proof,) = proved(session, "ada")
        assert (proof.id, proof.proved is None) == ("ada", bool(why))

    def test_the_changes_of_a_plan(self, hub: Hub) -> None:
        """No proof ends one of them, and none is kept."""
        session = claimed(hub)
        prove(session, "ada")

        assert [each.proved is None for each in proved(session, "ada", keeps=False)] == [True]
        session.proofs(None, writes=True, keeps=False).prove([Proof("k", "c", "c", "1", Outcome.UPDATED)])

        assert hub.contacts() == ["ada"]

    def test_a_pass_that_does_not_write(self, hub: Hub) -> None:
        """It changes nothing, and is a sign of life."""
        session = claimed(hub)
        proof = Proof("k", "c", "c", "1", Outcome.UPDATED)
        hub.now += 60

        for proofs in (session.proofs(None, writes=False), session.proofs_of_gone(writes=False)):
            proofs.prove([proof])
            proofs.confirm()
        assert (hub.contacts(), hub.one("SELECT seen_at FROM hub_meta")) == ([], hub.now - 60)
        prove(session, "ada")

        assert {*session.proofs_of_gone(writes=False).keys_of(["ada"])} == {"ada"}
        assert hub.one("SELECT seen_at FROM hub_meta") == hub.now
        hub.lose()
        for proofs in (session.proofs(None, writes=True), session.proofs_of_gone(writes=True)):
            with pytest.raises(ClaimLost):
                proofs.confirm()


class TestAbsent:
    @pytest.mark.parametrize(
        ("ago", "absent", "is_believed"),
        [
            (0, 1, True),
            (-1, 1, False),
            (DAY - 1, 1, True),
            (DAY, 1, False),
            (0, None, False),
        ],
    )
    def test_how_long(self, hub: Hub, ago: int, absent: float | None, is_believed: bool) -> None:
        """It is believed for so many days, and not from the future."""
        session = claimed(hub)
        prove(session, "nobody", origin=Outcome.NOT_FOUND)
        session.close(completed=True)
        hub.now += ago

        (proof,) = proved(claimed(hub, absent=absent), "nobody")

        assert (proof.origin, proof.proved is not None) == (Outcome.NOT_FOUND, is_believed)


def aged(hub: Hub, *days: float) -> None:
    """Complete a run whose proofs are so many days old."""
    session = claimed(hub)
    for number, each in enumerate(days):
        prove(session, f"k{number}")
        hub.do("UPDATE hub SET proved_at = ? WHERE record_id = ?", hub.now - round(each * DAY), f"k{number}")
    session.close(completed=True)


class TestAudit:
    def test_the_oldest(self, hub: Hub) -> None:
        """What is due is read back by each pass."""
        aged(hub, 9, 8, 1)
        session = claimed(hub, audit=7)
        session.plan_audit(None, 100)

        for writes in (False, True):
            found = proved(session, "k0", "k1", "k2", writes=writes)
            assert [each.is_audited for each in found] == [True, True, False]
        assert [each.is_audited for each in proved(session, "k0", keeps=False)] == [False]

    def test_never(self, hub: Hub) -> None:
        """Nothing is read back, and nothing is overdue."""
        aged(hub, 9)
        session = claimed(hub, audit=None)
        session.plan_audit(None, 100)

        assert [each.is_audited for each in proved(session, "k0")] == [False]
        oldest = hub.now - 9 * DAY
        assert session.ages(completed=False) == {"oldest_proof": oldest, "overdue": None}

    def test_no_proofs(self, begun: Hub) -> None:
        """There is nothing to be read back."""
        session = claimed(begun, audit=7)
        session.plan_audit(None, 100)

        assert [each.is_audited for each in proved(session, "k0")] == [False]
        assert session.ages(completed=False) == {"oldest_proof": None, "overdue": 0}

    def test_no_calls(self, hub: Hub) -> None:
        """One in a hundred of those that are left today may be taken."""
        aged(hub, 9)
        session = claimed(hub, audit=7)
        session.plan_audit(99, 100)

        assert [each.is_audited for each in proved(session, "k0")] == [False]
        assert session.ages(completed=False)["overdue"] == 1

    @pytest.mark.parametrize(
        ("audited_to", "ages"), [(None, (9, 2)), (9, (8, 1)), (8, (1, 0)), (0, (None, 0)), (-1, (9, 2))]
    )
    def test_rows_that_left(self, hub: Hub, audited_to: int | None, ages: tuple[int | None, int]) -> None:
        """Proofs up to the time that a run has read back are of them; not if the clock went back."""
        aged(hub, 9, 8, 1)
        to = None if audited_to is None else hub.now - audited_to * DAY
        hub.do("UPDATE hub_meta SET audited_to = ?", to)

        oldest, overdue = ages
        told = claimed(hub, audit=7).ages(completed=True)

        assert told == {
            "oldest_proof": None if oldest is None else hub.now - oldest * DAY,
            "overdue": overdue,
        }

    @pytest.mark.parametrize("completed", [True, False])
    def test_how_far_it_came(self, hub: Hub, completed: bool) -> None:
        """A completed run that met fewer rows than are due has read all proofs of its rows of that time."""
        aged(hub, 9, 8, 1)
        session = claimed(hub, audit=7)
        session.plan_audit(None, 100)
        proved(session, "k1", writes=True)
        proved(session, "k0", "k1", writes=False)  # it is not the one that counts

        told = session.ages(completed=completed)
        session.close(completed=completed)

        assert told == {
            "oldest_proof": hub.now - (1 if completed else 9) * DAY,
            "overdue": 0 if completed else 2,
        }
        assert hub.one("SELECT audited_to FROM hub_meta") == (hub.now - 8 * DAY if completed else None)

    @pytest.mark.parametrize("opened", [claimed, looking])
    def test_a_clock_that_went_back(self, hub: Hub, opened: Callable[..., StateSession]) -> None:
        """Proofs from the future begin to age; a look changes nothing."""
        aged(hub, 0, -1)
        before = hub.now - DAY, hub.now, hub.now + DAY

        opened(hub, audit=7).plan_audit(None, 100)

        times = [each for (each,) in hub.do("SELECT proved_at FROM hub ORDER BY 1")]
        assert times == [hub.now, hub.now if opened is claimed else before[2]]


class TestRemovals:
    def test_what_is_kept(self, hub: Hub) -> None:
        """The last completed runs, each once, beside the settings and the query."""
        for run in ("a", "b", "a"):
            ended(hub, settings={"key": "1"}, query="q", run=run)
        ended(hub, completed=False, settings={"key": "1"}, query="q", run="c")
        told = orjson.loads(hub.one("SELECT settings FROM hub_meta"))

        first, second = told[RUN].split()
        assert (first != second, told["key"], QUERY in told) == (True, "1", True)

        ended(hub, settings={"key": "1"}, query="q", run="d")
        assert orjson.loads(hub.one("SELECT settings FROM hub_meta"))[RUN].split()[:2] == [first, second]

        ended(hub, settings={"key": "1"})
        assert orjson.loads(hub.one("SELECT settings FROM hub_meta")) == {"key": "1"}

    @pytest.mark.parametrize(
        ("now", "query", "task", "doubt"),
        [
            ({"key": "1"}, "q", "task", None),
            ({"key": "2"}, "q", "task", "changed since the last completed run: key"),
            ({"key": "1"}, "p", "task", "changed since the last completed run: query"),
            ({"key": "1"}, "q", "other", "changed since the last completed run: query"),
            ({"key": "2"}, "p", "task", "changed since the last completed run: key, query"),
        ],
    )
    def test_a_doubt(self, hub: Hub, now: dict[str, str], query: str, task: str, doubt: str | None) -> None:
        """Other settings, another query or another task: what a run lacks need not have left."""
        first = claimed(hub, settings={"key": "1"}, query="q")
        assert (
            first.removals(STATE, Policy.of({}), "task", "run").doubt
            == "no run with this state is completed yet"
        )
        first.close(completed=True)

        session = claimed(hub, settings=now, query=query)

        assert session.removals(STATE, Policy.of({}), task, "another").doubt == doubt

    @pytest.mark.parametrize(
        ("run", "completed", "missing"), [("b", True, 1), ("b", False, None), ("a", True, None)]
    )
    def test_runs_that_lack_a_key(self, hub: Hub, run: str, completed: bool, missing: int | None) -> None:
        """Completed ones are counted, each once; the keys of the run are forgotten, and contacts noted."""
        session = claimed(hub)
        session.removals(STATE, Policy.of({}), "task", "a")
        prove(session, "left")
        session.close(completed=True)

        session = claimed(hub)
        removals = session.removals(STATE, Policy.of({}), "task", run)
        removals.look(None)
        session.close(completed=completed)

        assert hub.one("SELECT missing FROM hub") == missing
        with pytest.raises(sqlite3.ProgrammingError):
            removals.meet(["1"])

    def test_the_contact_of_a_row(self, hub: Hub) -> None:
        """A key whose contact a row has is renamed."""
        session = claimed(hub)
        session.removals(STATE, Policy.of({}), "task", "a")
        prove(session, "left")
        session.close(completed=True)
        session = claimed(hub)
        removals = session.removals(STATE, Policy.of({}), "task", "b")
        removals.look(None)

        session.proofs(None, writes=True).keys_of(["left"])
        assert [*removals.due()] == []

        assert removals.told()["renamed"] == 1
        assert hub.contacts() == []


def test_a_run_that_is_not_completed(hub: Hub) -> None:
    """It gives the state up, and leaves no settings."""
    ended(hub, completed=False, settings={"key": "1"})

    assert hub.do("SELECT token, holder, settings, completed_at FROM hub_meta") == [(None, None, "{}", None)]

    ended(hub, settings={"key": "1"})
    kept = hub.do("SELECT token, holder, settings, completed_at FROM hub_meta")
    assert kept == [(None, None, '{"key":"1"}', hub.now)]
