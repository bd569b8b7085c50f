# SPDX-License-Identifier: Apache-2.0
"""What people do with a state between runs: look at it, try its rights, void proofs, forget keys, drop it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

import orjson
from sqlalchemy.schema import DropTable

from airflow_provider_hubcontact.job.errors import StateError
from airflow_provider_hubcontact.job.ports import Database, Execute, Statement
from airflow_provider_hubcontact.job.state.audit import Clockwork
from airflow_provider_hubcontact.job.state.claim import DEAD_AFTER, About, about
from airflow_provider_hubcontact.job.state.digests import Digests
from airflow_provider_hubcontact.job.state.lists.member_table import MemberTable
from airflow_provider_hubcontact.job.state.tables import Tables

T = TypeVar("T")


class Right(NamedTuple):
    """A right that was tried.

    :param name: what it allows.
    :param problem: what the database says if it refuses; None if it does not.
    :param is_needed: whether a run needs it.
    """

    name: str
    problem: str | None
    is_needed: bool = True


class _Undone(StateError):
    """Ends a transaction of which nothing is to stay."""


class StateCare:
    """A state between runs.

    :param database: that holds it.
    :param table: its name, with its schema if need be.
    """

    def __init__(self, database: Database, table: str) -> None:
        self._database = database
        self._tables = Tables(table, database.now)
        self._members = MemberTable(table, database.now)

    # Look

    def told(self, audit: float) -> dict[str, Any]:
        """Return what the state holds: counts, times, settings, and who is at work.

        :param audit: days after which a proof is overdue.
        :raises StateError: if it is not there.
        """
        self._look()

        def work(execute: Execute) -> dict[str, Any]:
            known = self._known(execute)
            after = known.audited_to if known.audited_to and known.audited_to <= known.now else 0
            overdue = Clockwork(known.now, None, audit).overdue
            ((_, late, oldest, _),) = execute(self._tables.ages(after, overdue))
            counts = execute(self._tables.counts())
            return {
                "table": self._tables.name,
                "portal": known.portal,
                **_added(counts),
                "oldest_proof": None if oldest is None else int(oldest),
                "overdue": int(late),
                "settings": orjson.loads(known.settings),
                "runs": known.runs,
                "last_completed": known.completed_at,
                "at_work": _at_work(known),
            }

        return self._database.transact(work)

    def rights(self) -> list[Right]:
        """Try all that a run does with the tables, and leave nothing of it.

        What creates tables is tried with others of a random name, which are dropped at once. A run needs that
        right only as long as the tables are not there.
        """
        scratch = Tables(f"{self._tables.name}_{secrets.token_hex(4)}", self._database.now)
        made = [statement for each in scratch.creation() for statement in each]
        dropped = [Statement(DropTable(table)) for table in (scratch.proofs, scratch.meta)]
        creates = Right("create", self._problem([*made, *dropped]))
        if all(self._problem([each]) is not None for each in self._tables.presence()):
            return [creates]
        tried = [
            Right(name, self._problem(statements))
            for name, statements in self._tables.tries(secrets.token_hex(16))
        ]
        return [creates._replace(is_needed=False), *tried]

    # Change

    def void(self) -> int:
        """Void all proofs, those of places in lists among them; record ids and origins stay.

        :return: how many there were of contacts.
        :raises StateError: if the state is not there, or a run is at work.
        """
        has_members = self._has_members

        def work(execute: Execute, _: About) -> int:
            ((count,),) = execute(self._tables.proved())
            execute(self._tables.void_all())
            if has_members:
                execute(self._members.doubt_all())
            return int(count)

        return self._changed(work)

    def forget(self, keys: Iterable[str]) -> int:
        """Take keys out, and what is known of their contacts' places in lists.

        :param keys: in their normal form.
        :return: how many of them the state had.
        :raises StateError: if the state is not there, or a run is at work.
        """
        given = [*dict.fromkeys(keys)]
        has_members = self._has_members

        def work(execute: Execute, known: About) -> int:
            digests = Digests(bytes.fromhex(known.digest_key), {}, {})
            names = sorted(map(digests.of_key, given))
            had = {key for statement in self._tables.found(names) for key, *_ in execute(statement)}
            of_members = self._members.forget_everywhere(names) if has_members else ()
            for statement in (*self._tables.forget(names), *of_members):
                execute(statement)
            return len(had)

        return self._changed(work)

    def reset(self) -> None:
        """Drop the tables.

        :raises StateError: if neither is there, one is something else, or a run is at work.
        """
        states = zip(
            (self._tables.proofs, self._tables.meta),
            self._tables.presence(),
            self._tables.looks(),
            strict=True,
        )
        found = [(table, look, self._problem([presence])) for table, presence, look in states]
        there = [(table, look) for table, look, problem in found if problem is None]
        if not there:
            raise self._missing(str(found[0][2]))
        if odd := [table.name for table, look in there if self._problem([look]) is not None]:
            raise StateError(f"the table {odd[0]} is not one of a state: nothing was dropped")
        if len(there) > 1:
            self._refuse_if_at_work()
        if self._has_members:
            self._carried_out([Statement(DropTable(self._members.members))])
        for table, _ in there:
            self._carried_out([Statement(DropTable(table))])

    @property
    def _has_members(self) -> bool:
        """Whether there is a table of members; only a sync with lists has one."""
        return self._problem(self._members.looks()) is None

    def _refuse_if_at_work(self) -> None:
        def work(execute: Execute) -> None:
            if (known := about(execute, self._tables)) is not None:
                self._check(known)

        self._database.transact(work)

    def _changed(self, change: Callable[[Execute, About], T]) -> T:
        """Change a state that no run is at work with."""
        self._look()

        def work(execute: Execute) -> T:
            known = self._known(execute)
            self._check(known)
            return change(execute, known)

        return self._database.transact(work)

    def _check(self, known: About) -> None:
        if (at_work := _at_work(known)) and abs(at_work["silent"] or 0) < DEAD_AFTER:
            raise StateError(
                f"the state {self._tables.name} is in use by {at_work['holder']}, which gave its last sign "
                f"of life {at_work['silent']} s ago: nothing was changed",
                may_pass=True,
            )

    def _look(self) -> None:
        """Make sure that the tables are there.

        :raises StateError: if they are not, or are something else.
        """
        if self._problem(self._tables.looks()) is None:
            return
        first, _ = self._tables.presence()
        if (problem := self._problem([first])) is None:
            raise StateError(
                f"the table {self._tables.name} is not a state, or not a whole one, or not of this version"
            )
        raise self._missing(problem)

    def _known(self, execute: Execute) -> About:
        known = about(execute, self._tables)
        if known is None:
            raise self._missing(f"{self._tables.meta.name} is empty")
        return known

    def _missing(self, why: str) -> StateError:
        return StateError(
            f"there is no state {self._tables.name} that can be read ({why}); the first run with it makes it"
        )

    def _carried_out(self, statements: Sequence[Statement]) -> None:
        def work(execute: Execute) -> None:
            for statement in statements:
                execute(statement)

        self._database.transact(work)

    def _problem(self, statements: Sequence[Statement]) -> str | None:
        """Carry statements out, undo them, and return what the database says if it refuses one."""

        def work(execute: Execute) -> None:
            for statement in statements:
                execute(statement)
            raise _Undone("nothing of it is to stay")

        try:
            self._database.transact(work)
        except _Undone:
            return None
        except StateError as error:
            return str(error)
        return None


def _added(counts: Iterable[tuple[Any, ...]]) -> dict[str, Any]:
    """Return the counts of keys.

    :param counts: for each origin: keys, proofs, drifted and contested keys.
    """
    by_origin = {str(origin): [int(each or 0) for each in rest] for origin, *rest in counts}
    of_contacts = [each for origin, each in by_origin.items() if origin != "absent"]
    keys, proved, drifted, contested = (sum(each[place] for each in of_contacts) for place in range(4))
    return {
        "keys": keys,
        "proved": proved,
        "void": keys - proved,
        "absent": by_origin.get("absent", [0])[0],
        "origins": {origin: each[0] for origin, each in sorted(by_origin.items()) if origin != "absent"},
        "drifted": drifted,
        "contested": contested,
    }


def _at_work(known: About) -> dict[str, Any] | None:
    if known.token is None:
        return None
    silent = None if known.silent is None else int(known.silent)
    return {"holder": known.holder, "since": known.since, "silent": silent}
