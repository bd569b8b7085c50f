# SPDX-License-Identifier: Apache-2.0
"""Lists of contacts (segments), whose members calls add and remove."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from airflow_provider_hubcontact.client.errors import UnusableAnswer
from airflow_provider_hubcontact.client.paging import cursor_after, read_pages
from airflow_provider_hubcontact.client.transport import Transport, segment

CONTACTS = "0-1"
"""Object type of contacts."""

MANUAL = "MANUAL"

TAKES_CALLS = frozenset({MANUAL, "SNAPSHOT"})
"""Kinds of lists whose members calls can change ("Lists" guide); HubSpot fills the others itself."""

MEMBERS_A_PAGE = 250
"""The most members of one page ("Lists" guide)."""

MOST_PAGES_OF_MEMBERS = 100_000
"""The most pages of one list, for 25 million members: more contacts than a portal has."""

LISTS_A_PAGE = 500
"""The most lists of one page of a search ("Lists" guide)."""


class ContactList(NamedTuple):
    """A list.

    :param id: its id.
    :param name: its name, which no other list of the portal has.
    :param processing: ``MANUAL``, ``SNAPSHOT``, or ``DYNAMIC`` for an active list, which HubSpot fills.
    :param size: how many members it has, if HubSpot says so.
    """

    id: str
    name: str
    processing: str
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """What a call did to a list. It proves nothing about records that it does not mention.

    :param status: HTTP status.
    :param added: ids of records that are members since this call.
    :param removed: ids of records that are no members any more since this call.
    :param missing: ids that no record has.
    """

    status: int
    added: frozenset[str]
    removed: frozenset[str]
    missing: frozenset[str]


class Lists:
    """Finds lists, creates them, and reads and changes their members.

    :param transport: makes the calls.
    :param version: a dated API version, or ``v3``.

    HubSpot docs: "Lists" guide.
    """

    def __init__(self, transport: Transport, version: str) -> None:
        self._transport = transport
        self._path = "/crm/v3/lists" if version == "v3" else f"/crm/lists/{version}"

    def all(self) -> Iterator[ContactList]:
        """Yield all lists of contacts, with a call for each 500.

        :raises UnusableAnswer: if an answer is not a page of lists, or the pages have no end.
        """

        def page(cursor: str) -> tuple[Iterator[ContactList], str | None]:
            offset = int(cursor or 0)
            asked = {"objectTypeId": CONTACTS, "count": LISTS_A_PAGE, "offset": offset}
            body = self._transport.request("POST", f"{self._path}/search", json=asked, repeatable=True).body
            found = _listed(body, "lists")
            # An answer about all lists, if HubSpot does not heed the type, is told from the lists themselves.
            lists = (_list(each) for each in found if each.get("objectTypeId") in {None, CONTACTS})
            return lists, str(offset + len(found)) if found and body.get("hasMore") else None

        return read_pages(page, "lists")

    def create(self, name: str) -> ContactList:
        """Create a list that people and calls fill.

        :param name: that no other list of the portal has.
        :return: the list.
        :raises BadRequest: if there is a list of this name.
        """
        asked = {"name": name, "objectTypeId": CONTACTS, "processingType": MANUAL}
        # A second try of a call that was carried out is refused, since the name is taken.
        body = self._transport.request("POST", self._path, json=asked, repeatable=True).body
        made = body.get("list") if isinstance(body, dict) else None
        return _list(made if isinstance(made, Mapping) else {})

    def change(self, list_id: str, add: Sequence[str] = (), remove: Sequence[str] = ()) -> Changed:
        """Add members to a list, and remove others, with one call, which may be carried out twice.

        :param list_id: of the list.
        :param add: record ids.
        :param remove: record ids.
        :raises NotFound: if there is no such list.
        """
        body = {"recordIdsToAdd": list(add), "recordIdsToRemove": list(remove)}
        answer = self._transport.request(
            "PUT", self._members(list_id, "/add-and-remove"), json=body, repeatable=True, may_miss=True
        )
        said = answer.body if isinstance(answer.body, Mapping) else {}
        return Changed(
            answer.status,
            added=_ids(said, "recordsIdsAdded"),  # HubSpot's own spelling
            removed=_ids(said, "recordIdsRemoved"),
            missing=_ids(said, "recordIdsMissing"),
        )

    def members(self, list_id: str) -> Iterator[str]:
        """Yield the record ids of a list's members, with a call for each 250.

        :param list_id: of the list.
        :raises NotFound: if there is no such list.
        :raises UnusableAnswer: if an answer is not a page of members, or the pages have no end.
        """

        def page(cursor: str) -> tuple[Iterator[str], str | None]:
            params = {"limit": str(MEMBERS_A_PAGE)} | ({"after": cursor} if cursor else {})
            body = self._transport.request(
                "GET", self._members(list_id), params=params, repeatable=True, may_miss=True
            ).body
            return (str(each.get("recordId")) for each in _listed(body, "results")), cursor_after(body)

        return read_pages(page, "members", MOST_PAGES_OF_MEMBERS)

    def of(self, record_id: str) -> frozenset[str]:
        """Return the ids of the lists that a contact is in.

        :param record_id: of the contact.
        :raises NotFound: if there is no such contact.
        """
        path = f"{self._path}/records/{CONTACTS}/{segment(record_id)}/memberships"
        body = self._transport.request("GET", path, repeatable=True, may_miss=True).body
        return frozenset(str(each.get("listId")) for each in _listed(body, "results"))

    def of_each(self, record_ids: Collection[str]) -> dict[str, frozenset[str]]:
        """Read which lists several contacts are in, with one call.

        HubSpot documents no largest number of them, and says neither what a 207 has of the contacts that it
        refuses, nor by which id it answers for one from before a merge.

        :param record_ids: of the contacts.
        :return: record id → ids of its lists. A contact that the answer does not mention exactly once
            is left out: it may be in lists all the same.
        :raises UnusableAnswer: if the answer has no results.

        HubSpot docs: "Batch read memberships".
        """
        inputs = [{"objectTypeId": CONTACTS, "recordId": each} for each in record_ids]
        path = f"{self._path}/records/memberships/batch/read"
        body = self._transport.request("POST", path, json={"inputs": inputs}, repeatable=True).body
        results = _listed(body, "results")
        if body.get("status") != "COMPLETE":
            return {}
        times = Counter(str(each.get("recordId")) for each in results)
        times.update(_named_by_errors(body.get("errors")))
        return {
            record_id: lists
            for each in results
            if times[record_id := str(each.get("recordId"))] == 1
            and each.get("objectTypeId") == CONTACTS
            and (lists := _ids_of_lists(each.get("recordListMemberships"))) is not None
        }

    def _members(self, list_id: str, more: str = "") -> str:
        return f"{self._path}/{segment(list_id)}/memberships{more}"


def _listed(body: Any, name: str) -> list[Mapping[str, Any]]:
    found = body.get(name) if isinstance(body, Mapping) else None
    if not isinstance(found, list):
        raise UnusableAnswer(f"HubSpot answered without {name}")
    return [each for each in found if isinstance(each, Mapping)]


def _ids_of_lists(memberships: Any) -> frozenset[str] | None:
    """Return the ids of the lists that a contact is in; None if that is not said of each of them."""
    found = memberships if isinstance(memberships, list) else [None]
    ids = [each.get("listId") if isinstance(each, Mapping) else None for each in found]
    return None if None in ids else frozenset(map(str, ids))


def _named_by_errors(errors: Any) -> Iterator[str]:
    """Yield all that may be an id in the errors of an answer about several records."""
    for each in errors if isinstance(errors, list) else ():
        context = each.get("context") if isinstance(each, Mapping) else None
        for named in context.values() if isinstance(context, Mapping) else ():
            yield from map(str, named if isinstance(named, list) else [named])


def _list(body: Mapping[str, Any]) -> ContactList:
    if not body.get("listId"):
        raise UnusableAnswer("HubSpot answered without the id of a list")
    more = body.get("additionalProperties")
    size = body.get("size", more.get("hs_list_size") if isinstance(more, Mapping) else None)
    known = str(size)
    return ContactList(
        str(body["listId"]),
        str(body.get("name") or ""),
        str(body.get("processingType") or ""),
        int(known) if known.isascii() and known.isdecimal() and len(known) < 12 else None,
    )


def _ids(said: Mapping[str, Any], name: str) -> frozenset[str]:
    listed = said.get(name)
    return frozenset(map(str, listed)) if isinstance(listed, list) else frozenset()
