# SPDX-License-Identifier: Apache-2.0
"""HTTP for the routes: requests, replies, and the router."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any
from urllib.parse import parse_qs, quote, unquote

import orjson

from airflow_provider_hubcontact.sandbox.access.limits import Limits
from airflow_provider_hubcontact.sandbox.access.tokens import NOBODY, Access, Grant
from airflow_provider_hubcontact.sandbox.crm.async_batches import AsyncBatches
from airflow_provider_hubcontact.sandbox.crm.object_types import CONTACTS, ObjectType
from airflow_provider_hubcontact.sandbox.crm.portal import Portal
from airflow_provider_hubcontact.sandbox.crm.records.collection import Collection
from airflow_provider_hubcontact.sandbox.crm.times import iso
from airflow_provider_hubcontact.sandbox.crm.type_names import canonical, unknown
from airflow_provider_hubcontact.sandbox.errors.refusal import Json
from airflow_provider_hubcontact.sandbox.errors.requests import (
    InvalidInput,
    InvalidJson,
    MissingFields,
)
from airflow_provider_hubcontact.sandbox.faults.injector import HARMLESS, Strike
from airflow_provider_hubcontact.sandbox.http.typed_paths import PLACE, written_type
from airflow_provider_hubcontact.sandbox.imports.runs import Imports

MAX_BODY = 32 * 1024 * 1024
"""The most bytes of a request, unless its route allows more."""

MAX_DIGITS = 20
DATED_VERSIONS = ("2026-03", "2026-09")


@dataclass
class Request:
    """A call.

    :param path: the path as it was sent, percent-encoded, without the query.
    :param params: the parameters in the path, decoded.
    :param grant: what the caller may do; nothing until its token is known.
    :param inputs: number of records in the call; routes set it for the log.
    :param headers: the headers, with names in lower case.
    :param calls: calls that the limits counted.
    :param strike: the fault that strikes it.
    :param kind: the object type that it is about.
    """

    method: str
    path: str
    query_string: bytes
    portal: Portal
    access: Access
    imports: Imports
    later: AsyncBatches
    limits: Limits
    body: bytes = b""
    params: Mapping[str, str] = field(default_factory=dict)
    grant: Grant = NOBODY
    inputs: int = 0
    headers: Iterable[tuple[bytes, bytes]] = ()
    calls: int = 0
    strike: Strike = HARMLESS
    kind: ObjectType = CONTACTS

    @property
    def collection(self) -> Collection:
        """The records of the object type that the call is about."""
        return self.portal.collections[self.kind.id]

    @cached_property
    def content_type(self) -> str:
        """The header ``Content-Type``, with all parameters; empty if it is missing."""
        return self._header(b"content-type")

    def location(self, name: str) -> tuple[bytes, bytes]:
        """Return the header ``Location`` of what a call created: an absolute address (F) below its own.

        :param name: the id or name of what was created.
        """
        place = f"{self.path.rstrip('/')}/{quote(name, safe='')}"
        return b"Location", f"http://{self._header(b'host')}{place}".encode("latin-1", "replace")

    def _header(self, wanted: bytes) -> str:
        return next((value.decode("latin-1") for name, value in self.headers if name == wanted), "")

    @cached_property
    def query(self) -> dict[str, list[str]]:
        """Query parameter → all of its values."""
        return parse_qs(self.query_string.decode("latin-1"), keep_blank_values=True)

    def parameter(self, name: str) -> str | None:
        """Return the last value of a query parameter; None if it is missing or empty."""
        return (self.query.get(name) or [""])[-1] or None

    def number(self, name: str, default: int) -> int:
        """Read a query parameter that is a whole number.

        :raises InvalidInput: if it is not a whole number.
        """
        value = self.parameter(name)
        if value is None:
            return default
        if not (value.isascii() and value.isdigit() and len(value) <= MAX_DIGITS):
            raise InvalidInput(f"The parameter {name} is a whole number, not {value[:MAX_DIGITS]!r}.")
        return int(value)

    def flag(self, name: str) -> bool:
        """Check whether a query parameter is true; hubspot-api-client writes ``True``."""
        return (self.parameter(name) or "").lower() == "true"

    def listed(self, name: str) -> list[str]:
        """Return the values of a query parameter, which may be repeated, or have commas between values."""
        return [part for value in self.query.get(name, ()) for part in value.split(",") if part]

    @cached_property
    def form(self) -> dict[str, str]:
        """The fields of a form-encoded body."""
        fields = parse_qs(self.body.decode("utf-8", "replace"), keep_blank_values=True)
        return {name: values[-1] for name, values in fields.items()}

    @cached_property
    def json(self) -> dict[str, Any]:
        """The body, a JSON object.

        :raises InvalidJson: if it is anything else.
        """
        return mapping(parsed(self.body))


@dataclass(slots=True)
class Reply:
    """An answer.

    :param body: a JSON value, or bytes that are sent as they are; None for no content.
    """

    status: int
    body: Any = None
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    content_type: bytes = b"application/json;charset=utf-8"


def batch_reply(request: Request, status: int, results: list[Json], errors: list[Json]) -> Reply:
    """Answer a batch: 207 if some of its inputs were refused.

    :param status: the status if no input was refused.
    """
    now = iso(request.portal.now())
    body: Json = {"status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now}
    if errors:
        body |= {"numErrors": len(errors), "errors": errors}
    return Reply(207 if errors else status, body)


@dataclass(frozen=True, slots=True)
class Route:
    """A route, and the handler that answers its calls.

    :ivar operation: the names of the handler's module and function, such as ``batches.update``.
    :param scopes: the token needs one of these.
    :param views: the object type whose properties it shows, as HubSpot's refusal of a token without a scope
        calls it; empty if the refusal names the scopes.
    :param public: whether it needs no token.
    :param legacy: whether errors have v1's form.
    :param search: whether it has the limit of searches, and answers without headers about limits (D: search
        guide).
    :param admin: whether it belongs to the sandbox's own API, which has no limits and no faults.
    :param max_body: the most bytes of a request.
    :param kind: the object type that it is about.
    """

    method: str
    path: str
    handler: Callable[[Request], Reply]
    scopes: tuple[str, ...] = ()
    views: str = ""
    public: bool = False
    legacy: bool = False
    search: bool = False
    admin: bool = False
    max_body: int = MAX_BODY
    kind: ObjectType = CONTACTS
    operation: str = field(init=False)

    @property
    def family(self) -> str:
        """The module of the handler."""
        return self.operation.partition(".")[0]

    def __post_init__(self) -> None:
        handler = self.handler
        while isinstance(handler, partial):
            handler = handler.func
        object.__setattr__(self, "operation", f"{handler.__module__.rpartition('.')[2]}.{handler.__name__}")


class Router:
    """Finds the route of a path. It works on the encoded path, so that an address may have a slash (``%2F``).

    Routes name an object type by its plural; calls may spell it in other ways.

    :param routes: the routes; ``{name}`` stands for a segment that is a parameter.
    :param others: paths of HubSpot that have no route. Their words are not taken for parameters either.
    :ivar known: the methods and paths of HubSpot's own calls.
    """

    def __init__(self, routes: Iterable[Route], others: Iterable[str] = ()) -> None:
        self._root: dict[str, Any] = {}
        self.known: list[tuple[str, str]] = []
        for route in routes:
            if not route.admin:
                self.known.append((route.method, route.path))
            node = self._node(route.path)
            names = [part[1:-1] for part in route.path.split("/") if part.startswith("{")]
            node[f" {route.method}"] = (route, names)
        for path in others:
            self._node(path)

    def _node(self, path: str) -> dict[str, Any]:
        """Return the place of a path in the tree, which is made if it is missing."""
        node = self._root
        for segment in path.strip("/").split("/"):
            node = node.setdefault("{}" if segment.startswith("{") else segment, {})
        return node

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """Find the route of a call.

        :return: the route and its decoded parameters; None if there is no route. A call about an object type
            that HubSpot does not have gets a route that says so.
        """
        values: list[str] = []
        segments = path.strip("/").split("/")
        spelling = written_type(segments)
        if spelling is not None:
            name = canonical(unquote(spelling))
            if name is None:
                return Route(method, path, no_such_type), {"type": unquote(spelling)}
            segments[PLACE] = name
        found = self._walk(self._root, segments, f" {method}", values)
        if found is None:
            return None
        route, names = found
        return route, dict(zip(names, values, strict=True))

    def _walk(
        self, node: dict[str, Any], segments: list[str], leaf: str, values: list[str]
    ) -> tuple[Route, list[str]] | None:
        """Walk down the tree of segments, in which a word of HubSpot's paths is never a parameter."""
        if not segments:
            return node.get(leaf)
        first, rest = segments[0], segments[1:]
        if first in node and "{" not in first:
            return self._walk(node[first], rest, leaf, values)
        if "{}" not in node:
            return None
        values.append(unquote(first))
        return self._walk(node["{}"], rest, leaf, values)


