# SPDX-License-Identifier: Apache-2.0
"""Whatever is sent, the sandbox answers as HubSpot might, and its state stays whole."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sandbox.crm.portal import Portal
from airflow_provider_hubcontact.sandbox.crm.search import OPERATORS
from airflow_provider_hubcontact.sandbox.crm.state import dump, load
from airflow_provider_hubcontact.sandbox.http.routes import router
from tests.sandbox.calling import CONTACTS, Api

SETTINGS = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
EMAILS = [
    "ada@example.com",
    "grace@example.com",
    "ALAN@example.com",
    "turing@example.org",
    "new@x.org",
    "",
    "nope",
]
NAMES = ["email", "firstname", "lifecyclestage", "points", "birthday", "closedate", "vip", "hs_buying_role"]
NAMES += [
    "member_number",
    "hubspotscore",
    "hubspot_owner_id",
    "hs_additional_emails",
    "hs_email_domain",
    "nope",
]

texts = st.text(max_size=8)
leaves = st.none() | st.booleans() | st.integers() | st.floats() | texts | st.sampled_from(EMAILS)
json_values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner), max_leaves=6
)
values = st.sampled_from(
    [*EMAILS, "lead", "customer", "other", "1", "-5", "1e9", "2026-01-01", "true", ";CHAMPION"]
)
properties = st.dictionaries(st.sampled_from(NAMES), values | json_values, max_size=4) | json_values
inputs = st.fixed_dictionaries(
    {},
    optional={
        "id": st.sampled_from([*EMAILS, "171591000001", "171591000002", "M-1"]) | json_values,
        "idProperty": st.sampled_from(["email", "member_number", "firstname", ""]) | json_values,
        "objectWriteTraceId": st.sampled_from(["a", "b", "c"]) | json_values,
        "properties": properties,
        "associations": json_values,
    },
)
batches = st.fixed_dictionaries(
    {},
    optional={
        "inputs": st.lists(inputs, max_size=4) | json_values,
        "properties": st.lists(st.sampled_from(NAMES)) | json_values,
        "propertiesWithHistory": st.lists(st.sampled_from(NAMES)) | json_values,
        "idProperty": st.sampled_from(["email", "member_number"]) | json_values,
    },
)
entries = st.fixed_dictionaries(
    {}, optional={"property": st.sampled_from(NAMES), "value": values | json_values, "timestamp": json_values}
)
definitions = st.fixed_dictionaries(
    {},
    optional={
        name: st.sampled_from(["x", "string", "text", "enumeration", "select", "contactinformation"])
        | json_values
        for name in (
            "name",
            "label",
            "type",
            "fieldType",
            "groupName",
            "options",
            "displayOrder",
            "hasUniqueValue",
            "calculationFormula",
            "referencedObjectType",
            "formField",
        )
    },
)

OF_A_LEGACY_BATCH = {
    "email": st.sampled_from(EMAILS) | json_values,
    "vid": st.sampled_from([171591000001, "171591000002", 1]) | json_values,
    "properties": st.lists(entries, max_size=3) | json_values,
}
filters = st.fixed_dictionaries(
    {},
    optional={
        "propertyName": st.sampled_from(NAMES) | json_values,
        "operator": st.sampled_from([*OPERATORS]) | json_values,
        "value": values | st.sampled_from(["*", "*@*", "[a]*", "?*"]) | json_values,
        "highValue": values | json_values,
        "values": st.lists(values, max_size=3) | json_values,
    },
)
groups = st.fixed_dictionaries({}, optional={"filters": st.lists(filters, max_size=3) | json_values})
searches = st.fixed_dictionaries(
    {},
    optional={
        "filterGroups": st.lists(groups, max_size=3) | json_values,
        "query": texts | st.sampled_from(["ada", "ex*mple"]) | json_values,
        "sorts": st.lists(
            st.sampled_from(NAMES)
            | st.fixed_dictionaries(
                {"propertyName": st.sampled_from(NAMES), "direction": texts | st.just("DESCENDING")}
            )
            | json_values,
            max_size=3,
        ),
        "limit": st.integers(-1, 300) | json_values,
        "after": st.integers(-1, 300) | json_values,
        "properties": st.lists(st.sampled_from(NAMES)) | json_values,
    },
)


def check_state(portal: Portal) -> None:
    """Each contact is found by all of its addresses, no two share one, and stages are real."""
    assert portal.page(0, 10**6) == list(portal.contacts.values())
    assert portal.contacts.keys().isdisjoint(portal.archived)
    addresses = [a for c in portal.contacts.values() for a in [c.email, *c.secondary_emails] if a]
    assert len(addresses) == len(set(addresses))
    for contact in portal.contacts.values():
        for address in [contact.email, *contact.secondary_emails]:
            assert not address or portal.contact(address) is contact
        stages = portal.definitions["lifecyclestage"].allowed
        assert contact.properties.get("lifecyclestage", "") in {"", *stages}
        deleted = portal.collection("contacts").archived_definitions.keys()
        assert contact.properties.keys() <= portal.definitions.keys() | deleted


@pytest.fixture
def fuzzed(hubspot: Sandbox) -> Api:
    return Api(hubspot)


@SETTINGS
@given(action=st.sampled_from(["read", "create", "update", "upsert", "archive"]), body=batches | json_values)
def test_no_batch_breaks_the_sandbox(fuzzed: Api, action: str, body: Any) -> None:
    """A batch of any shape is answered with a status that HubSpot has for it."""
    answer = fuzzed.post(f"{CONTACTS}/batch/{action}", body)

    assert answer.status in {200, 201, 204, 207, 400, 409, 501}
    check_state(fuzzed.sandbox.portal)


@SETTINGS
@given(
    version=st.sampled_from(["v3/objects", "objects/2026-09"]),
    key=st.sampled_from(["ada@example.com", "171591000002", "M-1", "x"]) | texts,
    id_property=st.sampled_from(["", "?idProperty=email", "?idProperty=member_number"])
    | texts.map("?{}".format),
    body=st.fixed_dictionaries({"properties": properties}) | json_values,
)
def test_no_update_breaks_the_sandbox(
    fuzzed: Api, version: str, key: str, id_property: str, body: Any
) -> None:
    """A PATCH of any contact with any body is answered with a status that HubSpot has for it."""
    path = f"/crm/{version}/contacts/{quote(key, safe='')}{quote(id_property, safe='?=')}"

    assert fuzzed.patch(path, body).status in {200, 400, 404, 409, 501}
    check_state(fuzzed.sandbox.portal)


@SETTINGS
@given(
    path=st.sampled_from(["", "email/{}/profile", "vid/{}/profile", "createOrUpdate/email/{}"]),
    email=st.sampled_from([*EMAILS, "171591000001"]) | texts,
    body=st.fixed_dictionaries({"properties": st.lists(entries, max_size=4)}) | json_values,
)
def test_no_legacy_call_breaks_the_sandbox(fuzzed: Api, path: str, email: str, body: Any) -> None:
    """A legacy call to any address with any body is answered with a status that HubSpot has for it."""
    answer = fuzzed.post(f"/contacts/v1/contact/{path.format(quote(email, safe=''))}", body)

    assert answer.status in {200, 204, 400, 404, 409, 501}
    check_state(fuzzed.sandbox.portal)


@SETTINGS
@given(
    body=st.lists(st.fixed_dictionaries({}, optional=OF_A_LEGACY_BATCH) | json_values, max_size=4)
    | json_values
)
def test_no_legacy_batch_breaks_the_sandbox(fuzzed: Api, body: Any) -> None:
    """A legacy batch of any shape is taken or refused, and writing it leaves the portal whole."""
    fuzzed.sandbox.application.later.delay = 0

    assert fuzzed.post("/contacts/v1/contact/batch", body).status in {202, 400}
    assert fuzzed.get("/account-info/v3/details").status == 200
    check_state(fuzzed.sandbox.portal)


@SETTINGS
@given(body=searches | json_values)
def test_no_search_breaks_the_sandbox(fuzzed: Api, body: Any) -> None:
    """A search of any shape is answered or refused."""
    fuzzed.sandbox.limits.reset()

    assert fuzzed.post(f"{CONTACTS}/search", body).status in {200, 400}


@SETTINGS
@given(
    path=st.sampled_from(
        [CONTACTS, f"{CONTACTS}/171591000001", "/contacts/v1/contact/vid/171591000001/profile"]
    ),
    query=st.dictionaries(
        st.sampled_from(
            ["limit", "after", "properties", "propertiesWithHistory", "archived", "idProperty", "property"]
        ),
        st.sampled_from([*NAMES, "1", "50", "100", "171591000002", "true", "value_only"]) | texts,
        max_size=4,
    ),
)
def test_no_read_breaks_the_sandbox(fuzzed: Api, path: str, query: dict[str, str]) -> None:
    """A read with any parameters is answered or refused."""
    assert fuzzed.get(f"{path}?{urlencode(query)}").status in {200, 400, 404}


@SETTINGS
@given(
    path=st.sampled_from(["/crm/v3/properties/contacts", "/properties/v1/contacts/properties"]),
    body=definitions | json_values,
)
def test_no_definition_breaks_the_sandbox(fuzzed: Api, path: str, body: Any) -> None:
    """A definition of any shape is created or refused, and all of them can still be listed."""
    assert fuzzed.post(path, body).status in {200, 201, 400, 409}
    assert fuzzed.get(path).status == 200


@SETTINGS
@given(
    method=st.sampled_from(["PATCH", "DELETE", "PUT", "POST"]),
    path=st.sampled_from(
        [
            "/crm/v3/properties/contacts/points",
            "/crm/v3/properties/contacts/lifecyclestage",
            "/crm/v3/properties/contacts",
            "/crm/v3/properties/contacts/groups",
            "/crm/v3/properties/contacts/groups/x",
            "/crm/v3/properties/contacts/batch/create",
            "/crm/v3/properties/contacts/batch/read",
            "/crm/v3/properties/contacts/batch/archive",
            "/crm/property-validations/2026-09/0-1/points/rule-type/MAX_NUMBER",
            "/crm/property-validations/2026-09/0-1/firstname/rule-type/MIN_LENGTH",
        ]
    ),
    body=definitions
    | st.fixed_dictionaries({"inputs": st.lists(definitions | json_values, max_size=3)})
    | st.fixed_dictionaries(
        {"ruleArguments": st.lists(st.sampled_from(["1", "-5", "x"]) | json_values, max_size=2)}
    )
    | json_values,
)
def test_no_change_of_a_property_breaks_the_sandbox(fuzzed: Api, method: str, path: str, body: Any) -> None:
    """Properties, groups and rules change or not; contacts can still be read and written."""
    assert fuzzed.call(method, path, body).status in {200, 201, 204, 207, 400, 404, 409, 501}
    everything = fuzzed.post(
        f"{CONTACTS}/batch/read", {"inputs": [{"id": "171591000001"}], "properties": NAMES}
    )
    assert everything.status == 200
    assert fuzzed.patch(f"{CONTACTS}/171591000001", {"properties": {"city": "Rome"}}).status == 200


ids = st.sampled_from(["171591000001", "171591000002", "171591000004", "101", "M-1", "ada@example.com"])
specs = st.fixed_dictionaries(
    {},
    optional={
        "associationCategory": st.sampled_from(["HUBSPOT_DEFINED", "USER_DEFINED"]) | json_values,
        "associationTypeId": st.sampled_from([1, 2, 279, 280, "279", 3]) | json_values,
    },
)
ends = st.fixed_dictionaries({}, optional={"id": ids | json_values})
of_objects = st.fixed_dictionaries(
    {},
    optional={
        "primaryObjectId": ids | json_values,
        "objectIdToMerge": ids | json_values,
        "objectId": ids | json_values,
        "idProperty": st.sampled_from(["email", "member_number", "firstname"]) | json_values,
        "vidToMerge": ids | json_values,
        "targetSecondaryEmail": st.sampled_from(EMAILS) | json_values,
        "updatedSecondaryEmail": st.sampled_from(EMAILS) | json_values,
        "properties": properties,
        "associations": st.lists(
            st.fixed_dictionaries({}, optional={"to": ends | json_values, "types": st.lists(specs)}),
            max_size=2,
        )
        | json_values,
        "inputs": st.lists(
            st.fixed_dictionaries(
                {},
                optional={
                    "id": ids,
                    "from": ends | json_values,
                    "to": ends | st.lists(ends, max_size=2) | json_values,
                    "types": st.lists(specs, max_size=2) | json_values,
                },
            ),
            max_size=3,
        )
        | json_values,
        "label": texts | json_values,
        "name": texts | st.just("L") | json_values,
        "objectTypeId": st.sampled_from(["0-1", "0-2", "0-3", "contacts"]) | json_values,
        "processingType": st.sampled_from(["MANUAL", "SNAPSHOT", "DYNAMIC"]) | json_values,
        "recordIdsToAdd": st.lists(ids | json_values, max_size=3) | json_values,
        "recordIdsToRemove": st.lists(ids | json_values, max_size=3) | json_values,
        "query": texts | json_values,
        "count": st.integers(-1, 600) | json_values,
        "offset": st.integers(-1, 9) | json_values,
    },
)


@SETTINGS
@given(
    method=st.sampled_from(["GET", "POST", "PATCH", "PUT", "DELETE"]),
    path=st.sampled_from(
        [
            f"{CONTACTS}/merge",
            f"{CONTACTS}/gdpr-delete",
            "/crm/v3/objects/companies",
            "/crm/v3/objects/companies/merge",
            "/contacts/v1/contact/merge-vids/171591000001",
            "/contacts/v1/secondary-email/171591000001",
            "/contacts/v1/secondary-email/171591000001/email/turing@example.org",
            "/crm/v4/objects/contacts/171591000001/associations/companies",
            "/crm/v4/objects/contacts/171591000001/associations/companies/171591000004",
            "/crm/v4/objects/contacts/171591000001/associations/default/companies/171591000004",
            "/crm/v4/associations/contacts/companies/batch/read",
            "/crm/v4/associations/contacts/companies/batch/create",
            "/crm/v4/associations/companies/contacts/batch/associate/default",
            "/crm/v4/associations/contacts/companies/batch/archive",
            "/crm/v4/associations/contacts/companies/batch/labels/archive",
            "/crm/v4/associations/contacts/companies/labels",
            "/crm/lists/2026-09",
            "/crm/lists/2026-09/search",
            "/crm/lists/2026-09/records/memberships/batch/read",
            "/crm/lists/2026-09/101",
            "/crm/lists/2026-09/101/restore",
            "/crm/lists/2026-09/101/memberships",
            "/crm/lists/2026-09/101/memberships/add",
            "/crm/lists/2026-09/101/memberships/add-and-remove",
            "/crm/lists/2026-09/101/memberships/add-from/102",
        ]
    ),
    query=st.dictionaries(
        st.sampled_from(["limit", "after", "before", "listName", "listIds", "associations"]),
        st.sampled_from(["1", "0", "companies", "deals"]) | texts,
        max_size=2,
    ),
    body=of_objects | st.lists(ids | specs | json_values, max_size=3) | json_values,
)
def test_no_call_about_objects_breaks_the_sandbox(
    fuzzed: Api, method: str, path: str, query: dict[str, str], body: Any
) -> None:
    """Merges, deletions for good, associations and lists are answered or refused; the state stays whole."""
    portal = fuzzed.sandbox.portal
    if not portal.companies:
        portal.collection("companies").create({"name": "C"})

    answer = fuzzed.call(method, f"{path}?{urlencode(query)}", body)

    assert answer.status in {200, 201, 204, 207, 400, 404, 409, 501}
    check_state(portal)
    snapshot = dump(portal)
    load(portal, snapshot)
    assert dump(portal) == snapshot


@SETTINGS
@given(
    method=st.sampled_from(["GET", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"]),
    path=st.lists(
        st.sampled_from(
            ["crm", "v3", "objects", "contacts", "batch", "read", "oauth", "token", "%", "%2F", "..", ""]
        )
        | texts.map(lambda text: quote(text, safe="")),
        max_size=7,
    ).map(lambda parts: "/" + "/".join(parts)),
    query=texts.map(lambda text: quote(text, safe="=&%")),
    body=st.binary(max_size=40),
)
def test_no_request_breaks_the_sandbox(fuzzed: Api, method: str, path: str, query: str, body: bytes) -> None:
    """Any method, path, query and bytes are answered in HubSpot's envelope."""
    answer = fuzzed.call(method, f"{path}?{query}", body)

    assert answer.status in {200, 207, 400, 404, 501}
    assert answer.status in {200, 207} or "message" in answer.body


