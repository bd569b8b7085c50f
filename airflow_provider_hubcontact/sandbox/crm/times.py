# SPDX-License-Identifier: Apache-2.0
"""Times in HubSpot's form, and as milliseconds since 1970."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

MAX_TIME = 253_402_300_799_999
"""The last millisecond of the year 9999, the latest possible time."""

_TIME = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=256)  # a batch asks for the same moment a hundred times
def iso(milliseconds: int) -> str:
    """Return a time in HubSpot's form: UTC, with milliseconds only if they are not zero."""
    moment = _EPOCH + timedelta(milliseconds=milliseconds)
    spec = "milliseconds" if milliseconds % 1000 else "seconds"
    return moment.replace(tzinfo=None).isoformat(timespec=spec) + "Z"


def milliseconds(value: str) -> int | None:
    """Return a stored time or date as milliseconds since 1970; None if the value is neither."""
    moment = parsed(value)
    return None if moment is None else since_1970(moment)


def parsed(value: str) -> datetime | None:
    """Read ISO 8601; a time without a zone is in UTC. None if the value has another form."""
    if not _TIME.fullmatch(value):
        return None
    try:
        moment = datetime.fromisoformat(value)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def at(milliseconds: int) -> datetime | None:
    """Return the moment so long after 1970, in UTC; None if it is not between the years 1 and 9999."""
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return None


def since_1970(moment: datetime) -> int:
    """Return a moment as milliseconds since 1970."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)
