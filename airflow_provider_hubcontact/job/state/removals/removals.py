# SPDX-License-Identifier: Apache-2.0
"""Rows that left the source: which keys of the state a run lacks, and whose contacts are removed for that."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import Any

from airflow_provider_hubcontact.job.errors import StateError
from airflow_provider_hubcontact.job.ports import Database, Execute, Statement
from airflow_provider_hubcontact.job.settings.state import ARCHIVE, LEAVE, State
from airflow_provider_hubcontact.job.state.claim import Claim
from airflow_provider_hubcontact.job.state.digests import Digests
from airflow_provider_hubcontact.job.state.removals.guard import advice_of_plan, advice_of_run, check_removals
from airflow_provider_hubcontact.job.state.removals.run_keys import Gone, RunKeys
from airflow_provider_hubcontact.job.state.tables import Tables
from airflow_provider_hubcontact.sync.decide.plan import MERGED, OTHER_KEY, RENAMED
from airflow_provider_hubcontact.sync.decide.policy import Action, Policy
from airflow_provider_hubcontact.sync.decide.rules import CannotTell, Spared
from airflow_provider_hubcontact.sync.model.change import DRY_RUN_CATEGORIES
from airflow_provider_hubcontact.sync.model.outcome import SUCCESSES, Outcome, Result
from airflow_provider_hubcontact.sync.model.record import Record

PAGE = 10_000
"""Keys of the state that are read with one query."""


def _origins(on_removed: object) -> frozenset[str]:
    """Return the origins of contacts that may be removed: nobody's if they only leave lists."""
    if on_removed is None or on_removed == LEAVE:
        return frozenset()
    return frozenset({"created"} if on_removed == ARCHIVE else {"created", "written"})


