# SPDX-License-Identifier: Apache-2.0
"""The operations that a run may call, each with the check of what its path and its body name.

Whatever is not in the table is not sent.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from email import message_from_string
from functools import cached_property, partial
from typing import Any
from urllib.parse import unquote

from tests.contract.answers import Raw
from tests.contract.ours import COMPANY, CONTACT, IMPORT, KEYS, LIST, OWNER, Ours

Check = Callable[[Ours, Any], bool]
"""Tells of a body whether all that it names is the run's."""

NO_NUMBER = "nobody"
"""In place of an id; it is not a number, so that no record has it."""

NO_TYPES = ("contactz", "0-98765")
"""Object types that HubSpot does not have."""

UNKNOWN_APP = "00000000-0000-0000-0000-000000000000"
"""What the calls of OAuth send in place of each secret."""

LIST_KEYS = {"name", "objectTypeId", "processingType"}
"""Keys of the body that makes a list; with filters it would hold records of others."""

DEFINITION_KEYS = {"label", "type", "fieldType", "groupName", "options", "description", "hasUniqueValue"}
"""Keys of the body of a property."""

FILLED_BY_CALLS = {"MANUAL", "SNAPSHOT"}
QUERY = {
    *("properties", "propertiesWithHistory", "archived", "associations", "idProperty", "limit", "after"),
    *("property", "propertyMode", "formSubmissionMode", "showListMemberships"),
}
"""Parameters of a query that a call may have."""


@dataclass(frozen=True)
class Part:
    """A part of a path.

    :param pattern: a regular expression.
    :param check: whether a value, decoded, may be named; None for what names nothing of a portal.
    :param kind: what a number of this part is the id of; empty if it is not an id.
    """

    pattern: str
    check: Callable[[Ours, str], bool] | None = None
    kind: str = ""


def _objects(*spellings: str) -> str:
    return rf"/crm/(?:v[34]/objects|objects/\d{{4}}-\d\d)/(?i:{'|'.join(spellings)})"


def _contact(ours: Ours, key: str) -> bool:
    return ours.is_key(CONTACT, key) or key == NO_NUMBER


PARTS: Mapping[str, Part] = {
    "version": Part(r"\d{4}-\d\d"),
    "contacts": Part(_objects("contacts?", "0-1")),
    "companies": Part(_objects("companies", "company", "0-2")),
    "no_type": Part("|".join(NO_TYPES)),
    "contact": Part(r"[^/]+", _contact, CONTACT),
    "contact_id": Part(r"\d+", lambda ours, key: ours.has(CONTACT, key), CONTACT),
    "company": Part(r"\d+", lambda ours, key: ours.has(COMPANY, key), COMPANY),
    "address": Part(r"[^/]+", Ours.is_address),
    "lists": Part(r"/crm/(?:v3/lists|lists/\d{4}-\d\d)"),
    "list": Part(r"\d+", lambda ours, key: ours.has(LIST, key), LIST),
    "list_name": Part(r"\w+", Ours.is_name),
    "definitions": Part(r"/crm/(?:v3/properties|properties/\d{4}-\d\d)/(?:contacts?|0-1)"),
    "property": Part(r"\w+", Ours.is_name),
    "any_property": Part(r"\w+"),
    "links": Part(r"/crm/(?:v[34]/associations|associations/\d{4}-\d\d)/(?:contacts/companies)"),
    "imports": Part(r"/crm/(?:v3/imports|imports/\d{4}-\d\d)"),
    "import": Part(r"\d+", lambda ours, key: ours.has(IMPORT, key), IMPORT),
    "owners": Part(r"/crm/(?:v3/owners|owners/\d{4}-\d\d)"),
    "owner": Part(r"\d+", None, OWNER),
    "v1": Part(r"/contacts/v1/contact"),
    "contacts_type": Part("contacts?|0-1"),
}
"""Name in braces → the part of a path."""


