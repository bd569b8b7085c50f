# SPDX-License-Identifier: Apache-2.0
"""What a portal's properties are, for a command that can do nothing without them."""

from __future__ import annotations

from airflow_provider_hubcontact.client import HubSpot
from airflow_provider_hubcontact.client.errors import Forbidden
from airflow_provider_hubcontact.job.errors import SourceError
from airflow_provider_hubcontact.job.portal.definitions import Portal, portal_of
from airflow_provider_hubcontact.sync.rows.portal_schema import PortalSchema


def portal_with_schema(hubspot: HubSpot) -> tuple[Portal, PortalSchema]:
    """Ask a portal for its properties and the rules of its admins.

    :return: what they are, and what they allow.
    :raises SourceError: if the token may not read them, or there are none.
    :raises HubSpotError: if they cannot be read now.
    """
    found = portal_of(hubspot.properties, rules=True)
    schema = found.schema()
    if schema is None:
        _say_why_there_are_none(hubspot)
        raise SourceError("HubSpot lists no properties at all")
    return found, schema


def _say_why_there_are_none(hubspot: HubSpot) -> None:
    """Ask for the portal's properties once more, and raise what is wrong."""
    try:
        hubspot.properties.list()
    except Forbidden as error:
        raise SourceError(
            "the portal's properties cannot be read: the token needs crm.schemas.contacts.read"
        ) from error
