# SPDX-License-Identifier: Apache-2.0
"""The contacts of a portal, as an asset that DAGs can be scheduled on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult

from airflow.providers.common.compat.sdk import Asset

if TYPE_CHECKING:
    from airflow.providers.common.compat.openlineage.facet import Dataset

NAME = re.compile(r"[\w.-]+")


def contacts_asset(hubspot_conn_id: str) -> Asset:
    """Return the asset of the contacts behind a connection, ``hubspot://<connection>/contacts``.

    :param hubspot_conn_id: the Airflow connection.
    """
    return Asset(f"hubspot://{hubspot_conn_id}/contacts")


def can_be_named(hubspot_conn_id: object) -> bool:
    """Check whether a connection's id can be part of an asset's address.

    A template cannot, nor can another task's output.
    """
    return isinstance(hubspot_conn_id, str) and NAME.fullmatch(hubspot_conn_id) is not None


def create_asset(*, conn_id: str, extra: dict[str, Any] | None = None) -> Asset:
    """Return the asset for Airflow's lineage of hooks."""
    return Asset(contacts_asset(conn_id).uri, extra=extra)


def sanitize_uri(uri: SplitResult) -> SplitResult:
    """Check an address of the scheme ``hubspot``.

    :raises ValueError: if it is not ``hubspot://<connection>/contacts``.
    """
    if not NAME.fullmatch(uri.netloc) or uri.path.strip("/") != "contacts" or uri.query or uri.fragment:
        raise ValueError("an asset of HubSpot must be hubspot://<connection>/contacts")
    return uri._replace(path="/contacts")


def convert_asset_to_openlineage(asset: Asset, lineage_context: Any) -> Dataset:
    """Return the asset as OpenLineage names it."""
    from airflow.providers.common.compat.openlineage.facet import Dataset

    del lineage_context
    return Dataset(namespace=asset.uri.removesuffix("/contacts"), name="contacts")
