"""What was asked, and what was answered: for tests and benchmarks to count."""

from __future__ import annotations

import re
from typing import NamedTuple

MAX_LOG = 100_000
"""How many requests are remembered, the last ones."""

MAX_PATH = 1_000
"""Characters of a path that are remembered."""

_TOKEN_IN_PATH = re.compile(r"(/oauth/.*?tokens)/.+")

RESET = 0
"""The status of a call whose connection was reset."""


class Logged(NamedTuple):
    """A request that was answered.

    :param path: as it was sent, without the query, and as ``loggable`` made it.
    :param status: HTTP's; 0 if the connection was reset instead.
    :param inputs: how many records it was about.
    :param calls: how many calls it took of the limits: 1, or 0 if it was refused by them or needs no token.
    :param operation: who answered, such as ``batches.update``; empty if nobody did.
    :param fault: the name of the fault that struck it; empty for none.
    """

    method: str
    path: str
    status: int
    inputs: int
    calls: int = 0
    operation: str = ""
    fault: str = ""

    @property
    def line(self) -> dict[str, str | int]:
        """The form in the admin API's log."""
        return {
            "method": self.method,
            "path": self.path,
            "status": self.status,
            "calls": self.calls,
            "records": self.inputs,
            "operation": self.operation,
            "fault": self.fault,
        }


def loggable(path: str) -> str:
    """Take the tokens of OAuth v1 out of a path, whoever answers it, and shorten it."""
    path = _TOKEN_IN_PATH.sub(r"\1/***", path)
    return path if len(path) <= MAX_PATH else f"{path[:MAX_PATH]}…"
