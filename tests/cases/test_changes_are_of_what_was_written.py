# SPDX-License-Identifier: Apache-2.0
"""What a ledger tells as changed was written or, if its outcome says so, may have been."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from airflow_provider_hubcontact.client import HubSpot, OAuthToken, RateLimit
from airflow_provider_hubcontact.client.network.timeouts import Timeouts
from airflow_provider_hubcontact.job.settings.ledger import Ledger
from airflow_provider_hubcontact.job.settings.writes import Writes
from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.sandbox.access.oauth_apps import OAuthClient
from tests.job.around import Around, run

FIRST, SECOND, NEW = "ada@example.com", "home@example.com", "new@example.com"
ADA = {"email": FIRST, "hs_additional_emails": SECOND, "firstname": "old"}
APP = ("app", "app-secret", "refresh-me")
LEDGER = Ledger("l", values=True)


@pytest.fixture
def hubspot() -> Iterator[Sandbox]:
    with Sandbox(contacts=[ADA], oauth_clients=[OAuthClient(*APP)]) as sandbox:
        yield sandbox


class ByOAuth(Around):
    """Surroundings whose connection is an app's."""

    def client(self) -> HubSpot:
        return HubSpot(
            self.url,
            OAuthToken(*APP, base_url=self.url),
            rate_limit=RateLimit(at_most=1),
            timeouts=Timeouts(attempts=1),
        )


@pytest.mark.parametrize(
    ("key", "on"),
    [(FIRST, "batches.update"), (NEW, "batches.create")],
    ids=["a contact that there is", "a new one"],
)
def test_a_call_that_got_no_token(hubspot: Sandbox, key: str, on: str) -> None:
    """A proxy's page in place of a token says nothing of the call that needs it: that one was not sent."""
    hubspot.use_faults(
        {
            "rules": [
                {"on": on, "kind": "token_expiry", "count": 1},
                {"on": "POST */token", "kind": "html", "status": 200, "after": 1},
            ]
        }
    )
    around = ByOAuth(hubspot, [{"email": key, "firstname": "Ada"}])

    ended = run(around, upsert=True, ledger=LEDGER)

    assert ended.outcomes == {"unavailable": 1}
    assert "token endpoint" in ended.reasons
    assert [line["changed"] for line in around.books.lines] == [[]]


@pytest.mark.parametrize(
    ("api", "verify"), [("2026-09", False), ("2026-09", True), ("v1", False), ("v1", True)]
)
@pytest.mark.parametrize(
    ("key", "outcome", "changed"),
    [
        (FIRST, "updated", {"firstname"}),
        (SECOND, "updated", {"firstname"}),
        (NEW, "created", {"firstname", "email"}),
    ],
)
def test_an_upsert_without_a_look_up(
    hubspot: Sandbox, key: str, outcome: str, changed: set[str], *, verify: bool, api: str
) -> None:
    """A contact that there is keeps its address, whichever the row has; a new one gets the row's."""
    around = Around(hubspot, [{"email": key, "firstname": "Ada"}], api_version=api)
    writes = Writes(compare=api == "v1")

    ended = run(around, upsert=True, ledger=LEDGER, verify=verify, writes=writes)

    assert ended.outcomes == {outcome: 1}
    assert [set(line["changed"]) for line in around.books.lines] == [changed]
