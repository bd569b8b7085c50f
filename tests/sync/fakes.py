# SPDX-License-Identifier: Apache-2.0
"""A HubSpot made of dictionaries that can misbehave, and workers whose order a test controls."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from functools import partial

from airflow_provider_hubcontact.refusal import Refusal
from airflow_provider_hubcontact.sync.decide.lifecycle import DEFAULT_STAGES, STAGE
from airflow_provider_hubcontact.sync.flow.calls import Answer, Call, WriteCall
from airflow_provider_hubcontact.sync.flow.sync import Sync
from airflow_provider_hubcontact.sync.model.change import BY_RECORD_ID, Stored, Write
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from airflow_provider_hubcontact.sync.model.ports import (
    Answers,
    Found,
    Lost,
    Members,
    Moved,
    Proof,
    Refused,
    Step,
    UnknownList,
    Written,
)
from airflow_provider_hubcontact.sync.model.record import Record

BAD = "bad"
"""A value that the portal refuses."""

MAX_CALLS = 2_000
"""More calls than any test needs: a run that never ends fails instead of hanging."""


@dataclass(frozen=True)
class Whole:
    """A call that ends as a whole.

    :param answer: what comes back.
    :param applied: whether the portal carries a write out nevertheless.
    """

    answer: Refused | Lost
    applied: bool = False


class Odd(Enum):
    """A successful call whose answer leaves something out."""

    SILENT = "carried out, but the answer mentions nothing"
    DEAF = "not carried out, and the answer mentions nothing"
    FORGETFUL = "carried out, but the answer does not mention the first input"
    ANONYMOUS = "the first input is refused in an error that names nobody; only the last is confirmed"


Fate = Whole | Odd | None
"""What becomes of a call; None: the honest answer."""


def refused(status: int, *, stops: bool = False) -> Whole:
    return Whole(Refused(Refusal(status, f"refused with {status}", "CATEGORY", "call-1"), stops=stops))


LOST_BEFORE = Whole(Lost("no connection", sent=False))
LOST_AFTER = Whole(Lost("no answer", sent=True))
LOST_ANSWER = Whole(Lost("no answer", sent=True), applied=True)
STOP = refused(401, stops=True)


@dataclass
class FakePortal:
    """Contacts by id; reader and writer in one.

    :param always: as the dated API does: read every contact, write by id, answer with values.
        Otherwise as the legacy API does: write by address, answer without values.
    :param fates: what becomes of the first calls; all later ones are answered honestly.
    :param latency: seconds that a call takes.
    :param takes_upserts: whether contacts can be written by their keys.
    :param is_terse: whether a contact that exists shows only what was written, as HubSpot's batches do.
    """

    contacts: dict[str, dict[str, str]] = field(default_factory=dict)
    batch_size: int = 3
    always: bool = True
    fates: Iterator[Fate] = field(default_factory=lambda: iter(()))
    latency: float = 0.0
    takes_upserts: bool = True
    is_terse: bool = False
    upserts: bool = True
    reads: list[tuple[str, ...]] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)
    writes: list[tuple[Write, int]] = field(default_factory=list)
    applied: list[tuple[int, str]] = field(default_factory=list)  # (row, contact) of every step carried out
    last: dict[int, bool] = field(default_factory=dict)  # row → whether its last step was carried out
    _writing: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(
        cls,
        *contacts: Mapping[str, str],
        batch_size: int = 3,
        always: bool = True,
        fates: Iterable[Fate] = (),
        latency: float = 0.0,
        takes_upserts: bool = True,
        is_terse: bool = False,
    ) -> FakePortal:
        """Number the contacts from 1. ``other`` is a contact's second address."""
        numbered = {str(n): dict(contact) for n, contact in enumerate(contacts, 1)}
        return cls(numbered, batch_size, always, iter(list(fates)), latency, takes_upserts, is_terse)

    @property
    def calls(self) -> int:
        return len(self.reads) + len(self.writes)

    def recover(self) -> None:
        """Answer honestly from now on, and begin the log anew."""
        self.fates = iter(())
        self.reads.clear()
        self.writes.clear()
        self.applied.clear()
        self.last.clear()

    def key_of(self, contact_id: str, contact: Mapping[str, str]) -> str | None:
        """Return the key that an answer to a write has of a contact."""
        del contact_id
        return contact.get("email")

    def _by_id(self, contact_id: str) -> tuple[str, dict[str, str]] | None:
        contact = self.contacts.get(contact_id)
        return None if contact is None else (contact_id, contact)

    def by_address(self, address: str) -> tuple[str, dict[str, str]] | None:
        for contact_id, contact in self.contacts.items():
            if address and address in (contact.get("email"), contact.get("other")):
                return contact_id, contact
        return None

    def read(self, keys: Sequence[str], properties: Collection[str], /) -> Found | Refused | Lost:
        assert len(keys) <= max(self.batch_size, 2), "too many keys for one call"
        with self._lock:
            assert self.calls < MAX_CALLS, "the run goes round in circles"
            self.reads.append(tuple(keys))
            self.asked.update(properties)
            fate = next(self.fates, None)
            found = self._find(keys)
        time.sleep(self.latency)
        if isinstance(fate, Whole):
            return fate.answer
        if fate in {Odd.SILENT, Odd.DEAF}:
            return Found({}, frozenset())
        if fate is Odd.FORGETFUL:
            contacts = {key: stored for key, stored in found.contacts.items() if key != keys[0]}
            return Found(contacts, found.missing - {keys[0]})
        return found

    def write(self, kind: Write, steps: Sequence[Step], /) -> Answers | Refused | Lost:
        assert 0 < len(steps) <= self.batch_size, "too many inputs for one call"
        with self._lock:
            assert self.calls < MAX_CALLS, "the run goes round in circles"
            self.writes.append((kind, len(steps)))
            fate = next(self.fates, None)
        with self._busy([step.change.contact or step.change.address for step in steps]):
            time.sleep(self.latency)
            with self._lock:
                return self._carry_out(kind, steps, fate)

    def _find(self, keys: Sequence[str]) -> Found:
        found = {key: contact for key in keys if (contact := self.by_address(key))}
        stored = {
            key: Stored(contact_id, contact_id if self.always else key, dict(contact))
            for key, (contact_id, contact) in found.items()
        }
        return Found(stored, frozenset(keys) - set(stored))

    def _carry_out(self, kind: Write, steps: Sequence[Step], fate: Fate) -> Answers | Refused | Lost:
        self.last |= {step.change.record.row: False for step in steps}
        if fate is Odd.DEAF:
            return Answers(200)
        if kind is Write.UPSERT and not self.takes_upserts:
            self.upserts, fate = False, refused(400)
        if isinstance(fate, Whole) and not fate.applied:
            return fate.answer
        anonymous = fate is Odd.ANONYMOUS
        carry_out = self._archive if kind is Write.ARCHIVE else partial(self._write, kind)
        said = [carry_out(step) for step in steps[1 if anonymous else 0 :]]
        if isinstance(fate, Whole):
            return fate.answer
        written = [answer for answer in said if isinstance(answer, Written)]
        refusals = [answer for answer in said if isinstance(answer, Refusal)]
        if fate is Odd.SILENT:
            return Answers(200)
        if anonymous:
            return Answers(207, tuple(written[-1:]), (*refusals, Refusal(400, "one is wrong", "CATEGORY")))
        if fate is Odd.FORGETFUL:
            written = written[1:]
        return Answers(207 if refusals else 200, tuple(reversed(written)), tuple(refusals), "call-2")

    def _archive(self, step: Step) -> Written:
        self.contacts.get(step.change.address, {}).clear()
        self.applied.append((step.change.record.row, step.change.address))
        return Written(step.change.address)

    def _write(self, kind: Write, step: Step) -> Written | Refusal:
        address, trace = step.change.address, (step.trace_id,)
        if BAD in step.properties.values():
            return Refusal(400, "is bad", "VALIDATION_ERROR", trace_ids=trace, properties=("firstname",))
        by_id = self.always and kind in BY_RECORD_ID
        found = self._by_id(address) if by_id else self.by_address(address)
        if kind is Write.CREATE and self.always and found:
            return Refusal(409, "exists", "CONFLICT", trace_ids=trace)
        created = kind not in BY_RECORD_ID and not found
        if created:
            found = (str(len(self.contacts) + 1), {"email": address})
        if not found:
            return Refusal(404, "no such contact", "OBJECT_NOT_FOUND", ids=(address,))
        contact_id, contact = found
        holder = self.by_address(step.properties.get("email", ""))
        if holder and holder[0] != contact_id:
            return Refusal(409, "the address is taken", "CONFLICT", trace_ids=trace, existing_id=holder[0])
        self.contacts[contact_id] = contact
        self._set(contact, step.properties)
        self.applied.append((step.change.record.row, contact_id))
        self.last[step.change.record.row] = True
        if self.always:
            shown = [*step.properties] if self.is_terse and not created else [*contact]
            key = None if self.is_terse and not created else self.key_of(contact_id, contact)
            return Written(contact_id, key, {name: contact[name] for name in shown}, created)
        return Written(contact_id if kind is Write.CREATE else address, address, created=created)

    @staticmethod
    def _set(contact: dict[str, str], properties: Mapping[str, str]) -> None:
        """Set values as HubSpot does: a stage that would go back is left alone, a semicolon adds."""
        current = contact.get(STAGE)
        for name, value in properties.items():
            stays = name == STAGE and current and value
            if not (stays and DEFAULT_STAGES.index(value) < DEFAULT_STAGES.index(str(current))):
                contact[name] = contact.get(name, "") + value if value.startswith(";") else value

    @contextmanager
    def _busy(self, addresses: Sequence[str]) -> Iterator[None]:
        assert len(addresses) == len(set(addresses)), "one call writes a contact twice"
        with self._lock:
            assert self._writing.isdisjoint(addresses), "two writes of one contact overlap"
            self._writing.update(addresses)
        try:
            yield
        finally:
            with self._lock:
                self._writing.difference_update(addresses)


