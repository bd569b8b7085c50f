# SPDX-License-Identifier: Apache-2.0
"""Batches of up to a hundred records, v3 and dated: read, create, update, upsert, archive.

HubSpot docs: contacts guide; "Error handling" (multi-status errors).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from airflow_provider_hubcontact.sandbox.crm.records import batches as batch
from airflow_provider_hubcontact.sandbox.crm.records.batches import Input, Outcome, ordered
from airflow_provider_hubcontact.sandbox.crm.records.collection import Collection
from airflow_provider_hubcontact.sandbox.crm.records.pending_writes import Dialect
from airflow_provider_hubcontact.sandbox.errors.own import NotEmulated
from airflow_provider_hubcontact.sandbox.errors.refusal import Json
from airflow_provider_hubcontact.sandbox.errors.requests import InvalidInput
from airflow_provider_hubcontact.sandbox.http.routes.association_json import Wanted, associate, read_wanted
from airflow_provider_hubcontact.sandbox.http.routes.objects import (
    asked_for,
    property_values,
    roots,
    shown,
    shown_written,
)
from airflow_provider_hubcontact.sandbox.http.routing import (
    Reply,
    Request,
    Route,
    array,
    batch_reply,
    mapping,
    required,
    text,
)

Write = Callable[[Collection, Sequence[Input], Dialect], Outcome]


def routes() -> Iterator[Route]:
    """Yield the routes of this family."""
    for root, kind, dialect in roots():
        yield Route("POST", f"{root}/batch/read", read, kind.read, kind=kind)
        yield Route("POST", f"{root}/batch/create", partial(create, dialect), kind.write, kind=kind)
        yield Route("POST", f"{root}/batch/update", partial(update, dialect), kind.write, kind=kind)
        yield Route("POST", f"{root}/batch/upsert", partial(upsert, dialect), kind.write, kind=kind)
        yield Route("POST", f"{root}/batch/archive", archive, kind.write, kind=kind)


def read(request: Request) -> Reply:
    """Answer 200 with the records, or 207 if some are unknown."""
    body = request.json
    ids = _ids(request)
    names = asked_for(request, [text(each) for each in array(body.get("properties") or [])])
    history = [text(each) for each in array(body.get("propertiesWithHistory") or [])]
    id_property = text(body.get("idProperty")) or None
    found, errors = batch.read(
        request.collection, ids, id_property, with_history=bool(history), archived=request.flag("archived")
    )
    records = ordered(request.portal, found)
    results = [shown(request, record, names, history) for record in records]
    return batch_reply(request, 200, results, errors)


def create(dialect: Dialect, request: Request) -> Reply:
    """Answer 201, or 207 if some inputs were refused."""
    outcome = _write(request, batch.create, dialect, "properties")
    for written in outcome.written:
        associate(request, written.draft.record, written.input.associations)
    return batch_reply(request, 201, _results(request, outcome), outcome.errors)


def update(dialect: Dialect, request: Request) -> Reply:
    """Answer 200, or 207 if some inputs were refused."""
    outcome = _write(request, batch.update, dialect, "id", "properties")
    return batch_reply(request, 200, _results(request, outcome), outcome.errors)


def upsert(dialect: Dialect, request: Request) -> Reply:
    """Answer 200, or 207 if some inputs were refused; each result says whether it is new."""
    outcome = _write(request, batch.upsert, dialect, "id", "properties")
    results = _results(request, outcome)
    for result, written in zip(results, ordered(request.portal, outcome.written), strict=True):
        result["new"] = written.draft.new
    return batch_reply(request, 200, results, outcome.errors)


def archive(request: Request) -> Reply:
    """Answer 204."""
    batch.archive(request.collection, _ids(request))
    return Reply(204)


def _ids(request: Request) -> list[str]:
    """Read the ids of a batch whose inputs have only ids."""
    required(request.json, "inputs")
    inputs = [mapping(each) for each in array(request.json["inputs"])]
    for each in inputs:
        required(each, "id")
    request.inputs = len(inputs)
    return [text(each["id"]) for each in inputs]


def _write(request: Request, write: Write, dialect: Dialect, *fields: str) -> Outcome:
    body = request.json
    required(body, "inputs")
    inputs = [_input(request, mapping(each), fields) for each in array(body["inputs"])]
    request.inputs = len(inputs)
    return write(request.collection, inputs, dialect)


def _input(request: Request, each: Json, fields: Sequence[str]) -> Input:
    required(each, *fields)
    associations = each.get("associations")
    if associations and "id" in fields:
        raise NotEmulated("associations of an update or an upsert", "those of a creation")
    trace_id = each.get("objectWriteTraceId")
    wanted, refused = _wanted(request, each) if associations else ((), None)
    return Input(
        property_values(each["properties"]),
        text(each.get("id")),
        text(each.get("idProperty")) or None,
        None if trace_id is None else text(trace_id),
        wanted,
        refused,
    )


def _wanted(request: Request, each: Json) -> tuple[Sequence[Wanted], InvalidInput | None]:
    """Read the associations of an input, or what is wrong with those of this input alone."""
    try:
        return read_wanted(request, each), None
    except InvalidInput as problem:
        return (), problem


def _results(request: Request, outcome: Outcome) -> list[Json]:
    return [
        shown_written(request, written.draft, batch=True)
        for written in ordered(request.portal, outcome.written)
    ]
