# SPDX-License-Identifier: Apache-2.0
"""Lists of records, v3 and dated: create, find, rename, delete, restore, and their members.

HubSpot docs: "Lists" guide; OpenAPI.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from airflow_provider_hubcontact.sandbox.crm.lists import PROCESSING, Changed, RecordList
from airflow_provider_hubcontact.sandbox.crm.object_types import ObjectType, named
from airflow_provider_hubcontact.sandbox.crm.times import iso
from airflow_provider_hubcontact.sandbox.crm.type_names import canonical
from airflow_provider_hubcontact.sandbox.errors.lists import NotAListsType
from airflow_provider_hubcontact.sandbox.errors.own import NotEmulated
from airflow_provider_hubcontact.sandbox.errors.records import RecordNotFound, RecordsNotFound
from airflow_provider_hubcontact.sandbox.errors.refusal import Json
from airflow_provider_hubcontact.sandbox.errors.requests import InvalidInput
from airflow_provider_hubcontact.sandbox.http.routing import (
    DATED_VERSIONS,
    Reply,
    Request,
    Route,
    array,
    batch_reply,
    mapping,
    parsed,
    required,
    text,
)

READ, WRITE = ("crm.lists.read",), ("crm.lists.write",)
PAGE, MAX_PAGE = 100, 250
FOUND, MAX_FOUND = 20, 500
"""Lists in the answer to a search, unless it asks for more, and at most (S)."""

ROOTS = ("/crm/v3/lists", *(f"/crm/lists/{version}" for version in DATED_VERSIONS))
USER = "1"
"""The user who does everything, as the token's is."""


def routes() -> Iterator[Route]:
    """Yield the routes of this family."""
    for root in ROOTS:
        one, members = f"{root}/{{list_id}}", f"{root}/{{list_id}}/memberships"
        yield Route("POST", root, create, WRITE)
        yield Route("GET", root, get_many, READ)
        yield Route("POST", f"{root}/search", search, READ)
        yield Route("GET", f"{root}/object-type-id/{{type}}/name/{{name}}", get_by_name, READ)
        yield Route("GET", f"{root}/records/{{type}}/{{id}}/memberships", of_record, READ)
        yield Route("POST", f"{root}/records/memberships/batch/read", of_records, READ)
        yield Route("GET", one, get, READ)
        yield Route("DELETE", one, delete, WRITE)
        yield Route("PUT", f"{one}/restore", restore, WRITE)
        yield Route("PUT", f"{one}/update-list-name", rename, WRITE)
        yield Route("GET", members, list_members, READ)
        yield Route("GET", f"{members}/join-order", list_by_time, READ)
        yield Route("DELETE", members, remove_all, WRITE)
        yield Route("PUT", f"{members}/add", add, WRITE)
        yield Route("PUT", f"{members}/remove", remove, WRITE)
        yield Route("PUT", f"{members}/add-and-remove", add_and_remove, WRITE)
        yield Route("PUT", f"{members}/add-from/{{source}}", add_from, WRITE)


def not_emulated() -> Iterator[str]:
    """Yield the paths of HubSpot's lists that have no route, and that look like the path of one list (S)."""
    for root in ROOTS:
        yield f"{root}/folders"
        yield f"{root}/idmapping"


def create(request: Request) -> Reply:
    """Answer 200 with the new list, or 400 if another one has its name (T)."""
    body = request.json
    required(body, "name", "objectTypeId", "processingType")
    processing, kind = text(body["processingType"]), _kind(text(body["objectTypeId"]))
    if processing == "DYNAMIC" or body.get("filterBranch"):
        raise NotEmulated("lists that HubSpot fills (DYNAMIC, filterBranch)", "a list that is MANUAL")
    if processing not in PROCESSING:
        raise InvalidInput(f"`processingType` is MANUAL, DYNAMIC or SNAPSHOT, not {processing[:50]!r}.")
    new = request.portal.lists.create(text(body["name"]), kind.id, processing, request.portal.now())
    return Reply(200, {"list": _shown(request, new)})


def get(request: Request) -> Reply:
    """Answer 200, or 404 for a list that does not exist or is deleted."""
    return Reply(200, {"list": _shown(request, _list(request))})


def get_many(request: Request) -> Reply:
    """Answer 200 with the lists that exist of those that are named (U)."""
    wanted = set(request.listed("listIds"))
    found = [each for each in request.portal.lists.all() if each.id in wanted]
    return Reply(200, {"lists": [_shown(request, each) for each in found]})


def get_by_name(request: Request) -> Reply:
    """Answer 200, or 404 if no list of these records has the name."""
    kind = _kind(request.params["type"])
    return Reply(200, {"list": _shown(request, request.portal.lists.named(request.params["name"], kind.id))})


