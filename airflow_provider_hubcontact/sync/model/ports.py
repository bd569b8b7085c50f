# SPDX-License-Identifier: Apache-2.0
"""The ports of ``sync``: what it asks the outside, and what the outside answers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple, Protocol

from airflow_provider_hubcontact.refusal import Refusal
from airflow_provider_hubcontact.sync.model.change import Change, Stored, Write
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from airflow_provider_hubcontact.sync.model.record import Record


class Step(NamedTuple):
    """One write of one change.

    :param change: the change.
    :param position: which of its steps this is, from 0.
    """

    change: Change
    position: int = 0

    @property
    def properties(self) -> Mapping[str, str]:
        """The values to write now."""
        return self.change.steps[self.position]

    @property
    def trace_id(self) -> str:
        """An id that no other write of the run has; HubSpot names it in errors."""
        return f"{self.change.record.row}-{self.position}"

    @property
    def next(self) -> Step | None:
        """The step to write once this one is proved."""
        return Step(self.change, self.position + 1) if self.position + 1 < len(self.change.steps) else None


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to a look-up.

    :param contacts: key → contact, for keys that a contact has.
    :param missing: keys that HubSpot said nobody has. A key in neither is not answered.
    """

    contacts: Mapping[str, Stored]
    missing: frozenset[str]


class Written(NamedTuple):
    """An input that HubSpot says it wrote.

    :param id: the contact that was written, as writes address it.
    :param key: the contact's key after the write, if the answer has it.
    :param properties: values after the write, as far as the answer has them.
    :param created: whether the contact is new.
    :param trace_id: of the step that wrote it, if the answer has it.
    """

    id: str
    key: str | None = None
    properties: Mapping[str, str | None] = MappingProxyType({})
    created: bool = False
    trace_id: str | None = None


