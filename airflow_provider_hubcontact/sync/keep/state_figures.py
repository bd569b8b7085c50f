# SPDX-License-Identifier: Apache-2.0
"""What a report tells of a run's state: which figures there are, in words, and of several tasks together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from airflow_provider_hubcontact.words import counted

Told = Mapping[str, Any]
"""What a report has of a state: its figures by their names, beside ``table`` and ``read_anew``."""


COUNTS: Mapping[str, str] = {
    "changed": "changed, or without a proof",
    "up_to_date": "up to date, and not read",
    "still_absent": "not there, and not asked for again",
    "audited": "audited",
    "drifted": "drifted: edited in HubSpot since the proof",
    "contested": "contested: drifted in two audits in a row",
    "gone": "gone from the source",
    "removed": "removed",
    "renamed": "renamed",
    "left_alone": "gone, and left alone",
    "calls_saved": "calls saved against reading all",
    "overdue": "overdue for an audit",
}
"""Figure → what it counts."""


def shown(told: Told) -> Iterator[tuple[str, str]]:
    """Yield what each figure counts, and its value in words."""
    for name, meaning in COUNTS.items():
        if (count := told.get(name)) is not None:
            yield meaning, f"{count:,}"
    if (oldest := told.get("oldest_proof")) is not None:
        yield "oldest proof", f"{datetime.fromtimestamp(oldest, UTC):%Y-%m-%d %H:%M} UTC"


def in_words(told: Told) -> str:
    """Return the counts as part of a sentence, without zeros."""
    nouns = {name: name.replace("_", " ") for name in COUNTS}
    one = nouns | {"calls_saved": "call saved"}
    counts = [counted(told[name], one[name], nouns[name]) for name in COUNTS if told.get(name)]
    return ", ".join(counts) or "nothing to tell"


def folded(several: Sequence[Told]) -> dict[str, Any] | None:
    """Return the figures of several states together; None without a state.

    The table is that of the first one.
    """
    if not several:
        return None
    whole = dict(several[0])
    for name in COUNTS:
        counts = [told[name] for told in several if told.get(name) is not None]
        if counts:
            whole[name] = sum(counts)
    oldest = [told["oldest_proof"] for told in several if told.get("oldest_proof") is not None]
    if oldest:
        whole["oldest_proof"] = min(oldest)
    return whole
