# SPDX-License-Identifier: Apache-2.0
"""Replaces addresses of owners by their ids. The portal's owners are listed once, when an address comes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property

from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result, refused_as
from airflow_provider_hubcontact.sync.model.ports import Lost, Owner, OwnerReader, Refused
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.keys import lower_case
from airflow_provider_hubcontact.sync.rows.values import UnsupportedValue
from airflow_provider_hubcontact.words import closest

HOW = "an owner's address is written as the owner's id"


CATEGORY = "OWNERS"


LIKENESS = 0.85
"""How similar two addresses must be. It is high, since addresses of one company are similar anyway."""


MOST_COMPARED = 1_000
"""The most addresses that are compared with all others, since a comparison is slow."""


class OwnersUnread(Exception):
    """The owners cannot be listed, so no address can be replaced.

    :param answer: the refusal, or why there was no answer.
    """

    def __init__(self, answer: Refused | Lost) -> None:
        super().__init__()
        self.answer = answer

    def result(self, record: Record, name: str) -> Result:
        """Return the result of a record with an address, of which nothing was written.

        :param name: property whose value is the address.
        """
        answer, before = self.answer, f"{name} has an address, and the owners cannot be listed: "
        if isinstance(answer, Lost):
            result = Result(record.row, record.key, Outcome.UNAVAILABLE, reason=before + answer.reason)
            return result._replace(category=CATEGORY, properties=(name,), why=answer.reason)
        outcome = refused_as(answer.refusal.status)
        if outcome not in {Outcome.UNAUTHORIZED, Outcome.THROTTLED}:
            outcome = Outcome.UNAVAILABLE
        if answer.refusal.status == 403:
            before += "the token needs the scope crm.objects.owners.read: "
        result = Result.refused(record.row, record.key, outcome, answer.refusal, before)
        return result._replace(category=CATEGORY, properties=(name,), why=answer.refusal.why)


class OwnerIds:
    """The ids of a portal's owners, by their addresses.

    The owners are listed at the first address, at most once. The removed ones are listed if an address
    belongs to nobody else. An id costs no call. Once the owners are listed, the id of a user account, which
    HubSpot would refuse, is recognised.

    :param reader: lists the owners.
    :param properties: names of those whose values are owners.
    """

    def __init__(self, reader: OwnerReader, properties: Collection[str]) -> None:
        self.properties = frozenset(properties)
        self._reader = reader
        self._is_listed = False
        self._near: dict[str, str] = {}

    def read(self, text: str) -> str:
        """Return the id of an owner.

        :param text: an address, or an id, which is returned unchanged.
        :raises UnsupportedValue: if no owner, only a removed owner, or more than one has the address, or if
            the text is the id of a user account.
        :raises OwnersUnread: if the owners cannot be listed.
        """
        value = text.strip()
        if "@" in value:
            return self._of_address(value)
        if self._is_listed and (told := self._told_of_user(value)):
            raise UnsupportedValue(told)
        return text

    def why_refused(self, value: str) -> str | None:
        """Return why HubSpot may have refused an id: it may be that of a user account.

        :param value: the id that was refused.
        :return: a sentence; None if the list of owners does not explain it.
        """
        try:
            return self._told_of_user(value.strip())
        except OwnersUnread:
            return None

    def _told_of_user(self, value: str) -> str | None:
        owner = self._by_user.get(value)
        if owner is None or value in self._ids:
            return None
        return f"{value} is the user id of {owner.email or 'this owner'}: send the owner id, {owner.id}"

    def _of_address(self, address: str) -> str:
        wanted = lower_case(address)
        found = self._active.get(wanted, ())
        if len(found) == 1:
            return found[0].id
        if found:
            ids = " and ".join(each.id for each in found[:2])
            raise UnsupportedValue(
                f"`{address:.80}` is the address of several owners, such as {ids}: send the id"
            )
        if gone := self._archived.get(wanted):
            raise UnsupportedValue(f"`{address:.80}` is the address of an archived owner, {gone[0].id}")
        raise UnsupportedValue(f"`{address:.80}` is not the address of an owner{self._nearest(wanted)}")

    def _nearest(self, address: str) -> str:
        """Return the end of a sentence with the most similar address; empty if none is similar."""
        if address not in self._near:
            if len(self._near) >= MOST_COMPARED:
                return ""
            meant = closest(address, self._active, LIKENESS)
            self._near[address] = f"; the nearest is `{meant:.80}`" if meant else ""
        return self._near[address]

    @cached_property
    def _active(self) -> Mapping[str, Sequence[Owner]]:
        return self._by_address(self._listed)

    @cached_property
    def _archived(self) -> Mapping[str, Sequence[Owner]]:
        return self._by_address(self._usable(self._archived_answer))

    @cached_property
    def _by_user(self) -> Mapping[str, Owner]:
        return {each.user_id: each for each in self._listed if each.user_id}

    @cached_property
    def _ids(self) -> frozenset[str]:
        return frozenset(each.id for each in self._listed)

    @property
    def _listed(self) -> Sequence[Owner]:
        owners = self._usable(self._active_answer)
        self._is_listed = True
        return owners

    @cached_property
    def _active_answer(self) -> Sequence[Owner] | Refused | Lost:
        """The answer, also if it is a refusal: the owners are not asked for again by each row."""
        return self._reader.read(archived=False)

    @cached_property
    def _archived_answer(self) -> Sequence[Owner] | Refused | Lost:
        return self._reader.read(archived=True)

    @staticmethod
    def _usable(answer: Sequence[Owner] | Refused | Lost) -> Sequence[Owner]:
        if isinstance(answer, Refused | Lost):
            raise OwnersUnread(answer)
        return answer

    @staticmethod
    def _by_address(owners: Sequence[Owner]) -> dict[str, list[Owner]]:
        found: dict[str, list[Owner]] = {}
        for each in {each.id: each for each in owners}.values():  # the next page may begin with the same one
            if each.email:
                found.setdefault(lower_case(each.email.strip()), []).append(each)
        return found
