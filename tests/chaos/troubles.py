# SPDX-License-Identifier: Apache-2.0
"""What goes wrong: each fault alone and all of them together, at three rates; and blows from outside."""

from __future__ import annotations

import signal
from dataclasses import replace
from typing import Any

from tests.chaos.trial import Trouble

RATES = (0.01, 0.05, 0.2)
FAULTS: dict[str, dict[str, Any]] = {
    "503": {"kind": "status", "status": 503},
    "500 after the write": {"kind": "status", "status": 500, "applied": True},
    "429": {"kind": "status", "status": 429},
    "423": {"kind": "status", "status": 423},
    "400": {"kind": "status", "status": 400},
    "html": {"kind": "html"},
    "html that says 200": {"kind": "html", "status": 200},
    "reset": {"kind": "reset"},
    "reset after the write": {"kind": "reset", "applied": True},
    "truncated": {"kind": "truncated"},
    "empty": {"kind": "empty"},
    "drip": {"kind": "drip", "seconds": 0.3},
    "no results": {"kind": "no_results"},
}


def _rule(name: str, share: float) -> dict[str, Any]:
    return {"name": name, "on": "*/batch/*", "share": share, **FAULTS[name]}


ALONE = [Trouble(f"{name}, {share:.0%}", (_rule(name, share),)) for name in FAULTS for share in RATES]
MIXED = [
    Trouble(f"all faults, {share:.0%}", tuple(_rule(name, share / len(FAULTS)) for name in FAULTS))
    for share in RATES
]
KILLED = [
    Trouble("kill -9", kill=signal.SIGKILL),
    Trouble("kill -9 and all faults, 5%", MIXED[1].rules, kill=signal.SIGKILL),
]
STATUSES = [
    Trouble("any status, 5%", statuses=0.05),
    Trouble("any status, 20%", statuses=0.2),
    Trouble("any status, 10%, and kill -9", kill=signal.SIGKILL, statuses=0.1),
    Trouble("any status, 5%, legacy API", statuses=0.05, legacy=True),
    Trouble("kill -9, legacy API", kill=signal.SIGKILL, legacy=True),
]
OTHERS = [
    Trouble("SIGTERM", kill=signal.SIGTERM),
    Trouble("tokens expire", ({"kind": "token_expiry", "nth": [4, 9]},), oauth=True),
    Trouble("the day's calls are used up", daily_limit=8),
    Trouble("Redis goes away", store=True),
    Trouble("the query breaks off", database=True),
    Trouble("the portal moves", ({"kind": "migration", "after": 5, "count": 3, "seconds": 1},)),
    Trouble("keys are nearly another contact's", strangers=True),
]
LISTS = [
    replace(trouble, name=f"{trouble.name}, lists", lists=True)
    for trouble in (*ALONE[2::3], *MIXED[1:], *KILLED, *STATUSES[:3], *OTHERS)
]
