"""The people and queues of a portal that records can belong to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from airflow_provider_hubcontact.client.errors import UnusableAnswer
from airflow_provider_hubcontact.client.transport import Transport

OWNERS_SCOPE = "crm.objects.owners.read"


PAGE = 500
"""The most owners of a page."""


MOST_PAGES = 1_000
"""Pages after which an answer that always names another one is taken for wrong."""


@dataclass(frozen=True, slots=True)
class Owner:
    """An owner.

    :param id: what ``hubspot_owner_id`` takes.
    :param email: the address; empty if the owner has none, as a queue.
    :param user_id: the id of the person's user, which no property takes; empty if there is none.
    :param archived: whether the user was removed.
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
        """Return all owners, with a call for 500.

        :param archived: return those whose users were removed instead.
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
    """Return where the next page begins; None if there is none."""
    paging = body.get("paging")
    following = paging.get("next") if isinstance(paging, dict) else None
    after = following.get("after") if isinstance(following, dict) else None
    return str(after) if after else None
