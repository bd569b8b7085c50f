# SPDX-License-Identifier: Apache-2.0
"""What a file looks like: its encoding and its delimiter, guessed for a message and never used in silence."""

from __future__ import annotations

import codecs
import re

MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""How a file begins, and its encoding."""


DELIMITERS = {",": ",", ";": ";", "\t": "tab", "|": "|"}
"""What usually stands between cells, and how an option names it."""


def encoding_of(head: bytes) -> str | None:
    """Return the encoding that a text looks to be in.

    :param head: its beginning.
    :return: None if any encoding that knows ASCII fits, or none that is known here.
    """
    for mark, name in MARKS:
        if head.startswith(mark):
            return name
    if head.count(0) * 4 > len(head):
        return "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"
    if head.isascii():
        return None
    try:
        is_proved = not codecs.getincrementaldecoder("utf-8")().decode(head).isascii()
    except UnicodeDecodeError:
        is_proved = False
    if is_proved:
        return "utf-8"
    return "cp1252" if _fits(head, "cp1252") else None


def other_encoding(head: bytes, encoding: str) -> str | None:
    """Return the encoding that a text is in, if it is certainly not the one that it is read in.

    :param head: its beginning.
    :param encoding: in which it is to be read.
    """
    chosen, seen = codecs.lookup(encoding).name, encoding_of(head)
    if chosen.startswith(("utf-16", "utf-32")):
        is_wide = seen is not None and seen.startswith(("utf-16", "utf-32"))
        return None if is_wide or not head else seen or "utf-8"
    if seen == "utf-8" and re.match(r"cp125\d$|iso8859-\d+$", chosen):
        return seen  # each letter beyond ASCII would be read as two or three
    return seen if seen is not None and seen.startswith(("utf-16", "utf-32")) else None


def other_delimiter(headings: str, delimiter: str) -> str | None:
    """Return what stands between the headings of a CSV file, if the delimiter does not.

    :param headings: its first line. What stands in quotation marks is a heading's own.
    :param delimiter: that is expected.
    """
    bare = re.sub(r'"[^"]*"', "", headings)
    counts = {each: bare.count(each) for each in DELIMITERS if each != delimiter}
    most = max(counts, key=lambda each: counts[each])
    return most if counts[most] and delimiter not in bare else None


def _fits(text: bytes, encoding: str) -> bool:
    try:
        text.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
