# SPDX-License-Identifier: Apache-2.0
"""Keep HubSpot contacts in step with a warehouse, from Apache Airflow."""

from __future__ import annotations

from typing import Any

__all__ = ["__version__", "get_provider_info"]

__version__ = "0.1.0"

# Every Airflow component loads this module to learn what the provider offers: it imports nothing.

API_VERSIONS = ("2026-09", "2026-03", "v3", "v1")
"""HubSpot's APIs that can be used: the default comes first, the legacy contacts API last."""

DEFAULT_API_VERSION = API_VERSIONS[0]
LEGACY_API_VERSION = API_VERSIONS[-1]

# The port is shown because Airflow 3.3 refuses to test a stored connection without one ("Bad Request").
UI_FIELD_BEHAVIOUR: dict[str, Any] = {
    "hidden-fields": ["schema", "login", "extra"],
    "relabeling": {"password": "Access token", "host": "Base URL"},
    "placeholders": {
        "host": "https://api.hubapi.com",
        "port": "443, so that Test works",
        "password": "pat-…, a service key or a private app's token; empty for OAuth",
    },
}

CONN_FIELDS: dict[str, Any] = {
    "client_id": {
        "label": "OAuth client ID",
        "description": "Instead of an access token; needs the client secret and the refresh token",
        "schema": {"type": ["string", "null"]},
    },
    "client_secret": {
        "label": "OAuth client secret",
        "schema": {"type": ["string", "null"], "format": "password"},
    },
    "refresh_token": {
        "label": "OAuth refresh token",
        "schema": {"type": ["string", "null"], "format": "password"},
    },
    "api_version": {
        "label": "API version",
        "description": f"{DEFAULT_API_VERSION} if empty; {LEGACY_API_VERSION} is the legacy contacts API",
        "schema": {"type": ["string", "null"], "enum": list(API_VERSIONS)},
    },
    "rate_limit": {
        "label": "Rate limit",
        "description": "Calls in 10 seconds; learned from HubSpot if empty",
        "schema": {"type": ["integer", "null"], "minimum": 1},
    },
    "reserve": {
        "label": "Reserve",
        "description": "Share of the rate limit and the daily limit left to other apps, from 0 to below 1",
        "schema": {"type": ["number", "null"], "minimum": 0, "maximum": 0.99},
    },
    "rate_limit_store": {
        "label": "Rate limit store",
        "description": "Redis or Valkey through which all workers share the limit: redis://host:6379/0",
        "schema": {"type": ["string", "null"], "format": "password"},
    },
    "concurrency": {
        "label": "Concurrency",
        "description": "Maximum number of concurrent calls; if empty, as many as use up the limit",
        "schema": {"type": ["integer", "null"], "minimum": 1},
    },
    "timeout": {
        "label": "Timeout",
        "description": "Seconds from the start of a call to the end of its answer; 120 if empty",
        "schema": {"type": ["number", "null"], "exclusiveMinimum": 0, "maximum": 86_400},
    },
}


def get_provider_info() -> dict[str, Any]:
    """Describe the provider to Airflow.

    :return: what Airflow's ``provider_info.schema.json`` asks for.
    """
    return {
        "package-name": "airflow-provider-hubcontact",
        "name": "HubSpot contacts",
        "description": "Keeps HubSpot contacts in step with a warehouse.",
        "versions": [__version__],
        "connection-types": [
            {
                "connection-type": "hubspot",
                "hook-class-name": "airflow_provider_hubcontact.hooks.hubspot.HubSpotHook",
                "hook-name": "HubSpot",
                "ui-field-behaviour": UI_FIELD_BEHAVIOUR,
                "conn-fields": CONN_FIELDS,
            }
        ],
        "integrations": [
            {
                "integration-name": "HubSpot",
                "external-doc-url": "https://developers.hubspot.com/docs",
                "tags": ["service"],
            }
        ],
        "asset-uris": [
            {
                "schemes": ["hubspot"],
                "handler": "airflow_provider_hubcontact.assets.sanitize_uri",
                "factory": "airflow_provider_hubcontact.assets.create_asset",
                "to_openlineage_converter": "airflow_provider_hubcontact.assets.convert_asset_to_openlineage",
            }
        ],
        "task-decorators": [
            {
                "name": "hubspot_update_contact",
                "class-name": "airflow_provider_hubcontact.decorators.hubspot.hubspot_update_contact_task",
            }
        ],
        "extra-links": [
            "airflow_provider_hubcontact.links.hubspot.HubSpotContactsLink",
            "airflow_provider_hubcontact.links.hubspot.HubSpotSyncReportLink",
        ],
        "plugins": [
            {
                "name": "hubcontact",
                "plugin-class": "airflow_provider_hubcontact.ui.plugin.HubContactPlugin",
            }
        ],
        "cli": ["airflow_provider_hubcontact.cli.definition.get_hubspot_cli_commands"],
        "hooks": [
            {
                "integration-name": "HubSpot",
                "python-modules": ["airflow_provider_hubcontact.hooks.hubspot"],
            }
        ],
        "operators": [
            {
                "integration-name": "HubSpot",
                "python-modules": [
                    "airflow_provider_hubcontact.operators.hubspot",
                    "airflow_provider_hubcontact.operators.plans",
                ],
            }
        ],
    }
