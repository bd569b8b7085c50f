# SPDX-License-Identifier: Apache-2.0
"""Which contact a row is about."""

from __future__ import annotations

from collections.abc import Iterator

from airflow_provider_hubcontact.job.settings.frozen import Frozen


class Key(Frozen):
    """Which contact a row is about.

    :param column: whose value identifies the contact.
    :param property: that the value is one of.
    :param becomes: column with the value that the property is to get instead.
    """

    column: str = "email"
    property: str = "email"
    becomes: str | None = None

    def problems(self) -> Iterator[str]:
        """Yield a sentence for each thing that is wrong."""
        for name, value in (("column", self.column), ("property", self.property)):
            if not isinstance(value, str) or not value:
                yield f"key.{name} must be a name, not {value!r:.100}"
        if self.becomes is not None and (not isinstance(self.becomes, str) or not self.becomes):
            yield f"key.becomes must be the name of a column, not {self.becomes!r:.100}"
        elif self.becomes is not None and self.becomes == self.column:
            yield f"key: {self.column} cannot become itself; becomes is the column with the new value"
        elif self.becomes is not None and self.property == "hs_object_id":
            yield "key: becomes has no effect on a record id, which never changes"

    def change_of(self, column: str) -> str:
        """Return what to do about a column with another value of the property."""
        if column.lower() == self.column.lower():
            return (
                f"if it is the key's column, write it as {column} in key, too, or leave it out of the mapping"
            )
        if self.property == "hs_object_id":
            return f"a record id never changes; leave {column} out"
        name = "" if self.property == "email" else f"property={self.property!r}, "
        return (
            f"give the column with a new {self.property} as "
            f"key=Key({self.column!r}, {name}becomes={column!r})"
        )