class FakeProofs:
    """What is proved, in dictionaries; a test can let one of its calls fail.

    :param fails: numbers of the calls that raise, from 1.
    """

    def __init__(self, *fails: int) -> None:
        self.kept: dict[str, Proof] = {}
        self.log: list[tuple[str, object]] = []
        self.ends: list[Outcome] = []  # of the last run
        self._fails = fails

    def _called(self, name: str, about: object = None) -> None:
        self.log.append((name, about))
        if len(self.log) in self._fails:
            raise ConnectionError(name)

    def compare(self, records: Sequence[Record], /) -> Sequence[Proof]:
        self._called("compare", [record.row for record in records])
        nothing = Proof("", "")
        return [
            self.kept.get(record.key, nothing)._replace(
                key=record.key,
                content=content_of(record),
                gives=tuple(filter(None, [record.properties.get("email")])),
            )
            for record in records
        ]

    def keys_of(self, ids: Collection[str], /) -> Mapping[str, Collection[str]]:
        self._called("keys_of", sorted(ids))
        return {each: [key for key, proof in self.kept.items() if proof.id == each] for each in ids}

    def void(self, keys: Collection[str], ids: Collection[str] = (), /) -> None:
        self._called("void", sorted(keys))
        for key, proof in self.kept.items():
            if key in keys or proof.id in ids:
                self.kept[key] = proof._replace(proved=None)

    def prove(self, proofs: Sequence[Proof], /) -> None:
        self._called("prove", sorted(proof.key for proof in proofs))
        self.kept |= {proof.key: proof for proof in proofs}

    def confirm(self) -> None:
        self._called("confirm")


