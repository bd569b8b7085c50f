"""A portal for HubSpot's own clients, which are as HubSpot publishes them: only the base URL is ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from airflow_provider_hubcontact.sandbox import OAuthClient, Sandbox
from airflow_provider_hubcontact.sandbox.limits import RateLimit

SEEDS = [
    {"email": "ada@example.com", "firstname": "Ada", "lifecyclestage": "customer"},
    {"email": "grace@example.com", "firstname": "Grace", "lifecyclestage": "lead"},
]


@pytest.fixture(scope="session")
def running() -> Iterator[Sandbox]:
    with Sandbox(SEEDS, oauth_clients=[OAuthClient("the-id", "the-secret", "the-refresh-token")]) as sandbox:
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
