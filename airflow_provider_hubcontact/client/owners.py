"""The owners of a portal: people, and queues, to which records can be assigned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from airflow_provider_hubcontact.client.errors import UnusableAnswer
from airflow_provider_hubcontact.client.transport import Transport

OWNERS_SCOPE = "crm.objects.owners.read"


PAGE = 500
"""The most owners of a page."""


MOST_PAGES = 1_000
"""The most pages that are read. A list that goes on after them is taken for an error of the server."""


@dataclass(frozen=True, slots=True)
class Owner:
    """An owner.

    :param id: id of the owner, the value of ``hubspot_owner_id``.
    :param email: the address; empty if the owner has none, such as a queue.
    :param user_id: id of the owner's user account, which is not valid in ``hubspot_owner_id``; empty if there
        is none.
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
        """
        found: list[Owner] = []
        params = {"limit": str(PAGE), "archived": "true" if archived else "false"}
        for _ in range(MOST_PAGES):
            body = self._transport.request("GET", self._path, params=params, repeatable=True).body
            listed = body.get("results") if isinstance(body, dict) else None
            if not isinstance(listed, list):
                raise UnusableAnswer("HubSpot answered without a list of owners")
            found += (_owner(each, archived=archived) for each in listed)
            after = _after(body)
            if after is None:
                return tuple(found)
            params = {**params, "after": after}
        raise UnusableAnswer("HubSpot's list of owners has no end")


def _owner(body: Any, *, archived: bool) -> Owner:
    if not isinstance(body, dict) or not body.get("id"):
        raise UnusableAnswer("HubSpot answered without an owner's id")
    user = body.get("userId") or body.get("userIdIncludingInactive") or ""
    return Owner(str(body["id"]), str(body.get("email") or ""), str(user), archived)


def _after(body: dict[str, Any]) -> str | None:
    """Return the cursor of the next page; None after the last one."""
    paging = body.get("paging")
    following = paging.get("next") if isinstance(paging, dict) else None
    after = following.get("after") if isinstance(following, dict) else None
    return str(after) if after else None