def nothing(_: Ours, body: Any) -> bool:
    """Check whether there is no body."""
    return body is None


@dataclass(frozen=True)
class Operation:
    """A method and a path that may be called.

    :param path: a template of :data:`PARTS`.
    :param check: the check of the body.
    :param makes: the kind of the records in the answer, which are the run's from then on; empty if there are
        none.
    """

    method: str
    path: str
    check: Check = nothing
    makes: str = ""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def parts(self, method: str, path: str) -> dict[str, str] | None:
        """Return the parts of a call's path, decoded; None if the call is another operation."""
        found = self._pattern.fullmatch(path) if method == self.method else None
        return None if found is None else {name: unquote(part) for name, part in found.groupdict().items()}

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        pieces = re.split(r"\{(\w+)\}", self.path)
        return re.compile(
            "".join(
                f"(?P<{each}>{PARTS[each].pattern})" if place % 2 else re.escape(each)
                for place, each in enumerate(pieces)
            )
        )


def _object(body: Any, *keys: str) -> bool:
    """Check whether a body is a JSON object with these keys at most."""
    return isinstance(body, Mapping) and body.keys() <= set(keys)


def _inputs(check: Check, ours: Ours, body: Any, *more: str) -> bool:
    """Check whether each input of a batch is the run's; a batch without inputs is HubSpot's to refuse."""
    if not _object(body, "inputs", *more):
        return False
    inputs = body.get("inputs", [])
    return isinstance(inputs, list) and all(check(ours, each) for each in inputs)


def new_record(kind: str, ours: Ours, body: Any) -> bool:
    """Check whether a new record and the records that it is associated with are the run's."""
    if not _object(body, "properties", "associations", "objectWriteTraceId"):
        return False
    other = COMPANY if kind == CONTACT else CONTACT
    associated = all(
        _object(each, "to", "types")
        and ours.has(other, each["to"]["id"])
        and labels(ours, each.get("types", []))
        for each in body.get("associations", [])
    )
    return associated and ours.may_write(kind, body.get("properties"), new=True)


def changes(kind: str, ours: Ours, body: Any) -> bool:
    """Check whether a record of the run may get the properties of a body, if there are any."""
    if not body:
        return body is not None
    if not _object(body, "properties"):
        return False
    return not body["properties"] or ours.may_write(kind, body["properties"], new=False)


def some_change(kind: str, ours: Ours, each: Any) -> bool:
    """Check whether an input of ``batch/update`` is about a record of the run."""
    if not _object(each, "id", "idProperty", "properties", "objectWriteTraceId"):
        return False
    return _is_key(kind, ours, each) and ours.may_write(kind, each.get("properties"), new=False)


def some_upsert(kind: str, ours: Ours, each: Any) -> bool:
    """Check whether an input of ``batch/upsert``, which may make a record, is about one of the run."""
    if not _object(each, "id", "idProperty", "properties", "objectWriteTraceId"):
        return False
    new = not ours.knows(each.get("id"))
    return _is_key(kind, ours, each) and ours.may_write(kind, each.get("properties"), new=new)


def some_record(kind: str, ours: Ours, each: Any) -> bool:
    """Check whether an input has nothing but an id of the run."""
    return _object(each, "id") and ours.is_key(kind, each.get("id"))


def batch(check: Check, *more: str) -> Check:
    """Return a check of a batch by a check of each input."""
    return lambda ours, body: _inputs(check, ours, body, *more)


def batch_read(kind: str, ours: Ours, body: Any) -> bool:
    """Check whether each id or address of a batch is the run's."""
    more = ("properties", "propertiesWithHistory", "idProperty")
    by_email = isinstance(body, Mapping) and body.get("idProperty", "email") == "email"
    return by_email and _inputs(partial(some_record, kind), ours, body, *more)


def _is_key(kind: str, ours: Ours, each: Mapping[str, Any]) -> bool:
    return each.get("idProperty", "email") == "email" and ours.is_key(kind, each.get("id"))


