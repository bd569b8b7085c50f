# SPDX-License-Identifier: Apache-2.0
"""Contacts whose rows left the source, against the sandbox and a file of SQLite."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import orjson
import pytest

from airflow_provider_hubcontact.job.apply_plan import apply_plan
from airflow_provider_hubcontact.job.build import SyncBuilder
from airflow_provider_hubcontact.job.ending import decided
from airflow_provider_hubcontact.job.errors import (
    ClaimLost,
    GuardExceeded,
    PlanError,
    PortalNotReady,
    PreflightError,
    SourceError,
    StateError,
)
from airflow_provider_hubcontact.job.plans.manifest import Manifest
from airflow_provider_hubcontact.job.ports import Execute, Statement
from airflow_provider_hubcontact.job.removing import read_ahead
from airflow_provider_hubcontact.job.run.run import Run
from airflow_provider_hubcontact.job.settings.guards import Guards
from airflow_provider_hubcontact.job.settings.key import Key
from airflow_provider_hubcontact.job.settings.ledger import Ledger
from airflow_provider_hubcontact.job.settings.settings import Settings
from airflow_provider_hubcontact.job.settings.source import Query, Source
from airflow_provider_hubcontact.job.settings.state import State
from airflow_provider_hubcontact.job.settings.writes import Writes
from airflow_provider_hubcontact.job.signals import StopSignal
from airflow_provider_hubcontact.job.state.care import StateCare
from airflow_provider_hubcontact.job.state.claim import Claim
from airflow_provider_hubcontact.job.state.removals.removals import Removals
from airflow_provider_hubcontact.job.state.tables import Tables
from airflow_provider_hubcontact.job.update import update
from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sync.decide.policy import Action, Policy
from airflow_provider_hubcontact.sync.flow.proofs import proof_gate
from airflow_provider_hubcontact.sync.keep.report import Report, fold
from airflow_provider_hubcontact.sync.model.outcome import Outcome
from tests.job.around import Around, Told, apply, plan, run

VALUES = {"city": "gone"}
STATE = State("sql://db/hub", on_removed=VALUES)
ARCHIVE = State("sql://db/hub", on_removed="archive")
NAMES = ("ada", "grace", "joan")


def rows(*names: str, **values: str) -> list[dict[str, str]]:
    return [{"email": f"{name}@example.com", "firstname": "B", **values} for name in names]


@pytest.fixture
def hubspot() -> Iterator[Sandbox]:
    contacts = [{"email": f"{name}@example.com", "firstname": "A"} for name in NAMES]
    contacts[2]["hs_additional_emails"] = "joan2@example.com;joan3@example.com"
    with Sandbox(contacts=contacts) as sandbox:
        yield sandbox


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def around(hubspot: Sandbox, file: Path) -> Around:
    made = Around(hubspot, rows(*NAMES))
    made.state_file = file
    return made


def again(around: Around, *names: str, **settings: Any) -> Told:
    """Run once more, with the rows of some names."""
    return given(around, rows(*names), **settings)


def given(around: Around, those: Sequence[object], /, **settings: Any) -> Told:
    around.given = those
    around.run_id += "'"
    return run(around, **{"state": STATE, **settings})


def asked(file: Path, sql: str) -> list[Any]:
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        return db.execute(sql).fetchall()


def cities(hubspot: Sandbox) -> dict[str, str | None]:
    contacts = hubspot.portal.contacts.values()
    return {each.email.partition("@")[0]: each.properties.get("city") for each in contacts}


def paths(hubspot: Sandbox) -> list[str]:
    """Paths of the calls about contacts."""
    return [each.path.rpartition("/")[2] for each in hubspot.requests if "/batch/" in each.path]


def removals(told: Told) -> dict[str, Any]:
    """What the report says of them, but for what is zero."""
    names = ("gone", "removed", "renamed", "left_alone", "nobody_because")
    return {name: told.report["state"][name] for name in names if told.report["state"][name]}


def left(around: Around, file: Path, *names: str, **settings: Any) -> None:
    """Bring about that rows have left the source for as long as it takes."""
    again(around, *NAMES, **settings)
    assert removals(again(around, *names, **settings)) == {"gone": 3 - len(names)}
    assert asked(file, "SELECT count(*) FROM hub WHERE missing = 1") == [(3 - len(names),)]


def lose_claim(monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """Let another run claim the state.

    :param at: how often this run makes sure of its claim before.
    """
    confirm, confirmed = Claim.confirm, iter(range(20))

    def lost(claim: Claim, execute: Execute) -> None:
        if next(confirmed) == at:
            raise ClaimLost("another run has claimed the state")
        confirm(claim, execute)

    monkeypatch.setattr(Claim, "confirm", lost)


class TestValues:
    def test_a_row_that_two_completed_runs_lack(self, hubspot: Sandbox, around: Around, file: Path) -> None:
        """Its contact gets the values, once; then nothing of it is in the state."""
        left(around, file, "ada", "grace")

        ended = again(around, "ada", "grace")

        assert ended.outcomes == {"updated": 1, "up_to_date": 2}
        assert cities(hubspot) == {"ada": None, "grace": None, "joan": "gone"}
        assert removals(ended) == {"gone": 1, "removed": 1}
        told = ended.report
        assert (told["removals"], fold([told, told, {**told, "removals": 0}])["removals"]) == (1, 2)
        assert asked(file, "SELECT count(*), sum(missing) FROM hub") == [(2, None)]
        assert removals(again(around, "ada", "grace")) == {}

    def test_the_calls(self, hubspot: Sandbox, around: Around, file: Path) -> None:
        """Removals come last, and are looked up."""
        left(around, file, "ada", "grace")
        calls = len(paths(hubspot))

        given(around, [*rows("ada"), *rows("grace", city="Rome")])

        assert paths(hubspot)[calls:] == ["read", "update", "read", "update"]

    @pytest.mark.parametrize("grace", [0, 3])
    def test_grace(self, around: Around, grace: int) -> None:
        """So many completed runs may lack a row."""
        state = State("sql://db/hub", on_removed=VALUES, grace=grace)
        again(around, *NAMES, state=state)

        ended = [again(around, "ada", "grace", state=state) for _ in range(grace + 1)]

        assert [each.outcomes.get("updated", 0) for each in ended] == [0] * grace + [1]

    def test_another_try_of_a_run(self, hubspot: Sandbox, around: Around, file: Path) -> None:
        """It is not another run: it reads the same source, minutes later."""
        again(around, *NAMES)
        again(around, "ada", "grace")

        around.try_number = 2
        assert removals(run(around, state=STATE)) == {"gone": 1}

        assert asked(file, "SELECT missing FROM hub WHERE missing > 0") == [(1,)]
        assert again(around, "ada", "grace").outcomes == {"updated": 1, "up_to_date": 2}

    def test_another_try_of_a_removal(self, hubspot: Sandbox, around: Around, file: Path) -> None:
        """What the first try has not removed, the second one does."""
        left(around, file, "ada", "grace")
        hubspot.use_faults({"rules": [{"kind": "status", "status": 500, "on": "*/batch/update"}]})
        assert again(around, "ada", "grace").outcomes == {"unavailable": 1, "up_to_date": 2}
        hubspot.use_faults({"rules": []})

        assert removals(run(around, state=STATE)) == {"gone": 1, "removed": 1}

    def test_a_row_that_returns_in_time(self, around: Around, file: Path) -> None:
        """It is up to date, and the runs that lacked it do not count any more."""
        left(around, file, "ada", "grace")

        assert again(around, *NAMES).outcomes == {"up_to_date": 3}
        assert removals(again(around, "ada", "grace")) == {"gone": 1}
        assert again(around, "ada", "grace").outcomes == {"updated": 1, "up_to_date": 2}

    def test_a_row_that_returns_too_late(self, hubspot: Sandbox, around: Around, file: Path) -> None:
        """It is looked up, as one that the state does not know."""
        left(around, file, "ada", "grace")
        again(around, "ada", "grace")

        assert again(around, *NAMES).outcomes == {"unchanged": 1, "up_to_date": 2}

    def test_values_that_a_contact_has(self, hubspot: Sandbox, around: Around, file: Path) -> None:
        """Nothing is written, and its key leaves the state."""
        left(around, file, "ada", "grace")
        contact = hubspot.portal.contact("joan@example.com")
        assert contact
        hubspot.portal.update(contact, VALUES)

        assert again(around, "ada", "grace").outcomes == {"unchanged": 1, "up_to_date": 2}
        assert asked(file, "SELECT count(*) FROM hub") == [(2,)]

    def test_a_contact_that_is_gone(self, hubspot: Sandbox, around: Around, file: Path) -> None:
        """Nothing is left to be done, and its key leaves the state."""
        left(around, file, "ada", "grace")
        contact = hubspot.portal.contact("joan@example.com")
        assert contact
        hubspot.portal.archive(contact)

        ended = again(around, "ada", "grace")

        assert ended.outcomes == {"unchanged": 1, "up_to_date": 2}
        assert removals(ended) == {"gone": 1, "removed": 1}
        assert asked(file, "SELECT count(*) FROM hub") == [(2,)]

    def test_a_removal_that_fails(self, hubspot: Sandbox, around: Around, file: Path) -> None:
        """It is an outcome like others, and is tried again by the next run."""
        left(around, file, "ada", "grace")
        hubspot.use_faults({"rules": [{"kind": "status", "status": 500, "on": "*/batch/update"}]})

        ended = again(around, "ada", "grace")

        assert ended.outcomes == {"unavailable": 1, "up_to_date": 2}
        assert "its row left the source; " in ended.reasons
        assert removals(ended) == {"gone": 1}
        hubspot.use_faults({"rules": []})
        assert removals(again(around, "ada", "grace")) == {"gone": 1, "removed": 1}

    def test_a_removal_that_stops_the_run(self, hubspot: Sandbox, around: Around, file: Path) -> None:
        """The report says why, as if it had been a row's write."""
        left(around, file, "ada", "grace")
        hubspot.use_faults({"rules": [{"kind": "status", "status": 401, "on": "*/batch/update"}]})

        ended = again(around, "ada", "grace")

        assert ended.outcomes == {"unauthorized": 1, "up_to_date": 2}
        assert "401" in ended.report["stopped"]

    def test_the_ledger_has_the_old_values(self, hubspot: Sandbox, around: Around, file: Path) -> None:
        """Under the contact's record id, with the reason."""
        contact = hubspot.portal.contact("joan@example.com")
        assert contact
        hubspot.portal.update(contact, {"city": "Rome"})
        left(around, file, "ada", "grace")

        again(around, "ada", "grace", ledger=Ledger("l", values=True))

        line = around.books.lines[0]
        told = [line[name] for name in ("row", "key", "outcome", "reason", "changes")]
        assert told == [3, contact.id, "updated", "its row left the source", {"city": ["Rome", "gone"]}]

    def test_a_dry_run(self, hubspot: Sandbox, around: Around, file: Path) -> None:
        """It tells what would be removed, and changes nothing."""
        left(around, file, "ada", "grace")
        before = asked(file, "SELECT * FROM hub"), asked(file, "SELECT * FROM hub_meta")

        ended = again(around, "ada", "grace", dry_run=True, ledger=Ledger("l"))

        assert ended.outcomes == {"not_attempted": 1, "up_to_date": 2}
        assert removals(ended) == {"gone": 1, "removed": 1}
        line = around.books.lines[0]
        assert (line["category"], line["reason"]) == (
            "WOULD_REMOVE",
            "its row left the source; dry run: would remove",
        )
        assert (asked(file, "SELECT * FROM hub"), asked(file, "SELECT * FROM hub_meta")) == before
        assert again(around, "ada", "grace").outcomes == {"updated": 1, "up_to_date": 2}

    def test_what_was_written_is_read_back(self, hubspot: Sandbox, around: Around, file: Path) -> None:
        """As for all other writes."""
        left(around, file, "ada", "grace")

        assert again(around, "ada", "grace", verify=True).report["verified"] == {"records": 1, "calls": 1}

    def test_keys_of_one_contact(self, hubspot: Sandbox, around: Around, file: Path) -> None:
        """They are one removal."""
        again(around, *NAMES)
        ada, *others = (hubspot.portal.contact(f"{name}@example.com") for name in NAMES)
        assert ada
        for other in filter(None, others):
            ada = hubspot.portal.merge(ada, other)
        asked(file, f"UPDATE hub SET record_id = '{ada.id}'")  # noqa: S608 - a number
        again(around, *rows_of_nobody(hubspot))
        source = rows_of_nobody(hubspot)

        given(around, source)
        ended = given(around, source, guards=Guards(removals=None))

        assert (ended.outcomes["updated"], removals(ended)["removed"]) == (1, 1)


