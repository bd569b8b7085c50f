"""What sync asks of the outside, and the values that the outside answers with."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple, Protocol

from airflow_provider_hubcontact.sync.model.change import Change, Stored, Write
from airflow_provider_hubcontact.sync.model.outcome import Result
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
    """

    id: str
    key: str | None = None
    properties: Mapping[str, str | None] = MappingProxyType({})
    created: bool = False


@dataclass(frozen=True, slots=True)
class Fault:
    """An error inside an answer: some inputs were not written.

    :param status: HTTP status that the error would have on its own; 207 if that is not known.
    :param category: HubSpot's category.
    :param message: HubSpot's reason.
    :param trace_ids: inputs that it names by trace id.
    :param ids: inputs that it names by address.
    :param properties: properties that it names.
    :param existing_id: record id of the contact that is in the way.
    """

    status: int
    category: str | None
    message: str
    trace_ids: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    properties: tuple[str, ...] = ()
    existing_id: str | None = None


class Detail(NamedTuple):
    """One of the things that are wrong with a refused call.

    :param message: HubSpot's sentence.
    :param code: HubSpot's code.
    :param properties: properties that it names.
    """

    message: str
    code: str | None = None
    properties: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answers:
    """HubSpot took the call and answers for each input, or keeps silent about it."""

    status: int
    written: tuple[Written, ...] = ()
    faults: tuple[Fault, ...] = ()
    correlation_id: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The whole call was refused: nothing of it was written, unless the status is 5xx, 408 or 425.

    :param theirs: HubSpot itself said so; a proxy's word decides about no record.
    :param stops: no later call of this run can fare better (credentials, daily quota, migration).
    :param details: all that is wrong, as far as HubSpot tells it.
    :param existing_id: record id of the contact that is in the way.
    :param retry_after: seconds after which the call can fare better, if that is known.
    :param why: what the client itself says of it, without a value of a record.
    """

    status: int
    message: str
    category: str | None = None
    correlation_id: str | None = None
    properties: tuple[str, ...] = ()
    stops: bool = False
    details: tuple[Detail, ...] = ()
    existing_id: str | None = None
    retry_after: float | None = None
    theirs: bool = True
    why: str = ""


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


class Journal(Protocol):
    """Remembers what became of records, beyond the run."""

    def earlier(self, record: Record, /) -> Result | None:
        """Give the result that a record had in an earlier try, if that was its end.

        Called for every record, before anything is done for it.
        """

    def settled(self, result: Result, /) -> None:
        """Note a result of this try."""

    def flush(self) -> None:
        """Keep what was noted; called whenever the run waits."""


class Reader(Protocol):
    """Looks contacts up."""

    @property
    def batch_size(self) -> int:
        """How many keys one call takes."""

    @property
    def always(self) -> bool:
        """Whether every contact is read before it is written, or only where it cannot be helped."""

    def read(self, keys: Sequence[str], properties: Collection[str], /) -> Found | Refused | Lost:
        """Look up at most ``batch_size`` keys, with the current values of these properties."""


class Writer(Protocol):
    """Writes contacts."""

    @property
    def batch_size(self) -> int:
        """How many steps one call takes."""

    def write(self, kind: Write, steps: Sequence[Step], /) -> Answers | Refused | Lost:
        """Write at most ``batch_size`` steps of one kind, no two to one contact."""
