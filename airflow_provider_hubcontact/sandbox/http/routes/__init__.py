# SPDX-License-Identifier: Apache-2.0
"""The routes of the sandbox, one module for each family of the API."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from airflow_provider_hubcontact.sandbox.http.routes import (
    account,
    associations,
    batches,
    batches_v1,
    contacts,
    contacts_v1,
    imports,
    lists,
    merges,
    oauth,
    owners,
    properties,
    property_groups,
    property_rules,
    searches,
    secondary_emails,
)
from airflow_provider_hubcontact.sandbox.http.routing import Route, Router

__all__ = ["router"]


def router(more: Iterable[Route] = ()) -> Router:
    """Return a router with all routes.

    :param more: further routes, which HubSpot does not have.
    """
    families = (
        account,
        associations,
        batches,
        batches_v1,
        contacts,
        contacts_v1,
        imports,
        lists,
        merges,
        oauth,
        owners,
        properties,
        property_groups,
        property_rules,
        searches,
        secondary_emails,
    )
    return Router(chain(more, *(family.routes() for family in families)), lists.not_emulated())