def rows_of_nobody(hubspot: Sandbox) -> list[Any]:
    """A source that is not empty, and has none of the usual rows."""
    if not hubspot.portal.contact("other@example.com"):
        hubspot.portal.create({"email": "other@example.com"})
    return rows("other")


class TestArchive:
    def test_a_contact_that_this_sync_created(self, hubspot: Sandbox, around: Around, file: Path) -> None:
        """It is archived; what is in the ledger of it is enough to know whom it was."""
        usual: dict[str, Any] = {"state": ARCHIVE, "upsert": True}
        again(around, *NAMES, "mary", **usual)
        again(around, *NAMES, **usual)
        mary = hubspot.portal.contact("mary@example.com")
        assert mary

        ended = again(around, *NAMES, ledger=Ledger("l", values=True), **usual)

        assert ended.outcomes == {"archived": 1, "up_to_date": 3}
        assert hubspot.portal.contact("mary@example.com") is None
        line = around.books.lines[0]
        assert (line["key"], line["outcome"], line["status"]) == (mary.id, "archived", 204)
        assert line["changes"] == {"email": ["mary@example.com", ""], "firstname": ["B", ""]}
        assert removals(ended) == {"gone": 1, "removed": 1}
        assert asked(file, "SELECT count(*) FROM hub") == [(3,)]
        assert ended.ended
        assert ended.report["statuses"] == {"204": 1}

    def test_a_row_that_returns(self, hubspot: Sandbox, around: Around) -> None:
        """It is looked up, and its contact is made anew, which the report tells."""
        usual: dict[str, Any] = {"state": ARCHIVE, "upsert": True}
        for names in ((*NAMES, "mary"), NAMES, NAMES):
            again(around, *names, **usual)
        calls = len(paths(hubspot))

        assert again(around, *NAMES, "mary", **usual).outcomes == {"created": 1, "up_to_date": 3}
        assert paths(hubspot)[calls:] == ["read", "create"]

    def test_a_contact_that_is_archived_already(self, hubspot: Sandbox, around: Around, file: Path) -> None:
        """It is looked up before, and nothing is written."""
        usual: dict[str, Any] = {"state": ARCHIVE, "upsert": True}
        again(around, *NAMES, "mary", **usual)
        again(around, *NAMES, **usual)
        mary = hubspot.portal.contact("mary@example.com")
        assert mary
        hubspot.portal.archive(mary)
        calls = len(paths(hubspot))

        assert again(around, *NAMES, **usual).outcomes == {"unchanged": 1, "up_to_date": 3}
        assert paths(hubspot)[calls:] == ["read"]

    def test_a_contact_that_was_merged_into_another_one(
        self, hubspot: Sandbox, around: Around, file: Path
    ) -> None:
        """The other one is not this sync's to archive; the key leaves the state."""
        usual: dict[str, Any] = {"state": ARCHIVE, "upsert": True}
        again(around, *NAMES, "mary", **usual)
        again(around, *NAMES, **usual)
        ada, mary = (hubspot.portal.contact(f"{name}@example.com") for name in ("ada", "mary"))
        assert ada
        assert mary
        hubspot.portal.merge(ada, mary)

        ended = again(around, *NAMES, **usual)

        assert ended.outcomes == {"unchanged": 1, "up_to_date": 3}
        assert removals(ended) == {"gone": 1, "renamed": 1}
        assert hubspot.portal.contact("ada@example.com")
        assert asked(file, "SELECT count(*) FROM hub") == [(3,)]

    def test_a_dry_run(self, hubspot: Sandbox, around: Around) -> None:
        """It tells who would be archived."""
        usual: dict[str, Any] = {"state": ARCHIVE, "upsert": True}
        again(around, *NAMES, "mary", **usual)
        again(around, *NAMES, **usual)

        ended = again(around, *NAMES, dry_run=True, **usual)

        assert ended.outcomes == {"not_attempted": 1, "up_to_date": 3}
        assert ended.report["changes"][0]["properties"]["email"] == ["mary@example.com", ""]
        assert hubspot.portal.contact("mary@example.com")


