# SPDX-License-Identifier: Apache-2.0
"""The people and queues that records can belong to.

HubSpot docs: owners guide.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

OWNER = "OWNER"
"""What ``referencedObjectType`` of a property says whose values are owners."""


@dataclass(frozen=True, slots=True)
class Owner:
    """An owner of the portal.

    :param id: what ``hubspot_owner_id`` takes.
    :param email: the address; empty if the owner has no address.
    :param user_id: the id of the person's user, which differs from the owner's; 0 for an owner without a
        user, such as a queue.
    :param archived: whether the user was removed.
    :param created_at: milliseconds since 1970.
    """

    id: str
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    user_id: int = 0
    kind: Literal["PERSON", "QUEUE"] = "PERSON"
    archived: bool = False
    created_at: int = 1_767_225_600_000

    @classmethod
    def parse(cls, text: str) -> Owner:
        """Read ``ID:EMAIL`` or ``ID:EMAIL:USER_ID``.

        :raises ValueError: if the text has another form.
        """
        owner_id, _, rest = text.partition(":")
        email, _, user_id = rest.partition(":")
        if not (_is_id(owner_id) and email and (not user_id or _is_id(user_id))):
            raise ValueError("An owner is written as ID:EMAIL or ID:EMAIL:USER_ID; the ids are numbers.")
        return cls(owner_id, email, user_id=int(user_id or 0))


DEFAULT_OWNERS = (
    Owner("4711", "olivia@example.com", "Olivia", "Owner", 900_001),
    Owner("4712", "oscar@example.com", "Oscar", "Owner", 900_002),
    Owner("4713", first_name="Inbound leads", kind="QUEUE"),
    Owner("4714", "otto@example.com", "Otto", "Owner", 900_004, archived=True),
)
"""The owners of a portal for which none are given."""


class Owners:
    """The owners of a portal; they do not change.

    :param owners: the owners; the usual ones if None.
    """

    def __init__(self, owners: Iterable[Owner] | None = None) -> None:
        given = DEFAULT_OWNERS if owners is None else tuple(owners)
        self._owners = {each.id: each for each in sorted(given, key=lambda owner: int(owner.id))}

    def __contains__(self, owner_id: object) -> bool:
        """Check whether an owner has this id; the id of a user does not count (D)."""
        return owner_id in self._owners

    def find(self, value: str, *, by_user: bool, archived: bool) -> Owner | None:
        """Find an owner by its id, or by its user's.

        :param archived: whether to find a removed one instead.
        """
        users = {str(each.user_id): each for each in self._owners.values() if each.user_id}
        found = (users if by_user else self._owners).get(value)
        return found if found is not None and found.archived is archived else None

    def page(self, after: int, most: int, *, email: str | None, archived: bool) -> Sequence[Owner]:
        """Return owners in the order of their ids.

        :param after: only owners with this id or a larger one.
        :param most: the most owners.
        :param email: only the one with this address; None for all.
        :param archived: return removed owners instead.
        """
        fitting = (
            each
            for each in self._owners.values()
            if int(each.id) >= after
            and each.archived is archived
            and (email is None or each.email.lower() == email.lower())
        )
        return [each for each, _ in zip(fitting, range(most), strict=False)]


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 20
