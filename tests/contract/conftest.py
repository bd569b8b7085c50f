# SPDX-License-Identifier: Apache-2.0
"""A portal that stands in for HubSpot: one server for all tests, as it was at the start for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from airflow_provider_hubcontact.sandbox import Sandbox
from tests.contract.live import ask_sandbox
from tests.contract.portals import OTHER_WAY, REQUIRED, portal
from tests.contract.questions import Findings
from tests.contract.scenario import Told
from tests.contract.scenarios import SCENARIOS


@pytest.fixture(scope="session")
def one_portal() -> Iterator[Sandbox]:
    with portal() as sandbox:
        yield sandbox


@pytest.fixture
def hubspot(one_portal: Sandbox) -> Sandbox:
    one_portal.use_faults({})
    one_portal.reset()
    return one_portal


@pytest.fixture(scope="session")
def told() -> dict[str, Told]:
    """What a sandbox answers by default; nobody may change it."""
    return {each.scenario: each for each in ask_sandbox(Findings(required=REQUIRED), SCENARIOS.values())}


@pytest.fixture(scope="session")
def told_otherwise() -> dict[str, Told]:
    """What a sandbox answers that has each switch the other way; nobody may change it."""
    return {each.scenario: each for each in ask_sandbox(Findings(OTHER_WAY, REQUIRED), SCENARIOS.values())}
