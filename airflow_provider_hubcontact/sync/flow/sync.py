# SPDX-License-Identifier: Apache-2.0
"""A sync: what it is told and given, and how its run is put together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from airflow_provider_hubcontact.sync.decide.rules import Rules
from airflow_provider_hubcontact.sync.flow.calls import Answer, Call
from airflow_provider_hubcontact.sync.flow.circuit_breaker import CircuitBreaker
from airflow_provider_hubcontact.sync.flow.engine import Engine
from airflow_provider_hubcontact.sync.flow.keys_seen import KeysSeen
from airflow_provider_hubcontact.sync.flow.proofs.audit import Audit
from airflow_provider_hubcontact.sync.flow.proofs.proof_gate import ProofGate
from airflow_provider_hubcontact.sync.flow.record_reader import RecordReader
from airflow_provider_hubcontact.sync.flow.stations.decisions import Decisions
from airflow_provider_hubcontact.sync.flow.stations.direct_writes import DirectWrites
from airflow_provider_hubcontact.sync.flow.stations.dry_writes import DryWrites
from airflow_provider_hubcontact.sync.flow.stations.parts import Parts
from airflow_provider_hubcontact.sync.flow.under_way import UnderWay
from airflow_provider_hubcontact.sync.flow.waiting.creations import Creations
from airflow_provider_hubcontact.sync.flow.waiting.in_flight import InFlight
from airflow_provider_hubcontact.sync.flow.waiting.memberships import Memberships
from airflow_provider_hubcontact.sync.flow.waiting.pending_verification import PendingVerification
from airflow_provider_hubcontact.sync.flow.waiting.write_queue import WriteQueue
from airflow_provider_hubcontact.sync.flow.workers import Workers
from airflow_provider_hubcontact.sync.model.outcome import Result, Stop
from airflow_provider_hubcontact.sync.model.ports import Journal, Lists, Proofs, Reader, Writer
from airflow_provider_hubcontact.sync.rows.coercion import Coercer
from airflow_provider_hubcontact.sync.rows.json_schema import Schema
from airflow_provider_hubcontact.sync.rows.portal_schema import PortalSchema
from airflow_provider_hubcontact.sync.rows.record_mapping import RecordMapping
from airflow_provider_hubcontact.sync.rows.texts.owners import OwnerIds

MAX_IN_FLIGHT = 8_000
"""Records that may be in flight at once: this bounds memory."""


@dataclass(frozen=True, slots=True)
class Sync:
    """What a run is told and given.

    :param shape: how rows become records.
    :param rules: what the run was asked to do.
    :param reader: looks contacts up.
    :param writer: writes contacts. None for a dry run: what would be written ends ``not_attempted``.
    :param coercer: normalises texts to the formats of their properties; None to leave them alone.
    :param schema: what records must satisfy.
    :param portal: what the portal allows; only values that are to be written are checked.
    :param owners: knows the ids of owners, and says why HubSpot refused one; None to leave them alone.
    :param once: whether a key may have only one valid row; later rows are ``invalid``.
    :param verifier: reads back what was written; None to believe the answers.
    :param verifies: the only properties whose writes are read back; None to read back all writes.
    :param max_in_flight: records that may be in flight at once.
    :param proofs: what HubSpot was last proved to have; None to read every contact.
    :param audit: says what is done about drift, and counts it.
    :param lists: puts the contacts of records that end well into the lists that these name; None for none.
    :param by_address: looks contacts up by their addresses; needed where new contacts are given addresses and
        keys are other values.
    """

    shape: RecordMapping
    rules: Rules
    reader: Reader
    writer: Writer | None
    coercer: Coercer | None = None
    schema: Schema | None = None
    portal: PortalSchema | None = None
    owners: OwnerIds | None = None
    once: bool = False
    verifier: Reader | None = None
    verifies: Collection[str] | None = None
    max_in_flight: int = MAX_IN_FLIGHT
    proofs: Proofs | None = None
    audit: Audit | None = None
    lists: Lists | None = None
    by_address: Reader | None = None

    def run(
        self,
        rows: Iterable[object],
        workers: Workers[Call, Answer],
        settled: Callable[[Result], None],
        journal: Journal | None = None,
        *,
        ended: Iterable[object] = (),
        first: int = 1,
    ) -> Stop | None:
        """Take every row to its outcome.

        :param rows: the source; it is read no faster than HubSpot takes its records.
        :param workers: carries the calls out.
        :param settled: called once for each row that was read, in this thread.
        :param journal: remembers results, and knows those of earlier tries.
        :param ended: the rows before the first, which an earlier try has ended.
        :param first: number of the first row.
        :return: why the source was not read to its end, or None if it was.
        :raises Exception: what the source or the journal raised, once every row read before has its outcome.
        """
        seen = KeysSeen() if self.once else None
        numbered = enumerate(rows, first)
        record_reader = RecordReader(
            numbered, self.shape, self.coercer, self.schema, journal, seen=seen, lists=self.lists
        )
        record_reader.pass_over(enumerate(ended, 1))
        return Engine(self.parts(record_reader, workers), self.max_in_flight, settled, journal).run()

    def parts(self, record_reader: RecordReader, workers: Workers[Call, Answer]) -> Parts:
        """Make the parts of a run.

        :param record_reader: reads the source.
        :param workers: carries the calls out.
        """
        gate = None
        if self.proofs:
            gate = ProofGate(record_reader, self.proofs, self.audit, full=self.reader.batch_size)
        breaker = CircuitBreaker()
        return Parts(
            rules=self.rules,
            reader=self.reader,
            by_address=self.by_address,
            writer=self.writer,
            verifier=self.verifier,
            source=gate or record_reader,
            gate=gate,
            in_flight=InFlight(self.rules),
            creations=Creations(self.rules),
            write_queue=WriteQueue(),
            pending_verification=PendingVerification(self.verifies),
            memberships=Memberships(self.lists if self.writer else None),
            under_way=UnderWay(workers, breaker),
            decisions=Decisions(self.rules, self.portal, self.owners),
            direct=DirectWrites(self.rules, self.reader, self.writer, gate),
            dry_writes=DryWrites(self.rules.id_property) if self.writer is None else None,
            breaker=breaker,
        )
