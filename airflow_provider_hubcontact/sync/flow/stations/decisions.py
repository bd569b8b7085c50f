# SPDX-License-Identifier: Apache-2.0
"""Calls what decides about records, so that none of them ends a run, whatever it holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from airflow_provider_hubcontact.sync.decide.rules import CannotTell, Rules
from airflow_provider_hubcontact.sync.decide.settle import Settled, settle
from airflow_provider_hubcontact.sync.decide.verification import verified
from airflow_provider_hubcontact.sync.model.change import Change, Write
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result, internal_error
from airflow_provider_hubcontact.sync.model.ports import Answers, Found, Lost, Refused, Step
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.portal_schema import PortalSchema
from airflow_provider_hubcontact.sync.rows.texts.owners import OwnerIds


class Decisions:
    """Decides about records. If the code fails over one, the record has an outcome that says so.

    :param rules: what the run was asked to do.
    :param portal: what the portal allows; None if that is not known.
    :param owners: says why HubSpot refused an owner; None to leave that alone.
    """

    def __init__(self, rules: Rules, portal: PortalSchema | None, owners: OwnerIds | None = None) -> None:
        self._rules = rules
        self._portal = portal
        self._owners = owners

    def planned(self, record: Record, decide: Callable[[], Change | Result]) -> Change | Result:
        """Decide what to do for a record.

        :param record: the record.
        :param decide: plans it.
        :raises CannotTell: if ``decide`` does.
        """
        try:
            planned = decide()
            if isinstance(planned, Change) and self._portal:
                return self._problem(self._portal, record, planned) or planned
        except CannotTell:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it holds
            return internal_error(record.row, record.key, error, "planned")
        return planned

    def _problem(self, portal: PortalSchema, record: Record, planned: Change) -> Result | None:
        """Return what the portal does not allow about a record, or about any row of a merged one."""
        found = (portal.check(part, part.properties) for part in record.parts)
        creates = planned.write is Write.CREATE and self._rules.gives_addresses
        return portal.check(record, planned.outcome, creates=creates) or next(filter(None, found), None)

    def settled(self, steps: Sequence[Step], answer: Answers | Refused | Lost) -> Settled:
        """Read the answer to a write. If the code fails over it, nothing is proved."""
        try:
            return self._explained(steps, settle(steps, answer, self._rules.kinds))
        except Exception as error:  # noqa: BLE001 - one record never ends a run
            records = [step.change.record for step in steps]
            ends = [internal_error(each.row, each.key, error, "matched with the answer") for each in records]
            return Settled(tuple(each._replace(outcome=Outcome.UNKNOWN) for each in ends))

    def _explained(self, steps: Sequence[Step], settled: Settled) -> Settled:
        """Add to HubSpot's refusals of owners that a user's id is not an owner's."""
        owners = self._owners
        if owners is None or not any(owners.properties & {*each.properties} for each in settled.results):
            return settled
        sent = {step.change.record.row: step.properties for step in steps}
        results = (_with_reason(each, owners, sent.get(each.row, {})) for each in settled.results)
        return replace(settled, results=tuple(results))

    def verified(self, change: Change, result: Result, answer: Found | Refused | Lost) -> Result:
        """Compare what was to be written with what was read back."""
        try:
            return verified(change, result, answer, self._rules)
        except Exception as error:  # noqa: BLE001 - one record never ends a run
            failed = internal_error(result.row, result.key, error, "verified")
            return failed._replace(outcome=Outcome.UNKNOWN)


def _with_reason(result: Result, owners: OwnerIds, sent: Mapping[str, str]) -> Result:
    if result.outcome is not Outcome.REJECTED:
        return result
    values = (sent[name] for name in result.properties if name in owners.properties and name in sent)
    told = [*filter(None, map(owners.why_refused, values))]
    return result._replace(reason="; ".join((result.reason, *told))) if told else result
