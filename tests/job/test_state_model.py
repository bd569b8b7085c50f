# SPDX-License-Identifier: Apache-2.0
"""A model of runs with a state: rows, hand edits, merges, a second run, and kills between any two steps."""

from __future__ import annotations

import copy
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing
from enum import Enum
from itertools import product
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st
from sqlalchemy import func

from airflow_provider_hubcontact.clock import SYSTEM_CLOCK
from airflow_provider_hubcontact.job.errors import ClaimLost, StateError
from airflow_provider_hubcontact.job.ports import Execute
from airflow_provider_hubcontact.job.state.audit import DAY
from airflow_provider_hubcontact.job.state.claim import DEAD_AFTER
from airflow_provider_hubcontact.job.state.session import StateSession
from airflow_provider_hubcontact.job.state.tables import Tables
from airflow_provider_hubcontact.operators.stores.state_database import StateDatabase
from airflow_provider_hubcontact.refusal import Refusal
from airflow_provider_hubcontact.sync.decide.rules import LookUp, Rules
from airflow_provider_hubcontact.sync.flow.calls import Answer, Call
from airflow_provider_hubcontact.sync.flow.proofs import proof_gate
from airflow_provider_hubcontact.sync.flow.proofs.audit import Audit
from airflow_provider_hubcontact.sync.flow.sync import Sync
from airflow_provider_hubcontact.sync.model.change import Write
from airflow_provider_hubcontact.sync.model.choices import Drift
from airflow_provider_hubcontact.sync.model.outcome import DECIDES_VALUES, DRIFT, Outcome, Result, Stop
from airflow_provider_hubcontact.sync.model.ports import Answers, Found, Lost, Refused, Step, Written
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.record_mapping import RecordMapping
from tests.sync.fakes import BAD, LOST_ANSWER, FakePortal, Fate

T = TypeVar("T")

Row = dict[str, str | None]

KEYS = ("a@x.y", "b@x.y", "c@x.y")

DAYS = 3
"""In which each proof is read back once."""


class Killed(BaseException):
    """The process is gone."""


class InOrder:
    """Carries a call out as soon as it starts."""

    size = 1

    def __init__(self) -> None:
        self._ended: list[tuple[Call, Answer]] = []

    def start(self, job: Call, call: Callable[[], Answer], /) -> None:
        self._ended.append((job, call()))

    def finished(self) -> tuple[Call, Answer] | None:
        return self._ended.pop()

    def cancel(self) -> None:
        """No call is under way when this is called."""


class Steps:
    """Counts the steps of a run, and does something before one of them.

    :param at: number of the step; 0 for none.
    :param act: what is done then.
    """

    def __init__(self, at: int = 0, act: Callable[[], None] = lambda: None) -> None:
        self._left = at
        self._act = act

    def pass_by(self) -> None:
        self._left -= 1
        if self._left == 0:
            self._act()


class Portal(FakePortal):
    """A portal in which a run can be killed before and after each call.

    :ivar merged: record id of a merged contact → the one that answers for it.
    :ivar strays: contacts that were written although a state has another one for the key, as somebody has
        moved the key: the run learns of it by the answer.
    :ivar on_edit: called with a contact that a run has written unknowingly.
    """

    steps = Steps()
    on_edit: Callable[[str], None]

    def __init__(self, *args: Any, by_id: bool = False, **options: Any) -> None:
        super().__init__(*args, **options)
        self.by_id = by_id
        self.merged: dict[str, str] = {}
        self.strays: set[str] = set()

    def by_address(self, address: str) -> tuple[str, dict[str, str]] | None:
        return self._by_id(address) if address.isdecimal() else super().by_address(address)

    def key_of(self, contact_id: str, contact: Mapping[str, str]) -> str | None:
        return contact_id if self.by_id else super().key_of(contact_id, contact)

    def _by_id(self, contact_id: str) -> tuple[str, dict[str, str]] | None:
        while contact_id in self.merged:
            contact_id = self.merged[contact_id]
        return super()._by_id(contact_id)

    def read(self, keys: Sequence[str], properties: Collection[str], /) -> Found | Refused | Lost:
        self.steps.pass_by()
        answer = super().read(keys, properties)
        self.steps.pass_by()
        return answer

    def write(self, kind: Write, steps: Sequence[Step], /) -> Answers | Refused | Lost:
        # Nothing comes between the claim that is confirmed and the call.
        before = set(self.strays)
        answer = super().write(kind, steps)
        if isinstance(answer, Lost):
            self.forget_strays(before)
        self.steps.pass_by()
        return answer

    def forget_strays(self, told: Collection[str] = ()) -> None:
        """Take the contacts of whose writing a run does not learn for edited by somebody else."""
        for contact in self.strays - set(told):
            self.on_edit(contact)
        self.strays = set(told)

    def _write(self, kind: Write, step: Step) -> Written | Refusal:
        change, whose = step.change, self.by_address(step.change.record.key)
        said = super()._write(kind, step)
        if change.is_direct and isinstance(said, Written):
            if said.id != change.contact:
                self.strays.add(said.id)
            if kind is Write.UPDATE and (whose is None or whose[0] != said.id):
                self.on_edit(said.id)  # the user trusts in the id
        return said


