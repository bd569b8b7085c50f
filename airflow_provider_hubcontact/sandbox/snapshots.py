# SPDX-License-Identifier: Apache-2.0
"""Snapshots: the state of a portal as it was, to which tests go back between them.

Nothing is written out and read again. A snapshot keeps a copy of what each object holds, and puts it back
into the same objects: going back costs a microsecond a record, and what refers to a record still does.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import is_dataclass
from functools import cache
from typing import Any

from airflow_provider_hubcontact.sandbox.crm.async_batches import AsyncBatches
from airflow_provider_hubcontact.sandbox.crm.portal import Portal
from airflow_provider_hubcontact.sandbox.crm.record import Record
from airflow_provider_hubcontact.sandbox.imports import state as import_state
from airflow_provider_hubcontact.sandbox.imports.runs import Imports

SETTINGS = {
    "switches",
    "account",
    "clock",
    "requirements",
    "search_lag",
    "journal",
    "writer",
    "_seeds",
    "_own",
}
"""What a portal has besides its state; everything else is state."""

MOST = 100
"""The most snapshots of a portal."""

_PACKAGE = __name__.rpartition(".")[0]


class Snapshot:
    """A portal's records and properties, its imports, and the batches of v1 that wait, as they are now.

    Tokens, limits, faults, the request log and the clock are not part of it.
    """

    def __init__(self, portal: Portal, imports: Imports, later: AsyncBatches) -> None:
        self._portal, self._imports, self._later = portal, imports, later
        self._state = {name: value for name, value in vars(portal).items() if name not in SETTINGS}
        self._held = Held(self._state.values(), leave=[portal, *(getattr(portal, name) for name in SETTINGS)])
        self._waiting = later.dump()
        self._of_imports = [(import_state.dump(each), each.content) for each in imports.everything()]
        self.contacts = len(portal.contacts)

    def restore(self) -> None:
        """Go back to it, as often as wanted."""
        vars(self._portal).update(self._state)
        self._held.put_back()
        self._portal.collections = dict(self._portal.collections)  # a store sees that everything is another
        self._later.load(self._waiting)
        self._imports.reset()
        for values, content in self._of_imports:
            self._imports.take(import_state.load(values, content))


class Snapshots:
    """The snapshots of a portal, each with a name.

    :param portal: the portal.
    :param imports: its imports.
    :param later: its batches that wait.
    """

    def __init__(self, portal: Portal, imports: Imports, later: AsyncBatches) -> None:
        self._of = (portal, imports, later)
        self._taken: dict[str, Snapshot] = {}

    def take(self, name: str) -> None:
        """Keep the present state under a name, in place of what the name had.

        :raises ValueError: if there are too many.
        """
        if name not in self._taken and len(self._taken) >= MOST:
            raise ValueError(f"There are {MOST} snapshots already.")
        self._taken[name] = Snapshot(*self._of)

    def restore(self, name: str) -> None:
        """Go back to a snapshot, as often as wanted.

        :raises KeyError: if no snapshot has this name.
        """
        self._taken[name].restore()

    def forget(self, name: str) -> None:
        """Keep a snapshot no longer.

        :raises KeyError: if no snapshot has this name.
        """
        del self._taken[name]

    @property
    def contacts(self) -> dict[str, int]:
        """Name → number of contacts."""
        return {name: each.contacts for name, each in self._taken.items()}


class Held:
    """What some objects hold, and all objects that they lead to, each once.

    These are dicts, lists, sets and the sandbox's own objects. What is frozen cannot change, tuples included.

    :param roots: where to begin.
    :param leave: objects that are not looked into.
    """

    def __init__(self, roots: Iterable[Any], leave: Iterable[Any] = ()) -> None:
        self._dicts: list[tuple[dict[Any, Any], dict[Any, Any]]] = []
        self._lists: list[tuple[list[Any] | deque[Any], list[Any]]] = []
        self._sets: list[tuple[set[Any], set[Any]]] = []
        self._records: list[tuple[Record, Record]] = []
        self._slots: list[tuple[object, dict[str, Any]]] = []
        seen = {id(each) for each in leave}
        waiting = list(roots)
        while waiting:
            value = waiting.pop()
            if id(value) not in seen:
                held = self._keep(value)
                if held is not None:
                    seen.add(id(value))
                    waiting += held

    def put_back(self) -> None:
        """Put it back into the same objects."""
        for dict_, pairs in self._dicts:
            dict_.clear()
            dict_.update(pairs)
        for list_, items in self._lists:
            list_.clear()
            list_.extend(items)
        for set_, members in self._sets:
            set_.clear()
            set_.update(members)
        for record, copy in self._records:
            record.adopt(copy)
        for value, attributes in self._slots:
            for name, each in attributes.items():
                setattr(value, name, each)

    def _keep(self, value: Any) -> Iterable[Any] | None:  # noqa: ANN401 - any object
        """Copy what an object holds.

        :return: what it holds; None if it cannot change.
        """
        if isinstance(value, dict):
            self._dicts.append((value, dict(value)))
            return value.values()
        if isinstance(value, list | deque):
            self._lists.append((value, list(value)))
            return value
        if isinstance(value, set):
            self._sets.append((value, set(value)))
            return ()
        if isinstance(value, Record):  # the many; the rest would do for them, too, at thrice the time
            self._records.append((value, value.copy()))
            return ()
        return self._keep_attributes(value)

    def _keep_attributes(self, value: Any) -> Iterable[Any] | None:  # noqa: ANN401 - any object
        """Copy the attributes of an object of the sandbox's own; None if it is another's, or frozen."""
        kind: type = type(value)
        if not _can_change(kind):
            return None
        if "__slots__" not in vars(kind):
            return [vars(value)]
        attributes = {name: getattr(value, name) for name in vars(kind)["__slots__"]}
        self._slots.append((value, attributes))
        return attributes.values()


@cache
def _can_change(kind: type) -> bool:
    """Check whether objects of a class are the sandbox's own, with attributes that can change."""
    frozen = is_dataclass(kind) and kind.__dataclass_params__.frozen  # type: ignore[attr-defined] # typeshed lacks it
    return kind.__module__.startswith(_PACKAGE) and not frozen and not issubclass(kind, tuple)
