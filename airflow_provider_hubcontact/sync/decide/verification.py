# SPDX-License-Identifier: Apache-2.0
"""Checks whether a contact has the values that HubSpot said it wrote."""

from __future__ import annotations

from airflow_provider_hubcontact.sync.decide.rules import Rules, new_key
from airflow_provider_hubcontact.sync.model.change import Change
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from airflow_provider_hubcontact.sync.model.ports import Found, Lost, Refused
from airflow_provider_hubcontact.sync.rows.comparison import Kind, same


def key_after(change: Change, rules: Rules) -> str:
    """Return the key that a contact has once a change is written.

    :param change: the change.
    :param rules: what the run was asked to do.
    """
    return new_key(change.record, rules) or change.record.key


def verified(change: Change, result: Result, answer: Found | Refused | Lost, rules: Rules) -> Result:
    """Compare what was to be written with what was read back.

    :param change: what was to be written.
    :param result: the record's result, as the answer to the write had it.
    :param answer: to the look-up after the write.
    :param rules: what the run was asked to do.
    :return: the same result, or ``unknown`` with both values: a silent no-op is not a success.
    """
    if not isinstance(answer, Found):
        what = answer.reason if isinstance(answer, Lost) else answer.refusal.message
        return _doubt(result, f"written, but it could not be read back: {what}")
    stored = answer.contacts.get(key_after(change, rules))
    if stored is None:
        return _doubt(result, "HubSpot accepted the write, but finds no such contact")
    written = change.diff(created=result.outcome is Outcome.CREATED)
    differing = {
        name: (wanted, stored.properties.get(name))
        for name, (_, wanted) in written.items()
        if not same(rules.kinds.get(name, Kind.UNKNOWN), wanted, stored.properties.get(name))
    }
    if not differing:
        return result
    values = ", ".join(f"{name} is {has!r}, not {wanted!r}" for name, (wanted, has) in differing.items())
    return _doubt(result, f"HubSpot accepted the write, but {values}", tuple(differing))


def _doubt(result: Result, reason: str, properties: tuple[str, ...] = ()) -> Result:
    return result._replace(
        outcome=Outcome.UNKNOWN, category="NOT_VERIFIED", reason=reason, properties=properties
    )
