# SPDX-License-Identifier: Apache-2.0
"""A run touches only what it made: nothing else is sent, and what it made is removed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sandbox.http.routes import router
from tests.contract.answers import Answer, Raw, Request, Target
from tests.contract.fence import Fence, NotOurs
from tests.contract.operations import OPERATIONS, UNKNOWN_APP, Operation
from tests.contract.ours import COMPANY, CONTACT, IMPORT, LIST, NAMES
from tests.contract.portals import STRANGE_LIST, contacts, fenced, http, ours
from tests.contract.scenario import COMPANIES, CONTACTS, LISTS, NOBODY, PROPERTIES, V1, Surroundings
from tests.contract.scenarios.others import import_form
from tests.contract.scrubbing import FAMILY
from tests.contract.tidying import Tidying

HERE = Surroundings("run0000000a")
ADDRESS, OTHER_ADDRESS = (f"{who}.x.run0000000a@{FAMILY}.example.com" for who in ("ada", "grace"))
NAME = "hubcontact_contract_run0000000a_x"
OWN_LIST = {"name": NAME, "objectTypeId": "0-1", "processingType": "MANUAL"}
ADA, GRACE, ACME, EMCA, MEMBERS, FILE = "7001", "7002", "7101", "7102", "7201", "7301"
DOMAIN = f"acme.x.run0000000a.{FAMILY}.example.com"
PERSON = {"lastname": FAMILY, "email": ADDRESS, "hs_additional_emails": OTHER_ADDRESS, "city": "Paris"}
FIRM = {"name": FAMILY, "domain": DOMAIN}
ENTRIES = {"properties": [{"property": name, "value": value} for name, value in PERSON.items()]}
LABEL = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}]
WITH_FIRM = [{"to": {"id": ACME}, "types": LABEL}]

FOREIGN = {
    ADA: "8001",
    GRACE: "8002",
    ACME: "8101",
    EMCA: "8102",
    MEMBERS: "8201",
    FILE: "8301",
    ADDRESS: "ada@example.net",
    OTHER_ADDRESS: f"grace.x.run0000000b@{FAMILY}.example.com",
    DOMAIN: "example.net",
    NAME: "hubcontact_contract_run0000000b_x",
    f'"{FAMILY}"': '"Stranger"',
    f",{FAMILY}": ",Stranger",
    "HUBSPOT_DEFINED": "USER_DEFINED",
    "MANUAL": "DYNAMIC",
    UNKNOWN_APP: "11111111-1111-1111-1111-111111111111",
    '"idProperty": "email"': '"idProperty": "customer_code"',
}
"""What a call of the run says → the same of somebody else."""


class Silent(Target):
    """A target that carries nothing out, and remembers what it was sent."""

    def __init__(self) -> None:
        self.sent: list[Request] = []

    def send(self, request: Request) -> Answer:
        self.sent.append(request)
        return Answer(200, {}, {})


def own_world(target: Target) -> Fence:
    """Return a fence of a run that has made two contacts, two companies, a list and an import."""
    fence = Fence(target, HERE)
    fence.ours.made[CONTACT] |= {ADA, GRACE}
    fence.ours.made[COMPANY] |= {ACME, EMCA}
    fence.ours.made[LIST].add(MEMBERS)
    fence.ours.made[IMPORT].add(FILE)
    return fence


def searched(name: str, value: str) -> dict[str, Any]:
    return {"filterGroups": [{"filters": [{"propertyName": name, "operator": "EQ", "value": value}]}]}


def some(*inputs: dict[str, Any]) -> dict[str, Any]:
    return {"inputs": list(inputs)}


def records(root: str, one: str, other: str, body: dict[str, str]) -> dict[str, Request]:
    """Return examples of what contacts and companies have in common."""
    key = "contact" if root == CONTACTS else "company"
    path, braces = f"{root}/{one}", f"{{{'contacts' if root == CONTACTS else 'companies'}}}"
    found = searched("email", ADDRESS) if root == CONTACTS else searched("domain", DOMAIN)
    merged = {"primaryObjectId": one, "objectIdToMerge": other}
    new = {"properties": body, **({"associations": WITH_FIRM} if root == CONTACTS else {})}
    return {
        f"GET {braces}/{{{key}}}": Request("GET", path),
        f"PATCH {braces}/{{{key}}}": Request("PATCH", path, {"properties": body}),
        f"DELETE {braces}/{{{key}}}": Request("DELETE", path),
        f"POST {braces}": Request("POST", root, new),
        f"POST {braces}/search": Request("POST", f"{root}/search", found),
        f"POST {braces}/batch/read": Request("POST", f"{root}/batch/read", some({"id": one}, {"id": other})),
        f"POST {braces}/batch/create": Request("POST", f"{root}/batch/create", some(new)),
        f"POST {braces}/batch/update": Request(
            "POST", f"{root}/batch/update", some({"id": one, "properties": body})
        ),
        f"POST {braces}/batch/archive": Request("POST", f"{root}/batch/archive", some({"id": one})),
        f"POST {braces}/merge": Request("POST", f"{root}/merge", merged),
    }


def examples() -> dict[str, Request]:
    """Return a call of the run for each operation, which names all that can be named."""
    links = "/crm/associations/2026-09/contacts/companies"
    pair = {"from": {"id": ADA}, "to": {"id": ACME}, "types": LABEL}
    one, members = f"{CONTACTS}/{ADA}/associations", f"{LISTS}/{MEMBERS}/memberships"
    v1, second = "/contacts/v1/contact", f"/contacts/v1/secondary-email/{ADA}"
    swapped = {"targetSecondaryEmail": ADDRESS, "updatedSecondaryEmail": OTHER_ADDRESS}
    file = import_form(f"email,lastname\n{ADDRESS},{FAMILY}\n", "email", "lastname")
    upserted = {"id": ADDRESS, "idProperty": "email", "properties": PERSON}
    secrets = {"grant_type": "refresh_token", "client_id": UNKNOWN_APP}
    form = Raw("application/x-www-form-urlencoded", f"grant_type=refresh_token&client_id={UNKNOWN_APP}")
    return {
        **records(CONTACTS, ADA, GRACE, PERSON),
        **records(COMPANIES, ACME, EMCA, FIRM),
        "POST {contacts}/batch/upsert": Request("POST", f"{CONTACTS}/batch/upsert", some(upserted)),
        "POST {contacts}/gdpr-delete": Request("POST", f"{CONTACTS}/gdpr-delete", {"objectId": ADA}),
        "GET /crm/objects/{version}/{no_type}/{contact}": Request(
            "GET", f"/crm/objects/2026-09/contactz/{ADA}"
        ),
        "GET {contacts}/{contact_id}/associations/companies": Request("GET", f"{one}/companies"),
        "PUT {contacts}/{contact_id}/associations/default/companies/{company}": Request(
            "PUT", f"{one}/default/companies/{ACME}"
        ),
        "PUT {contacts}/{contact_id}/associations/companies/{company}": Request(
            "PUT", f"{one}/companies/{ACME}", LABEL
        ),
        "DELETE {contacts}/{contact_id}/associations/companies/{company}": Request(
            "DELETE", f"{one}/companies/{ACME}"
        ),
        "GET {links}/labels": Request("GET", f"{links}/labels"),
        "POST {links}/batch/read": Request("POST", f"{links}/batch/read", some({"id": ADA})),
        "POST {links}/batch/create": Request("POST", f"{links}/batch/create", some(pair)),
        "POST {links}/batch/archive": Request(
            "POST", f"{links}/batch/archive", some({"from": {"id": ADA}, "to": [{"id": ACME}, {"id": EMCA}]})
        ),
        "POST {lists}": Request("POST", LISTS, OWN_LIST),
        "GET {lists}/{list}": Request("GET", f"{LISTS}/{MEMBERS}"),
        "DELETE {lists}/{list}": Request("DELETE", f"{LISTS}/{MEMBERS}"),
        "GET {lists}/object-type-id/{contacts_type}/name/{list_name}": Request(
            "GET", f"{LISTS}/object-type-id/0-1/name/{NAME}"
        ),
        "GET {lists}/records/0-1/{contact_id}/memberships": Request(
            "GET", f"{LISTS}/records/0-1/{ADA}/memberships"
        ),
        "POST {lists}/records/memberships/batch/read": Request(
            "POST",
            f"{LISTS}/records/memberships/batch/read",
            {"inputs": [{"objectTypeId": "0-1", "recordId": ADA}]},
        ),
        "GET {lists}/{list}/memberships": Request("GET", members),
        "PUT {lists}/{list}/memberships/add": Request("PUT", f"{members}/add", [ADA, GRACE]),
        "PUT {lists}/{list}/memberships/remove": Request("PUT", f"{members}/remove", [ADA]),
        "PUT {lists}/{list}/memberships/add-and-remove": Request(
            "PUT", f"{members}/add-and-remove", {"recordIdsToAdd": [ADA], "recordIdsToRemove": [GRACE]}
        ),
        "GET {definitions}/{any_property}": Request("GET", f"{PROPERTIES}/firstname"),
        "POST {definitions}": Request("POST", PROPERTIES, {"name": NAME, "label": "x"}),
        "PATCH {definitions}/{property}": Request("PATCH", f"{PROPERTIES}/{NAME}", {"label": "y"}),
        "DELETE {definitions}/{property}": Request("DELETE", f"{PROPERTIES}/{NAME}"),
        "POST {v1}": Request("POST", v1, ENTRIES),
        "POST {v1}/batch": Request(
            "POST", f"{v1}/batch", [{"vid": int(ADA), **ENTRIES}, {"email": ADDRESS, **ENTRIES}]
        ),
        "GET {v1}/email/{address}/profile": Request("GET", f"{v1}/email/{ADDRESS}/profile"),
        "POST {v1}/email/{address}/profile": Request("POST", f"{v1}/email/{ADDRESS}/profile", ENTRIES),
        "POST {v1}/vid/{contact_id}/profile": Request("POST", f"{v1}/vid/{ADA}/profile", ENTRIES),
        "POST {v1}/createOrUpdate/email/{address}": Request(
            "POST", f"{v1}/createOrUpdate/email/{ADDRESS}", ENTRIES
        ),
        "POST {v1}/merge-vids/{contact_id}": Request(
            "POST", f"{v1}/merge-vids/{ADA}", {"vidToMerge": int(GRACE)}
        ),
        "GET /contacts/v1/secondary-email/{contact_id}": Request("GET", second),
        "PATCH /contacts/v1/secondary-email/{contact_id}": Request("PATCH", second, swapped),
        "PUT /contacts/v1/secondary-email/{contact_id}/email/{address}": Request(
            "PUT", f"{second}/email/{ADDRESS}"
        ),
        "DELETE /contacts/v1/secondary-email/{contact_id}/email/{address}": Request(
            "DELETE", f"{second}/email/{ADDRESS}"
        ),
        "POST {imports}": Request("POST", "/crm/v3/imports", file),
        "GET {imports}/{import}": Request("GET", f"/crm/v3/imports/{FILE}"),
        "GET {imports}/{import}/errors": Request("GET", f"/crm/v3/imports/{FILE}/errors"),
        "GET {owners}": Request("GET", "/crm/v3/owners?limit=1"),
        "GET {owners}/{owner}": Request("GET", "/crm/v3/owners/4711"),
        "GET /account-info/v3/api-usage/daily/private-apps": Request(
            "GET", "/account-info/v3/api-usage/daily/private-apps"
        ),
        "POST /oauth/v1/token": Request("POST", "/oauth/v1/token", form),
        "POST /oauth/v3/token": Request("POST", "/oauth/v3/token", secrets),
    }


EXAMPLES = examples()
NAMES_NOBODY = {
    *("GET {links}/labels", "GET {definitions}/{any_property}", "GET {owners}", "GET {owners}/{owner}"),
    "GET /account-info/v3/api-usage/daily/private-apps",
}
"""Operations that only read what belongs to no record of the portal."""


def spoiled(request: Request) -> Iterator[Request]:
    """Yield a call once for each thing that it names, with somebody else's in that place."""
    raw = isinstance(request.body, Raw)
    body = request.body.content if raw else json.dumps(request.body)

    def bodies(text: str) -> Any:
        return Raw(request.body.content_type, text) if raw else json.loads(text)

    for mine, theirs in FOREIGN.items():
        for found in re.finditer(re.escape(mine), request.path):
            path = request.path[: found.start()] + theirs + request.path[found.end() :]
            yield Request(request.method, path, request.body)
        for found in re.finditer(re.escape(mine), body):
            yield Request(
                request.method, request.path, bodies(body[: found.start()] + theirs + body[found.end() :])
            )