def search(request: Request) -> Reply:
    """Answer 200 with a page of the lists whose name contains the words, in any letter case (U: how)."""
    body = request.json
    count, offset = _whole(body, "count", FOUND), _whole(body, "offset", 0)
    if not 1 <= count <= MAX_FOUND:
        raise InvalidInput(f"`count` is between 1 and {MAX_FOUND}, not {count}.")
    words = text(body.get("query")).lower()
    ids, kinds = _texts(body, "listIds"), _texts(body, "processingTypes")
    spelling = text(body.get("objectTypeId"))
    type_id = _kind(spelling).id if spelling else ""
    found = [
        each
        for each in request.portal.lists.all()
        if words in each.name.lower()
        and (not ids or each.id in ids)
        and (not kinds or each.processing in kinds)
        and type_id in {"", each.type}
    ]
    page = found[offset : offset + count]
    request.inputs = len(page)
    return Reply(
        200,
        {
            "offset": offset + len(page),
            "hasMore": offset + len(page) < len(found),
            "lists": [_shown_found(request, each) for each in page],
            "total": len(found),
        },
    )


def delete(request: Request) -> Reply:
    """Answer 204; the list can be restored for 90 days (S)."""
    request.portal.lists.delete(_list(request), request.portal.now())
    return Reply(204)


def restore(request: Request) -> Reply:
    """Answer 204, or 404 for a list that is deleted for more than 90 days (S)."""
    request.portal.lists.restore(request.params["list_id"], request.portal.now())
    return Reply(204)


def rename(request: Request) -> Reply:
    """Answer 200 with the renamed list."""
    wanted, name = _list(request), request.parameter("listName")
    if name is None:
        raise InvalidInput("The parameter listName is missing.")
    request.portal.lists.rename(wanted, name, request.portal.now())
    return Reply(200, {"updatedList": _shown(request, wanted)})


def list_members(request: Request) -> Reply:
    """Answer 200 with a page of members by record id: ``after`` leads upwards, ``before`` downwards (S)."""
    wanted = _list(request)
    limit = _limit(request)
    members = sorted(_members(request, wanted), key=int)
    after, before = request.number("after", 0), request.number("before", 0)
    downwards = before and not request.parameter("after")
    if downwards:
        members = [each for each in reversed(members) if int(each) < before]
    else:
        members = [each for each in members if int(each) > after]
    page = members[:limit]
    paging = {"prev": {"before": page[-1]}} if downwards and page else {}
    paging = {"next": {"after": page[-1]}} if not downwards and page else paging
    return _page(request, wanted, page, paging if len(members) > limit else {})


def list_by_time(request: Request) -> Reply:
    """Answer 200 with a page of members in the order in which they were put in."""
    wanted = _list(request)
    limit, first = _limit(request), request.number("after", 0)
    if request.parameter("before"):
        raise NotEmulated("members by time, backwards (before)", "members by time, forwards (after)")
    members = sorted(_members(request, wanted), key=lambda each: (wanted.members[each], int(each)))
    page = members[first : first + limit]
    more = first + limit < len(members)
    return _page(request, wanted, page, {"next": {"after": str(first + limit)}} if more else {})


def add(request: Request) -> Reply:
    """Answer 200 with the ids that were added, and those that no record has."""
    return _changed(request, _ids(parsed(request.body)), [])


def remove(request: Request) -> Reply:
    """Answer 200 with the ids that were removed, and those that no record has."""
    return _changed(request, [], _ids(parsed(request.body)))


def add_and_remove(request: Request) -> Reply:
    """Answer 200; an id in both lists is added (U)."""
    required(request.json, "recordIdsToAdd", "recordIdsToRemove")
    to_add, to_remove = request.json["recordIdsToAdd"], request.json["recordIdsToRemove"]
    return _changed(request, _ids(to_add), _ids(to_remove))


def remove_all(request: Request) -> Reply:
    """Answer 204, or 400 for a list of 100,000 members (S)."""
    request.portal.lists.clear(_list(request))
    return Reply(204)


def add_from(request: Request) -> Reply:
    """Answer 204, or 400 if the source is the same, of other records, or of 100,000 members (S)."""
    source = request.portal.lists.get(request.params["source"])
    request.portal.lists.add_from(_list(request), source, request.portal.now())
    return Reply(204)


def of_record(request: Request) -> Reply:
    """Answer 200 with the lists that a record is in, or 404 for an unknown record (U)."""
    record = request.portal.collection(_kind(request.params["type"])).find(request.params["id"])
    if record is None:
        raise RecordNotFound
    results = _shown_lists(request, record.id)
    return Reply(200, {"total": len(results), "results": results})


