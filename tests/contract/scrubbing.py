# SPDX-License-Identifier: Apache-2.0
"""Takes out of an exchange what belongs to one portal or one run, and puts the same stand-ins everywhere.

Scrubbing twice changes nothing, so that a recording, which is scrubbed, compares as what it was made of.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tests.contract.answers import LIMITS, Answer, Exchange, Raw, Request

FAMILY = "hubcontact-contract"
"""The last name of all contacts of these tests, and the domain of their addresses, unless told otherwise."""

RUN = "run"
"""Stands for the id of a run."""

TOKEN = "<token>"
UUID = "00000000-0000-0000-0000-000000000000"
MOMENT = "2026-01-01T00:00:00.000Z"
MILLISECONDS = "1767225600000"
SOMEBODY = "somebody@example.org"
FIRST_NUMBER = 900_000_000_000_000
"""Ids become this number and those after it, in the order in which a scenario meets them."""

PORTAL = str(FIRST_NUMBER + 99_999)
"""Stands for the id of the portal."""

NAME = "Somebody"
NAMING = {"firstName", "lastName", *(f"hs_object_source_detail_{number}" for number in (1, 2, 3))}
"""Keys of names: of an owner, and of whatever made a record, such as the private app."""

PORTALS_OWN = {"category": "USER_DEFINED"}
"""What says of an association type that the portal has named it."""

# Numbers of fewer digits are ids of lists at most, which tell nothing.
_FOUND = re.compile(
    r"(?P<token>pat-[a-z0-9]+-[0-9a-f-]{36}|eyJ[\w-]{20,}[\w.-]*)"
    r"|(?P<uuid>[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"
    r"|(?P<moment>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))"
    r"|(?P<address>[\w.+-]+(?:'[\w.+-]+)*@[\w-]+(?:\.[\w-]+)+)"
    r"|(?P<milliseconds>(?<!\d)1\d{12}(?!\d))"
    r"|(?P<number>(?<!\d)[1-9]\d{5,18}(?!\d))"
)


class Scrubber:
    """Scrubs the exchanges of one scenario, in their order.

    :param stand_ins: text → what takes its place, such as the token, the portal's id and the run's.
    """

    def __init__(self, stand_ins: Mapping[str, str] | None = None) -> None:
        self._stand_ins = sorted((stand_ins or {}).items(), key=lambda pair: -len(pair[0]))
        self._numbers: dict[str, str] = {}
        self._texts: dict[str, str] = {}

    def exchange(self, exchange: Exchange) -> Exchange:
        """Return an exchange without what belongs to a portal or a run."""
        request = self.request(exchange.request)
        answer = self.answer(exchange.answer)
        name, values = self.text(exchange.name), tuple(map(self.text, exchange.values))
        return replace(exchange, name=name, request=request, answer=answer, values=values)

    def request(self, request: Request) -> Request:
        """Return a request, scrubbed."""
        path, body = self.text(request.path), request.body
        if isinstance(body, Raw):
            return replace(request, path=path, body=Raw(body.content_type, self.text(body.content)))
        return replace(request, path=path, body=self.json(body))

    def answer(self, answer: Answer) -> Answer:
        """Return an answer, scrubbed; what is left of the limits stays."""
        headers = {
            name: value if name.startswith(LIMITS) else self.text(value)
            for name, value in answer.headers.items()
        }
        return Answer(answer.status, self.json(answer.body), headers)

    def json(self, value: Any) -> Any:
        """Return a JSON value, scrubbed."""
        if isinstance(value, dict):
            names = NAMING | {"label"} if PORTALS_OWN.items() <= value.items() else NAMING
            return {
                self.text(name): NAME if name in names and each else self._entry(name, each)
                for name, each in value.items()
            }
        if isinstance(value, list):
            return [self.json(each) for each in value]
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, int) and not isinstance(value, bool):
            return int(self.text(str(value)))
        return value

    def _entry(self, name: str, value: Any) -> Any:
        """Return the value of a key, scrubbed; teams have names of their own."""
        if name == "teams" and isinstance(value, list):
            value = [{**each, "name": NAME} if isinstance(each, dict) else each for each in value]
        return self.json(value)

    def text(self, text: str) -> str:
        """Return a text, scrubbed; the same text always becomes the same."""
        if text not in self._texts:
            self._texts[text] = self._scrubbed(text)
        return self._texts[text]

    def _scrubbed(self, text: str) -> str:
        for found, stand_in in self._stand_ins:
            whole = rf"(?<!\d){found}(?!\d)" if found.isdigit() else re.escape(found)
            text = re.sub(whole, stand_in, text)
        return _FOUND.sub(self._replace, text)

    def _replace(self, found: re.Match[str]) -> str:
        if found.lastgroup == "number":
            return self._number(found[0])
        if found.lastgroup == "address":
            return found[0] if found[0].lower().endswith(f".{RUN}@{FAMILY}.example.com") else SOMEBODY
        fixed = {"token": TOKEN, "uuid": UUID, "moment": MOMENT, "milliseconds": MILLISECONDS}
        return fixed[found.lastgroup or ""]

    def _number(self, number: str) -> str:
        """Return the stand-in of an id; a stand-in is its own."""
        if FIRST_NUMBER <= int(number) <= int(PORTAL):
            return self._numbers.setdefault(number, number)
        following = FIRST_NUMBER + len(set(self._numbers.values()))
        return self._numbers.setdefault(number, str(following))
