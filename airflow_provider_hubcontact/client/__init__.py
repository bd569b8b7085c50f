"""HubSpot over HTTP. Knows no Airflow and no records."""

from airflow_provider_hubcontact.client.account import REQUIRED_SCOPES
from airflow_provider_hubcontact.client.auth import AccessToken, Auth, OAuthToken
from airflow_provider_hubcontact.client.errors import ConfigurationError, HubSpotError
from airflow_provider_hubcontact.client.hubspot import HubSpot
from airflow_provider_hubcontact.client.rate_limit import RateLimit

__all__ = [
    "REQUIRED_SCOPES",
    "AccessToken",
    "Auth",
    "ConfigurationError",
    "HubSpot",
    "HubSpotError",
    "OAuthToken",
    "RateLimit",
]
