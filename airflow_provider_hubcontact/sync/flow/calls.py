"""The calls of a run, and what can come back."""

from __future__ import annotations

from dataclasses import dataclass, field

from airflow_provider_hubcontact.sync.model.change import Change, Write
from airflow_provider_hubcontact.sync.model.outcome import Result
from airflow_provider_hubcontact.sync.model.ports import Answers, Found, Lost, Refused, Step
from airflow_provider_hubcontact.sync.model.record import Record


@dataclass(frozen=True, slots=True)
class ReadCall:
    """A look-up.

    :param records: the records whose contacts are looked up.
    :param outdated: claims under which something was written since it began.
    """

    records: tuple[Record, ...]
    outdated: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class WriteCall:
    """A write.

    :param repeated: its steps were sent before, in a batch that got no clear answer.
    :param others: steps of that batch that are to be sent after these.
    """

    kind: Write
    steps: tuple[Step, ...]
    repeated: bool = False
    others: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class VerifyCall:
    """A look-up of what was written.

    :param written: changes, and the results that they have unless the look-up contradicts.
    """

    written: tuple[tuple[Change, Result], ...]


Call = ReadCall | WriteCall | VerifyCall


Answer = Found | Answers | Refused | Lost
