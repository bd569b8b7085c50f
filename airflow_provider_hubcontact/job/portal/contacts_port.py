# SPDX-License-Identifier: Apache-2.0
"""Connects ``client`` and ``sync``: calls and errors of the one become values of the other."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import TypeVar, assert_never

from airflow_provider_hubcontact import LEGACY_API_VERSION
from airflow_provider_hubcontact.client.contacts import BatchAnswer, BatchInput, Contact, Contacts
from airflow_provider_hubcontact.client.contacts_v1 import ContactsV1
from airflow_provider_hubcontact.client.errors import (
    ConfigurationError,
    DailyLimitReached,
    Forbidden,
    HubSpotError,
    Migrating,
    StatusError,
    Unauthorized,
)
from airflow_provider_hubcontact.client.hubspot import HubSpot
from airflow_provider_hubcontact.refusal import Refusal
from airflow_provider_hubcontact.sync.decide.lifecycle import STAGE
from airflow_provider_hubcontact.sync.model.change import Stored, Write
from airflow_provider_hubcontact.sync.model.ports import (
    Answers,
    Found,
    Lost,
    Refused,
    Step,
    Written,
)
from airflow_provider_hubcontact.sync.model.reasons import word
from airflow_provider_hubcontact.sync.rows.keys import (
    EMAIL,
    RECORD_ID,
    SECOND_ADDRESSES,
    lower_case,
    normalized_key,
)

OTHERS = {EMAIL: SECOND_ADDRESSES, RECORD_ID: "hs_merged_object_ids"}
"""Property that identifies contacts → the one with its other values: second addresses, ids before a merge."""


def key_names(id_property: str) -> tuple[str, ...]:
    """Return the properties that hold the keys of a contact, the first one first.

    :param id_property: that identifies contacts.
    """
    return (id_property, *filter(None, (OTHERS.get(id_property),)))


BATCH_SIZE = 100


MIGRATION_PAUSE = 3_600.0
"""Seconds between tries while a portal moves, if HubSpot names no time ("Error handling": up to 24 hours)."""


Said = TypeVar("Said")


Answer = TypeVar("Answer")


def port_of(
    hubspot: HubSpot, id_property: str, *, is_number: bool = False
) -> ContactsPort | LegacyContactsPort:
    """Return the port of the API that the client uses.

    :param hubspot: the client.
    :param id_property: property that keys are values of.
    :param is_number: whether its values are numbers.
    """
    if hubspot.api_version == LEGACY_API_VERSION:
        return LegacyContactsPort(hubspot.contacts_v1)
    return ContactsPort(hubspot.contacts, id_property, is_number=is_number)


class ContactsPort:
    """Reads and writes contacts in batches, by record id.

    :param contacts: the date-versioned or v3 API.
    :param id_property: property that keys are values of; ``hs_object_id`` for record ids.
    :param is_number: whether its values are numbers.
    :ivar silent: properties that HubSpot may keep without telling; here, answers show the values.
    :ivar upsert_refusal: that HubSpot has refused to write contacts by this property; None if it has not.

    HubSpot docs: contacts guide, "Update contacts": batches are updated by record id; "Upsert contacts": by a
    unique property; "Merge contacts": the ids of merged contacts answer with the one that they have become,
    which lists them.
    """

    batch_size = BATCH_SIZE
    always = True
    silent: Collection[str] = ()

    def __init__(self, contacts: Contacts, id_property: str, *, is_number: bool = False) -> None:
        self.upsert_refusal: str | None = None
        self._contacts = contacts
        self._id_property = id_property
        self._is_number = is_number

    def read(self, keys: Sequence[str], properties: Collection[str], /) -> Found | Refused | Lost:
        """Look keys up; a contact is found by any of its addresses, or of its ids.

        HubSpot may take keys that differ in letter case alone for the same, so each has a call of its own.
        """
        found = Found({}, frozenset())
        for some in _apart(keys):
            answer = self._read(some, properties)
            if not isinstance(answer, Found):
                return answer
            found = Found({**found.contacts, **answer.contacts}, found.missing | answer.missing)
        return found

    def _read(self, keys: Sequence[str], properties: Collection[str]) -> Found | Refused | Lost:
        by = self._id_property
        # Whether a contact has an address is told by its first one, too.
        first = (EMAIL,) if SECOND_ADDRESSES in properties else ()
        asked = sorted({*properties, *key_names(by), *first})
        id_property = None if by == RECORD_ID else by
        return answered(
            lambda: self._contacts.batch_read(keys, id_property=id_property, properties=asked),
            partial(self._found, keys),
        )

    def write(self, kind: Write, steps: Sequence[Step], /) -> Answers | Refused | Lost:
        """Update or archive by record id, create, or upsert by key; errors name inputs by their trace ids."""
        is_new = kind is Write.CREATE
        inputs = [
            BatchInput(step.properties, None if is_new else step.change.address, step.trace_id)
            for step in steps
        ]
        match kind:
            case Write.UPDATE | Write.REMOVE:
                return answered(lambda: self._contacts.batch_update(inputs), self._updated)
            case Write.CREATE:
                return answered(lambda: self._contacts.batch_create(inputs), self._created)
            case Write.UPSERT:
                by = self._id_property
                answer = answered(lambda: self._contacts.batch_upsert(inputs, id_property=by), self._upserted)
                if isinstance(answer, Refused) and _is_about_upserts(answer.refusal):
                    said = " ".join(filter(None, (str(answer.refusal.status), word(answer.refusal.category))))
                    self.upsert_refusal = f"HubSpot answered {said} to an upsert by {by}"
                return answer
            case Write.ARCHIVE:
                ids = [step.change.address for step in steps]
                return answered(lambda: self._contacts.batch_archive(ids), partial(_archived, ids))
            case _:
                assert_never(kind)

    @property
    def upserts(self) -> bool:
        """Whether contacts can be written by their keys, as far as HubSpot has told."""
        return self.upsert_refusal is None

    def _found(self, asked: Sequence[str], answer: BatchAnswer) -> Found:
        contacts: dict[str, Stored] = {}
        for contact in answer.contacts:
            stored = Stored(contact.id, contact.id, contact.properties)
            contacts |= dict.fromkeys(self._keys(contact), stored)
        missing = {
            self._normalized(key) for each in answer.refusals if each.status == 404 for key in each.ids
        }
        # A contact that nobody has asked for by its own key is found by this one, in another letter case.
        alike = {lower_case(key): stored for key, stored in contacts.items()}
        unnamed = (key for key in asked if key not in contacts and key not in missing)
        contacts |= {key: alike[folded] for key in unnamed if (folded := lower_case(key)) in alike}
        return Found(contacts, frozenset(missing))

    def _keys(self, contact: Contact) -> Iterator[str]:
        if self._id_property == RECORD_ID:
            yield contact.id
        if key := self._key(contact.properties):
            yield key
        if others := contact.properties.get(OTHERS.get(self._id_property, "")):
            yield from filter(None, map(self._normalized, others.split(";")))

    def _updated(self, answer: BatchAnswer) -> Answers:
        return self._answers(answer, created=False)

    def _created(self, answer: BatchAnswer) -> Answers:
        return self._answers(answer, created=True)

    def _upserted(self, answer: BatchAnswer) -> Answers:
        return self._answers(answer, created=None)

    def _answers(self, answer: BatchAnswer, *, created: bool | None) -> Answers:
        """Return what an answer says.

        :param created: whether its contacts are new; None if each of them says so itself.
        """
        written = tuple(
            Written(id_, self._key(values), values, bool(new) if created is None else created, trace_id=trace)
            for id_, values, new, trace in answer.contacts
        )
        return Answers(answer.status, written, answer.refusals, answer.correlation_id, answer.after_loss)

    def _key(self, properties: Mapping[str, str | None]) -> str | None:
        value = properties.get(self._id_property)
        return self._normalized(value) if value else None

    def _normalized(self, key: str) -> str:
        return normalized_key(self._id_property, key, is_number=self._is_number)


_BY_KEY = re.compile(r"\bnon-unique\b.*\bproperty\b|\bupserts? (?:is|are) not supported", re.IGNORECASE)
"""HubSpot's sentences about an upsert by a property by which it does not upsert."""


