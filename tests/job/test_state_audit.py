# SPDX-License-Identifier: Apache-2.0
"""Contacts that are not written are read back in time, and what somebody has edited is found."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_hubcontact.job.errors import GuardExceeded
from airflow_provider_hubcontact.job.settings.guards import Guards
from airflow_provider_hubcontact.job.settings.ledger import Ledger
from airflow_provider_hubcontact.job.settings.state import State
from airflow_provider_hubcontact.job.state.audit import DAY, Ages, Clockwork, Selection, selection
from airflow_provider_hubcontact.sandbox import Sandbox
from tests.job.around import Around, Told, apply, plan, run

NOW = 1_000 * DAY


def chosen(
    times: list[int], *, last: int | None = NOW - DAY, days: float = 30, calls_left: int | None = None
) -> Selection:
    """Choose of proofs with these times, each in the source."""
    clockwork = Clockwork(NOW, last, days)

    def nth_oldest(number: int) -> int | None:
        by_age = sorted(times)
        return by_age[number - 1] if number <= len(times) else None

    due = sum(each <= clockwork.limit for each in times)
    return selection(clockwork, Ages(len(times), due), calls_left, 100, nth_oldest)


def taken(times: list[int], **options: Any) -> list[int]:
    picks = chosen(times, **options)
    return [each for each in times if picks.takes(each)]


class TestSelection:
    def test_a_share_of_the_days(self) -> None:
        """The oldest ones, in whatever order they come; a thirtieth each day."""
        times = [NOW - number for number in range(300)][::-1]

        assert taken(times) == times[:10]
        assert taken(times[::-1]) == times[9::-1]
        assert taken(times, last=NOW - DAY // 2) == times[:5]

    def test_all_that_would_be_overdue_before_the_next_run(self) -> None:
        """However few proofs there are."""
        times = [NOW - 30 * DAY, NOW - 29 * DAY, NOW - 28 * DAY]

        assert taken(times) == times[:2]

    def test_as_many_of_one_time_as_are_wanted(self) -> None:
        """No more."""
        assert len(taken([NOW - 5] * 300)) == 10

    def test_a_hundredth_of_the_calls_left(self) -> None:
        """The oldest first; with fewer than a hundred calls left, none."""
        times = [NOW - 40 * DAY + number for number in range(1_000)]

        assert taken(times, calls_left=399) == times[:300]
        assert taken(times[::-1], calls_left=399) == times[299::-1]
        assert taken(times, calls_left=99) == []
        assert taken(times, calls_left=100_000) == times

    def test_rows_that_come_back_to_the_source(self) -> None:
        """They are not counted before they are read, and take no more calls than there are."""
        clockwork = Clockwork(NOW, NOW - DAY, 30)
        picks = selection(clockwork, Ages(0, 0), 100, 100, lambda _: None)

        assert sum(picks.takes(NOW - 40 * DAY) for _ in range(300)) == 100

    @pytest.mark.parametrize(("due", "takes"), [(100, True), (101, False)])
    def test_as_many_are_due_as_there_are_calls(self, due: int, takes: bool) -> None:
        """Then any that is due is read back, though it is not among the oldest that were counted."""
        clockwork = Clockwork(NOW, NOW - DAY, 30)
        picks = selection(clockwork, Ages(due, due), 100, 100, lambda _: NOW - 40 * DAY)

        assert picks.takes(NOW - 35 * DAY) == takes

    def test_the_last_time_that_would_be_overdue(self) -> None:
        """A proof of that second is read back, the next one is not."""
        clockwork = Clockwork(NOW, NOW - DAY, 30)
        picks = selection(clockwork, Ages(0, 0), None, 100, lambda _: None)

        assert [picks.takes(NOW - 29 * DAY + after) for after in (0, 1)] == [True, False]

    def test_a_pause(self) -> None:
        """After as many days, all are read back, and no more than once."""
        times = [NOW - 100 * DAY + number for number in range(50)]

        assert taken(times, last=NOW - 99 * DAY) == times
        assert Clockwork(NOW, NOW - 99 * DAY, 30).passed == 30 * DAY

    def test_the_first_run(self) -> None:
        """No run has completed: only what is overdue is read back."""
        assert taken([NOW - 5, NOW - 31 * DAY], last=None) == [NOW - 31 * DAY]
        assert Clockwork(NOW, None, 30).passed == 0

    @pytest.mark.parametrize("last", [NOW + 7 * DAY, NOW + 900 * DAY])
    def test_a_clock_that_went_back(self, last: int) -> None:
        """No time has passed then."""
        assert taken([NOW - number for number in range(300)], last=last) == []
        assert Clockwork(NOW, last, 30).passed == 0

    def test_a_clock_that_went_ahead(self) -> None:
        """All are read back once, within the calls that are left."""
        assert len(taken([NOW - 900 * DAY] * 300, last=NOW - 900 * DAY, calls_left=200)) == 200

    def test_rows_that_have_left_the_source(self) -> None:
        """They are the oldest for ever. A run that finds fewer than it wanted knows where they end."""
        gone, there = [NOW - 20 * DAY] * 300, [NOW - DAY] * 30
        picks = chosen([*gone, *there])

        assert [each for each in there if picks.takes(each)] == []
        assert picks.passed == NOW - 20 * DAY

    def test_a_run_that_found_all_it_wanted(self) -> None:
        """There may be more of the same time."""
        picks = chosen([NOW - 5] * 300)
        assert sum(picks.takes(NOW - 5) for _ in range(300)) == 10
        assert picks.passed is None

    def test_a_run_without_calls(self) -> None:
        """It has read nothing back, and knows nothing of the others."""
        picks = chosen([NOW - 40 * DAY] * 300, calls_left=50)
        assert not picks.takes(NOW - 40 * DAY)
        assert picks.passed is None


NAMES = ("ada", "grace", "joan")


def records(firstname: str = "B") -> list[dict[str, str]]:
    return [{"email": f"{name}@example.com", "firstname": firstname} for name in NAMES]


@pytest.fixture
def hubspot() -> Iterator[Sandbox]:
    contacts = [{"email": f"{name}@example.com", "firstname": "A"} for name in NAMES]
    with Sandbox(contacts=contacts) as sandbox:
        yield sandbox


@pytest.fixture
def around(hubspot: Sandbox, tmp_path: Path) -> Around:
    made = Around(hubspot, records())
    made.state_file = tmp_path / "state.db"
    return made


def again(around: Around, **settings: Any) -> Told:
    """Run once more."""
    state = settings.pop("state", {})
    return run(around, **{"state": State("sql://db/hub", **state), **settings})


def asked(around: Around, sql: str, *values: int) -> list[Any]:
    assert around.state_file
    with closing(sqlite3.connect(around.state_file, isolation_level=None)) as db:
        return db.execute(sql, values).fetchall()


def pass_days(around: Around, days: float) -> None:
    """Let time go by: all that the state knows is so much older then."""
    seconds = int(days * DAY)
    asked(around, "UPDATE hub SET proved_at = proved_at - ?", seconds)
    meta = "UPDATE hub_meta SET completed_at = completed_at - ?, audited_to = audited_to - ?"
    asked(around, meta, seconds, seconds)


def edit(hubspot: Sandbox, name: str, **values: str) -> None:
    """Edit a contact by hand."""
    contact = hubspot.portal.contact(f"{name}@example.com")
    assert contact
    hubspot.portal.update(contact, values)


def firstname(hubspot: Sandbox, name: str) -> object:
    contact = hubspot.portal.contact(f"{name}@example.com")
    assert contact
    return contact.properties["firstname"]


def figures(told: Told) -> list[int]:
    state = told.report["state"]
    return [state[name] for name in ("changed", "up_to_date", "audited", "drifted", "contested")]


def test_an_edit_is_found(hubspot: Sandbox, around: Around) -> None:
    """The source wins, and the other contacts are proved anew."""
    again(around)
    edit(hubspot, "ada", firstname="by hand", city="Rome")
    assert again(around).outcomes == {"up_to_date": 3}
    pass_days(around, 30)

    ended = again(around)

    assert ended.outcomes == {"updated": 1, "unchanged": 2}
    assert (figures(ended), firstname(hubspot, "ada")) == ([0, 0, 3, 1, 0], "B")
    assert asked(around, "SELECT drifts FROM hub ORDER BY drifts") == [(0,), (0,), (1,)]
    assert again(around).outcomes == {"up_to_date": 3}


def test_an_audit_fills_its_calls(hubspot: Sandbox, around: Around) -> None:
    """The rows between those that are read back do not wait for them."""
    names = [f"c{number}@example.com" for number in range(330)]
    for name in names:
        hubspot.portal.create({"email": name})
    around.given = [{"email": name, "firstname": "B"} for name in names]
    again(around)
    asked(around, "UPDATE hub SET proved_at = proved_at - 9 * rowid")
    asked(around, "UPDATE hub_meta SET completed_at = completed_at - ?", 10 * DAY)
    calls = len(hubspot.requests)

    ended = again(around)

    assert ended.outcomes == {"unchanged": 110, "up_to_date": 220}
    reads = [each for each in [*hubspot.requests][calls:] if each.path.endswith("/batch/read")]
    assert len(reads) == 2
    assert ended.report["state"]["calls_saved"] == 2


class TestTell:
    """An edit is told, and nothing is written."""

    @pytest.fixture(autouse=True)
    def edited(self, hubspot: Sandbox, around: Around) -> None:
        again(around)
        edit(hubspot, "ada", firstname="by hand")
        pass_days(around, 30)

    def test_it(self, hubspot: Sandbox, around: Around) -> None:
        """With the properties' names, in the report and in the ledger; the proof is kept, with a new time."""
        ended = again(around, state={"drift": "tell"}, ledger=Ledger("l"))

        assert ended.outcomes == {"up_to_date": 1, "unchanged": 2}
        assert (figures(ended), firstname(hubspot, "ada")) == ([0, 0, 3, 1, 0], "by hand")
        (reason,) = ended.report["reasons"]
        assert [reason[name] for name in ("outcome", "category", "properties", "count")] == [
            *("up_to_date", "DRIFT", ["firstname"], 1)
        ]
        assert ended.report["problems"] == []
        (line,) = [each for each in around.books.lines if each["category"] == "DRIFT"]
        assert line["reason"] == "the contact does not have what was proved: firstname"
        assert again(around, state={"drift": "tell"}).outcomes == {"up_to_date": 3}
        assert asked(around, "SELECT max(proved_at) - min(proved_at) < ? FROM hub", DAY) == [(1,)]

    def test_a_key_that_comes_twice(self, hubspot: Sandbox, around: Around) -> None:
        """Both rows want what was proved; neither is written."""
        around.given = [*records(), records()[0]]

        assert again(around, state={"drift": "tell"}).outcomes == {"up_to_date": 2, "unchanged": 2}

        assert firstname(hubspot, "ada") == "by hand"

    def test_a_later_row_that_wants_something_else(self, hubspot: Sandbox, around: Around) -> None:
        """It is written: the last row wins."""
        around.given = [records()[0], {**records()[0], "firstname": "C"}]

        again(around, state={"drift": "tell"})

        assert firstname(hubspot, "ada") == "C"

    def test_a_dry_run(self, around: Around) -> None:
        """It shows what the run would do, and changes nothing of the state."""
        before = asked(around, "SELECT * FROM hub"), asked(around, "SELECT * FROM hub_meta")

        ended = again(around, dry_run=True)
        told = again(around, dry_run=True, state={"drift": "tell"})

        assert ended.outcomes == {"unchanged": 2, "not_attempted": 1}
        assert told.outcomes == {"up_to_date": 1, "unchanged": 2}
        assert (asked(around, "SELECT * FROM hub"), asked(around, "SELECT * FROM hub_meta")) == before

    def test_a_plan(self, around: Around, tmp_path: Path) -> None:
        """Likewise."""
        before = asked(around, "SELECT * FROM hub"), asked(around, "SELECT * FROM hub_meta")

        made = plan(around, tmp_path / "plan", state=State("sql://db/hub"))

        assert made.report["plan"]["changes"] == 1
        assert (asked(around, "SELECT * FROM hub"), asked(around, "SELECT * FROM hub_meta")) == before

    def test_a_guard(self, around: Around) -> None:
        """What an audit would write counts like all else."""
        assert isinstance(again(around, guards=Guards(changes=0.01)).error, GuardExceeded)
        assert again(around, guards=Guards(changes=1)).outcomes == {"updated": 1, "unchanged": 2}

    def test_never(self, around: Around) -> None:
        """Without an audit nobody looks."""
        ended = again(around, state={"audit": None})

        assert ended.outcomes == {"up_to_date": 3}
        assert (figures(ended), ended.report["state"]["overdue"]) == ([0, 3, 0, 0, 0], None)


