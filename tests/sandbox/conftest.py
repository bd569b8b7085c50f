# SPDX-License-Identifier: Apache-2.0
"""One sandbox for the session, as new for each test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from airflow_provider_hubcontact.sandbox import Definition, Option, Sandbox
from tests.sandbox.calling import Api

SEEDS: list[Mapping[str, str]] = [
    {"email": "ada@example.com", "firstname": "Ada", "lifecyclestage": "customer", "jobtitle": "Countess"},
    {"email": "grace@example.com", "firstname": "Grace", "lifecyclestage": "lead"},
    {
        "email": "alan@example.com",
        "firstname": "Alan",
        "hs_additional_emails": "alan@bletchley.example;turing@example.org",
        "member_number": "M-1",
    },
]
PROPERTIES = [
    Definition("member_number", "Member number", unique=True),
    Definition("birthday", "Birthday", "date", "date"),
    Definition("points", "Points", "number", "number"),
    Definition(
        "vip", "VIP", "bool", "booleancheckbox", options=(Option("Yes", "true"), Option("No", "false", 1))
    ),
]


@pytest.fixture(scope="session")
def running() -> Iterator[Sandbox]:
    with Sandbox(SEEDS, properties=PROPERTIES) as sandbox:
        yield sandbox


@pytest.fixture
def hubspot(running: Sandbox) -> Sandbox:
    running.reset()
    return running


@pytest.fixture
def api(hubspot: Sandbox) -> Api:
    return Api(hubspot)
