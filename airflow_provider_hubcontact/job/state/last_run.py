# SPDX-License-Identifier: Apache-2.0
"""The last completed run with a state, and what has changed since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson

from airflow_provider_hubcontact.job.state.claim import About

QUERY = "query"
"""Name of query and task among the settings of the last completed run. Another one proves nothing wrong."""


RUN = "run"
"""Name of the last completed runs there: another try of one of them, or a cleared one, is not another run."""


MOST_RUNS = 100
"""Completed runs that are remembered."""


class LastRun:
    """What a state knows of the run that has completed last.

    :param about: the state; None if it is not there.
    :param settings: of this run: part → text.
    :param refresh: whether rows are looked up and compared whatever is proved of them.
    """

    def __init__(self, about: About | None, settings: Mapping[str, str], *, refresh: bool) -> None:
        self._about = about
        self._settings = settings
        self._refresh = refresh

    @property
    def looks_all_up(self) -> str | None:
        """Why all rows are looked up, whatever is proved of them; None if they are not."""
        if self._about is None or self._about.completed_at is None:
            return "no run with this state has completed"
        return self.read_anew()

    def read_anew(self) -> str | None:
        """Return why all rows are looked up, whatever is proved of them; None if they are not."""
        if self._refresh:
            return "refresh=True"
        changed = self._changed()
        return f"changed since the last completed run: {', '.join(changed)}" if changed else None

    @property
    def runs(self) -> Sequence[str]:
        """The last completed runs that counted the rows that left."""
        return self._earlier.get(RUN, "").split()

    def doubt(self, query: str) -> str | None:
        """Return why keys that this run lacks need not have left the source.

        :param query: name of its query and task.
        """
        if not self._earlier:
            return "no run with this state is completed yet"
        changed = [*self._changed(), *([QUERY] if self._earlier.get(QUERY) != query else [])]
        return f"changed since the last completed run: {', '.join(changed)}" if changed else None

    def followed_by(self, run: str, query: str) -> dict[str, str]:
        """Return what the next run that removes contacts goes by.

        The runs are those of the same source and task, the last one at the end.

        :param run: name of this run.
        :param query: name of its query and task.
        """
        runs = [each for each in self.runs if each != run]
        return {QUERY: query, RUN: " ".join([*runs, run][-MOST_RUNS:])}

    def _changed(self) -> list[str]:
        """Return the parts of the settings in which the last completed run differs from this one."""
        earlier = self._earlier
        parts = {*self._settings, *earlier} - {QUERY, RUN} if earlier else set()
        return sorted(name for name in parts if earlier.get(name) != self._settings.get(name))

    @property
    def _earlier(self) -> Mapping[str, str]:
        """The settings of the last completed run; empty before the first one."""
        found: Mapping[str, str] = orjson.loads(self._about.settings) if self._about else {}
        return found