class TestOrigins:
    """Which contacts are left alone."""

    @pytest.mark.parametrize(
        ("origin", "is_archived", "gets_values"),
        [("created", True, True), ("written", False, True), ("seen", False, False)],
    )
    def test_an_origin(
        self, around: Around, file: Path, origin: str, is_archived: bool, gets_values: bool
    ) -> None:
        """What this sync has not created is not archived; what it has only seen gets no values either."""
        left(around, file, "ada", "grace")
        asked(file, f"UPDATE hub SET origin = '{origin}'")  # noqa: S608 - one of the above

        ended = again(around, "ada", "grace", dry_run=True, state=ARCHIVE, upsert=True)
        assert removals(ended) == {"gone": 1, "removed" if is_archived else "left_alone": 1}
        ended = again(around, "ada", "grace")
        assert removals(ended) == {"gone": 1, "removed" if gets_values else "left_alone": 1}

    def test_the_origins_that_there_are(self, hubspot: Sandbox, around: Around, file: Path) -> None:
        """A contact that had all values is only seen."""
        given(around, [*rows("ada"), {"email": "joan@example.com", "firstname": "A"}])
        for _ in range(3):
            ended = given(around, rows("ada"))

        assert removals(ended) == {"gone": 1, "left_alone": 1}
        assert cities(hubspot)["joan"] is None
        assert asked(file, "SELECT origin, missing FROM hub ORDER BY 1") == [("seen", 2), ("written", None)]


class TestNobody:
    """Nobody is removed where a key may be missing that has not left the source. It is said why."""

    def spared(self, hubspot: Sandbox, ended: Told, why: str) -> None:
        assert removals(ended)["nobody_because"] == why
        assert "removed" not in removals(ended)
        assert set(cities(hubspot).values()) == {None}
        assert ended.ended
        assert [why in each for each in ended.ended.warnings] == [True]

    @pytest.mark.parametrize("settings", [{}, {"dry_run": True}])
    def test_an_empty_source(
        self, hubspot: Sandbox, around: Around, file: Path, settings: dict[str, Any]
    ) -> None:
        """It fails; without on_removed it is skipped."""
        left(around, file, "ada", "grace")

        ended = again(around, **settings)

        assert isinstance(ended.error, SourceError)
        assert "the source is empty, and on_removed is set: nobody is removed for that" in ended.says
        assert set(cities(hubspot).values()) == {None}
        assert removals(again(around, "ada", "grace")) == {"gone": 1, "removed": 1}
        assert again(around, state=State("sql://db/hub"), **settings).error is None

    @pytest.mark.parametrize(
        ("row", "why"),
        [
            ({"email": None, "firstname": "X"}, "a row has no usable key"),
            ({"firstname": "X"}, "a row has no usable key"),
            ("no row", "a row has no usable key"),
            ({"email": "joan@example.com", "firstname": object()}, "a row is not valid"),
            ({"email": "grace@example.com", "numemployees": "many"}, "a row is not valid"),
            ({"email": "not an address", "firstname": "X"}, "a row is not valid"),
        ],
    )
    def test_a_row_without_a_key_or_not_valid(
        self, hubspot: Sandbox, around: Around, file: Path, row: object, why: str
    ) -> None:
        """Whose row it is nobody knows; the run does not count either."""
        left(around, file, "ada", "grace")

        self.spared(hubspot, given(around, [*rows("ada", "grace"), row]), why)

        assert asked(file, "SELECT sum(missing) FROM hub") == [(1,)]

    def test_a_row_that_the_schema_does_not_allow(self, hubspot: Sandbox, around: Around, file: Path) -> None:
        """It is known only when the run has ended."""
        schema = {"properties": {"firstname": {"maxLength": 3}}}
        left(around, file, "ada", "grace", json_schema=schema)

        ended = given(
            around, [*rows("ada", "grace"), {"email": "x@y.z", "firstname": "long"}], json_schema=schema
        )

        self.spared(hubspot, ended, "a row is not valid")

    @pytest.mark.parametrize(
        ("settings", "part"),
        [
            ({"mapping": {"firstname": "lastname"}}, "mapping"),
            ({"writes": Writes(nulls="clear")}, "writes"),
        ],
    )
    def test_other_settings(
        self, hubspot: Sandbox, around: Around, file: Path, settings: dict[str, Any], part: str
    ) -> None:
        """For one completed run, which does not count."""
        left(around, file, "ada", "grace")

        ended = again(around, "ada", "grace", **settings)

        self.spared(hubspot, ended, f"changed since the last completed run: {part}")
        assert asked(file, "SELECT sum(missing) FROM hub") == [(1,)]
        assert removals(again(around, "ada", "grace", **settings)) == {"gone": 1, "removed": 1}

    def test_another_query(self, hubspot: Sandbox, around: Around, file: Path) -> None:
        """Rows that only an earlier query returned have not left its source."""

        def query(sql: str, *names: str) -> Told:
            return again(around, *names, source=Source(has_records=False, query=Query(sql, "db")))

        query("SELECT 1", *NAMES)
        query("SELECT 1", "ada", "grace")

        self.spared(hubspot, query("SELECT 2", "ada", "grace"), "changed since the last completed run: query")

        assert query("SELECT 2", "ada", "grace").outcomes == {"updated": 1, "up_to_date": 2}

    def test_a_state_without_a_completed_run(self, hubspot: Sandbox, around: Around, file: Path) -> None:
        """Its keys are those of runs that broke off."""
        left(around, file, "ada", "grace")
        asked(file, "UPDATE hub_meta SET settings = '{}'")

        self.spared(hubspot, again(around, "ada", "grace"), "no run with this state is completed yet")

    def test_a_run_that_stops_early(self, hubspot: Sandbox, around: Around, file: Path) -> None:
        """Its rows were not all sent; it is not completed."""
        left(around, file, "ada", "grace")
        hubspot.use_faults({"rules": [{"kind": "status", "status": 401, "on": "*/batch/update"}]})

        ended = given(around, rows("ada", "grace", city="Rome"))

        assert removals(ended)["nobody_because"] == "the run stopped early"
        hubspot.use_faults({"rules": []})
        assert set(cities(hubspot).values()) == {None}
        assert asked(file, "SELECT sum(missing) FROM hub") == [(1,)]

    def test_a_source_that_breaks_off(self, hubspot: Sandbox, around: Around, file: Path) -> None:
        """The rows before are sent, as without on_removed, and the task fails."""
        left(around, file, "ada", "grace")

        def broken() -> Iterator[dict[str, str]]:
            yield from rows("ada", city="Rome")
            raise OSError("the source is gone")

        around.given = broken()
        ended = run(around, state=STATE)

        assert isinstance(ended.error, OSError)
        assert ended.outcomes == {"updated": 1}
        assert cities(hubspot) == {"ada": "Rome", "grace": None, "joan": None}
        assert asked(file, "SELECT sum(missing) FROM hub") == [(1,)]


