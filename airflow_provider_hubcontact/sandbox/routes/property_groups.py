"""Groups of properties: list, get, create, change, delete; v3 and dated.

HubSpot docs: "Properties" guide, property groups.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from airflow_provider_hubcontact.sandbox.default_properties import GROUPS
from airflow_provider_hubcontact.sandbox.definitions import Group
from airflow_provider_hubcontact.sandbox.errors import GroupExists, GroupNotFound, InvalidInput, Json
from airflow_provider_hubcontact.sandbox.routes.properties import READ, WRITE, roots
from airflow_provider_hubcontact.sandbox.wire import Reply, Request, Route, required, text

_NAME = re.compile(r"[a-z0-9_]{1,100}")


def routes() -> Iterator[Route]:
    """Give the routes of this family."""
    for root in roots():
        yield Route("GET", f"{root}/groups", list_all, READ)
        yield Route("POST", f"{root}/groups", create, WRITE)
        yield Route("GET", f"{root}/groups/{{name}}", get, READ)
        yield Route("PATCH", f"{root}/groups/{{name}}", update, WRITE)
        yield Route("DELETE", f"{root}/groups/{{name}}", archive, WRITE)


def list_all(request: Request) -> Reply:
    """Answer 200 with all groups at once."""
    return Reply(200, {"results": [_shown(group) for group in request.portal.groups.values()]})


def get(request: Request) -> Reply:
    """Answer 200, or 404 for an unknown name."""
    return Reply(200, _shown(_named(request)))


def create(request: Request) -> Reply:
    """Answer 201, or 409 for a name that exists (U)."""
    required(request.json, "name", "label")
    name = text(request.json["name"])
    if not _NAME.fullmatch(name):
        raise InvalidInput("The name of a group has lower-case letters, digits and underscores.")
    if name in request.portal.groups:
        raise GroupExists(name)
    group = _changed(Group(name, name), request.json)
    request.portal.groups[name] = group
    return Reply(201, _shown(group))


def update(request: Request) -> Reply:
    """Answer 200 with the changed group."""
    group = _changed(_named(request), request.json)
    request.portal.groups[group.name] = group
    return Reply(200, _shown(group))


def archive(request: Request) -> Reply:
    """Answer 204; a group that has properties, or is HubSpot's, cannot be deleted (U)."""
    name = _named(request).name
    if name in GROUPS or any(each.group == name for each in request.portal.definitions.values()):
        raise InvalidInput(f"The group {name} has properties, or is HubSpot's.")
    del request.portal.groups[name]
    return Reply(204)


def _named(request: Request) -> Group:
    group = request.portal.groups.get(request.params["name"])
    if group is None:
        raise GroupNotFound(request.params["name"])
    return group


def _changed(group: Group, body: Json) -> Group:
    label = group.label if body.get("label") is None else text(body["label"])
    order = body.get("displayOrder")
    return replace(group, label=label, display_order=order if type(order) is int else group.display_order)


def _shown(group: Group) -> Json:
    return {
        "name": group.name,
        "label": group.label,
        "displayOrder": group.display_order,
        "archived": False,
    }
