# SPDX-License-Identifier: Apache-2.0
"""Syncs against the sandbox, without Airflow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson

from airflow_provider_hubcontact.client import AccessToken, HubSpot
from airflow_provider_hubcontact.job.portal.contacts_port import port_of
from airflow_provider_hubcontact.job.portal.definitions import portal_of
from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sync.decide.policy import Policy
from airflow_provider_hubcontact.sync.decide.rules import Rules
from airflow_provider_hubcontact.sync.flow.calls import Answer, Call
from airflow_provider_hubcontact.sync.flow.sync import Sync
from airflow_provider_hubcontact.sync.flow.workers import ThreadWorkers
from airflow_provider_hubcontact.sync.keep.ledger import Attempt, Ledger, Line
from airflow_provider_hubcontact.sync.model.outcome import Result
from airflow_provider_hubcontact.sync.rows.coercion import Coercer
from airflow_provider_hubcontact.sync.rows.comparison import Kind
from airflow_provider_hubcontact.sync.rows.record_mapping import RecordMapping
from airflow_provider_hubcontact.sync.rows.values import TimeForm


class Lines:
    """A ledger in memory."""

    pace = 0.0

    def __init__(self) -> None:
        self.lines: list[bytes] = []

    def write(self, lines: Sequence[Line], /) -> None:
        """Keep lines, as a file would."""
        self.lines.extend(orjson.dumps(line) for line in lines)

    def earlier(self) -> Iterator[Line]:
        """Give none."""
        return iter(())


def synced(
    sandbox: Sandbox,
    rows: Iterable[object],
    *,
    api_version: str = "2026-09",
    create: bool = False,
    **shape: Any,
) -> list[Result]:
    """Sync rows with a ledger; give their results in order, each row's once."""
    results: dict[int, Result] = {}

    def settled(result: Result) -> None:
        assert result.row not in results
        results[result.row] = result

    store = Lines()
    with HubSpot(sandbox.url, AccessToken(sandbox.token), api_version=api_version) as hubspot:
        portal = portal_of(hubspot.properties)
        form = TimeForm.MILLIS if api_version == "v1" else TimeForm.ISO
        shaped = RecordMapping(**{"kinds": portal.kinds, "time_form": form, **shape})
        name = shaped.id_property
        port = port_of(hubspot, name, is_number=portal.kinds.get(name) is Kind.NUMBER)
        sync = Sync(
            shaped,
            Rules(name, create, stages=portal.stages, kinds=portal.kinds),
            port,
            port,
            coercer=Coercer(portal.kinds, lambda _: None, name, portal.padded),
            portal=portal.schema(),
        )
        policy = Policy.of({})
        attempt = Attempt("dag/run", "task", -1, 1)
        with (
            Ledger(store, attempt, policy, values=True) as ledger,
            ThreadWorkers[Call, Answer]() as workers,
        ):
            assert sync.run(rows, workers, settled, ledger) is None
    assert len(store.lines) == len(results)
    return [results[row] for row in sorted(results)]