def refused(request: Request) -> bool:
    """Check whether the fence of a run refuses a call before it leaves."""
    target = Silent()
    try:
        own_world(target).send(request)
    except NotOurs:
        return target.sent == []
    return False


FILE_FIELD = '--hubcontactborder\r\nContent-Disposition: form-data; name="files"'


class TestOperations:
    def test_every_operation_has_an_example(self) -> None:
        """A new operation comes with a call that the next test can spoil."""
        assert {str(each) for each in OPERATIONS} == EXAMPLES.keys()
        assert len({str(each) for each in OPERATIONS}) == len(OPERATIONS)

    @pytest.mark.parametrize("operation", OPERATIONS, ids=str)
    def test_a_call_of_the_run_is_sent_and_no_other(self, operation: Operation) -> None:
        """Whichever id, address, domain or name of a call is somebody else's, the call is not sent."""
        request = EXAMPLES[str(operation)]
        spoilt = list(spoiled(request))

        assert operation.parts(request.method, request.plain_path) is not None
        assert not refused(request)
        assert [each for each in spoilt if not refused(each)] == []
        assert bool(spoilt) == (str(operation) not in NAMES_NOBODY)
        assert operation.method == "GET" or str(operation) not in NAMES_NOBODY

    @pytest.mark.parametrize("operation", OPERATIONS, ids=str)
    def test_a_query_names_nothing_else(self, operation: Operation) -> None:
        """What finds a record by another property, or changes something by a query, is not sent."""
        request = EXAMPLES[str(operation)]
        for query in ("idProperty=customer_code", "listName=x", "q=x"):
            path = f"{request.plain_path}?{query}"
            assert refused(Request(request.method, path, request.body)), query

    @pytest.mark.parametrize("operation", OPERATIONS, ids=str)
    def test_a_body_says_nothing_else(self, operation: Operation) -> None:
        """An unknown key, or a body of a call that takes none, could name somebody."""
        request = EXAMPLES[str(operation)]
        more = {"query": "stranger", "vid": "8001", "email": "a@example.net", "objectId": "8001"}
        bodies: list[Any] = [{"id": "8001"}]
        if isinstance(request.body, dict) and not request.path.startswith("/oauth"):
            bodies.append({**more, **request.body})
        if isinstance(request.body, dict) and "inputs" in request.body:
            bodies.append({"inputs": [{**more, **each} for each in request.body["inputs"]]})
        assert [each for each in bodies if not refused(Request(request.method, request.path, each))] == []

    @pytest.mark.parametrize(
        ("kind", "root", "key"),
        [(CONTACT, CONTACTS, "lastname"), (COMPANY, COMPANIES, "name")],
    )
    def test_what_is_made_bears_the_familys_name(self, kind: str, root: str, key: str) -> None:
        """The next run could not sweep it otherwise."""
        body = {name: value for name, value in (PERSON if kind == CONTACT else FIRM).items() if name != key}

        assert NAMES[kind] == key
        assert refused(Request("POST", root, {"properties": body}))
        assert refused(Request("POST", f"{root}/batch/create", some({"properties": body})))

    @pytest.mark.parametrize("change", [{"operator": "NEQ"}, {"propertyName": "city"}])
    def test_a_search_demands_an_address_of_the_run(self, change: dict[str, str]) -> None:
        """An own value that is not demanded of the address finds anybody."""
        body = searched("email", ADDRESS)
        body["filterGroups"][0]["filters"][0] |= change

        assert refused(Request("POST", f"{CONTACTS}/search", body))

    @pytest.mark.parametrize(
        ("action", "body"),
        [
            ("batch/read", some({"id": ADDRESS})),
            ("gdpr-delete", {"objectId": ADA}),
        ],
    )
    def test_another_property_finds_nobody(self, action: str, body: dict[str, Any]) -> None:
        """An id of the run may be somebody's customer number."""
        update = {"id": ADA, "idProperty": "customer_code", "properties": {"city": "Paris"}}
        assert refused(Request("POST", f"{CONTACTS}/batch/update", some(update)))
        assert refused(Request("POST", f"{CONTACTS}/{action}", {**body, "idProperty": "customer_code"}))

    def test_an_upsert_makes_what_the_next_run_finds(self) -> None:
        """An unknown address comes with the family's name; for a known one some properties will do."""
        body = some({"id": ADDRESS, "idProperty": "email", "properties": {"city": "Paris"}})
        request = Request("POST", f"{CONTACTS}/batch/upsert", body)
        fence = own_world(Silent())

        with pytest.raises(NotOurs):
            fence.send(request)
        fence.call("POST", CONTACTS, {"properties": {"lastname": FAMILY, "email": ADDRESS}})
        assert fence.send(request).status == 200

    @pytest.mark.parametrize("name", ["hubspot_owner_id", "associatedcompanyid", "hs_additional_domains"])
    def test_a_property_that_names_a_record(self, name: str) -> None:
        """An owner is told of a new contact, and a company gets one."""
        body = {"properties": {name: "8101"}}

        assert refused(Request("PATCH", f"{CONTACTS}/{ADA}", body))
        assert refused(Request("PATCH", f"{COMPANIES}/{ACME}", body))
        assert refused(Request("POST", CONTACTS, {"properties": {**PERSON, name: "8101"}}))

    def test_an_address_in_any_property(self) -> None:
        """HubSpot knows more properties that hold addresses than anybody lists."""
        for value in ("a@example.net", [f"{ADDRESS};b@example.net"], {"x": "c@example.net"}):
            body = {"properties": {"work_email": value}}
            assert refused(Request("PATCH", f"{CONTACTS}/{ADA}", body)), value

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ('"files": [{', '"files": [{}, {'),
            ('"importOperations": {"0-1"', '"importOperations": {"0-2"'),
            (
                '"columnObjectTypeId": "0-1", "columnName": "lastname"',
                '"columnObjectTypeId": "0-2", "columnName": "lastname"',
            ),
            ("STANDARD", "HUBSPOT_ALTERNATE_ID"),
            ("STANDARD", "HUBSPOT_OBJECT_ID"),
            (f",{FAMILY}\n", f",{FAMILY}\n{OTHER_ADDRESS}\n"),
            (f",{FAMILY}\n", f",{FAMILY},8001\n"),
            (f"{ADDRESS},{FAMILY}\n", ""),
            (f"{ADDRESS},", "8001,"),
            (FILE_FIELD, f"{FILE_FIELD}\r\n\r\nemail\na@example.net\r\n{FILE_FIELD}"),
        ],
    )
    def test_an_import_of_another_form(self, old: str, new: str) -> None:
        """Only rows that are found by an address of the run are imported."""
        own = import_form(f"email,lastname\n{ADDRESS},{FAMILY}\n", "email", "lastname")
        changed = own.content.replace(old, new)

        assert changed != own.content
        assert refused(Request("POST", "/crm/v3/imports", Raw(own.content_type, changed)))