def test_a_contested_contact(hubspot: Sandbox, around: Around) -> None:
    """It has drifted in two audits in a row; one that finds it as it was begins anew."""
    again(around)
    found = []
    for value in ("x", "y", "B", "z"):
        edit(hubspot, "ada", firstname=value)
        pass_days(around, 30)
        found.append(figures(again(around))[3:])

    assert found == [[1, 0], [1, 1], [0, 0], [1, 0]]


def test_a_contact_that_is_gone(hubspot: Sandbox, around: Around) -> None:
    """It has drifted; the row ends as without a state, and its proof is void."""
    again(around)
    contact = hubspot.portal.contact("ada@example.com")
    assert contact
    hubspot.portal.archive(contact)
    pass_days(around, 30)

    ended = again(around)

    assert (ended.outcomes, figures(ended)) == ({"not_found": 1, "unchanged": 2}, [0, 0, 3, 1, 0])
    assert asked(around, "SELECT count(*) FROM hub WHERE content_digest IS NULL") == [(1,)]


@pytest.mark.parametrize("days", [-7, -900])
def test_a_clock_that_went_back(hubspot: Sandbox, around: Around, days: int) -> None:
    """Proofs of the future begin to age: neither all are read back nor none."""
    again(around)
    edit(hubspot, "ada", firstname="by hand")
    pass_days(around, days)

    assert again(around).outcomes == {"up_to_date": 3}
    pass_days(around, 29)
    asked(around, "UPDATE hub_meta SET completed_at = completed_at + ?", 28 * DAY)

    assert again(around).outcomes == {"updated": 1, "unchanged": 2}


