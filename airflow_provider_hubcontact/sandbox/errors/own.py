# SPDX-License-Identifier: Apache-2.0
"""Refusals of the sandbox itself, which HubSpot does not have."""

from __future__ import annotations

from airflow_provider_hubcontact.sandbox.errors.refusal import Refused


class NotEmulated(Refused):
    """The sandbox does not emulate the call; HubSpot may know it.

    :param what: what is not emulated.
    :param instead: the nearest that is; empty if nothing is near.
    """

    status = 501

    def __init__(self, what: str, instead: str = "") -> None:
        near = f"The nearest that it emulates is {instead}." if instead else "It emulates nothing like it."
        super().__init__(
            f"The sandbox does not emulate {what}. {near} docs/sandbox.md lists what works.",
            "NOT_EMULATED",
            {"nearest": [instead]} if instead else None,
        )


class NoSuchFault(Refused):
    """The sandbox's fault plan has no such rule."""

    status = 404

    def __init__(self, name: str) -> None:
        super().__init__(f"No rule of the fault plan is called {name!r}.")


class NoSuchSnapshot(Refused):
    """The sandbox has no such snapshot."""

    status = 404

    def __init__(self, name: str) -> None:
        super().__init__(f"No snapshot is called {name!r}.")


class Broken(Refused):
    """The sandbox has a bug (U: what HubSpot says then)."""

    status = 500

    def __init__(self) -> None:
        super().__init__("The sandbox failed; its log says where.", "INTERNAL_ERROR")
