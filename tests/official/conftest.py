# SPDX-License-Identifier: Apache-2.0
"""A portal for HubSpot's own clients, which are as HubSpot publishes them: only the base URL is ours."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from airflow_provider_hubcontact.sandbox import OAuthClient, Sandbox
from airflow_provider_hubcontact.sandbox.access.limits import RateLimit
from airflow_provider_hubcontact.sandbox.imports.runs import ImportPace

SEEDS = [
    {"email": "ada@example.com", "firstname": "Ada", "lifecyclestage": "customer"},
    {"email": "grace@example.com", "firstname": "Grace", "lifecyclestage": "lead"},
]


IMPORT_FILE = "email,firstname\nada@example.com,Augusta\nnope,Nobody\n"
IMPORT_REQUEST = json.dumps(
    {
        "name": "Customers",
        "importOperations": {"0-1": "UPSERT"},
        "files": [
            {
                "fileName": "customers.csv",
                "fileFormat": "CSV",
                "fileImportPage": {
                    "hasHeader": True,
                    "columnMappings": [
                        {
                            "columnObjectTypeId": "0-1",
                            "columnName": "email",
                            "propertyName": "email",
                            "columnType": "HUBSPOT_ALTERNATE_ID",
                        },
                        {
                            "columnObjectTypeId": "0-1",
                            "columnName": "firstname",
                            "propertyName": "firstname",
                            "columnType": "STANDARD",
                        },
                    ],
                },
            }
        ],
    }
)


@contextmanager
def serve() -> Iterator[Sandbox]:
    """Run a portal with an OAuth app, whose imports end at once."""
    apps = [OAuthClient("the-id", "the-secret", "the-refresh-token")]
    with Sandbox(SEEDS, oauth_clients=apps, import_pace=ImportPace(0, 1e9)) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def running() -> Iterator[Sandbox]:
    with serve() as sandbox:
        yield sandbox


@pytest.fixture
def hubspot(running: Sandbox) -> Sandbox:
    running.reset()
    return running


@pytest.fixture
def one_call_only() -> Iterator[Sandbox]:
    """A portal that takes one call in ten seconds."""
    with Sandbox(SEEDS, rate_limit=RateLimit(1)) as sandbox:
        yield sandbox


@pytest.fixture
def id_of(hubspot: Sandbox) -> Callable[[str], str]:
    def ask(email: str) -> str:
        contact = hubspot.portal.contact(email)
        assert contact is not None, f"the portal has no contact {email}"
        return contact.id

    return ask


@pytest.fixture
def stored(hubspot: Sandbox) -> Callable[[str, str], Any]:
    def ask(email: str, name: str) -> str | None:
        contact = hubspot.portal.contact(email)
        assert contact is not None, f"the portal has no contact {email}"
        return contact.properties.get(name)

    return ask