def test_rows_that_have_left_the_source_do_not_keep_others_from_their_audit(
    hubspot: Sandbox, around: Around
) -> None:
    """Their proofs are the oldest, and nobody can read them back."""
    again(around)
    around.given = records()[:1]
    pass_days(around, 20)
    again(around, state={"audit": 30, "refresh": True})
    pass_days(around, 15)
    first = again(around)
    edit(hubspot, "ada", firstname="by hand")
    pass_days(around, 16)

    ended = again(around)

    assert (first.report["state"]["overdue"], ended.report["state"]["overdue"]) == (0, 0)
    assert ended.outcomes == {"updated": 1}


def test_a_run_that_breaks_off(hubspot: Sandbox, around: Around) -> None:
    """What it has not read is overdue, and not taken for gone."""
    again(around)
    pass_days(around, 31)

    def rows() -> Iterator[dict[str, str]]:
        yield records()[0]
        raise OSError("the source is gone")

    around.given = rows()
    ended = again(around)

    assert isinstance(ended.error, OSError)
    assert ended.report["state"]["overdue"] == 2


def test_a_plan_that_is_applied(around: Around, tmp_path: Path) -> None:
    """It reads nothing back, and takes nothing for gone."""
    again(around)
    around.given = records("C")[:1]
    plan(around, tmp_path / "plan", state=State("sql://db/hub"))
    pass_days(around, 31)

    ended = apply(around, tmp_path / "plan")

    assert (ended.outcomes, ended.report["state"]["overdue"]) == ({"updated": 1}, 2)


def test_a_portal_without_calls(hubspot: Sandbox, around: Around, caplog: pytest.LogCaptureFixture) -> None:
    """What is overdue is told, in the log and in the report."""
    again(around)
    asked(around, "UPDATE hub_meta SET audited_to = completed_at + ?", 400 * DAY)  # the clock went back
    pass_days(around, 31)
    hubspot.limits.daily = hubspot.limits.used_today + 60

    ended = again(around)

    assert (ended.outcomes, ended.report["state"]["overdue"]) == ({"up_to_date": 3}, 3)
    assert "3 proofs are overdue for an audit: older than 30 days, and not read back" in (caplog.text)
