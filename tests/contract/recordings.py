# SPDX-License-Identifier: Apache-2.0
"""Recordings: what HubSpot answered, scrubbed, a file for each scenario; and a target that replays one."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.contract.answers import Answer, Exchange, Raw, Request, Target
from tests.contract.http_target import Trouble
from tests.contract.scenario import Told
from tests.contract.scrubbing import Scrubber

FOLDER = Path(__file__).parent / "recordings"


class Stale(Trouble):
    """A scenario calls something else than when it was recorded."""


def save(told: Iterable[Told], folder: Path = FOLDER) -> list[Path]:
    """Write what a portal answered, but for scenarios that were not answered in full.

    :return: the files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for each in told:
        if not each.trouble:
            file = folder / f"{each.scenario}.json"
            lines = [asdict(exchange) for exchange in each.exchanges]
            file.write_text(json.dumps(lines, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
            files.append(file)
    return files


def load(file: Path) -> list[Exchange]:
    """Read the recording of a scenario."""
    return [_exchange(**each) for each in json.loads(file.read_text(encoding="utf-8"))]


class Replay(Target):
    """A target that answers the calls of one scenario as it was recorded."""

    def __init__(self, exchanges: Iterable[Exchange]) -> None:
        self._exchanges = iter(exchanges)
        self._scrubber = Scrubber()

    def send(self, request: Request) -> Answer:
        """Return the next answer.

        :raises Stale: if another call was recorded.
        """
        sent = self._scrubber.request(request)
        recorded = next(self._exchanges, None)
        if recorded is None or sent != recorded.request:
            raise Stale(f"The recording has no {sent.method} {sent.path} here: record it again.")
        return self._scrubber.answer(recorded.answer)


def _exchange(request: dict[str, Any], answer: dict[str, Any], values: list[str], **rest: Any) -> Exchange:
    body = request["body"]
    if isinstance(body, dict) and body.keys() == {"content_type", "content"}:
        request = {**request, "body": Raw(**body)}
    return Exchange(request=Request(**request), answer=Answer(**answer), values=tuple(values), **rest)
