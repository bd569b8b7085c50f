# SPDX-License-Identifier: Apache-2.0
"""The legacy API does not show the lifecycle stage that a write leads to, so that the stage is read back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from airflow_provider_hubcontact.job.settings.guards import Guards
from airflow_provider_hubcontact.job.settings.writes import Writes
from airflow_provider_hubcontact.sandbox import Sandbox
from tests.job.around import Around, run

STAGE = "lifecyclestage"
ADA = {"email": "ada@example.com", "firstname": "Ada", STAGE: "customer"}
RESET = Writes(stages="reset")


@pytest.fixture
def hubspot() -> Iterator[Sandbox]:
    with Sandbox(contacts=[ADA]) as sandbox:
        yield sandbox


def stage(hubspot: Sandbox) -> str | None:
    (contact,) = hubspot.portal.page(0, 10)
    return contact.properties.get(STAGE)


def calls(hubspot: Sandbox) -> list[str]:
    """The calls about contacts, in their order."""
    return [each.method for each in hubspot.requests if "/contacts/v1/contact/" in each.path]


def moved_by_a_workflow(hubspot: Sandbox, to: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let HubSpot set the stage of a contact whenever it has just been cleared."""
    contacts = hubspot.portal.collections["0-1"]
    apply = contacts.apply

    def applied(*arguments: Any, **options: Any) -> Any:
        contact = apply(*arguments, **options)
        if not contact.properties.get(STAGE):
            contacts.update(contact, {STAGE: to})
        return contact

    monkeypatch.setattr(contacts, "apply", applied)


@pytest.mark.parametrize("upsert", [False, True])
def test_a_stage_that_a_workflow_moves_meanwhile(
    hubspot: Sandbox, upsert: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HubSpot accepts the second call of a reset, and keeps the later stage: no row is said to be updated."""
    moved_by_a_workflow(hubspot, "opportunity", monkeypatch)
    around = Around(hubspot, [{"email": ADA["email"], STAGE: "lead"}], api_version="v1")

    ended = run(around, upsert=upsert, writes=RESET)

    assert stage(hubspot) == "opportunity"
    assert ended.outcomes == {"unknown": 1}
    assert "HubSpot accepted the write, but lifecyclestage is 'opportunity', not 'lead'" in ended.reasons


@pytest.mark.parametrize(
    ("row", "sent"),
    [
        ({STAGE: "lead"}, ["GET", "POST", "POST", "GET"]),
        ({STAGE: "evangelist"}, ["GET", "POST", "GET"]),
        ({STAGE: "customer"}, ["GET"]),
        ({"firstname": "Augusta"}, ["POST"]),
        ({"firstname": "Augusta", STAGE: "customer"}, ["GET", "POST"]),
    ],
    ids=["back", "forward", "the same stage", "no stage", "another value"],
)
@pytest.mark.parametrize("verify", [False, True])
def test_what_it_costs(hubspot: Sandbox, row: dict[str, str], sent: list[str], verify: bool) -> None:
    """One call for each row that writes a stage; ``verify`` reads all of them back, none twice."""
    around = Around(hubspot, [{"email": ADA["email"], **row}], api_version="v1")

    ended = run(around, writes=RESET if STAGE in row else Writes(), verify=verify)

    is_read_back = sent[-1] == "GET" and len(sent) > 1
    is_asked_for = verify and "POST" in sent and not is_read_back
    assert ended.error is None
    assert calls(hubspot) == sent + ["GET"] * is_asked_for
    read = int(is_read_back or is_asked_for)
    assert ended.report["verified"] == ({"records": read, "calls": read} if read or verify else None)
    assert stage(hubspot) == row.get(STAGE, "customer")


def test_what_nobody_writes(hubspot: Sandbox) -> None:
    """A dry run and a guard that allows no change read nothing back."""
    settings: list[dict[str, Any]] = [{"dry_run": True}, {"guards": Guards(changes=0), "verify": True}]
    for each in settings:
        around = Around(hubspot, [{"email": ADA["email"], STAGE: "lead"}], api_version="v1")
        assert run(around, writes=RESET, **each).report["verified"] is None

    assert calls(hubspot) == ["GET", "GET"]
    assert stage(hubspot) == "customer"


def test_a_stage_that_cannot_be_read_back(hubspot: Sandbox) -> None:
    """Nobody knows then which one the contact has, and the retry looks."""
    hubspot.use_faults({"rules": [{"on": "contacts_v1.get", "kind": "status", "status": 503, "nth": [2]}]})
    records = [{"email": ADA["email"], STAGE: "lead"}]
    around = Around(hubspot, records, api_version="v1")

    ended = run(around, writes=RESET)

    assert ended.outcomes == {"unknown": 1}
    assert "written, but it could not be read back" in ended.reasons
    assert run(Around(hubspot, records, api_version="v1"), writes=RESET).outcomes == {"unchanged": 1}


def test_the_newest_api_shows_the_stage(hubspot: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answer to a write has the values, so that no call is needed."""
    moved_by_a_workflow(hubspot, "opportunity", monkeypatch)
    around = Around(hubspot, [{"email": ADA["email"], STAGE: "lead"}])

    ended = run(around, writes=RESET)

    reads = [each.path for each in hubspot.requests if each.path.endswith("/read")]
    assert (ended.outcomes, len(reads), ended.report["verified"]) == ({"unknown": 1}, 1, None)