class Database(StateDatabase):
    """A database with the world's clock, in which a run can be killed before and after each transaction."""

    def __init__(self, connect: Callable[[], Any], steps: Steps) -> None:
        super().__init__(connect)
        self._steps = steps
        self._texts = TEXTS

    @property
    def now(self) -> Any:
        return func.now_of_the_world()

    def transact(self, work: Callable[[Execute], T], /) -> T:
        self._steps.pass_by()
        result = super().transact(work)
        if not self._confirms(work):
            self._steps.pass_by()
        return result

    @staticmethod
    def _confirms(work: object) -> bool:
        return getattr(work, "__name__", "") == "confirm"


TABLES = Tables("hub", func.now_of_the_world())
TEXTS: dict[Any, Any] = {}
"""What was compiled before."""


class Way(Enum):
    """How contacts are written."""

    UPDATE = "by record id, once they are looked up"
    UPSERT = "likewise, or created"
    UPSERT_BY_KEY = "by their keys, if their record ids are proved"
    UPDATE_BY_ID = "by the record ids that are proved"
    ID_AS_KEY = "likewise, and these are their keys"


class World:
    """A portal, a state, and what people know of them.

    :param file: of the state.
    :param contacts: of the portal.
    :param way: how contacts are written.
    :param in_flight: records that may be in flight at once; with one, rows are written in their order.
    :param drift: what becomes of contacts that were edited by hand.
    :param is_terse: whether HubSpot's answers show only what was written.
    """

    def __init__(
        self,
        file: Path,
        contacts: Sequence[dict[str, str]],
        way: Way,
        *,
        in_flight: int,
        drift: Drift = Drift.WRITE,
        is_terse: bool = False,
    ) -> None:
        file.unlink(missing_ok=True)
        self.now = 1_000_000
        numbered = {str(number): dict(contact) for number, contact in enumerate(contacts, 1)}
        self.portal = Portal(numbered, batch_size=2, by_id=way is Way.ID_AS_KEY, is_terse=is_terse)
        self.portal.on_edit = self._taint
        self.way = way
        self.keys = {email: str(n) for n, email in enumerate(KEYS, 1)} if self.portal.by_id else {}
        self.in_flight = in_flight
        self.drift = drift
        # Keys whose contact somebody else has edited since the proof, and since when
        self.tainted: dict[str, int] = {}
        self._file = file
        self._runs = 0
        self.digests: dict[str, str] = {}  # key → its digest

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._file)
        db.execute("PRAGMA synchronous=OFF")
        db.create_function("now_of_the_world", 0, lambda: self.now)
        return db

    def edit(self, contact_id: str, name: str, value: str) -> None:
        """Edit a contact by hand: one of its values, or its addresses."""
        contact = self.portal.contacts[contact_id]
        self._taint(contact_id)
        if name in {"email", "other"} and (self.portal.by_address(value) or not contact.get("email")):
            return
        contact[name] = value
        self._taint(contact_id)

    def pass_days(self, days: int) -> None:
        """Let time go by, or set the clock back: then nobody knows how old an edit is."""
        self.now += days * DAY
        if days < 0:
            self.tainted = dict.fromkeys(self.tainted, self.now)

    def merge(self, one: str, other: str) -> None:
        """Merge a contact into another one, which keeps its values and gets the other's address."""
        whole, gone = self.portal.contacts[one], self.portal.contacts[other]
        if one == other or not whole.get("email") or not gone.get("email") or whole.get("other"):
            return
        self._taint(one)
        self._taint(other)
        whole["other"] = gone.pop("email")
        gone.clear()
        self.portal.merged[other] = one

    def _taint(self, contact_id: str) -> None:
        names = map(self.key, KEYS)
        self._note(
            {key for key in names if (found := self.portal.by_address(key)) and found[0] == contact_id}
        )
        with closing(self._connect()) as db:
            if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'hub'").fetchone():
                known = {
                    key
                    for (key,) in db.execute("SELECT key_digest FROM hub WHERE record_id = ?", (contact_id,))
                }
                self._note({key for key, digest in self.digests.items() if digest in known})

    def _note(self, keys: Collection[str]) -> None:
        for key in keys:
            self.tainted.setdefault(key, self.now)

    @property
    def upserts(self) -> bool:
        """Whether runs create contacts."""
        return self.way in {Way.UPSERT, Way.UPSERT_BY_KEY}

    def key(self, email: str) -> str:
        """Return the key that stands for an address: it, or a record id."""
        return self.keys.get(email, email)

    def run(
        self,
        rows: Sequence[Row],
        steps: Steps | None = None,
        holder: str = "task",
        fates: Sequence[Fate] = (),
    ) -> dict[int, Result]:
        """Run a sync with the state."""
        steps = steps or Steps()
        former, self.portal.steps = self.portal.steps, steps
        self.portal.fates = iter(fates)
        self._runs = number = self._runs + 1
        ended: dict[int, Result] = {}
        passed: list[tuple[int, str, int]] = []  # row that is up to date, contact, writes before
        begin = len(self.portal.applied)

        def settled(result: Result) -> None:
            assert result.row not in ended, f"row {result.row} ended twice"
            ended[result.row] = result
            contact = self._judged(result, rows, begin, is_late=self._runs != number)
            if contact:
                passed.append((result.row, contact, len(self.portal.applied)))

        with closing(Database(self._connect, steps)) as database:
            try:
                session = StateSession(
                    *(database, TABLES, 1, {"mapping": "all"}, SYSTEM_CLOCK),
                    audit=DAYS,
                    drift=self.drift,
                    absent=None if self.upserts else DAYS,
                )
                session.claim(holder)
                session.plan_audit(None, 2)
                self.claimed(session, rows)
                proofs = session.proofs(None, writes=True)
                for key in map(self.key, KEYS):
                    self.digests[key] = proofs.compare([Record(1, key, {})])[0].key
                audit = Audit(self.drift, absent=not self.upserts)
                stop = self.sync(proofs, audit).run(self.keyed(rows), InOrder(), settled)
                event("audited" if audit.audited else "nothing was audited")
                stop = stop or self.sent(session, rows, ended)
                session.close(completed=stop is None)
                self.closed(rows, stop)
                self.portal.strays.clear()
            finally:
                self.portal.forget_strays()
                self.portal.steps = former
        if self._runs != number:  # another run has taken over meanwhile
            return ended
        late = [
            each
            for row, contact, before in passed
            for each in self.portal.applied[before:]
            if each[1] == contact and each[0] < row
        ]
        assert not late, f"an earlier row was written after a later one was up to date: {late}"
        assert len(ended) == len(rows)
        return ended

    def claimed(self, session: StateSession, rows: Sequence[Row]) -> None:
        """Do what comes before the first row."""

    def sent(self, session: StateSession, rows: Sequence[Row], ended: dict[int, Result]) -> Stop | None:
        """Do what comes after the last row; return why that stopped, if it did."""

    def closed(self, rows: Sequence[Row], stop: Stop | None) -> None:
        """Note how the run ended."""

    def _judged(self, result: Result, rows: Sequence[Row], begin: int, *, is_late: bool) -> str | None:
        """Hold the end of a row against what people know.

        :param begin: of the run, in the log of the portal.
        :param is_late: whether another run has taken over meanwhile.
        :return: the contact that is up to date, and that nobody else has edited.
        """
        values = rows[result.row - 1]
        key, is_absent = self.key(str(values["email"])), result.category == "ABSENT"
        is_certain = result.outcome in DECIDES_VALUES and self._has_written(key, result.row, begin)
        if is_certain or (result.outcome is Outcome.NOT_FOUND and not is_absent):
            self.tainted.pop(key, None)
        if result.category == DRIFT:
            event("drift was told")
            assert self.drift is Drift.TELL
            assert key in self.tainted
            self.tainted[key] = self.now  # it is told, and not again for as many days
        if is_late or not (is_absent or result.outcome is Outcome.UP_TO_DATE):
            return None
        found = self.portal.by_address(key)
        if key in self.tainted:
            late = self.now - self.tainted[key]
            assert late < DAYS * DAY, f"{key} was edited {late / DAY} days ago, and nobody has looked"
            return None
        if is_absent:
            event("nobody was asked for")
            assert not found, f"{key} is there, and is not looked for"
            return None
        assert found, f"{key} is up to date, and nobody has it"
        later = self._written_later(result.row, rows, begin)
        wanted = {name: value for name, value in values.items() if value and name not in {"email", *later}}
        assert wanted.items() <= found[1].items(), f"{key} is up to date, but has {found[1]}"
        return found[0]

    def _written_later(self, row: int, rows: Sequence[Row], begin: int) -> set[str]:
        """Return what later rows have written over the values of a row, by another address of its contact.

        Such a row may go on while the row is held back for one before it, whose contact is not known yet.
        """
        contact = self.portal.by_address(self.key(str(rows[row - 1]["email"])))
        written = {number for number, id_ in self.portal.applied[begin:] if contact and id_ == contact[0]}
        return {name for number in written if number > row for name in rows[number - 1]}

    def _has_written(self, key: str, row: int, begin: int) -> bool:
        """Check whether what a run has written for a row is the key's contact."""
        written = [contact for number, contact in self.portal.applied[begin:] if number == row]
        found = self.portal.by_address(key)
        return not written or (found is not None and found[0] == written[-1])

    def keyed(self, rows: Sequence[Row]) -> list[Row]:
        """Return rows with the keys that stand for their addresses."""
        return [{**row, "id": self.key(str(row["email"]))} for row in rows]

    def sync(self, proofs: Any = None, audit: Audit | None = None) -> Sync:
        is_plain = self.way in {Way.UPDATE, Way.UPSERT}
        name = "hs_object_id" if self.portal.by_id else "email"
        rules = Rules(
            id_property=name,
            create=self.upserts,
            look_up=LookUp.ALL if is_plain else LookUp.UNPROVED,
        )
        shape = RecordMapping("id", name, mapping={"firstname": "firstname", "city": "city"})
        return Sync(
            *(shape, rules, self.portal, self.portal),
            proofs=proofs,
            audit=audit,
            max_in_flight=self.in_flight,
        )

    def values(self) -> dict[str, dict[str, str] | None]:
        """Return key → values of its contact, for keys whose contact nobody else has edited."""
        found = {key: self.portal.by_address(key) for key in map(self.key, KEYS)}
        edited = {contact[0] for key in self.tainted if (contact := found[key])}
        return {
            key: contact[1] if contact else None
            for key, contact in found.items()
            if key not in self.tainted and not (contact and contact[0] in edited)
        }

    def meets(self, rows: Sequence[Row]) -> bool:
        """Check whether rows of different keys are about one contact."""
        keys = {self.key(str(row["email"])) for row in rows}
        found = [found[0] for key in keys if (found := self.portal.by_address(key))]
        return len(found) > len(set(found))

    def without_state(self, rows: Sequence[Row]) -> World:
        """Return a copy of the world in which a run without a state has taken place."""
        other = copy.copy(self)
        other.portal = Portal(
            copy.deepcopy(self.portal.contacts),
            self.portal.batch_size,
            fates=iter(()),
            by_id=self.portal.by_id,
        )
        other.portal.merged = dict(self.portal.merged)
        other.tainted = dict(self.tainted)
        other.sync().run(other.keyed(rows), InOrder(), lambda _: None)
        return other


