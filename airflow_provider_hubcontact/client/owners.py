# SPDX-License-Identifier: Apache-2.0
"""The owners of a portal: people, and queues, to which records can be assigned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from airflow_provider_hubcontact.client.errors import UnusableAnswer
from airflow_provider_hubcontact.client.paging import cursor_after, read_pages
from airflow_provider_hubcontact.client.transport import Transport

OWNERS_SCOPE = "crm.objects.owners.read"


PAGE = 500
"""The most owners of a page."""


@dataclass(frozen=True, slots=True)
class Owner:
    """An owner.

    :param id: id of the owner, the value of ``hubspot_owner_id``.
    :param email: the address; empty if the owner has none, such as a queue.
    :param user_id: id of the owner's user account, which is not valid in ``hubspot_owner_id``; empty if the
        owner has no account.
    :param archived: whether the user account was removed.
    """

    id: str
    email: str
    user_id: str
    archived: bool


class Owners:
    """Lists the owners of a portal.

    :param transport: makes the calls.
    :param version: a dated API version, or ``v3``.

    HubSpot docs: owners guide.
    """

    def __init__(self, transport: Transport, version: str) -> None:
        self._transport = transport
        self._path = "/crm/v3/owners" if version == "v3" else f"/crm/owners/{version}"

    def list(self, *, archived: bool = False) -> tuple[Owner, ...]:
        """Return all owners, with one call for each 500.

        :param archived: return the owners whose user accounts were removed, instead of the others.
        :raises Forbidden: if the token lacks ``crm.objects.owners.read``.
        :raises UnusableAnswer: if an answer is not a page of owners, or the pages have no end.
        """

        def page(cursor: str) -> tuple[Iterator[Owner], str | None]:
            params = {"limit": str(PAGE), "archived": "true" if archived else "false"}
            if cursor:
                params["after"] = cursor
            body = self._transport.request("GET", self._path, params=params, repeatable=True).body
            listed = body.get("results") if isinstance(body, dict) else None
            if not isinstance(listed, list):
                raise UnusableAnswer("HubSpot answered without a list of owners")
            return (_owner(each, archived=archived) for each in listed), cursor_after(body)

        return tuple(read_pages(page, "owners"))


def _owner(body: Any, *, archived: bool) -> Owner:
    if not isinstance(body, dict) or not body.get("id"):
        raise UnusableAnswer("HubSpot answered without an owner's id")
    user = body.get("userId") or body.get("userIdIncludingInactive") or ""
    return Owner(str(body["id"]), str(body.get("email") or ""), str(user), archived)