class FakeLists:
    """Lists in dictionaries that can misbehave.

    :param members: list → record ids of its members.
    :param fates: what becomes of the first calls that change members, and of those that read them.
    :param fails: number of the look at what is known, or of what is kept, that raises; from 1.
    :ivar kept: what was proved: list → record ids.
    """

    def __init__(
        self,
        members: Mapping[str, Collection[str]] | None = None,
        *,
        batch_size: int = 2,
        fates: Iterable[Fate] = (),
        fails: int = 0,
        kept: Mapping[str, Collection[str]] | None = None,
        contacts: Collection[str] | None = None,
    ) -> None:
        self.batch_size = batch_size
        self.now = {name: {*ids} for name, ids in (members or {}).items()}
        self.kept = {name: {*ids} for name, ids in (kept or {}).items()}
        self.moves: list[tuple[str, ...]] = []
        self.reads: list[tuple[str, ...]] = []
        self._contacts = contacts
        self._fates = iter(list(fates))
        self._fails = fails
        self._looks = 0

    def target(self, name: str, /) -> str:
        if name == "unknown":
            raise UnknownList("there is no such list")
        return name

    def known(self, target: str, contacts: Mapping[str, Collection[str]], /, *, leaves: bool) -> Members:
        self._look()
        kept = self.kept.get(target, set()) & {*contacts}
        return Members(target, frozenset() if leaves else frozenset(kept))

    def move(self, target: str, contacts: Sequence[str], /, *, leaves: bool) -> Moved | Refused | Lost:
        assert 0 < len(contacts) <= self.batch_size, "too many contacts for one call"
        assert len(self.moves) < MAX_CALLS, "the run goes round in circles"
        self.moves.append(tuple(contacts))
        fate, there = next(self._fates, None), self.now.setdefault(target, set())
        missing = {*contacts} - {*self._contacts} if self._contacts is not None else set()
        changed = {each for each in contacts if (each in there) is leaves} - missing
        if fate is not Odd.DEAF and not (isinstance(fate, Whole) and not fate.applied):
            there.difference_update(changed) if leaves else there.update(changed)
        if isinstance(fate, Whole):
            return fate.answer
        if fate in {Odd.SILENT, Odd.DEAF}:
            return Moved(200, target, frozenset(), frozenset())
        return Moved(200, target, frozenset(changed), frozenset(missing))

    def members(self, target: str, contacts: Collection[str], /, *, surely: bool) -> Members | Refused | Lost:
        self.reads.append(tuple(contacts))
        fate = next(self._fates, None)
        if isinstance(fate, Whole):
            return fate.answer
        if fate is Odd.SILENT and not surely:
            return Members(target, frozenset())
        return Members(target, frozenset({*contacts} & self.now.get(target, set())))

    def note(
        self, list_id: str, contacts: Mapping[str, Collection[str]], /, *, leaves: bool, by_this_run: bool
    ) -> None:
        del by_this_run
        self._look()
        kept = self.kept.setdefault(list_id, set())
        kept.difference_update(contacts) if leaves else kept.update(contacts)

    def _look(self) -> None:
        self._looks += 1
        if self._looks == self._fails:
            raise ConnectionError("the state is lost")


