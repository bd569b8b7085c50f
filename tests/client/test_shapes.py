# SPDX-License-Identifier: Apache-2.0
"""What each call sends, letter for letter, and what it makes of answers that HubSpot would not give."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_hubcontact import client
from airflow_provider_hubcontact.client.account import Access, Account
from airflow_provider_hubcontact.client.auth import AccessToken, OAuthToken
from airflow_provider_hubcontact.client.contacts import BatchInput, Contacts
from airflow_provider_hubcontact.client.contacts_v1 import ContactsV1
from airflow_provider_hubcontact.client.errors import (
    AnswerLost,
    BadRequest,
    ConfigurationError,
    HubSpotError,
    NotFound,
    UnusableAnswer,
)
from airflow_provider_hubcontact.client.lists import MOST_PAGES_OF_MEMBERS, Lists
from airflow_provider_hubcontact.client.owners import Owner, Owners
from airflow_provider_hubcontact.client.paging import MOST_PAGES
from airflow_provider_hubcontact.client.properties import Properties, PropertyDefinition, ValidationRule
from airflow_provider_hubcontact.client.transport import Transport
from tests.client.scripted import TOKEN, TRUNCATED, Server, Wire, reply, wire

Call = Callable[[Transport], object]

CONTACT = '{"id": "7", "properties": {"email": "a@b.c"}}'
BATCH = '{"status": "COMPLETE", "results": []}'
DEFINITION = '{"name": "tier"}'
ONE = BatchInput({"city": "Rome"}, "7", "t-1")


def body_of(to: Wire) -> Any:
    body = to.server.requests[-1].partition(b"\r\n\r\n")[2]
    return json.loads(body) if body else None


def account(transport: Transport, version: str = "2026-09") -> Account:
    return Account(transport, AccessToken(TOKEN), version)


@pytest.mark.parametrize(
    ("call", "answer", "line", "sent"),
    [
        pytest.param(
            lambda t: Contacts(t).batch_read(["a@b.c"], id_property="email", properties=["city"]),
            BATCH,
            "POST /crm/objects/2026-09/contacts/batch/read",
            {"properties": ["city"], "idProperty": "email", "inputs": [{"id": "a@b.c"}]},
            id="batch read",
        ),
        pytest.param(
            lambda t: Contacts(t, "v3").batch_update([ONE]),
            BATCH,
            "POST /crm/v3/objects/contacts/batch/update",
            {"inputs": [{"properties": {"city": "Rome"}, "id": "7", "objectWriteTraceId": "t-1"}]},
            id="batch update",
        ),
        pytest.param(
            lambda t: Contacts(t, "2026-03").batch_create([BatchInput({"city": "Rome"})]),
            BATCH,
            "POST /crm/objects/2026-03/contacts/batch/create",
            {"inputs": [{"properties": {"city": "Rome"}}]},
            id="batch create",
        ),
        pytest.param(
            lambda t: Contacts(t).batch_upsert([BatchInput({}, "a@b.c")], id_property="email"),
            BATCH,
            "POST /crm/objects/2026-09/contacts/batch/upsert",
            {"inputs": [{"properties": {}, "id": "a@b.c", "idProperty": "email"}]},
            id="batch upsert",
        ),
        pytest.param(
            lambda t: Contacts(t).get("7"), CONTACT, "GET /crm/objects/2026-09/contacts/7", None, id="get"
        ),
        pytest.param(
            lambda t: Contacts(t).update("a+b@c.d", {"city": ""}, id_property="email"),
            CONTACT,
            "PATCH /crm/objects/2026-09/contacts/a%2Bb%40c.d?idProperty=email",
            {"properties": {"city": ""}},
            id="update",
        ),
        pytest.param(
            lambda t: ContactsV1(t).create_or_update_by_email(
                "a@b.c", {"x": "1", "y": "2"}, timestamps={"x": 5}
            ),
            '{"vid": 7, "isNew": true}',
            "POST /contacts/v1/contact/createOrUpdate/email/a%40b.c",
            {
                "properties": [
                    {"property": "x", "value": "1", "timestamp": 5},
                    {"property": "y", "value": "2"},
                ]
            },
            id="v1 create or update",
        ),
        pytest.param(
            lambda t: ContactsV1(t).get_by_email("a@b.c", ["x", "y"]),
            '{"vid": 7}',
            "GET /contacts/v1/contact/email/a%40b.c/profile"
            "?property=x&property=y&propertyMode=value_only&formSubmissionMode=none",
            None,
            id="v1 get",
        ),
        pytest.param(
            lambda t: Lists(t, "v3").of_each(["7"]),
            BATCH,
            "POST /crm/v3/lists/records/memberships/batch/read",
            {"inputs": [{"objectTypeId": "0-1", "recordId": "7"}]},
            id="lists of several",
        ),
        pytest.param(
            lambda t: Owners(t, "2026-09").list(),
            '{"results": []}',
            "GET /crm/owners/2026-09?limit=500&archived=false",
            None,
            id="owners",
        ),
        pytest.param(
            lambda t: Owners(t, "v3").list(archived=True),
            '{"results": []}',
            "GET /crm/v3/owners?limit=500&archived=true",
            None,
            id="removed owners",
        ),
        pytest.param(
            lambda t: Properties(t, "v1").get("tier"),
            DEFINITION,
            "GET /properties/v1/contacts/properties/named/tier",
            None,
            id="v1 property",
        ),
        pytest.param(
            lambda t: Properties(t, "v3").get("a/b"),
            DEFINITION,
            "GET /crm/v3/properties/contacts/a%2Fb",
            None,
            id="property",
        ),
        pytest.param(
            lambda t: Properties(t, "2026-09").create(PropertyDefinition("id2", "Id", has_unique_value=True)),
            DEFINITION,
            "POST /crm/properties/2026-09/contacts",
            {
                "name": "id2",
                "label": "Id",
                "type": "string",
                "fieldType": "text",
                "groupName": "contactinformation",
                "description": "",
                "hasUniqueValue": True,
            },
            id="create property",
        ),
        pytest.param(
            lambda t: account(t, "v3").details(),
            '{"portalId": 7}',
            "GET /account-info/v3/details",
            None,
            id="account",
        ),
        pytest.param(
            lambda t: account(t).access(),
            '{"hubId": 7}',
            "POST /oauth/v2/private-apps/get/access-token-info",
            {"tokenKey": TOKEN},
            id="token",
        ),
    ],
)
def test_what_is_sent(call: Call, answer: str, line: str, sent: object) -> None:
    """Paths, queries and bodies are those of HubSpot's documentation; no token stands in a URL."""
    with wire(reply(200, answer)) as to:
        call(to.transport)

    assert to.server.lines() == [f"{line} HTTP/1.1"]
    assert body_of(to) == sent


