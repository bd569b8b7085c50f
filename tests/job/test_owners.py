# SPDX-License-Identifier: Apache-2.0
"""Owners by their addresses, against the sandbox: what is written, what is told, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_hubcontact.job.errors import PortalNotReady, PreflightError
from airflow_provider_hubcontact.job.portal.definitions import Portal, portal_of
from airflow_provider_hubcontact.job.portal.owners_port import OwnersPort
from airflow_provider_hubcontact.job.settings.guards import Guards
from airflow_provider_hubcontact.job.settings.ledger import Ledger
from airflow_provider_hubcontact.job.settings.replay import Replay
from airflow_provider_hubcontact.job.settings.settings import Settings
from airflow_provider_hubcontact.job.settings.source import Source
from airflow_provider_hubcontact.job.settings.state import State
from airflow_provider_hubcontact.job.settings.values import Values
from airflow_provider_hubcontact.job.settings.writes import Writes
from airflow_provider_hubcontact.job.validate import Validation
from airflow_provider_hubcontact.sandbox import Owner, Sandbox
from airflow_provider_hubcontact.sandbox.crm.properties.definitions import Definition
from airflow_provider_hubcontact.sync.decide.lifecycle import Stages
from airflow_provider_hubcontact.sync.keep.report import Report
from airflow_provider_hubcontact.sync.rows.texts.owners import HOW, OwnerIds
from tests.job.around import Around, apply, plan, run

ADA = "ada@example.com"
OLIVIA = "olivia@example.com"
OWNERS = [
    Owner("4711", OLIVIA, user_id=900_001),
    Owner("4712", "oscar@example.com", user_id=900_002),
    Owner("4713", kind="QUEUE"),
    Owner("4714", "otto@example.com", user_id=900_004, archived=True),
    Owner("4715", "team@example.com", user_id=900_005),
    Owner("4716", "Team@example.com", kind="QUEUE"),
]
MENTOR = Definition("mentor", "Mentor", "enumeration", "select", external_options=True, references="OWNER")
NO_SCOPE = ["crm.objects.contacts.read", "crm.objects.contacts.write"]


def sandbox(**more: Any) -> Sandbox:
    return Sandbox(
        [{"email": ADA}, {"email": "grace@example.com"}],
        **{"properties": [MENTOR], "owners": OWNERS, **more},
    )


@pytest.fixture
def hubspot() -> Iterator[Sandbox]:
    with sandbox() as running:
        yield running


def has(hubspot: Sandbox, name: str = "hubspot_owner_id", key: str = ADA) -> str | None:
    contact = hubspot.portal.contact(key)
    assert contact is not None
    return contact.properties.get(name)


def listed(hubspot: Sandbox) -> list[str]:
    """Return the paths of the calls that list owners."""
    return [each.path for each in hubspot.requests if "/owners" in each.path]


def row(owner: object, key: str = ADA, name: str = "hubspot_owner_id") -> dict[str, object]:
    return {"email": key, name: owner}


@pytest.mark.parametrize("version", ["2026-09", "v3", "v1"])
@pytest.mark.parametrize("address", [OLIVIA, " Olivia@Example.com "])
def test_an_address(hubspot: Sandbox, version: str, address: str) -> None:
    """The id of its owner is written, which one call tells for all rows, and the report has both."""
    rows = [row(address), row("oscar@example.com", "grace@example.com")]

    ended = run(Around(hubspot, rows, api_version=version))

    assert (ended.outcomes, ended.error) == ({"updated": 2}, None)
    assert (has(hubspot), has(hubspot, key="grace@example.com")) == ("4711", "4712")
    assert len(listed(hubspot)) == 1
    assert ended.report["coercions"]["counts"] == {HOW: 2}
    sample = ended.report["coercions"]["sample"][0]
    assert (sample["from"], sample["to"]) == (address, "4711")


@pytest.mark.parametrize(
    ("name", "value", "written"),
    [
        ("mentor", OLIVIA, "4711"),
        ("jobtitle", OLIVIA, OLIVIA),
        ("hubspot_owner_id", "", ""),
    ],
)
def test_properties_of_owners(hubspot: Sandbox, name: str, value: object, written: str) -> None:
    """Those that the portal has made, too; an address in any other property stays one."""
    ended = run(Around(hubspot, [{**row(value, name=name), "city": "Rome"}]))

    assert ended.outcomes == {"updated": 1}, ended.reasons
    assert (has(hubspot, name) or "") == written


@pytest.mark.parametrize(
    ("value", "says", "calls"),
    [
        ("olvia@example.com", "is not the address of an owner; the nearest is `olivia@example.com`", 2),
        ("x@y.z", "`x@y.z` is not the address of an owner", 2),
        ("otto@example.com", "`otto@example.com` is the address of an archived owner, 4714", 2),
        ("team@example.com", "is the address of several owners, such as 4715 and 4716: send the id", 1),
    ],
)
def test_an_address_that_names_no_owner(hubspot: Sandbox, value: str, says: str, calls: int) -> None:
    """The record is invalid, and the reason says what is known; removed owners are listed only then."""
    ended = run(Around(hubspot, [row(value), row(OLIVIA, "grace@example.com")]))

    assert ended.outcomes == {"invalid": 1, "updated": 1}
    assert says in ended.reasons
    assert ended.report["problems"][0]["properties"] == ["hubspot_owner_id"]
    assert len(listed(hubspot)) == calls
    assert has(hubspot) is None


@pytest.mark.parametrize("version", ["2026-09", "v1"])
def test_ids_cost_no_call(hubspot: Sandbox, version: str) -> None:
    """They are written as they are."""
    ended = run(Around(hubspot, [row("4711"), row(4712, "grace@example.com")], api_version=version))

    assert ended.outcomes == {"updated": 2}
    assert listed(hubspot) == []


def test_the_id_of_a_user_beside_an_address(hubspot: Sandbox) -> None:
    """Where the list is there anyway, it is told before it is sent."""
    ended = run(Around(hubspot, [row(OLIVIA), row("900002", "grace@example.com")]))

    assert ended.outcomes == {"updated": 1, "invalid": 1}
    assert "900002 is the user id of oscar@example.com: send the owner id, 4712" in ended.reasons


@pytest.mark.parametrize("version", ["2026-09", "v1"])
def test_the_id_of_a_user_that_hubspot_refuses(hubspot: Sandbox, version: str) -> None:
    """It is told after the refusal; one that is nobody's is not."""
    rows = [row("900002"), row("5", "grace@example.com")]

    ended = run(Around(hubspot, rows, api_version=version), ledger=Ledger("l"))

    assert ended.outcomes == {"rejected": 2}
    assert ended.reasons.count("send the owner id, 4712") == 1
    assert len(listed(hubspot)) == 1