def words(*texts: str) -> st.SearchStrategy[str]:
    return st.sampled_from(texts)


ROWS = st.lists(
    st.fixed_dictionaries(
        {"email": words(*KEYS)},
        optional={"firstname": words("x", "y", "z"), "city": words("q", "r", BAD)},
    ),
    max_size=5,
)
CONTACTS = words("a b c", "a b", "a+b c", "a+c b", "", "a+b")
ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("time"), st.just(0)),
        st.tuples(st.just("source"), ROWS),
        st.tuples(st.just("source"), ROWS),
        st.tuples(
            st.just("found"), st.integers(1, 3), words("firstname", "city", "email"), words("x", "a@x.y")
        ),
        st.tuples(st.just("time"), st.sampled_from([0, 1, 1, 2, 3, 50, -1, -50])),
        st.tuples(st.just("killed"), st.integers(1, 40)),
        st.tuples(st.just("lost"), st.integers(0, 5)),
        st.tuples(st.just("second"), st.integers(1, 40), ROWS, st.booleans()),
        st.tuples(
            st.just("edit"),
            st.integers(1, 3),
            words("firstname", "city", "email", "other"),
            words("x", "n@x.y", "a@x.y"),
        ),
        st.tuples(st.just("merge"), st.integers(1, 3), st.integers(1, 3)),
    ),
    min_size=1,
    max_size=7,
)


