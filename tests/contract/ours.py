# SPDX-License-Identifier: Apache-2.0
"""What a run made, and what it may therefore name: ids, addresses, domains, names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from tests.contract.scenario import Surroundings
from tests.contract.scrubbing import RUN

CONTACT, COMPANY, LIST, IMPORT, OWNER = "contact", "company", "list", "import", "owner"
KINDS = (CONTACT, COMPANY, LIST, IMPORT, OWNER)

NAMES = {CONTACT: "lastname", COMPANY: "name"}
"""Object type → the property that bears the family's name, by which a record is swept."""

KEYS = {CONTACT: "email", COMPANY: "domain"}
"""Object type → the property by which HubSpot finds a record."""

OTHER_RECORDS = {"associatedcompanyid", "hs_parent_company_id", "hs_additional_domains"}
"""Properties that name records; HubSpot has other calls for each of them."""

_ADDRESS = re.compile(r"[^\s;,<>\"'\[\]]+@[^\s;,<>\"'\[\]]+")


class Ours:
    """What belongs to a run.

    :ivar made: kind → ids of what the run made and has not removed.
    :ivar nobody: kind → ids of which the portal has said that nobody has them.
    """

    def __init__(self, surroundings: Surroundings) -> None:
        self.family, self._run = surroundings.family, surroundings.run
        self.made: dict[str, set[str]] = {kind: set() for kind in KINDS}
        self.nobody: dict[str, set[str]] = {kind: set() for kind in KINDS}
        self._known: set[str] = set()

    @property
    def prefix(self) -> str:
        """How the names of the family's properties and lists begin, without the run's id."""
        return f"{self.family.replace('-', '_')}_"

    def has(self, kind: str, key: object) -> bool:
        """Check whether an id is the run's or nobody's."""
        return str(key) in self.made[kind] | self.nobody[kind]

    def has_all(self, kind: str, keys: Iterable[object]) -> bool:
        """Check ids as :meth:`has` does."""
        return all(self.has(kind, key) for key in keys)

    def is_key(self, kind: str, key: object) -> bool:
        """Check whether an id, or for contacts an address, is the run's."""
        return self.has(kind, key) or (kind == CONTACT and self.is_address(key))

    def is_address(self, text: object) -> bool:
        """Check whether an address is below the run's domain."""
        return isinstance(text, str) and text.lower().endswith(f".{self._run}@{self.family}.example.com")

    def is_domain(self, text: object) -> bool:
        """Check whether a company's domain is below the run's."""
        return isinstance(text, str) and text.lower().endswith(f".{self._run}.{self.family}.example.com")

    def is_name(self, text: object) -> bool:
        """Check whether a property or a list is named as the run names them."""
        return isinstance(text, str) and text.startswith(f"{self.prefix}{self._run}_")

    def is_of_family(self, name: str) -> bool:
        """Check whether any run of the family names a property or a list like this."""
        return re.fullmatch(rf"{re.escape(self.prefix)}{RUN}[0-9a-f]{{8}}_\w+", name) is not None

    def knows(self, address: object) -> bool:
        """Check whether the run has made a contact with this address, so that nothing makes another one."""
        return str(address).lower() in self._known

    def note_addresses(self, body: Any) -> None:
        """Remember the addresses of contacts that were made."""
        self._known |= {each.lower() for each in addresses(body)}

    def may_write(self, kind: str, properties: Any, *, new: bool) -> bool:
        """Check whether a record of the run may get these properties.

        :param new: whether the call makes the record; then it must bear the family's name.
        :raises AttributeError: if the properties are not an object.
        """
        if new and properties.get(NAMES[kind]) != self.family:
            return False
        return all(self._may_hold(kind, name, value) for name, value in properties.items())

    def _may_hold(self, kind: str, name: str, value: Any) -> bool:
        if name == NAMES[kind]:
            return bool(value == self.family)
        if name == "domain" and kind == COMPANY:
            return value == "" or self.is_domain(value)
        if name == "hubspot_owner_id":
            return value == "" or self.has(OWNER, value)
        return name not in OTHER_RECORDS and all(map(self.is_address, addresses(value)))


def addresses(value: Any) -> list[str]:
    """Return what looks like an address in a JSON value."""
    return _ADDRESS.findall(json.dumps(value))
