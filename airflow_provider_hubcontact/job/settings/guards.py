# SPDX-License-Identifier: Apache-2.0
"""What a run may do at most."""

from __future__ import annotations

from collections.abc import Iterator

from airflow_provider_hubcontact.job.settings.frozen import Frozen


class Guards(Frozen):
    """What a run may do at most; if it would do more, nothing is written.

    :param changes: contacts that may be changed: a count, or a share of the rows below 1.
    :param creates: contacts that may be created, likewise.
    :param removals: contacts that may be removed, or may leave lists: a count, or a share below 1 of those in
        the state, which always allows one; None for any number. In an undo, contacts that may be archived,
        and a share is one of the contacts of the run.
    """

    changes: float | None = None
    creates: float | None = None
    removals: float | None = 0.1

    def problems(self) -> Iterator[str]:
        """Yield a sentence for each thing that is wrong."""
        if self == Guards():
            return
        given = {name: most for name, most in self.fields().items() if most is not None}
        from airflow_provider_hubcontact.sync.model.tolerance import is_tolerance

        for name, most in given.items():
            if not is_tolerance(most):
                yield f"guards.{name} must be a count or a share below 1, not {most!r:.100}"

    @property
    def are_set(self) -> bool:
        """Whether anything is guarded that has to be looked up."""
        return self.changes is not None or self.creates is not None