class TestRenamed:
    def test_a_new_address_in_source_and_portal(self, hubspot: Sandbox, around: Around, file: Path) -> None:
        """A row of the run has the contact: nothing is removed, and the old key leaves the state."""
        left(around, file, "ada", "grace")
        contact = hubspot.portal.contact("joan@example.com")
        assert contact
        hubspot.portal.update(contact, {"email": "new@example.com"})

        ended = again(around, "ada", "grace", "new")

        assert ended.outcomes == {"unchanged": 1, "up_to_date": 2}
        assert removals(ended) == {"gone": 1, "renamed": 1}
        assert asked(file, "SELECT count(*), sum(missing) FROM hub") == [(3, None)]
        assert set(cities(hubspot).values()) == {None}

    def test_another_key_of_the_state_has_the_contact(
        self, hubspot: Sandbox, around: Around, file: Path
    ) -> None:
        """It is known without a call."""
        left(around, file, "ada", "grace")
        asked(file, "UPDATE hub SET record_id = (SELECT record_id FROM hub WHERE missing = 1)")
        calls = len(paths(hubspot))

        ended = again(around, "ada", "grace")

        assert removals(ended) == {"gone": 1, "renamed": 1}
        assert len(paths(hubspot)) == calls
        assert asked(file, "SELECT count(*), sum(missing) FROM hub") == [(2, None)]

    def test_a_row_that_has_the_contact_and_proves_nothing(
        self, hubspot: Sandbox, around: Around, file: Path
    ) -> None:
        """Two of its keys are in the source, so that neither is in the state; the run has met the contact."""
        left(around, file, "ada", "grace")

        ended = again(around, "ada", "grace", "joan2", "joan3")

        assert ended.outcomes == {"unchanged": 2, "up_to_date": 2}
        assert removals(ended) == {"gone": 1, "renamed": 1}
        assert asked(file, "SELECT count(*) FROM hub") == [(2,)]
        assert set(cities(hubspot).values()) == {None}

    def test_a_new_row_that_does_not_end_well(self, hubspot: Sandbox, around: Around, file: Path) -> None:
        """It may be the one that left, by another name: removals wait, and the run counts."""
        left(around, file, "ada", "grace")

        ended = again(around, "ada", "grace", "new")

        assert ended.outcomes == {"not_found": 1, "up_to_date": 2}
        why = "1 new row is not written, and may have the contact of one that left"
        assert removals(ended) == {"gone": 1, "nobody_because": why}
        assert asked(file, "SELECT missing FROM hub WHERE missing > 0") == [(2,)]
        assert again(around, "ada", "grace").outcomes == {"updated": 1, "up_to_date": 2}

    def test_a_new_row_without_a_contact_that_may_have_none(
        self, hubspot: Sandbox, around: Around, file: Path
    ) -> None:
        """Whoever says that such rows are fine waits for none of them."""
        left(around, file, "ada", "grace")

        ended = again(around, "ada", "grace", "new", status_actions={"404": "skip"})

        assert removals(ended) == {"gone": 1, "removed": 1}

    def test_a_known_row_that_does_not_end_well(self, hubspot: Sandbox, around: Around, file: Path) -> None:
        """Its contact is known, and is another one."""
        left(around, file, "ada", "grace")
        contact = hubspot.portal.contact("grace@example.com")
        assert contact
        hubspot.portal.archive(contact)

        ended = given(around, [*rows("ada"), *rows("grace", city="Rome")])

        assert ended.outcomes == {"not_found": 1, "up_to_date": 1, "updated": 1}
        assert removals(ended) == {"gone": 1, "removed": 1}


class TestGuard:
    def test_too_many(self, hubspot: Sandbox, around: Around, file: Path) -> None:
        """It is on by default. Nothing at all is written, and no contact is read for that."""
        left(around, file, "ada")
        before = asked(file, "SELECT * FROM hub")
        calls = len(paths(hubspot))

        ended = given(around, rows("ada", "new", city="Rome"), ledger=Ledger("l"))

        assert isinstance(ended.error, GuardExceeded)
        assert (
            "2 removals of 3 keys of the state are more than guards.removals=0.1 allows: nothing was written"
            in ended.says
        )
        assert ended.outcomes == {"not_attempted": 2}
        assert [line["category"] for line in around.books.lines] == ["GUARD"] * 2
        assert all(line["digest"] for line in around.books.lines)
        assert len(paths(hubspot)) == calls
        assert asked(file, "SELECT * FROM hub") == before

    @pytest.mark.parametrize(
        ("removals", "is_allowed"),
        [(0.1, False), (0.67, True), (0.6, False), (1, False), (2, True), (0, False), (None, True)],
    )
    def test_its_sizes(self, around: Around, file: Path, removals: float | None, is_allowed: bool) -> None:
        """A share of the keys in the state, or a count; None for any number. Two of three are to go."""
        left(around, file, "ada")

        ended = again(around, "ada", guards=Guards(removals=removals))

        assert (ended.error is None) is is_allowed

    def test_a_share_always_allows_one(self, around: Around, file: Path) -> None:
        """Else nobody could leave a small state. A count of zero allows none."""
        left(around, file, "ada", "grace")

        assert again(around, "ada", "grace", guards=Guards(removals=0)).error
        assert not again(around, "ada", "grace", guards=Guards(removals=0.01)).error

    def test_a_dry_run(self, around: Around, file: Path) -> None:
        """It tells how many would be removed; nothing is written that the guard had to keep from it."""
        left(around, file, "ada")

        ended = again(around, "ada", dry_run=True)

        assert ended.error is None
        assert removals(ended) == {"gone": 2, "removed": 2}

    def test_what_it_does_not_count(self, hubspot: Sandbox, around: Around, file: Path) -> None:
        """Rows that are missing for the first time, that are left alone, or that no run may remove now."""
        again(around, *NAMES)
        guards = Guards(removals=0)
        assert not again(around, "ada", guards=guards).error
        asked(file, "UPDATE hub SET origin = 'seen' WHERE missing > 0")
        assert removals(again(around, "ada", guards=guards)) == {"gone": 2, "left_alone": 2}
        asked(file, "UPDATE hub SET origin = 'created'")

        ended = given(around, [*rows("ada"), {"email": ""}], guards=guards)

        assert ended.outcomes == {"up_to_date": 1, "invalid": 1}

    def test_a_source_that_is_cut(self, around: Around, file: Path) -> None:
        """The error says that rows may be missing, and which setting removes these; that one does."""
        left(around, file, "ada")

        says = again(around, "ada", "ada").says

        assert "nothing was written. The state has contacts of 1 of the source's 1 key. Rows may be" in says
        assert "missing in the source. If the rows of these contacts did leave the source, set" in says
        assert "set guards.removals to 2 once; to remove nobody, begin a new state with `hubcontact" in says
        assert removals(again(around, "ada", guards=Guards(removals=2))) == {"gone": 2, "removed": 2}

    @pytest.mark.parametrize("is_reset", [False, True])
    def test_a_state_that_somebody_has_emptied(self, around: Around, file: Path, *, is_reset: bool) -> None:
        """But for two keys, which are all that it has: the error says so, and both ways out lead out."""
        people = [f"p{number}" for number in range(40)]
        for those in (people, people[2:]):
            again(around, *those, upsert=True)
        asked(file, "DELETE FROM hub WHERE missing IS NULL OR missing = 0")

        says = [again(around, *people[2:], upsert=True).says for _ in range(2)]  # it does not pass by itself

        assert says[0] == says[1]
        assert (
            "2 removals of 2 keys of the state are more than guards.removals=0.1 allows: nothing" in says[0]
        )
        assert (
            "The state has contacts of 0 of the source's 38 keys. Rows may be missing in the source, or"
            in says[0]
        )
        assert "somebody may have emptied the state's table hub, or put another one in its place." in says[0]
        settings: dict[str, Any] = {"upsert": True}
        if is_reset:
            with around.state_database("db") as database:
                StateCare(database, "hub").reset()
        else:
            settings["guards"] = Guards(removals=2)
        ended = again(around, *people[2:], **settings)
        assert ended.outcomes == ({"unchanged": 38} if is_reset else {"unchanged": 38, "updated": 2})
        assert again(around, *people[2:], upsert=True).outcomes == {"up_to_date": 38}

    def test_beside_other_guards(self, hubspot: Sandbox, around: Around, file: Path) -> None:
        """Each counts its own."""
        left(around, file, "ada", "grace")

        ended = given(around, rows("ada", "grace", city="Rome"), guards=Guards(changes=1))
        assert isinstance(ended.error, GuardExceeded)
        assert set(cities(hubspot).values()) == {None}
        ended = again(around, "ada", "grace", guards=Guards(changes=1))

        assert ended.outcomes == {"updated": 1, "up_to_date": 2}


