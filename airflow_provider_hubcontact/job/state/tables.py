# SPDX-License-Identifier: Apache-2.0
"""The two tables of a state, and the statements that read and write them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    CHAR,
    BigInteger,
    Column,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    bindparam,
    case,
    delete,
    func,
    insert,
    null,
    select,
    text,
    update,
)
from sqlalchemy.schema import CreateIndex, CreateTable

from airflow_provider_hubcontact.job.ports import Statement
from airflow_provider_hubcontact.job.state.statements import Statements
from airflow_provider_hubcontact.sync.model.outcome import Outcome
from airflow_provider_hubcontact.sync.model.ports import Proof

ORIGINS: Mapping[str, Outcome] = {
    "created": Outcome.CREATED,
    "written": Outcome.UPDATED,
    "seen": Outcome.UNCHANGED,
    "absent": Outcome.NOT_FOUND,
}
"""How a contact came to have its values, or that nobody has the key → the outcome that says so."""


_NAMES = {outcome: name for name, outcome in ORIGINS.items()}


class Tables(Statements):
    """The tables of a state.

    :param name: of the table, with its schema if need be.
    :param now: the expression of the database's clock, in seconds since 1970.
    """

    def __init__(self, name: str, now: Any) -> None:
        super().__init__()
        schema, _, own = name.rpartition(".")
        tables = MetaData()
        self.name = name
        self._now = now
        self.proofs = Table(
            own,
            tables,
            Column("key_digest", CHAR(32), primary_key=True),
            Column("content_digest", CHAR(32)),
            Column("record_id", String(32)),
            Column("origin", String(8)),
            Column("proved_at", BigInteger),
            Column("drifts", Integer),
            Column("missing", Integer),
            schema=schema or None,
        )
        self.by_contact = Index(f"{own}_contact", self.proofs.c.record_id)
        self.meta = Table(
            f"{own}_meta",
            tables,
            Column("id", Integer, primary_key=True, autoincrement=False),
            Column("portal", BigInteger),
            Column("digest_key", CHAR(64)),
            Column("settings", Text),
            Column("token", CHAR(32)),
            Column("holder", Text),
            Column("since", BigInteger),
            Column("seen_at", BigInteger),
            Column("beats", BigInteger),
            Column("runs", BigInteger),
            Column("completed_run", BigInteger),
            Column("completed_at", BigInteger),
            Column("audited_to", BigInteger),
            schema=schema or None,
        )

    # Whether they are there

    def looks(self) -> Sequence[Statement]:
        """Return statements that fail if a table is not there, or is something else."""
        return self._of_both("looks", lambda table: select(*table.c))

    def presence(self) -> Sequence[Statement]:
        """Return statements that fail if a table is not there."""
        return self._of_both("presence", lambda table: select(text("1")).select_from(table))

    def _of_both(self, kind: str, make: Callable[[Table], Any]) -> Sequence[Statement]:
        """Return a statement about each table, which finds no row."""
        tables, nothing = (self.proofs, self.meta), text("1 = 0")
        return [
            Statement(self.kept(kind, lambda place: make(tables[place]).where(nothing), place))
            for place in range(len(tables))
        ]

    def creation(self) -> Sequence[Sequence[Statement]]:
        """Return the statements that create each table."""
        return [
            [Statement(CreateTable(self.proofs)), Statement(CreateIndex(self.by_contact))],
            [Statement(CreateTable(self.meta))],
        ]

    # Proofs

    def found(self, keys: Sequence[str]) -> Iterator[Statement]:
        """Select key, content, record id, origin, time and drifts of keys."""
        table = self.proofs.c
        columns = (
            *(table.key_digest, table.content_digest, table.record_id),
            *(table.origin, table.proved_at, table.drifts),
        )
        return self.of_list("found", keys, lambda names: select(*columns).where(table.key_digest.in_(names)))

    def keys_of(self, ids: Sequence[str]) -> Iterator[Statement]:
        """Select record id and key of contacts."""
        table = self.proofs.c
        columns = (table.record_id, table.key_digest)
        return self.of_list("keys_of", ids, lambda names: select(*columns).where(table.record_id.in_(names)))

    def void_keys(self, keys: Sequence[str]) -> Iterator[Statement]:
        """Void the proofs of keys."""
        void = update(self.proofs).values(content_digest=null())
        return self.of_list("void_keys", keys, lambda names: void.where(self.proofs.c.key_digest.in_(names)))

    def void_contacts(self, ids: Sequence[str]) -> Iterator[Statement]:
        """Void the proofs of all keys of some contacts."""
        void = update(self.proofs).values(content_digest=null())
        return self.of_list("void_ids", ids, lambda names: void.where(self.proofs.c.record_id.in_(names)))

    def prove(self, proofs: Sequence[Proof]) -> Iterator[Statement]:
        """Return the statements that put proofs into the place of what is there of their keys."""
        yield from self.forget([each.key for each in proofs])
        rows = [
            {
                "key_digest": each.key,
                "content_digest": each.proved,
                "record_id": each.id,
                "origin": each.origin and _NAMES[each.origin],
                "drifts": each.drifts,
            }
            for each in proofs
        ]
        yield from self.insertion("prove", self.proofs, rows, proved_at=self._now)

    # Rows that left the source

    def count(self) -> Statement:
        """Select the number of keys that have a contact."""
        return Statement(self.kept("count", lambda _: select(func.count(self.proofs.c.record_id))))

    def page(self, after: str, size: int) -> Statement:
        """Select key, record id, origin and ``missing`` of the next keys in the database's order.

        :param after: the last key that was selected; empty to begin.
        :param size: the most keys.
        """
        table = self.proofs.c
        columns = (table.key_digest, table.record_id, table.origin, table.missing)

        def make(size: int) -> Any:
            next_ones = select(*columns).where(table.key_digest > bindparam("p_after"))
            return next_ones.order_by(table.key_digest).limit(size)

        return Statement(self.kept("page", make, size), {"p_after": after})

    def holders(self, ids: Sequence[str]) -> Iterator[Statement]:
        """Select record id, key and ``missing`` of contacts."""
        table = self.proofs.c
        columns = (table.record_id, table.key_digest, table.missing)
        return self.of_list("holders", ids, lambda names: select(*columns).where(table.record_id.in_(names)))

    def missing(self, key: str) -> Iterator[Statement]:
        """Select ``missing`` of a key that has a contact."""
        table = self.proofs.c

        def make(_: int) -> Any:
            is_it = table.key_digest == bindparam("p_key")
            return select(table.missing).where(is_it, table.record_id.is_not(null()))

        yield Statement(self.kept("missing", make), {"p_key": key})

    def miss(self, keys: Sequence[str], runs: int) -> Iterator[Statement]:
        """Note for how many completed runs in a row the source had none of these keys; 0 if it has them."""
        table = self.proofs
        miss = update(table).values(missing=runs or null())
        return self.of_list(f"miss {runs}", keys, lambda names: miss.where(table.c.key_digest.in_(names)))

    # The audit

    def ages(self, after: int, limit: int) -> Statement:
        """Count the proofs that are newer than a time and those that are not newer than a limit.

        It also selects the times of the oldest and of the newest one; None without a proof. That nobody has
        a key counts as none.

        :param after: only proofs that are newer than this, in seconds since 1970.
        :param limit: likewise.
        """
        return Statement(self.kept("ages", self._aging), {"p_after": after, "p_limit": limit})

    def _aging(self, _: int) -> Any:
        at = self.proofs.c.proved_at
        is_due = at <= bindparam("p_limit", type_=BigInteger)
        due = func.coalesce(func.sum(case((is_due, 1), else_=0)), 0)
        known = select(func.count(), due, func.min(at), func.max(at))
        return known.where(*self._of_contacts(), at > bindparam("p_after"))

    def nth_oldest(self, number: int, after: int) -> Statement:
        """Select the time of the proof that is so manyth by age.

        :param number: from 1.
        :param after: only proofs that are newer than this, in seconds since 1970.
        """
        at = self.proofs.c.proved_at
        known = select(at).where(*self._of_contacts(), at > after)
        return Statement(known.order_by(at).limit(1).offset(number - 1))

    def _of_contacts(self) -> Sequence[Any]:
        return self.proofs.c.content_digest.is_not(None), self.proofs.c.record_id.is_not(None)

    def bring_back(self, now: int) -> Statement:
        """Let proofs from the future, which a clock that went back has left, begin to age.

        :param now: seconds since 1970.
        """
        of = self.proofs.c
        return Statement(update(self.proofs).where(of.proved_at > now).values(proved_at=now))

    # Between runs

    def counts(self) -> Statement:
        """Count for each origin its keys, those with a proof, those that drifted, and the contested ones."""
        of = self.proofs.c
        drifted, contested = (func.sum(case((of.drifts >= number, 1), else_=0)) for number in (1, 2))
        counts = select(of.origin, func.count(), func.count(of.content_digest), drifted, contested)
        return Statement(counts.group_by(of.origin))

    def proved(self) -> Statement:
        """Count all proofs."""
        return Statement(select(func.count(self.proofs.c.content_digest)))

    def void_all(self) -> Statement:
        """Void all proofs."""
        return Statement(update(self.proofs).values(content_digest=null()))

    def forget(self, keys: Sequence[str]) -> Iterator[Statement]:
        """Delete keys."""
        old = delete(self.proofs)
        return self.of_list("old", keys, lambda names: old.where(self.proofs.c.key_digest.in_(names)))

    def tries(self, nobody: str) -> Iterator[tuple[str, Sequence[Statement]]]:
        """Yield what a run does with each table, with statements that do it to a row that nobody has.

        :param nobody: a key's digest.
        """
        for table, place, row in (
            (self.proofs, self.proofs.c.key_digest, nobody),
            (self.meta, self.meta.c.id, 2),
        ):
            here = place == row
            for right, statement in (
                ("select from", select(*table.c).where(here)),
                ("insert into", insert(table).values({place.name: row})),
                ("update", update(table).where(here).values({place.name: row})),
                ("delete from", delete(table).where(here)),
            ):
                yield f"{right} {table.name}", [Statement(statement)]

    # The claim

    def first(self, portal: int, digest_key: str) -> Statement:
        """Insert the row of the meta table."""
        row = {"id": 1, "portal": portal, "digest_key": digest_key, "settings": "{}", "beats": 0, "runs": 0}
        return Statement(insert(self.meta).values(row))

    def about(self) -> Statement:
        """Select the row of the meta table, the seconds since the last sign of life, and the time."""
        return Statement(self.kept("about", self._telling))

    def _telling(self, _: int) -> Any:
        silent, now = (self._now - self.meta.c.seen_at).label("silent"), self._now.label("read_at")
        return select(*self.meta.c, silent, now).where(self.meta.c.id == 1)

    def claim(self, beats: int, token: str, holder: str) -> Statement:
        """Claim the state, if nothing has happened since the row was read.

        :param beats: of the row.
        """
        values = {"p_token": token, "p_holder": holder, "p_beats": beats}
        return Statement(self.kept("claim", self._claiming), values)

    def _claiming(self, _: int) -> Any:
        meta, now = self.meta.c, self._now
        mine = {"token": bindparam("p_token"), "holder": bindparam("p_holder"), "since": now, "seen_at": now}
        claim = update(self.meta).where(meta.id == 1, meta.beats == bindparam("p_beats"))
        return claim.values(**mine, beats=meta.beats + 1, runs=meta.runs + 1)

    def beat(self, token: str) -> Statement:
        """Record the time, if the token still holds the claim."""
        return Statement(self.kept("beat", self._beating), {"p_token": token})

    def _beating(self, _: int) -> Any:
        meta = self.meta.c
        beat = update(self.meta).where(meta.token == bindparam("p_token"))
        return beat.values(seen_at=self._now, beats=meta.beats + 1)

    def token(self) -> Statement:
        """Select who has claimed the state."""
        return Statement(self.kept("token", lambda _: select(self.meta.c.token).where(self.meta.c.id == 1)))

    def release(self, token: str, settings: str | None, audited_to: int | None = None) -> Statement:
        """Release a claim.

        :param settings: of the run, if it has completed.
        :param audited_to: the time up to which it has read all proofs back, if it can tell.
        """
        values: dict[str, Any] = {"p_token": token}
        if settings is not None:
            values["p_settings"] = settings
        if audited_to is not None:
            values["p_audited_to"] = audited_to
        kind = " ".join(["release", *values])
        return Statement(self.kept(kind, lambda _: self._releasing(values)), values)

    def _releasing(self, given: Mapping[str, Any]) -> Any:
        """Return the statement that releases a claim.

        :param given: names of the values that it is given.
        """
        meta = self.meta.c
        ended: dict[str, Any] = {"token": null(), "holder": null(), "beats": meta.beats + 1}
        if "p_settings" in given:
            ended |= {"completed_run": meta.runs, "completed_at": self._now}
            ended |= {"settings": bindparam("p_settings")}
        if "p_audited_to" in given:
            ended |= {"audited_to": bindparam("p_audited_to")}
        return update(self.meta).where(meta.token == bindparam("p_token")).values(**ended)
