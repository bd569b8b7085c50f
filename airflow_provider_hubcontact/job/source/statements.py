# SPDX-License-Identifier: Apache-2.0
"""Where a statement ends."""

from __future__ import annotations

import re

_PARTS = r"""
    (?P<gap> \s+ | --[^\n]* | /\*.*?\*/ )
  | (?P<end> ; )
  | ' (?: {escape} | [^'] )* '
  | " (?: {escape} | [^"] )* "
  | ` [^`]* `
  | (?P<dollar> \$ (?: [A-Za-z_]\w* )? \$ ) .*? (?P=dollar)
  | .
"""


_DIALECTS = tuple(
    re.compile(_PARTS.replace("{escape}", escape), re.VERBOSE | re.DOTALL)
    for escape in (r"(?!)", r"\\.")  # in MySQL a backslash hides a quotation mark
)


_HASH_COMMENT = re.compile(r"#[^\n]*")


def one_statement(sql: str) -> str:
    """Return a statement without the semicolon at its end, and without comments after that.

    A semicolon within a text or a comment does not end the statement, and stays.
    """
    ends = {_end(sql, tokens) for tokens in _DIALECTS}
    return sql[: ends.pop()].strip() if len(ends) == 1 else sql.strip()


def _end(sql: str, tokens: re.Pattern[str]) -> int:
    """Return the place of the first semicolon after which only semicolons, blanks and comments come."""
    place, end = 0, None
    while place < len(sql):
        found = (_HASH_COMMENT.match(sql, place) if end is not None else None) or tokens.match(sql, place)
        assert found is not None  # noqa: S101 - the last alternative takes any character
        if found.re is tokens and not found["gap"]:
            end = None if not found["end"] else place if end is None else end
        place = found.end()
    return len(sql) if end is None else end
