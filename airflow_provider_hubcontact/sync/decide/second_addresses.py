# SPDX-License-Identifier: Apache-2.0
"""What becomes of the second addresses of a row. HubSpot takes them of new contacts only.

HubSpot docs: contacts guide; that a creation takes them is shown by a live scenario in public.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from airflow_provider_hubcontact.sync.model.change import Stored
from airflow_provider_hubcontact.sync.model.outcome import ADDRESSES_STAY, Outcome, Result
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.keys import EMAIL, SECOND_ADDRESSES, addresses, normalized_key

ADDRESS_TAKEN = "ADDRESS_TAKEN"
"""Category of a new contact of which another one has an address."""


MAX_NAMED = 5
"""The most addresses that a reason names."""


def for_new(values: Mapping[str, str]) -> Mapping[str, str]:
    """Return the values of a new contact, without its own address among its second ones.

    :param values: property → text.
    """
    if SECOND_ADDRESSES not in values:
        return values
    own = addresses(values.get(EMAIL, ""))
    others = [each for each in addresses(values[SECOND_ADDRESSES]) if each not in own]
    rest = {name: value for name, value in values.items() if name != SECOND_ADDRESSES}
    return {**rest, SECOND_ADDRESSES: ";".join(others)} if others else rest


def taken(record: Record, values: Mapping[str, str], found: Mapping[str, Stored]) -> Result | None:
    """Return the conflict of a new contact of which other contacts have addresses.

    :param record: the record.
    :param values: that the contact would get.
    :param found: address → its contact.
    :return: None if nobody has any of them.
    """
    first = normalized_key(EMAIL, values.get(EMAIL, ""))
    given = {EMAIL: (first,), SECOND_ADDRESSES: addresses(values.get(SECOND_ADDRESSES, ""))}
    told = {
        name: [f"{each} belongs to another contact ({found[each].id})" for each in those if each in found]
        for name, those in given.items()
    }
    reason = "; ".join(f"{name}: {_named(texts)}" for name, texts in told.items() if texts)
    names = tuple(name for name, texts in told.items() if texts)
    return (
        Result(record.row, record.key, Outcome.CONFLICT, 409, ADDRESS_TAKEN, reason, names) if names else None
    )


def unwritable(text: str, stored: Stored, new: str | None, found: Mapping[str, Stored]) -> str | None:
    """Return why the second addresses of a row cannot be written to a contact that exists.

    :param text: the addresses; others that the contact has are left alone. Empty if it is to have none.
    :param stored: the contact.
    :param new: the first address that it gets; None if that stays.
    :param found: address → its contact, as far as they were looked up.
    :return: a part of a sentence; None if there is nothing to write.
    """
    has = addresses(stored.properties.get(SECOND_ADDRESSES) or "")
    first = addresses(new or stored.properties.get(EMAIL) or "")
    wanted = addresses(text)
    if not wanted:
        return f"{_ONLY_NEW}, so this one keeps {_named(has)}" if has else None
    lacking = [each for each in wanted if each not in {*has, *first}]
    if not lacking:
        return None
    holders = {each: found[each].id for each in lacking if each in found and found[each].id != stored.id}
    told = [
        f"{each} (which the contact {holders[each]} has)" if each in holders else each for each in lacking
    ]
    return f"{_ONLY_NEW}, so this one does not get {_named(told)}"


def with_left(result: Result, left: Mapping[str, str]) -> Result:
    """Return the result of a record that ended well, with what was left alone: its second addresses.

    :param result: without that.
    :param left: property → why.
    """
    if not left:
        return result
    reason = "; ".join(left.values())
    return result._replace(category=ADDRESSES_STAY, reason=reason, properties=tuple(left))


_ONLY_NEW = f"HubSpot takes {SECOND_ADDRESSES} of new contacts only"


def _named(texts: Sequence[str]) -> str:
    more = len(texts) - MAX_NAMED
    return ", ".join([*texts[:MAX_NAMED], *([f"and {more:,} more"] if more > 0 else [])])