CALLS = [(method, path) for method, path in router().known if not path.startswith("/oauth/authorize")]
SEGMENTS = [*EMAILS, *NAMES, "171591000001", "4711", "1", "contactinformation", "MIN_LENGTH", "the-token"]
bodies = (
    st.dictionaries(st.sampled_from(["properties", "inputs", "name", "label", "options"]), json_values)
    | batches
    | definitions
    | searches
    | st.fixed_dictionaries({"properties": properties | st.lists(entries, max_size=3)})
    | st.lists(st.fixed_dictionaries({}, optional=OF_A_LEGACY_BATCH), max_size=2)
    | json_values
)
questions = st.dictionaries(
    st.sampled_from(
        ["archived", "after", "email", "idProperty", "limit", "properties", "propertiesWithHistory"]
    ),
    st.sampled_from([*NAMES, *EMAILS, "true", "0", "1", "userId", "-1", "9" * 40]) | texts,
    max_size=3,
).map(urlencode)


@settings(SETTINGS, max_examples=600)
@given(
    call=st.sampled_from(CALLS),
    segments=st.lists(st.sampled_from(SEGMENTS) | texts, min_size=4, max_size=4),
    question=questions,
    body=bodies.map(json.dumps).map(str.encode) | st.binary(max_size=30),
)
def test_no_operation_breaks_the_sandbox(
    fuzzed: Api, call: tuple[str, str], segments: list[str], question: str, body: bytes
) -> None:
    """Every operation answers whatever it is asked, and the state stays whole."""
    method, template = call
    parts = iter(segments)
    path = re.sub(r"\{\w+\}", lambda _: quote(next(parts), safe="") or "%20", template)

    answer = fuzzed.call(method, f"{path}?{question}", body, {"Accept": "*/*"})

    assert answer.status in {200, 201, 202, 204, 207, 400, 404, 409, 415, 429, 501}
    assert answer.status < 400 or answer.message
    check_state(fuzzed.sandbox.portal)