def search(kind: str, ours: Ours, body: Any) -> bool:
    """Check whether each group of filters demands an address or a domain of the run."""
    if not _object(body, "filterGroups", "properties", "limit", "after", "sorts"):
        return False
    belongs = ours.is_address if kind == CONTACT else ours.is_domain
    groups = body.get("filterGroups")
    return bool(groups) and all(
        any(
            each.get("propertyName") == KEYS[kind]
            and each.get("operator") == "EQ"
            and belongs(each.get("value"))
            for each in group["filters"]
        )
        for group in groups
    )


def merge(kind: str, ours: Ours, body: Any) -> bool:
    """Check whether both records are the run's."""
    keys = {"primaryObjectId", "objectIdToMerge"}
    return _object(body, *keys) and body.keys() == keys and ours.has_all(kind, body.values())


def erase(kind: str, ours: Ours, body: Any) -> bool:
    """Check whether the id or address that is deleted for good is the run's."""
    if not _object(body, "objectId", "idProperty"):
        return False
    belongs = ours.is_address if body.get("idProperty") == "email" else partial(ours.has, kind)
    return body.get("idProperty", "email") == "email" and belongs(body.get("objectId"))


def labels(_: Ours, body: Any) -> bool:
    """Check whether all labels are HubSpot's own: others belong to the portal."""
    return isinstance(body, list) and all(
        each.get("associationCategory") == "HUBSPOT_DEFINED" for each in body
    )


def link(ours: Ours, each: Any) -> bool:
    """Check whether both ends of an association are the run's."""
    if not _object(each, "from", "to", "types") or not {"from", "to"} <= each.keys():
        return False
    ends = each["to"] if isinstance(each["to"], list) else [each["to"]]
    return (
        ours.has(CONTACT, each["from"].get("id"))
        and ours.has_all(COMPANY, (end.get("id") for end in ends))
        and labels(ours, each.get("types", []))
    )


def new_list(ours: Ours, body: Any) -> bool:
    """Check whether a list has the run's name, and members that calls put in."""
    return (
        _object(body, *LIST_KEYS)
        and ours.is_name(body.get("name"))
        and body.get("processingType") in FILLED_BY_CALLS
    )


def members(ours: Ours, body: Any) -> bool:
    """Check whether all contacts that a call puts into a list or takes out of it are the run's."""
    if _object(body, "recordIdsToAdd", "recordIdsToRemove"):
        return all(ours.has_all(CONTACT, each) for each in body.values())
    return isinstance(body, list) and ours.has_all(CONTACT, body)


def record_of_lists(ours: Ours, each: Mapping[str, Any]) -> bool:
    """Check whether a contact whose lists a call asks for is the run's."""
    is_whole = _object(each, "objectTypeId", "recordId") and each.get("objectTypeId") == "0-1"
    return is_whole and ours.has(CONTACT, each.get("recordId"))


def new_definition(ours: Ours, body: Any) -> bool:
    """Check whether a new property has the run's name."""
    return _object(body, "name", *DEFINITION_KEYS) and ours.is_name(body.get("name"))


def definition(_: Ours, body: Any) -> bool:
    """Check whether a property keeps its name."""
    return _object(body, *DEFINITION_KEYS)


def _entries(body: Any) -> dict[str, Any] | None:
    """Return the properties of a contact as v1 writes them; None if the body has no list of properties."""
    entries = body.get("properties") if isinstance(body, Mapping) else None
    if not isinstance(entries, list):
        return None
    return {each.get("property") or each.get("name", ""): each.get("value") for each in entries}


def v1_new(ours: Ours, body: Any) -> bool:
    """Check whether a contact that v1 makes is the run's."""
    return _object(body, "properties") and ours.may_write(CONTACT, _entries(body), new=True)


