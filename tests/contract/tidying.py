# SPDX-License-Identifier: Apache-2.0
"""Removes what a run made, and what earlier runs left."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from tests.contract.answers import Answer, Target
from tests.contract.ours import COMPANY, CONTACT, KEYS, LIST, NAMES, Ours
from tests.contract.scenario import COMPANIES, CONTACTS, LISTS, PROPERTIES
from tests.contract.scrubbing import RUN

BATCH = 100
MOST_FOUND = 500
"""The most lists in the answer to a search."""

SWEEPS = 20
"""The most searches for what earlier runs left."""

ROOTS = {CONTACT: CONTACTS, COMPANY: COMPANIES}


class Refused(Exception):
    """The portal refuses a call without which a run cannot tidy up."""


class Tidying:
    """Removes what belongs to a run, or to the runs of its family.

    :param target: without a fence, since the records of earlier runs are not this run's.
    :param ours: what the run made.
    """

    def __init__(self, target: Target, ours: Ours) -> None:
        self._target, self._ours = target, ours

    def remove(self) -> None:
        """Delete the lists, contacts and companies that the run made.

        :raises Refused: if that is refused.
        """
        made = self._ours.made
        for each in sorted(made[LIST]):
            self._delete_list(each)
        for kind in ROOTS:
            self._archive(kind, made[kind])
        for ids in made.values():
            ids.clear()

    def sweep(self) -> int:
        """Delete what this run or earlier ones of the family left, as far as the search knows of it.

        :return: number of contacts, companies, lists and properties.
        :raises Refused: if the portal cannot be asked.
        """
        swept = self.sweep_records() + self._sweep_lists()
        listed = self._target.call("GET", PROPERTIES)
        _check(listed, "list properties")
        names = [each["name"] for each in listed.body["results"] if self._ours.is_of_family(each["name"])]
        for name in names:
            _check(self._target.call("DELETE", f"{PROPERTIES}/{name}"), "delete a property")
        return swept + len(names)

    def sweep_records(self) -> int:
        """Delete the contacts and companies that runs of the family left; return their number."""
        return sum(map(self._sweep, ROOTS))

    def _sweep(self, kind: str) -> int:
        """Delete the records of an object type that bear the family's name; return their number."""
        swept: set[str] = set()
        for _ in range(SWEEPS):
            found = set(self._left(kind)) - swept
            if not found:
                break
            self._archive(kind, found)
            swept |= found
        return len(swept)

    def _sweep_lists(self) -> int:
        """Delete the lists whose name is one that a run of the family gives; return their number."""
        body = {"query": f"{self._ours.prefix}{RUN}", "count": MOST_FOUND}
        found = self._target.call("POST", f"{LISTS}/search", body)
        if found.status == 403:
            return 0  # without their scope no run has made any
        _check(found, "search lists")
        left = [str(each["listId"]) for each in found.body["lists"] if self._ours.is_of_family(each["name"])]
        for each in left:
            self._delete_list(each)
        return len(left)

    def _delete_list(self, list_id: str) -> None:
        answer = self._target.call("DELETE", f"{LISTS}/{list_id}")
        if answer.status != 404:
            _check(answer, "delete a list")

    def _left(self, kind: str) -> Iterator[str]:
        """Yield the ids of records that bear the family's name, and no address or domain outside of it."""
        family, name, key = self._ours.family, NAMES[kind], KEYS[kind]
        mine = {"propertyName": name, "operator": "EQ", "value": family}
        body = {"filterGroups": [{"filters": [mine]}], "properties": [name, key], "limit": BATCH}
        found = self._target.call("POST", f"{ROOTS[kind]}/search", body)
        if kind == COMPANY and found.status == 403:
            return  # without their scope no run has made any
        _check(found, f"search {ROOTS[kind].rpartition('/')[2]}")
        for each in found.body["results"]:
            properties = each["properties"]
            same_name = (properties.get(name) or "").lower() == family
            place = properties.get(key) or ""
            if same_name and re.fullmatch(rf"(?:.*[@.]{re.escape(family)}\.example\.com)?", place):
                yield each["id"]

    def _archive(self, kind: str, ids: Iterable[str]) -> None:
        every = sorted(ids)
        for start in range(0, len(every), BATCH):
            inputs = [{"id": each} for each in every[start : start + BATCH]]
            answer = self._target.call("POST", f"{ROOTS[kind]}/batch/archive", {"inputs": inputs})
            _check(answer, f"delete {ROOTS[kind].rpartition('/')[2]}")


def _check(answer: Answer, what: str) -> None:
    if answer.status >= 300:
        said = answer.get("message") or json.dumps(answer.body)
        raise Refused(f"HubSpot does not let this token {what}: {answer.status} {said}")
