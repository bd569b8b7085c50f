# SPDX-License-Identifier: Apache-2.0
"""What a scenario sends and gets: a request, its answer, both as an exchange; and whom it is sent to."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

JSON = "application/json"
KEPT_HEADERS = ("content-type", "location", "retry-after", "x-hubspot-correlation-id")
LIMITS = "x-hubspot-ratelimit-"
"""How the names of the headers about limits begin."""


@dataclass(frozen=True)
class Raw:
    """A body that is sent as it is.

    :param content_type: the header ``Content-Type``.
    """

    content_type: str
    content: str


@dataclass(frozen=True)
class Request:
    """One call.

    :param path: the path and the query.
    :param body: a JSON value, a :class:`Raw`, or None.
    :param accept: the header ``Accept``.
    """

    method: str
    path: str
    body: Any = None
    accept: str = JSON

    @property
    def plain_path(self) -> str:
        """The path without the query."""
        return self.path.partition("?")[0]

    @property
    def headers(self) -> dict[str, str]:
        """The headers, but for the token."""
        accept = {"Accept": self.accept}
        if self.body is None:
            return accept
        kind = self.body.content_type if isinstance(self.body, Raw) else JSON
        return {**accept, "Content-Type": kind}

    @property
    def content(self) -> bytes | None:
        """The body as it is sent; None if there is no body."""
        if isinstance(self.body, Raw):
            return self.body.content.encode()
        return None if self.body is None else json.dumps(self.body).encode()


@dataclass(frozen=True)
class Answer:
    """What came back.

    :param body: the JSON value; the text if it is not JSON; None if there is no body.
    :param headers: those that are compared, names in lower case.
    """

    status: int
    body: Any
    headers: Mapping[str, str]

    @classmethod
    def of(cls, status: int, content: bytes, headers: Mapping[str, str]) -> Answer:
        """Read an answer from its parts."""
        kept = {name.lower(): value for name, value in headers.items()}
        kept = {
            name: value for name, value in kept.items() if name in KEPT_HEADERS or name.startswith(LIMITS)
        }
        text = content.decode("utf-8", "replace")
        try:
            body = json.loads(text) if text else None
        except ValueError:
            body = text
        return cls(status, body, kept)

    def get(self, name: str) -> Any:
        """Return a value of a JSON object; None if the body is something else or has no such key."""
        return self.body.get(name) if isinstance(self.body, dict) else None


@dataclass(frozen=True)
class Exchange:
    """One call of a scenario and its answer.

    :param name: what the scenario calls it.
    :param values: paths of the values that are compared, such as ``results[].properties.city``.
    :param compared: False for a call that only prepares.
    """

    name: str
    request: Request
    answer: Answer
    values: tuple[str, ...] = ()
    compared: bool = True


class Target(ABC):
    """Whom a scenario calls: the sandbox, HubSpot, or a recording."""

    def call(self, method: str, path: str, body: Any = None, *, accept: str = JSON) -> Answer:
        """Send a call; the parameters are those of :class:`Request`."""
        return self.send(Request(method, path, body, accept))

    @abstractmethod
    def send(self, request: Request) -> Answer:
        """Send a call."""