def v1_changes(ours: Ours, body: Any) -> bool:
    """Check whether a contact of the run may get what v1 writes."""
    return _object(body, "properties") and ours.may_write(CONTACT, _entries(body), new=False)


def v1_batch(ours: Ours, body: Any) -> bool:
    """Check whether each contact of a batch of v1 is the run's."""

    def may(each: Any) -> bool:
        if not _object(each, "vid", "email", "properties") or not {"vid", "email"} & each.keys():
            return False
        named = ours.is_address(each["email"]) if "email" in each else True
        named = named and (ours.has(CONTACT, each["vid"]) if "vid" in each else True)
        return named and ours.may_write(CONTACT, _entries(each), new="vid" not in each)

    return isinstance(body, list) and bool(body) and all(map(may, body))


def v1_merge(ours: Ours, body: Any) -> bool:
    """Check whether the contact that is merged into the path's is the run's."""
    return _object(body, "vidToMerge") and ours.has(CONTACT, body.get("vidToMerge"))


def secondary_change(ours: Ours, body: Any) -> bool:
    """Check whether both addresses of a change are the run's."""
    keys = {"targetSecondaryEmail", "updatedSecondaryEmail"}
    return _object(body, *keys) and body.keys() == keys and all(map(ours.is_address, body.values()))


def import_file(ours: Ours, body: Any) -> bool:
    """Check whether each row of an import is found by an address of the run, and is a contact of the run.

    :raises TypeError: if the body is not a form.
    :raises ValueError: if it is not a form of one file.
    """
    request, rows = _read_import(body)
    (file,) = request["files"]
    columns = file["fileImportPage"]["columnMappings"]
    if list(request["importOperations"]) != ["0-1"]:
        return False
    kinds = [(each["columnObjectTypeId"], each["columnType"]) for each in columns]
    if kinds != [("0-1", "HUBSPOT_ALTERNATE_ID"), *[("0-1", "STANDARD")] * (len(columns) - 1)]:
        return False
    names = [each["propertyName"] for each in columns]
    records = [dict(zip(names, row, strict=True)) for row in rows[1:]]
    return bool(records) and all(
        ours.is_address(each["email"]) and ours.may_write(CONTACT, each, new=True) for each in records
    )


def _read_import(body: Any) -> tuple[dict[str, Any], list[list[str]]]:
    """Return the request and the rows of the form that starts an import.

    :raises TypeError: if it is not a form.
    :raises ValueError: if it is another form.
    """
    if not isinstance(body, Raw):
        raise TypeError("not a form")
    form = message_from_string(f"Content-Type: {body.content_type}\r\n\r\n{body.content}")
    fields = [each for each in form.walk() if not each.is_multipart()]
    if len(fields) != 2:
        raise ValueError("not two fields")
    named = {
        str(each.get_param("name", header="content-disposition")): str(each.get_payload()) for each in fields
    }
    return json.loads(named["importRequest"]), list(csv.reader(named["files"].splitlines()))


def no_secret(_: Ours, body: Any) -> bool:
    """Check whether OAuth gets no secret of anybody."""
    if isinstance(body, Raw):
        values: Iterable[Any] = [pair.partition("=")[2] for pair in body.content.split("&")]
    else:
        values = body.values() if isinstance(body, Mapping) else ["?"]
    return set(values) <= {UNKNOWN_APP, "refresh_token"}


def _records(root: str, key: str, kind: str) -> tuple[Operation, ...]:
    """Return the operations that contacts and companies have in common."""
    one = f"{{{root}}}/{{{key}}}"
    many = f"{{{root}}}/batch"
    return (
        Operation("GET", one, makes=kind),
        Operation("PATCH", one, partial(changes, kind), makes=kind),
        Operation("DELETE", one),
        Operation("POST", f"{{{root}}}", partial(new_record, kind), makes=kind),
        Operation("POST", f"{{{root}}}/search", partial(search, kind)),
        Operation("POST", f"{many}/read", partial(batch_read, kind), makes=kind),
        Operation("POST", f"{many}/create", batch(partial(new_record, kind)), makes=kind),
        Operation("POST", f"{many}/update", batch(partial(some_change, kind)), makes=kind),
        Operation("POST", f"{many}/archive", batch(partial(some_record, kind))),
        Operation("POST", f"{{{root}}}/merge", partial(merge, kind), makes=kind),
    )


