# SPDX-License-Identifier: Apache-2.0
"""Groups of properties: list, get, create, change, delete; v3, dated and v1.

HubSpot docs: "Properties" guide, property groups; legacy API, "Create a contact property group".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from airflow_provider_hubcontact.sandbox.crm.object_types import CONTACTS
from airflow_provider_hubcontact.sandbox.crm.properties.definitions import Group
from airflow_provider_hubcontact.sandbox.errors.properties import GroupExists, GroupInUse, GroupNotFound
from airflow_provider_hubcontact.sandbox.errors.refusal import Json
from airflow_provider_hubcontact.sandbox.errors.requests import InvalidInput
from airflow_provider_hubcontact.sandbox.http.routes.properties import roots
from airflow_provider_hubcontact.sandbox.http.routes.property_json import shown_v1
from airflow_provider_hubcontact.sandbox.http.routing import Reply, Request, Route, required, text

V1 = "/properties/v1/contacts/groups"
_NAME = re.compile(r"[a-z0-9_]{1,100}")

Show = Callable[[Request, Group], Json]


def routes() -> Iterator[Route]:
    """Yield the routes of this family."""
    for root, kind in roots():
        yield Route("GET", f"{root}/groups", list_all, kind.read_schema, kind.singular.upper(), kind=kind)
        yield Route("POST", f"{root}/groups", partial(create, _shown, "label"), kind.write_schema, kind=kind)
        yield Route(
            "GET",
            f"{root}/groups/{{name}}",
            partial(get, _shown),
            kind.read_schema,
            kind.singular.upper(),
            kind=kind,
        )
        yield Route(
            "PATCH", f"{root}/groups/{{name}}", partial(update, _shown, "label"), kind.write_schema, kind=kind
        )
        yield Route("DELETE", f"{root}/groups/{{name}}", archive, kind.write_schema, kind=kind)
    named = f"{V1}/named/{{name}}"
    yield Route("GET", V1, list_all_v1, CONTACTS.read_schema)
    yield Route("POST", V1, partial(create, _shown_v1, "displayName"), CONTACTS.write_schema)
    yield Route("GET", named, partial(get, _shown_v1), CONTACTS.read_schema)
    yield Route("PUT", named, partial(update, _shown_v1, "displayName"), CONTACTS.write_schema)
    yield Route("DELETE", named, archive, CONTACTS.write_schema)


def list_all(request: Request) -> Reply:
    """Answer 200 with all groups on one page."""
    return Reply(200, {"results": [_shown(request, group) for group in request.collection.groups.values()]})


def list_all_v1(request: Request) -> Reply:
    """Answer 200 with a bare array (D)."""
    return Reply(200, [_shown_v1(request, group) for group in request.collection.groups.values()])


def get(show: Show, request: Request) -> Reply:
    """Answer 200, or 404 for an unknown name."""
    return Reply(200, show(request, _named(request)))


def create(show: Show, label: str, request: Request) -> Reply:
    """Answer 201 (S; v1 200, F), or 409 for a name that exists (U).

    :param label: the key of the label in the body.
    """
    required(request.json, "name", label)
    name = text(request.json["name"])
    if not _NAME.fullmatch(name):
        raise InvalidInput("The name of a group has lower-case letters, digits and underscores.")
    if name in request.collection.groups:
        raise GroupExists(name)
    group = _changed(Group(name, name), request.json, label)
    request.collection.groups[name] = group
    if show is _shown_v1:
        return Reply(200, show(request, group))
    return Reply(201, show(request, group), [request.location(name)])


def update(show: Show, label: str, request: Request) -> Reply:
    """Answer 200 with the changed group."""
    group = _changed(_named(request), request.json, label)
    request.collection.groups[group.name] = group
    return Reply(200, show(request, group))


def archive(request: Request) -> Reply:
    """Answer 204. A group with properties (P), or one of HubSpot's own (U), cannot be deleted."""
    name = _named(request).name
    if any(each.group == name for each in request.collection.definitions.values()):
        raise GroupInUse
    if name in request.kind.groups:
        raise InvalidInput(f"The group {name} is HubSpot's.")
    del request.collection.groups[name]
    return Reply(204)


def _named(request: Request) -> Group:
    group = request.collection.groups.get(request.params["name"])
    if group is None:
        raise GroupNotFound(request.params["name"])
    return group


def _changed(group: Group, body: Json, label: str) -> Group:
    new = group.label if body.get(label) is None else text(body[label])
    order = body.get("displayOrder")
    return replace(group, label=new, display_order=order if type(order) is int else group.display_order)


def _shown(_: Request, group: Group) -> Json:
    return {
        "name": group.name,
        "label": group.label,
        "displayOrder": group.display_order,
        "archived": False,
    }


def _shown_v1(request: Request, group: Group) -> Json:
    """Return a group in v1's form (F), with its properties if ``includeProperties`` is true (D)."""
    body = {
        "portalId": request.portal.account.portal_id,
        "name": group.name,
        "displayName": group.label,
        "displayOrder": group.display_order,
        "deleted": False,
    }
    if request.method == "GET":
        body["hubspotDefined"] = group.name in request.kind.groups  # (D)
    if request.flag("includeProperties"):
        definitions = request.collection.definitions.values()
        body["properties"] = [shown_v1(each) for each in definitions if each.group == group.name]
    return body
