# SPDX-License-Identifier: Apache-2.0
"""Fixtures for tests that need a HubSpot.

Put ``pytest_plugins = ["airflow_provider_hubcontact.sandbox.pytest_plugin"]`` into ``conftest.py``.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from airflow_provider_hubcontact.sandbox.server import Sandbox


@pytest.fixture(scope="session")
def hubspot_sandbox_server() -> Iterator[Sandbox]:
    """A local HubSpot for the whole session; override it to have your own contacts, scopes or limits."""
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def hubspot_sandbox(hubspot_sandbox_server: Sandbox) -> Sandbox:
    """A local HubSpot in the state of its start; call its ``url`` with its ``token``."""
    hubspot_sandbox_server.reset()
    return hubspot_sandbox_server