OPERATIONS: tuple[Operation, ...] = (
    *_records("contacts", "contact", CONTACT),
    *_records("companies", "company", COMPANY),
    Operation("POST", "{contacts}/batch/upsert", batch(partial(some_upsert, CONTACT)), makes=CONTACT),
    Operation("POST", "{contacts}/gdpr-delete", partial(erase, CONTACT)),
    Operation("GET", "/crm/objects/{version}/{no_type}/{contact}"),
    Operation("GET", "{contacts}/{contact_id}/associations/companies"),
    Operation("PUT", "{contacts}/{contact_id}/associations/default/companies/{company}"),
    Operation("PUT", "{contacts}/{contact_id}/associations/companies/{company}", labels),
    Operation("DELETE", "{contacts}/{contact_id}/associations/companies/{company}"),
    Operation("GET", "{links}/labels"),
    Operation("POST", "{links}/batch/read", batch(partial(some_record, CONTACT))),
    Operation("POST", "{links}/batch/create", batch(link)),
    Operation("POST", "{links}/batch/archive", batch(link)),
    Operation("POST", "{lists}", new_list, makes=LIST),
    Operation("GET", "{lists}/{list}"),
    Operation("DELETE", "{lists}/{list}"),
    Operation("GET", "{lists}/object-type-id/{contacts_type}/name/{list_name}"),
    Operation("GET", "{lists}/records/0-1/{contact_id}/memberships"),
    Operation("POST", "{lists}/records/memberships/batch/read", batch(record_of_lists)),
    Operation("GET", "{lists}/{list}/memberships"),
    Operation("PUT", "{lists}/{list}/memberships/add", members),
    Operation("PUT", "{lists}/{list}/memberships/remove", members),
    Operation("PUT", "{lists}/{list}/memberships/add-and-remove", members),
    Operation("GET", "{definitions}/{any_property}"),
    Operation("POST", "{definitions}", new_definition),
    Operation("PATCH", "{definitions}/{property}", definition),
    Operation("DELETE", "{definitions}/{property}"),
    Operation("POST", "{v1}", v1_new, makes=CONTACT),
    Operation("POST", "{v1}/batch", v1_batch),
    Operation("GET", "{v1}/email/{address}/profile", makes=CONTACT),
    Operation("POST", "{v1}/email/{address}/profile", v1_changes),
    Operation("POST", "{v1}/vid/{contact_id}/profile", v1_changes),
    Operation("POST", "{v1}/createOrUpdate/email/{address}", v1_new, makes=CONTACT),
    Operation("POST", "{v1}/merge-vids/{contact_id}", v1_merge),
    Operation("GET", "/contacts/v1/secondary-email/{contact_id}"),
    Operation("PATCH", "/contacts/v1/secondary-email/{contact_id}", secondary_change),
    Operation("PUT", "/contacts/v1/secondary-email/{contact_id}/email/{address}"),
    Operation("DELETE", "/contacts/v1/secondary-email/{contact_id}/email/{address}"),
    Operation("POST", "{imports}", import_file, makes=IMPORT),
    Operation("GET", "{imports}/{import}"),
    Operation("GET", "{imports}/{import}/errors"),
    Operation("GET", "{owners}"),
    Operation("GET", "{owners}/{owner}"),
    Operation("GET", "/account-info/v3/api-usage/daily/private-apps"),
    Operation("POST", "/oauth/v1/token", no_secret),
    Operation("POST", "/oauth/v3/token", no_secret),
)
"""All that a run may call."""