def test_a_legacy_update_with_times() -> None:
    """The legacy API takes the time at which each value was set, and answers with nothing."""
    with wire(reply(204)) as to:
        ContactsV1(to.transport).update_by_email(
            "a@b.c", {"x": "", "y": "2"}, timestamps={"y": 1_700_000_000_000}
        )

    assert to.server.lines() == ["POST /contacts/v1/contact/email/a%40b.c/profile HTTP/1.1"]
    assert body_of(to)["properties"] == [
        {"property": "x", "value": ""},
        {"property": "y", "value": "2", "timestamp": 1_700_000_000_000},
    ]


@pytest.mark.parametrize(
    ("call", "calls"),
    [
        (lambda t: Contacts(t).batch_create([ONE]), 1),
        (lambda t: Contacts(t).create({"email": "a@b.c"}), 1),
        (lambda t: ContactsV1(t).update_by_email("a@b.c", {"email": "new@b.c"}), 1),
        (lambda t: ContactsV1(t).create_or_update_by_email("a@b.c", {"email": "new@b.c"}), 1),
        (lambda t: ContactsV1(t).update_by_email("a@b.c", {"email": "A@B.C"}), 5),
        (lambda t: ContactsV1(t).update_by_email("a@b.c", {"city": "x"}), 5),
        (lambda t: Contacts(t).batch_update([ONE]), 5),
        (lambda t: Contacts(t).batch_upsert([ONE], id_property="email"), 5),
        (lambda t: Contacts(t).update("7", {"email": "new@b.c"}), 5),
        (lambda t: Contacts(t).batch_archive(["7"]), 5),
        (lambda t: Properties(t, "v3").create(PropertyDefinition("tier", "Tier", "string", "text")), 5),
        (lambda t: account(t).details(), 5),
    ],
    ids=[
        "batch create",
        "create",
        "v1 new address",
        "v1 upsert of a new address",
        "v1 same address",
        "v1 update",
        "batch update",
        "batch upsert",
        "update by id",
        "batch archive",
        "a property is created",
        "account",
    ],
)
def test_what_is_repeated(call: Call, calls: int) -> None:
    """A call whose answer is lost is repeated only if a second time changes nothing."""
    with wire(TRUNCATED) as to, pytest.raises(AnswerLost):
        call(to.transport)

    assert len(to.server.requests) == calls