@pytest.mark.parametrize("version", ["2026-09", "v1"])
def test_a_token_without_the_scope(version: str) -> None:
    """The record is not sent, the reason names the scope, and rows without an address go on."""
    with sandbox(scopes=[*NO_SCOPE, "contacts"]) as hubspot:
        rows = [row(OLIVIA), {"email": "grace@example.com", "city": "Rome"}, row("oscar@example.com")]

        ended = run(Around(hubspot, rows, api_version=version))

        assert ended.outcomes == {"unauthorized": 2, "updated": 1}
        assert "the token needs the scope crm.objects.owners.read" in ended.reasons
        assert ended.report["problems"][0]["category"] == "OWNERS"
        assert len(listed(hubspot)) == 1
        assert (has(hubspot), has(hubspot, "city", "grace@example.com")) == (None, "Rome")


def test_a_refusal_of_an_id_without_the_scope() -> None:
    """HubSpot's own reason stays."""
    with sandbox(scopes=NO_SCOPE) as hubspot:
        ended = run(Around(hubspot, [row("900002")]))

        assert ended.outcomes == {"rejected": 1}
        assert "whose id" not in ended.reasons


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ({"kind": "status", "status": 503}, "unavailable"),
        ({"kind": "status", "status": 400}, "unavailable"),
        ({"kind": "status", "status": 401}, "unauthorized"),
        ({"kind": "reset"}, "unavailable"),
    ],
)
def test_owners_that_cannot_be_listed(hubspot: Sandbox, fault: dict[str, object], outcome: str) -> None:
    """Nothing is sent for the record, and the next try asks again."""
    hubspot.use_faults({"rules": [{**fault, "on": "GET */owners/*"}]})

    ended = run(Around(hubspot, [row(OLIVIA), row("oscar@example.com", "grace@example.com")]))

    assert ended.outcomes == {outcome: 2}
    assert "hubspot_owner_id has an address, and the owners cannot be listed" in ended.reasons
    assert len(listed(hubspot)) == 1
    assert has(hubspot) is None


