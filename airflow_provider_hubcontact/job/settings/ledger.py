# SPDX-License-Identifier: Apache-2.0
"""Where every record's result is kept."""

from __future__ import annotations

from collections.abc import Iterator

from airflow_provider_hubcontact.job.settings.checks import flag, place
from airflow_provider_hubcontact.job.settings.frozen import Frozen


class Ledger(Frozen):
    """Where every record's result is kept.

    :param path: folder, or ``sql://conn_id/table``.
    :param values: whether the records' values are kept too.
    """

    path: str
    values: bool = False

    def problems(self) -> Iterator[str]:
        """Yield a sentence for each thing that is wrong."""
        yield from place("ledger", self.path)
        yield from flag("ledger.values", self.values)
