"""What keeps a run from its work."""

from __future__ import annotations


class LedgerError(RuntimeError):
    """The ledger takes no lines."""


class SourceError(ValueError):
    """The source as a whole gives no records."""


class PortalNotReady(Exception):
    """The portal lacks something that the run needs, and that cannot be made now.

    :param message: what happened.
    :param may_pass: whether another try can fare better.
    """

    def __init__(self, message: str, *, may_pass: bool) -> None:
        super().__init__(message)
        self.may_pass = may_pass