def contacts(text: str) -> Iterator[dict[str, str]]:
    for names in text.split():
        first, _, second = names.partition("+")
        yield {"email": f"{first}@x.y", "firstname": "w", **({"other": f"{second}@x.y"} if second else {})}


@pytest.fixture(scope="module", params=[(1_000, 8_000), (1, 1)], ids=["all rows wait", "one row waits"])
def file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The file of a state; rows are compared, and held back, in such numbers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(proof_gate, "CHUNK", request.param[0])
        patch.setattr(proof_gate, "MAX_HELD", request.param[1])
        yield tmp_path_factory.mktemp("state") / "state.db"


@settings(
    max_examples=100,
    deadline=None,
    phases=(Phase.reuse, Phase.generate, Phase.shrink),
    suppress_health_check=[HealthCheck.too_slow],
)
@given(CONTACTS, ROWS, ACTS, st.sampled_from([*product(Way, (1, 3), Drift, (False, True))]))
def test_the_model(
    file: Path, text: str, rows: list[Row], acts: list[tuple[Any, ...]], how: tuple[Way, int, Drift, bool]
) -> None:
    """What is up to date is there, unless somebody edits it, which is found in time.

    The end is that of runs without a state. A contact counts as edited by somebody else, too, if it was
    written because of what somebody had moved or merged, and the run has not learned of it: it was killed
    before the answer, or the user trusts in ids.
    """
    way, in_flight, drift, is_terse = how
    world = World(file, [*contacts(text)], way, in_flight=in_flight, drift=drift, is_terse=is_terse)
    tried(world, rows)
    for act in acts:
        match act:
            case ("source", new):
                rows = new
                tried(world, rows)
            case ("found", *what):
                tried(world, rows)
                by_hand(world, ("edit", *what))
                world.pass_days(DAYS)
                tried(world, rows)
            case ("time", days):
                world.pass_days(days)
                tried(world, rows)
            case ("killed", at):
                killed(world, rows, at)
                tried(world, rows)
            case ("lost", at):
                world.run(rows, fates=[None] * at + [LOST_ANSWER])
                tried(world, rows)
            case ("second", at, others, is_dead):
                second(world, rows, at, others, is_dead=is_dead)
                world.now += DEAD_AFTER
                tried(world, rows)
            case _:
                by_hand(world, act)


