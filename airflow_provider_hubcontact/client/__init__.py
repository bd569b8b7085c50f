# SPDX-License-Identifier: Apache-2.0
"""HubSpot over HTTP. Knows no Airflow and no records."""

from airflow_provider_hubcontact.client.account import REQUIRED_SCOPES
from airflow_provider_hubcontact.client.auth import AccessToken, Auth, OAuthToken
from airflow_provider_hubcontact.client.contacts import BatchAnswer, BatchInput, Contact
from airflow_provider_hubcontact.client.errors import (
    AnswerLost,
    BadRequest,
    Cancelled,
    ConfigurationError,
    Conflict,
    DailyLimitReached,
    Forbidden,
    HubSpotError,
    Locked,
    Migrating,
    NotFound,
    NotSent,
    RateLimited,
    ServerError,
    StatusError,
    TooLarge,
    Unauthorized,
    UnusableAnswer,
    UnusableToken,
    WrongAddress,
)
from airflow_provider_hubcontact.client.hubspot import HubSpot
from airflow_provider_hubcontact.client.limits.rate_limit import RateLimit
from airflow_provider_hubcontact.client.network.timeouts import Timeouts
from airflow_provider_hubcontact.client.properties import Option, PropertyDefinition
from airflow_provider_hubcontact.refusal import Detail, Refusal

__all__ = [
    "REQUIRED_SCOPES",
    "AccessToken",
    "AnswerLost",
    "Auth",
    "BadRequest",
    "BatchAnswer",
    "BatchInput",
    "Cancelled",
    "ConfigurationError",
    "Conflict",
    "Contact",
    "DailyLimitReached",
    "Detail",
    "Forbidden",
    "HubSpot",
    "HubSpotError",
    "Locked",
    "Migrating",
    "NotFound",
    "NotSent",
    "OAuthToken",
    "Option",
    "PropertyDefinition",
    "RateLimit",
    "RateLimited",
    "Refusal",
    "ServerError",
    "StatusError",
    "Timeouts",
    "TooLarge",
    "Unauthorized",
    "UnusableAnswer",
    "UnusableToken",
    "WrongAddress",
]