class Removals:
    """Decides whose contacts are removed. Nobody's is while there is a doubt.

    The keys of the run are all noted before it writes, so that a guard can stop it. What becomes of them is
    known when it has ended: only then a key can be told from one that has another name now.

    :param database: that holds the state.
    :param tables: of the state; None if they are not there.
    :param digests: makes the digests of this state.
    :param claim: of the run; None if it changes nothing.
    :param asked: what is to be done.
    :param policy: says which rows without a contact end well.
    :param is_counted: whether an earlier try of the run is completed, which has read the same source.
    :ivar doubt: why nobody is removed; None if nothing speaks against it.
    """

    def __init__(
        self,
        database: Database,
        tables: Tables | None,
        digests: Digests,
        claim: Claim | None,
        asked: State,
        policy: Policy,
        doubt: str | None = None,
        *,
        is_counted: bool = False,
    ) -> None:
        self.doubt = doubt
        self.waits: str | None = None
        self._database = database
        self._tables = tables
        self._digests = digests
        self._claim = claim
        self._is_counted = is_counted
        self._grace = asked.grace + is_counted
        self._origins = _origins(asked.on_removed)
        self._policy = policy
        self._table = asked.address[1]
        self._keys = RunKeys()
        self._size = 0  # keys of the state before the run
        self._is_of_plan = False
        self._renamed = self._removed = self._spared = 0

    def close(self) -> None:
        """Forget the keys of the run."""
        self._keys.close()

    def doubts(self, why: str) -> None:
        """Remove nobody in this run; the first reason is the one that is told."""
        self.doubt = self.doubt or why

    # Before the run writes

    def give(self, records: Iterable[Record]) -> None:
        """Note the keys of records, all of them before :meth:`look`, and give a sign of life."""
        self._keys.give(self._digests.of_key(record.key) for record in records)
        self._change(())

    def look(self, most: float | None) -> None:
        """Find the keys of the state that the run lacks.

        :param most: contacts that may be removed: a count, or a share of the state; None for any number.
        :raises GuardExceeded: if the run would remove more.
        """
        for page in self._pages():
            self._compare(page)
        if self.doubt is None:
            due = self._keys.count(self._origins, least=self._grace)
            check_removals(due, self._size, most, partial(self._advice, due))
        for keys in self._keys.back():
            self._change(self._tables.miss(keys, 0) if self._tables else ())

    def _advice(self, due: int) -> str:
        return advice_of_run(due, self._keys.given(), self._size - self._keys.count(), self._table)

    def _compare(self, page: Sequence[tuple[Any, ...]]) -> None:
        """Note which keys of the state the run lacks, and which of those that earlier runs lacked it has."""
        self._size += sum(record_id is not None for _, record_id, *_ in page)
        gone = [
            Gone(key, record_id, origin, missing)
            for key, record_id, origin, missing in page
            if record_id and not self._keys.is_given(key)
        ]
        self._keys.lose(gone)
        lacking = {each.key for each in gone}
        self._keys.come_back(key for key, *_, missing in page if missing and key not in lacking)

    def guard_plan(self, planned: Iterable[Sequence[Record]], most: float | None) -> None:
        """Check that a plan does not remove too many contacts; those that an earlier try removed count, too.

        :param planned: the removals of the plan, in parts.
        :param most: contacts that may be removed: a count, or a share of the state; None for any number.
        :raises GuardExceeded: if it does.
        """
        self._is_of_plan, self.doubt = True, None  # it was made without one
        for (size,) in self._asked([self._tables.count()] if self._tables else ()):
            self._size = size
        due = unknown = 0
        for some in planned:
            due += len(some)
            unknown += len(some) - len(self._missing(some))
        self._size += unknown
        check_removals(due, self._size, most, partial(advice_of_plan, due, unknown, self._table))

    def _pages(self) -> Iterator[Sequence[tuple[Any, ...]]]:
        if self._tables is None:
            return
        after = ""
        while rows := self._asked([self._tables.page(after, PAGE)]):
            after = str(rows[-1][0])
            yield [(key, record_id, origin, missing or 0) for key, record_id, origin, missing in rows]

    # While it writes

    def meet(self, ids: Collection[str]) -> None:
        """Note contacts that rows of the run are about."""
        self._keys.meet(ids)

    def settled(self, result: Result) -> None:
        """Note the result of a row."""
        if result.outcome is Outcome.INVALID:
            self.doubts("a row is not valid")
        elif not self._is_good(result):
            self._keys.fail(self._digests.of_key(result.key))

    def _is_good(self, result: Result) -> bool:
        if result.outcome in SUCCESSES or result.category in DRY_RUN_CATEGORIES:
            return True
        action = self._policy.action(result.outcome, result.status)
        return result.outcome is Outcome.NOT_FOUND and action in {Action.SUCCEED, Action.SKIP}

    # After it has written

    def due(self) -> Iterator[Sequence[Gone]]:
        """Return the keys whose contacts are to be removed; keys of one contact are one.

        Keys whose contact has another key by now leave the state. Called once, when all rows have ended.
        """
        if self.doubt is not None:
            return
        self._let_renamed_go()
        if self.waiting():
            return
        for some in self._keys.gone(least=self._grace):
            yield [each for each in some if each.origin in self._origins]

    def waiting(self) -> str | None:
        """Return why nobody is removed in this run, now that all rows have ended; None if they are."""
        if failed := self._new_that_failed():
            noun = "row is" if failed == 1 else "rows are"
            self.waits = f"{failed:,} new {noun} not written, and may have the contact of one that left"
        return self.doubt or self.waits

    def _let_renamed_go(self) -> None:
        for some in self._keys.gone():
            holders = self._holders({each.id for each in some})
            renamed = [each.key for each in some if self._is_renamed(each, holders.get(each.id, ()))]
            self._renamed += len(renamed)
            self._keys.spare(renamed)
            self.forget(renamed)

    def _is_renamed(self, gone: Gone, holders: Collection[str]) -> bool:
        """Check whether a row of the run, or another key of the state, has the contact of a key.

        Of several keys that all left the source, the one that was there last stands for the contact.
        """
        others = {*holders} - {gone.key}
        left = self._keys.of_gone(others)
        is_held = self._keys.has_met(gone.id) or len(left) < len(others)
        return is_held or any((each.missing, each.key) < (gone.missing, gone.key) for each in left.values())

    def spared(self, record: Record, keys: Collection[str], *, may_move: bool) -> Spared | None:
        """Return why a contact is left alone although its row left the source; None if it is not.

        :param record: with the digest of the key that left.
        :param keys: of the contact, in their normal form.
        :param may_move: whether rows may have moved the contact to another key.
        :raises CannotTell: if the state cannot be read, or is another run's by now.
        """
        digests = [*map(self._digests.of_key, keys)]
        try:
            has_row = self._has_row(digests)
        except StateError as error:
            raise CannotTell from error
        if has_row:
            return Spared(RENAMED, "the contact has the key of a row in the source by now: it is left alone")
        # Digests of a state that was replaced tell nothing about those of a plan.
        is_known = not self._keys.is_doubted(record.key)
        if is_known and not may_move and record.digest not in digests:
            return Spared(OTHER_KEY, "the contact does not have the row's key any more: it is left alone")
        return None

    def _has_row(self, keys: Sequence[str]) -> bool:
        """Check whether the source has a row with one of some keys; that of a plan by what the state says."""
        if any(map(self._keys.is_given, keys)):
            return True
        if not self._is_of_plan or self._tables is None:
            return False
        found = self._asked(chain.from_iterable(map(self._tables.missing, keys)))
        return any(not missing for (missing,) in found)

    def still_due(self, records: Sequence[Record]) -> Iterator[Record | Result]:
        """Return the removals of a plan; of those whose rows came back, or have another key, the results.

        A contact that the state lacks may have been removed by an earlier try: only its look-up tells.

        :param records: with record ids as keys, and the digests of the keys that left.
        """
        missing = self._missing(records)
        for each in records:
            found = missing.get(each.key)
            is_gone = found is None or (each.digest in found and min(found.values()) >= self._grace)
            if is_gone and not self._keys.has_met(each.key):
                if found is None:
                    self._keys.doubt(each.key)
                yield each
            else:
                reason = "the plan is out of date: the contact has a row in the source by now"
                yield Result(each.row, each.key, Outcome.CONFLICT, None, "PLAN_OUTDATED", reason)

    def _missing(self, records: Sequence[Record]) -> Mapping[str, Mapping[str | None, int]]:
        """Return, of the contacts of some removals, record id → key → runs that lacked it."""
        missing: dict[str, dict[str | None, int]] = {}
        statements = self._tables.holders([each.key for each in records]) if self._tables else ()
        for record_id, key, runs in self._asked(statements):
            missing.setdefault(record_id, {})[key] = runs or 0
        return missing

    def has_row(self, key: str) -> bool:
        """Check whether the source has a row with a key."""
        return self._keys.is_given(key)

    def is_past_grace(self, key: str) -> bool:
        """Check whether enough completed runs have lacked a key; the state may not know it any more."""
        return all(each.missing >= self._grace for each in self._keys.of_gone([key]).values())

    def may_remove(self, record: Record) -> bool:
        """Check whether a removal is to be carried out: the state knows the row that left."""
        return not self._keys.is_doubted(record.key)

    def _holders(self, ids: Collection[str]) -> Mapping[str, Collection[str]]:
        found: dict[str, list[str]] = {}
        for record_id, key in self._asked(self._tables.keys_of(sorted(ids)) if self._tables else ()):
            found.setdefault(record_id, []).append(key)
        return found

    def _new_that_failed(self) -> int:
        """Count the keys that the state does not know, and whose rows did not end well."""
        failed = 0
        for keys in self._keys.failed():
            found = self._asked(self._tables.found(keys)) if self._tables else ()
            failed += len(keys) - sum(record_id is not None for _, _, record_id, *_ in found)
        return failed

    def removed(self, result: Result, key: str) -> bool:
        """Note the result of a removal.

        :param result: of the contact.
        :param key: of the row that left the source.
        :return: whether the key is to leave the state: nothing is left to be done for it.
        """
        is_done = result.outcome in SUCCESSES
        is_known = not self._keys.is_doubted(result.key)  # else the key may be another contact's by now
        if is_done or result.category in DRY_RUN_CATEGORIES:
            is_renamed, is_spared = result.category in {MERGED, RENAMED}, result.category == OTHER_KEY
            self._renamed += is_renamed
            self._spared += is_spared
            self._removed += not (is_renamed or is_spared)
            self._keys.spare([key])
        return is_done and is_known

    def forget(self, keys: Sequence[str]) -> None:
        """Let keys leave the state."""
        if keys:
            self._change(self._tables.forget(keys) if self._tables else ())

    def misses(self) -> Iterator[Statement]:
        """Return the statements that count this run for the keys that it lacks, once it is completed."""
        if self.doubt is None and not self._is_counted and self._tables is not None:
            for some in self._keys.gone(most=self._grace):
                for missing in sorted({each.missing for each in some}):
                    keys = [each.key for each in some if each.missing == missing]
                    yield from self._tables.miss(keys, missing + 1)

    def told(self) -> dict[str, Any]:
        """Return what the report says of them: counts of keys, and why nobody was removed."""
        left = self._keys.count(least=self._grace)
        return {
            "gone": self._keys.count() + self._removed + self._renamed + self._spared,
            "removed": self._removed,
            "renamed": self._renamed,
            "left_alone": left - self._keys.count(self._origins, least=self._grace) + self._spared,
            "nobody_because": self.doubt or self.waits,
        }

    # The database

    def _asked(self, statements: Iterable[Statement]) -> Sequence[tuple[Any, ...]]:
        """Return the rows of statements, and give a sign of life: a state may have many pages."""
        claim, given = self._claim, [*statements]

        def work(execute: Execute) -> Sequence[tuple[Any, ...]]:
            if claim is not None:
                claim.confirm(execute)
            return [row for statement in given for row in execute(statement)]

        return self._database.transact(work)

    def _change(self, statements: Iterable[Statement]) -> None:
        """Carry statements out, if the run may change the state."""
        claim, given = self._claim, [*statements]
        if claim is None:
            return

        def work(execute: Execute) -> None:
            claim.confirm(execute)
            for statement in given:
                execute(statement)

        self._database.transact(work)
