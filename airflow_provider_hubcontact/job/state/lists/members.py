# SPDX-License-Identifier: Apache-2.0
"""Knows whom this sync has put into lists: who needs no call, and who is to leave a list."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from airflow_provider_hubcontact.job.ports import Database, Execute, Statement
from airflow_provider_hubcontact.job.state.claim import Claim
from airflow_provider_hubcontact.job.state.digests import Digests
from airflow_provider_hubcontact.job.state.lists.member_table import ADDED, SEEN, Member, MemberTable
from airflow_provider_hubcontact.job.state.removals.guard import check_leavers
from airflow_provider_hubcontact.job.state.removals.removals import Removals
from airflow_provider_hubcontact.job.state.removals.run_keys import RunKeys
from airflow_provider_hubcontact.sync.model.record import Record

PAGE = 10_000
"""Members of the state that are read with one query."""


class StateMembers:
    """The members that a state knows.

    :param database: that holds the state.
    :param table: of the members; None if it does not exist.
    :param digests: makes the digests of this state.
    :param claim: of the run; None if it changes nothing.
    :param since: only proofs after this time, in seconds since 1970, count; None if no proof counts.
    """

    def __init__(
        self,
        database: Database,
        table: MemberTable | None,
        digests: Digests,
        claim: Claim | None,
        since: int | None,
    ) -> None:
        self._database = database
        self._table = table
        self._digests = digests
        self._claim = claim
        self._since = since

    def known(self, list_id: str, contacts: Mapping[str, Collection[str]], /) -> Collection[str]:
        """Return the contacts that were proved to be members, under all of their keys."""
        table, since = self._table, self._since
        if table is None or since is None:
            return ()
        names = self._named(contacts)
        keys = {name for of_contact in names.values() for name in of_contact}
        found = self._asked(table.found(list_id, sorted(keys)))
        proved = {(each.key, each.contact) for each in found if (each.proved_at or 0) > since}
        return {
            contact
            for contact, of_contact in names.items()
            if all((name, contact) in proved for name in of_contact)
        }

    def join(self, list_id: str, contacts: Mapping[str, Collection[str]], /, *, by_this_run: bool) -> None:
        """Remember that contacts are members.

        A contact that was a member before counts as added by this sync if another key of it says so.
        """
        table, claim = self._table, self._claim
        if table is None or claim is None:
            return
        own = {*contacts} if by_this_run else self._own(list_id, contacts)
        members = [
            Member(name, list_id, contact, ADDED if contact in own else SEEN)
            for contact, names in self._named(contacts).items()
            for name in names
        ]
        _carry_out(self._database, claim, table.keep(list({each.key: each for each in members}.values())))

    def leave(self, list_id: str, contacts: Collection[str], /) -> None:
        """Remember that contacts are not members any more."""
        if self._table is not None and self._claim is not None:
            _carry_out(self._database, self._claim, self._table.leave(list_id, sorted(contacts)))

    def _own(self, list_id: str, contacts: Collection[str]) -> set[str]:
        """Return the contacts that this sync has added to a list."""
        found = self._asked(self._table.holders(list_id, sorted(contacts)) if self._table else ())
        return {each.contact for each in found if each.origin == ADDED}

    def _named(self, contacts: Mapping[str, Collection[str]]) -> dict[str, list[str]]:
        return {contact: sorted(map(self._digests.of_key, keys)) for contact, keys in contacts.items()}

    def _asked(self, statements: Iterable[Statement]) -> list[Member]:
        return _asked(self._database, self._claim, statements)


class ListLeavers:
    """Decides who leaves lists: members that this sync has added, and that no row names any more.

    All rows are read before the run writes, so that a guard can stop it.

    :param database: that holds the state.
    :param table: of the members; None if it does not exist.
    :param digests: makes the digests of this state.
    :param claim: of the run; None if it changes nothing.
    :param removals: knows which keys left the source, and whether there is a doubt.
    :param mirrors: whether a contact also leaves a list if its row names another one.
    :param target: returns the identifier of a list by the name that a row has.
    :param name_of: returns the name of a list by its id.
    :ivar due_before: contacts that would leave, as far as this was known before the run wrote.
    """

    def __init__(
        self,
        database: Database,
        table: MemberTable | None,
        digests: Digests,
        claim: Claim | None,
        removals: Removals,
        *,
        mirrors: bool,
        target: Callable[[str], str],
        name_of: Callable[[str], str],
    ) -> None:
        self._database = database
        self._table = table
        self._digests = digests
        self._claim = claim
        self._removals = removals
        self._mirrors = mirrors
        self._target = target
        self._name_of = name_of
        self._pairs = RunKeys()
        self.due_before = 0  # contacts

    def close(self) -> None:
        """Forget the rows of the run."""
        self._pairs.close()

    def give(self, records: Iterable[Record]) -> None:
        """Note the lists of records.

        :raises UnknownList: if one names a list that does not exist.
        """
        self._pairs.give(
            _pair(self._digests.of_key(each.key), self._target(each.list)) for each in records if each.list
        )

    def look(self, most: float | None) -> None:
        """Count who would leave.

        :param most: contacts that may: a count, or a share of the members; None for any number.
        :raises GuardExceeded: if more would.
        """
        if self._table is None:
            return
        self.due_before = sum(1 for each in self._lacking() if each.origin == ADDED)
        if self._removals.doubt is not None:
            return  # nobody leaves
        ((size,),) = self._database.transact(lambda execute: execute(self._of_table.count()))
        check_leavers(self.due_before, int(size), most)

    def due(self) -> Iterator[Member]:
        """Yield who may leave, after all rows have ended; nobody if a row that failed leaves a doubt."""
        if self._table is None or self._removals.waiting():
            return
        for some in _parts(self._lacking()):
            for list_id in sorted({each.list_id for each in some}):
                of_list = [each for each in some if each.list_id == list_id]
                self._forget(list_id, [each for each in of_list if each.origin != ADDED])
                yield from {each.contact: each for each in of_list if each.origin == ADDED}.values()

    def leaving(self, members: Sequence[Member], ids: Mapping[str, Sequence[str]]) -> list[Member]:
        """Return who leaves a list, with their current record ids, and forget the members that stay.

        A contact stays if a row names the list for it under any key, or for a contact with which it was
        merged. It also stays if it, or such a contact, was a member before this sync added it.

        :param members: that may leave, all of one list.
        :param ids: record id → all ids of the contact: first the current one, then those from before a merge.
        """
        list_id = members[0].list_id
        known = self._asked(self._of_table.holders(list_id, sorted(set[str]().union(*ids.values()))))
        stays = {
            each.contact for each in known if each.origin == SEEN or self._is_named(each.key, each.list_id)
        }
        staying = [each for each in members if not stays.isdisjoint(ids[each.contact])]
        self._forget(list_id, staying)
        leaving = [each._replace(contact=ids[each.contact][0]) for each in members if each not in staying]
        self._change(self._of_table.keep([each for each in leaving if each not in members]))
        return leaving

    def begin(self, members: Sequence[Member]) -> None:
        """Note that members of one list are about to leave it."""
        if members:
            contacts = sorted({each.contact for each in members})
            self._change(self._of_table.doubt(members[0].list_id, contacts))

    def _forget(self, list_id: str, members: Sequence[Member]) -> None:
        if members:
            self._change(self._of_table.forget(list_id, [each.key for each in members]))

    def _is_named(self, key: str, list_id: str) -> bool:
        """Check whether a row of a key names a list; before this run has created it, it has a name only."""
        names = (list_id, self._name_of(list_id))
        return any(self._pairs.is_given(_pair(key, name)) for name in names)

    def _lacking(self) -> Iterator[Member]:
        """Yield the members for whom no row of the run names the list, page by page."""
        after = ("", "")
        while rows := self._asked([self._of_table.page(after, PAGE)]):
            after = (rows[-1].key, rows[-1].list_id)
            for each in rows:
                if not self._is_named(each.key, each.list_id) and self._is_gone(each):
                    yield each

    def _is_gone(self, member: Member) -> bool:
        if self._removals.has_row(member.key):
            return self._mirrors
        return self._removals.is_past_grace(member.key)

    @property
    def _of_table(self) -> MemberTable:
        if self._table is None:
            raise ValueError("the table of members does not exist")
        return self._table

    def _asked(self, statements: Iterable[Statement]) -> list[Member]:
        return _asked(self._database, self._claim, statements)

    def _change(self, statements: Iterable[Statement]) -> None:
        if self._claim is not None:
            _carry_out(self._database, self._claim, statements)


def _pair(key: str, list_id: str) -> str:
    return f"{key} {list_id}"


def _asked(database: Database, claim: Claim | None, statements: Iterable[Statement]) -> list[Member]:
    """Return the members that statements select, and give a sign of life."""
    asked = [*statements]

    def work(execute: Execute) -> list[Member]:
        if claim is not None:
            claim.confirm(execute)
        return [_member(row) for statement in asked for row in execute(statement)]

    return database.transact(work)


def _member(row: Sequence[Any]) -> Member:
    key, list_id, contact, origin, proved_at = row
    return Member(str(key), str(list_id), str(contact), str(origin), proved_at and int(proved_at))


def _carry_out(database: Database, claim: Claim, statements: Iterable[Statement]) -> None:
    """Carry statements out, if the state is still claimed by this run."""

    def work(execute: Execute, all_of_them: Sequence[Statement]) -> None:
        claim.confirm(execute)
        for statement in all_of_them:
            execute(statement)

    database.transact(partial(work, all_of_them=[*statements]))


def _parts(members: Iterable[Member]) -> Iterator[list[Member]]:
    some: list[Member] = []
    for each in members:
        some.append(each)
        if len(some) >= PAGE:
            yield some
            some = []
    if some:
        yield some
