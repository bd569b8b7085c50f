# SPDX-License-Identifier: Apache-2.0
"""Data that does not show itself: Airflow stores and shows what a task's settings were rendered to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from airflow_provider_hubcontact.words import counted

__all__ = ["Redacted", "RedactedRecords", "revealed", "withhold"]


class Redacted:
    """A value that does not show itself.

    :param value: what it is.
    """

    def __init__(self, value: object) -> None:
        self.value = value

    def __repr__(self) -> str:
        if self.value is None:
            return "None"
        if isinstance(self.value, Mapping):
            return "<1 record withheld>"
        if isinstance(self.value, list | tuple):
            return f"<{counted(len(self.value), 'record')} withheld>"
        return f"<{type(self.value).__name__} withheld>"


class RedactedRecords(Sequence[object]):
    """Records that do not show themselves.

    Rendered templates are stored and shown in the UI, and records are personal data. This is not a
    list, so that nothing prints its items.

    :param records: the records.
    """

    def __init__(self, records: Sequence[object]) -> None:
        self._records = records

    def __getitem__(self, index: Any) -> Any:
        return self._records[index]

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[object]:
        return iter(self._records)

    def __repr__(self) -> str:
        return f"<{counted(len(self), 'record')} withheld>"


def withhold(records: object) -> RedactedRecords | Redacted:
    """Wrap what was handed in as records, whatever it is; None too, which is not an empty list."""
    if isinstance(records, RedactedRecords | Redacted):
        return records
    return RedactedRecords(records) if isinstance(records, list | tuple) else Redacted(records)


def revealed(value: object) -> object:
    """Return what a :class:`Redacted` holds, and anything else as it is."""
    return value.value if isinstance(value, Redacted) else value
