"""Words for yes and no."""

from __future__ import annotations

from collections.abc import Callable, Mapping

Read = tuple[str, str]
"""The text as HubSpot takes it, and what was done to the source's."""


HOW = "a word is read as true or false"


def boolean_reader(words: Mapping[str, bool]) -> Callable[[str], Read]:
    """Return what reads words for yes and no; another text stays as it is.

    :param words: word → what it means, whatever its letters' case is.
    """
    meant = {word.strip().casefold(): "true" if value else "false" for word, value in words.items()}

    def read(text: str) -> Read:
        return meant.get(text.strip().casefold(), text), HOW

    return read