WRONG: list[Any] = [{}, "delete", {"city": 1}, {" ": "x"}, ["city"]]


class TestPreflight:
    @pytest.mark.parametrize(
        ("values", "says"),
        [
            (
                {"cty": "x"},
                "state.on_removed names cty, a property that the portal does not have (the nearest is",
            ),
            ({"cty": "x"}, "correct the name, or set writes.create_properties"),
            ({"createdate": "2020-01-01"}, "HubSpot sets createdate itself"),
            ({"lifecyclestage": "nothing"}, "state.on_removed: lifecyclestage: `nothing` is not an option"),
            ({"numemployees": "many"}, "state.on_removed: "),
            ({"email": "x@y.z"}, "state.on_removed names email, by which contacts are found"),
            ({"hs_object_id": "1"}, "state.on_removed names hs_object_id, by which contacts are found"),
            ("archive", "state.on_removed='archive' has no effect without upsert=True"),
        ],
    )
    def test_what_cannot_be_done(self, around: Around, values: Any, says: str) -> None:
        """It is told before anything is sent."""
        ended = again(around, *NAMES, state=State("sql://db/hub", on_removed=values))

        assert isinstance(ended.error, PreflightError)
        assert says in ended.says
        assert ended.outcomes == {"not_attempted": 3}

    def test_values_in_the_form_of_their_properties(
        self, hubspot: Sandbox, around: Around, file: Path
    ) -> None:
        """As those of rows are written."""
        state = State("sql://db/hub", on_removed={"hs_facebook_ad_clicked": "FALSE"})
        left(around, file, "ada", "grace", state=state)

        ended = again(around, "ada", "grace", state=state)

        assert ended.report["changes"][0]["properties"] == {"hs_facebook_ad_clicked": [None, "false"]}

    @pytest.mark.parametrize(
        ("settings", "says"),
        [
            ({"state": State("sql://db/hub", grace=2)}, "state.grace has no effect without state.on_removed"),
            ({"state": State("sql://db/hub", on_removed=VALUES, grace=-1)}, "state.grace must be a number"),
            ({"state": State("sql://db/hub", on_removed=VALUES, grace=True)}, "state.grace must be a number"),
            (
                {"state": State("sql://db/hub"), "guards": Guards(removals=5)},
                "guards.removals has no effect without state.on_removed",
            ),
            *(
                (
                    {"state": State("sql://db/hub", on_removed=values)},
                    f"properties to texts, or be 'archive' or 'leave_list', not {values!r}",
                )
                for values in WRONG
            ),
            ({"guards": Guards(removals=1.5)}, "guards.removals must be a count or a share below 1"),
        ],
    )
    def test_settings(self, around: Around, settings: dict[str, Any], says: str) -> None:
        """Each is checked, and one without an effect is a mistake."""
        assert says in again(around, *NAMES, **settings).says


def test_a_source_that_can_be_read_once(hubspot: Sandbox, around: Around, file: Path) -> None:
    """It is read ahead, and what is to be created is known by its first rows."""
    left(around, file, "ada", "grace")
    around.given = iter([{**row, "score": 5} for row in rows("ada", "grace")])

    ended = run(around, state=STATE, writes=Writes(create_properties=True))

    assert ended.report["properties_created"] == ["score"]
    assert hubspot.portal.definitions["score"].type == "number"


def test_signs_of_life(around: Around, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that reads a long source ahead is not taken for dead."""
    monkeypatch.setattr(read_ahead, "CHUNK", 1)
    monkeypatch.setattr("airflow_provider_hubcontact.job.source.rows.FIRST_ROWS", 0)
    again(around, *NAMES)
    seen: list[Any] = []

    def source() -> Iterator[dict[str, str]]:
        yield from rows("ada")
        asked(file, "UPDATE hub_meta SET seen_at = 0")
        yield from rows("grace")
        seen.extend(asked(file, "SELECT seen_at > 0 FROM hub_meta"))
        yield from rows("joan")

    around.given = source()
    assert run(around, state=STATE).outcomes == {"up_to_date": 3}
    assert seen == [(1,)]


def test_signs_of_life_while_keys_are_compared(
    around: Around, file: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A state may have many pages."""
    again(around, *NAMES)
    monkeypatch.setattr("airflow_provider_hubcontact.job.state.removals.removals.PAGE", 1)
    page = Tables.page
    seen: list[Any] = []

    def paged(tables: Tables, after: str, size: int) -> Statement:
        seen.extend(asked(file, "SELECT seen_at > 0 FROM hub_meta"))
        asked(file, "UPDATE hub_meta SET seen_at = 0")
        return page(tables, after, size)

    monkeypatch.setattr(Tables, "page", paged)
    caplog.set_level(logging.INFO)

    assert again(around, *NAMES).outcomes == {"up_to_date": 3}
    assert seen == [(1,)] * 4
    assert "3 rows are read; now their keys are compared with the state's." in caplog.text


def test_a_key_that_nobody_had(hubspot: Sandbox, around: Around, file: Path) -> None:
    """There is no contact to remove; if its row does not end well, its contact is unknown as before."""
    state = State("sql://db/hub", on_removed=VALUES, absent=30)
    usual: dict[str, Any] = {"state": state, "status_actions": {"404": "skip"}}
    again(around, *NAMES, "nobody", **usual)
    assert removals(again(around, *NAMES, **usual)) == {}

    again(around, "ada", "grace", "nobody", **usual)
    hubspot.use_faults({"rules": [{"kind": "status", "status": 500, "on": "*/batch/read", "count": 1}]})
    ended = given(around, [*rows("ada", "grace"), *rows("nobody", city="x")], **usual)

    assert ended.outcomes == {"unavailable": 1, "up_to_date": 2}
    assert "1 new row is not written" in removals(ended)["nobody_because"]


def test_it_is_logged(around: Around, file: Path, caplog: pytest.LogCaptureFixture) -> None:
    """How many left, and what became of them."""
    with caplog.at_level(logging.INFO):
        left(around, file, "ada", "grace")
        again(around, "ada", "grace")

    assert "Rows that left the source: 1. Their contacts: 0 removed, 0 renamed, 0 left alone." in caplog.text
    assert "Rows that left the source: 1. Their contacts: 1 removed, 0 renamed, 0 left alone." in caplog.text


class TestRowsThatWereReadAhead:
    """Each has an outcome, however the run ends."""

    @pytest.mark.parametrize("at", range(5))
    def test_a_claim_that_is_lost(
        self, around: Around, file: Path, monkeypatch: pytest.MonkeyPatch, at: int
    ) -> None:
        """While the source is read ahead, or later."""
        again(around, *NAMES)
        monkeypatch.setattr(proof_gate, "CHUNK", 1)
        lose_claim(monkeypatch, at)

        ended = given(around, [*rows(*NAMES, city="Rome"), {"email": ""}], ledger=Ledger("l"))

        assert isinstance(ended.error, ClaimLost)
        assert ended.outcomes == {"not_attempted": 3, "invalid": 1}
        assert [line["digest"] is None for line in around.books.lines].count(True) == 1

    @pytest.mark.parametrize("settings", [{}, {"guards": Guards(changes=9)}])
    def test_a_run_that_stops(
        self, hubspot: Sandbox, around: Around, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any]
    ) -> None:
        """The reason is told of the rows that it has not come to."""
        monkeypatch.setattr(proof_gate, "CHUNK", 1)
        built = SyncBuilder.sync
        monkeypatch.setattr(
            SyncBuilder, "sync", lambda *args, **named: replace(built(*args, **named), max_in_flight=1)
        )
        hubspot.use_faults({"rules": [{"kind": "status", "status": 401, "on": "*/batch/update"}]})

        ended = again(around, *NAMES, **settings)

        assert ended.error is None
        assert ended.outcomes == {"unauthorized": 1, "not_attempted": 2}
        assert ended.reasons.count("the run stopped: ") == 2

    @pytest.mark.parametrize("settings", [{}, {"guards": Guards(changes=9)}])
    def test_a_portal_that_is_not_ready(
        self, hubspot: Sandbox, around: Around, file: Path, settings: dict[str, Any]
    ) -> None:
        """Nothing is sent."""
        around.given = [{**row, "score": 5} for row in rows(*NAMES)]
        hubspot.use_faults({"rules": [{"kind": "status", "status": 403, "on": "POST */properties/*"}]})

        ended = run(around, state=STATE, writes=Writes(create_properties=True), **settings)

        assert isinstance(ended.error, PortalNotReady)
        assert ended.outcomes == {"not_attempted": 3}
        assert "the run stopped: PortalNotReady" in ended.reasons


