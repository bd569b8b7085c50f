# SPDX-License-Identifier: Apache-2.0
"""One portal's APIs, over one transport."""

from __future__ import annotations

from typing import Self

from airflow_provider_hubcontact import API_VERSIONS, DEFAULT_API_VERSION, LEGACY_API_VERSION
from airflow_provider_hubcontact.client.account import Account
from airflow_provider_hubcontact.client.auth import Auth
from airflow_provider_hubcontact.client.contacts import Contacts
from airflow_provider_hubcontact.client.contacts_v1 import ContactsV1
from airflow_provider_hubcontact.client.errors import ConfigurationError
from airflow_provider_hubcontact.client.limits.rate_limit import RateLimit
from airflow_provider_hubcontact.client.lists import Lists
from airflow_provider_hubcontact.client.network.session import Exchange, exchange
from airflow_provider_hubcontact.client.network.timeouts import API_CALL, Timeouts
from airflow_provider_hubcontact.client.owners import Owners
from airflow_provider_hubcontact.client.properties import Properties
from airflow_provider_hubcontact.client.transport import Calls, Transport
from airflow_provider_hubcontact.clock import SYSTEM_CLOCK, Clock
from airflow_provider_hubcontact.spelling import KnownKeywords


class HubSpot(KnownKeywords):
    """A client of a portal; a context manager that closes its connections.

    :param base_url: base URL of HubSpot's API.
    :param auth: the credentials.
    :param api_version: one of ``airflow_provider_hubcontact.API_VERSIONS``.
    :param rate_limit: paces all calls.
    :param timeouts: how long a call may take, and how often it is tried.
    :param clock: time and waits.
    :param exchange: sends one request and reads its answer; the credentials have one of their own.
    :raises ConfigurationError: if the base URL or the version is not valid.
    """

    def __init__(
        self,
        base_url: str,
        auth: Auth,
        *,
        api_version: str = DEFAULT_API_VERSION,
        rate_limit: RateLimit | None = None,
        timeouts: Timeouts = API_CALL,
        clock: Clock = SYSTEM_CLOCK,
        exchange: Exchange = exchange,
    ) -> None:
        if api_version not in API_VERSIONS:
            known = ", ".join(API_VERSIONS)
            raise ConfigurationError(f"The API version must be one of {known}, not {api_version!r}")
        current = DEFAULT_API_VERSION if api_version == LEGACY_API_VERSION else api_version
        self.api_version = api_version
        self.clock = clock
        self.rate_limit = rate_limit or RateLimit(clock=clock)
        self._transport = Transport(
            base_url, auth, self.rate_limit, timeouts=timeouts, clock=clock, exchange=exchange
        )
        self.contacts = Contacts(self._transport, current)
        self.contacts_v1 = ContactsV1(self._transport)
        self.properties = Properties(self._transport, api_version)
        self.lists = Lists(self._transport, current)
        self.owners = Owners(self._transport, current)
        self.account = Account(self._transport, auth, current)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def calls(self) -> Calls:
        """The calls made so far."""
        return self._transport.calls

    @property
    def at_once(self) -> int:
        """Number of concurrent calls that uses up the rate limit."""
        return self.rate_limit.at_once

    def cancel(self) -> None:
        """Send no further call; waiting calls raise :class:`Cancelled`."""
        self.rate_limit.close()

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()
