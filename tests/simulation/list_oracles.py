# SPDX-License-Identifier: Apache-2.0
"""What must hold of lists: who is put into them, who leaves them, and that what is told of it is true."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from airflow_provider_hubcontact.sync.model.choices import Membership
from airflow_provider_hubcontact.sync.model.outcome import LIST, SUCCESSES, Outcome, Result
from tests.simulation.plot import Row
from tests.simulation.portal import SimulatedPortal, addresses_of

if TYPE_CHECKING:
    from tests.simulation.oracles import TryWatch

IN_PLACE = frozenset({Membership.ADDED, Membership.MEMBER})
LEFT = frozenset({Membership.REMOVED, Membership.ABSENT})


class ListOracles:
    """Looks at each call that changes a list, and at what is told of it.

    :param portal: the contacts and lists.
    :param wrong: is told what is wrong.
    """

    def __init__(self, portal: SimulatedPortal, wrong: Callable[[str], None]) -> None:
        self._portal = portal
        self._wrong = wrong
        self._added: set[tuple[str, str]] = set()  # list and contact that a try has put into it

    def check_moved(
        self, watch: TryWatch, list_id: str, joined: Collection[str], left: Collection[str]
    ) -> None:
        """A row names the list for each contact that comes, and no row for one that leaves."""
        for contact in sorted(joined):
            self._added.add((list_id, contact))
            rows = [row for row in watch.rows if list_id in self._portal.lists_named(row.named)]
            if not any(self._is_to_come(watch, row, contact) for row in rows):
                self._wrong(f"{watch.name} puts {contact} into the list {list_id}, and no row is to do so")
        for contact in sorted(left):
            told = f"{watch.name} takes {contact} out of the list {list_id}"
            if not watch.plot.settings.lets_leave:
                self._wrong(f"{told}, and is to leave it there")
            if (list_id, contact) not in self._added and contact not in self._portal.merged:
                self._wrong(f"{told}, and no try has put it there")
            if here := [row.key for row in watch.rows if self._is_named(row, list_id, contact, watch.since)]:
                self._wrong(f"{told}, and a row names it for {here[0]}")

    def _is_to_come(self, watch: TryWatch, row: Row, contact: str) -> bool:
        is_refused = row.is_refused and not row.is_shared  # later rows may overwrite what is refused
        return contact in self._contacts(row) and not (is_refused or watch.plot.is_forbidden(row))

    def _contacts(self, row: Row) -> set[str]:
        """Return the contacts that a row has ever been about, and what people have merged these into.

        Of two logins the merged contact has one only: the state still knows it by the other row's record id.
        """
        had = {each for key in row.keys for each in self._portal.owners_of(key)}
        return had | {left.id for left in map(self._portal.find, had) if left}

    def _is_named(self, row: Row, list_id: str, contact: str, since: float) -> bool:
        """Check whether a row names a list for an address that a contact has had since a moment."""
        if self._portal.lists_named(row.named) != {list_id}:  # of two with this name, one was renamed
            return False
        states = self._portal.states[contact]
        last = max((place for place, state in enumerate(states) if state.since <= since), default=0)
        had = [set(addresses_of(state.values)) for state in states[last:] if state.values is not None]
        return bool(had) and row.key.lower() in set.intersection(*had)

    def check_result(self, watch: TryWatch, result: Result, row: Row) -> None:
        """A record that has ended well has its contact in its list, and was there since it is told so."""
        told = f"{watch.name}: row {result.row} is {result.outcome}, {result.membership or 'no member'}"
        if result.membership is None:
            is_well = result.outcome in SUCCESSES - {Outcome.ARCHIVED}
            if row.named and watch.may_move and is_well:
                self._wrong(f"{told}, and it names the list {row.named}")
            if result.category == LIST and not row.named:
                self._wrong(f"{told}, and it names no list")
            return
        list_id = str(result.list_id)
        if result.membership not in IN_PLACE or result.outcome not in SUCCESSES or not watch.may_move:
            self._wrong(told)
        if list_id not in self._portal.lists_named(row.named):
            self._wrong(f"{told} of {list_id}, and it names the list {row.named}")
        contacts = self._contacts(row)
        is_known = result.membership is Membership.MEMBER and watch.plot.settings.state is not None
        states = self._portal.list_states(list_id, 0.0 if is_known else watch.since)
        if not any(not contacts.isdisjoint(members) for members in states):
            self._wrong(f"{told}, but {row.key} was never in the list {list_id}")

    def check_left(self, watch: TryWatch, result: Result) -> None:
        """A contact has left a list, or was not in it for a moment, if it is told so."""
        told = f"{watch.name}: {result.key} is {result.membership or result.outcome} of {result.list_id}"
        if result.row in watch.removals:
            self._wrong(f"{told}, and it has another outcome")
        if result.membership is None:
            return
        states = self._portal.list_states(str(result.list_id), watch.since)
        is_deleted = any(each.values is None for each in self._portal.states[result.key])
        was_out = is_deleted or any(result.key not in members for members in states)
        if result.membership not in LEFT or not was_out:
            self._wrong(f"{told}, and it was there all the time")

    def check_rerun(self, watch: TryWatch) -> None:
        """After a run without trouble the contacts of its records are in their lists."""
        for row in watch.rows:
            result, contact = watch.told(row), self._portal.find(row.becomes or row.key)
            if result is None or contact is None or result.membership not in IN_PLACE or result.earlier:
                continue
            if result.membership is Membership.MEMBER and watch.plot.settings.state is not None:
                continue  # the state knows it, whatever people have done since
            if contact.id not in self._portal.members_of(str(result.list_id)):
                self._wrong(f"after a run without trouble {row.key} is not in the list {result.list_id}")
