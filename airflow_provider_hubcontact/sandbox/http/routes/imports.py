# SPDX-License-Identifier: Apache-2.0
"""Imports, v3 and dated: start, list, get, errors, cancel.

HubSpot docs: "Imports" guide.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from airflow_provider_hubcontact.sandbox.crm.object_types import CONTACTS
from airflow_provider_hubcontact.sandbox.crm.times import iso
from airflow_provider_hubcontact.sandbox.errors.refusal import Json
from airflow_provider_hubcontact.sandbox.errors.requests import InvalidInput
from airflow_provider_hubcontact.sandbox.http import multipart
from airflow_provider_hubcontact.sandbox.http.routing import DATED_VERSIONS, Reply, Request, Route, parsed
from airflow_provider_hubcontact.sandbox.imports import request as import_request
from airflow_provider_hubcontact.sandbox.imports.rows import RowError
from airflow_provider_hubcontact.sandbox.imports.runs import Import

SCOPES = ("crm.import",)
MAX_BODY = 520 * 1024 * 1024
"""The most bytes of a request: the largest file, and what is around it."""

PAGE = 10
MAX_PAGE = 100
MAX_ERRORS_PAGE = 1_000

Item = TypeVar("Item")


def routes() -> Iterator[Route]:
    """Yield the routes of this family."""
    for root in ("/crm/v3/imports", *(f"/crm/imports/{version}" for version in DATED_VERSIONS)):
        yield Route("POST", root, start, SCOPES, max_body=MAX_BODY)
        yield Route("GET", root, list_all, SCOPES)
        yield Route("GET", f"{root}/{{id}}", get, SCOPES)
        yield Route("GET", f"{root}/{{id}}/errors", errors, SCOPES)
        yield Route("POST", f"{root}/{{id}}/cancel", cancel, SCOPES)


def start(request: Request) -> Reply:
    """Answer 200 with the import, whose rows are written later."""
    try:
        parts = multipart.parse(request.content_type, request.body)
    except multipart.NoForm as error:
        raise InvalidInput("The body is not a form of the type multipart/form-data.") from error
    asked = next((part.content for part in parts if part.name == "importRequest"), None)
    if asked is None:
        raise InvalidInput("The form has no part importRequest.")
    contacts = request.portal.collection(CONTACTS)
    wanted = import_request.read(parsed(asked), contacts.definitions, contacts.identifies)
    files = {part.filename: part.content for part in parts if part.name == "files"}
    if wanted.file_name not in files:
        raise InvalidInput(f"The form has no file {wanted.file_name[:100]!r} among its files.")
    new = request.imports.start(request.grant.app_id, wanted, files[wanted.file_name])
    request.inputs = new.total
    return Reply(200, _shown(new))


def list_all(request: Request) -> Reply:
    """Answer 200 with the imports of the app, the latest first."""
    page, paging = _page(request, request.imports.list(request.grant.app_id), PAGE, MAX_PAGE)
    return Reply(200, {"results": [_shown(each) for each in page], **paging})


def get(request: Request) -> Reply:
    """Answer 200 with the import, or 404."""
    return Reply(200, _shown(_import(request)))


def errors(request: Request) -> Reply:
    """Answer 200 with the errors, row by row."""
    found = _import(request)
    numbered = list(enumerate(found.errors))
    page, paging = _page(request, numbered, MAX_PAGE, MAX_ERRORS_PAGE)
    with_message = request.flag("includeErrorMessage")
    with_row = request.flag("includeRowData")
    results = [
        _shown_error(found, place, each, with_message=with_message, with_row=with_row) for place, each in page
    ]
    return Reply(200, {"results": results, **paging})


def cancel(request: Request) -> Reply:
    """Answer 200, or 400 if the import has ended."""
    found = _import(request)
    request.imports.cancel(found)
    now = iso(found.updated_at)
    return Reply(200, {"status": "COMPLETE", "startedAt": now, "completedAt": now})


def _import(request: Request) -> Import:
    return request.imports.get(request.params["id"], request.grant.app_id)


def _shown(each: Import) -> Json:
    counters = {**each.counters, "TOTAL_ROWS": each.total, "MAPPED_COLUMNS": len(each.request.columns)}
    if each.errors:
        counters["ERRORS"] = len(each.errors)
    return {
        "id": each.id,
        "state": each.state,
        "importName": each.request.name,
        "importRequestJson": each.request.json,
        "importSource": "API",
        "createdAt": iso(each.created_at),
        "updatedAt": iso(each.updated_at),
        "optOutImport": False,
        "mappedObjectTypeIds": [CONTACTS.id],
        "metadata": {"counters": counters, "fileIds": [_file_id(each)], "objectLists": []},
    }


def _shown_error(found: Import, place: int, error: RowError, *, with_message: bool, with_row: bool) -> Json:
    body: Json = {
        "id": f"{found.id}{place:06}",
        "createdAt": found.updated_at,
        "errorType": error.kind,
        "objectType": "CONTACT",
        "objectTypeId": CONTACTS.id,
        "sourceData": {
            "lineNumber": error.line,
            "rowData": error.cells if with_row else [],
            "additionalRowData": [],
            "containsEncryptedProperties": False,
            "fileId": int(_file_id(found)),
        },
    }
    if with_message:
        body["errorMessage"] = error.message
    if error.column is not None:
        body |= {"knownColumnNumber": error.column + 1, "invalidValue": error.value}
    return body


def _file_id(each: Import) -> str:
    return f"9{each.id}"


def _page(request: Request, items: Sequence[Item], size: int, most: int) -> tuple[Sequence[Item], Json]:
    """Return one page; ``after`` is the place of its first item."""
    start = min(request.number("after", 0), len(items))
    end = start + min(request.number("limit", size), most)
    if end >= len(items):
        return items[start:end], {}
    return items[start:end], {"paging": {"next": {"after": str(end)}}}
