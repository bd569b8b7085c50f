# SPDX-License-Identifier: Apache-2.0
"""The closed set of outcomes, and one record's result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from airflow_provider_hubcontact.printable import printable
from airflow_provider_hubcontact.refusal import Refusal
from airflow_provider_hubcontact.status import status_of
from airflow_provider_hubcontact.sync.model.choices import Membership


class Outcome(StrEnum):
    """How one record ended. Every record ends in exactly one of these."""

    UPDATED = "updated"
    CREATED = "created"
    ARCHIVED = "archived"
    UNCHANGED = "unchanged"
    UP_TO_DATE = "up_to_date"
    SUPERSEDED = "superseded"
    INVALID = "invalid"
    REJECTED = "rejected"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    UNAUTHORIZED = "unauthorized"
    THROTTLED = "throttled"
    UNAVAILABLE = "unavailable"
    UNKNOWN = "unknown"
    NOT_ATTEMPTED = "not_attempted"


class Values(Enum):
    """What an outcome says of the values of its record."""

    WRITTEN = "this run wrote them"
    FOUND = "the contact has them already"
    NOT_DUE = "nothing was to be written for this row"
    NOT_WRITTEN = "they were not written"
    IN_DOUBT = "a call that may still be carried out has them"


VALUES: Mapping[Outcome, Values] = {
    Outcome.UPDATED: Values.WRITTEN,
    Outcome.CREATED: Values.WRITTEN,
    Outcome.ARCHIVED: Values.NOT_DUE,
    Outcome.UNCHANGED: Values.FOUND,
    Outcome.UP_TO_DATE: Values.NOT_DUE,
    Outcome.SUPERSEDED: Values.NOT_DUE,
    Outcome.INVALID: Values.NOT_WRITTEN,
    Outcome.REJECTED: Values.NOT_WRITTEN,
    Outcome.NOT_FOUND: Values.NOT_WRITTEN,
    Outcome.CONFLICT: Values.NOT_WRITTEN,
    Outcome.UNAUTHORIZED: Values.NOT_WRITTEN,
    Outcome.THROTTLED: Values.NOT_WRITTEN,
    Outcome.UNAVAILABLE: Values.IN_DOUBT,
    Outcome.UNKNOWN: Values.IN_DOUBT,
    Outcome.NOT_ATTEMPTED: Values.NOT_WRITTEN,
}
"""Without the row of an outcome, this module cannot be imported: the sets below are made of it."""


def _that_say(*values: Values) -> frozenset[Outcome]:
    return frozenset(outcome for outcome in Outcome if VALUES[outcome] in values)


WRITES = _that_say(Values.WRITTEN)
"""Outcomes of records whose values were written."""


DECIDES_VALUES = _that_say(Values.WRITTEN, Values.FOUND)
"""Outcomes that say of each value of a record what became of it."""


SUCCESSES = _that_say(Values.WRITTEN, Values.FOUND, Values.NOT_DUE)
"""Outcomes of records without a problem."""


NOT_WRITTEN = _that_say(Values.NOT_WRITTEN)
"""Outcomes that say that a record's values were not written."""


IN_DOUBT = _that_say(Values.IN_DOUBT)
"""Outcomes after which a write may still be carried out."""


MAY_BE_WRITTEN = _that_say(Values.IN_DOUBT, Values.FOUND)
"""Outcomes of results whose changes are of what may have been written."""


ABOUT_A_RECORD = frozenset({Outcome.REJECTED, Outcome.NOT_FOUND, Outcome.CONFLICT})
"""Refusals that a record caused; without it the others of its batch can be sent."""


MAY_PASS = frozenset({Outcome.THROTTLED, Outcome.UNAVAILABLE})
"""Refusals that no record caused, and that are over after a while. The client repeats them."""


def refused_as(status: int) -> Outcome:
    """Return the outcome of a record that HubSpot refused with an HTTP status.

    :param status: HTTP status of the refusal, of the call or of one input of a batch.
    :return: the outcome; ``unknown`` for a status that says nothing about a record.
    """
    return Outcome(status_of(status).outcome)


