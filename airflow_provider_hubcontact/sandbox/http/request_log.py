# SPDX-License-Identifier: Apache-2.0
"""The log of requests and answers, for tests and benchmarks."""

from __future__ import annotations

import re
from typing import NamedTuple

from airflow_provider_hubcontact.sandbox.crm.times import iso

MAX_LOG = 100_000
"""Number of requests that are remembered: the latest."""

MAX_PATH = 1_000
"""The most characters of a path that are remembered."""

_TOKEN_IN_PATH = re.compile(r"(/oauth/.*?tokens)/.+")

RESET = 0
"""The status in the log of a call whose connection was reset."""


class Logged(NamedTuple):
    """A request that was answered.

    :param method: the HTTP method.
    :param path: the path as :func:`loggable` made it, without the query.
    :param status: the HTTP status; 0 if the connection was reset instead.
    :param inputs: number of records in the call.
    :param calls: calls that the limits counted: 1, or 0 if they refused it or it needs no token.
    :param operation: what answered, such as ``batches.update``; empty if nothing did.
    :param fault: name of the fault that struck it; empty if none did.
    :param at: when it came, by the sandbox's clock: seconds since 1970.
    :param seconds: until it was answered, by the same clock.
    """

    method: str
    path: str
    status: int
    inputs: int
    calls: int = 0
    operation: str = ""
    fault: str = ""
    at: float = 0.0
    seconds: float = 0.0

    @property
    def time(self) -> str:
        """When it came, in HubSpot's form."""
        return iso(int(self.at * 1000))

    @property
    def milliseconds(self) -> int:
        """How long it took."""
        return round(self.seconds * 1000)

    @property
    def line(self) -> dict[str, str | int]:
        """The line in the log of the admin API."""
        return {
            "time": self.time,
            "milliseconds": self.milliseconds,
            "method": self.method,
            "path": self.path,
            "status": self.status,
            "calls": self.calls,
            "records": self.inputs,
            "operation": self.operation,
            "fault": self.fault,
        }


def loggable(path: str) -> str:
    """Remove the tokens of OAuth v1 from a path, and shorten it."""
    path = _TOKEN_IN_PATH.sub(r"\1/***", path)
    return path if len(path) <= MAX_PATH else f"{path[:MAX_PATH]}…"
