# SPDX-License-Identifier: Apache-2.0
"""The one table of HTTP statuses: what each refusal is to the client, and what it makes of a record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Status(NamedTuple):
    """What a status means.

    :param error: name of its class in ``client.errors``; ``StatusError`` if the status is not about a record.
    :param outcome: of a record that is refused with it, as ``sync.model.outcome`` spells it.
    :param passes: the same call can succeed a moment later, so that the client repeats it.
    :param untouched: HubSpot has certainly not carried the call out, so that even a create can be repeated.
    """

    error: str
    outcome: str
    passes: bool = False
    untouched: bool = False


def status_of(status: int) -> Status:
    """Return what a status means, 400 or above.

    HubSpot docs: "Error handling"; "Update an existing contact by email" (legacy). 408 and 425 come from
    proxies: one gave up waiting, or took the call for a replay; neither knows what HubSpot did.
    """
    return _STATUSES.get(status, _SERVER_ERROR if 500 <= status < 600 else _OTHER)


_OTHER = Status("StatusError", "unknown")
_SERVER_ERROR = Status("ServerError", "unavailable", passes=True)
_STATUSES: Mapping[int, Status] = {
    400: Status("BadRequest", "rejected", untouched=True),
    401: Status("Unauthorized", "unauthorized", untouched=True),
    403: Status("Forbidden", "unauthorized", untouched=True),
    404: Status("NotFound", "not_found", untouched=True),
    408: _SERVER_ERROR,
    409: Status("Conflict", "conflict", untouched=True),
    413: Status("TooLarge", "rejected", untouched=True),
    414: Status("TooLarge", "rejected", untouched=True),
    422: Status("BadRequest", "rejected", untouched=True),
    423: Status("Locked", "unavailable", passes=True, untouched=True),
    425: _SERVER_ERROR,
    429: Status("RateLimited", "throttled", passes=True, untouched=True),
    477: Status("Migrating", "unavailable", passes=True, untouched=True),
}
