# SPDX-License-Identifier: Apache-2.0
"""Owners, v3 and dated: the list, and one of them.

HubSpot docs: owners guide.
"""

from __future__ import annotations

from collections.abc import Iterator

from airflow_provider_hubcontact.sandbox.crm.owners import Owner
from airflow_provider_hubcontact.sandbox.crm.times import iso
from airflow_provider_hubcontact.sandbox.errors.records import OwnerNotFound
from airflow_provider_hubcontact.sandbox.errors.refusal import Json
from airflow_provider_hubcontact.sandbox.errors.requests import InvalidInput
from airflow_provider_hubcontact.sandbox.http.routes.objects import next_page
from airflow_provider_hubcontact.sandbox.http.routing import DATED_VERSIONS, Reply, Request, Route

READ = ("crm.objects.owners.read",)
DEFAULT_PAGE, MAX_PAGE = 100, 500


def routes() -> Iterator[Route]:
    """Yield the routes of this family."""
    for root in ("/crm/v3/owners", *(f"/crm/owners/{version}" for version in DATED_VERSIONS)):
        yield Route("GET", root, list_page, READ)
        yield Route("GET", f"{root}/{{id}}", get, READ)


def list_page(request: Request) -> Reply:
    """Answer 200 with a page of owners, in the order of their ids, and the link to the next page."""
    limit = request.number("limit", DEFAULT_PAGE)
    if not 1 <= limit <= MAX_PAGE:
        raise InvalidInput(f"`limit` is between 1 and {MAX_PAGE}, not {limit}.")
    found = request.portal.owners.page(
        request.number("after", 0),
        limit + 1,
        email=request.parameter("email"),
        archived=request.flag("archived"),
    )
    body: Json = {"results": [_shown(each) for each in found[:limit]]}
    if len(found) > limit:
        body["paging"] = {"next": next_page(request, found[limit].id)}
    return Reply(200, body)


def get(request: Request) -> Reply:
    """Answer 200 with an owner, by its id or by its user's, or 404."""
    by = request.parameter("idProperty") or "id"
    if by not in {"id", "userId"}:
        raise InvalidInput(f"`idProperty` is id or userId, not {by[:50]}.")
    owner = request.portal.owners.find(
        request.params["id"], by_user=by == "userId", archived=request.flag("archived")
    )
    if owner is None:
        raise OwnerNotFound
    return Reply(200, _shown(owner))


def _shown(owner: Owner) -> Json:
    """Return an owner in JSON (F): a queue has no user, and of a removed user only the old id is told (D)."""
    body: Json = {"id": owner.id}
    if owner.email:
        body["email"] = owner.email
    body |= {"type": owner.kind, "firstName": owner.first_name, "lastName": owner.last_name}
    if owner.user_id:
        body |= {} if owner.archived else {"userId": owner.user_id}
        body["userIdIncludingInactive"] = owner.user_id
    when = iso(owner.created_at)
    return {**body, "createdAt": when, "updatedAt": when, "archived": owner.archived}
