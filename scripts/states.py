# SPDX-License-Identifier: Apache-2.0
"""Draw the page of a record's states, ``STATES.md``, from the table of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from airflow_provider_hubcontact.sync.flow import states
from airflow_provider_hubcontact.sync.flow.states import NOTES, PLACES, STOPPED, TRANSITIONS, State

PAGE = Path(states.__file__).with_name("STATES.md")

HEAD = """# Where a record is

While a run goes on, each record is in exactly one of these places. `scripts/states.py` writes this page from
the table in [`states.py`](states.py). `tests/sync/test_states.py` compares the table with the engine's
collections at every step of many runs. It fails if a record is in no place or in two, if it goes a way that
is not in the table, or if no run goes a way that is.

A merged record stands for several rows of one key; all of them are where it is.
"""

NUMBERS = """The numbers are those of the [ways](#ways). What happens only because a run stops is not drawn:
then each record that is in no call ends at once, and the others end with their calls.
"""


def drawn() -> str:
    """Return the page, as Markdown."""
    return "\n".join(
        [
            *(HEAD, "## Places", ""),
            *_table(("state", "the record", "held in"), _places()),
            *("## Drawing", "", NUMBERS, "```mermaid", "stateDiagram-v2", *_arrows(), "```", ""),
            *("## Ways", ""),
            *_table(("", "from", "to", "when", "code"), _ways()),
            *("## Notes", "", "These collections note something about records that are held elsewhere.", ""),
            *_table(("collection", "notes"), ((f"`{name}`", note) for name, note in NOTES.items())),
        ]
    )


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    for row in (head, ("---",) * len(head), *rows):
        yield f"| {' | '.join(row)} |"
    yield ""


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _places() -> Iterator[tuple[str, ...]]:
    for state, place in PLACES.items():
        yield f"`{state}`", place.meaning, _names(place.held_in)


def _arrows() -> Iterator[str]:
    numbers: dict[tuple[State, State], list[str]] = {}
    for number, way in enumerate(TRANSITIONS, 1):
        if not way.event.startswith(STOPPED):
            for origin in way.origins:
                numbers.setdefault((origin, way.target), []).append(str(number))
    yield f"    [*] --> {State.SOURCE}"
    for (origin, target), those in numbers.items():
        yield f"    {origin} --> {target} : {', '.join(those)}"
    yield f"    {State.ENDED} --> [*]"


def _ways() -> Iterator[tuple[str, ...]]:
    for number, way in enumerate(TRANSITIONS, 1):
        yield str(number), _names(way.origins), f"`{way.target}`", way.event, f"`{way.code}`"


if __name__ == "__main__":
    PAGE.write_text(drawn(), encoding="utf-8")
