# SPDX-License-Identifier: Apache-2.0
"""What a user may choose. It is imported when a DAG is parsed, and imports nothing that takes time."""

from __future__ import annotations

from enum import StrEnum


class OnRegression(StrEnum):
    """What happens to a record that would move its contact's stage back."""

    REJECT = "reject"
    KEEP = "keep"
    RESET = "reset"


class WriteMode(StrEnum):
    """What becomes of the value that a contact has."""

    OVERWRITE = "overwrite"
    FILL_EMPTY = "fill_empty"
    APPEND = "append"


class Nulls(StrEnum):
    """What an empty value of the source does to the property."""

    IGNORE = "ignore"
    CLEAR = "clear"


class Drift(StrEnum):
    """What becomes of a contact that was edited since it was proved to have the values of its row."""

    WRITE = "write"
    TELL = "tell"


class Membership(StrEnum):
    """What became of a contact's place in a list."""

    ADDED = "added"
    MEMBER = "member"
    REMOVED = "removed"
    ABSENT = "absent"


class Duplicates(StrEnum):
    """What becomes of the later rows of a key."""

    LAST = "last"
    REJECT = "reject"