ROUTES = router().known
BODIES: tuple[Any, ...] = (
    None,
    [],
    {},
    ["8001"],
    some({"id": "8001"}),
    some({"from": {"id": "8001"}, "to": {"id": "8101"}, "type": "x", "types": []}),
    some({"properties": {"email": "ada@example.net"}}),
    {"properties": {"email": "ada@example.net"}},
    {"filterGroups": []},
    {"filterGroups": [{"filters": []}]},
    {"name": "city"},
    {"objectId": "8001"},
    {"primaryObjectId": "8001", "objectIdToMerge": "8002"},
)


READS_NO_RECORD = re.compile(
    r"GET (/crm/(v4/)?associations/.*/labels|/crm/.*properties/.*/(8001|groups)"
    r"|/crm/(v3/owners|owners/[\d-]+)(/8001)?|/account-info/.*/private-apps)"
)


def test_no_call_of_hubspot_reaches_anybody_else() -> None:
    """Whatever the sandbox has, called about somebody else, is not sent."""
    sent = []
    for method, template in ROUTES:
        path = re.sub(r"\{\w+\}", "8001", template)
        for body in BODIES:
            without_inputs = isinstance(body, dict) and "inputs" not in body and "/batch/" in path
            harmless = without_inputs or (path.startswith("/oauth") and body == {})
            if not harmless and not refused(Request(method, path, body)):
                sent.append(f"{method} {path}")

    assert len(ROUTES) > 300
    assert [each for each in sent if not READS_NO_RECORD.fullmatch(each)] == []


