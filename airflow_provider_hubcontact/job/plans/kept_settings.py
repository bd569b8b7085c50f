# SPDX-License-Identifier: Apache-2.0
"""The settings that a plan keeps, so that it is applied as it was made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_hubcontact.job.plans.lines import is_count
from airflow_provider_hubcontact.job.settings.guards import Guards
from airflow_provider_hubcontact.job.settings.key import Key
from airflow_provider_hubcontact.job.settings.ledger import Ledger
from airflow_provider_hubcontact.job.settings.problems import problems_of
from airflow_provider_hubcontact.job.settings.settings import Settings
from airflow_provider_hubcontact.job.settings.state import State
from airflow_provider_hubcontact.job.settings.writes import Writes


def kept(settings: Settings, api_version: str, portal: int | None) -> dict[str, Any]:
    """Return what a plan keeps of the settings that it is made with.

    An undo is applied by record ids, which no run changes.

    :param api_version: of the calls that it was made with.
    :param portal: that it is for; None if HubSpot did not tell.
    """
    return {
        "portal": portal,
        "api_version": api_version,
        "undo": settings.source.undoes,
        "key": settings.key.property,
        "upsert": settings.upsert,
        "stages": str(settings.writes.stages),
        "properties": {
            name: str(mode)
            for name, mode in (settings.writes.properties or {}).items()
            if name != settings.key.property  # every contact that was found has one
        },
        "guards": settings.guards.fields(),
        "status_actions": {
            str(name): str(action) for name, action in (settings.status_actions or {}).items()
        },
        "max_failures": settings.max_failures,
        "ledger": settings.ledger.fields() if settings.ledger else None,
        "state": {name: getattr(settings.state, name) for name in _OF_STATE} if settings.state else None,
        "verify": settings.verify,
    }


def settings_of(
    document: Mapping[str, Any], definitions: Mapping[str, Mapping[str, Any]] | None = None
) -> Settings:
    """Return the settings with which a plan is applied.

    :param document: what :func:`kept` returned.
    :param definitions: of the properties to create first.
    """
    return Settings(
        key=Key(document["key"], document["key"]),
        upsert=document["upsert"],
        writes=Writes(
            stages=document["stages"],
            properties=document["properties"],
            create_properties=definitions or False,
        ),
        status_actions=document["status_actions"],
        max_failures=document["max_failures"],
        guards=_guards(document),
        ledger=Ledger(**document["ledger"]) if document["ledger"] else None,
        state=State(**document["state"]) if document["state"] else None,
        verify=document["verify"],
    )


def are_settings(document: object) -> bool:
    """Check whether a document is one that :func:`kept` returns."""
    if not isinstance(document, dict) or document.keys() != _FIELDS:
        return False
    portal, ledger, state = document["portal"], document["ledger"], document["state"]
    return (
        (portal is None or is_count(portal))
        and all(isinstance(document[name], kind) for name, kind in _KINDS.items())
        and (ledger is None or _has(ledger, Ledger.field_names))
        and _has(document["guards"], Guards.field_names)
        and (state is None or _has(state, _OF_STATE))
        and not [*Guards(**document["guards"]).problems(), *problems_of(settings_of(document))]
    )


def _guards(document: Mapping[str, Any]) -> Guards:
    """Return the guards of a plan; that of what an undo archives is not one of removals by a state."""
    kept_guards = document["guards"]
    return Guards(**{**kept_guards, "removals": Guards.removals} if document["undo"] else kept_guards)


def _has(document: object, fields: tuple[str, ...]) -> bool:
    return isinstance(document, dict) and document.keys() == set(fields)


_KINDS = {"api_version": str, "undo": bool, "status_actions": dict, "properties": dict}


_OF_STATE = ("path", "on_removed", "grace")
"""What a plan keeps of a state."""


_FIELDS = set(kept(Settings(), "", None))