@dataclass(frozen=True, slots=True)
class Answers:
    """HubSpot took the call and answers for each input, or keeps silent about it.

    :param status: HTTP status.
    :param written: inputs that it says it wrote.
    :param refusals: errors inside the answer: inputs that were not written.
    :param correlation_id: HubSpot's id of the call.
    :param after_loss: an earlier attempt of the call got no clear answer, and may have been carried out.
    """

    status: int
    written: tuple[Written, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    correlation_id: str | None = None
    after_loss: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The whole call was refused: its last attempt wrote nothing, unless the status is 5xx, 408 or 425.

    :param refusal: what was said.
    :param stops: no later call of this run can fare better (credentials, daily quota, migration).
    :param retry_after: seconds after which the call can fare better, if that is known.
    :param after_loss: an earlier attempt of the call got no clear answer, and may have been carried out.
    """

    refusal: Refusal
    stops: bool = False
    retry_after: float | None = None
    after_loss: bool = False


@dataclass(frozen=True, slots=True)
class Lost:
    """No usable answer came.

    :param reason: what happened instead.
    :param sent: HubSpot may have seen the call, so it may have been carried out.
    :param setup: the connection does not lead to HubSpot, so that no call can fare better.
    """

    reason: str
    sent: bool
    setup: bool = False


@dataclass(frozen=True, slots=True)
class Moved:
    """HubSpot accepted a call that changes the members of a list. It proves nothing about other contacts.

    :param status: HTTP status.
    :param list_id: id of the list.
    :param changed: record ids of contacts that this call put into the list, or took out.
    :param missing: record ids that no contact has.
    """

    status: int
    list_id: str
    changed: frozenset[str]
    missing: frozenset[str]


@dataclass(frozen=True, slots=True)
class Members:
    """Which of some contacts are members of a list.

    :param list_id: id of the list.
    :param contacts: record ids of those that are.
    :param kept: those of them of which an earlier run has proved it.
    """

    list_id: str
    contacts: frozenset[str]
    kept: frozenset[str] = frozenset()


class UnknownList(ValueError):
    """A row names a list that does not exist, or whose members calls cannot change."""


class Lists(Protocol):
    """Puts contacts into lists, and takes them out."""

    @property
    def batch_size(self) -> int:
        """The most contacts of one call."""

    def target(self, name: str, /) -> str:
        """Return the identifier of a list for the other methods.

        :param name: name or id of the list, as a row has it.
        :raises UnknownList: if there is no such list, or calls cannot change its members.
        """

    def known(self, target: str, contacts: Mapping[str, Collection[str]], /, *, leaves: bool) -> Members:
        """Return which contacts need no call: it is known that they are members already, or are not.

        :param contacts: record id → keys of the records that are about this contact.
        :param leaves: whether the contacts are to leave the list.
        :return: the contacts that need no call.
        """

    def move(self, target: str, contacts: Sequence[str], /, *, leaves: bool) -> Moved | Refused | Lost:
        """Put contacts into a list, or take them out.

        :param contacts: record ids, at most ``batch_size``.
        :param leaves: whether they are to leave the list.
        """

    def members(self, target: str, contacts: Collection[str], /, *, surely: bool) -> Members | Refused | Lost:
        """Read which contacts are members.

        :param contacts: record ids.
        :param surely: whether what one answer leaves open is asked for again, in other ways. Else it may be
            of a member, though it is not returned.
        """

    def note(
        self, list_id: str, contacts: Mapping[str, Collection[str]], /, *, leaves: bool, by_this_run: bool
    ) -> None:
        """Remember for later runs which contacts were proved to be members, or not to be.

        :param list_id: of the list.
        :param contacts: record id → keys of the records that are about this contact.
        :param leaves: whether the contacts are no members.
        :param by_this_run: whether a call of this run put them into the list, or took them out.
        """


class Owner(NamedTuple):
    """An owner: a person or a queue, to which contacts can be assigned.

    :param id: id of the owner, the value of properties such as ``hubspot_owner_id``.
    :param email: the address; empty if there is none.
    :param user_id: id of the owner's user account, which is not valid in these properties; empty if there is
        none.
    """

    id: str
    email: str = ""
    user_id: str = ""


class OwnerReader(Protocol):
    """Lists the owners of a portal."""

    def read(self, *, archived: bool) -> Sequence[Owner] | Refused | Lost:
        """Return the owners, or why they cannot be listed.

        :param archived: return the owners whose user accounts were removed, instead of the others.
        """


class Journal(Protocol):
    """Remembers what became of records, beyond the run."""

    def earlier(self, record: Record, /) -> Result | None:
        """Return the result of a record that an earlier try has finished; None if this try is to send it.

        Called for every record, before anything else is done with it.

        :param record: the record.
        """

    def settled(self, result: Result, /) -> None:
        """Note a result of this try.

        :param result: the record's final result.
        """

    def flush(self) -> None:
        """Store what was noted. Called whenever the run waits."""


class Reader(Protocol):
    """Looks contacts up."""

    @property
    def batch_size(self) -> int:
        """The most keys of one call."""

    @property
    def always(self) -> bool:
        """Whether every contact is read before it is written, or only where a blind write is not safe."""

    def read(self, keys: Sequence[str], properties: Collection[str], /) -> Found | Refused | Lost:
        """Look contacts up.

        :param keys: at most ``batch_size``.
        :param properties: names of the properties whose current values are needed.
        """


class Writer(Protocol):
    """Writes contacts."""

    @property
    def batch_size(self) -> int:
        """The most steps of one call."""

    @property
    def upserts(self) -> bool:
        """Whether contacts can be written by their keys. It is False once HubSpot has refused to do so."""

    def write(self, kind: Write, steps: Sequence[Step], /) -> Answers | Refused | Lost:
        """Write contacts.

        :param kind: of all steps.
        :param steps: at most ``batch_size``, no two of one contact.
        """


class Proof(NamedTuple):
    """What the state proves of a record's contact, beside what the record wants.

    :param key: digest of the record's key.
    :param content: digest of what the record wants.
    :param proved: digest of what the contact was last proved to have; None if that is void, or if the key is
        not in the state.
    :param id: record id of the contact; None if it is not known.
    :param origin: how the contact came to have it, or that nobody had the key; None if the key is not in the
        state.
    :param is_audited: whether the contact is to be read back, although the proof equals the record.
    :param drifts: in how many audits in a row the contact was found to have other values.
    :param at: when it was proved, in seconds since 1970; None if it is not known.
    :param gives: digests of the keys that the contact is to get: a new one, and second addresses.
    """

    key: str
    content: str
    proved: str | None = None
    id: str | None = None
    origin: Outcome | None = None
    is_audited: bool = False
    drifts: int = 0
    at: int | None = None
    gives: tuple[str, ...] = ()


class Proofs(Protocol):
    """Remembers between runs what HubSpot was last proved to have.

    Each method is one transaction, and is committed when it returns. It is called by one thread.
    """

    def compare(self, records: Sequence[Record], /) -> Sequence[Proof]:
        """Return what is proved of records, in their order.

        :param records: at most 1,000.
        """

    def keys_of(self, ids: Collection[str], /) -> Mapping[str, Collection[str]]:
        """Return record id → digests of the keys that the state has for it.

        :param ids: record ids.
        """

    def void(self, keys: Collection[str], ids: Collection[str] = (), /) -> None:
        """Void the proofs of keys, and those of all keys of some contacts.

        :param keys: digests.
        :param ids: record ids of the contacts.
        """

    def prove(self, proofs: Sequence[Proof], /) -> None:
        """Keep what HubSpot was proved to have; ``proved`` of each is what counts."""

    def confirm(self) -> None:
        """Make sure that this run is still the one that may write."""