class TestLearning:
    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("GET", CONTACTS, None),
            ("GET", f"{CONTACTS}/stranger-1@example.net?idProperty=email", None),
            ("PATCH", f"{CONTACTS}/stranger-1%40example.net?idProperty=email", {"properties": {"city": "x"}}),
            ("PATCH", f"{CONTACTS}/{NOBODY}", {"properties": {"city": "x"}}),
            ("DELETE", "/crm/v3/objects/CONTACT/8001", None),
            ("POST", f"{V1}/batch", [ENTRIES]),
            ("POST", f"{V1}/createOrUpdate/email/stranger-1@example.net", ENTRIES),
            ("POST", "/crm/v3/imports", Raw("text/plain", "x\r\n\r\nemail\nstranger-1@example.net\n\r\n--x")),
            ("POST", "/crm/v3/imports/7301/cancel", None),
            ("PUT", f"{LISTS}/7201/memberships/add-from/8201", None),
            ("PUT", f"{LISTS}/7201/update-list-name?listName={NAME}", None),
            ("DELETE", f"{LISTS}/7201/memberships", None),
            ("GET", LISTS, None),
            ("POST", f"{LISTS}/search", {"query": NAME}),
            ("POST", LISTS, {**OWN_LIST, "name": STRANGE_LIST}),
            ("POST", LISTS, {**OWN_LIST, "filterBranch": {}}),
            (
                "POST",
                f"{CONTACTS}/gdpr-delete",
                {"objectId": "stranger-1@example.net", "idProperty": "email"},
            ),
        ],
    )
    def test_what_is_not_ours_is_not_sent(self, method: str, path: str, body: Any) -> None:
        """A call about anybody else is refused before it leaves."""
        assert refused(Request(method, path, body))

    def test_an_id_that_nobody_has_may_be_written(self, hubspot: Sandbox) -> None:
        """But only once the portal has said that nobody has it."""
        fence = fenced(hubspot, HERE)
        body = {"properties": {"city": "x"}}
        with pytest.raises(NotOurs):
            fence.call("PATCH", f"{CONTACTS}/{NOBODY}", body)
        fence.call("GET", f"{CONTACTS}/{NOBODY}")

        assert fence.call("PATCH", f"{CONTACTS}/{NOBODY}", body).status == 404
        with pytest.raises(NotOurs):
            fence.call("PATCH", f"{COMPANIES}/{NOBODY}", body)

    def test_an_id_that_somebody_has_after_all(self) -> None:
        """A contact that has the id which nobody should have is not the run's."""

        class Somebody(Silent):
            def send(self, request: Request) -> Answer:
                return Answer(200, {"id": NOBODY}, {})

        fence = Fence(Somebody(), HERE)
        fence.call("GET", f"{CONTACTS}/{NOBODY}")

        assert fence.ours.made[CONTACT] == set()
        with pytest.raises(NotOurs):
            fence.call("DELETE", f"{CONTACTS}/{NOBODY}")

    def test_a_list_of_the_run(self, hubspot: Sandbox) -> None:
        """Once it is deleted it may not be called any more; what is left is removed."""
        fence = fenced(hubspot, HERE)
        own = str(fence.call("POST", LISTS, OWN_LIST).body["list"]["listId"])
        (ada,) = contacts(fence)

        added = fence.call("PUT", f"{LISTS}/{own}/memberships/add", [ada])
        assert added.body["recordsIdsAdded"] == [ada]
        fence.call("DELETE", f"{LISTS}/{own}")
        with pytest.raises(NotOurs):
            fence.call("GET", f"{LISTS}/{own}")
        fence.call("POST", LISTS, OWN_LIST)
        Tidying(http(hubspot), fence.ours).remove()
        assert ours(hubspot) == set()

    def test_what_is_merged_and_upserted_is_removed(self, hubspot: Sandbox) -> None:
        """Ids that only an answer tells are the run's, too."""
        fence = fenced(hubspot, HERE)
        ada, grace = contacts(fence, 2)
        fence.call("POST", f"{CONTACTS}/merge", {"primaryObjectId": ada, "objectIdToMerge": grace})
        fence.call(
            "POST",
            f"{CONTACTS}/batch/upsert",
            some({"id": ADDRESS, "idProperty": "email", "properties": {**PERSON, "firstname": "x"}}),
        )
        assert len(ours(hubspot)) == 2
        Tidying(http(hubspot), fence.ours).remove()

        assert ours(hubspot) == set()


