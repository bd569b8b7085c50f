# SPDX-License-Identifier: Apache-2.0
"""Lists that are created, renamed, deleted or filled meanwhile, contacts that are merged, and odd names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from airflow_provider_hubcontact.job.settings.guards import Guards
from airflow_provider_hubcontact.job.settings.ledger import Ledger
from airflow_provider_hubcontact.job.settings.lists import Lists
from airflow_provider_hubcontact.job.settings.replay import Replay
from airflow_provider_hubcontact.job.settings.source import Source
from airflow_provider_hubcontact.job.settings.state import State
from airflow_provider_hubcontact.sandbox import Sandbox
from tests.job.around import Around, run
from tests.job.test_lists import NAMES, ROWS, around, hubspot, made, members

__all__ = ["around", "hubspot"]


def test_rows_that_a_guard_ends_have_not_come_to_their_lists(hubspot: Sandbox, around: Around) -> None:
    """A contact that need not be written may still lack its list: no later try may pass its row over."""
    list_id = made(hubspot)
    around.given = [{"email": "ada@example.com", "firstname": "A"}, *ROWS[1:]]
    settings: dict[str, Any] = {"lists": Lists("Customers"), "ledger": Ledger("books"), "upsert": True}

    stopped = run(around, **settings, guards=Guards(changes=0))
    assert stopped.outcomes == {"not_attempted": 4}
    around.try_number = 2
    run(around, **settings)

    assert members(hubspot, list_id) == set(NAMES)


def test_a_row_that_came_to_its_list_later_is_not_sent_again(
    hubspot: Sandbox, around: Around, tmp_path: Path
) -> None:
    """The state knows by then what its contact has, so that it is up to date, and has a line of its own."""
    made(hubspot)
    around.state_file = tmp_path / "state.db"
    settings: dict[str, Any] = {"lists": Lists("Customers"), "ledger": Ledger("books"), "upsert": True}
    hubspot.use_faults({"rules": [{"kind": "status", "status": 503, "on": "lists.add_and_remove"}]})
    run(around, **settings, state=State("sql://db/hub"))
    hubspot.use_faults({})
    around.try_number = 2
    assert run(around, **settings, state=State("sql://db/hub")).outcomes == {"up_to_date": 4}

    around.run_id, around.try_number = "dag/replay", 1
    again = run(around, source=Source(replay=Replay("books")), upsert=True, lists=Lists("Customers"))

    assert again.outcomes == {}


def test_a_member_that_a_retry_has_read_is_told(hubspot: Sandbox, around: Around, tmp_path: Path) -> None:
    """Its answer was lost, so that the ledger's last word was the failure: the row has a line of its own."""
    made(hubspot)
    around.state_file = tmp_path / "state.db"
    settings: dict[str, Any] = {"lists": Lists("Customers"), "ledger": Ledger("books"), "upsert": True}
    fault = {"kind": "reset", "applied": True, "on": "lists.add_and_remove"}
    hubspot.use_faults({"rules": [fault]})
    run(around, **settings, state=State("sql://db/hub"))
    hubspot.use_faults({})
    around.try_number = 2

    assert run(around, **settings, state=State("sql://db/hub")).outcomes == {"up_to_date": 4}
    lines = [line for line in around.books.lines if line["try"] == 2]
    assert [(line["outcome"], line["membership"]) for line in lines] == [("up_to_date", "member")] * 4

    around.run_id, around.try_number = "dag/night 2", 1
    run(around, **settings, state=State("sql://db/hub"))
    assert around.books.lines[-1]["reason"].startswith("4 rows equal what the state proves")
    around.run_id = "dag/replay"
    again = run(around, source=Source(replay=Replay("books")), upsert=True, lists=Lists("Customers"))
    assert again.outcomes == {}