def no_such_type(request: Request) -> Reply:
    """Refuse a call about an object type that HubSpot does not have (F).

    :raises UnknownObjectType: always.
    """
    raise unknown(request.params["type"])


def parsed(body: bytes) -> Any:  # noqa: ANN401 - any JSON
    """Read JSON.

    :raises InvalidJson: if the body is not JSON.
    """
    if not body:
        raise InvalidJson("No content to map due to end-of-input")
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidJson(error.msg, error.lineno, error.colno) from error


def mapping(value: object) -> dict[str, Any]:
    """Return a value if it is a JSON object.

    :raises InvalidJson: if it is something else.
    """
    if not isinstance(value, dict):
        raise InvalidJson(f"Cannot deserialize value of type `java.util.LinkedHashMap` from {_java(value)}")
    return value


def array(value: object) -> list[Any]:
    """Return a value if it is a JSON array.

    :raises InvalidJson: if it is something else.
    """
    if not isinstance(value, list):
        raise InvalidJson(f"Cannot deserialize value of type `java.util.ArrayList` from {_java(value)}")
    return value


def text(value: object) -> str:
    """Return the text of a JSON value: a string, a number or a boolean; ``""`` for null.

    :raises InvalidJson: if it is an object or an array.
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    raise InvalidJson(f"Cannot deserialize value of type `java.lang.String` from {_java(value)}")


def required(body: Mapping[str, Any], *names: str) -> None:
    """Check that a body has certain fields.

    :raises MissingFields: if fields are missing; it names them.
    """
    if None in map(body.get, names):
        raise MissingFields([name for name in names if body.get(name) is None])


def _java(value: object) -> str:
    """Return the name of a JSON value in the library that HubSpot uses (F)."""
    kinds = (
        (list, "Array", "START_ARRAY"),
        (dict, "Object", "START_OBJECT"),
        (str, "String", "VALUE_STRING"),
    )
    for kind, name, token in kinds:
        if isinstance(value, kind):
            return f"{name} value (token `JsonToken.{token}`)"
    return "Scalar value (token `JsonToken.VALUE_NUMBER`)"
