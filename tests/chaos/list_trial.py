# SPDX-License-Identifier: Apache-2.0
"""A trial whose contacts are to be in lists, over some nights, of which each has a source of its own."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from airflow_provider_hubcontact.operators.options import Guards, State
from tests.chaos import audience, statuses
from tests.chaos.checks import OF_LISTS, Checks, Contacts, Totals
from tests.chaos.list_checks import ListChecks
from tests.chaos.outside import fill
from tests.chaos.people import People
from tests.chaos.trial import ROWS, Trial, Trouble, call
from tests.chaos.world import World, make

LIST_ROWS = 200
"""Rows of a trial with lists at most: it has many calls, and some runs."""

OFTENER = 2
"""How much more often a fault strikes calls about members: there are fewer of them."""

OUTSIDERS = 30
"""Contacts that no row is about."""

EARLY = 20
"""Contacts that people have put into the lists of their rows before the first run."""

GONE = 0.15
"""Share of the rows that leave the source from one night to the next."""


class ListTrial(Trial):
    """A trial with lists.

    :param seed: decides everything but the order of threads.
    :param trouble: what goes wrong.
    :param rows: of the source, about.
    """

    def __init__(self, seed: int, trouble: Trouble, rows: int) -> None:
        self._list_dice = random.Random(f"{seed} lists")
        super().__init__(seed, trouble, min(rows, LIST_ROWS))
        self._people = People(
            lambda method, path, body: call(self._url, method, path, body),
            random.Random(f"{seed} people"),
        )
        self._lists = ListChecks(self._audience, self._people, self._checks.hold)
        self._night = 1
        self._settings |= {"lists": self._audience.settings}
        if self._audience.leaves:
            self._reads_definitions = True  # without them nobody leaves
            self._settings["guards"] = Guards(changes=ROWS, removals=None)

    def _make(self, seed: int, rows: int) -> World:
        self._has_state = self._list_dice.random() < 0.7
        self._audience = audience.drawn(self._list_dice, has_state=self._has_state)
        texts = self.trouble.database or self._in_file
        world = make(
            *(seed, rows),
            texts=texts,
            strangers=self.trouble.strangers and not self._audience.leaves,
            clean=bool(self._audience.leaves),
        )
        audience.assign(world, self._audience, self._list_dice)
        world.contacts += [{"email": f"outside{number}@example.com"} for number in range(OUTSIDERS)]
        return world

    def _rules(self) -> Sequence[Mapping[str, Any]]:
        own = [
            {**rule, "name": f"{rule.get('name', rule['kind'])}{OF_LISTS}", "on": "*/memberships*"}
            | {"share": min(0.2, OFTENER * rule["share"])}
            for rule in self.trouble.rules
            if "share" in rule
        ]
        return (*self.trouble.rules, *own)

    def _calls(self) -> Sequence[str]:
        return statuses.LIST_CALLS

    def _ledger(self, run: str) -> str:
        return str(self._folder / f"ledger-{run}")

    def _state(self, run: str) -> State | None:
        state = super()._state(run)
        if state is None or self._audience.leaves != "leave_list":
            return state
        return State(state.path, refresh=state.refresh, on_removed="leave_list")

    # Nights

    def _go_on(self, url: str, ended: dict[str, Any] | None) -> None:
        self._url = url
        ended = self._to_the_end(url, ended)
        self._check_night(url, ended)
        for _ in range(1, self._audience.nights):
            self._next_night(url)
            ended = self._to_the_end(url, self._try(url, 1))
            self._check_night(url, ended)
        self._check_all(url)

    def _next_night(self, url: str) -> None:
        """Let rows leave the source, or name other lists, and trouble begin anew."""
        self._checks.ledger(self._lines(), self._contacts(url), self._log(url))
        call(url, "DELETE", "/sandbox/requests")
        self._night += 1
        self.run_id = f"night-{self._night}"
        self.world = self._later(self._contacts(url))
        edited = self._checks.edited
        self._checks = Checks(self.world, self.totals, self._checks.name, legacy=False)
        self._checks.edited = edited
        self.totals.rows += len(self.world.rows)
        if self._postgres:
            fill(self._postgres, self.world.rows)
        else:
            self._settings["records"] = self.world.rows
        call(url, "PUT", "/sandbox/faults", (self._folder / "faults.json").read_bytes())

    def _later(self, contacts: Contacts) -> World:
        """Make the source of the next night, in a portal as this one has left it."""
        dice, old = self._list_dice, self.world
        kept = [entry for entry in old.entries if dice.random() >= GONE]
        names = {entry.end for entry in kept} | {entry.contact for entry in kept}
        shared = {
            email: [entry for entry in entries if entry in kept] for email, entries in old.shared.items()
        }
        known = {email: values for email, values in old.expected.items() if email in names}
        for entry in kept:  # of two rows for a contact, one may be left
            alone = sum(entry.contact == other.contact for other in kept) == 1
            if entry.kind == "good" and alone:
                known[entry.end] = entry.values
        world = replace(
            old,
            entries=[replace(entry, row=_copied(entry.row)) for entry in kept],
            contacts=[_stored(contact.values) for contact in contacts.values()],
            expected=known,
            shared={},
            possible={*old.possible},
        )
        by_old = dict(zip(kept, world.entries, strict=True))
        world.shared = {
            email: [by_old[entry] for entry in entries]
            for email, entries in shared.items()
            if len(entries) > 1
        }
        if self._audience.by_column:
            for entry in world.entries:
                if isinstance(entry.row, dict) and dice.random() < GONE:
                    entry.list = dice.choice((*audience.NAMES, ""))
                    entry.row[audience.COLUMN] = entry.list
        return world

    def _try(self, url: str, number: int, run: str = "") -> dict[str, Any] | None:
        self._url = url
        if run or self.trouble.oauth:  # an expired token is known to nobody any more
            return super()._try(url, number, run)
        if self._night == 1 and number == 1:
            ids = {email: each.values["hs_object_id"] for email, each in self._contacts(url).items()}
            pairs = sorted(audience.named(self.world, ids))
            self._people.begin(self._list_dice.sample(pairs, min(EARLY, len(pairs))))
        with self._with_people(url):
            return super()._try(url, number, run)

    @contextmanager
    def _with_people(self, url: str) -> Iterator[None]:
        """Let people work beside a try.

        They put no contact into a list that this sync may just take out of it: after a kill nobody can tell
        the two apart.
        """
        contacts = {email: contact.values["hs_object_id"] for email, contact in self._contacts(url).items()}
        outside = [record_id for email, record_id in contacts.items() if email.startswith("outside")]
        inside = [record_id for email, record_id in contacts.items() if not email.startswith("outside")]
        comers = outside + (inside if self._night == 1 else [])
        with self._people.at_work(comers, inside):
            yield

    # Checking

    def _check_night(self, url: str, ended: dict[str, Any] | None) -> None:
        portal, lines = self._portal(url), self._lines()
        self.totals.nights += 1
        self._lists.night(self.world, lines, portal, killed=bool(self.trouble.kill))
        self._lists.blame(lines, self._log(url))
        if ended and ended["end"] == "success":
            self.totals.green += 1
            self._lists.green(self.world, portal)

    def _check_all(self, url: str) -> None:
        super()._check_all(url)
        runs = [self._lines(run) for run in ("rerun", "refresh", "second")]
        self._lists.rerun(self.world, runs, self._portal(url), sees_all=True)
        report = json.loads((self._folder / "second-1.json").read_text(encoding="utf-8"))["report"]
        self._lists.second(report)
        if self._audience.leaves:
            self._lists.nobody_because(report)
        portal = self._portal(url)
        self.totals.members += sum(len(each["members"]) for each in portal["lists"])
        self.totals.left += self._lists.removed
        self.totals.by_hand += self._people.calls

    def _portal(self, url: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(call(url, "GET", "/sandbox/state"))
        return found


def run_trial(seed: int, trouble: Trouble) -> Totals:
    """Run a trial of the usual size."""
    return (ListTrial if trouble.lists else Trial)(seed, trouble, ROWS).run()


def _copied(row: Any) -> Any:
    return dict(row) if isinstance(row, dict) else row


def _stored(values: Mapping[str, str]) -> dict[str, str]:
    """Return what a world knows of a contact."""
    return {name: values[name] for name in STORED if values.get(name)}


STORED = ("email", "firstname", "city", "lifecyclestage", "hs_lead_status", "hs_additional_emails")