class TestPlans:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        return tmp_path / "plan"

    def made(self, around: Around, file: Path, folder: Path, **settings: Any) -> Told:
        """Make a plan that removes Joan and changes Ada."""
        left(around, file, "ada", "grace")
        around.given = [*rows("ada", lastname="L"), *rows("grace")]
        around.run_id += " of a plan"
        return plan(around, folder, **{"state": STATE, **settings})

    def test_a_plan(self, hubspot: Sandbox, around: Around, file: Path, folder: Path) -> None:
        """It has a line for each removal, and changes nothing of the state."""
        ended = self.made(around, file, folder)

        totals = ended.report["plan"]
        assert [totals[name] for name in ("rows", "changes", "creates", "removals")] == [3, 1, 0, 1]
        assert totals["calls"] == 4
        joan = hubspot.portal.contact("joan@example.com")
        assert joan
        lines = map(orjson.loads, (folder / "part-000001.jsonl").read_bytes().splitlines())
        line = next(line for line in lines if line["row"] == 3)
        assert (line["key"], line["write"], line["changes"]) == (
            joan.id,
            "remove",
            {"city": [None, "gone"]},
        )
        assert asked(file, "SELECT sum(missing), count(content_digest) FROM hub") == [(1, 3)]

    def test_it_is_applied(self, hubspot: Sandbox, around: Around, file: Path, folder: Path) -> None:
        """The contact gets the values, last, and its key leaves the state."""
        self.made(around, file, folder)

        ended = apply(around, folder)

        assert ended.outcomes == {"updated": 2}
        assert cities(hubspot) == {"ada": None, "grace": None, "joan": "gone"}
        assert asked(file, "SELECT count(*), count(content_digest) FROM hub") == [(2, 1)]

    @pytest.mark.parametrize("is_archive", [False, True])
    def test_another_try(
        self, hubspot: Sandbox, around: Around, file: Path, folder: Path, is_archive: bool
    ) -> None:
        """What the first try has removed ends well after a look-up; the guard counts it as before."""
        how: dict[str, Any] = {"state": ARCHIVE, "upsert": True} if is_archive else {"state": STATE}
        people = [f"p{number}" for number in range(20)]
        for name in () if is_archive else people:
            hubspot.portal.create({"email": f"{name}@example.com"})
        for those in (people, people[2:]):
            again(around, *those, **how)
        around.given = rows(*people[2:])
        around.run_id += " of a plan"
        assert plan(around, folder, **how).report["plan"]["removals"] == 2
        first = apply(around, folder)
        around.try_number = 2

        second = apply(around, folder)

        assert (first.outcomes, first.error) == ({"archived" if is_archive else "updated": 2}, None)
        assert (second.outcomes, second.error) == ({"unchanged": 2}, None)
        assert asked(file, "SELECT count(*) FROM hub") == [(18,)]

    def test_an_archive(self, hubspot: Sandbox, around: Around, file: Path, folder: Path) -> None:
        """Likewise; it is told whom it would be, and nobody is archived who has changed since."""
        usual: dict[str, Any] = {"state": ARCHIVE, "upsert": True}
        for names in ((*NAMES, "mary", "eve"), NAMES):
            again(around, *names, **usual)
        around.given = rows(*NAMES)
        around.run_id += " of a plan"
        plan(around, folder, guards=Guards(removals=2), **usual)
        eve = hubspot.portal.contact("eve@example.com")
        assert eve
        hubspot.portal.update(eve, {"firstname": "Eva"})

        assert apply(around, folder).outcomes == {"archived": 1, "conflict": 1}
        assert hubspot.portal.contact("mary@example.com") is None
        assert asked(file, "SELECT count(*) FROM hub") == [(4,)]

    @pytest.mark.parametrize("how", ["row", "key", "moved", "another state"])
    def test_a_row_that_came_back(
        self, hubspot: Sandbox, around: Around, file: Path, folder: Path, how: str
    ) -> None:
        """Its contact is left alone."""
        self.made(around, file, folder)
        if how == "row":
            again(around, *NAMES)
        elif how == "key":
            another = "'x', NULL, record_id, origin, 0, 0, NULL"
            asked(file, f"INSERT INTO hub SELECT {another} FROM hub WHERE missing")  # noqa: S608 - as it is
        elif how == "moved":
            asked(file, "DELETE FROM hub WHERE missing")
        else:  # its digests are made with another key
            file.unlink()

        ended = apply(around, folder)

        assert ended.outcomes == {"updated": 1, "conflict": 1}
        why = (
            "the state does not know the row that left any more"
            if how in {"moved", "another state"}
            else "the contact has a row"
        )
        assert f"the plan is out of date: {why}" in ended.reasons
        assert set(cities(hubspot).values()) == {None}

    def test_a_guard(self, hubspot: Sandbox, around: Around, file: Path, folder: Path) -> None:
        """It is checked when the plan is applied; all records end ``not_attempted``."""
        self.made(around, file, folder, guards=Guards(removals=0))

        ended = apply(around, folder)

        assert isinstance(ended.error, GuardExceeded)
        assert "1 removal of 3 keys of the state is more than guards.removals=0 allows" in ended.says
        assert ended.outcomes == {"not_attempted": 2}
        assert set(cities(hubspot).values()) == {None}

    def test_a_guard_that_trips(self, around: Around, file: Path, folder: Path) -> None:
        """The error tells what to do: another plan with another guard is applied."""
        left(around, file, "ada")
        around.run_id += "'"
        plan(around, folder, state=STATE)

        says = apply(around, folder).says

        assert (
            "nothing was written. Rows may have been missing in the source when the plan was made. If" in says
        )
        assert "make the plan again with guards.removals set to 2" in says
        plan(around, folder, state=STATE, guards=Guards(removals=2))
        assert apply(around, folder).outcomes == {"updated": 2}

    @pytest.mark.parametrize("is_file", [False, True])
    def test_a_state_that_somebody_has_emptied(
        self, hubspot: Sandbox, around: Around, file: Path, folder: Path, *, is_file: bool
    ) -> None:
        """The error says so. A plan that is made again removes nobody, since the new state knows nobody."""
        left(around, file, "ada")
        around.run_id += "'"
        plan(around, folder, state=STATE, guards=Guards(removals=0.5))
        if is_file:
            file.unlink()
        else:
            asked(file, "DELETE FROM hub")

        ended = apply(around, folder)

        assert ended.outcomes == {"not_attempted": 2}
        assert (
            "nothing was written. The state lacks 2 of these contacts: somebody may have emptied"
            in ended.says
        )
        assert "the state's table hub, or put another one in its place. Make the plan again" in ended.says
        plan(around, folder, state=STATE, guards=Guards(removals=0.5))
        assert apply(around, folder).error is None
        assert set(cities(hubspot).values()) == {None}

    def test_a_run_that_stops(self, hubspot: Sandbox, around: Around, file: Path, folder: Path) -> None:
        """Removals come last, so that none is sent."""
        self.made(around, file, folder)
        hubspot.use_faults({"rules": [{"kind": "status", "status": 401, "on": "*/batch/update", "count": 1}]})

        ended = apply(around, folder)

        assert ended.outcomes == {"unauthorized": 1, "not_attempted": 1}
        assert set(cities(hubspot).values()) == {None}

    @pytest.mark.parametrize("at", [2, 5, 6, 7, 8])
    def test_a_claim_that_is_lost(
        self, around: Around, file: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, at: int
    ) -> None:
        """While the rows are sent, or the contacts removed: each line has an outcome all the same."""
        monkeypatch.setattr(proof_gate, "CHUNK", 1)
        left(around, file, "ada")
        around.given = rows("ada", lastname="L")
        around.run_id += " of a plan"
        plan(around, folder, state=STATE, guards=Guards(removals=2))
        lose_claim(monkeypatch, at)

        ended = apply(around, folder)

        assert isinstance(ended.error, ClaimLost)
        assert sum(ended.outcomes.values()) == 3
        assert "its row left the source; the run stopped: " in ended.reasons

    def test_a_new_row_that_is_not_written(self, hubspot: Sandbox, around: Around, folder: Path) -> None:
        """It may have the contact of the row that left, so that nobody is archived."""
        how: dict[str, Any] = {"state": ARCHIVE, "upsert": True}
        for names in ((*NAMES, "mary"), NAMES):
            again(around, *names, **how)
        around.given = rows(*NAMES, "mary.new")
        around.run_id += " of a plan"
        plan(around, folder, **how)
        hubspot.use_faults({"rules": [{"kind": "status", "status": 500, "on": "*/batch/create"}]})

        ended = apply(around, folder)

        assert ended.outcomes == {"unavailable": 1, "not_attempted": 1}
        assert "its row left the source; 1 new row is not written, and may have" in ended.reasons
        assert hubspot.portal.contact("mary@example.com")

    def test_another_try_after_the_row_came_back(
        self, hubspot: Sandbox, around: Around, file: Path, folder: Path
    ) -> None:
        """Its key is that of another contact by now, and stays in the state."""
        how: dict[str, Any] = {"state": ARCHIVE, "upsert": True}
        for names in ((*NAMES, "mary"), NAMES):
            again(around, *names, **how)
        around.given = rows(*NAMES)
        around.run_id += " of a plan"
        plan(around, folder, **how)
        assert apply(around, folder).outcomes == {"archived": 1}
        assert again(around, *NAMES, "mary", **how).outcomes == {"created": 1, "up_to_date": 3}

        around.try_number = 2
        assert apply(around, folder).outcomes == {"unchanged": 1}

        origins = "SELECT count(*) FROM hub WHERE origin = 'created'"
        assert asked(file, origins) == [(1,)]
        assert again(around, *NAMES, "mary", **how).outcomes == {"unchanged": 1, "up_to_date": 3}
        assert asked(file, origins) == [(1,)]

    @pytest.mark.parametrize("is_lost", [True, False])
    def test_a_state_that_cannot_be_asked_any_more(
        self, around: Around, file: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, is_lost: bool
    ) -> None:
        """Nothing is said about the contacts: their removals are not attempted, and the task fails."""
        self.made(around, file, folder)

        def fails(*_: object) -> bool:
            raise ClaimLost("it is another run's") if is_lost else StateError("locked", may_pass=True)

        monkeypatch.setattr(Removals, "_has_row", fails)

        ended = apply(around, folder)

        assert type(ended.error) is (ClaimLost if is_lost else StateError)
        assert ended.outcomes == {"updated": 1, "not_attempted": 1}

    def test_a_signal(
        self, around: Around, file: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It ends the run from outside: the removals have an outcome all the same."""
        self.made(around, file, folder)
        report = Report()

        def timeout(*_: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(Run, "write", timeout)
        with pytest.raises(KeyboardInterrupt):
            apply_plan(str(folder), None, around, report, StopSignal())

        assert (report.rows, report.removals, report.tally) == (1, 1, {(Outcome.NOT_ATTEMPTED, None): 1})

    @pytest.mark.parametrize("stops", [False, True])
    def test_a_plan_that_is_not_carried_out(
        self, hubspot: Sandbox, around: Around, file: Path, folder: Path, stops: bool
    ) -> None:
        """Its removals count as such: they do not make room for more failures."""
        self.made(around, file, folder, guards=Guards(removals=1 if stops else 0))
        hubspot.use_faults({"rules": [{"kind": "status", "status": 401, "on": "*/batch/update", "count": 1}]})
        report = Report()

        with nullcontext() if stops else pytest.raises(GuardExceeded):
            apply_plan(str(folder), None, around, report, StopSignal())

        assert (report.rows, report.removals) == (2, 1)

    def test_a_plan_without_a_state(self, around: Around, file: Path, folder: Path) -> None:
        """Nobody could tell who has come back: it is refused."""
        self.made(around, file, folder)
        manifest = Manifest.parse((folder / "plan.json").read_bytes())
        forged = manifest._replace(settings={**manifest.settings, "state": None})
        (folder / "plan.json").write_bytes(forged.encode())

        ended = apply(around, folder)

        assert isinstance(ended.error, PlanError)
        assert "keeps no state with on_removed" in ended.says
        assert ended.outcomes == {"not_attempted": 2}


class TestContactsWithAnotherKey:
    def test_an_address_that_this_sync_has_set(self, hubspot: Sandbox, around: Around, file: Path) -> None:
        """The state has the old one: it is the contact of the row all the same."""
        how: dict[str, Any] = {"key": Key("email", becomes="new")}
        moved = [{**row, "new": f"new.{row['email']}"} for row in rows(*NAMES)]
        given(around, moved, **how)
        given(around, moved[:2], **how)

        ended = given(around, moved[:2], **how)

        assert removals(ended) == {"gone": 1, "removed": 1}
        assert cities(hubspot)["new.joan"] == "gone"

    def test_a_key_with_a_semicolon(self, hubspot: Sandbox, around: Around, file: Path) -> None:
        """It is one key."""
        name = "customer_number"
        unique = replace(hubspot.portal.definitions["city"], name=name, type="string", unique=True)
        hubspot.portal.define(unique)
        how: dict[str, Any] = {"key": Key(name, property=name)}
        those = [{name: f"R;{number}", "firstname": "B"} for number in range(3)]
        for contact, row in zip(hubspot.portal.contacts.values(), those, strict=True):
            hubspot.portal.update(contact, {name: row[name]})
        given(around, those, **how)
        given(around, those[:2], **how)

        assert removals(given(around, those[:2], **how)) == {"gone": 1, "removed": 1}


class TestContactsThatHaveARow:
    """Rows that are up to date are not read: only the look-up of a removal shows whose contact it is."""

    CREATED: ClassVar[dict[str, Any]] = {"state": ARCHIVE, "upsert": True}

    def test_a_contact_with_the_address_of_a_row(self, hubspot: Sandbox, around: Around) -> None:
        """By hand, the contact of a row that left got the address of one that is up to date."""
        for names in ((*NAMES, "mary"), NAMES):
            again(around, *names, **self.CREATED)
        readdressed(hubspot, "mary", "ada")

        ended = again(around, *NAMES, **self.CREATED)

        assert ended.outcomes == {"unchanged": 1, "up_to_date": 3}
        assert removals(ended) == {"gone": 1, "renamed": 1}
        assert hubspot.portal.contact("ada@example.com")

    def test_a_contact_that_was_merged_with_that_of_a_row(self, hubspot: Sandbox, around: Around) -> None:
        """The row is up to date, and the other one was written once more before it left."""
        again(around, *NAMES)
        portal = hubspot.portal
        ada, joan = (portal.contact(f"{name}@example.com") for name in ("ada", "joan"))
        assert ada
        assert joan
        portal.merge(ada, joan)
        given(around, [*rows("ada", "grace"), *rows("joan", lastname="new")])
        again(around, "ada", "grace")

        ended = again(around, "ada", "grace")

        assert "removed" not in removals(ended)
        assert cities(hubspot)["ada"] is None

    def test_a_row_whose_look_up_fails(self, hubspot: Sandbox, around: Around) -> None:
        """Nobody knows which contact it has, until the removal is looked up."""
        for names in ((*NAMES, "mary"), NAMES):
            again(around, *names, **self.CREATED)
        readdressed(hubspot, "mary", "ada")
        hubspot.use_faults({"rules": [{"kind": "status", "status": 500, "on": "*/batch/*", "count": 1}]})

        ended = given(around, [*rows("ada", lastname="x"), *rows("grace", "joan")], **self.CREATED)

        assert ended.outcomes["unavailable"] == 1
        assert "removed" not in removals(ended)
        assert hubspot.portal.contact("ada@example.com")

    def test_a_plan(self, hubspot: Sandbox, around: Around, file: Path, tmp_path: Path) -> None:
        """Between making and applying it, the contact got the address of a row."""
        left(around, file, "ada", "grace")
        around.given = rows("ada", "grace")
        around.run_id += " of a plan"
        plan(around, tmp_path / "plan", state=STATE)
        readdressed(hubspot, "joan", "ada")

        ended = apply(around, tmp_path / "plan")

        assert ended.outcomes == {"unchanged": 1}
        assert set(cities(hubspot).values()) == {None}


class TestOtherContacts:
    """A record id that is another contact's: of a portal that was restored, say."""

    def restored(self, hubspot: Sandbox, name: str, address: str) -> None:
        """Let the contact of a row be that of another person."""
        contact = hubspot.portal.contact(f"{name}@example.com")
        assert contact
        hubspot.portal.update(contact, {"email": address})

    @pytest.mark.parametrize("how", [{"state": STATE}, {"state": ARCHIVE, "upsert": True}])
    def test_a_contact_without_the_key_of_the_row(
        self, hubspot: Sandbox, around: Around, file: Path, how: dict[str, Any]
    ) -> None:
        """It is left alone, once, with the reason; the key leaves the state."""
        left(around, file, "ada", "grace", **how)
        asked(file, "UPDATE hub SET origin = 'created'")
        self.restored(hubspot, "joan", "another@example.com")

        ended = again(around, "ada", "grace", **how, ledger=Ledger("l"))

        assert ended.outcomes == {"unchanged": 1, "up_to_date": 2}
        assert removals(ended) == {"gone": 1, "left_alone": 1}
        line = around.books.lines[0]
        reason = "its row left the source; the contact does not have the row's key any more: it is left alone"
        assert (line["category"], line["reason"]) == ("OTHER_KEY", reason)
        assert cities(hubspot)["another"] is None
        assert asked(file, "SELECT count(*) FROM hub") == [(2,)]

    def test_a_row_with_another_address_of_its_contact(
        self, hubspot: Sandbox, around: Around, file: Path
    ) -> None:
        """It is one of the contact's keys."""
        again(around, "ada", "joan2")
        again(around, "ada")

        assert removals(again(around, "ada")) == {"gone": 1, "removed": 1}

    def test_a_row_with_a_record_id(self, hubspot: Sandbox, around: Around, file: Path) -> None:
        """The contact is found by its key itself."""
        ids = [each.id for each in hubspot.portal.contacts.values()]
        for those in (ids, ids[:2], ids[:2]):
            source = [{"id": each, "firstname": "B"} for each in those]
            ended = given(around, source, key=Key("id", "hs_object_id"))

        assert removals(ended) == {"gone": 1, "removed": 1}

    @pytest.mark.parametrize("value", ["7", "007.0"])
    def test_a_row_with_a_key_of_another_property(
        self, hubspot: Sandbox, around: Around, file: Path, value: str
    ) -> None:
        """Compared in its normal form."""
        hubspot.portal.define(
            replace(hubspot.portal.definitions["numemployees"], name="no", type="number", unique=True)
        )
        for number, each in enumerate(hubspot.portal.contacts.values(), 5):
            hubspot.portal.update(each, {"no": str(number)})
        for those in (["5", "6", value], ["5", "6"], ["5", "6"]):
            source = [{"no": each, "firstname": "B"} for each in those]
            ended = given(around, source, key=Key("no", "no"))

        assert removals(ended) == {"gone": 1, "removed": 1}


def readdressed(hubspot: Sandbox, name: str, other: str) -> None:
    """Delete a contact, and give its address to another one, as people do by hand."""
    portal = hubspot.portal
    contact, gone = (portal.contact(f"{each}@example.com") for each in (name, other))
    assert contact
    assert gone
    portal.archive(gone)
    portal.update(contact, {"email": f"{other}@example.com"})


class TestDoubts:
    """What else keeps a key that a run lacks from counting as one that left."""

    def test_properties_that_cannot_be_read(self, hubspot: Sandbox, around: Around, file: Path) -> None:
        """The form of a key depends on its definition."""
        left(around, file, "ada", "grace")
        hubspot.use_faults({"rules": [{"kind": "status", "status": 403, "on": "*/properties/*"}]})

        ended = again(around, "ada", "grace")

        assert removals(ended)["nobody_because"] == "changed since the last completed run: properties"
        assert "removed" not in removals(ended)

    def test_a_run_without_on_removed_in_between(self, around: Around, file: Path) -> None:
        """It does not count rows, so that the key may have been there."""
        left(around, file, "ada", "grace")
        again(around, *NAMES, state=State("sql://db/hub"))

        assert "removed" not in removals(again(around, "ada", "grace"))

    def test_an_older_run_that_is_cleared(self, around: Around) -> None:
        """It has read the source before the last one, and is not another run."""
        for run_id, names in (
            ("dag/mon", NAMES),
            ("dag/tue", ("ada", "grace")),
            ("dag/mon", ("ada", "grace")),
        ):
            around.run_id, around.given = run_id, rows(*names)
            ended = run(around, state=STATE)

        assert "removed" not in removals(ended)

    def test_another_task_with_the_same_state(self, around: Around) -> None:
        """Its rows are others."""
        for run_id, names in (
            ("a/1", NAMES),
            ("a/2", NAMES),
            ("b/1", ("ada",)),
            ("a/3", NAMES),
            ("b/2", ("ada",)),
        ):
            around.run_id, around.given = run_id, rows(*names)
            ended = run(around, state=STATE)
            assert "removed" not in removals(ended)

    def test_keys_without_a_contact_do_not_enlarge_the_share(self, around: Around) -> None:
        """A tenth is one of those that have a contact."""
        state = State("sql://db/hub", on_removed=VALUES, absent=30)
        settings: dict[str, Any] = {"state": state, "status_actions": {"404": "skip"}}
        nobody = [f"nobody{number}" for number in range(40)]
        again(around, *NAMES, *nobody, **settings)
        again(around, *nobody, **settings)

        ended = again(around, *nobody, **settings)

        assert isinstance(ended.error, GuardExceeded)

    def test_a_state_that_cannot_be_read(
        self, around: Around, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """All rows that were read have an outcome."""

        def fails(_: Removals) -> Iterator[Any]:
            raise StateError("the database is gone")
            yield

        left(around, file, "ada", "grace")
        monkeypatch.setattr(Removals, "_pages", fails)

        ended = again(around, "ada", "grace")

        assert isinstance(ended.error, StateError)
        assert ended.outcomes == {"not_attempted": 2}


def test_a_share_of_failures_is_one_of_the_rows(around: Around, file: Path) -> None:
    """Removals do not make room for more failures."""
    left(around, file, "ada", "grace")
    around.given = rows("ada", "grace")
    around.run_id += " next"
    report = Report()

    update(Settings(state=STATE), around, report, StopSignal())

    assert (report.rows, report.removals) == (3, 1)
    report.removals = 20
    report.tally.update({(Outcome.NOT_FOUND, 404): 1, (Outcome.UPDATED, 200): 19})
    assert decided(Policy.of({}, 0.1), report, None).action is Action.FAIL
