# SPDX-License-Identifier: Apache-2.0
"""Words for yes and no."""

from __future__ import annotations

from collections.abc import Callable, Mapping

Read = tuple[str, str]
"""The text in the form that HubSpot takes, and what was done to the source's text."""


HOW = "a word is read as true or false"


def boolean_reader(words: Mapping[str, bool]) -> Callable[[str], Read]:
    """Return a reader of words for yes and no, which leaves other texts unchanged.

    :param words: word → its meaning; upper and lower case do not matter.
    """
    meant = {word.strip().casefold(): "true" if value else "false" for word, value in words.items()}

    def read(text: str) -> Read:
        return meant.get(text.strip().casefold(), text), HOW

    return read
