# SPDX-License-Identifier: Apache-2.0
"""Calls the sandbox over HTTP with nothing but the standard library."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from airflow_provider_hubcontact.sandbox import Sandbox

CONTACTS = "/crm/objects/2026-09/contacts"


@dataclass(frozen=True)
class Answer:
    """What came back: header names are in lower case, a page is its own message."""

    status: int
    body: Any
    headers: dict[str, str]

    @property
    def message(self) -> str:
        """The error's sentence."""
        return str(self.body["message"])

    @property
    def results(self) -> dict[str, dict[str, Any]]:
        """A batch's results by contact id."""
        return {result["id"]: result for result in self.body["results"]}


class Api:
    """A client of one sandbox.

    :param sandbox: whom to call.
    :param token: another one than the sandbox's; empty for none.
    """

    def __init__(self, sandbox: Sandbox, token: str | None = None) -> None:
        self.sandbox = sandbox
        self._connection = http.client.HTTPConnection(sandbox.url.removeprefix("http://"), timeout=30)
        token = sandbox.token if token is None else token
        self._headers = {"Accept": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        """Send JSON, or bytes as they are."""
        sent = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        self._connection.request(method, path, sent, self._headers | (headers or {}))
        response = self._connection.getresponse()
        content = response.read()
        received = {name.lower(): value for name, value in response.getheaders()}
        if received.get("content-type", "").startswith("text/html"):
            return Answer(response.status, {"message": content.decode()}, received)
        if content == b"SUCCESS":  # which v1 calls JSON
            return Answer(response.status, content, received)
        return Answer(response.status, json.loads(content) if content else None, received)

    def get(self, path: str) -> Answer:
        return self.call("GET", path)

    def post(self, path: str, body: Any) -> Answer:
        return self.call("POST", path, body)

    def patch(self, path: str, body: Any) -> Answer:
        return self.call("PATCH", path, body)

    def form(self, path: str, **fields: str) -> Answer:
        return self.call("POST", path, urlencode(fields).encode())

    def batch(self, action: str, *inputs: dict[str, Any], root: str = CONTACTS, **fields: Any) -> Answer:
        return self.post(f"{root}/batch/{action}", {"inputs": list(inputs), **fields})

    def id(self, email: str) -> str:
        """Ask the portal, not the API, for a contact's id."""
        contact = self.sandbox.portal.contact(email)
        assert contact is not None, f"the portal has no contact {email}"
        return contact.id

    def stored(self, email: str, name: str) -> str | None:
        """Ask the portal, not the API, for a property."""
        contact = self.sandbox.portal.contact(email)
        assert contact is not None, f"the portal has no contact {email}"
        return contact.properties.get(name)


class Clock:
    """A clock that a test moves."""

    def __init__(self, now: float = 1_795_435_200.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now