def by_hand(world: World, act: tuple[Any, ...]) -> None:
    """Edit a contact, or merge two, if they are there."""
    match act:
        case ("edit", contact, name, value) if str(contact) in world.portal.contacts:
            world.edit(str(contact), name, value)
        case ("merge", one, other) if {str(one), str(other)} <= world.portal.contacts.keys():
            world.merge(str(one), str(other))


def tried(world: World, rows: list[Row]) -> None:
    """Run with the state, and compare the end with that of a run without it."""
    other = world.without_state(rows)
    ended = world.run(rows)
    event("up to date" if Outcome.UP_TO_DATE in {each.outcome for each in ended.values()} else "all sent")
    if world.in_flight > 1 and world.meets(rows):
        return  # rows of one contact by two addresses: their order is not promised
    event(f"written {world.way.value}")
    keys = world.values().keys() & other.values().keys()
    assert {key: world.values()[key] for key in keys} == {key: other.values()[key] for key in keys}


def killed(world: World, rows: list[Row], at: int) -> None:
    def die() -> None:
        raise Killed

    try:
        world.run(rows, Steps(at, die))
    except Killed:
        event("killed")


def second(world: World, rows: list[Row], at: int, others: list[Row], *, is_dead: bool) -> None:
    """Let another task run between two steps of a run, which may have given no sign of life for long."""

    def act() -> None:
        world.now += DEAD_AFTER if is_dead else 1
        try:
            world.run(others, holder="another")
        except StateError as error:
            event(f"the second run was refused: {str(error)[:30]}")

    try:
        world.run(rows, Steps(at, act))
    except ClaimLost:
        event("the first run has lost its claim")
    except StateError:
        event("the first run has lost its claim")