def content_of(record: Record) -> str:
    """Return what stands for the digest of a record's values."""
    return repr(sorted(record.properties.items()))


class ShuffledWorkers:
    """Carries calls out in this thread, in an order that a seed decides.

    What a call does happens at its start or at its end, as the seed picks, and calls end in any order.
    So an answer can be old when it arrives, and every interleaving of two calls is possible. A call that
    has done nothing yet when the run stops never does.

    :param seed: decides the order.
    :param size: calls that may be under way at once.
    """

    def __init__(self, seed: int = 0, size: int = 4) -> None:
        self.size = size
        self.most = 0
        self._random = random.Random(seed)
        self._started: list[tuple[Call, Callable[[], Answer], bool]] = []

    def start(self, job: Call, call: Callable[[], Answer], /) -> None:
        assert len(self._started) < self.size, "too many calls at once"
        under_way = {address for other, _, _ in self._started for address in _addresses(other)}
        assert under_way.isdisjoint(_addresses(job)), "two writes of one contact overlap"
        if self._random.random() < 0.5:
            answer = call()
            self._started.append((job, lambda: answer, True))
        else:
            self._started.append((job, call, False))
        self.most = max(self.most, len(self._started))

    def finished(self) -> tuple[Call, Answer] | None:
        job, call, _ = self._started.pop(self._random.randrange(len(self._started)))
        return job, call()

    def cancel(self) -> None:
        cancelled = Lost("cancelled", sent=False)
        self._started = [
            (job, call if done else lambda: cancelled, done) for job, call, done in self._started
        ]


def _addresses(job: Call) -> list[str]:
    steps = job.steps if isinstance(job, WriteCall) else ()
    return [step.change.contact or step.change.address for step in steps]


def results_of(
    sync: Sync, rows: Iterable[object], workers: ShuffledWorkers | None = None
) -> dict[int, Result]:
    """Run a sync, and give its results by row; a row that ends twice is a mistake."""
    results: dict[int, Result] = {}

    def settled(result: Result) -> None:
        assert result.row not in results, f"row {result.row} ended twice"
        results[result.row] = result

    sync.run(rows, workers or ShuffledWorkers(), settled)
    return dict(sorted(results.items()))
