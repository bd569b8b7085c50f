"""In which lists contacts are to be."""

from __future__ import annotations

from collections.abc import Iterator

from airflow_provider_hubcontact.job.settings.checks import flag
from airflow_provider_hubcontact.job.settings.frozen import Frozen

MOST_OF_A_LIST = 100_000
"""The most contacts of one call about a list; HubSpot documents no limit."""


class Lists(Frozen):
    """In which lists contacts are to be whose records end well.

    :param name: of a list, or its id; None if a column names it.
    :param column: that names the list of each row; None for one list.
    :param create: whether a list is created that is named and that there is not.
    :param mirror: whether contacts leave a list that no row names for them any more, if this sync has added
        them.
    :param batch_size: contacts of one call.
    """

    name: str | None = None
    column: str | None = None
    create: bool = False
    mirror: bool = False
    batch_size: int = 1_000

    def problems(self) -> Iterator[str]:
        """Yield a sentence for each thing that is wrong."""
        if (self.name is None) == (self.column is None):
            yield "lists needs the name of a list, or the column that names them, and not both"
        for field, value in (("name", self.name), ("column", self.column)):
            if value is not None and (not isinstance(value, str) or not value.strip()):
                yield f"lists.{field} must be a name, not {value!r:.100}"
        yield from flag("lists.create", self.create)
        yield from flag("lists.mirror", self.mirror)
        size = self.batch_size
        if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= MOST_OF_A_LIST:
            yield f"lists.batch_size must be a number from 1 to {MOST_OF_A_LIST:,}, not {size!r:.100}"
