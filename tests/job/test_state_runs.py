# SPDX-License-Identifier: Apache-2.0
"""Runs with a state, against the sandbox and a file of SQLite."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_hubcontact.job.errors import GuardExceeded, PreflightError, StateError
from airflow_provider_hubcontact.job.settings.guards import Guards
from airflow_provider_hubcontact.job.settings.key import Key
from airflow_provider_hubcontact.job.settings.ledger import Ledger
from airflow_provider_hubcontact.job.settings.replay import Replay
from airflow_provider_hubcontact.job.settings.source import Source
from airflow_provider_hubcontact.job.settings.state import State
from airflow_provider_hubcontact.job.settings.writes import Writes
from airflow_provider_hubcontact.job.state.claim import DEAD_AFTER
from airflow_provider_hubcontact.sandbox import Sandbox
from tests.job.around import Around, Told, apply, plan, run
from tests.job.around import State as TaskState

STATE = State("sql://db/hub")
NAMES = ("ada", "grace", "joan")


def records(firstname: str = "Augusta", **others: str) -> list[dict[str, str]]:
    return [
        {"email": f"{name}@example.com", "firstname": firstname if name == "ada" else others.get(name, "B")}
        for name in NAMES
    ]


@pytest.fixture
def hubspot() -> Iterator[Sandbox]:
    contacts = [{"email": f"{name}@example.com", "firstname": "A"} for name in NAMES]
    with Sandbox(contacts=contacts) as sandbox:
        yield sandbox


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def around(hubspot: Sandbox, file: Path) -> Around:
    made = Around(hubspot, records())
    made.state_file = file
    return made


def again(around: Around, *rows: dict[str, str], **settings: Any) -> Told:
    """Run once more."""
    if rows:
        around.given = rows
    return run(around, **{"state": STATE, **settings})


def may_pass(ended: Told) -> bool:
    """Check whether another try can fare better after a run that its state refused."""
    assert isinstance(ended.error, StateError)
    return ended.error.may_pass


def asked(file: Path, sql: str) -> list[Any]:
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        return db.execute(sql).fetchall()


def paths(hubspot: Sandbox) -> list[str]:
    """Paths of the calls about contacts."""
    return [each.path.rpartition("/")[2] for each in hubspot.requests if "/batch/" in each.path]


def test_an_unchanged_row_takes_no_call(hubspot: Sandbox, around: Around, file: Path) -> None:
    """A changed one is looked up and written; whatever else changes, nobody looks."""
    assert again(around).outcomes == {"updated": 3}
    calls = len(hubspot.requests)

    assert again(around).outcomes == {"up_to_date": 3}
    assert len(hubspot.requests) - calls <= 5
    ended = again(around, *records("Ada"))

    assert ended.outcomes == {"updated": 1, "up_to_date": 2}
    assert paths(hubspot) == ["read", "update"] * 2
    told = ended.report["state"]
    assert told.pop("oldest_proof") <= asked(file, "SELECT min(proved_at) FROM hub")[0][0]
    assert told == {
        "table": "hub",
        "read_anew": None,
        "changed": 1,
        "up_to_date": 2,
        "still_absent": 0,
        "audited": 0,
        "drifted": 0,
        "contested": 0,
        "calls_saved": 0,
        "overdue": 0,
    }
    assert (ended.report["rows"], ended.report["problems"], ended.report["reasons"]) == (3, [], [])


def test_nothing_of_a_record_is_in_the_state(around: Around, file: Path) -> None:
    """Digests, record ids and numbers; in ASCII whatever the values are."""
    around.given = [{"email": "ada@example.com", "firstname": "Ädä"}]

    again(around)

    ((key, content, record_id, origin, time, drifts, missing),) = asked(file, "SELECT * FROM hub")
    assert (len(key), len(content), origin, record_id.isdecimal()) == (32, 32, "written", True)
    assert (type(time), drifts, missing) == (int, 0, None)
    content = file.read_bytes()
    assert b"ada@" not in content
    assert b"example" not in content
    assert "Ädä".encode() not in content


def test_digests_of_two_states_have_nothing_in_common(
    hubspot: Sandbox, around: Around, tmp_path: Path
) -> None:
    """Each state has a key of its own."""
    again(around)
    first = {key for (key,) in asked(tmp_path / "state.db", "SELECT key_digest FROM hub")}
    again(around, state=State("sql://db/other"))
    second = {key for (key,) in asked(tmp_path / "state.db", "SELECT key_digest FROM other")}

    assert (len(first), len(second), first & second) == (3, 3, set())


@pytest.mark.parametrize(
    ("settings", "part"),
    [
        ({"mapping": {"firstname": "firstname"}}, "mapping"),
        ({"writes": Writes(nulls="clear")}, "writes"),
        ({"writes": Writes(stages="keep")}, "writes"),
        ({"writes": Writes(properties={"firstname": "fill_empty"})}, "writes"),
        ({"json_schema": {"type": "object"}}, "json_schema"),
        ({"key": Key("email", "email", "new")}, "key"),
    ],
)
def test_other_settings_make_all_rows_be_looked_up(
    around: Around, file: Path, settings: dict[str, Any], part: str
) -> None:
    """Once, and the report says why; who was created by this sync stays known."""
    usual: dict[str, Any] = {}
    if part == "key":
        around.given = [{**row, "new": row["email"]} for row in records()]
        usual = {"mapping": {"firstname": "firstname"}}
    again(around, **usual)

    ended = again(around, **{**usual, **settings})

    assert "up_to_date" not in ended.outcomes
    assert ended.report["state"]["read_anew"] == f"changed since the last completed run: {part}"
    assert again(around, **{**usual, **settings}).outcomes == {"up_to_date": 3}


def test_another_definition_makes_its_rows_be_looked_up(hubspot: Sandbox, around: Around) -> None:
    """Only those that have the property: what its text means may have changed."""

    def rows() -> list[dict[str, str]]:
        return [{**records()[0], "city": "Rome"}, *records()[1:]]

    again(around, *rows())
    hubspot.portal.redefine(replace(hubspot.portal.definitions["city"], field_type="textarea"))

    assert again(around, *rows()).outcomes == {"unchanged": 1, "up_to_date": 2}


@pytest.mark.parametrize("value", [5, 2.5, "text", True])
def test_a_property_that_a_run_creates(around: Around, value: object) -> None:
    """Its definition is the same in the next run, so that its rows are up to date."""
    around.given = [{**row, "score": value} for row in records()]
    created = again(around, writes=Writes(create_properties=True))
    assert created.report["properties_created"] == ["score"]

    assert again(around, writes=Writes(create_properties=True)).outcomes == {"up_to_date": 3}


@pytest.mark.parametrize(
    "settings", [{"upsert": True}, {"status_actions": {"404": "skip"}}, {"verify": True}]
)
def test_settings_that_write_the_same_change_nothing(around: Around, settings: dict[str, Any]) -> None:
    """They do not decide what a contact is to have."""
    again(around)

    assert again(around, **settings).outcomes == {"up_to_date": 3}


def test_refresh(hubspot: Sandbox, around: Around) -> None:
    """All rows are looked up and compared: what somebody has edited is found."""
    again(around)
    contact = hubspot.portal.contact("ada@example.com")
    assert contact
    hubspot.portal.update(contact, {"firstname": "by hand"})

    ended = again(around, state=State("sql://db/hub", refresh=True))

    assert ended.outcomes == {"updated": 1, "unchanged": 2}
    assert ended.report["state"]["read_anew"] == "refresh=True"
    assert again(around).outcomes == {"up_to_date": 3}


class TestNothingChanges:
    """A run that writes no contact takes no claim, and leaves the state as it is."""

    def test_a_dry_run(self, around: Around, file: Path) -> None:
        """It compares."""
        again(around)
        before = asked(file, "SELECT * FROM hub"), asked(file, "SELECT * FROM hub_meta")

        ended = again(around, *records("Ada"), dry_run=True)

        assert ended.outcomes == {"up_to_date": 2, "not_attempted": 1}
        assert (asked(file, "SELECT * FROM hub"), asked(file, "SELECT * FROM hub_meta")) == before

    def test_without_a_state(self, around: Around, file: Path) -> None:
        """It creates none."""
        assert again(around, dry_run=True).outcomes == {"not_attempted": 3}

        assert asked(file, "SELECT name FROM sqlite_master") == []

    def test_a_key_that_comes_again(self, hubspot: Sandbox, around: Around) -> None:
        """A row that equals its proof is shown as written after another one of its key."""
        again(around)
        first, *_ = records()

        ended = again(around, {**first, "firstname": "Z", "city": "Rome"}, first, dry_run=True)

        assert ended.outcomes == {"not_attempted": 2}

    def test_a_guard_that_trips(self, hubspot: Sandbox, around: Around, file: Path) -> None:
        """Rows that are up to date count as rows."""
        again(around)
        before = asked(file, "SELECT * FROM hub")

        ended = again(around, *records("Z", grace="Z"), guards=Guards(changes=0.5))

        assert isinstance(ended.error, GuardExceeded)
        assert "2 changes of 3 rows are more than guards.changes=0.5 allows" in ended.says
        assert ended.outcomes == {"up_to_date": 1, "not_attempted": 2}
        assert asked(file, "SELECT * FROM hub") == before

    def test_a_guard_that_does_not(self, around: Around) -> None:
        """The run voids, sends and proves."""
        again(around)

        assert again(around, *records("Z"), guards=Guards(changes=1)).outcomes == {
            "updated": 1,
            "up_to_date": 2,
        }
        assert again(around).outcomes == {"up_to_date": 3}


def test_guards_lose_no_row_that_makes_no_record(around: Around) -> None:
    """With a state, rows are read ahead of those before them that end at once."""
    rows = ({"email": "", "firstname": "Z"}, *records("Z"))

    ended = again(around, *rows, guards=Guards(changes=10))

    assert ended.outcomes == {"invalid": 1, "updated": 3}
    assert again(around, *rows, guards=Guards(changes=0)).outcomes == {"invalid": 1, "up_to_date": 3}


def test_a_share_of_failures_counts_rows_that_are_up_to_date(hubspot: Sandbox, around: Around) -> None:
    """One verdict with and without a state."""
    rows = [*records(), {"email": "nobody@example.com", "firstname": "N"}]
    first = again(around, *rows, max_failures=0.3)

    second = again(around, *rows, max_failures=0.3)

    assert (first.outcomes["not_found"], second.outcomes) == (1, {"up_to_date": 3, "not_found": 1})
    for each in (first, second):
        assert each.ended
        tally = {(outcome, None): count for outcome, count in each.report["outcomes"].items()}
        assert sum(tally.values()) == 4


class TestPlans:
    def test_a_plan_has_what_would_be_sent(self, around: Around, tmp_path: Path) -> None:
        """Applying it voids what it writes, and proves nothing of the rows behind it."""
        again(around)
        around.given = records("Ada")
        made = plan(around, tmp_path / "plan", state=STATE)
        assert made.report["plan"]["changes"] == 1
        assert made.outcomes == {"up_to_date": 2, "not_attempted": 1}

        applied = apply(around, tmp_path / "plan")
        assert applied.outcomes == {"updated": 1}
        assert applied.report["state"]["read_anew"] is None
        assert around.state_file
        void = "SELECT count(*) FROM hub WHERE content_digest IS NULL"
        assert asked(around.state_file, void) == [(1,)]

        ended = again(around, *records())  # what the state has proved before the plan
        assert ended.outcomes == {"updated": 1, "up_to_date": 2}
        assert ended.report["state"]["read_anew"] is None

    def test_a_plan_that_is_refreshed(self, around: Around, tmp_path: Path) -> None:
        """Making it reads all contacts anew; applying it compares no row with its proof."""
        again(around, *records("Ada"))
        around.given = records()
        made = plan(around, tmp_path / "plan", state=State("sql://db/hub", refresh=True))
        assert made.report["state"]["read_anew"] == "refresh=True"

        assert apply(around, tmp_path / "plan").report["state"]["read_anew"] is None

    def test_a_state_that_another_portal_has(self, around: Around, file: Path, tmp_path: Path) -> None:
        """The records of the plan end ``not_attempted``, as rows of a source do."""
        again(around)
        around.given = records("Ada")
        plan(around, tmp_path / "plan", state=STATE)
        asked(file, "UPDATE hub_meta SET portal = 7")

        ended = apply(around, tmp_path / "plan")

        assert isinstance(ended.error, StateError)
        assert ended.outcomes == {"not_attempted": 1}


class TestMemories:
    def test_no_place_is_kept(self, around: Around) -> None:
        """A retry is a new run: what the first try has proved is up to date."""
        around.state = TaskState()
        around.given = [*records(), {"email": "nobody@example.com", "firstname": "N"}]

        again(around)
        around.try_number = 2

        assert (around.state, again(around).outcomes) == ({}, {"up_to_date": 3, "not_found": 1})

    def test_a_ledger_is_written_and_not_read(self, hubspot: Sandbox, around: Around) -> None:
        """It has a line for each row that was sent, and one for all others together."""
        again(around, ledger=Ledger("l"))
        around.try_number = 2
        around.given = [*records("Ada"), {"email": "nobody@example.com", "firstname": "N"}]

        ended = again(around, ledger=Ledger("l"))

        assert ended.report["from_earlier_tries"] == 0
        lines = [(line["row"], line["outcome"], line["reason"]) for line in around.books.lines[3:]]
        assert sorted(lines) == [
            (0, "up_to_date", "2 rows equal what the state proves: no line for each"),
            (1, "updated", ""),
            (4, "not_found", "no contact has the email nobody@example.com"),
        ]

    def test_rows_that_are_up_to_date_are_not_sent_from_a_ledger(self, around: Around) -> None:
        """Their line stands for none of them."""
        again(around)
        again(
            around,
            *records(),
            {"email": "nobody@example.com", "firstname": "N"},
            ledger=Ledger("l", values=True),
        )

        ended = run(around, source=Source(has_records=False, replay=Replay("l")))

        assert ended.outcomes == {"not_found": 1}


class TestRefused:
    def stated(self, around: Around, **settings: Any) -> Told:
        ended = again(around, **settings)
        assert isinstance(ended.error, StateError)
        assert ended.outcomes == {"not_attempted": 3}
        assert "the run did not start" in ended.reasons
        return ended

    def test_the_state_of_another_portal(self, hubspot: Sandbox, around: Around, file: Path) -> None:
        """Nothing is read, and nothing of the state changes."""
        again(around)
        asked(file, "UPDATE hub_meta SET portal = 7")
        calls = len(paths(hubspot))

        ended = self.stated(around)

        assert "the state hub is about the portal 7, but the connection leads to" in ended.says
        assert not may_pass(ended)
        assert len(paths(hubspot)) == calls
        self.stated(around, dry_run=True)

    def test_a_table_that_is_something_else(self, around: Around, file: Path) -> None:
        """It is left as it is."""
        asked(file, "CREATE TABLE hub (id INT)")

        ended = self.stated(around)

        assert "a state's tables have the columns hub: key_digest, " in ended.says
        assert not may_pass(ended)
        self.stated(around, dry_run=True)

    def test_no_right_to_create_tables(self, around: Around, file: Path) -> None:
        """The database says why."""
        asked(file, "CREATE TABLE any_table (id INT)")
        around.read_only = True

        ended = self.stated(around)

        assert "the tables of the state hub cannot be created: " in ended.says
        assert "attempt to write a readonly database" in ended.says
        assert "`hubcontact state check` tries each right that a state needs" in ended.says
        assert not may_pass(ended)

    def test_no_right_to_write(self, around: Around) -> None:
        """There are tables; the database says why, and it is told what tries the rights."""
        again(around)
        around.read_only = True

        ended = self.stated(around)

        assert "attempt to write a readonly database" in ended.says
        assert "`hubcontact state check` tries each right that a state needs" in ended.says
        assert not may_pass(ended)

    def test_a_run_that_is_under_way(self, around: Around, file: Path) -> None:
        """It is named, and another try can fare better. One that has died is not waited for."""
        again(around)
        asked(
            file, "UPDATE hub_meta SET token = 'x', holder = 'task of dag/another', seen_at = strftime('%s')"
        )

        ended = self.stated(around)

        assert (
            "the state hub is in use by task of dag/another, which gave its last sign of life" in ended.says
        )
        assert "free when that run ends, or 10 minutes after its last sign of life" in ended.says
        assert may_pass(ended)
        asked(file, "UPDATE hub_meta SET seen_at = seen_at - 600")
        assert DEAD_AFTER == 600
        assert again(around).outcomes == {"up_to_date": 3}

    def test_the_next_try_of_a_task_takes_its_claim_over(self, around: Around, file: Path) -> None:
        """Airflow runs one try at a time."""
        again(around)
        asked(file, "UPDATE hub_meta SET token = 'x', holder = 'task of dag/run', seen_at = strftime('%s')")

        assert again(around).outcomes == {"up_to_date": 3}

    def test_the_legacy_api(self, hubspot: Sandbox, file: Path) -> None:
        """It does not tell which contact it has written."""
        around = Around(hubspot, records(), api_version="v1")
        around.state_file = file

        ended = again(around)

        assert isinstance(ended.error, PreflightError)
        assert "the legacy API does not tell which contact it has written" in ended.says

    def test_a_portal_without_an_id(self, hubspot: Sandbox, around: Around) -> None:
        """Nobody can tell whose state it is."""
        hubspot.use_faults({"rules": [{"kind": "status", "status": 500, "on": "/account-info/*"}]})

        ended = self.stated(around)

        assert "the portal's id cannot be read" in ended.says
        assert may_pass(ended)


def test_a_claim_is_given_up(around: Around, file: Path) -> None:
    """After a good end and after a bad one; only a good one is a completed run."""
    again(around)
    asked_for = "SELECT token, holder, runs, completed_run FROM hub_meta"
    assert asked(file, asked_for) == [(None, None, 1, 1)]

    def broken() -> Iterator[dict[str, str]]:
        yield records()[0]
        raise OSError("the source is gone")

    around.given = broken()
    assert isinstance(again(around).error, OSError)

    assert asked(file, asked_for) == [(None, None, 2, 1)]


def test_a_claim_that_is_lost(around: Around, file: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The run sends nothing more, and says so; the other run's claim stays."""
    again(around)

    def rows() -> Iterator[dict[str, str]]:
        yield from records("Ada")
        asked(
            file, "UPDATE hub_meta SET token = 'another', holder = 'task of dag/another', beats = beats + 1"
        )

    around.given = rows()
    ended = again(around)

    assert isinstance(ended.error, StateError)
    assert "another run has claimed the state hub" in ended.says
    assert ended.outcomes == {"not_attempted": 3}
    assert asked(file, "SELECT token FROM hub_meta") == [("another",)]


