# SPDX-License-Identifier: Apache-2.0
"""It is remembered for some days that no contact has a key."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from airflow_provider_hubcontact.job.settings.guards import Guards
from airflow_provider_hubcontact.job.settings.state import State
from airflow_provider_hubcontact.sandbox import Sandbox
from tests.job.around import Around
from tests.job.test_state_audit import again, asked, edit, figures, pass_days

ACCEPTED = {"status_actions": {404: "skip"}, "state": {"absent": 2, "audit": None}}
NOBODY = {"email": "nobody@example.com", "firstname": "N"}


@pytest.fixture
def hubspot() -> Iterator[Sandbox]:
    with Sandbox(contacts=[{"email": "ada@example.com", "firstname": "A"}]) as sandbox:
        yield sandbox


@pytest.fixture
def around(hubspot: Sandbox, tmp_path: Path) -> Around:
    made = Around(hubspot, [{"email": "ada@example.com", "firstname": "B"}, NOBODY])
    made.state_file = tmp_path / "state.db"
    return made


def test_nobody_is_asked_again(hubspot: Sandbox, around: Around) -> None:
    """The row ends as before, says since when, and costs no call; after the days it is asked."""
    again(around, **ACCEPTED)
    calls = len([each for each in hubspot.requests if "/batch/" in each.path])

    ended = again(around, **ACCEPTED)

    assert ended.outcomes == {"not_found": 1, "up_to_date": 1}
    assert (ended.report["statuses"], ended.report["state"]["still_absent"]) == ({"404": 1}, 1)
    assert "HubSpot had no contact with the key nobody@example.com, which was asked on 2" in ended.reasons
    assert len([each for each in hubspot.requests if "/batch/" in each.path]) == calls

    hubspot.portal.create({"email": "nobody@example.com"})
    pass_days(around, 1)
    assert again(around, **ACCEPTED).outcomes == {"not_found": 1, "up_to_date": 1}
    pass_days(around, 1)
    assert again(around, **ACCEPTED).outcomes == {"updated": 1, "up_to_date": 1}
    assert again(around, **ACCEPTED).outcomes == {"up_to_date": 2}


def test_a_row_that_changes(around: Around) -> None:
    """It is asked for."""
    again(around, **ACCEPTED)
    around.given = [{**NOBODY, "firstname": "M"}]

    ended = again(around, **ACCEPTED)

    assert (ended.outcomes, ended.report["state"]["changed"]) == ({"not_found": 1}, 1)
    assert ended.report["reasons"][0]["category"] == "OBJECT_NOT_FOUND"


@pytest.mark.parametrize("state", [{}, {"absent": 2, "refresh": True}])
def test_it_is_asked_each_time(around: Around, state: dict[str, object]) -> None:
    """Without ``absent``, whatever an earlier run has remembered; and with ``refresh``."""
    again(around, **ACCEPTED)

    ended = again(around, status_actions={404: "skip"}, state=state)

    assert ended.report["state"]["still_absent"] == 0
    assert ended.report["reasons"][0]["category"] == "OBJECT_NOT_FOUND"


def test_a_clock_that_went_back(around: Around) -> None:
    """What is remembered is of the future: it is asked."""
    again(around, **ACCEPTED)
    pass_days(around, -7)

    assert again(around, **ACCEPTED).report["state"]["still_absent"] == 0


def test_the_last_row_of_a_key_wins(hubspot: Sandbox, around: Around) -> None:
    """A row that equals what is remembered is sent after another one of its key; in a guard's pass, too."""
    again(around, **ACCEPTED)
    hubspot.portal.create({"email": "nobody@example.com"})
    around.given = [{**NOBODY, "city": "Rome"}, NOBODY]

    ended = again(around, **ACCEPTED, guards=Guards(changes=5))

    assert ended.outcomes == {"updated": 2}


def test_a_contact_that_goes(hubspot: Sandbox, around: Around) -> None:
    """What was proved of it is replaced."""
    again(around, **ACCEPTED)
    contact = hubspot.portal.contact("ada@example.com")
    assert contact
    hubspot.portal.archive(contact)
    again(around, state={"absent": 2, "refresh": True}, status_actions={404: "skip"})

    assert again(around, **ACCEPTED).report["state"]["still_absent"] == 2
    assert asked(around, "SELECT DISTINCT origin, record_id FROM hub") == [("absent", None)]


def test_an_audit_does_not_count_it(hubspot: Sandbox, around: Around) -> None:
    """Nobody can be read back."""
    state = {"absent": 300, "audit": 30}
    again(around, status_actions={404: "skip"}, state=state)
    edit(hubspot, "ada", firstname="by hand")
    pass_days(around, 31)

    ended = again(around, status_actions={404: "skip"}, state=state)

    assert ended.outcomes == {"updated": 1, "not_found": 1}
    assert (figures(ended), ended.report["state"]["overdue"]) == ([0, 0, 1, 1, 0], 0)
    assert State("sql://db/hub").absent is None


def test_the_oldest_proof_is_one_of_a_contact(around: Around) -> None:
    """That nobody has a key is as old as it may be."""
    again(around, **ACCEPTED)
    asked(around, "UPDATE hub SET proved_at = proved_at - 9000 WHERE origin = 'absent'")

    told = again(around, **ACCEPTED).report["state"]

    assert asked(around, "SELECT proved_at FROM hub WHERE origin != 'absent'") == [(told["oldest_proof"],)]
