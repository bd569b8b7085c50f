# SPDX-License-Identifier: Apache-2.0
"""What a page is about: a task instance, a DAG run or a DAG. Knows no Airflow."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

UNENDED = (1, 0)
"""Where a state stands that is no end."""

_WORST = ("failed", "upstream_failed", "up_for_retry")

_WELL = ("success", "skipped")


def worst_first(state: str | None) -> tuple[int, int]:
    """Return where a state stands: what failed, what has not ended, what ended well.

    :param state: of a task instance.
    """
    if state in _WORST:
        return 0, _WORST.index(state)
    return (2, _WELL.index(state)) if state in _WELL else UNENDED


class Heading(NamedTuple):
    """The task instance, the DAG run, or the DAG that a page is about.

    :param dag_id: id of the DAG.
    :param run_id: id of the run; empty for a page about a DAG.
    :param task_id: id of the task; empty for a page about a run or a DAG.
    :param map_index: index of a mapped task, else -1.
    :param state: state of the task instance, if there is one.
    :param tries: how often the task instance was tried.
    :param map_name: how ``map_index_template`` calls a mapped task, if it has one.
    :param started: when the task instance, or the run, has started.
    """

    dag_id: str
    run_id: str = ""
    task_id: str = ""
    map_index: int = -1
    state: str | None = None
    tries: int = 0
    map_name: str | None = None
    started: datetime | None = None

    @property
    def task(self) -> str:
        """The task, with the name or the number of a mapped one."""
        if self.map_index < 0:
            return self.task_id
        return f"{self.task_id} [{self.map_name or self.map_index}]"

    @property
    def query(self) -> dict[str, str | int]:
        """The parameters that lead to the page."""
        names = ("dag_id", "run_id", "task_id", "map_index")
        return {name: getattr(self, name) for name in names}