@pytest.mark.parametrize("more", [{"ledger": Ledger("l")}, {}, {"guards": Guards(changes=5)}])
def test_the_first_row_of_a_key(hubspot: Sandbox, more: dict[str, Any]) -> None:
    """A row may be valid whose owner cannot be told now: no later one takes its key, in any try."""
    around = Around(hubspot, [row(OLIVIA), {"email": ADA, "city": "Rome"}])
    asked: dict[str, Any] = {"writes": Writes(duplicates="reject"), **more}
    hubspot.use_faults({"rules": [{"kind": "status", "status": 503, "on": "GET */owners/*"}]})

    first = run(around, **asked)
    hubspot.use_faults({"rules": []})
    around.try_number = 2
    second = run(around, **asked)

    assert (first.outcomes, second.outcomes) == (
        {"unavailable": 1, "invalid": 1},
        {"updated": 1, "invalid": 1},
    )
    assert (has(hubspot), has(hubspot, "city")) == ("4711", None)


def test_properties_that_cannot_be_read(hubspot: Sandbox) -> None:
    """HubSpot's own property is known by its name."""
    hubspot.use_faults({"rules": [{"kind": "status", "status": 403, "on": "GET */crm/properties/*"}]})

    ended = run(Around(hubspot, [row(OLIVIA)]))

    assert ended.outcomes == {"updated": 1}
    assert has(hubspot) == "4711"


def test_many_owners() -> None:
    """They are listed in pages of 500."""
    owners = [Owner(str(each), f"o{each}@example.com") for each in range(1, 1_201)]
    with sandbox(owners=owners) as hubspot:
        ended = run(Around(hubspot, [row("o1200@example.com")]))

        assert ended.outcomes == {"updated": 1}
        assert len(listed(hubspot)) == 3
        assert has(hubspot) == "1200"


def test_unchanged_and_write_modes(hubspot: Sandbox) -> None:
    """The id is compared, and an owner that a contact has is kept if that is asked for."""
    around = Around(hubspot, [row(OLIVIA)])
    keep = Writes(properties={"hubspot_owner_id": "fill_empty"})

    assert run(around).outcomes == {"updated": 1}
    assert run(around).outcomes == {"unchanged": 1}
    around.given = [row("oscar@example.com")]
    assert run(around, writes=keep).outcomes == {"unchanged": 1}
    assert has(hubspot) == "4711"


def test_a_text_that_means_no_owner(hubspot: Sandbox) -> None:
    """It clears the property, and costs no call."""
    run(Around(hubspot, [row("4711")]))

    ended = run(
        Around(hubspot, [row("n@a")]), values=Values(null_texts=["n@a"]), writes=Writes(nulls="clear")
    )

    assert ended.outcomes == {"updated": 1}
    assert (has(hubspot), listed(hubspot)) == ("", [])


def test_a_json_schema(hubspot: Sandbox) -> None:
    """It sees the address."""
    schema = {"properties": {"hubspot_owner_id": {"pattern": "@example.com$"}}}

    assert run(Around(hubspot, [row(OLIVIA)]), json_schema=schema).outcomes == {"updated": 1}


def test_a_dry_run_and_a_plan(hubspot: Sandbox, tmp_path: Path) -> None:
    """Both show the id; what is applied is the plan's."""
    around = Around(hubspot, [row(OLIVIA)])

    dry = run(around, dry_run=True)
    plan(around, tmp_path / "plan")
    ended = apply(Around(hubspot), tmp_path / "plan")

    assert dry.report["changes"][0]["properties"] == {"hubspot_owner_id": [None, "4711"]}
    assert ended.outcomes == {"updated": 1}
    assert len(listed(hubspot)) == 2
    assert has(hubspot) == "4711"


def test_the_first_row_of_a_key_with_a_guard_and_a_state(hubspot: Sandbox, tmp_path: Path) -> None:
    """With a state rows are read ahead: a later row of the key does not take the place of the first one."""
    around = Around(hubspot, [{"email": "grace@example.com", "city": "Rome"}, row(OLIVIA)])
    around.state_file = tmp_path / "state.db"
    asked: dict[str, Any] = {
        "writes": Writes(duplicates="reject"),
        "state": State("sql://db/hub", audit=None),
    }
    assert run(around, **asked).outcomes == {"updated": 2}
    around.given = [*around.given, {"email": ADA, "city": "Oslo"}]
    hubspot.use_faults({"rules": [{"kind": "status", "status": 503, "on": "GET */owners/*"}]})

    ended = run(around, guards=Guards(changes=0), **asked)

    assert ended.error is None
    assert ended.outcomes == {"up_to_date": 1, "unavailable": 1, "invalid": 1}
    assert has(hubspot, "city") is None


