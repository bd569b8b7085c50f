# SPDX-License-Identifier: Apache-2.0
"""The calls that a run makes, and what can answer them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from airflow_provider_hubcontact.sync.model.change import Change, Write
from airflow_provider_hubcontact.sync.model.outcome import Result
from airflow_provider_hubcontact.sync.model.ports import Answers, Found, Lost, Members, Moved, Refused, Step
from airflow_provider_hubcontact.sync.model.record import Record


@dataclass(frozen=True, slots=True)
class ReadCall:
    """A look-up of contacts before they are written.

    :param records: the records whose contacts are looked up.
    :param creations: of these records, if it is looked up who has the addresses that they give; else empty.
    :param outdated: record ids of contacts that were written after the call began: its answer may be too old
        for them.
    """

    records: tuple[Record, ...]
    creations: tuple[Change, ...] = ()
    outdated: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class WriteCall:
    """A write of one batch.

    :param kind: how its contacts are written.
    :param steps: what is written, one step a contact.
    :param repeated: the steps were sent before, in a batch that got no clear answer.
    :param others: the other steps of that batch, which are sent after these.
    """

    kind: Write
    steps: tuple[Step, ...]
    repeated: bool = False
    others: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class VerifyCall:
    """A look-up of contacts after they were written.

    :param written: each change, and the result that it has unless the look-up contradicts it.
    """

    written: tuple[tuple[Change, Result], ...]


class Stage(Enum):
    """What is done next about a contact that is to be in a list, or to leave it."""

    LOOK = "it is read whether it is there, if that is likely to save the call that moves it"
    MOVE = "it is put into the list, or taken out"
    PROVE = "it is read whether it is there, since the answer to that call does not mention it"


class Target(NamedTuple):
    """Where contacts are to be.

    :param name: what the port knows the list by.
    :param leaves: whether they are to leave it.
    """

    name: str
    leaves: bool


@dataclass(frozen=True, slots=True)
class ListCall:
    """A call about the members of a list.

    :param stage: what it does.
    :param target: the list.
    :param results: record id → the results that its records have once it is where it is to be.
    """

    stage: Stage
    target: Target
    results: Mapping[str, tuple[Result, ...]]

    @property
    def reads(self) -> bool:
        """Whether it only reads who is in the list."""
        return self.stage is not Stage.MOVE


Call = ReadCall | WriteCall | VerifyCall | ListCall


Answer = Found | Answers | Refused | Lost | Moved | Members
