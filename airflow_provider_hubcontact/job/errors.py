# SPDX-License-Identifier: Apache-2.0
"""What keeps a run from its work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class LedgerError(RuntimeError):
    """The ledger takes no lines."""


class SetupError(ValueError):
    """The run cannot work as it is set up; no retry can mend it."""


class SourceError(SetupError):
    """The source as a whole gives no records."""


class PlanError(SetupError):
    """A plan cannot be written, or is not exactly as it was made."""


class GuardExceeded(SetupError):
    """The run would do more than its guards allow."""


class PreflightError(SetupError):
    """Something is wrong with the settings or the portal; nothing was sent.

    :param problems: printable sentences.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(["Nothing was sent:", *(f"- {each}" for each in problems)]))
        self.problems = tuple(problems)

    def __reduce__(self) -> tuple[type[PreflightError], tuple[tuple[str, ...]]]:
        """Survive pickling with the problems."""
        return type(self), (self.problems,)


class RunStopped(SetupError):
    """The run stopped for a reason that concerns every record; no retry can mend it."""


class StateError(Exception):
    """A state cannot be used, so that nothing may be sent.

    :param message: what happened; it quotes no value.
    :param may_pass: whether another try can fare better.
    """

    def __init__(self, message: str, *, may_pass: bool = False) -> None:
        super().__init__(message)
        self.may_pass = may_pass

    def __reduce__(self) -> tuple[Any, ...]:
        """Survive pickling with both."""
        return _state_error, (type(self), str(self), self.may_pass)


class StateDatabaseError(StateError):
    """The database of a state refused a statement, or could not be reached."""


class ClaimLost(StateError):
    """Another run has claimed the state, since this one gave no sign of life for long."""

    def __init__(self, message: str, *, may_pass: bool = True) -> None:
        super().__init__(message, may_pass=may_pass)


def _state_error(kind: type[StateError], message: str, may_pass: bool) -> StateError:
    return kind(message, may_pass=may_pass)


class PortalNotReady(Exception):
    """The portal lacks something that the run needs, and that cannot be made or read now.

    :param message: what happened.
    :param may_pass: whether another try can fare better.
    """

    def __init__(self, message: str, *, may_pass: bool) -> None:
        super().__init__(message)
        self.may_pass = may_pass
