# SPDX-License-Identifier: Apache-2.0
"""People who put contacts into lists and take them out by hand, while a task is at work."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from http.client import HTTPException
from threading import Event, Thread
from urllib.parse import quote

from tests.chaos.audience import NAMES

PAUSE = (0.02, 0.15)
"""Seconds between two of their calls."""

Pair = tuple[str, str]
"""Name of a list, and record id of a contact."""


class People:
    """Touches each pair of a list and a contact once at most, so that it is known what came of it.

    :param call: makes a call of a method, a path and a body, and returns the answer.
    :ivar added: pairs that were put together by hand, and were not before.
    :ivar unsure: pairs that were parted by hand, or whose call got no answer that says what it did.
    """

    def __init__(self, call: Callable[[str, str, bytes | None], bytes], dice: random.Random) -> None:
        self.added: set[Pair] = set()
        self.unsure: set[Pair] = set()
        self.calls = 0
        self._call = call
        self._dice = dice
        self._touched: set[Pair] = set()
        self._ids: dict[str, str] = {}  # name of a list → its id
        self._problems: list[BaseException] = []

    @contextmanager
    def at_work(self, comers: Sequence[str], goers: Sequence[str]) -> Iterator[None]:
        """Work beside what is done in the context.

        :param comers: record ids of contacts that may be put into lists.
        :param goers: of contacts that may be taken out.
        """
        over = Event()

        def work() -> None:
            try:
                while not over.wait(self._dice.uniform(*PAUSE)):
                    self._touch(comers, goers)
            except BaseException as problem:  # noqa: BLE001 - raised again by the trial
                self._problems.append(problem)

        thread = Thread(target=work)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
        if self._problems:
            raise self._problems[0]

    def begin(self, pairs: Iterable[Pair]) -> None:
        """Make the lists, and put contacts into them, before the task does."""
        for name in NAMES:
            body = {"name": name, "objectTypeId": "0-1", "processingType": "MANUAL"}
            with suppress(OSError, HTTPException):  # the faults are everybody's
                self._call("POST", "/crm/v3/lists", json.dumps(body).encode())
        for pair in pairs:
            self._change(pair, comes=True)

    def _touch(self, comers: Sequence[str], goers: Sequence[str]) -> None:
        name, comes = self._dice.choice(NAMES), self._dice.random() < 0.5
        self._change((name, self._dice.choice(comers if comes else goers)), comes=comes)

    def _change(self, pair: Pair, *, comes: bool) -> None:
        list_id = self._id_of(pair[0])
        if list_id is None or pair in self._touched:
            return
        self._touched.add(pair)
        sides = ([pair[1]], []) if comes else ([], [pair[1]])
        body = dict(zip(("recordIdsToAdd", "recordIdsToRemove"), sides, strict=True))
        self.calls += 1
        try:
            path = f"/crm/v3/lists/{list_id}/memberships/add-and-remove"
            said = json.loads(self._call("PUT", path, json.dumps(body).encode()))
            changed = said["recordsIdsAdded" if comes else "recordIdsRemoved"]
        except (OSError, HTTPException, ValueError, KeyError):  # the faults are everybody's
            self.unsure.add(pair)
            return
        if comes and changed:
            self.added.add(pair)
        elif changed:
            self.unsure.add(pair)

    def _id_of(self, name: str) -> str | None:
        """Return the id of a list; None if there is none, or a fault hides it."""
        if name not in self._ids:
            try:
                found = self._call("GET", f"/crm/v3/lists/object-type-id/0-1/name/{quote(name)}", None)
                self._ids[name] = json.loads(found)["list"]["listId"]
            except (OSError, HTTPException, ValueError, KeyError):
                return None
        return self._ids[name]