class TestSweep:
    def test_lists_are_swept(self, hubspot: Sandbox) -> None:
        """Lists of earlier runs go, others of a similar name stay."""
        stranger = http(hubspot)
        stranger.call("POST", LISTS, {**OWN_LIST, "name": STRANGE_LIST})
        stranger.call("POST", LISTS, {**OWN_LIST, "name": f"{STRANGE_LIST}_{OWN_LIST['name']}"})
        earlier = {**OWN_LIST, "name": "hubcontact_contract_run0000000b_list"}
        fenced(hubspot, Surroundings("run0000000b")).call("POST", LISTS, earlier)

        assert swept(hubspot) == 1
        assert ours(hubspot) == {f"{STRANGE_LIST}_{OWN_LIST['name']}"}

    def test_properties_are_swept(self, hubspot: Sandbox) -> None:
        """Properties of earlier runs go, others of a similar name stay."""
        body = {"label": "x", "type": "string", "fieldType": "text", "groupName": "contactinformation"}
        stranger = http(hubspot)
        for name in ("hubcontact_contract_run0000000b_note", "hubcontact_contract_runner"):
            stranger.call("POST", PROPERTIES, {**body, "name": name})

        assert swept(hubspot) == 1
        assert [name for name in hubspot.portal.definitions if "contract" in name] == [
            "hubcontact_contract_runner"
        ]

    @pytest.mark.parametrize(
        ("root", "body"),
        [
            (CONTACTS, {"lastname": FAMILY, "firstname": "x", "email": f"a@{FAMILY}.example.net"}),
            (COMPANIES, {"name": FAMILY, "domain": f"{FAMILY}.example.net"}),
        ],
    )
    def test_a_stranger_of_the_same_name_is_not_swept(
        self, hubspot: Sandbox, root: str, body: dict[str, str]
    ) -> None:
        """A record with the family's name and a foreign address or domain stays."""
        made = http(hubspot).call("POST", root, {"properties": body})

        assert made.status == 201
        assert swept(hubspot) == 0
        assert http(hubspot).call("GET", f"{root}/{made.get('id')}").status == 200

    def test_what_a_search_finds_is_looked_at(self) -> None:
        """A search that finds more than was asked for deletes nobody else."""

        class Finds(Silent):
            def send(self, request: Request) -> Answer:
                self.sent.append(request)
                found = {"id": "8001", "properties": {"lastname": "Contract", "name": None}}
                return Answer(200, {"results": [found], "lists": []}, {})

        target = Finds()
        Tidying(target, Fence(target, HERE).ours).sweep_records()

        assert [each.path for each in target.sent] == [f"{CONTACTS}/search", f"{COMPANIES}/search"]

    def test_companies_are_swept(self, hubspot: Sandbox) -> None:
        """Companies of earlier runs go."""
        earlier = {"name": FAMILY, "domain": f"acme.x.run0000000b.{FAMILY}.example.com"}
        fenced(hubspot, Surroundings("run0000000b")).call("POST", COMPANIES, {"properties": earlier})

        assert swept(hubspot) == 1
        assert ours(hubspot) == set()


def swept(hubspot: Sandbox) -> int:
    """Return the number of what a run sweeps before it begins."""
    target = http(hubspot)
    return Tidying(target, Fence(target, HERE).ours).sweep()
