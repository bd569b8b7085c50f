# SPDX-License-Identifier: Apache-2.0
"""What all stations of a run share."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_hubcontact.sync.decide.rules import Rules
from airflow_provider_hubcontact.sync.flow.circuit_breaker import CircuitBreaker
from airflow_provider_hubcontact.sync.flow.proofs.proof_gate import ProofGate
from airflow_provider_hubcontact.sync.flow.record_reader import RecordReader
from airflow_provider_hubcontact.sync.flow.stations.decisions import Decisions
from airflow_provider_hubcontact.sync.flow.stations.direct_writes import DirectWrites
from airflow_provider_hubcontact.sync.flow.stations.dry_writes import DryWrites
from airflow_provider_hubcontact.sync.flow.under_way import UnderWay
from airflow_provider_hubcontact.sync.flow.waiting.creations import Creations
from airflow_provider_hubcontact.sync.flow.waiting.in_flight import InFlight
from airflow_provider_hubcontact.sync.flow.waiting.memberships import Memberships
from airflow_provider_hubcontact.sync.flow.waiting.pending_verification import PendingVerification
from airflow_provider_hubcontact.sync.flow.waiting.write_queue import WriteQueue
from airflow_provider_hubcontact.sync.model.ports import Reader, Writer


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of one run: what it asks, where its records are, and what decides about them.

    :param rules: what the run was asked to do.
    :param reader: looks contacts up.
    :param by_address: looks contacts up by their addresses; None where new contacts are given none, or where
        these are the keys.
    :param writer: writes contacts; None for a dry run.
    :param verifier: reads back what was written; None to believe the answers.
    :param source: reads the rows; a gate ends those that need not be sent.
    :param gate: the source, if it is one; None without a state.
    :param in_flight: the records that were read, and have not ended.
    :param creations: the new contacts whose addresses are to be looked up.
    :param write_queue: the steps that are to be written.
    :param pending_verification: what is to be read back.
    :param memberships: the records that wait for lists.
    :param under_way: the calls that were started, and are not answered.
    :param decisions: decides about records.
    :param direct: says which records are written without a look-up.
    :param dry_writes: what a dry run would have written; None if the run writes.
    :param breaker: stops the run.
    """

    rules: Rules
    reader: Reader
    by_address: Reader | None
    writer: Writer | None
    verifier: Reader | None
    source: RecordReader | ProofGate
    gate: ProofGate | None
    in_flight: InFlight
    creations: Creations
    write_queue: WriteQueue
    pending_verification: PendingVerification
    memberships: Memberships
    under_way: UnderWay
    decisions: Decisions
    direct: DirectWrites
    dry_writes: DryWrites | None
    breaker: CircuitBreaker
