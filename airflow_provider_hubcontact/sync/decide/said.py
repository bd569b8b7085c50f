# SPDX-License-Identifier: Apache-2.0
"""Finds what the answer to a batch says of each of its steps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from airflow_provider_hubcontact.refusal import Refusal
from airflow_provider_hubcontact.sync.model.change import Write
from airflow_provider_hubcontact.sync.model.ports import Answers, Step, Written
from airflow_provider_hubcontact.sync.rows.comparison import Kind, differs


class Said:
    """What an answer says.

    :param sent: the steps of the batch.
    :param answer: the answer.
    :param kinds: property → what its values are, as far as it is known.
    """

    def __init__(self, sent: Sequence[Step], answer: Answers, kinds: Mapping[str, Kind]) -> None:
        # The first of several refusals counts.
        named = answer.refusals[::-1]
        self._by_trace = {name: each for each in named for name in each.trace_ids}
        # One that names trace ids means these inputs; its ids are of contacts that it met.
        self._by_id = {name: each for each in named if not each.trace_ids for name in each.ids}
        self._ids = {written.id: written for written in answer.written}
        self._keys = {written.key: written for written in answer.written if written.key}
        self._kinds = kinds
        looked_up = {step.change.address for step in sent if not step.change.is_direct}
        self._pairs = _Pairs(each for each in answer.written if each.id not in looked_up)
        self._unpaired = self._pair([step for step in sent if step.change.is_direct])

    def refusal(self, step: Step) -> Refusal | None:
        """Return the refusal that names the step."""
        if not (self._by_trace or self._by_id):
            return None
        return self._by_trace.get(step.trace_id) or self._by_id.get(step.change.address)

    def written(self, step: Step) -> Written | None:
        """Return what was written for the step."""
        if step.change.is_direct:
            return self._pairs.found.get(step.change.record.row)
        by = self._keys if step.change.write is Write.CREATE else self._ids
        return by.get(step.change.address)

    def candidates(self, step: Step) -> Collection[Written]:
        """Return the results that may be the step's own, although nothing tells so.

        The contact that it was proved to write is not among the results: somebody has made it anew, or has
        merged it. Which contact has the key by now, a look-up tells.

        :param step: one whose contact was not looked up, and for which :meth:`written` returns nothing.
        """
        return self._unpaired.get(step.change.record.row, ())

    def _pair(self, direct: Sequence[Step]) -> Mapping[int, Collection[Written]]:
        """Pair the results with steps of contacts that were not looked up.

        Nothing may name the contact of such a step: HubSpot shows neither trace id nor key of a contact that
        exists, and the step need not know its record id. Then values tell: a result that has all of the
        step's is its own, or that of a step that wants the same.

        :return: row of a step that has none → results of no step that have all of its values.
        """
        pairs, unpaired = self._pairs, dict[int, Collection[Written]]()
        if not direct:
            return unpaired
        left = pairs.take(direct, lambda step: step.trace_id, lambda each: each.trace_id)
        left = pairs.take(left, lambda step: step.change.contact, lambda each: each.id)
        # A result that is of no other step is of one that is refused, too: the answer contradicts itself.
        for is_refused in (False, True):
            steps = [step for step in left if bool(self.refusal(step)) is is_refused]
            unnamed = pairs.take_unnamed(steps, self._kinds)
            unpaired |= pairs.candidates(unnamed, self._kinds)
        return unpaired


class _Pairs:
    """Pairs steps and results, each with one.

    :param results: of the answer.
    :ivar found: row → its result.
    """

    def __init__(self, results: Iterable[Written]) -> None:
        self.found: dict[int, Written] = {}
        self._free = dict(enumerate(results))

    def take(
        self,
        steps: Sequence[Step],
        of_step: Callable[[Step], str | None],
        of_result: Callable[[Written], str | None],
    ) -> list[Step]:
        """Pair by a name, and return the steps that have found none."""
        places = {of_result(each): place for place, each in self._free.items()}
        return [step for step in steps if not self._pair(step, places.get(of_step(step) or ""))]

    def take_unnamed(self, steps: Sequence[Step], kinds: Mapping[str, Kind]) -> list[Step]:
        """Pair steps that no trace id names by their keys, and those of unknown contacts by their values.

        :return: the steps of known contacts that have found none.
        """
        left = self.take(steps, _key_of, lambda each: each.key)
        self.take_by_values([step for step in left if step.change.contact is None], kinds)
        return [step for step in left if step.change.contact is not None]

    def candidates(
        self, steps: Sequence[Step], kinds: Mapping[str, Kind]
    ) -> Mapping[int, Collection[Written]]:
        """Return row → free results that have all values of its step. Later steps do not find them."""
        if not self._free:
            return {}
        found = {
            step.change.record.row: [place for place, each in self._free.items() if shows(each, step, kinds)]
            for step in steps
        }
        some = {row: tuple(self._free[place] for place in places) for row, places in found.items()}
        for place in {place for places in found.values() for place in places}:
            del self._free[place]
        return some

    def take_by_values(self, steps: Sequence[Step], kinds: Mapping[str, Kind]) -> None:
        """Pair steps with results that have their values: letter for letter, or else in HubSpot's form.

        A created contact shows its key, so that it is not looked for here. A step of many values comes first:
        what it has written would do for one of few, too.
        """
        by_values: dict[tuple[str, ...], Mapping[tuple[str, ...], list[int]]] = {}
        left: list[Step] = []
        for step in sorted(steps, key=lambda step: -len(step.properties)):
            names = tuple(sorted(step.properties))
            if names not in by_values:
                by_values[names] = self._by_values(names)
            same = by_values[names].get(tuple(step.properties[name] for name in names), [])
            if not any(self._pair(step, same.pop()) for _ in tuple(same)):
                left.append(step)
        for step in left:
            alike = (n for n, each in self._free.items() if not each.created and shows(each, step, kinds))
            self._pair(step, next(alike, None))

    def _by_values(self, names: Sequence[str]) -> Mapping[tuple[str, ...], list[int]]:
        found: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for place, each in self._free.items():
            if not each.created:
                found[tuple(each.properties.get(name) or "" for name in names)].append(place)
        return found

    def _pair(self, step: Step, place: int | None) -> bool:
        if place is None or place not in self._free:
            return False
        self.found[step.change.record.row] = self._free.pop(place)
        return True


def _key_of(step: Step) -> str | None:
    return step.change.address if step.change.write is Write.UPSERT else None


def shows(written: Written, step: Step, kinds: Mapping[str, Kind]) -> bool:
    """Check whether a result has all values of a step.

    :param written: the result.
    :param step: the step.
    :param kinds: property → what its values are, as far as it is known.
    """
    shown = written.properties
    return all(
        name in shown and not differs(kinds.get(name, Kind.UNKNOWN), wanted, shown[name])
        for name, wanted in step.properties.items()
    )
