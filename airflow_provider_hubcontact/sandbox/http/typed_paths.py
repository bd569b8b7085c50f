# SPDX-License-Identifier: Apache-2.0
"""Where a path names an object type, in whatever spelling."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import unquote

from airflow_provider_hubcontact.sandbox.crm.type_names import canonical

PLACE = 3
"""Where a path has its object type: ``/crm/v3/objects/contacts``, ``/crm/objects/2026-09/contacts``."""

APIS = frozenset({"associations", "objects", "properties", "property-validations", "schemas"})
"""The parts of the CRM API whose paths name an object type."""

_NO_TYPES = frozenset({"definitions", "usage"})
"""What stands in place of an object type in some paths of associations."""


def written_type(segments: Sequence[str]) -> str | None:
    """Return the object type of a path, as it is written there; None if the path has none.

    :param segments: the path's segments, percent-encoded.
    """
    if len(segments) <= PLACE or segments[0] != "crm" or APIS.isdisjoint(segments[1:PLACE]):
        return None
    return None if segments[PLACE] in _NO_TYPES else segments[PLACE]


def canonical_path(path: str) -> str:
    """Return a path with its object type as the sandbox's routes write it; unchanged if it has none.

    :param path: the path, percent-encoded.
    """
    segments = path.strip("/").split("/")
    spelling = written_type(segments)
    name = None if spelling is None else canonical(unquote(spelling))
    if name is None:
        return path
    segments[PLACE] = name
    return "/" + "/".join(segments)
