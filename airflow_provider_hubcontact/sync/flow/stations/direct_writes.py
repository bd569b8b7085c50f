# SPDX-License-Identifier: Apache-2.0
"""Which contacts are written without a look-up."""

from __future__ import annotations

from airflow_provider_hubcontact.sync.decide.plan import blind, direct
from airflow_provider_hubcontact.sync.decide.rules import LookUp, Rules
from airflow_provider_hubcontact.sync.flow.proofs.proof_gate import ProofGate
from airflow_provider_hubcontact.sync.model.change import Change
from airflow_provider_hubcontact.sync.model.ports import Reader, Writer
from airflow_provider_hubcontact.sync.model.record import Record


class DirectWrites:
    """Decides which records are written without a look-up, and how.

    :param rules: what the run was asked to do.
    :param reader: of the run; it says whether its API looks contacts up at all.
    :param writer: of the run; None for a dry run, which looks all contacts up.
    :param gate: knows what is proved; None without a state.
    :ivar left: rows that a look-up is to decide about, since a write without one did not.
    """

    def __init__(self, rules: Rules, reader: Reader, writer: Writer | None, gate: ProofGate | None) -> None:
        self.left: set[int] = set()
        self._rules = rules
        self._reader = reader
        self._writer = writer
        self._gate = gate

    @property
    def are_possible(self) -> bool:
        """Whether any record may be written without a look-up."""
        look_up = self._rules.look_up
        return self._writer is not None and not (self._reader.always and look_up is LookUp.ALL)

    def has(self, record: Record) -> bool:
        """Check whether a record is written without a look-up."""
        return (
            self.are_possible
            and record.row not in self.left
            and (not self._reader.always or self._may_skip(record))
            and not self._rules.needs_current(record)
        )

    def _may_skip(self, record: Record) -> bool:
        look_up = self._rules.look_up
        if self._gate and self._gate.is_audited(record):
            return False
        if self._rules.create and not self.may_upsert:
            return False
        return look_up is LookUp.NONE or self.contact(record) is not None

    @property
    def may_upsert(self) -> bool:
        """Whether contacts may be written by their keys: HubSpot has not refused to do so."""
        return self._writer is None or self._writer.upserts

    def contact(self, record: Record) -> str | None:
        """Return the record id of a record's contact as it is proved; None if it is not."""
        return self._gate.known(record) if self._gate else None

    def change(self, record: Record) -> Change:
        """Plan a record that is written without a look-up."""
        if self._reader.always:
            return direct(record, self._rules, self.contact(record))
        return blind(record, self._rules)
