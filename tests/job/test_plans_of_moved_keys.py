# SPDX-License-Identifier: Apache-2.0
"""A plan of rows that give each other's keys to contacts leaves what a run of them leaves."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest

from airflow_provider_hubcontact.job.settings.key import Key
from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sandbox.switches import Switches
from tests.job.around import Around, apply, plan, run

CONTACTS = [{"email": f"p{number}@example.com", "firstname": "A"} for number in range(3)]
ADDRESSES = [*(each["email"] for each in CONTACTS), "u@example.com", "n@example.com"]


def rows(random: Random) -> list[dict[str, str | None]]:
    """Make up rows of few addresses, many of which become another one."""
    return [
        {
            "email": random.choice(ADDRESSES),
            "becomes": random.choice([None, None, *ADDRESSES]),
            "firstname": random.choice(["A", "B"]),
            "city": random.choice([None, "Rome"]),
        }
        for _ in range(random.randint(2, 6))
    ]


def left(hubspot: Sandbox) -> list[tuple[str | None, ...]]:
    """Return what the contacts have."""
    names = ("email", "firstname", "city")
    return sorted(
        tuple(each.properties.get(name) for name in names) for each in hubspot.portal.contacts.values()
    )


@pytest.mark.parametrize("upsert", [False, True])
@pytest.mark.parametrize("api", ["v1", "2026-09"])
@pytest.mark.parametrize("old_email", ["dropped", "secondary"])
@pytest.mark.parametrize("seed", range(12))
def test_plans_of_moved_keys(tmp_path: Path, seed: int, old_email: Any, api: str, *, upsert: bool) -> None:
    """A plan does not know whether HubSpot keeps old addresses: a row that relies on it is told."""
    given = rows(Random(seed))
    how: dict[str, Any] = {"key": Key("email", becomes="becomes"), "upsert": upsert}
    switches = Switches(old_email=old_email)
    with (
        Sandbox(contacts=CONTACTS, switches=switches) as planned,
        Sandbox(contacts=CONTACTS, switches=switches) as directly,
    ):
        run(Around(directly, given, api_version=api), **how)
        around = Around(planned, given, api_version=api)
        made = plan(around, tmp_path, **how)
        assert left(planned) == sorted((each["email"], "A", None) for each in CONTACTS)

        ended = apply(around, tmp_path)

        if old_email == "dropped":
            assert ended.outcomes.keys() <= {"updated", "created"}
            assert sum(ended.outcomes.values()) == made.outcomes.get("not_attempted", 0)
        told = {*made.outcomes, *ended.outcomes}
        assert left(planned) == left(directly) or not told.isdisjoint(("conflict", "not_found"))


@pytest.mark.parametrize("api", ["v1", "2026-09"])
def test_an_address_that_the_plan_does_not_change_is_not_written(tmp_path: Path, api: str) -> None:
    """The contact had its new address when the plan was made, and has its old one when it is applied."""
    old, new = ADDRESSES[:2]
    with Sandbox(contacts=[{"email": new, "city": "Bonn"}]) as hubspot:
        around = Around(hubspot, [{"email": old, "becomes": new, "city": "Rome"}], api_version=api)
        plan(around, tmp_path, key=Key("email", becomes="becomes"))
        back = Around(hubspot, [{"email": new, "becomes": old}], api_version="2026-09")
        run(back, key=Key("email", becomes="becomes"))

        ended = apply(around, tmp_path)

        assert ended.outcomes == {"conflict": 1}
        assert left(hubspot) == [(old, None, "Bonn")]