class Result(NamedTuple):
    """What became of one record.

    :param row: number of the source row, from 1.
    :param key: the record's key as it was looked up; empty when the row had none.
    :param outcome: how the record ended.
    :param status: HTTP status that stands for the outcome, if HubSpot or a look-up decided it.
    :param category: HubSpot's error category, or the station's own word for what is wrong.
    :param reason: one sentence for people; may quote the value that was refused.
    :param properties: names of the properties that failed.
    :param correlation_id: HubSpot's id of the call, for its support.
    :param changes: property → (old, new) of what was written or, in a dry run, would be. Where it is not
        known whether the record was written, of what may have been; ``unchanged`` ones have such changes
        if an attempt without a clear answer came before.
    :param earlier: number of the earlier try of the task that ended the record; 0 if this try did.
    :param why: what may be said of it in logs: how a call was lost, HubSpot's codes; no value of a record.
    :param refusal: all that HubSpot said, if it refused the record.
    :param contact: record id of the contact, if it is known.
    :param unread: names of changed properties whose old values nobody has read.
    :param list_id: id of the list in which the contact was to be, or which it was to leave.
    :param membership: what became of that; None if it did not come so far, or if there is no list.
    :param is_read: whether this run has read who is in the list, instead of knowing it from an earlier one.
    """

    row: int
    key: str
    outcome: Outcome
    status: int | None = None
    category: str | None = None
    reason: str = ""
    properties: tuple[str, ...] = ()
    correlation_id: str | None = None
    changes: Mapping[str, tuple[str | None, str]] = MappingProxyType({})
    earlier: int = 0
    why: str = ""
    refusal: Refusal | None = None
    contact: str | None = None
    unread: tuple[str, ...] = ()
    list_id: str | None = None
    membership: Membership | None = None
    is_read: bool = False

    @classmethod
    def refused(cls, row: int, key: str, outcome: Outcome, refusal: Refusal, before: str = "") -> Result:
        """Return the result of a record that HubSpot refused.

        :param row: of the record.
        :param key: of the record.
        :param outcome: what the refusal means for it.
        :param refusal: what HubSpot said.
        :param before: what is to be told before that, such as what was written already.
        """
        return cls(
            *(row, key, outcome, refusal.status, refusal.category, before + refusal.message),
            properties=refusal.properties,
            correlation_id=refusal.correlation_id,
            refusal=refusal,
        )

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Result:
        """Return the result that a document was made of, without what it does not hold.

        :param document: as :meth:`to_dict` returns it; other fields are left alone.
        """
        told = {name: document[name] for name in RESULT_FIELDS}
        told |= {"outcome": Outcome(told["outcome"]), "properties": tuple(told["properties"])}
        return cls(**told)

    def to_dict(self) -> dict[str, Any]:
        """Return how the record ended, as JSON values: ``RESULT_FIELDS`` in their order.

        What was written is left out, since the values are personal data; see :meth:`changes_to_dict`.
        """
        return {
            "row": self.row,
            "key": self.key,
            "outcome": str(self.outcome),
            "status": self.status,
            "category": self.category,
            "reason": self.reason,
            "properties": list(self.properties),
            "correlation_id": self.correlation_id,
        }

    def changes_to_dict(self) -> dict[str, list[str | None]]:
        """Return property → [old, new] of what was written, as JSON values."""
        return {name: list(both) for name, both in self.changes.items()}


RESULT_FIELDS = tuple(Result(0, "", Outcome.UNKNOWN).to_dict())
"""Fields of a result that ledgers, reports and plans have."""


INTERNAL_ERROR = "INTERNAL_ERROR"
"""Category of a record over which our own code stumbled, or the class of one of its values."""


DUPLICATE = "DUPLICATE"
"""Category of a row that is not valid because of where it stands: behind another one with its key."""


LIST = "LIST"
"""Category of a record whose contact is not in its list, or that names a list that there is not."""


ADDRESSES_STAY = "ADDRESSES_STAY"
"""Category of a record that ended well, but for second addresses that a contact cannot get any more."""


DRIFT = "DRIFT"
"""Category of a row that is up to date but for what somebody has edited since its proof."""


def internal_error(
    row: int, key: str, error: Exception, while_it: str, properties: tuple[str, ...] = ()
) -> Result:
    """Return the result of a record at which code raised an exception; it holds no value of the record.

    :param error: what was raised. Only its class is told: its message may hold a value.
    :param while_it: what was done to the record.
    :param properties: that it was about.
    """
    named = f" ({', '.join(properties)})" if properties else ""
    reason = f"{printable(type(error).__name__, 80)} while the record was {while_it}{named}"
    return Result(row, key, Outcome.INVALID, category=INTERNAL_ERROR, reason=reason, properties=properties)


Tally = Counter[tuple[Outcome, int | None]]
"""How many records ended in which outcome with which HTTP status."""


def by_outcome(tally: Mapping[tuple[Outcome, int | None], int]) -> dict[Outcome, int]:
    """Add a tally up by outcome, in the order of :class:`Outcome`, without zeros."""
    counts: Counter[Outcome] = Counter()
    for (outcome, _), count in tally.items():
        counts[outcome] += count
    return {outcome: counts[outcome] for outcome in Outcome if counts[outcome]}


class Stop(NamedTuple):
    """Why a run ended before its source.

    :param reason: for people; it gets into logs, and quotes no value of a record.
    :param retry_after: seconds after which another try can fare better, if HubSpot or the quota tell.
    :param setup: the connection does not lead to HubSpot, so that no try can fare better.
    """

    reason: str
    retry_after: float | None = None
    setup: bool = False