def of_records(request: Request) -> Reply:
    """Answer 200 with the lists that each record is in, or 207 if some are unknown (S; U: what it then has).

    An id from before a merge is answered with the survivor (U), as where records are read.
    """
    required(request.json, "inputs")
    inputs = [mapping(each) for each in array(request.json["inputs"])]
    request.inputs = len(inputs)
    found: dict[str, Json] = {}
    unknown: dict[str, list[str]] = {}
    for each in inputs:
        required(each, "objectTypeId", "recordId")
        kind, wanted = _kind(text(each["objectTypeId"])), text(each["recordId"])
        record = request.portal.collection(kind).find(wanted)
        if record is None:
            unknown.setdefault(kind.singular, []).append(wanted)
            continue
        found[record.id] = {
            "objectTypeId": kind.id,
            "recordId": record.id,
            "recordListMemberships": _shown_lists(request, record.id),
        }
    errors = [RecordsNotFound(kind, ids).part() for kind, ids in unknown.items()]
    return batch_reply(request, 200, [*found.values()], errors)


def _shown_lists(request: Request, record_id: str) -> list[Json]:
    """Return the lists that a record is in."""
    return [
        {
            "listId": each.id,
            "listVersion": each.version,
            "firstAddedTimestamp": iso(each.members[record_id]),
            "lastAddedTimestamp": iso(each.members[record_id]),
        }
        for each in request.portal.lists.of(record_id)
    ]


def _list(request: Request) -> RecordList:
    return request.portal.lists.get(request.params["list_id"])


def _kind(spelling: str) -> ObjectType:
    """Read the object type of a list's members.

    :raises NotAListsType: if HubSpot has no such type (F).
    :raises NotEmulated: if the sandbox does not have it.
    """
    name = canonical(spelling)
    if name is None:
        raise NotAListsType(spelling)
    kind = named(name)
    if kind is None:
        raise NotEmulated(f"lists of {name}", "lists of contacts or companies")
    return kind


def _changed(request: Request, to_add: Sequence[str], to_remove: Sequence[str]) -> Reply:
    wanted = _list(request)
    request.inputs = len(to_add) + len(to_remove)
    records = request.portal.collections[wanted.type]
    changed = request.portal.lists.change(wanted, records, to_add, to_remove, request.portal.now())
    return Reply(200, _shown_change(changed))


def _shown_change(changed: Changed) -> Json:
    """Return what happened; the first key is HubSpot's own spelling (S)."""
    return {
        "recordsIdsAdded": changed.added,
        "recordIdsRemoved": changed.removed,
        "recordIdsMissing": changed.missing,
    }


def _ids(value: object) -> list[str]:
    return [text(each) for each in array(value)]


def _members(request: Request, wanted: RecordList) -> list[str]:
    """Return the members, without deleted records."""
    there = request.portal.collections[wanted.type].records
    return [each for each in wanted.members if each in there]


def _size(request: Request, wanted: RecordList) -> int:
    """Return the number of members, without deleted records; there are fewer of these to count."""
    deleted = request.portal.collections[wanted.type].archived
    return len(wanted.members) - sum(each in wanted.members for each in deleted)


def _limit(request: Request) -> int:
    limit = request.number("limit", PAGE)
    if not 1 <= limit <= MAX_PAGE:
        raise InvalidInput(f"`limit` is between 1 and {MAX_PAGE}, not {limit}.")
    return limit


def _page(request: Request, wanted: RecordList, page: Sequence[str], paging: Json) -> Reply:
    request.inputs = len(page)
    results = [{"recordId": each, "membershipTimestamp": iso(wanted.members[each])} for each in page]
    body: Json = {"results": results, "total": _size(request, wanted)}
    if paging:
        body["paging"] = paging
    return Reply(200, body)


def _shown(request: Request, each: RecordList) -> Json:
    return {**_core(each), "size": _size(request, each)}


def _shown_found(request: Request, each: RecordList) -> Json:
    """Return a list in the answer to a search, whose further values are texts (S)."""
    more = {"hs_list_size": str(_size(request, each)), "hs_list_reference_count": "0"}
    if each.members:
        more["hs_last_record_added_at"] = str(max(each.members.values()))
    return {**_core(each), "additionalProperties": more}


def _core(each: RecordList) -> Json:
    return {
        "listId": each.id,
        "listVersion": each.version,
        "name": each.name,
        "objectTypeId": each.type,
        "processingType": each.processing,
        "processingStatus": "COMPLETE",
        "createdAt": iso(each.created_at),
        "updatedAt": iso(each.updated_at),
        "createdById": USER,
        "updatedById": USER,
    }


def _whole(body: Json, name: str, default: int) -> int:
    written = text(body.get(name)) or str(default)
    if not (written.isascii() and written.isdigit() and len(written) < 10):
        raise InvalidInput(f"`{name}` is a whole number, not {written[:50]!r}.")
    return int(written)


def _texts(body: Json, name: str) -> list[str]:
    return [text(each) for each in array(body.get(name) or [])]
