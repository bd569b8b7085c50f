# SPDX-License-Identifier: Apache-2.0
"""A state between runs, as people see and change it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from airflow_provider_hubcontact.clock import SYSTEM_CLOCK
from airflow_provider_hubcontact.job.errors import StateError
from airflow_provider_hubcontact.job.ports import Execute
from airflow_provider_hubcontact.job.state.audit import DAY
from airflow_provider_hubcontact.job.state.care import StateCare
from airflow_provider_hubcontact.job.state.claim import DEAD_AFTER
from airflow_provider_hubcontact.job.state.digests import Digests
from airflow_provider_hubcontact.job.state.lists.member_table import ADDED, Member, MemberTable
from airflow_provider_hubcontact.job.state.session import StateSession
from airflow_provider_hubcontact.job.state.tables import Tables
from airflow_provider_hubcontact.operators.stores.state_database import StateDatabase
from airflow_provider_hubcontact.sync.model.outcome import Outcome
from airflow_provider_hubcontact.sync.model.ports import Proof


class Hub:
    """A state without proofs, which one run has left.

    :param folder: of its database.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "state.db"
        self.database = StateDatabase(partial(sqlite3.connect, self.path))
        self.tables = Tables("hub", self.database.now)
        self.care = StateCare(self.database, "hub")
        session = StateSession(self.database, self.tables, 4711, {}, SYSTEM_CLOCK)
        session.claim("task")
        session.close(completed=True)

    def prove(self, key: str, origin: Outcome, contact: str | None) -> None:
        """Add a proof."""
        digests = Digests(bytes.fromhex(str(self.one("SELECT digest_key FROM hub_meta"))), {}, {})
        proof = Proof(digests.of_key(key), "c" * 32, "c" * 32, contact, origin)
        self.database.transact(lambda execute: [execute(each) for each in self.tables.prove([proof])])

    def change(self, *statements: str, of: tuple[object, ...] = ()) -> None:
        """Do something to the tables; each statement has these values."""
        with closing(sqlite3.connect(self.path)) as other:
            for statement in statements:
                other.execute(statement, of)
            other.commit()

    def claim(self, silent: int | None = 0) -> None:
        """Let another run claim the state."""
        self.change(
            "UPDATE hub_meta SET token = 'x', holder = 'other', since = 5, seen_at = seen_at - ?",
            of=(silent,),
        )

    def one(self, query: str) -> object:
        with closing(sqlite3.connect(self.path)) as other:
            return other.execute(query).fetchone()[0]

    def names(self) -> set[str]:
        with closing(sqlite3.connect(self.path)) as other:
            return {name for (name,) in other.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    state = Hub(tmp_path)
    with closing(state.database):
        yield state


CHANGES: dict[str, Callable[[StateCare], object]] = {
    "void": StateCare.void,
    "forget": lambda care: care.forget(["ada@x.y"]),
    "reset": StateCare.reset,
}
each_change = pytest.mark.parametrize("change", CHANGES.values(), ids=[*CHANGES])


class TestShow:
    def test_counts(self, hub: Hub) -> None:
        """Absent keys are told by themselves; drift is that of contacts."""
        hub.prove("ada@x.y", Outcome.UPDATED, "1")
        hub.prove("bob@x.y", Outcome.CREATED, "2")
        hub.prove("eve@x.y", Outcome.NOT_FOUND, None)
        hub.change(
            "UPDATE hub SET content_digest = NULL, drifts = 1 WHERE record_id = '1'",
            "UPDATE hub SET drifts = 2 WHERE record_id = '2'",
        )

        told = hub.care.told(30)

        names = ("table", "portal", "keys", "proved", "void", "absent", "drifted", "contested", "runs")
        assert [told[name] for name in names] == ["hub", 4711, 2, 1, 1, 1, 2, 1, 1]
        assert told["origins"] == {"created": 1, "written": 1}
        assert told["at_work"] is None

    def test_an_empty_state(self, hub: Hub) -> None:
        """There is no oldest proof, and nobody is absent."""
        told = hub.care.told(30)

        names = ("keys", "proved", "absent", "origins", "oldest_proof", "overdue")
        assert [told[name] for name in names] == [0, 0, 0, {}, None, 0]

    @pytest.mark.parametrize(
        ("audited_to", "overdue", "oldest"),
        [(None, 2, 9), (0, 0, None), (-8, 1, 7), (1, 2, 9)],
        ids=["never", "up to now", "up to one of them", "in the future"],
    )
    def test_what_is_overdue(
        self, hub: Hub, audited_to: int | None, overdue: int, oldest: int | None
    ) -> None:
        """Proofs up to a time that a run has read back are of rows that have left the source."""
        for days, key in ((9, "ada@x.y"), (7, "bob@x.y"), (1, "eve@x.y")):
            hub.prove(key, Outcome.UPDATED, str(days))
            hub.change(
                "UPDATE hub SET proved_at = (SELECT seen_at FROM hub_meta) - ? WHERE record_id = ?",
                of=(days * DAY, str(days)),
            )
        offset = None if audited_to is None else audited_to * DAY
        hub.change("UPDATE hub_meta SET audited_to = seen_at + ?", of=(offset,))

        told, now = hub.care.told(5), hub.one("SELECT seen_at FROM hub_meta")

        assert told["overdue"] == overdue
        assert told["oldest_proof"] == (None if oldest is None else int(str(now)) - oldest * DAY)

    @pytest.mark.parametrize("silent", [0, None])
    def test_who_is_at_work(self, hub: Hub, silent: int | None) -> None:
        """With its last sign of life, if there is one."""
        hub.claim(silent)

        told = hub.care.told(30)["at_work"]

        assert (told["holder"], told["since"]) == ("other", 5)
        assert told["silent"] is None if silent is None else 0 <= told["silent"] < 60


class TestRights:
    def test_all(self, hub: Hub) -> None:
        """All that a run does is tried, and nothing is left of it; tables need not be created any more."""
        tried = hub.care.rights()

        assert [each.problem for each in tried] == [None] * 9
        assert [each.is_needed for each in tried] == [False, *[True] * 8]
        assert hub.names() == {"hub", "hub_meta"}
        assert hub.one("SELECT count(*) FROM hub") == 0

    def test_before_the_first_run(self, hub: Hub) -> None:
        """There are no tables to be tried."""
        hub.care.reset()

        (creates,) = hub.care.rights()

        assert (creates.name, creates.problem, creates.is_needed) == ("create", None, True)
        assert hub.names() == set()

    def test_the_row_that_is_tried(self, hub: Hub) -> None:
        """Its key fits its column: else the database would refuse it for that."""
        said: list[str] = []
        connection = sqlite3.connect(hub.path)
        connection.set_trace_callback(said.append)
        with closing(StateDatabase(lambda: connection)) as database:
            StateCare(database, "hub").rights()

        (row,) = [each for each in said if each.startswith("INSERT INTO hub (")]
        _, key, _ = row.split("'")
        assert len(key) == 32

    def test_half_a_state(self, hub: Hub) -> None:
        """What a missing table refuses is told."""
        hub.change("DROP TABLE hub_meta")

        assert [each.problem is None for each in hub.care.rights()] == [*[True] * 5, *[False] * 4]


class TestChange:
    def test_void(self, hub: Hub) -> None:
        """Proofs are counted as they are voided; whose they were stays."""
        hub.prove("ada@x.y", Outcome.UPDATED, "1")

        assert [hub.care.void(), hub.care.void()] == [1, 0]

        assert hub.one("SELECT record_id FROM hub WHERE content_digest IS NULL") == "1"

    def test_places_in_lists(self, hub: Hub) -> None:
        """They are void when proofs are; of a key that is taken out, none stays, in no list."""
        hub.prove("ada@x.y", Outcome.UPDATED, "1")
        digests = Digests(bytes.fromhex(str(hub.one("SELECT digest_key FROM hub_meta"))), {}, {})
        members = MemberTable("hub", hub.database.now)

        def add(execute: Execute) -> None:
            for statement in members.creation():
                execute(statement)
            for list_id, key in (("7", "ada@x.y"), ("8", "ada@x.y"), ("8", "eve@x.y")):
                for statement in members.keep([Member(digests.of_key(key), list_id, "1", ADDED)]):
                    execute(statement)

        hub.database.transact(add)
        hub.care.void()
        assert hub.one("SELECT count(proved_at) FROM hub_lists") == 0
        assert hub.one("SELECT count(*) FROM hub_lists") == 3

        hub.care.forget(["ada@x.y"])
        assert hub.one("SELECT count(*) FROM hub_lists") == 1
        assert hub.one("SELECT key_digest FROM hub_lists") == digests.of_key("eve@x.y")

    def test_forget(self, hub: Hub) -> None:
        """Those of the keys that the state has."""
        hub.prove("ada@x.y", Outcome.UPDATED, "1")
        hub.prove("bob@x.y", Outcome.UPDATED, "2")

        assert hub.care.forget(["ada@x.y", "ada@x.y", "eve@x.y"]) == 1

        assert hub.one("SELECT group_concat(record_id) FROM hub") == "2"

    def test_reset(self, hub: Hub) -> None:
        """Both tables are dropped; there is no state then."""
        hub.care.reset()

        assert hub.names() == set()
        with pytest.raises(StateError, match="there is no state hub"):
            hub.care.reset()

    @pytest.mark.parametrize("left", ["hub", "hub_meta"])
    def test_reset_of_half_a_state(self, hub: Hub, left: str) -> None:
        """What is left of it is dropped, whoever has claimed it."""
        gone = "hub" if left == "hub_meta" else "hub_meta"
        hub.claim()
        hub.change(f"DROP TABLE {gone}")

        hub.care.reset()

        assert hub.names() == set()

    def test_reset_of_an_empty_state(self, hub: Hub) -> None:
        """It is nobody's."""
        hub.change("DELETE FROM hub_meta")

        hub.care.reset()

        assert hub.names() == set()

    def test_a_table_that_is_something_else(self, hub: Hub) -> None:
        """It is left as it is, and named; so is the other one."""
        hub.change("DROP TABLE hub_meta", "CREATE TABLE hub_meta (a)")

        with pytest.raises(StateError, match="the table hub_meta is not one of a state: nothing was dropped"):
            hub.care.reset()
        with pytest.raises(StateError, match="the table hub is not a state, or not a whole one"):
            hub.care.told(30)

        assert hub.names() == {"hub", "hub_meta"}

    @each_change
    @pytest.mark.parametrize("silent", [0, DEAD_AFTER - 30, 30 - DEAD_AFTER])
    def test_a_run_at_work(self, hub: Hub, change: Callable[[StateCare], object], silent: int) -> None:
        """Nothing is changed below it; that may pass."""
        hub.prove("ada@x.y", Outcome.UPDATED, "1")
        hub.claim(silent)

        with pytest.raises(StateError, match="the state hub is in use by other") as raised:
            change(hub.care)

        assert raised.value.may_pass
        assert hub.one("SELECT content_digest FROM hub") == "c" * 32

    @each_change
    @pytest.mark.parametrize("ago", [DEAD_AFTER, -DEAD_AFTER - 30])
    def test_a_run_that_is_dead(self, hub: Hub, change: Callable[[StateCare], object], ago: int) -> None:
        """It holds nobody up."""
        hub.claim(ago)

        change(hub.care)

    @pytest.mark.parametrize("change", [CHANGES["void"], CHANGES["forget"], lambda care: care.told(30)])
    @pytest.mark.parametrize("emptied", [["DROP TABLE hub", "DROP TABLE hub_meta"], ["DELETE FROM hub_meta"]])
    def test_a_state_that_is_not_there(
        self, hub: Hub, change: Callable[[StateCare], object], emptied: list[str]
    ) -> None:
        """It is told so."""
        hub.change(*emptied)

        with pytest.raises(StateError, match="there is no state hub"):
            change(hub.care)
