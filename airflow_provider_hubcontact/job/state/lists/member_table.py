# SPDX-License-Identifier: Apache-2.0
"""The state's table of list members: contacts that this sync has put into lists, or has seen there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    CHAR,
    BigInteger,
    Column,
    Index,
    MetaData,
    String,
    Table,
    and_,
    bindparam,
    delete,
    func,
    null,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.schema import CreateIndex, CreateTable

from airflow_provider_hubcontact.job.ports import Statement
from airflow_provider_hubcontact.job.state.statements import Statements

ADDED, SEEN = "added", "seen"
"""Origin of a member: added by this sync, or there before it."""


class Member(NamedTuple):
    """A contact that is, or was, in a list.

    :param key: digest of the key of the row that names the list.
    :param list_id: id of the list.
    :param contact: record id of the contact.
    :param origin: :data:`ADDED` or :data:`SEEN`.
    :param proved_at: when the membership was proved, in seconds since 1970; None if the proof is void.
    """

    key: str
    list_id: str
    contact: str
    origin: str
    proved_at: int | None = None


class MemberTable(Statements):
    """Statements about the table of members.

    :param name: of the state's first table, with its schema if it has one.
    :param now: SQL expression of the database's clock, in seconds since 1970.
    """

    def __init__(self, name: str, now: Any) -> None:
        super().__init__()
        schema, _, own = name.rpartition(".")
        self._now = now
        self.members = Table(
            f"{own}_lists",
            MetaData(),
            Column("key_digest", CHAR(32), primary_key=True),
            Column("list_id", String(32), primary_key=True),
            Column("record_id", String(32)),
            Column("origin", String(8)),
            Column("proved_at", BigInteger),
            schema=schema or None,
        )
        self.by_contact = Index(f"{own}_lists_contact", self.members.c.record_id)

    def looks(self) -> Sequence[Statement]:
        """Return statements that fail if the table does not exist, or lacks columns."""
        return [Statement(select(*self.members.c).where(text("1 = 0")))]

    def presence(self) -> Sequence[Statement]:
        """Return statements that fail if the table does not exist."""
        return [Statement(select(text("1")).select_from(self.members).where(text("1 = 0")))]

    def creation(self) -> Sequence[Statement]:
        """Return the statements that create the table."""
        return [Statement(CreateTable(self.members)), Statement(CreateIndex(self.by_contact))]

    def found(self, list_id: str, keys: Sequence[str]) -> Iterator[Statement]:
        """Select the members of a list that have some keys: the columns of a :class:`Member`."""
        of = self.members.c
        return self._of_a_list(
            "found", list_id, keys, lambda names: select(*of).where(self._is_list, of.key_digest.in_(names))
        )

    def holders(self, list_id: str, contacts: Sequence[str]) -> Iterator[Statement]:
        """Select the members of a list that are some contacts: the columns of a :class:`Member`."""
        of = self.members.c
        return self._of_a_list(
            "holders", list_id, contacts, lambda ids: select(*of).where(self._is_list, of.record_id.in_(ids))
        )

    def keep(self, members: Sequence[Member]) -> Iterator[Statement]:
        """Insert members of one list, as proved now, or replace them."""
        if not members:
            return
        yield from self.forget(members[0].list_id, [each.key for each in members])
        rows = [
            {
                "key_digest": each.key,
                "list_id": each.list_id,
                "record_id": each.contact,
                "origin": each.origin,
            }
            for each in members
        ]
        yield from self.insertion("keep", self.members, rows, proved_at=self._now)

    def doubt(self, list_id: str, contacts: Sequence[str]) -> Iterator[Statement]:
        """Void the proofs of contacts in a list: they are about to leave it."""
        of, doubt = self.members.c, update(self.members).values(proved_at=null())
        return self._of_a_list(
            "doubt", list_id, contacts, lambda ids: doubt.where(self._is_list, of.record_id.in_(ids))
        )

    def forget(self, list_id: str, keys: Sequence[str]) -> Iterator[Statement]:
        """Delete the members of a list that have some keys."""
        of, old = self.members.c, delete(self.members)
        return self._of_a_list(
            "forget", list_id, keys, lambda names: old.where(self._is_list, of.key_digest.in_(names))
        )

    def forget_everywhere(self, keys: Sequence[str]) -> Iterator[Statement]:
        """Delete the members of all lists that have some keys."""
        old = delete(self.members)
        return self.of_list("of_all", keys, lambda names: old.where(self.members.c.key_digest.in_(names)))

    def doubt_all(self) -> Statement:
        """Void the proofs of all members."""
        return Statement(update(self.members).values(proved_at=null()))

    def leave(self, list_id: str, contacts: Sequence[str]) -> Iterator[Statement]:
        """Delete contacts from the members of a list."""
        of, old = self.members.c, delete(self.members)
        return self._of_a_list(
            "leave", list_id, contacts, lambda ids: old.where(self._is_list, of.record_id.in_(ids))
        )

    def page(self, after: tuple[str, str], size: int) -> Statement:
        """Select a page of members, in the database's order: the columns of a :class:`Member`.

        :param after: key and list of the last member of the page before; two empty texts for the first page.
        :param size: the most members of a page.
        """
        of = self.members.c

        def make(size: int) -> Any:
            key: Any = bindparam("p_key")
            list_id: Any = bindparam("p_after")
            is_later = or_(of.key_digest > key, and_(of.key_digest == key, of.list_id > list_id))
            return select(*of).where(is_later).order_by(of.key_digest, of.list_id).limit(size)

        return Statement(self.kept("page", make, size), {"p_key": after[0], "p_after": after[1]})

    def count(self) -> Statement:
        """Select the number of members that this sync has added."""
        added = select(func.count()).select_from(self.members).where(self.members.c.origin == ADDED)
        return Statement(added)

    def now(self) -> Statement:
        """Select the time, in seconds since 1970."""
        return Statement(select(self._now))

    @property
    def _is_list(self) -> Any:
        return self.members.c.list_id == bindparam("p_list")

    def _of_a_list(self, kind: str, list_id: str, values: Sequence[str], make: Any) -> Iterator[Statement]:
        for each in self.of_list(kind, values, make):
            yield Statement(each.text, {**each.values, "p_list": list_id})
