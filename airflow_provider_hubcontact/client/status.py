"""The one table of HTTP statuses: what each refusal is, whether it passes, and whether nothing was done.

``sync`` has no HTTP and keeps its own side, ``refused_as``; a test compares the two from 400 to 599.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Status(NamedTuple):
    """What a status means.

    :param error: name of its class in ``errors``; ``StatusError`` if the status is not about a record.
    :param passes: the same call can succeed a moment later.
    :param untouched: HubSpot has certainly not carried the call out, so that even a create can be repeated.
    """

    error: str
    passes: bool = False
    untouched: bool = False


def status_of(status: int) -> Status:
    """Return what a status means, 400 or above.

    HubSpot docs: "Error handling". 408 and 425 come from proxies: one gave up waiting, or took the call for a
    replay; neither knows what HubSpot did.
    """
    return _STATUSES.get(status, _SERVER_ERROR if 500 <= status < 600 else _OTHER)


_OTHER = Status("StatusError")
_SERVER_ERROR = Status("ServerError", passes=True)
_STATUSES: Mapping[int, Status] = {
    400: Status("BadRequest", untouched=True),
    401: Status("Unauthorized", untouched=True),
    403: Status("Forbidden", untouched=True),
    404: Status("NotFound", untouched=True),
    408: _SERVER_ERROR,
    409: Status("Conflict", untouched=True),
    413: Status("TooLarge", untouched=True),
    414: Status("TooLarge", untouched=True),
    422: Status("BadRequest", untouched=True),
    423: Status("Locked", passes=True, untouched=True),
    425: _SERVER_ERROR,
    429: Status("RateLimited", passes=True, untouched=True),
    477: Status("Migrating", passes=True, untouched=True),
}
