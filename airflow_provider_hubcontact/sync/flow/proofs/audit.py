# SPDX-License-Identifier: Apache-2.0
"""What is done about contacts that somebody else has edited, and what the rows of a run came to."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from airflow_provider_hubcontact.sync.model.choices import Drift

CONTESTED = 2
"""Audits in a row that find a contact drifted, after which somebody else is taken to write it, too."""


@dataclass(slots=True)
class Audit:
    """What is done about drift, and what the rows of a run came to.

    :param drift: what becomes of a contact that has drifted.
    :param absent: whether it is remembered that nobody has a key.
    :param changed: rows that differ from what is proved of them, or of which nothing is.
    :param up_to_date: rows that equal what is proved of them, and were not read.
    :param still_absent: rows whose contact was not there, and was not asked for again.
    :param audited: rows that equal their proof, and whose contacts were read back.
    :param drifted: those of them whose contact has not what it was proved to have.
    :param contested: those of these whose contact had drifted in the audit before, too.
    """

    drift: Drift = Drift.WRITE
    absent: bool = False
    changed: int = 0
    up_to_date: int = 0
    still_absent: int = 0
    audited: int = 0
    drifted: int = 0
    contested: int = 0

    def count(self, *, has_drifted: bool, drifts: int) -> None:
        """Count a contact that was read back.

        :param has_drifted: whether it has not what it was proved to have.
        :param drifts: in how many audits in a row it has not.
        """
        self.audited += 1
        self.drifted += has_drifted
        self.contested += drifts >= CONTESTED

    def figures(self, rows_of_a_call: int) -> dict[str, int]:
        """Return the counts, and how many calls are saved against reading every contact.

        :param rows_of_a_call: contacts that a look-up takes.
        """
        read, spared = self.changed + self.audited, self.up_to_date + self.still_absent
        return {
            "changed": self.changed,
            "up_to_date": self.up_to_date,
            "still_absent": self.still_absent,
            "audited": self.audited,
            "drifted": self.drifted,
            "contested": self.contested,
            "calls_saved": ceil((read + spared) / rows_of_a_call) - ceil(read / rows_of_a_call),
        }
