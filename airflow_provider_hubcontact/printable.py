"""Foreign text, made fit for logs, terminals, exceptions and pages: the one place that does it."""

from __future__ import annotations

__all__ = ["MAX_LENGTH", "printable"]

MAX_LENGTH = 1_000
"""Characters of the longest text that is shown whole."""


def printable(text: str, limit: int = MAX_LENGTH) -> str:
    """Return a foreign text as one line of printable characters.

    Anything that a terminal, a log reader or a page could obey becomes a blank: line ends, escape
    sequences, characters that change the direction of writing.

    :param text: of a record, a database, HubSpot or a person.
    :param limit: characters of what is returned; a longer text ends in "…".
    """
    line = text[: limit + 1]
    if not line.isprintable():
        line = "".join(char if char.isprintable() else " " for char in line)
    return line if len(line) <= limit else line[: limit - 1] + "…"
