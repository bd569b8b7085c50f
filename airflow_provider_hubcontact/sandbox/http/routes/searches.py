# SPDX-License-Identifier: Apache-2.0
"""The search for records, v3 and dated.

HubSpot docs: "Search the CRM".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from airflow_provider_hubcontact.sandbox.crm.properties.definitions import Definition
from airflow_provider_hubcontact.sandbox.crm.record import Record
from airflow_provider_hubcontact.sandbox.crm.search import Condition, Filter, OneOf, Search, Sort
from airflow_provider_hubcontact.sandbox.errors.own import NotEmulated
from airflow_provider_hubcontact.sandbox.errors.refusal import Json
from airflow_provider_hubcontact.sandbox.errors.requests import InvalidSearch
from airflow_provider_hubcontact.sandbox.http.routes.association_json import to_kind
from airflow_provider_hubcontact.sandbox.http.routes.objects import asked_for, roots, shown
from airflow_provider_hubcontact.sandbox.http.routing import Reply, Request, Route, array, mapping, text

DEFAULT_PAGE, MAX_PAGE = 10, 200
MAX_RESULTS = 10_000
"""The most results of a query, on all pages (D)."""

MAX_GROUPS = 5
MAX_FILTERS = {"18": (6, 18), "25": (10, 25)}
"""Switch ``search_filters`` → the most filters of a group, and of all groups together."""

ASSOCIATIONS = "associations."
"""What the name of a pseudo property begins with; an object type follows (D)."""

MAX_WORDS = 3_000
"""The most characters of ``query`` in a request (D)."""


def routes() -> Iterator[Route]:
    """Yield the routes of this family."""
    for root, kind, _ in roots():
        yield Route("POST", f"{root}/search", search, kind.read, search=True, kind=kind)


def search(request: Request) -> Reply:
    """Answer 200 with a page of results; the index may lag some seconds behind."""
    body = request.json
    limit = _whole(body, "limit", DEFAULT_PAGE)
    after = _whole(body, "after", 0)
    if not 0 <= limit <= MAX_PAGE:
        raise InvalidSearch(f"`limit` is {MAX_PAGE} at most, not {limit}.")
    if after + limit > MAX_RESULTS:
        raise InvalidSearch(f"A search gives its first {MAX_RESULTS:,} results.")
    names = asked_for(request, [text(each) for each in array(body.get("properties") or [])])
    found = _asked(request, body).run(_index(request))
    page = found[after : after + limit]
    request.inputs = len(page)
    results = [shown(request, record, names, ()) for record in page]
    answer: Json = {"total": len(found), "results": results}
    if after + limit < min(len(found), MAX_RESULTS):
        answer["paging"] = {"next": {"after": str(after + limit)}}
    return Reply(200, answer)


def _index(request: Request) -> Iterator[Record]:
    """Return the records as the index knows them."""
    portal, collection = request.portal, request.collection
    if not portal.search_lag:
        yield from collection.records.values()
        return
    moment = portal.now() - int(portal.search_lag * 1000)
    for record in collection.everything():
        known = record.as_of(moment)
        if known is not None:
            yield known


def _asked(request: Request, body: Json) -> Search:
    words = text(body.get("query"))
    if len(words) > MAX_WORDS:
        raise InvalidSearch(f"`query` is {MAX_WORDS:,} characters long at most.")
    groups = [
        [_condition(request, mapping(each)) for each in array(mapping(group).get("filters") or [])]
        for group in array(body.get("filterGroups") or [])
    ]
    _check_size(request, groups)
    sorts = [_sort(request, each) for each in array(body.get("sorts") or []) if _is_known(request, each)]
    return Search([group for group in groups if group], words, sorts, request.kind)


def _check_size(request: Request, groups: Sequence[Sequence[Condition]]) -> None:
    in_group, in_all = MAX_FILTERS[request.portal.switches.search_filters]
    if len(groups) > MAX_GROUPS:
        raise InvalidSearch(f"A search has {MAX_GROUPS} groups of filters at most.")
    if any(len(group) > in_group for group in groups) or sum(map(len, groups)) > in_all:
        raise InvalidSearch(f"A search has {in_all} filters at most, {in_group} in a group.")


def _condition(request: Request, each: Json) -> Condition:
    name = text(each.get("propertyName"))
    if name.startswith(ASSOCIATIONS):
        return _associated(request, _filter(Definition(name, name), each))
    return _filter(_definition(request, each), each)


def _associated(request: Request, wanted: Filter) -> OneOf:
    """Return the condition that a record belongs to others, which have the ids of a filter (D: EQ; T: IN).

    :raises UnknownObjectType: if HubSpot has no such object type (U: that it is refused as in a path).
    :raises NotEmulated: if the sandbox has no such associations, or the operator is another one.
    """
    name = wanted.definition.name
    kind = to_kind(name.removeprefix(ASSOCIATIONS), request.kind)
    if wanted.operator not in {"EQ", "IN"}:
        raise NotEmulated(f"the operator {wanted.operator} on {name}", "the operators EQ and IN on it")
    find = request.portal.collection(kind).find
    others = filter(None, map(find, wanted.values if wanted.operator == "IN" else [wanted.value]))
    return OneOf({each for other in others for each in request.portal.associations.of(other.id)})


def _filter(definition: Definition, each: Json) -> Filter:
    return Filter(
        definition,
        text(each.get("operator")),
        text(each.get("value")),
        text(each.get("highValue")),
        tuple(text(value) for value in array(each.get("values") or [])),
    )


def _is_known(request: Request, each: Any) -> bool:  # noqa: ANN401 - any JSON
    """Check that a sort that is only a name names a property; any other name is ignored (L)."""
    return not isinstance(each, str) or each.removeprefix("-") in request.collection.definitions


def _sort(request: Request, each: Any) -> Sort:  # noqa: ANN401 - any JSON
    """Read a sort: an object, or only the name, as in the reference."""
    if isinstance(each, str):
        return Sort(_definition(request, {"propertyName": each.removeprefix("-")}), each.startswith("-"))
    direction = text(mapping(each).get("direction")) or "ASCENDING"
    if direction not in {"ASCENDING", "DESCENDING"}:
        raise InvalidSearch(f"A direction is ASCENDING or DESCENDING, not {direction[:50]}.")
    return Sort(_definition(request, each), direction == "DESCENDING")


def _definition(request: Request, each: Json) -> Definition:
    name = text(each.get("propertyName"))
    found = request.collection.definitions.get(name)
    if found is None:
        raise InvalidSearch(f"The property {name[:100]} does not exist.")
    return found


def _whole(body: Json, name: str, default: int) -> int:
    written = text(body.get(name)) or str(default)
    if not (written.isascii() and written.isdigit() and len(written) < 10):
        raise InvalidSearch(f"`{name}` is a whole number, not {written[:50]!r}.")
    return int(written)
