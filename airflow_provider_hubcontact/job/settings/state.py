# SPDX-License-Identifier: Apache-2.0
"""Where it is kept what HubSpot was last proved to have."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from airflow_provider_hubcontact.job.settings.checks import flag, is_mapping_of_names, one_of
from airflow_provider_hubcontact.job.settings.frozen import Frozen
from airflow_provider_hubcontact.printable import printable_address

ARCHIVE = "archive"
"""What ``on_removed`` says to archive contacts."""


LEAVE = "leave_list"
"""What ``on_removed`` says to let contacts leave the lists that this sync has put them into."""


LONGEST_TABLE = 49
"""The most characters of a table's name, in every database.

PostgreSQL takes names of 63, of which an index needs 14 for ``_lists_contact`` at its end.
"""


MOST_DAYS = 36_500
"""The longest time of a state, in days."""


class State(Frozen):
    """Where it is kept what HubSpot was last proved to have.

    :param path: ``sql://conn_id/table``, or ``sql://conn_id/schema.table``.
    :param refresh: whether all rows are looked up and compared, whatever is proved of them.
    :param audit: days in which each contact that is not written is read back once; None for never.
    :param drift: what becomes of a contact that an audit finds edited.
    :param absent: days for which it is remembered that nobody has a key; None to ask each time.
    :param trust_ids: whether contacts are updated by the record ids that were proved, without a look-up.
    :param on_removed: property → value for the contacts of rows that left the source, ``archive``, or
        ``leave_list``; None to leave them alone.
    :param grace: completed runs in a row that may lack a row before its contact is removed.
    """

    path: str
    refresh: bool = False
    audit: float | None = 30
    drift: str = "write"
    absent: float | None = None
    trust_ids: bool = False
    on_removed: Mapping[str, str] | str | None = None
    grace: int = 1

    def problems(self) -> Iterator[str]:
        """Yield a sentence for each thing that is wrong."""
        if not isinstance(self.path, str) or not re.fullmatch(_STATE, self.path, re.ASCII):
            path = printable_address(self.path) if isinstance(self.path, str) else self.path
            yield (
                "state must be sql://conn_id/table or sql://conn_id/schema.table (of ASCII letters, digits "
                f"and _), not {path!r:.100}"
            )
        elif len(table := self.address[1].rpartition(".")[2]) > LONGEST_TABLE:
            yield (
                f"the table of a state must have a name of at most {LONGEST_TABLE} characters, such as "
                f"{table[:LONGEST_TABLE]}: {table:.200} has {len(table)}"
            )
        yield from flag("state.refresh", self.refresh)
        yield from self._of_audit()
        yield from flag("state.trust_ids", self.trust_ids)
        yield from self._of_removals()

    def _of_audit(self) -> Iterator[str]:
        for name, days in (("audit", self.audit), ("absent", self.absent)):
            if days is not None and not _is_days(days):
                yield f"state.{name} must be a number of days above 0, or None, not {days!r:.100}"
        if self.drift != State.drift:
            from airflow_provider_hubcontact.sync.model.choices import Drift

            yield from one_of("state.drift", self.drift, Drift)
            if self.audit is None and self.drift in set(Drift):
                yield f"state.drift={str(self.drift)!r} has no effect with audit=None: nothing is read back"

    def _of_removals(self) -> Iterator[str]:
        if not isinstance(self.grace, int) or isinstance(self.grace, bool) or self.grace < 0:
            yield f"state.grace must be a number of runs, not {self.grace!r:.100}"
        if self.on_removed is not None and self.on_removed not in (ARCHIVE, LEAVE):
            yield from self._of_values()

    def _of_values(self) -> Iterator[str]:
        values = self.on_removed
        if not is_mapping_of_names(values) or not values or not all(map(str.strip, values)):
            words = f"{ARCHIVE!r} or {LEAVE!r}"
            yield f"state.on_removed must map properties to texts, or be {words}, not {values!r:.200}"

    @property
    def archives(self) -> bool:
        """Whether the contacts of rows that left the source are archived."""
        return self.on_removed == ARCHIVE

    @property
    def lets_leave(self) -> bool:
        """Whether these contacts leave the lists that this sync has put them into."""
        return self.on_removed == LEAVE

    @property
    def remembers_absence(self) -> bool:
        """Whether it is remembered that nobody has a key."""
        return _is_days(self.absent)

    @property
    def address(self) -> tuple[str, str]:
        """Connection and table."""
        conn_id, _, table = self.path.removeprefix("sql://").partition("/")
        return conn_id, table


def _is_days(value: object) -> bool:
    """Check whether a value is a number of days, of at most a century."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 < value <= MOST_DAYS


_STATE = r"sql://[^/@]+/[A-Za-z_]\w*(\.[A-Za-z_]\w*)?"  # compiled when a task has a state
