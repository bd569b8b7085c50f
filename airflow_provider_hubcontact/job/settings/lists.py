# SPDX-License-Identifier: Apache-2.0
"""In which lists contacts are to be."""

from __future__ import annotations

from collections.abc import Iterator

from airflow_provider_hubcontact.job.settings.checks import flag
from airflow_provider_hubcontact.job.settings.frozen import Frozen

MOST_OF_A_LIST = 100_000
"""The most contacts of one call about a list; HubSpot documents no limit."""


class Lists(Frozen):
    """The lists into which contacts are put whose records end well.

    :param name: name or id of a list; None if a column names it.
    :param column: column that names the list of each row; None if all rows have the same list.
    :param create: whether a list that does not exist is created.
    :param mirror: whether contacts that this sync has added leave a list that no row names for them any more.
    :param batch_size: the most contacts of one call.
    """

    name: str | None = None
    column: str | None = None
    create: bool = False
    mirror: bool = False
    batch_size: int = 1_000

    def problems(self) -> Iterator[str]:
        """Yield a sentence for each thing that is wrong."""
        if (self.name is None) == (self.column is None):
            yield "lists needs either the name of a list, or the column that names the lists"
        named = (
            ("name", "the name or the id of one list, as text", self.name),
            ("column", "a name", self.column),
        )
        for field, needed, value in named:
            if value is not None and (not isinstance(value, str) or not value.strip()):
                yield f"lists.{field} must be {needed}, not {value!r:.100}"
        yield from flag("lists.create", self.create)
        yield from flag("lists.mirror", self.mirror)
        size = self.batch_size
        if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= MOST_OF_A_LIST:
            yield f"lists.batch_size must be a number from 1 to {MOST_OF_A_LIST:,}, not {size!r:.100}"
