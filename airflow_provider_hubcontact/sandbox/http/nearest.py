# SPDX-License-Identifier: Apache-2.0
"""Which call the sandbox has that is most like one that it does not have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

NEAR = 0.7
"""The share of segments that two paths have in common at least, to be called near."""

SAME_METHOD = 0.05
_MOST_SEGMENTS = 20
_READS, _REMOVALS = {"read", "search"}, {"archive", "delete", "gdpr-delete"}

_V3, _V4 = "/crm/v3/objects", "/crm/v4/objects"
_LISTS, _OLD_LISTS = "/crm/v3/lists", "/contacts/v1/lists"
_OLD_CONTACT, _OLD_COMPANIES = "/contacts/v1/contact", "/companies/v2/companies"

COUNTERPARTS: Sequence[tuple[str, str]] = (
    ("GET /owners/v2/owners", "GET /crm/v3/owners"),
    ("GET /owners/v2/owners/{id}", "GET /crm/v3/owners/{id}"),
    ("GET /contacts/v1/search/query", f"POST {_V3}/contacts/search"),
    *(
        (f"PUT {root}/{{list_id}}/update-list-filters", f"PUT {root}/{{list_id}}/memberships/add-and-remove")
        for root in (_LISTS, "/crm/lists/2026-03", "/crm/lists/2026-09")
    ),
    (f"GET {_OLD_CONTACT}/vids/batch", f"POST {_V3}/contacts/batch/read"),
    (f"GET {_OLD_CONTACT}/emails/batch", f"POST {_V3}/contacts/batch/read"),
    (f"DELETE {_OLD_CONTACT}/vid/{{id}}", f"DELETE {_V3}/contacts/{{id}}"),
    (f"GET {_OLD_LISTS}", f"POST {_LISTS}/search"),
    (f"POST {_OLD_LISTS}", f"POST {_LISTS}"),
    (f"GET {_OLD_LISTS}/all/contacts/all", f"GET {_V3}/contacts"),
    (f"GET {_OLD_LISTS}/all/contacts/recent", f"POST {_V3}/contacts/search"),
    (f"GET {_OLD_LISTS}/recently_updated/contacts/recent", f"POST {_V3}/contacts/search"),
    (f"GET {_OLD_LISTS}/batch", f"GET {_LISTS}"),
    (f"GET {_OLD_LISTS}/{{id}}", f"GET {_LISTS}/{{list_id}}"),
    (f"POST {_OLD_LISTS}/{{id}}", f"PUT {_LISTS}/{{list_id}}/update-list-name"),
    (f"DELETE {_OLD_LISTS}/{{id}}", f"DELETE {_LISTS}/{{list_id}}"),
    (f"GET {_OLD_LISTS}/{{id}}/contacts/all", f"GET {_LISTS}/{{list_id}}/memberships"),
    (f"GET {_OLD_LISTS}/{{id}}/contacts/recent", f"GET {_LISTS}/{{list_id}}/memberships/join-order"),
    (f"POST {_OLD_LISTS}/{{id}}/add", f"PUT {_LISTS}/{{list_id}}/memberships/add"),
    (f"POST {_OLD_LISTS}/{{id}}/remove", f"PUT {_LISTS}/{{list_id}}/memberships/remove"),
    (f"POST {_OLD_COMPANIES}", f"POST {_V3}/companies"),
    (f"GET {_OLD_COMPANIES}/paged", f"GET {_V3}/companies"),
    (f"GET {_OLD_COMPANIES}/recent/modified", f"POST {_V3}/companies/search"),
    (f"GET {_OLD_COMPANIES}/recent/created", f"POST {_V3}/companies/search"),
    ("POST /companies/v2/domains/{domain}/companies", f"POST {_V3}/companies/search"),
    ("POST /companies/v1/batch-async/update", f"POST {_V3}/companies/batch/update"),
    (f"GET {_OLD_COMPANIES}/{{id}}", f"GET {_V3}/companies/{{id}}"),
    (f"PUT {_OLD_COMPANIES}/{{id}}", f"PATCH {_V3}/companies/{{id}}"),
    (f"DELETE {_OLD_COMPANIES}/{{id}}", f"DELETE {_V3}/companies/{{id}}"),
    (f"GET {_OLD_COMPANIES}/{{id}}/contacts", f"GET {_V4}/companies/{{id}}/associations/{{to}}"),
    (f"GET {_OLD_COMPANIES}/{{id}}/vids", f"GET {_V4}/companies/{{id}}/associations/{{to}}"),
    (
        f"PUT {_OLD_COMPANIES}/{{id}}/contacts/{{vid}}",
        f"PUT {_V4}/companies/{{id}}/associations/default/{{to}}/{{to_id}}",
    ),
    (
        f"DELETE {_OLD_COMPANIES}/{{id}}/contacts/{{vid}}",
        f"DELETE {_V4}/companies/{{id}}/associations/{{to}}/{{to_id}}",
    ),
    *(
        pair
        for kind in ("contacts", "companies")
        for pair in (
            (
                f"GET {_V3}/{kind}/{{id}}/associations/{{to}}",
                f"GET {_V4}/{kind}/{{id}}/associations/{{to}}",
            ),
            (
                f"PUT {_V3}/{kind}/{{id}}/associations/{{to}}/{{to_id}}/{{type}}",
                f"PUT {_V4}/{kind}/{{id}}/associations/{{to}}/{{to_id}}",
            ),
            (
                f"DELETE {_V3}/{kind}/{{id}}/associations/{{to}}/{{to_id}}/{{type}}",
                f"DELETE {_V4}/{kind}/{{id}}/associations/{{to}}/{{to_id}}",
            ),
            (
                f"GET /crm/v3/associations/{kind}/{{to}}/types",
                f"GET /crm/v4/associations/{kind}/{{to}}/labels",
            ),
        )
    ),
)
"""A call that HubSpot has → what does the same in an API that the sandbox has. The first that fits counts."""


def nearest(method: str, path: str, known: Iterable[tuple[str, str]]) -> str:
    """Return the call that is most like another one, such as ``GET /crm/v3/objects/contacts``.

    Only reads are considered for a read. For a removal or another write, its own kind comes first, then
    reads.

    :param method: the HTTP method of the other one.
    :param path: its path, percent-encoded, with the object type as the sandbox's routes write it.
    :param known: methods and paths of the calls; ``{name}`` stands for a segment that is a parameter.
    :return: empty if no call is near.
    """
    for call, counterpart in COUNTERPARTS:
        if _fits(method, path, call):
            return counterpart
    wanted, purpose = _shape(path)[:_MOST_SEGMENTS], _purpose(method, path)
    best, found = (False, 0.0), ""
    for other, template in known:
        likeness = SequenceMatcher(None, wanted, _shape(template)).ratio()
        mine = _purpose(other, template)
        if likeness >= NEAR and mine in {purpose, "read"}:
            rank = mine == purpose, likeness + SAME_METHOD * (other == method)
            if rank > best:
                best, found = rank, f"{other} {template}"
    return found


def _fits(method: str, path: str, call: str) -> bool:
    """Check whether a call is the one that ``call`` describes."""
    wanted, _, template = call.partition(" ")
    mine, parts = path.strip("/").split("/"), template.strip("/").split("/")
    if method != wanted or len(mine) != len(parts):
        return False
    return all(part.startswith("{") or part == each for part, each in zip(parts, mine, strict=True))


def _purpose(method: str, path: str) -> str:
    """Return what a call is for: ``read``, ``remove`` or ``write``."""
    last = path.rpartition("/")[2]
    if method in {"GET", "HEAD"} or last in _READS:
        return "read"
    return "remove" if method == "DELETE" or last in _REMOVALS else "write"


def _shape(path: str) -> Sequence[str]:
    """Return the segments of a path, with ``{}`` for parameters and numbers."""
    return ["{}" if part.startswith("{") or part.isdigit() else part for part in path.strip("/").split("/")]
