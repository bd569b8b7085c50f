# SPDX-License-Identifier: Apache-2.0
"""Makes a HubSpot client from an Airflow connection."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowNotFoundException, BaseHook, Connection

from airflow_provider_hubcontact import CONN_FIELDS, DEFAULT_API_VERSION, UI_FIELD_BEHAVIOUR
from airflow_provider_hubcontact.client import (
    REQUIRED_SCOPES,
    AccessToken,
    Auth,
    ConfigurationError,
    HubSpot,
    HubSpotError,
    OAuthToken,
    RateLimit,
    Timeouts,
)
from airflow_provider_hubcontact.client.network.timeouts import API_CALL, TOKEN_CALL, check_seconds
from airflow_provider_hubcontact.clock import SYSTEM_CLOCK, Clock
from airflow_provider_hubcontact.compat import mask_secret
from airflow_provider_hubcontact.hooks.connections import (
    UnknownConnection,
    base_url,
    check_type,
    extra_of,
    no_credentials,
    unknown,
    why_not,
)
from airflow_provider_hubcontact.spelling import KnownKeywords
from airflow_provider_hubcontact.words import counted

if TYPE_CHECKING:
    from airflow_provider_hubcontact.client.limits.quota import Slots

API_KEY_NAMES = ("hapikey", "api_key", "apikey")


class HubSpotHook(KnownKeywords, BaseHook):
    """Connect to a HubSpot portal.

    The README describes the connection's fields under "Connection".

    :param hubspot_conn_id: the Airflow connection, of type ``hubspot``.
    :param api_version: one of ``airflow_provider_hubcontact.API_VERSIONS``; the connection's if None.
    :param clock: time and waits of the client.
    """

    conn_name_attr = "hubspot_conn_id"
    default_conn_name = "hubspot_default"
    conn_type = "hubspot"
    hook_name = "HubSpot"

    def __init__(
        self,
        hubspot_conn_id: str = default_conn_name,
        api_version: str | None = None,
        clock: Clock = SYSTEM_CLOCK,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.hubspot_conn_id = hubspot_conn_id
        self._api_version = api_version
        self._clock = clock

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """Return how the connection form shows its standard fields, for Airflow before 3.2."""
        return {key.replace("-", "_"): value for key, value in UI_FIELD_BEHAVIOUR.items()}

    @classmethod
    def get_connection_form_widgets(cls) -> dict[str, Any]:
        """Return the connection form's own fields, for Airflow before 3.2."""
        from flask_appbuilder.fieldwidgets import BS3PasswordFieldWidget, BS3TextFieldWidget
        from flask_babel import lazy_gettext
        from wtforms import PasswordField, StringField

        widgets: dict[str, Any] = {}
        for name, declared in CONN_FIELDS.items():
            secret = declared["schema"].get("format") == "password"
            kind, widget = (
                (PasswordField, BS3PasswordFieldWidget) if secret else (StringField, BS3TextFieldWidget)
            )
            widgets[name] = kind(
                lazy_gettext(declared["label"]), widget=widget(), description=declared.get("description", "")
            )
        return widgets

    def get_conn(self) -> HubSpot:
        """Return the client of the connection's portal.

        :return: the client, the same one on each call; close it when done.
        :raises AirflowNotFoundException: if the connection does not exist.
        :raises ConfigurationError: if the connection is of another type, or a field of it is missing or not
            valid.
        """
        return self._client

    def test_connection(self) -> tuple[bool, str]:
        """Check the credentials with two cheap calls.

        :return: whether they work, and a message: portal, scopes, calls left today; or the error.
        """
        try:
            with self._client as client:
                access = client.account.access()
                client.account.details()  # its headers tell the quota
                left = client.rate_limit.daily_remaining
        except HubSpotError as error:
            return False, why_not(error)
        missing = sorted(REQUIRED_SCOPES - access.scopes)
        if missing:
            return False, f"Portal {access.portal_id}: the token lacks the scopes {', '.join(missing)}."
        quota = "" if left is None else f" {counted(left, 'call is', 'calls are')} left today."
        scopes = ", ".join(sorted(access.scopes))
        return True, f"Connected to portal {access.portal_id}. The token's scopes: {scopes}.{quota}"

    @cached_property
    def _client(self) -> HubSpot:
        try:
            connection = self.get_connection(self.hubspot_conn_id)
        except AirflowNotFoundException:
            raise UnknownConnection(f"The {unknown(self.hubspot_conn_id)}") from None
        check_type(connection, self.conn_type)
        extra = extra_of(connection)
        version = str(self._api_version or extra.get("api_version") or DEFAULT_API_VERSION)
        url, timeouts = base_url(connection), _timeouts(extra)
        return HubSpot(
            url,
            _auth(connection, extra, base_url=url, version=version, timeouts=timeouts, clock=self._clock),
            api_version=version,
            rate_limit=_rate_limit(connection, extra, self._clock),
            timeouts=timeouts,
            clock=self._clock,
        )


def _auth(
    connection: Connection,
    extra: dict[str, Any],
    *,
    base_url: str,
    version: str,
    timeouts: Timeouts,
    clock: Clock,
) -> Auth:
    if any(extra.get(name) for name in API_KEY_NAMES):
        raise ConfigurationError(
            f"The connection {connection.conn_id} has an API key. HubSpot ended API keys on 2022-11-30: put "
            "a service key or the access token of a private app into the password field, or set up OAuth."
        )
    if connection.password:
        mask_secret(connection.password)
        return AccessToken(connection.password)
    names = ("client_id", "client_secret", "refresh_token")
    missing = [name for name in names if not extra.get(name)]
    if missing:
        raise no_credentials(connection, missing)
    client_id, client_secret, refresh_token = (str(extra[name]) for name in names)
    mask_secret(client_secret)
    mask_secret(refresh_token)
    return OAuthToken(
        *(client_id, client_secret, refresh_token),
        base_url=base_url,
        version=version,
        on_new_token=mask_secret,
        timeouts=replace(TOKEN_CALL, total=min(TOKEN_CALL.total, timeouts.total)),
        clock=clock,
    )


def _rate_limit(connection: Connection, extra: dict[str, Any], clock: Clock) -> RateLimit:
    return RateLimit(
        calls=_number(extra, "rate_limit", int),
        at_most=_number(extra, "concurrency", int),
        reserve=_number(extra, "reserve", float) or 0.0,
        slots=_shared_slots(connection, extra, clock),
        clock=clock,
    )


def _shared_slots(connection: Connection, extra: dict[str, Any], clock: Clock) -> Slots | None:
    url = extra.get("rate_limit_store")
    if not url:
        return None
    from airflow_provider_hubcontact.client.limits.shared_quota import SharedSlots

    mask_secret(str(url))
    # HubSpot counts each app's calls; a digest tells apps apart without giving their secrets away.
    app = connection.password or f"{extra.get('client_id')} {extra.get('refresh_token')}"
    return SharedSlots(str(url), hashlib.sha256(app.encode()).hexdigest()[:16], clock)


def _timeouts(extra: dict[str, Any]) -> Timeouts:
    seconds = _number(extra, "timeout", float)
    if seconds is None:
        return API_CALL
    check_seconds("timeout", seconds)
    return Timeouts(total=seconds)


def _number(extra: dict[str, Any], name: str, kind: type[int | float]) -> Any:
    value = extra.get(name)
    if value is None or value == "":
        return None
    try:
        if isinstance(value, bool):
            raise TypeError("a flag")
        return kind(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise ConfigurationError(f"The connection's {name} is not a number: {json.dumps(value)}") from error