def _is_about_upserts(refusal: Refusal) -> bool:
    """Check whether HubSpot refuses to write contacts by this key at all.

    A refusal that names nothing of any input is taken for one: the look-ups that follow cost calls only.
    """
    if refusal.status != 400 or not refusal.is_hubspots:
        return False
    names_something = refusal.properties or refusal.ids or refusal.trace_ids or refusal.is_conflict
    return not names_something or bool(_BY_KEY.search(refusal.message))


def _apart(keys: Sequence[str]) -> list[list[str]]:
    """Divide keys into parts, so that no two keys of a part differ in letter case alone."""
    parts: list[dict[str, str]] = [{}]
    for key in keys:
        folded = lower_case(key)
        part = next((each for each in parts if folded not in each), None)
        if part is None:
            parts.append(part := {})
        part[folded] = key
    return [[*part.values()] for part in parts]


class ReadBack:
    """Reads contacts a second time, and counts the calls.

    :param port: reads the contacts.
    """

    always = True

    def __init__(self, port: ContactsPort | LegacyContactsPort) -> None:
        self._port = port
        self.batch_size = port.batch_size
        self.records = self.calls = 0

    def read(self, keys: Sequence[str], properties: Collection[str], /) -> Found | Refused | Lost:
        """Look keys up."""
        self.records += len(keys)
        self.calls += 1
        return self._port.read(keys, properties)