@pytest.mark.parametrize(
    ("call", "bodies"),
    [
        (
            lambda t: Contacts(t).get("7"),
            ["", "[]", "{}", "null", '{"id": null}', '{"id":"7","properties":[1]}'],
        ),
        (
            lambda t: Contacts(t).batch_read(["7"]),
            ["", "{}", '{"results":[5]}', '{"results":[],"errors":{"a":1}}'],
        ),
        (lambda t: ContactsV1(t).update_by_email("a@b.c", {}), ["", "{}", "null"]),
        (
            lambda t: ContactsV1(t).get_by_email("a@b.c"),
            ["", "[]", '{"vid":null}', '{"vid":7,"properties":[1]}'],
        ),
        (lambda t: ContactsV1(t).create_or_update_by_email("a@b.c", {}), ["", "[]", "{}"]),
        (lambda t: Properties(t, "v1").list(), ["", "{}", "5", '[{"label":"x"}]', "[5]"]),
        (lambda t: Properties(t, "v3").get("tier"), ["", "[]", "{}", '{"name":5}']),
        (lambda t: Owners(t, "v3").list(), ["", "[]", "{}", '{"results":[{}]}', '{"results":[5]}']),
        (lambda t: account(t).details(), ["", "[]", '{"portalId":"x"}']),
        (lambda t: account(t).access(), ["", "[]", '{"hubId":null}']),
    ],
    ids=[
        "get",
        "batch",
        "v1 update",
        "v1 get",
        "v1 upsert",
        "properties",
        "property",
        "owners",
        "account",
        "token",
    ],
)
def test_answers_of_a_wrong_shape(call: Call, bodies: list[str]) -> None:
    """A 200 that does not say what it should is unusable; it proves nothing, and breaks nothing."""
    for body in bodies:
        with wire(reply(200, body)) as to, pytest.raises(UnusableAnswer):
            call(to.transport)


def test_values_that_are_no_texts() -> None:
    """Values become HubSpot's text form, whatever JSON they come as; ids are texts."""
    properties = {"a": True, "b": 5, "c": None, "d": "x", "e": 1.5}
    with wire(reply(200, json.dumps({"id": 7, "properties": properties, "new": "yes"}))) as to:
        contact = Contacts(to.transport).get("7")

    assert (contact.id, contact.new) == ("7", None)
    assert contact.properties == {"a": "true", "b": "5", "c": None, "d": "x", "e": "1.5"}


@pytest.mark.parametrize("found", [{}, {"properties": None}, {"properties": {"x": {"value": "1"}, "y": 5}}])
def test_legacy_values(found: dict[str, Any]) -> None:
    """Legacy values stand one level deeper; what has none is None."""
    with wire(reply(200, json.dumps({"vid": 7} | found))) as to:
        contact = ContactsV1(to.transport).get_by_email("a@b.c")

    assert (contact.id, contact.properties) == ("7", {"x": "1", "y": None} if found.get("properties") else {})


@pytest.mark.parametrize(
    ("error", "status", "properties", "existing"),
    [
        ({"category": "CONFLICT", "message": "Contact already exists. Existing ID: 12"}, 409, (), "12"),
        ({"category": "OBJECT_NOT_FOUND", "context": {"ids": ["1", 2]}}, 404, (), None),
        (
            {
                "category": "VALIDATION_ERROR",
                "message": 'not valid: [{"name":"x","error":"E","message":"m"}]',
            },
            400,
            ("x",),
            None,
        ),
        ({"category": "VALIDATION_ERROR", "context": {"propertyName": ["y"]}}, 400, ("y",), None),
        ({"category": "SOMETHING_NEW"}, 207, (), None),
        ({"status": 400}, 400, (), None),
        ({"category": 5, "message": ["x"], "context": "x", "errors": 5}, 207, (), None),
        ({}, 207, (), None),
    ],
    ids=["conflict", "not found", "in the message", "in the context", "unknown", "status", "odd", "empty"],
)
def test_errors_inside_a_batch(
    error: dict[str, Any], status: int, properties: tuple[str, ...], existing: str | None
) -> None:
    """An error inside a 207 tells what it would tell alone; an unknown category has no status of its own."""
    body = {"status": "COMPLETE", "results": [], "errors": [error, "no error"]}
    with wire(reply(207, json.dumps(body))) as to:
        (told,) = Contacts(to.transport).batch_update([ONE]).refusals

    assert (told.status, told.properties, told.existing_id) == (status, properties, existing)
    assert all(isinstance(named, str) for named in told.ids)
    assert told.is_hubspots, "the answer that it stands in is"


