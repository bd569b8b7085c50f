"""HubSpot over HTTP. Knows no Airflow and no records."""

from airflow_provider_hubcontact.client.account import REQUIRED_SCOPES
from airflow_provider_hubcontact.client.auth import AccessToken, Auth, OAuthToken
from airflow_provider_hubcontact.client.contacts import BatchAnswer, BatchInput, Contact, InputError
from airflow_provider_hubcontact.client.errors import (
    AnswerLost,
    BadRequest,
    Cancelled,
    ConfigurationError,
    Conflict,
    DailyLimitReached,
    ErrorDetail,
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
    WrongAddress,
)
from airflow_provider_hubcontact.client.hubspot import HubSpot
from airflow_provider_hubcontact.client.limits.rate_limit import RateLimit
from airflow_provider_hubcontact.client.properties import Option, PropertyDefinition

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
    "ErrorDetail",
    "Forbidden",
    "HubSpot",
    "HubSpotError",
    "InputError",
    "Locked",
    "Migrating",
    "NotFound",
    "NotSent",
    "OAuthToken",
    "Option",
    "PropertyDefinition",
    "RateLimit",
    "RateLimited",
    "ServerError",
    "StatusError",
    "TooLarge",
    "Unauthorized",
    "UnusableAnswer",
    "WrongAddress",
]
