# SPDX-License-Identifier: Apache-2.0
"""What the collections of a portal share: its account, its clock, the journal of changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from airflow_provider_hubcontact.sandbox.crm.owners import Owners
from airflow_provider_hubcontact.sandbox.crm.record import Record, Write
from airflow_provider_hubcontact.sandbox.switches import Switches

FIRST_ID = 171_591_000_001


@dataclass(frozen=True, slots=True)
class Account:
    """The account that a portal belongs to.

    :param portal_id: its id.
    :param time_zone: an IANA name; the day of the limits begins at its midnight.
    :param account_type: ``STANDARD``, ``DEVELOPER_TEST``, ``SANDBOX`` or ``APP_DEVELOPER``.
    """

    portal_id: int = 12_345_678
    time_zone: str = "America/New_York"
    currency: str = "USD"
    account_type: str = "STANDARD"


@dataclass(eq=False)
class Shared:
    """What the collections of a portal share.

    :param switches: what the sandbox does where HubSpot's behaviour is not known.
    :param account: the account that it belongs to.
    :param owners: whom records can belong to.
    :param clock: seconds since 1970.
    :ivar next_id: id of the next record that is created, of whatever type.
    :ivar writer: the app or the import that is writing.
    :ivar journal: the changes, until a store has kept them; None without a store.
    :ivar erased: the ids of records that are gone for good, until a store has forgotten them.
    """

    switches: Switches
    account: Account
    owners: Owners
    clock: Callable[[], float]
    next_id: int = field(default=FIRST_ID, init=False)
    writer: str = field(default="", init=False)
    journal: list[tuple[Record, Write | None]] | None = field(default=None, init=False)
    erased: set[str] = field(default_factory=set, init=False)

    def now(self) -> int:
        """Return the time of the clock, in milliseconds since 1970."""
        return int(self.clock() * 1000)

    def touch(self, record: Record, write: Write | None = None) -> None:
        """Note in the journal that a record changed.

        :param record: the record.
        :param write: the write; None if the record is new or deleted.
        """
        if self.journal is not None:
            self.journal.append((record, write))

    def forget(self, record: Record) -> None:
        """Note that a record is gone for good, or that its history is another one from now on."""
        if self.journal is not None:
            self.journal[:] = [change for change in self.journal if change[0] is not record]
            self.erased.add(record.id)

    def new_id(self) -> str:
        """Return the id of a new record."""
        self.next_id += 1
        return str(self.next_id - 1)