@pytest.mark.parametrize("name", ["", ".", ".."])
@pytest.mark.parametrize(
    "call",
    [
        lambda t, name: Contacts(t).get(name),
        lambda t, name: Contacts(t).update(name, {}),
        lambda t, name: ContactsV1(t).update_by_email(name, {}),
        lambda t, name: Properties(t, "v3").get(name),
    ],
    ids=["get", "update", "v1 update", "property"],
)
def test_a_name_does_not_reach_another_endpoint(call: Callable[[Transport, str], object], name: str) -> None:
    """A name that would change the path is refused, and nothing is sent."""
    with wire(reply(200, "{}")) as to, pytest.raises(BadRequest):
        call(to.transport, name)

    assert to.server.requests == []


def test_options_of_a_property() -> None:
    """Definitions of both APIs are read alike; what is missing has a harmless value."""
    options = [{"label": "Gold", "value": "gold", "displayOrder": "1", "hidden": True}, 5]
    wires = [
        {"name": "tier", "options": options, "modificationMetadata": {"readOnlyValue": True}},
        {"name": "tier", "options": options, "readOnlyValue": True, "modificationMetadata": 5},
    ]
    for wired in wires:
        with wire(reply(200, json.dumps(wired))) as to:
            definition = Properties(to.transport, "v3").get("tier")

        (option,) = definition.options
        assert (option.label, option.value, option.display_order, option.hidden) == ("Gold", "gold", -1, True)
        assert definition.read_only


def test_rules_of_a_property() -> None:
    """Only what is a rule counts, and only if HubSpot applies it to the value as it is sent."""
    rule = {"ruleType": "MIN_LENGTH", "ruleArguments": ["3", 4]}
    bare = {"ruleType": "NO_BLANKS", "ruleArguments": None}
    listed = [
        {
            "propertyName": "tier",
            "propertyValidationRules": [rule, 5, bare, {**rule, "shouldApplyNormalization": True}],
        },
        {"propertyName": "city", "propertyValidationRules": 5},
    ]
    with wire(reply(200, json.dumps({"results": listed}))) as to:
        found = Properties(to.transport, "v3").rules()

    assert found == {
        "tier": (ValidationRule("MIN_LENGTH", ("3", "4")), ValidationRule("NO_BLANKS", ())),
        "city": (),
    }


def test_a_version_that_contacts_do_not_have() -> None:
    """The legacy API is another class."""
    with wire(reply(200)) as to, pytest.raises(ConfigurationError, match="API version"):
        Contacts(to.transport, "v1")


def test_a_refusal_passes_through() -> None:
    """The classes of calls leave the transport's errors as they are."""
    with wire(reply(404, '{"message":"contact does not exist"}')) as to, pytest.raises(NotFound):
        ContactsV1(to.transport).update_by_email("a@b.c", {})


def test_the_scopes_of_an_oauth_app() -> None:
    """An OAuth app learns its portal and scopes with its token, without another call."""
    granted = {"access_token": "one", "expires_in": 1800, "hub_id": 7, "scopes": ["oauth"]}
    tokens = Server(reply(200, json.dumps(granted)))
    auth = OAuthToken("app", "app-secret", "refresh-me", base_url=tokens.url)
    with wire(reply(500)) as to:
        access = Account(to.transport, auth, "2026-09").access()

    assert access == Access(7, frozenset({"oauth"}))
    assert to.server.requests == []


@pytest.mark.parametrize("scopes", [None, 5, "oauth", {"a": 1}], ids=repr)
def test_scopes_that_are_no_list(scopes: object) -> None:
    """What is not understood of a token's scopes is left out, so that it is told as missing."""
    with wire(reply(200, json.dumps({"hubId": 7, "scopes": scopes}))) as to:
        assert account(to.transport).access() == Access(7, frozenset())


def test_the_public_names() -> None:
    """What the package offers is sorted, exists, and has every error."""
    constants = [name for name in client.__all__ if name.isupper()]
    classes = [name for name in client.__all__ if not name.isupper()]

    assert client.__all__ == sorted(constants) + sorted(classes)
    assert all(hasattr(client, name) for name in client.__all__)
    assert _names_below(HubSpotError) <= set(client.__all__)


def _names_below(kind: type[HubSpotError]) -> set[str]:
    return {kind.__name__}.union(*map(_names_below, kind.__subclasses__()))


