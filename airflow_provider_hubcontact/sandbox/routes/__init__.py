"""All that the sandbox answers, a module for each API family: requests become calls of the portal."""

from __future__ import annotations

from airflow_provider_hubcontact.sandbox.routes import (
    account,
    batches,
    contacts,
    contacts_v1,
    imports,
    oauth,
    properties,
)
from airflow_provider_hubcontact.sandbox.wire import Router

__all__ = ["router"]


def router() -> Router:
    """Put all routes together."""
    families = (account, batches, contacts, contacts_v1, imports, oauth, properties)
    return Router(route for family in families for route in family.routes())
