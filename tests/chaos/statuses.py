# SPDX-License-Identifier: Apache-2.0
"""Any status from 400 to 599 as the answer to any call: HubSpot's, a proxy's, or without a word."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import Any

OFTEN = (
    *(400, 401, 403, 404, 408, 409, 413, 414, 415, 422, 423, 425, 429, 477, 499),
    *(500, 501, 502, 503, 504, 505),
    *range(520, 531),
)
"""Those that HubSpot documents, and those of the proxies before it."""

ABOUT_A_RECORD = frozenset({400, 409, 422})
"""What HubSpot may say about a record, if the call was about no other."""

TOO_LARGE = frozenset({413, 414})
"""What anybody may say about a record."""

MAY_BE_CARRIED_OUT = frozenset({408, 499, *range(500, 600)})
"""After which HubSpot may have done what was asked: something on the way gave up."""

RULES, BURSTS = 16, 4
BODIES = ("hubspot", "foreign", "empty", "html")
CALLS = ("*", "*", "*/batch/*", "*/batch/read", "*/batch/update", "*/batch/create")
LEGACY_CALLS = ("*", "*contacts/v1/*")
LIST_CALLS = (*CALLS, "/crm/lists/*", "/crm/lists/*", "*/memberships*")


def drawn(dice: random.Random, share: float, calls: Sequence[str]) -> list[dict[str, Any]]:
    """Draw rules of a fault plan.

    :param share: of the calls that some rule is to strike, besides the bursts.
    :param calls: patterns of the calls that they strike.
    """
    rules = [_rule(dice, place, calls) for place in range(RULES + BURSTS)]
    for rule in rules[:RULES]:
        rule["share"] = share / RULES
    for rule in rules[RULES:]:
        first = dice.randrange(1, 40)
        rule["nth"] = list(range(first, first + dice.randrange(2, 8)))
    return rules


def _rule(dice: random.Random, place: int, calls: Sequence[str]) -> dict[str, Any]:
    status = dice.choice(OFTEN) if dice.random() < 0.6 else dice.randrange(400, 600)
    body = dice.choice(BODIES)
    shape = {"kind": "html"} if body == "html" else {"kind": "status", "body": body}
    rule = {
        **shape,
        "name": f"{status} {body} {place}",
        "status": status,
        "on": dice.choice(calls),
        "applied": status in MAY_BE_CARRIED_OUT and dice.random() < 0.5,
    }
    return rule | ({"retry_after": dice.randrange(4)} if dice.random() < 0.2 else {})


def status_of(name: str) -> int | None:
    """Return the status that a rule of these answers with; None if it is another rule."""
    found = _NAME.fullmatch(name)
    return int(found["status"]) if found else None


def is_about_a_record(name: str) -> bool:
    """Check whether what a fault answers may be about a record, if the call was about no other."""
    found = _NAME.fullmatch(name)
    if found is None:
        return name != ""
    status = int(found["status"])
    return status in TOO_LARGE or (status in ABOUT_A_RECORD and found["body"] == "hubspot")


_NAME = re.compile(r"(?P<status>\d{3}) (?P<body>[a-z]+) \d+")
