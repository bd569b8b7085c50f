# SPDX-License-Identifier: Apache-2.0
"""The portal behind a token, and what the token may do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from airflow_provider_hubcontact.client.auth import Auth, OAuthToken
from airflow_provider_hubcontact.client.errors import UnusableAnswer
from airflow_provider_hubcontact.client.transport import Transport
from airflow_provider_hubcontact.printable import printable

REQUIRED_SCOPES = frozenset({"crm.objects.contacts.read", "crm.objects.contacts.write"})
"""Scopes that an update needs. Creating properties also needs ``crm.schemas.contacts.write``."""


_HUBSPOTS = re.compile(r"[a-z0-9-]+\.hubspot\.com")


@dataclass(frozen=True, slots=True)
class AccountDetails:
    """A portal.

    :param portal_id: its number.
    :param time_zone: where its day, and so its daily quota, begins at midnight.
    :param account_type: such as ``STANDARD``.
    :param ui_domain: where people open it.
    """

    portal_id: int
    time_zone: str
    account_type: str
    ui_domain: str | None

    @property
    def contacts_url(self) -> str:
        """Where people see the portal's contacts."""
        # A host that is not HubSpot's could lead people anywhere.
        domain = self.ui_domain if _HUBSPOTS.fullmatch(self.ui_domain or "") else "app.hubspot.com"
        return f"https://{domain}/contacts/{self.portal_id}/objects/0-1/views/all/list"


@dataclass(frozen=True, slots=True)
class Access:
    """What a token gives access to.

    :param portal_id: the portal.
    :param scopes: what it may do there.
    """

    portal_id: int
    scopes: frozenset[str]


class Account:
    """Reads the details of the account and the token.

    :param transport: makes the calls.
    :param auth: the token.
    :param version: a dated API version, or ``v3``.
    """

    def __init__(self, transport: Transport, auth: Auth, version: str) -> None:
        self._transport = transport
        self._auth = auth
        self._details = f"/account-info/{version}/details"

    def details(self) -> AccountDetails:
        """Return the portal.

        HubSpot docs: "Account information".
        """
        body = self._transport.request("GET", self._details, repeatable=True).body
        if not isinstance(body, dict) or not isinstance(body.get("portalId"), int):
            raise UnusableAnswer("HubSpot answered without a portal id")
        domain = body.get("uiDomain")
        return AccountDetails(
            body["portalId"],
            printable(str(body.get("timeZone") or "UTC"), 64),
            printable(str(body.get("accountType") or ""), 64),
            str(domain) if domain else None,
        )

    def access(self) -> Access:
        """Return which portal and scopes the token is for, with one call.

        :raises Unauthorized: if HubSpot does not accept the credentials.
        """
        if isinstance(self._auth, OAuthToken):
            self._auth.token()
            return Access(self._auth.portal_id or 0, self._auth.scopes)
        path = "/oauth/v2/private-apps/get/access-token-info"
        # The token stands in the body: a URL ends up in logs.
        token = self._auth.token()
        answer = self._transport.request(
            "POST", path, json={"tokenKey": token}, repeatable=True, may_miss=True
        )
        return _access(answer.body)


def _access(body: Any) -> Access:
    if not isinstance(body, dict) or not isinstance(body.get("hubId"), int):
        raise UnusableAnswer("HubSpot answered without the token's portal")
    scopes = body.get("scopes")
    return Access(body["hubId"], frozenset(map(str, scopes if isinstance(scopes, list) else ())))