class ReadWithKeys:
    """Reads further properties of each contact.

    :param port: of the contacts.
    :param names: of the properties.
    """

    def __init__(self, port: ContactsPort | LegacyContactsPort, names: Collection[str]) -> None:
        self._port = port
        self._names = names
        self.batch_size = port.batch_size
        self.always = port.always

    def read(self, keys: Sequence[str], properties: Collection[str], /) -> Found | Refused | Lost:
        """Look keys up."""
        return self._port.read(keys, {*properties, *self._names})


class LegacyContactsPort:
    """Reads and writes contacts one by one, by address, as the legacy API does.

    It reads only what cannot be written safely unread: contacts whose stage or address changes.

    :param contacts: the legacy API.
    :ivar silent: properties that HubSpot may keep without telling: the answer to a write has no values.

    HubSpot docs: "Update an existing contact by email" (legacy).
    """

    batch_size = 1
    always = False
    silent: Collection[str] = (STAGE,)
    upserts = False
    upsert_refusal: str | None = None

    def __init__(self, contacts: ContactsV1) -> None:
        self._contacts = contacts

    def read(self, keys: Sequence[str], properties: Collection[str], /) -> Found | Refused | Lost:
        """Look the keys up, one call each."""
        contacts: dict[str, Stored] = {}
        missing: set[str] = set()
        for key in keys:
            answer = answered(
                partial(self._contacts.get_by_email, key, sorted({*properties, EMAIL})), _itself
            )
            if isinstance(answer, Contact):
                contacts[key] = Stored(answer.id, key, answer.properties)
            elif isinstance(answer, Refused) and answer.refusal.status == 404:
                missing.add(key)
            else:
                return answer
        return Found(contacts, frozenset(missing))

    def write(self, kind: Write, steps: Sequence[Step], /) -> Answers | Refused | Lost:
        """Update, or create or update, by address.

        :raises ValueError: for a removal: no state, which tells what is removed, works with the legacy API.
        """
        if kind in {Write.REMOVE, Write.ARCHIVE}:
            raise ValueError("the legacy API removes no contacts")
        (step,) = steps
        address, time = step.change.address, step.change.record.timestamp
        times = None if time is None else dict.fromkeys(step.properties, time)
        if kind is Write.UPDATE:
            return answered(
                lambda: self._contacts.update_by_email(address, step.properties, timestamps=times),
                lambda _: Answers(204, (Written(address, address),)),
            )
        # A contact that has this as its second address would get it as its first one.
        others = {
            name: value for name, value in step.properties.items() if (name, value) != ("email", address)
        }
        return answered(
            lambda: self._contacts.create_or_update_by_email(address, others, timestamps=times),
            lambda contact: Answers(200, (Written(contact.id, address, created=bool(contact.new)),)),
        )


def _archived(ids: Sequence[str], answer: BatchAnswer) -> Answers:
    """Return the answer to an archive batch, which speaks of all its inputs at once."""
    written = tuple(map(Written, ids))
    return Answers(answer.status, written, (), answer.correlation_id, answer.after_loss)


def _itself(contact: Contact) -> Contact:
    return contact


def answered(call: Callable[[], Said], translate: Callable[[Said], Answer]) -> Answer | Refused | Lost:
    """Make a call, and return what it returned or raised as a value of sync."""
    try:
        answer = call()
    except StatusError as error:
        stops = isinstance(error, Unauthorized | Forbidden | DailyLimitReached | Migrating)
        pause = MIGRATION_PAUSE if isinstance(error, Migrating) else None
        return Refused(error.refusal, stops, error.retry_after or pause, error.after_loss)
    except HubSpotError as error:
        # Wrong settings are such as certificates that are gone, or a wrong base URL.
        return Lost(str(error), sent=not error.untouched, setup=isinstance(error, ConfigurationError))
    return translate(answer)
