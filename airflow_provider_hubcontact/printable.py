# SPDX-License-Identifier: Apache-2.0
"""Foreign text, made fit for logs, terminals, exceptions and pages: the one place that does it."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from typing import Any

__all__ = [
    "MAX_LENGTH",
    "PrintableLines",
    "printable",
    "printable_address",
    "printable_document",
    "printable_json",
    "printable_lines",
    "printable_logger",
]

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


_PASSWORD = re.compile(r"(://[^\s/@:]*):[^\s/]*@")


def printable_address(address: str, limit: int = 300) -> str:
    """Return an address that somebody gave as one line of printable characters, without a password.

    A database's address, pasted where the name of a connection belongs, would be kept in a log.

    :param address: a path, a URL, or what was given for one.
    :param limit: characters of what is returned.
    """
    return printable(_PASSWORD.sub(r"\1:…@", address), limit)


class PrintableLines(str):
    """A text that is printable already, line by line."""

    __slots__ = ()


def printable_lines(text: str) -> PrintableLines:
    """Return a text whose line ends are our own, each line of it printable.

    :param text: lines that were put together here; a foreign part of one must be :func:`printable` already.
    """
    return PrintableLines("\n".join(map(printable, text.split("\n"))))


def printable_document(document: Mapping[str, object], limit: int = MAX_LENGTH) -> dict[str, Any]:
    """Return a JSON document with all its texts printable, the names of its fields included.

    :param document: mappings, lists, texts, numbers.
    :param limit: characters of the longest text.
    """
    shown: dict[str, Any] = {}
    for name, value in document.items():
        shown[_free(printable(str(name), limit), shown)] = _printable_value(value, limit)
    return shown


def _printable_value(value: object, limit: int) -> object:
    if isinstance(value, str):
        return printable(value, limit)
    if isinstance(value, Mapping):
        return printable_document(value, limit)
    return [_printable_value(each, limit) for each in value] if isinstance(value, list | tuple) else value


def _free(name: str, taken: Mapping[str, object]) -> str:
    """Return a name that no other field has: two may look the same once they are printable."""
    free, number = name, 1
    while free in taken:
        number += 1
        free = f"{name} ({number})"
    return free


_NOT_ASCII = re.compile(r"[^ -~\n]")


def printable_json(document: object) -> str:
    r"""Return a JSON text that any terminal may show: what is not printable stands in it as ``\uXXXX``.

    :param document: whose values a machine gets as they are; what JSON does not know becomes text.
    """
    text = json.dumps(document, ensure_ascii=False, indent=2, default=str)
    return _NOT_ASCII.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    char = found[0]
    if char.isprintable():
        return char
    return "\\u007f" if char == "\x7f" else json.dumps(char)[1:-1]


def printable_logger(name: str) -> logging.LoggerAdapter[logging.Logger]:
    """Return a logger that makes what it is given printable; every module here has this one.

    :param name: of the module.
    """
    return _PrintableLogger(logging.getLogger(name))


class _PrintableLogger(logging.LoggerAdapter[logging.Logger]):
    """Makes the arguments of a message printable; the message itself is written here."""

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:  # noqa: ANN401 - as in logging
        """Log a message."""
        if self.isEnabledFor(level):
            kwargs["stacklevel"] = kwargs.get("stacklevel", 1) + 1  # the line that is told is the caller's
            self.logger.log(level, msg, *map(_argument, args), **kwargs)


def _argument(value: object) -> object:
    return value if isinstance(value, int | float | PrintableLines) else printable(str(value))
