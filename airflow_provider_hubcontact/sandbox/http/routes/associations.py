# SPDX-License-Identifier: Apache-2.0
"""Associations of contacts and companies, v4 and dated: set, read, remove, batches, labels; v3's batches.

HubSpot docs: "Associations" guide.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from airflow_provider_hubcontact.sandbox.crm.associations import AssociationType, Key
from airflow_provider_hubcontact.sandbox.crm.object_types import TYPES, ObjectType
from airflow_provider_hubcontact.sandbox.crm.record import Record
from airflow_provider_hubcontact.sandbox.errors.records import (
    NoAssociations,
    RecordNotFound,
    RecordsNotFound,
)
from airflow_provider_hubcontact.sandbox.errors.refusal import Json
from airflow_provider_hubcontact.sandbox.errors.requests import InvalidInput, TooManyInputs
from airflow_provider_hubcontact.sandbox.http.routes.association_json import (
    associated,
    read_types,
    shown_type,
    to_kind,
)
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

MAX_READ, MAX_WRITTEN = 1_000, 2_000
"""The most inputs of a batch (D)."""

_V3 = ("from", "to", "type")
MAX_PAGE = 500
"""The most associations on a page (S)."""


def routes() -> Iterator[Route]:
    """Yield the routes of this family."""
    for kind in TYPES:
        roots = [(f"/crm/v4/objects/{kind.plural}", f"/crm/v4/associations/{kind.plural}", 204)]
        roots += [
            (f"/crm/objects/{each}/{kind.plural}", f"/crm/associations/{each}/{kind.plural}", 200)
            for each in DATED_VERSIONS
        ]
        for objects, root, removed in roots:
            one = f"{objects}/{{id}}/associations"
            yield Route("GET", f"{one}/{{to}}", list_of_one, kind.read, kind=kind)
            yield Route("PUT", f"{one}/default/{{to}}/{{to_id}}", set_default, kind.write, kind=kind)
            yield Route("PUT", f"{one}/{{to}}/{{to_id}}", set_labels, kind.write, kind=kind)
            yield Route("DELETE", f"{one}/{{to}}/{{to_id}}", remove, kind.write, kind=kind)
            batch = f"{root}/{{to}}/batch"
            yield Route("POST", f"{batch}/read", batch_read, kind.read, kind=kind)
            yield Route("POST", f"{batch}/create", batch_create, kind.write, kind=kind)
            yield Route("POST", f"{batch}/associate/default", batch_default, kind.write, kind=kind)
            yield Route("POST", f"{batch}/archive", partial(batch_archive, removed), kind.write, kind=kind)
            labels = partial(batch_archive_labels, removed)
            yield Route("POST", f"{batch}/labels/archive", labels, kind.write, kind=kind)
            yield Route("GET", f"{root}/{{to}}/labels", list_labels, kind.read, kind=kind)
            yield Route("POST", f"{root}/{{to}}/labels", create_label, kind.write, kind=kind)
        batch = f"/crm/v3/associations/{kind.plural}/{{to}}/batch"
        yield Route("POST", f"{batch}/read", batch_read_v3, kind.read, kind=kind)
        yield Route("POST", f"{batch}/create", batch_create_v3, kind.write, kind=kind)
        yield Route("POST", f"{batch}/archive", batch_archive_v3, kind.write, kind=kind)


def list_of_one(request: Request) -> Reply:
    """Answer 200 with a page of the records that belong to one."""
    kind, record = to_kind(request.params["to"], request.kind), _record(request, request.params["id"])
    limit = request.number("limit", MAX_PAGE)
    if not 1 <= limit <= MAX_PAGE:
        raise InvalidInput(f"`limit` is between 1 and {MAX_PAGE}, not {limit}.")
    shown, paging = _page(request, record, kind, str(request.number("after", 0)), limit)
    return Reply(200, {"results": shown, **paging})


def set_default(request: Request) -> Reply:
    """Answer 200 with the unlabeled association in both directions (D)."""
    kind = to_kind(request.params["to"], request.kind)
    record, other = _record(request, request.params["id"]), _other(request, kind, request.params["to_id"])
    request.portal.associate(record, other, [_plain(request, kind)])
    return batch_reply(request, 200, _both(request, kind, record, other), [])


def set_labels(request: Request) -> Reply:
    """Answer 201 with the labels of both records; those that they had stay (U)."""
    kind = to_kind(request.params["to"], request.kind)
    record, other = _record(request, request.params["id"]), _other(request, kind, request.params["to_id"])
    types = read_types(request, parsed(request.body), kind)
    request.portal.associate(record, other, types)
    return Reply(201, _pair(request, kind, record, other))


def remove(request: Request) -> Reply:
    """Answer 204, also if the records are not associated (U)."""
    kind = to_kind(request.params["to"], request.kind)
    record = request.collection.find(request.params["id"])
    other = request.portal.collection(kind).find(request.params["to_id"])
    if record is not None and other is not None:
        request.portal.dissociate(record, other)
    return Reply(204)


def batch_read(request: Request) -> Reply:
    """Answer 200, or 207 with an error for each record to which nothing belongs (F)."""
    kind = to_kind(request.params["to"], request.kind)
    results, errors = [], []
    for each in _inputs(request, MAX_READ, "id"):
        wanted, after = text(each["id"]), text(each.get("after")) or "0"
        record = request.collection.find(wanted)
        to, paging = _page(request, record, kind, after, MAX_PAGE) if record is not None else ([], {})
        if to:
            results.append({"from": {"id": wanted}, "to": to, **paging})
        else:
            errors.append(NoAssociations(request.kind.singular, wanted, kind.singular).part())
    return batch_reply(request, 200, results, errors)


def batch_create(request: Request) -> Reply:
    """Answer 201, or 207 if some records are unknown (S)."""
    kind = to_kind(request.params["to"], request.kind)
    inputs = _inputs(request, MAX_WRITTEN, "from", "to", "types")
    wanted = [(*_ends(each), read_types(request, each["types"], kind)) for each in inputs]
    results, unknown = [], _Unknown(request, kind)
    for from_id, to_id, types in wanted:
        found = unknown.find(from_id, to_id)
        if found is not None:
            request.portal.associate(*found, types)
            results.append(_pair(request, kind, *found))
    return batch_reply(request, 201, results, unknown.errors())


def batch_default(request: Request) -> Reply:
    """Answer 200 with the unlabeled associations in both directions, 207 if some records are unknown (U)."""
    kind = to_kind(request.params["to"], request.kind)
    results: list[Json] = []
    unknown = _Unknown(request, kind)
    for from_id, to_id in [_ends(each) for each in _inputs(request, MAX_WRITTEN, "from", "to")]:
        found = unknown.find(from_id, to_id)
        if found is not None:
            request.portal.associate(*found, [_plain(request, kind)])
            results += _both(request, kind, *found)
    return batch_reply(request, 200, results, unknown.errors())


def batch_archive(status: int, request: Request) -> Reply:
    """Answer 204 in v4, 200 in the dated versions (S), also for records that are not associated."""
    kind = to_kind(request.params["to"], request.kind)
    pairs = [
        (_id(each["from"]), _id(other))
        for each in _inputs(request, MAX_WRITTEN, "from", "to")
        for other in array(each["to"])
    ]
    for from_id, to_id in pairs:
        record, other = request.collection.find(from_id), request.portal.collection(kind).find(to_id)
        if record is not None and other is not None:
            request.portal.dissociate(record, other)
    return Reply(204) if status == 204 else batch_reply(request, status, [], [])


def batch_archive_labels(status: int, request: Request) -> Reply:
    """Answer 204 in v4, 200 in the dated versions (S); without the unlabeled type nothing is left (S)."""
    kind = to_kind(request.params["to"], request.kind)
    inputs = _inputs(request, MAX_WRITTEN, "from", "to", "types")
    wanted = [(*_ends(each), read_types(request, each["types"], kind)) for each in inputs]
    for from_id, to_id, types in wanted:
        record, other = request.collection.find(from_id), request.portal.collection(kind).find(to_id)
        if record is not None and other is not None:
            request.portal.dissociate(record, other, [each.key for each in types])
    return Reply(204) if status == 204 else batch_reply(request, status, [], [])


def list_labels(request: Request) -> Reply:
    """Answer 200 with all types that lead from the one object type to the other."""
    kind = to_kind(request.params["to"], request.kind)
    types = request.portal.associations.between(request.kind.id, kind.id)
    return Reply(200, {"results": [shown_type(each) for each in types]})


def create_label(request: Request) -> Reply:
    """Answer 200 with the new label in both directions."""
    kind = to_kind(request.params["to"], request.kind)
    required(request.json, "label", "name")
    label, inverse = text(request.json["label"]), text(request.json.get("inverseLabel"))
    associations = request.portal.associations
    keys = associations.define(label, inverse, text(request.json["name"]), request.kind.id, kind.id)
    return Reply(200, {"results": [shown_type(associations.types[key]) for key in keys]})


def batch_read_v3(request: Request) -> Reply:
    """Answer 200, or 207, as v4 does, with the names of the types (S)."""
    kind = to_kind(request.params["to"], request.kind)
    results, errors = [], []
    for wanted in [text(each["id"]) for each in _inputs(request, MAX_READ, "id")]:
        record = request.collection.find(wanted)
        found = associated(request, record, kind) if record is not None else []
        to = [{"id": other, "type": each.name} for other, types in found for each in types]
        if to:
            results.append({"from": {"id": wanted}, "to": to})
        else:
            errors.append(NoAssociations(request.kind.singular, wanted, kind.singular).part())
    return batch_reply(request, 200, results, errors)


def batch_create_v3(request: Request) -> Reply:
    """Answer 201, or 207 if some records are unknown (S)."""
    kind = to_kind(request.params["to"], request.kind)
    wanted = [(each, _named_type(request, kind, each)) for each in _inputs(request, MAX_WRITTEN, *_V3)]
    results, unknown = [], _Unknown(request, kind)
    for each, kind_of_link in wanted:
        found = unknown.find(*_ends(each))
        if found is not None:
            record, other = found
            request.portal.associate(record, other, [kind_of_link])
            results.append({"from": {"id": record.id}, "to": {"id": other.id}, "type": kind_of_link.name})
    return batch_reply(request, 201, results, unknown.errors())


def batch_archive_v3(request: Request) -> Reply:
    """Answer 204, also for records that are not associated."""
    kind = to_kind(request.params["to"], request.kind)
    wanted = [(each, _named_type(request, kind, each)) for each in _inputs(request, MAX_WRITTEN, *_V3)]
    for each, kind_of_link in wanted:
        found = _Unknown(request, kind).find(*_ends(each))
        if found is not None:
            request.portal.dissociate(*found, [kind_of_link.key])
    return Reply(204)


class _Unknown:
    """Finds the two records of each input, and remembers the ids that no record has."""

    def __init__(self, request: Request, kind: ObjectType) -> None:
        self._places = [request.collection, request.portal.collection(kind)]
        self._missing: list[list[str]] = [[], []]

    def find(self, from_id: str, to_id: str) -> tuple[Record, Record] | None:
        """Return both records; None if one is unknown."""
        record, other = (place.find(each) for place, each in zip(self._places, (from_id, to_id), strict=True))
        if record is not None and other is not None:
            return record, other
        for missing, found, wanted in zip(self._missing, (record, other), (from_id, to_id), strict=True):
            if found is None:
                missing.append(wanted)
        return None

    def errors(self) -> list[Json]:
        """Return the entries of ``errors``, one for each object type."""
        places = zip(self._places, self._missing, strict=True)
        return [RecordsNotFound(place.kind.singular, ids).part() for place, ids in places if ids]


def _page(
    request: Request, record: Record, kind: ObjectType, after: str, limit: int
) -> tuple[list[Json], Json]:
    """Return associations in the order of the ids, from ``after`` on, and what leads to the next page."""
    if not (after.isascii() and after.isdigit() and len(after) < 20):
        raise InvalidInput(f"`after` is a whole number, not {after[:20]!r}.")
    found = [(other, types) for other, types in associated(request, record, kind) if int(other) >= int(after)]
    shown = [
        {"toObjectId": other, "associationTypes": [shown_type(each) for each in types]}
        for other, types in found[:limit]
    ]
    paging = {"paging": {"next": {"after": found[limit][0]}}} if len(found) > limit else {}
    return shown, paging


def _pair(request: Request, kind: ObjectType, record: Record, other: Record) -> Json:
    associations = request.portal.associations
    types = [associations.types[key] for key in associations.of(record.id)[other.id]]
    return {
        "fromObjectTypeId": request.kind.id,
        "fromObjectId": record.id,
        "toObjectTypeId": kind.id,
        "toObjectId": other.id,
        "labels": [each.label for each in types if each.label is not None],
    }


def _both(request: Request, kind: ObjectType, record: Record, other: Record) -> list[Json]:
    there = _plain(request, kind)
    back = request.portal.associations.types[Key(there.category, there.inverse)]
    return [
        {
            "from": {"id": start.id},
            "to": {"id": end.id},
            "associationSpec": {"associationCategory": each.category, "associationTypeId": each.id},
        }
        for start, end, each in ((record, other, there), (other, record, back))
    ]


def _plain(request: Request, kind: ObjectType) -> AssociationType:
    types = request.portal.associations.between(request.kind.id, kind.id)
    return next(each for each in types if each.label is None)


def _inputs(request: Request, most: int, *fields: str) -> Sequence[Json]:
    required(request.json, "inputs")
    inputs = [mapping(each) for each in array(request.json["inputs"])]
    if len(inputs) > most:
        raise TooManyInputs(most)
    for each in inputs:
        required(each, *fields)
    request.inputs = len(inputs)
    return inputs


def _named_type(request: Request, kind: ObjectType, each: Json) -> AssociationType:
    name = text(each["type"])
    for found in request.portal.associations.between(request.kind.id, kind.id):
        if found.name == name:
            return found
    raise InvalidInput(f"{name[:100]} is not an association type of {request.kind.plural} to {kind.plural}.")


def _ends(each: Json) -> tuple[str, str]:
    return _id(each["from"]), _id(each["to"])


def _id(value: object) -> str:
    body = mapping(value)
    required(body, "id")
    return text(body["id"])


def _record(request: Request, record_id: str) -> Record:
    request.inputs = 1
    return _found(request.collection.find(record_id))


def _other(request: Request, kind: ObjectType, record_id: str) -> Record:
    return _found(request.portal.collection(kind).find(record_id))


def _found(record: Record | None) -> Record:
    if record is None:
        raise RecordNotFound
    return record