def test_a_state(hubspot: Sandbox, tmp_path: Path) -> None:
    """It has the digest of the id: another address is another value, another form of it is not."""
    around = Around(hubspot, [])
    around.state_file = tmp_path / "state.db"
    outcomes = []
    for owner in (OLIVIA, "4711", "OLIVIA@example.com", "oscar@example.com"):
        around.given = [row(owner)]
        outcomes.append(run(around, state=State("sql://db/hub", audit=None)).outcomes)

    assert outcomes == [{"updated": 1}, {"up_to_date": 1}, {"up_to_date": 1}, {"updated": 1}]
    assert has(hubspot) == "4712"


def test_who_left_the_source_gets_an_owner(hubspot: Sandbox, tmp_path: Path) -> None:
    """The value of a setting may be an address, too; one that is nobody's fails before anything is read."""
    around = Around(hubspot, [row("4711"), {"email": "grace@example.com", "city": "Rome"}])
    around.state_file = tmp_path / "state.db"

    def state(owner: str) -> State:
        return State("sql://db/hub", audit=None, grace=0, on_removed={"hubspot_owner_id": owner})

    wrong = run(around, state=state("nobody@example.com"))
    assert "state.on_removed: hubspot_owner_id: `nobody@example.com` is not the address" in wrong.says
    run(around, state=state("oscar@example.com"))
    around.given = around.given[:1]  # type: ignore[index]
    for run_id in ("dag/second", "dag/third"):
        around.run_id = run_id
        run(around, state=state("oscar@example.com"), guards=Guards(removals=None))

    assert has(hubspot, key="grace@example.com") == "4712"


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "status", "status": 503}, PortalNotReady),
        ({"kind": "status", "status": 429}, PortalNotReady),
        ({"kind": "reset"}, PortalNotReady),
        ({"kind": "status", "status": 403}, PreflightError),
    ],
)
@pytest.mark.parametrize("is_dry", [False, True])
def test_who_would_own_them_cannot_be_told(
    hubspot: Sandbox, tmp_path: Path, fault: dict[str, object], error: type[Exception], is_dry: bool
) -> None:
    """As with all that a run asks for first: it is tried again if the answer may come later."""
    around = Around(hubspot, [row("4711")])
    around.state_file = tmp_path / "state.db"
    state = State("sql://db/hub", audit=None, on_removed={"hubspot_owner_id": OLIVIA})
    hubspot.use_faults({"rules": [{**fault, "on": "GET */owners/*"}]})

    ended = run(around, state=state, dry_run=is_dry)
    with around.client() as client:
        known = portal_of(client.properties), [row("4711")], Report(), "2026-09"
        owners = OwnerIds(OwnersPort(client.owners), {"hubspot_owner_id"})
        with pytest.raises(error, match="owners cannot be listed"):
            Validation(Settings(state=state), *known, owners)

    assert isinstance(ended.error, error)
    assert not isinstance(ended.error, PortalNotReady) or ended.error.may_pass
    assert "state.on_removed: hubspot_owner_id has an address, and the owners cannot be listed" in ended.says
    assert ended.outcomes == {"not_attempted": 1}
    hubspot.use_faults({"rules": []})
    assert run(around, state=state, dry_run=is_dry).error is None


def test_values_of_a_ledger_are_sent_again(hubspot: Sandbox) -> None:
    """It has kept the address."""
    hubspot.use_faults({"rules": [{"kind": "status", "status": 503, "on": "*/batch/update"}]})
    around = Around(hubspot, [row(OLIVIA)])
    run(around, ledger=Ledger("l", values=True))
    hubspot.use_faults({"rules": []})

    again = run(around, source=Source(has_records=False, replay=Replay("l")))

    assert again.outcomes == {"updated": 1}
    assert has(hubspot) == "4711"


def test_which_properties_have_owners() -> None:
    """HubSpot's own one, whatever is known of the portal."""
    assert Portal(Stages.default()).of_owners == {"hubspot_owner_id"}
