# SPDX-License-Identifier: Apache-2.0
"""What became of contacts in lists, for the report: a few lists by name, and the sums of all others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from airflow_provider_hubcontact.sync.model.choices import Membership

MAX_LISTS = 100
"""The most lists that a report names: a column of the source may name a list a row."""


Told = dict[str, dict[str, Any]]
"""Id of a list → its ``name``, and how many contacts have each membership."""


def most(counts: Mapping[tuple[str, Membership], int]) -> list[str]:
    """Return the ids of the lists that a report names: those of the most contacts, in the order of their ids.

    :param counts: list and membership → how many contacts.
    """
    sizes: Counter[str] = Counter()
    for (list_id, _), count in counts.items():
        sizes[list_id] += count
    # Of two of a size, always the same one.
    return sorted(sorted(sizes, key=lambda each: (-sizes[each], each))[:MAX_LISTS])


def told(
    counts: Mapping[tuple[str, Membership], int], names: Mapping[str, str]
) -> tuple[Told, dict[str, int]]:
    """Return what a report says of lists.

    :param counts: list and membership → how many contacts.
    :param names: id → name, of the lists that the report names.
    :return: the lists, and the ``count`` and the sums of those that it does not name; empty without any.
    """
    named: Told = {list_id: {"name": names.get(list_id, list_id)} for list_id in most(counts)}
    others: set[str] = set()
    sums: Counter[str] = Counter()
    for (list_id, membership), count in sorted(counts.items()):
        if list_id in named:
            named[list_id][str(membership)] = count
        else:
            others.add(list_id)
            sums[str(membership)] += count
    return named, ({"count": len(others), **sums} if others else {})


def folded(reports: Iterable[Mapping[str, Any]]) -> tuple[Told, dict[str, int]]:
    """Return what the reports of several tasks say of lists, of the same form.

    A list that several reports do not name is counted for each of them.
    """
    counts: Counter[tuple[str, Membership]] = Counter()
    names: dict[str, str] = {}
    unnamed: Counter[str] = Counter()
    for report in reports:
        for list_id, of_list in report.get("lists", {}).items():
            names[list_id] = of_list["name"]
            counts.update({(list_id, each): of_list[each] for each in Membership if each in of_list})
        unnamed.update(report.get("more_lists", {}))
    named, others = told(counts, names)
    return named, dict(unnamed + Counter(others))