def test_a_state_that_cannot_be_given_up(
    around: Around, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What was done stays done; the claim dies by itself."""

    def rows() -> Iterator[dict[str, str]]:
        yield from records()
        asked(file, "DROP TABLE hub_meta")

    around.given = rows()
    with caplog.at_level(logging.WARNING):
        ended = again(around)

    assert isinstance(ended.error, StateError)
    assert "The state is not given up" in caplog.text


def test_figures_that_cannot_be_read(around: Around, file: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The claim is given up all the same."""

    def rows() -> Iterator[dict[str, str]]:
        yield from records()
        asked(file, "DROP TABLE hub")

    around.given = rows()
    ended = again(around)

    assert isinstance(ended.error, StateError)
    assert "The figures of the state cannot be read" in caplog.text
    assert asked(file, "SELECT token FROM hub_meta") == [(None,)]


class TestTheFirstRun:
    """Before it starts, the log tells what it takes."""

    def test_a_known_number_of_rows(
        self, hubspot: Sandbox, around: Around, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Calls and minutes, as a plan has them; the next run says nothing."""
        caplog.set_level(logging.INFO)
        around.given = [{"email": f"c{number}@example.com", "firstname": "B"} for number in range(2_500)]
        hubspot.limits.rate_limit = replace(hubspot.limits.rate_limit, calls=100)
        again(around)

        assert (
            "All rows are looked up (2,500): no run with this state has completed. That takes 25 calls, or "
            "50 "
            "if all rows differ: less than a minute at 100 calls in 10 seconds." in caplog.text
        )
        caplog.clear()
        again(around)
        assert "rows are looked up" not in caplog.text
        again(around, mapping={"firstname": "firstname"})
        assert "looked up (2,500): changed since the last completed run: mapping. That takes" in caplog.text

    def test_with_guards(self, hubspot: Sandbox, around: Around, caplog: pytest.LogCaptureFixture) -> None:
        """Each row is looked up twice: what would be written is counted first. That is what the run takes."""
        caplog.set_level(logging.INFO)
        around.given = records()
        again(around, guards=Guards(changes=3))

        assert "That takes 2 calls, or 3 if all rows differ" in caplog.text
        paths = [each.path for each in hubspot.requests]
        assert sum(each.endswith("/contacts/batch/read") for each in paths) == 2

    @pytest.mark.parametrize(("count", "says"), [(1, "1 call, or 2 if all rows differ: less"), (0, None)])
    def test_few_rows(
        self, around: Around, caplog: pytest.LogCaptureFixture, count: int, says: str | None
    ) -> None:
        """One is one call; of no row nothing is told."""
        caplog.set_level(logging.INFO)
        around.given = records()[:count]
        again(around)

        assert ("rows are looked up" in caplog.text) == bool(says)
        assert (says or "") in caplog.text

    def test_a_portal_with_few_calls_left(
        self, hubspot: Sandbox, around: Around, caplog: pytest.LogCaptureFixture
    ) -> None:
        """It is told at once."""
        around.given = [{"email": f"c{number}@example.com", "firstname": "B"} for number in range(2_050)]
        hubspot.limits.daily = hubspot.limits.used_today + 40
        again(around)

        assert "calls are left today: the run may not end before they are back" in caplog.text

    def test_rows_that_nobody_has_counted(self, around: Around, caplog: pytest.LogCaptureFixture) -> None:
        """They are not read twice for it."""
        caplog.set_level(logging.INFO)
        around.given = iter(records())

        assert again(around).outcomes == {"updated": 3}
        assert "How many there are is not known before they are read" in caplog.text


def test_a_run_that_counts_gives_signs_of_life(around: Around, file: Path) -> None:
    """Its claim would be taken over otherwise, although it is at work."""
    again(around)
    before = asked(file, "SELECT beats FROM hub_meta")[0][0]

    again(around, guards=Guards(changes=9))

    # The claim, its release, and two passes that compare.
    assert asked(file, "SELECT beats FROM hub_meta")[0][0] - before >= 4


def test_a_run_that_fails_for_its_columns_is_not_completed(around: Around, file: Path) -> None:
    """Its rows say nothing of those that it lacks."""
    again(around)
    around.given = (row for row in [{"email": "ada@example.com", "other": "x"}])

    ended = again(around, mapping={"firstname": "firstname"})

    assert ended.error
    assert asked(file, "SELECT completed_run FROM hub_meta") == [(1,)]


def test_properties_that_cannot_be_read(hubspot: Sandbox, around: Around) -> None:
    """All rows are compared, since their values may have another form, and the report says why."""
    again(around)
    hubspot.use_faults({"rules": [{"kind": "status", "status": 403, "on": "*/properties/*"}]})

    ended = again(around)

    assert ended.outcomes == {"unchanged": 3}
    assert ended.report["state"]["read_anew"] == "changed since the last completed run: properties"


def test_a_claim_from_the_future(around: Around, file: Path) -> None:
    """The database's clock went back: the run that claimed the state is long over."""
    again(around)
    with closing(sqlite3.connect(file)) as db, db:
        db.execute("UPDATE hub_meta SET token = 'x', holder = 'another', seen_at = seen_at + 86400")

    assert again(around).outcomes == {"up_to_date": 3}