@pytest.mark.parametrize("zone", ["x\nforged", "\x1b[31mred", "a" * 100_000], ids=["line", "escape", "long"])
def test_what_a_portal_says_of_itself_is_printable(zone: str) -> None:
    """Its time zone and type get into logs and onto terminals."""
    with wire(reply(200, json.dumps({"portalId": 7, "timeZone": zone, "accountType": zone}))) as to:
        details = Account(to.transport, AccessToken("pat-na1-x"), "2026-09").details()

    assert details.time_zone.isprintable()
    assert details.account_type.isprintable()
    assert len(details.time_zone) <= 64


class TestOwners:
    """The pages of a list of owners."""

    def test_what_is_read_of_them(self) -> None:
        """A queue has no address, and of a removed user only the old id is told."""
        first = (
            '{"results": [{"id": "1", "email": "a@b.c", "userId": 9}], "paging": {"next": {"after": "x y"}}}'
        )
        second = '{"results": [{"id": 2, "userIdIncludingInactive": 8}], "paging": {"next": {"after": ""}}}'
        with wire(reply(200, first), reply(200, second)) as to:
            found = Owners(to.transport, "2026-09").list(archived=True)

            assert found == (Owner("1", "a@b.c", "9", archived=True), Owner("2", "", "8", archived=True))
            assert b"archived=true&after=x+y" in to.server.requests[-1]


class Endless:
    """A transport whose answers always name a next page.

    :param cursors: that the pages name, again and again; None for a new one each time.
    """

    def __init__(self, cursors: int | None) -> None:
        self.calls = 0
        self._cursors = cursors

    def request(self, *_: object, **__: object) -> SimpleNamespace:
        self.calls += 1
        after = self.calls % self._cursors if self._cursors else self.calls
        paging = {"next": {"after": f"page {after}"}}
        return SimpleNamespace(
            body={"results": [], "lists": [{"listId": 1}], "hasMore": True, "paging": paging}
        )


PAGED: list[Any] = [
    pytest.param(lambda t: Owners(t, "2026-09").list(), id="owners"),
    pytest.param(lambda t: Lists(t, "2026-09").members("7"), id="members"),
]


@pytest.mark.parametrize("read", PAGED)
@pytest.mark.parametrize("cursors", [1, 2, 3])
def test_pages_whose_cursors_come_again(read: Callable[[Any], Any], cursors: int) -> None:
    """They are not read again: what is listed is not known in full, which is an error."""
    endless = Endless(cursors)

    with pytest.raises(UnusableAnswer, match="has no end"):
        tuple(read(endless))
    assert endless.calls == cursors + 1


@pytest.mark.parametrize(
    ("read", "most"),
    [
        (lambda t: Owners(t, "2026-09").list(), MOST_PAGES),
        (lambda t: Lists(t, "2026-09").all(), MOST_PAGES),
        (lambda t: Lists(t, "2026-09").members("7"), MOST_PAGES_OF_MEMBERS),
    ],
    ids=["owners", "lists", "members"],
)
def test_pages_without_an_end(read: Callable[[Any], Any], most: int) -> None:
    """They are taken for wrong after more than HubSpot can have of what is listed."""
    endless = Endless(None)

    with pytest.raises(UnusableAnswer, match="has no end"):
        tuple(read(endless))
    assert endless.calls == most


ONE_LIST = {"objectTypeId": "0-1", "recordId": "1", "recordListMemberships": [{"listId": "5"}]}
NO_LIST = {"objectTypeId": "0-1", "recordId": "2", "recordListMemberships": []}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, {"1": {"5"}, "2": set()}),
        ({"results": [ONE_LIST]}, {"1": {"5"}}),
        ({"results": [ONE_LIST, ONE_LIST, NO_LIST]}, {"2": set()}),
        ({"results": [{**ONE_LIST, "objectTypeId": "0-2"}, NO_LIST]}, {"2": set()}),
        ({"results": [{**ONE_LIST, "recordListMemberships": None}, NO_LIST]}, {"2": set()}),
        ({"results": [{**ONE_LIST, "recordListMemberships": [{}]}, "x", NO_LIST]}, {"2": set()}),
        ({"errors": [{"context": {"ids": ["2"]}}]}, {"1": {"5"}}),
        ({"errors": [{"context": {"recordId": 2}}, "x", {}]}, {"1": {"5"}}),
        ({"status": "PROCESSING"}, {}),
        ({"status": None}, {}),
    ],
)
def test_what_an_answer_about_several_contacts_proves(
    changes: dict[str, Any], said: dict[str, set[str]]
) -> None:
    """Who is missing, there twice, refused or of another type is neither in a list nor in none."""
    body = {"status": "COMPLETE", "results": [ONE_LIST, NO_LIST], **changes}
    with wire(reply(207, json.dumps(body))) as to:
        assert Lists(to.transport, "2026-09").of_each(["1", "2"]) == said
