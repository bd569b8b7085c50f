# SPDX-License-Identifier: Apache-2.0
"""Each call of the client against the local HubSpot, which was written without it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from airflow_provider_hubcontact.client import AccessToken, HubSpot
from airflow_provider_hubcontact.client.account import Account
from airflow_provider_hubcontact.client.contacts import BatchInput, Contact, Contacts
from airflow_provider_hubcontact.client.errors import (
    BadRequest,
    ConfigurationError,
    Conflict,
    Forbidden,
    NotFound,
    Unauthorized,
    UnusableAnswer,
)
from airflow_provider_hubcontact.client.properties import Option, PropertyDefinition
from airflow_provider_hubcontact.sandbox import Sandbox
from tests.client.scripted import reply, wire

VERSIONS = ["2026-09", "2026-03", "v3"]
CONTACTS = [
    {"email": "ada@example.com", "firstname": "Ada", "lifecyclestage": "customer"},
    {"email": "grace@example.com", "firstname": "Grace", "hs_additional_emails": "amazing@example.com"},
]
BATCHES = [
    pytest.param(lambda contacts, ids: contacts.batch_read(ids), id="read"),
    pytest.param(lambda contacts, ids: contacts.batch_update(_inputs(ids)), id="update"),
    pytest.param(lambda contacts, ids: contacts.batch_create(_inputs(ids)), id="create"),
    pytest.param(lambda contacts, ids: contacts.batch_upsert(_inputs(ids), id_property="email"), id="upsert"),
    pytest.param(lambda contacts, ids: contacts.batch_archive(ids), id="archive"),
]


@pytest.fixture
def portal() -> Iterator[Sandbox]:
    with Sandbox(contacts=CONTACTS) as sandbox:
        yield sandbox


@pytest.fixture(params=VERSIONS)
def hubspot(portal: Sandbox, request: pytest.FixtureRequest) -> Iterator[HubSpot]:
    with HubSpot(portal.url, AccessToken(portal.token), api_version=request.param) as client:
        yield client


@pytest.fixture
def legacy(portal: Sandbox) -> Iterator[HubSpot]:
    with HubSpot(portal.url, AccessToken(portal.token), api_version="v1") as client:
        yield client


class TestContacts:
    def test_a_batch_is_read_by_address(self, hubspot: HubSpot) -> None:
        """Found contacts come with the values asked for; an unknown address is named in an error."""
        answer = hubspot.contacts.batch_read(
            ["ada@example.com", "nobody@example.com"], id_property="email", properties=["firstname"]
        )

        assert answer.status == 207
        assert [contact.properties["firstname"] for contact in answer.contacts] == ["Ada"]
        (error,) = answer.refusals
        assert (error.status, error.category, error.ids) == (404, "OBJECT_NOT_FOUND", ("nobody@example.com",))

    def test_a_batch_is_updated_by_id(self, hubspot: HubSpot) -> None:
        """A good input is written, a bad one is named by its trace id with all that is wrong."""
        ids = {c.properties["email"]: c.id for c in _all(hubspot)}

        answer = hubspot.contacts.batch_update(
            [
                BatchInput({"firstname": "Augusta"}, ids["ada@example.com"], "t-1"),
                BatchInput({"hubspotscore": "1", "nope": "x"}, ids["grace@example.com"], "t-2"),
                BatchInput({"firstname": "x"}, "999999", "t-3"),
            ]
        )

        assert answer.status == 207
        assert [contact.id for contact in answer.contacts] == [ids["ada@example.com"]]
        by_trace = {error.trace_ids: error for error in answer.refusals}
        refused = by_trace["t-2",]
        assert (refused.status, set(refused.properties)) == (400, {"hubspotscore", "nope"})
        assert "nope" in refused.message
        assert any(error.status == 404 and "999999" in error.ids for error in answer.refusals)

    def test_two_inputs_of_one_contact_are_refused(self, hubspot: HubSpot) -> None:
        """HubSpot refuses a batch that names a contact twice, and says which."""
        contact = hubspot.contacts.get("ada@example.com", id_property="email")

        with pytest.raises(BadRequest) as raised:
            hubspot.contacts.batch_update([BatchInput({"city": "x"}, contact.id, t) for t in ("1", "2")])

        assert raised.value.refusal.ids == (contact.id,)

    def test_a_batch_is_created(self, hubspot: HubSpot) -> None:
        """A new contact is created; one that exists is named with its id."""
        ada = hubspot.contacts.get("ada@example.com", id_property="email")

        answer = hubspot.contacts.batch_create(
            [
                BatchInput({"email": "new@example.com"}, None, "a"),
                BatchInput({"email": "ada@example.com"}, None, "b"),
            ]
        )

        assert [contact.properties["email"] for contact in answer.contacts] == ["new@example.com"]
        (error,) = answer.refusals
        assert (error.status, error.trace_ids, error.existing_id) == (409, ("b",), ada.id)

    def test_a_batch_is_upserted(self, hubspot: HubSpot) -> None:
        """An upsert says of each contact whether it is new."""
        answer = hubspot.contacts.batch_upsert(
            [BatchInput({"city": "x"}, email, email) for email in ("ada@example.com", "new@example.com")],
            id_property="email",
        )

        assert sorted(contact.new is True for contact in answer.contacts) == [False, True]
        assert (
            hubspot.contacts.get("new@example.com", id_property="email", properties=["city"]).properties[
                "city"
            ]
            == "x"
        )

    def test_one_contact(self, hubspot: HubSpot) -> None:
        """Create, read and update a single contact, by id and by address."""
        created = hubspot.contacts.create({"email": "New+1@Example.com", "firstname": "N"})
        updated = hubspot.contacts.update("new+1@example.com", {"firstname": "M"}, id_property="email")
        read = hubspot.contacts.get(created.id, properties=["firstname"])

        assert created.id == updated.id == read.id
        assert read.properties["firstname"] == "M"

    @pytest.mark.parametrize("contact", ["nobody@example.com", "a/../b@example.com", "ü ?#%@example.com"])
    def test_nobody(self, hubspot: HubSpot, contact: str) -> None:
        """An address that nobody has is not found, whatever is in it."""
        with pytest.raises(NotFound):
            hubspot.contacts.get(contact, id_property="email")

    def test_an_address_of_somebody_else(self, hubspot: HubSpot) -> None:
        """An address can be had once."""
        with pytest.raises(Conflict):
            hubspot.contacts.update("ada@example.com", {"email": "grace@example.com"}, id_property="email")
        with pytest.raises(Conflict) as raised:
            hubspot.contacts.create({"email": "ada@example.com"})

        assert (
            raised.value.refusal.existing_id
            == hubspot.contacts.get("ada@example.com", id_property="email").id
        )

    @pytest.mark.parametrize("send", BATCHES)
    def test_at_most_100_inputs(
        self, hubspot: HubSpot, send: Callable[[Contacts, list[str]], object]
    ) -> None:
        """One call takes 100 of them; a batch that HubSpot would refuse is not sent."""
        with pytest.raises(ValueError, match="at most 100 inputs, not 101"):
            send(hubspot.contacts, [str(number) for number in range(101)])
        assert hubspot.calls.to_dict()["total"] == 0

        send(hubspot.contacts, [str(number) for number in range(100)])
        assert hubspot.calls.to_dict()["total"] == 1

    def test_contacts_are_archived(self, hubspot: HubSpot, portal: Sandbox) -> None:
        """The status speaks of all of them; ids that no contact has are no error."""
        contact = portal.portal.contact("ada@example.com")
        assert contact

        answer = hubspot.contacts.batch_archive([contact.id, "1"])

        assert (answer.status, answer.contacts, answer.refusals) == (204, (), ())
        assert portal.portal.contact("ada@example.com") is None
        assert portal.portal.contact("grace@example.com")


class TestLegacyContacts:
    @pytest.mark.parametrize("email", ["a+b@x.org", "a/b@x.org", "ünï@x.org", "a%2fb@x.org", "a?b#c@x.org"])
    def test_any_address(self, portal: Sandbox, legacy: HubSpot, email: str) -> None:
        """An address with any character reaches its own contact."""
        with (
            Sandbox(contacts=[{"email": email}]) as sandbox,
            HubSpot(sandbox.url, AccessToken(sandbox.token), api_version="v1") as client,
        ):
            client.contacts_v1.update_by_email(email, {"city": "Rome"})

            assert client.contacts_v1.get_by_email(email, ["city"]).properties["city"] == "Rome"

    def test_what_is_wrong(self, legacy: HubSpot) -> None:
        """All validation results of a refusal are told, and nobody is not found."""
        with pytest.raises(BadRequest) as raised:
            legacy.contacts_v1.update_by_email("ada@example.com", {"hubspotscore": "1", "nope": "x"})
        with pytest.raises(NotFound):
            legacy.contacts_v1.update_by_email("nobody@example.com", {"city": "x"})
        with pytest.raises(BadRequest):
            legacy.contacts_v1.update_by_email("..", {"city": "x"})

        assert set(raised.value.refusal.properties) == {"hubspotscore", "nope"}

    def test_create_or_update(self, legacy: HubSpot) -> None:
        """The first call creates, the second updates the same contact."""
        first = legacy.contacts_v1.create_or_update_by_email("new@example.com", {"city": "x"})
        second = legacy.contacts_v1.create_or_update_by_email("new@example.com", {"city": "y"})

        assert (first.new, second.new) == (True, False)
        assert first.id == second.id


class TestProperties:
    @pytest.mark.parametrize("version", [*VERSIONS, "v1"])
    def test_definitions(self, portal: Sandbox, version: str) -> None:
        """Definitions are listed, read and created by every version; a second one is a conflict."""
        definition = PropertyDefinition(
            "tier",
            "Tier",
            "enumeration",
            "select",
            options=(Option("Gold", "gold", 0), Option("Tin", "tin", 1)),
        )
        with HubSpot(portal.url, AccessToken(portal.token), api_version=version) as client:
            created = client.properties.create(definition)
            listed = {item.name: item for item in client.properties.list()}
            with pytest.raises(Conflict):
                client.properties.create(definition)
            with pytest.raises(NotFound):
                client.properties.get("nope")
            stages = client.properties.get("lifecyclestage").options

        assert created.options == definition.options == listed["tier"].options
        assert listed["hubspotscore"].read_only
        assert not listed["firstname"].read_only
        assert [stage.value for stage in sorted(stages, key=lambda s: s.display_order)][:2] == [
            "subscriber",
            "lead",
        ]


class TestAccount:
    def test_the_portal(self, hubspot: HubSpot, portal: Sandbox) -> None:
        """The account tells its number and its zone, the token its scopes."""
        details, access = hubspot.account.details(), hubspot.account.access()

        assert details.portal_id == access.portal_id == portal.portal.account.portal_id
        assert details.time_zone == "America/New_York"
        assert "crm.objects.contacts.write" in access.scopes

    def test_refusals(self, portal: Sandbox) -> None:
        """A wrong token and a missing scope are different errors."""
        with HubSpot(portal.url, AccessToken("pat-na1-wrong")) as stranger, pytest.raises(Unauthorized):
            stranger.contacts.get("1")
        with (
            Sandbox(scopes=["oauth"]) as narrow,
            HubSpot(narrow.url, AccessToken(narrow.token)) as reader,
            pytest.raises(Forbidden) as raised,
        ):
            reader.contacts.get("1")

        assert "crm.objects.contacts.read" in raised.value.refusal.missing_scopes


@pytest.mark.parametrize("body", ["[]", "{}", '{"portalId": "5", "hubId": "5"}'])
@pytest.mark.parametrize("asked", ["details", "access"])
def test_an_answer_without_a_portal(asked: str, body: str) -> None:
    """A 2xx that does not say whose token it is is unusable."""
    with wire(reply(200, body)) as to, pytest.raises(UnusableAnswer):
        getattr(Account(to.transport, AccessToken("pat-na1-x"), "v3"), asked)()


@pytest.mark.parametrize("version", ["v2", "", "2027-03"])
def test_an_unknown_version(version: str) -> None:
    """A version that the client does not know is refused at once."""
    with pytest.raises(ConfigurationError, match="API version"):
        HubSpot("https://api.hubapi.com", AccessToken("pat-na1-x"), api_version=version)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{}",
        '{"results": 5}',
        '{"results": [{}]}',
        '{"results": [{"id": 1, "properties": 5}]}',
        '{"results": [], "errors": "x"}',
    ],
)
def test_a_batch_answer_that_is_none(body: str) -> None:
    """A 2xx that does not look like a batch's answer is unusable, and not an empty one."""
    with wire(reply(200, body)) as to, pytest.raises(UnusableAnswer):
        Contacts(to.transport).batch_update([BatchInput({}, "1")])


def _inputs(ids: list[str]) -> list[BatchInput]:
    return [BatchInput({"city": "Rome"}, id_, id_) for id_ in ids]


def _all(hubspot: HubSpot) -> tuple[Contact, ...]:
    keys = [contact["email"] for contact in CONTACTS]
    return hubspot.contacts.batch_read(keys, id_property="email", properties=["email"]).contacts


@pytest.mark.parametrize("status", [200, 202, 207])
def test_an_archive_answer_that_says_nothing(status: int) -> None:
    """Only 204 says that all contacts are archived."""
    with wire(reply(status, '{"status": "COMPLETE", "results": []}')) as to, pytest.raises(UnusableAnswer):
        Contacts(to.transport).batch_archive(["1"])
