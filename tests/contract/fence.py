"""Keeps a run to its own contacts: what would touch another one is not sent; what it made is removed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import unquote

from tests.contract.answers import Answer, Raw, Request, Target
from tests.contract.scenario import CONTACTS, NOBODY, Surroundings
from tests.contract.scrubbing import RUN

COMPANIES = "/crm/objects/2026-09/companies"
LISTS = "/crm/lists/2026-09"
PROPERTIES = "/crm/v3/properties/contacts"
BATCH = 100
ID_KEYS = {"primaryObjectId", "objectIdToMerge", "objectId"}
"""Keys of the bodies that merge contacts, or delete one for good."""

LIST_KEYS = {"name", "objectTypeId", "processingType"}
"""Keys of the body that makes a list; with filters it would hold records of others."""

FILLED_BY_CALLS = {"MANUAL", "SNAPSHOT"}
MOST_FOUND = 500
"""The most lists in the answer to a search."""

SWEEPS = 20
"""The most searches for what earlier runs left."""

_RECORDS = re.compile(
    r"/crm/(?:v3/objects|objects/[\w-]+)/(?:contacts?|0-1)(?:/(?P<rest>.*))?", re.IGNORECASE
)
_LEGACY = re.compile(r"/contacts/v1/contact(?:/(?P<rest>.*))?")
_PROPERTY = re.compile(r"/crm/(?:v3/properties|properties/[\w-]+)/(?:contacts?|0-1)(?:/(?P<name>\w+))?")
_LISTS = re.compile(r"/crm/(?:v3/lists|lists/[\w-]+)(?:/(?P<rest>.*))?")
_LIST_OF_NAME = re.compile(r"object-type-id/[\w-]+/name/(?P<name>\w+)")
_LISTS_OF_RECORD = re.compile(r"records/0-[12]/(?P<record>\d+)/memberships")
_MEMBERS = re.compile(r"(?P<list>\d+)(?P<members>/memberships(?:/(?P<action>add|remove|add-and-remove))?)?")
_ASSOCIATIONS = re.compile(
    r"/crm/objects/[\w-]+/contacts/(?P<contact>\d+)/associations(?:/default)?/companies(?:/(?P<company>\d+))?"
)
_HARMLESS = re.compile(
    r"GET /account-info/[\w./-]+|POST /oauth/[\w./-]+|GET /crm/(v3/imports|imports/[\w-]+)/\d+(/errors)?"
)


class NotOurs(Exception):
    """A call would touch what the run did not make."""


class Refused(Exception):
    """The portal refuses a call without which a run cannot tidy up."""


class Fence(Target):
    """A target that lets only calls about the run's own contacts, companies and lists through.

    :ivar ids: the contacts that the run made.
    :ivar companies: the companies that it made.
    :ivar lists: the lists that it made and has not deleted.
    """

    def __init__(self, target: Target, surroundings: Surroundings) -> None:
        self._target = target
        self._family, self._run = surroundings.family, surroundings.run
        self._prefix = surroundings.family.replace("-", "_")
        self.ids: set[str] = set()
        self.companies: set[str] = set()
        self.lists: set[str] = set()
        self._nobody: set[str] = set()

    def send(self, request: Request) -> Answer:
        """Send a call, unless it would touch what is not ours.

        :raises NotOurs: if it would.
        """
        method, plain = request.method, request.plain_path
        if not self._may(method, plain, request.body):
            raise NotOurs(f"{method} {plain} is about more than what this run made, so that it was not sent.")
        answer = self._target.send(request)
        self._learn(method, plain, answer)
        return answer

    def remove(self) -> None:
        """Delete the lists, contacts and companies that the run made.

        :raises Refused: if that is refused.
        """
        for each in sorted(self.lists):
            self._delete_list(each)
        self._archive(CONTACTS, self.ids)
        self._archive(COMPANIES, self.companies)
        for made in (self.lists, self.ids, self.companies):
            made.clear()

    def sweep(self) -> int:
        """Delete what this run or earlier ones of the family left, as far as the search knows of it.

        :return: number of contacts, companies, lists and properties.
        :raises Refused: if the portal cannot be asked.
        """
        swept = self._sweep(CONTACTS, "lastname") + self._sweep(COMPANIES, "name")
        swept += self._sweep_lists()
        listed = self._target.call("GET", PROPERTIES)
        _check(listed, "list properties")
        names = [
            each["name"] for each in listed.body["results"] if each["name"].startswith(f"{self._prefix}_run")
        ]
        for name in names:
            _check(self._target.call("DELETE", f"{PROPERTIES}/{name}"), "delete a property")
        return swept + len(names)

    def _sweep(self, root: str, name: str) -> int:
        """Delete the records that bear the family's name.

        :param root: the path of their object type.
        :param name: the property with the name.
        :return: their number.
        """
        swept: set[str] = set()
        for _ in range(SWEEPS):
            found = set(self._left(root, name)) - swept
            if not found:
                break
            self._archive(root, found)
            swept |= found
        return len(swept)

    def _sweep_lists(self) -> int:
        """Delete the lists whose name is one that a run of the family gives; return their number."""
        body = {"query": f"{self._prefix}_{RUN}", "count": MOST_FOUND}
        found = self._target.call("POST", f"{LISTS}/search", body)
        if found.status == 403:
            return 0  # without their scope no run has made any
        _check(found, "search lists")
        named = re.compile(rf"{re.escape(self._prefix)}_{RUN}[0-9a-f]{{8}}_\w+")
        left = [str(each["listId"]) for each in found.body["lists"] if named.fullmatch(each["name"])]
        for each in left:
            self._delete_list(each)
        return len(left)

    def _delete_list(self, list_id: str) -> None:
        answer = self._target.call("DELETE", f"{LISTS}/{list_id}")
        if answer.status != 404:
            _check(answer, "delete a list")

    def _left(self, root: str, name: str) -> Iterator[str]:
        """Yield the ids of records that bear the family's name, and no address outside of it."""
        mine = {"propertyName": name, "operator": "EQ", "value": self._family}
        wanted = [name, "email"] if root == CONTACTS else [name]
        body = {"filterGroups": [{"filters": [mine]}], "properties": wanted, "limit": BATCH}
        found = self._target.call("POST", f"{root}/search", body)
        if root == COMPANIES and found.status == 403:
            return  # without their scope no run has made any
        _check(found, f"search {root.rpartition('/')[2]}")
        for each in found.body["results"]:
            properties = each["properties"]
            address = properties.get("email") or f"@{self._family}.example.com"
            same_name = (properties.get(name) or "").lower() == self._family
            if same_name and address.endswith(f"@{self._family}.example.com"):
                yield each["id"]

    def _archive(self, root: str, ids: Iterable[str]) -> None:
        every = sorted(ids)
        for start in range(0, len(every), BATCH):
            inputs = [{"id": each} for each in every[start : start + BATCH]]
            answer = self._target.call("POST", f"{root}/batch/archive", {"inputs": inputs})
            _check(answer, f"delete {root.rpartition('/')[2]}")

    def _may(self, method: str, path: str, body: Any) -> bool:
        return _HARMLESS.fullmatch(f"{method} {path}") is not None or self._is_about_us(method, path, body)

    def _is_about_us(self, method: str, path: str, body: Any) -> bool:
        if found := _PROPERTY.fullmatch(path):
            name = found["name"] or (body or {}).get("name", "")
            return method == "GET" or name.startswith(f"{self._prefix}_")
        if found := _ASSOCIATIONS.fullmatch(path):
            return found["contact"] in self.ids and (found["company"] or "") in self.companies | {""}
        families = (
            (_RECORDS, self._may_touch),
            (_LEGACY, self._may_touch_legacy),
            (_LISTS, self._may_touch_list),
        )
        for pattern, may_touch in families:
            if found := pattern.fullmatch(path):
                return may_touch(found["rest"] or "", method, body)
        if path == COMPANIES:
            return method == "POST" and body["properties"] == {"name": self._family}
        return method == "POST" and path == "/crm/v3/imports" and self._is_our_file(body)

    def _may_touch(self, rest: str, method: str, body: Any) -> bool:
        if rest == "":
            return method == "POST" and self._is_ours("", body.get("properties"))
        if rest == "search":
            return all(self._is_ours("", _equal(group)) for group in body["filterGroups"])
        if rest.startswith("batch/"):
            return all(self._is_ours(each.get("id", ""), each.get("properties")) for each in _inputs(body))
        if rest in {"merge", "gdpr-delete"}:
            return body.keys() <= ID_KEYS and set(body.values()) <= self.ids
        if "/" in rest or method not in {"GET", "PATCH", "DELETE"}:
            return False
        return self._is_ours(unquote(rest), None) or (method == "GET" and rest == NOBODY)

    def _may_touch_legacy(self, rest: str, _method: str, body: Any) -> bool:
        if rest in {"", "batch"}:
            entries = body if isinstance(body, list) else [body]
            return all(
                self._is_ours(str(each.get("vid") or each.get("email") or ""), _values(each))
                for each in entries
            )
        key = re.fullmatch(r"(?:(?:createOrUpdate/)?email|vid)/([^/]+)(?:/profile)?", rest)
        return key is not None and self._is_ours(unquote(key[1]), None)

    def _may_touch_list(self, rest: str, method: str, body: Any) -> bool:
        if rest == "":
            return method == "POST" and self._is_our_new_list(body)
        if found := _LIST_OF_NAME.fullmatch(rest):
            return method == "GET" and self._is_our_name(found["name"])
        if found := _LISTS_OF_RECORD.fullmatch(rest):
            return method == "GET" and found["record"] in self.ids | self.companies
        found = _MEMBERS.fullmatch(rest)
        if found is None or found["list"] not in self.lists:
            return False
        if found["action"]:
            return method == "PUT" and _members(body) <= self.ids | self._nobody
        return method == "GET" or (method == "DELETE" and not found["members"])

    def _is_our_new_list(self, body: Any) -> bool:
        """Check that a list has the run's name, and members that calls put in."""
        if not isinstance(body, dict) or not body.keys() <= LIST_KEYS:
            return False
        return self._is_our_name(body.get("name", "")) and body.get("processingType") in FILLED_BY_CALLS

    def _is_our_name(self, name: str) -> bool:
        return name.startswith(f"{self._prefix}_{self._run}_")

    def _is_ours(self, key: str, properties: Any) -> bool:
        """Check an id or address, or, without one, the last name that a new contact gets."""
        if key in self.ids | self._nobody or self._is_our_address(key) or key.isalpha():
            return True
        return not key and isinstance(properties, dict) and properties.get("lastname") == self._family

    def _is_our_address(self, text: str) -> bool:
        return text.lower().endswith(f".{self._run}@{self._family}.example.com")

    def _is_our_file(self, body: Any) -> bool:
        """Check that each row of an import is about a contact of the run."""
        if not isinstance(body, Raw):
            return False
        rows = body.content.rpartition("\r\n\r\n")[2].split("\r\n--")[0].splitlines()[1:]
        return bool(rows) and all(self._is_our_address(row.partition(",")[0]) for row in rows)

    def _learn(self, method: str, path: str, answer: Answer) -> None:
        """Note which records and lists are ours, and which id nobody has."""
        self._learn_list(method, path, answer)
        if path == COMPANIES and answer.status == 201:
            self.companies.add(str(answer.get("id")))
        found = _RECORDS.fullmatch(path) or _LEGACY.fullmatch(path)
        if found is None or found["rest"] == "search":
            return
        key = unquote(found["rest"] or "")
        if method == "GET" and answer.status == 404 and key.isdigit():
            self._nobody.add(key)
        if answer.status < 300 and isinstance(answer.body, dict):
            every = [answer.body, *(answer.get("results") or ())]
            self.ids |= {str(each[name]) for each in every for name in ("id", "vid") if name in each}

    def _learn_list(self, method: str, path: str, answer: Answer) -> None:
        found = _LISTS.fullmatch(path)
        if found is None or answer.status >= 300:
            return
        if method == "POST" and not found["rest"]:
            self.lists.add(str(answer.body["list"]["listId"]))
        if method == "DELETE":
            self.lists.discard(found["rest"])


def _equal(group: Any) -> dict[str, Any]:
    """Return the values that a group of filters demands."""
    return {
        each["propertyName"]: each.get("value") for each in group["filters"] if each.get("operator") == "EQ"
    }


def _members(body: Any) -> set[str]:
    """Return the ids that a call puts into a list or takes out of it."""
    ids = body if isinstance(body, list) else [each for every in body.values() for each in every]
    return set(map(str, ids))


def _inputs(body: Any) -> Iterable[dict[str, Any]]:
    return body.get("inputs") or ()


def _values(entry: Any) -> dict[str, Any]:
    """Return the properties of a contact as v1 writes them."""
    return {each.get("property"): each.get("value") for each in entry["properties"]}


def _check(answer: Answer, what: str) -> None:
    if answer.status >= 300:
        said = answer.get("message") or json.dumps(answer.body)
        raise Refused(f"HubSpot does not let this token {what}: {answer.status} {said}")
