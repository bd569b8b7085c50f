# SPDX-License-Identifier: Apache-2.0
"""The proofs of a state: the engine asks for them, voids them, and keeps new ones."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

from airflow_provider_hubcontact.job.ports import Database, Execute, Statement
from airflow_provider_hubcontact.job.state.audit import Selection
from airflow_provider_hubcontact.job.state.claim import Claim
from airflow_provider_hubcontact.job.state.digests import Digests
from airflow_provider_hubcontact.job.state.tables import ORIGINS, Tables
from airflow_provider_hubcontact.sync.model.outcome import Outcome
from airflow_provider_hubcontact.sync.model.ports import Proof
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.keys import EMAIL, SECOND_ADDRESSES, addresses

REMOVED = "removed"
"""What a row that left the source wants."""


class _Row(NamedTuple):
    """What the table has of a key."""

    content: str | None = None
    id: str | None = None
    origin: str | None = None
    proved_at: int | None = None
    drifts: int | None = None


_NOTHING = _Row()


class StateProofs:
    """The proofs that a state holds.

    :param database: that holds the state.
    :param tables: of the state; None if they are not there, and nothing is proved.
    :param digests: makes the digests of this state.
    :param claim: of the run; None if it changes nothing.
    :param alive: of the run, which is confirmed also where nothing is changed; None if it has none.
    :param met: called with the record ids of contacts that rows turned out to be about.
    :param believes: whether a proof ends a row. If not, each row is looked up and compared.
    :param keeps: whether new proofs are kept.
    :param absent: times of proofs that nobody has a key which are still believed, in seconds since 1970.
    :param selection: chooses the proofs that are read back; None to read none back.
    :param id_property: property that keys are values of.
    """

    def __init__(
        self,
        database: Database,
        tables: Tables | None,
        digests: Digests,
        claim: Claim | None,
        *,
        alive: Claim | None = None,
        met: Callable[[Collection[str]], None] = lambda _: None,
        believes: bool = True,
        keeps: bool = True,
        absent: range = range(0),
        selection: Selection | None = None,
        id_property: str = "email",
    ) -> None:
        self._database = database
        self._tables = tables
        self._digests = digests
        self._claim = claim
        self._alive = alive
        self._met = met
        self._believes = believes
        self._keeps = keeps
        self._absent = absent
        self._selection = selection
        self._id_property = id_property

    def compare(self, records: Sequence[Record], /) -> Sequence[Proof]:
        """Return what is proved of records."""
        keys = [self._digests.of_key(record.key) for record in records]
        found = self._found(set(keys))
        return [
            self._proof(key, record, found.get(key, _NOTHING))
            for key, record in zip(keys, records, strict=True)
        ]

    def _proof(self, key: str, record: Record, found: _Row) -> Proof:
        content = self._digests.of_content(record)
        origin = ORIGINS[found.origin] if found.origin else None
        is_absent = origin is Outcome.NOT_FOUND
        is_believed = self._believes and (not is_absent or found.proved_at in self._absent)
        proved = found.content if is_believed else None
        return Proof(
            *(key, content, proved, found.id, origin),
            is_audited=proved == content
            and not is_absent
            and self._selection is not None
            and self._selection.takes(found.proved_at),
            drifts=found.drifts or 0,
            at=found.proved_at,
            gives=tuple(self._digests.of_key(each) for each in self._given(record)),
        )

    def _given(self, record: Record) -> tuple[str, ...]:
        """Return the keys that a record may give its contact."""
        new_key = record.properties.get(self._id_property)
        others = record.properties.get(SECOND_ADDRESSES) if self._id_property == EMAIL else None
        if not (new_key or others):
            return ()
        return tuple(filter(None, dict.fromkeys((new_key or "", *addresses(others or "")))))

    def _found(self, keys: Collection[str]) -> Mapping[str, _Row]:
        tables = self._tables
        if tables is None:
            return {}
        statements = [*tables.found(sorted(keys))]
        return {key: _Row(*rest) for key, *rest in self._asked(statements)}

    def _asked(self, statements: Sequence[Statement]) -> Sequence[tuple[Any, ...]]:
        """Return the rows of statements, and give a sign of life: a run may compare, or count, for long."""

        def work(execute: Execute) -> list[tuple[Any, ...]]:
            if self._alive is not None:
                self._alive.confirm(execute)
            return [row for statement in statements for row in execute(statement)]

        return self._database.transact(work)

    def keys_of(self, ids: Collection[str], /) -> Mapping[str, Collection[str]]:
        """Return record id → keys that the state has for it."""
        self._met(ids)
        tables = self._tables
        if tables is None:
            return {}
        statements = [*tables.keys_of(sorted(ids))]
        found = defaultdict(list)
        for record_id, key in self._asked(statements):
            found[record_id].append(key)
        return found

    def void(self, keys: Collection[str], ids: Collection[str] = (), /) -> None:
        """Void the proofs of keys, and of all keys of some contacts."""
        tables, claim = self._tables, self._claim
        if tables is None or claim is None:
            return

        self._carry_out(claim, [*tables.void_keys(sorted(keys)), *tables.void_contacts(sorted(ids))])

    def prove(self, proofs: Sequence[Proof], /) -> None:
        """Keep what HubSpot was proved to have."""
        tables, claim = self._tables, self._claim
        if tables is not None and claim is not None and self._keeps:
            self._carry_out(claim, [*tables.prove(proofs)])

    def _carry_out(self, claim: Claim, statements: Sequence[Statement]) -> None:
        """Carry statements out, if the state is still claimed by this run."""

        def work(execute: Execute) -> None:
            claim.confirm(execute)
            for statement in statements:
                execute(statement)

        self._database.transact(work)

    def confirm(self) -> None:
        """Make sure that this run is still the one that may write."""
        if self._claim is not None:
            self._database.transact(self._claim.confirm)


class ProofsOfGone(StateProofs):
    """The proofs of keys whose rows left the source, while their contacts are removed.

    Records have their record ids as keys, and the digests of the keys that left.
    """

    def compare(self, records: Sequence[Record], /) -> Sequence[Proof]:
        """Return that nothing is proved: each contact is looked up."""
        return [Proof(str(record.digest), REMOVED, None, record.key) for record in records]

    def prove(self, proofs: Sequence[Proof], /) -> None:
        """Keep nothing: a key whose contact is removed leaves the state."""
