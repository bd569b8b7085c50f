# SPDX-License-Identifier: Apache-2.0
"""What must hold at every moment of a world, whatever goes wrong."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import permutations

from airflow_provider_hubcontact.sandbox.crm.record import Record
from airflow_provider_hubcontact.sync.decide.policy import Action
from airflow_provider_hubcontact.sync.keep.ledger import Line as LedgerLine
from airflow_provider_hubcontact.sync.keep.report import Report
from airflow_provider_hubcontact.sync.model.choices import Membership
from airflow_provider_hubcontact.sync.model.outcome import (
    DRIFT,
    INTERNAL_ERROR,
    LIST,
    NOT_WRITTEN,
    SUCCESSES,
    WRITES,
    Outcome,
    Result,
)
from tests.simulation.change_oracles import ChangeOracles, Sent, sent_in
from tests.simulation.list_oracles import ListOracles
from tests.simulation.plot import STAGE, Plot, Row
from tests.simulation.portal import OTHERS, Applied, Json, SimulatedPortal, addresses_of, name_of
from tests.simulation.removal_oracles import RemovalOracles
from tests.simulation.state_oracles import StateOracles, open_properties
from tests.simulation.words import JUDGED, LOGIN

NOTHING_SENT = frozenset({Outcome.INVALID, Outcome.NOT_ATTEMPTED})
"""Outcomes that say that the record was not written."""

ABSENT = "ABSENT"
"""Category of rows that the portal is not asked about, since nobody had their key some days ago."""

ADDRESS_TAKEN = "ADDRESS_TAKEN"
"""Category of rows that are not sent, since another contact has a second address of theirs."""

WOULD_UPDATE = "WOULD_UPDATE"
"""Category of rows that a plan updates."""

CLAIM_LOST = "claim lost"
"""What is counted when a run finds out that another one has claimed its state."""

PROVED = WRITES | {Outcome.UP_TO_DATE}
"""Outcomes after which no earlier row of the key may be written."""

REFUSED = NOT_WRITTEN - NOTHING_SENT
"""Outcomes that say that HubSpot did not write the record."""

UNREPEATABLE = frozenset({Action.RETRY, Action.FAIL_NOW})
"""What a row that a checkpoint counts must not ask for."""

WELL = frozenset({Action.SUCCEED, Action.SKIP})
"""What a row that a watermark passes over may ask for."""

CLEARED = f"{STAGE} was cleared but not set again"
"""What the reason of a row says whose contact may have lost its stage."""

MOST_ORDERED = 5
"""Rows of one contact of which all orders are tried."""


@dataclass(eq=False)
class TryWatch:
    """What one try has done so far.

    :param plot: what its task is to do.
    :param rows: those that it reads, in their order; their numbers in the try are those of their places.
    :param name: of the try.
    :param number: of the try, as Airflow counts.
    :param since: when it began.
    :param may_write: whether it writes contacts at all.
    :param may_repeat: whether it may write what a contact has already.
    :param limit: calls that it may make in ten seconds; None if it learns that first.
    :ivar woke: when its machine went on, if that was suspended: calls that had waited come all at once then.
    :ivar removals: results of contacts whose rows left the source, by their numbers.
    :ivar removed: what was carried out for them.
    :ivar stages_sent: contact, as writes name it → lifecycle stages that were sent since its own was cleared.
    :ivar has_lost_claim: whether it knows that another run has claimed the state.
    :ivar sent: what it has sent to be written, but for calls that found no connection.
    """

    oracles: Oracles
    plot: Plot
    rows: Sequence[Row]
    name: str
    number: int
    since: float
    may_write: bool
    may_repeat: bool
    limit: int | None
    has_lost_claim: bool = False
    woke: float = -math.inf
    results: dict[int, Result] = field(default_factory=dict)
    lines: dict[int, LedgerLine] = field(default_factory=dict)
    written: list[Applied] = field(default_factory=list)
    removals: dict[int, Result] = field(default_factory=dict)
    removed: list[Applied] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    writes_sent: int = 0
    moves_sent: int = 0
    stages_sent: Counter[str] = field(default_factory=Counter)
    _under_way: Counter[str] = field(default_factory=Counter)
    _sent: list[float] = field(default_factory=list)

    def row(self, number: int) -> Row:
        """Return a row by its number in this try."""
        return self.rows[number - 1]

    def are_alike(self, row: Row, other: Row) -> bool:
        """Check whether two rows ask for just the same, so that the result of one is the other's.

        If a key may have one row only, that holds of rows that are not read together.
        """
        may_repeat = self.plot.settings.writes.duplicates != "reject" or other not in self.rows
        return row is other or (may_repeat and row.content == other.content)

    def may_be_named(self) -> bool:
        """Check whether what it writes counts as its own: where there is a state, only with its claim."""
        return self.oracles.plot.settings.state is None or self.oracles.state.has_claim(self.name)

    def lose_claim(self) -> None:
        """Note that it knows by now that another run has claimed the state."""
        self.has_lost_claim = True
        self.oracles.faults[CLAIM_LOST] += 1

    @property
    def may_move(self) -> bool:
        """Whether it may change lists: a guard of 0 changes lets it, if no contact is to be written."""
        return self.may_write or self.plot.kind == "tight guard"

    @property
    def run(self) -> str:
        """The run of which it is a try."""
        return self.name.rpartition(" ")[0]

    def told(self, row: Row) -> Result | None:
        """Return the result of a row in this try."""
        return next((each for number, each in self.results.items() if self.row(number) is row), None)

    def sends(self, inputs: Iterable[Json], now: float) -> None:
        """A call goes out: within the limit, and no contact is in two writes at once."""
        self._sent = [*(each for each in self._sent if each > now - 10), now]
        if self.limit and len(self._sent) > self.limit and now >= self.woke + 10:
            self.oracles.wrong(f"{self.name} makes {len(self._sent)} calls in ten seconds of {self.limit}")
        if self.limit:
            self.oracles.sends(now, self.limit)
        for each in inputs:
            self.writes_sent += 1
            contact = _address(each)
            self._note_stage(contact, each.get("properties", {}).get(STAGE))
            self._under_way[contact] += 1
            if self._under_way[contact] > 1:
                self.oracles.wrong(f"{self.name} has two writes of {contact} under way at once")
            if self.has_lost_claim:
                self.oracles.wrong(f"{self.name} sends a write of {contact}, and has lost its claim")
            if not self.may_write and not self.may_repeat:
                self.oracles.wrong(f"{self.name} sends a write of {contact}, and it may write nothing")

    def _note_stage(self, contact: str, stage: str | None) -> None:
        if stage:
            self.stages_sent[contact] += 1
        elif stage is not None:
            self.stages_sent[contact] = 0

    def leaves(self, inputs: Iterable[Json]) -> None:
        """A call is on its way: HubSpot may carry it out, whatever is heard of it."""
        self.sent.extend(map(sent_in, inputs))

    def has_answer(self, inputs: Iterable[Json]) -> None:
        """A call has ended."""
        for each in inputs:
            self._under_way[_address(each)] -= 1

    def applied(self, applied: Sequence[Applied], now: float, *, is_write: bool) -> None:
        """The portal has carried inputs out: no earlier row of a key after a later one that is proved."""
        del now
        if not is_write:
            return
        for each in applied:
            is_removal = each.verb == "archive" or each.row > len(self.rows)
            (self.removed if is_removal else self.written).append(each)
            if each.verb == "create" and not self.plot.settings.upsert:
                self.oracles.wrong(f"row {each.row} created a contact without upsert")
            if not self.may_write and self.oracles.portal.has_changed(each.contact):
                self.oracles.wrong(f"{self.name} changes {each.contact}, and it may write nothing")
            if is_removal:
                self.oracles.removals.check_applied(self, each)
                continue
            if each.row:
                self._check_written(each)

    def _check_written(self, written: Applied) -> None:
        """Check whether a row may be written, and now."""
        number, key = written.row, self.row(written.row).key
        if self.plot.kind == "plan" and written.verb == "update":
            self.oracles.check_planned(self, written)
        if self.row(number).is_unreadable:
            self.oracles.wrong(f"{self.name} writes row {number}, of which a word means nothing")
        if self.plot.is_forbidden(self.row(number)):
            self.oracles.wrong(f"{self.name} writes row {number}, which the schema forbids")
        if self.plot.settings.writes.duplicates == "reject":
            self.oracles.check_first(self, number)
        later = [
            row
            for row, result in self.results.items()
            if row > number and result.outcome in PROVED and self.row(row).key == key
        ]
        if later:
            self.oracles.wrong(f"{self.name} writes row {number} after row {later[0]} of the same key")

    def result(self, result: Result) -> None:
        """A row has its outcome: it is the first one, and true. So has a contact that is removed."""
        if result.row > len(self.rows) and result.list_id:
            self.oracles.lists.check_left(self, result)
            self.removals[result.row] = result
            return
        if result.row > len(self.rows):
            self.oracles.removals.check_result(self, result)
            self.oracles.changes.check_contact(self, result)
            self.removals[result.row] = result
            return
        if result.row in self.results:
            self.oracles.wrong(f"{self.name}: row {result.row} has two outcomes")
        if result.category == INTERNAL_ERROR:
            self.oracles.wrong(f"{self.name}: row {result.row} met an error of the product: {result.reason}")
        row = self.row(result.row)
        if result.outcome is Outcome.INVALID and not (row.is_unreadable or row.names_a_user):
            for name in JUDGED.intersection(result.properties):
                self.oracles.wrong(f"{self.name}: row {result.row} is invalid for {name}: {result.reason}")
        self.results[result.row] = result
        self.oracles.check_claim(self, result)

    def ledger(self, lines: Iterable[LedgerLine]) -> None:
        """Lines are kept: one a row, of an outcome that the row has. Rows that are up to date share one."""
        for line in lines:
            if _shares_a_line(line["outcome"], line["category"], is_listed=bool(line["membership"])):
                self.check_shared_line(line)
                continue
            row = line["row"]
            if row in self.lines:
                self.oracles.wrong(f"{self.name} has two lines of row {row}")
            self.lines[row] = line
            result = self.results.get(row) or self.removals.get(row)
            if result and line["changed"] != [*result.changes]:
                self.oracles.wrong(f"{self.name}: the ledger has {line['changed']} as changed of row {row}")
            if result is None or result.outcome != line["outcome"]:
                told = result.outcome if result else "nothing"
                self.oracles.wrong(
                    f"{self.name}: the ledger has {line['outcome']} of row {row}, told is {told}"
                )

    @property
    def up_to_date(self) -> int:
        """How many rows are up to date, and have one line of the ledger together."""
        return sum(
            _shares_a_line(each.outcome, each.category, is_listed=_is_listed(each))
            for each in self.results.values()
        )

    def check_end(self, report: Report, *, whole: bool) -> None:
        """The try has ended: all rows have an outcome.

        :param whole: whether it has ended without an exception.
        """
        self.oracles.check_end(self, report, whole=whole)

    def sends_move(self, list_id: str) -> None:
        """A call goes out that changes the members of a list."""
        if self.has_lost_claim:
            self.oracles.wrong(f"{self.name} changes the list {list_id}, and has lost its claim")
        self.moves_sent += 1
        if not self.may_move:
            self.oracles.wrong(f"{self.name} changes the list {list_id}, and it may write nothing")

    def moved(self, list_id: str, before: frozenset[str], after: frozenset[str]) -> None:
        """The portal has carried a call out: who came into a list, and who left it."""
        if before != after:
            self.oracles.lists.check_moved(self, list_id, after - before, before - after)

    def check_shared_line(self, line: LedgerLine) -> None:
        """Check the line of all rows that are up to date: it has their number."""
        rows = self.up_to_date
        if line["row"] or str(line["reason"]).split()[0] != f"{rows:,}":
            self.oracles.wrong(
                f"{self.name}: {rows} rows are up to date, and the ledger says {line['reason']}"
            )


class Oracles:
    """Collects what is wrong in a world.

    :param plot: what the world was made of.
    :param portal: its portal.
    """

    def __init__(self, plot: Plot, portal: SimulatedPortal) -> None:
        self.plot = plot
        self.portal = portal
        self.tries: list[TryWatch] = []
        self.faults: Counter[str] = Counter()
        self.violations: list[str] = []
        writes = plot.settings.writes
        open_ = open_properties(writes.stages, writes.properties)
        state = plot.settings.state
        is_direct = plot.settings.upsert or (state is not None and state.trust_ids)
        self.removals = RemovalOracles(portal, self.wrong)
        self.lists = ListOracles(portal, self.wrong)
        self.changes = ChangeOracles(portal, self.wrong)
        self.state = StateOracles(portal, open_, self.wrong, self.removals.complete, is_direct=is_direct)
        self.shares_budget = "shared budget" in plot.features
        self._sent: list[float] = []
        self._noted = -1  # states of contacts that were there when it was last checked

    def wrong(self, what: str) -> None:
        """Note what is wrong."""
        self.violations.append(what)

    def lose_the_store(self) -> None:
        """Note that tasks share no budget of calls any more: each has a part of it for itself."""
        self.faults["store lost"] += 1
        self.shares_budget = False

    def sends(self, now: float, limit: int) -> None:
        """A task makes a call: all of them together are within the limit, if they share it."""
        self._sent = [*(each for each in self._sent if each > now - 10), now]
        is_late = any(each.woke <= now < each.woke + 10 for each in self.tries)
        if self.shares_budget and len(self._sent) > limit and not is_late:
            self.wrong(f"tasks make {len(self._sent)} calls in ten seconds of {limit} that they share")

    def check_now(self) -> None:
        """Check what must hold after each event: nobody was created twice, or without being asked for.

        What the state proves is true.
        """
        self.state.check()
        if self._noted == self.portal.notes:
            return
        self._noted = self.portal.notes
        for address, count in self.portal.created.items():
            if count > 1 + self.portal.freed[address]:
                self.wrong(f"{address} was created {count} times")

    def check_claim(self, watch: TryWatch, result: Result) -> None:
        """What an outcome says is in the history of the portal."""
        row = watch.row(result.row)
        self._check_stage(watch, result, row)
        if result.earlier:
            self._check_earlier(watch, result)
            return
        self.lists.check_result(watch, result, row)
        self.changes.check_result(watch, result, row)
        if result.category != LIST or result.outcome is Outcome.INVALID:
            self._check_record(watch, result, row)

    def _check_record(self, watch: TryWatch, result: Result, row: Row) -> None:
        """What an outcome says of a record; that of one that has not come to its list says nothing of it."""
        if result.category == DRIFT:
            self.state.check_drift(watch, row)
        elif result.outcome is Outcome.UP_TO_DATE:
            self.state.check_up_to_date(watch, row)
        elif result.category == ABSENT:
            self.state.check_absent(watch, row)
        elif result.outcome in SUCCESSES and result.outcome is not Outcome.SUPERSEDED:
            self._check_success(watch, result, row)
        elif result.outcome in NOTHING_SENT:
            sent = [each for each in watch.written if each.row == result.row]
            if sent and not row.is_shared:
                self.wrong(f"{watch.name}: row {result.row} is {result.outcome}, and it was written")
        elif result.outcome in REFUSED and self._is_written_at_once(watch, row, result.row):
            self.wrong(f"{watch.name}: row {result.row} is {result.outcome}, and it was written")
        elif result.category == ADDRESS_TAKEN and watch.may_write and not self._was_taken(watch, row):
            self.wrong(f"{watch.name}: row {result.row} is a conflict, and nobody had its second addresses")
        elif result.category == "OBJECT_NOT_FOUND" and not self._was_free(watch, row):
            self.wrong(f"{watch.name}: row {result.row} is not_found, and its contact was always there")

    def _is_written_at_once(self, watch: TryWatch, row: Row, number: int) -> bool:
        """Check whether a row was written that needs one step, which no other row shares."""
        is_plain = not (row.is_shared or row.becomes or STAGE in row.values)
        return is_plain and any(each.row == number for each in watch.written)

    def check_planned(self, watch: TryWatch, applied: Applied) -> None:
        """A plan is applied to a contact that is as the plan has seen it, or as it wants it.

        It may have been so for a moment of the try: somebody may edit it between the look-up and the write.
        """
        row, of_task = watch.row(applied.row), [each for each in self.tries if each.run == watch.run]
        plans = [told for each in of_task if not each.may_write and (told := each.told(row))]
        if self._may_follow_another(watch, row) or {each.category for each in plans} != {WOULD_UPDATE}:
            return
        states = self.portal.states[applied.contact]
        had = [
            state.values or {}
            for state, later in zip(states, [*states[1:], None], strict=True)
            if state.since < self.portal.now and (later is None or later.since >= watch.since)
        ]
        for name in plans[-1].changes:
            values = {value or "" for each in plans for value in each.changes.get(name, ())}
            cleared = {""} if name == STAGE else set()
            if not any(state.get(name, "") in values | cleared for state in had):
                self.wrong(f"{watch.name} writes row {applied.row}, and the plan has seen another {name}")

    def check_first(self, watch: TryWatch, number: int) -> None:
        """No valid row before one that counts has its key, if a key may have one row only."""
        row = watch.row(number)
        for other in watch.rows[: number - 1]:
            told = [result for each in self.tries if (result := each.told(other))]
            is_valid = not (
                watch.plot.is_forbidden(other) or Outcome.INVALID in {each.outcome for each in told}
            )
            if other.key == row.key and is_valid:
                self.wrong(f"{watch.name} takes row {number}, and a row before it has its key")

    def _check_stage(self, watch: TryWatch, result: Result, row: Row) -> None:
        """A row that has ended has not left its contact without the stage that it had.

        Unless it says so, and HubSpot has refused both the new stage and the old one, or all further calls.
        """
        contact, told = self.portal.find(row.key), watch.results.values()
        if result.earlier or contact is None or result.outcome not in SUCCESSES | REFUSED:
            return
        if row.named:  # it may have waited for its list while a later row of the contact was written
            return
        if self.portal.cleared_by(contact.id, STAGE) != watch.name:
            return
        if any(each.outcome is Outcome.UNKNOWN and self._are_of_one(watch, each, row) for each in told):
            return  # that one has cleared it, and says that it may have gone wrong
        tried = watch.stages_sent[contact.id] + watch.stages_sent[row.key]
        # The run sends nothing more then, also not the old one.
        is_over = result.outcome in {Outcome.UNAUTHORIZED, Outcome.THROTTLED}
        if (tried < 2 and not is_over) or not any(CLEARED in each.reason for each in told):
            ended = f"{watch.name}: row {result.row} is {result.outcome}"
            self.wrong(f"{ended}, and has left {row.key} without its lifecycle stage")

    def _are_of_one(self, watch: TryWatch, result: Result, row: Row) -> bool:
        """Check whether a result is about the contact of a row."""
        contact = self.portal.find(row.key)
        return contact in map(self.portal.find, watch.row(result.row).keys)

    def _check_success(self, watch: TryWatch, result: Result, row: Row) -> None:
        told = f"{watch.name}: row {result.row} is {result.outcome}"
        if watch.plot.settings.writes.duplicates == "reject":
            self.check_first(watch, result.row)
        if row.is_refused:
            self.wrong(f"{told}, and HubSpot refuses its values")
        owners = {each for key in row.keys for each in self.portal.owners_of(key)}
        if result.outcome is Outcome.CREATED and not self._was_given(watch, row):
            self.wrong(f"{told}, and its contact never had its second addresses")
        if result.outcome in WRITES:
            verb = "create" if result.outcome is Outcome.CREATED else "update"
            by_it = [each for each in watch.written if each.contact in owners]
            if not any(verb in {each.verb, "update"} for each in by_it):
                self.wrong(f"{told}, but the portal has carried out no {verb} of {row.key}")
        if not watch.may_write and self._may_follow_another(watch, row):
            return  # it was compared with what the rows before it would leave
        others = [watch.row(each.row) for each in watch.written if each.contact in owners and each.row]
        if watch.plot.settings.upsert and any(other.key != row.key for other in others):
            return  # one batch may have had both of its addresses, and shows only what is left of it
        had = [state for key in row.keys for state in self.portal.had(key, watch.since)]
        for name, value in row.proved(watch.plot).items():
            if not any(state.get(name, "") == value for state in had):
                self.wrong(f"{told}, but {row.key} never had {name}={value!r}")

    def _was_given(self, watch: TryWatch, row: Row) -> bool:
        """Check whether a contact of a row had all of its second addresses at once."""
        given = {*addresses_of({OTHERS: row.others})} - {*row.keys}
        had = (addresses_of(state) for key in row.keys for state in self.portal.had(key, watch.since))
        return not given or any(given <= {*each} for each in had)

    def _was_taken(self, watch: TryWatch, row: Row) -> bool:
        """Check whether another contact had a second address of a row at some moment."""
        given = addresses_of({OTHERS: row.others})
        return any(each in addresses_of(had) for each in given for had in self.portal.had(each, watch.since))

    def _may_follow_another(self, watch: TryWatch, row: Row) -> bool:
        """Check whether another row may be about the contact of a row, also since people have merged them."""
        if "moves" in self.plot.features:
            return True
        owners = {each for key in row.keys for each in self.portal.owners_of(key)}
        keys = {key for other in watch.rows if other is not row for key in other.keys}
        return any(not owners.isdisjoint(self.portal.owners_of(key)) for key in keys)

    def _check_earlier(self, watch: TryWatch, result: Result) -> None:
        """A result of an earlier try was told by it, of this row or an equal one, and asks for no retry."""
        if watch.plot.settings.policy.action(result.outcome, result.status) in UNREPEATABLE:
            self.wrong(f"{watch.name} does not repeat row {result.row}, which was {result.outcome}")
        row = watch.row(result.row)
        told = [
            other.outcome
            for each in self.tries
            if each is not watch and each.number == result.earlier
            for number, other in each.results.items()
            if watch.are_alike(row, each.row(number))
        ]
        if result.outcome not in told:
            self.wrong(f"{watch.name}: row {result.row} was not {result.outcome} in try {result.earlier}")

    def check_checkpoint(self, rows: int, action: Callable[[Result], Action]) -> None:
        """All rows that a checkpoint counts have ended in a way that asks for no retry."""
        for row in range(1, rows + 1):
            ends = [watch.results[row] for watch in self.tries if row in watch.results]
            if not any(action(each) not in UNREPEATABLE for each in ends):
                self.wrong(f"the checkpoint counts row {row}, which has not ended for good")

    def check_mark(self, watch: TryWatch, mark: int, action: Callable[[Result], Action]) -> None:
        """All rows that the next run will leave out have ended well."""
        for row in watch.rows:
            ends = [result for each in self.tries if (result := each.told(row))]
            if row.changed < mark and not any(action(each) in WELL for each in ends):
                self.wrong(
                    f"{watch.name} moves the watermark over row {row.number}, which has not ended well"
                )

    def check_end(self, watch: TryWatch, report: Report, *, whole: bool) -> None:
        """All rows have an outcome; so few rows are read at once, also by a run that stops.

        :param whole: whether it has ended without an exception.
        """
        counted, rows = report.rows, len(watch.rows) + len(watch.removals)
        own = len(watch.results) + len(watch.removals)
        if report.removals != len(watch.removals):
            self.wrong(f"{watch.name} reports {report.removals} removals, and told of {len(watch.removals)}")
        resumed = counted - own
        if resumed < 0 or (resumed and not watch.plot.keeps_checkpoint):
            self.wrong(f"{watch.name} reports {counted} rows, and told of {own}")
        if whole and counted != rows and watch.plot.kind != "plan":  # which has only changes
            self.wrong(f"{watch.name} reports {counted} of {rows} rows")
        if whole:
            self.changes.check_end(watch)
        in_lines = len(watch.lines) + report.earlier.total() + watch.up_to_date
        if whole and watch.lines and in_lines != counted:
            self.wrong(f"{watch.name} reports {counted} rows, and its ledger has {len(watch.lines)}")

    def check_order(self, watch: TryWatch, before: Mapping[str, Mapping[str, str]]) -> None:
        """Rows that have to do with each other end as if written one by one, if nobody else writes.

        :param watch: the only try of a task.
        :param before: id of a contact → what it was before the try.
        """
        keys_of: defaultdict[str, set[str]] = defaultdict(set)
        given: set[str] = set()  # addresses that rows have given to their contacts
        for row in watch.rows:
            result = watch.told(row)
            if result and result.category == "OBJECT_NOT_FOUND" and row.key in given:
                self.wrong(
                    f"{watch.name}: {row.key} is not_found, and a row before has given it to a contact"
                )
            if result and result.outcome in WRITES and row.becomes:
                given.add(row.becomes)
            for found in filter(None, map(self.portal.find, row.keys)):
                keys_of[found.id].add(row.key)
        for contact in self.portal.contacts():
            if len(keys_of[contact.id]) > 1:
                self._check_serial(watch, contact, before.get(contact.id, {}), keys_of[contact.id])

    def check_stages(self, before: Mapping[str, Mapping[str, str]]) -> None:
        """A finished run leaves no contact without the stage that it had.

        :param before: id of a contact → what it was before the run.
        """
        for contact in self.portal.contacts():
            if before.get(contact.id, {}).get(STAGE) and not contact.properties.get(STAGE):
                self.wrong(f"{contact.email} has lost its lifecycle stage")

    def _check_serial(
        self, watch: TryWatch, contact: Record, before: Mapping[str, str], keys: Collection[str]
    ) -> None:
        """Rows that name a contact by several addresses leave it as if written one by one, in some order."""
        rows = [row for row in watch.rows if row.key in keys]
        ends = {result.outcome for result in map(watch.told, rows) if result}
        is_plain = all(row.proved(watch.plot) == row.values and not row.becomes for row in rows)
        if not is_plain or len(rows) > MOST_ORDERED or ends - (WRITES | {Outcome.UNCHANGED}):
            return
        names = {name for row in rows for name in row.values}
        has = {name: contact.properties.get(name, "") for name in names}
        for order in permutations(rows):
            end = {name: before.get(name, "") for name in names}
            for row in order:
                end |= row.values
            if end == has:
                return
        self.wrong(f"{contact.email} has {has}, which comes of no order of its rows")

    def _was_free(self, watch: TryWatch, row: Row) -> bool:
        """Check whether nobody had a row's key, or its new one, at some time of a try.

        A try that has written nothing says who would have it: a row before may give its contact another one,
        or a row by another address, since the order of these is not promised.
        """
        if all(self.portal.was_free(key, watch.since) for key in row.keys):
            return True
        contact = self.portal.find(row.key) or self.portal.find(row.becomes)
        place = watch.rows.index(row)
        return not watch.written and any(
            each.becomes and contact in map(self.portal.find, each.keys)
            for each in (*watch.rows[:place], *(later for later in watch.rows if later.key != row.key))
        )

    def _may_be_anothers(self, row: Row) -> bool:
        """Check whether a row may be written to the contact that had its key before, as is asked for."""
        state = self.plot.settings.state
        return bool(state and state.trust_ids) and len(self.portal.owners_of(row.key)) > 1

    def check_outcome_of_rerun(self, watch: TryWatch, before: Mapping[str, Mapping[str, str]]) -> None:
        """After a run without trouble the portal has what the source says.

        :param before: id of a contact → what it was before the run.
        """
        self.lists.check_rerun(watch)
        last = {row.key: row for row in watch.rows}
        keys_of: defaultdict[str, set[str]] = defaultdict(set)
        for row in watch.rows:
            for found in filter(None, map(self.portal.find, row.keys)):
                keys_of[found.id].add(row.key)
        for key, row in last.items():
            result = watch.told(row)
            contact = self.portal.find(row.becomes or key)
            if result is None or result.outcome not in SUCCESSES or contact is None:
                continue
            if result.outcome is Outcome.UP_TO_DATE:  # it was checked when it was told
                continue
            if self._may_be_anothers(row):
                continue
            if len(keys_of[contact.id]) > 1:
                self._check_serial(watch, contact, before.get(contact.id, {}), keys_of[contact.id])
                continue
            for name, value in row.proved(watch.plot).items():
                if contact.properties.get(name, "") != value:
                    has = contact.properties.get(name)
                    self.wrong(f"after a run without trouble {key} has {name}={has!r}, not {value!r}")


def _shares_a_line(outcome: str, category: str | None, *, is_listed: bool) -> bool:
    """Check whether a row is up to date, and nothing was done for it: it has no line of its own."""
    return outcome == Outcome.UP_TO_DATE and category != DRIFT and not is_listed


def _is_listed(result: Result) -> bool:
    """Check whether a call has put a contact into its list, or has shown that it is there."""
    return result.membership is not None and (result.membership is not Membership.MEMBER or result.is_read)


def _address(each: Json) -> str:
    # HubSpot refuses one of two new contacts whose logins differ in letter case alone.
    return str(each.get("id") or each["properties"].get(LOGIN) or name_of(each["properties"]))
