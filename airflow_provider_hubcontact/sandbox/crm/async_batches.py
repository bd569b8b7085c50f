# SPDX-License-Identifier: Apache-2.0
"""Batches of v1, which are accepted at once, and written a little later.

HubSpot docs: legacy contacts API, "Create or update a group of contacts".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from airflow_provider_hubcontact.sandbox.crm.object_types import CONTACTS
from airflow_provider_hubcontact.sandbox.crm.portal import Portal
from airflow_provider_hubcontact.sandbox.crm.record import Record
from airflow_provider_hubcontact.sandbox.crm.records.batches import ordered
from airflow_provider_hubcontact.sandbox.crm.records.collection import Collection
from airflow_provider_hubcontact.sandbox.crm.records.pending_writes import V1, PendingWrite
from airflow_provider_hubcontact.sandbox.errors.records import RecordExists, RecordNotFound
from airflow_provider_hubcontact.sandbox.errors.requests import TooManyInputs
from airflow_provider_hubcontact.sandbox.errors.v1 import BatchRefused, Failure
from airflow_provider_hubcontact.sandbox.errors.values import InvalidProperties


class Entry(NamedTuple):
    """One contact of a batch.

    :param email: the contact's address, with which it is created if it does not exist; empty if ``vid`` names
        it.
    :param vid: the contact's id.
    :param timestamps: property → when its value was set, in milliseconds since 1970.
    :param writer: the app that sent it.
    """

    email: str
    vid: str
    values: Mapping[str, str]
    timestamps: Mapping[str, int]
    writer: str


class AsyncBatches:
    """Batches that were accepted, but are not written yet.

    They are written with the next call to the sandbox; nothing runs in the background.

    :param delay: seconds until a batch is written; it may be changed.
    """

    def __init__(self, portal: Portal, delay: float = 0.5) -> None:
        self._portal = portal
        self.delay = delay
        self.reset()

    def reset(self) -> None:
        """Remove the batches that are not written yet."""
        self._waiting: list[tuple[int, list[Entry]]] = []

    def take(self, entries: Sequence[Entry]) -> None:
        """Accept a batch, if all of its contacts could be written now.

        :raises TooManyInputs: if it is too large.
        :raises BatchRefused: if one of them could not, so that none is written (D).
        """
        most = int(self._portal.switches.v1_batch_limit)
        if len(entries) > most:
            raise TooManyInputs(most)
        failures = [each for place, entry in enumerate(entries) for each in self._failures(place, entry)]
        if failures:
            raise BatchRefused(failures)
        self._waiting.append((self._portal.now() + int(self.delay * 1000), list(entries)))

    def advance(self) -> None:
        """Write the batches that are due."""
        while self._waiting and self._waiting[0][0] <= self._portal.now():
            _, entries = self._waiting.pop(0)
            for entry in ordered(self._portal, entries):  # no order is promised (C)
                self._write(entry)

    def mark(self) -> object:
        """Return a value that changes whenever a batch is accepted or written."""
        return [moment for moment, _ in self._waiting]

    def dump(self) -> list[Any]:
        """Return the waiting batches as JSON values."""
        return [[moment, [list(entry) for entry in entries]] for moment, entries in self._waiting]

    def load(self, waiting: Iterable[Any]) -> None:
        """Restore the batches that :meth:`dump` returned."""
        self._waiting = [(moment, [Entry(*each) for each in entries]) for moment, entries in waiting]

    @property
    def _contacts(self) -> Collection:
        return self._portal.collection(CONTACTS)

    def _failures(self, place: int, entry: Entry) -> Iterable[Failure]:
        try:
            self._draft(entry)
        except RecordNotFound:
            yield Failure(place, "contact does not exist")
        except RecordExists as taken:
            yield Failure(place, taken.message)
        except InvalidProperties as invalid:
            for problem in invalid.problems:
                is_email = problem.code == "INVALID_EMAIL"
                address = entry.values.get("email", entry.email) if is_email else ""
                yield Failure(place, problem.message, problem, address)

    def _write(self, entry: Entry) -> None:
        self._portal.writer = entry.writer
        try:
            self._contacts.apply(self._draft(entry), entry.timestamps)
        except (RecordNotFound, RecordExists, InvalidProperties):
            return  # what has become impossible since then is not reported anywhere (U)

    def _draft(self, entry: Entry) -> PendingWrite:
        contact = self._contact(entry)
        values = entry.values if contact is not None else {"email": entry.email, **entry.values}
        return self._contacts.draft(contact, values, V1)

    def _contact(self, entry: Entry) -> Record | None:
        contact = self._contacts.find(entry.vid) if entry.vid else self._contacts.find(entry.email, "email")
        if contact is None and not entry.email:
            raise RecordNotFound
        return contact
