# SPDX-License-Identifier: Apache-2.0
"""What must hold of the changes that a result tells: a ledger and an undo go by them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from airflow_provider_hubcontact.sync.model.outcome import Result
from tests.simulation.plot import Row
from tests.simulation.portal import SimulatedPortal

if TYPE_CHECKING:
    from tests.simulation.oracles import TryWatch


def untold(portal: SimulatedPortal, watch: TryWatch, result: Result, row: Row) -> Iterator[str]:
    """Yield the properties that a try has changed for a row, and that the row's result does not name.

    :param portal: the contacts.
    :param watch: the try.
    :param result: of the row.
    :param row: that shares no contact with another one; which of them has changed it could not be told.
    """
    for contact in {each.contact for each in watch.written if each.row == result.row}:
        if {each.row for each in watch.written if each.contact == contact} != {result.row}:
            continue
        states = portal.states[contact]
        for before, after in zip([None, *states], states, strict=False):
            if after.by != watch.name or after.values is None:
                continue
            had = (before.values if before else None) or {}
            for name, value in row.values.items():
                if value == after.values.get(name, "") != had.get(name, "") and name not in result.changes:
                    yield name
