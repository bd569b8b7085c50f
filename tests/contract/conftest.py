"""A portal that stands in for HubSpot: one server for all tests, as it was at the start for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from airflow_provider_hubcontact.sandbox import Sandbox
from tests.contract.portals import portal


@pytest.fixture(scope="session")
def one_portal() -> Iterator[Sandbox]:
    with portal() as sandbox:
        yield sandbox


@pytest.fixture
def hubspot(one_portal: Sandbox) -> Sandbox:
    one_portal.use_faults({})
    one_portal.reset()
    return one_portal
