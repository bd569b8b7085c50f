# SPDX-License-Identifier: Apache-2.0
"""What comes out alike in all worlds: it is worked out once, and most of their time went there."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, Self

import orjson

from airflow_provider_hubcontact.client import auth, properties, transport
from airflow_provider_hubcontact.client.properties import PropertyDefinition
from airflow_provider_hubcontact.job.portal.definitions import Portal
from airflow_provider_hubcontact.sync.flow.stations import dry_writes
from airflow_provider_hubcontact.sync.rows import json_schema
from airflow_provider_hubcontact.sync.rows.portal_schema import PortalSchema

_compile = json_schema._Compiled  # noqa: SLF001 - nothing public is made once for each try


@cache
def _compiled(document: bytes, folder: Path | None) -> Any:
    return _compile(orjson.loads(document), folder)


def compiled(document: dict[str, Any] | bool, folder: Path | None) -> Any:
    """Return the checked and compiled form of a JSON Schema."""
    return _compiled(orjson.dumps(document), folder)


_define = properties._definition  # noqa: SLF001 - same
_schema = Portal.schema
_schemas: dict[tuple[int, ...], tuple[object, PortalSchema | None]] = {}


@cache
def _defined(body: bytes) -> PropertyDefinition:
    return _define(orjson.loads(body))


def definition(body: Any) -> PropertyDefinition:
    """Return a definition of a property."""
    return _defined(orjson.dumps(body))


def schema(portal: Portal, more: Iterable[PropertyDefinition] = ()) -> PortalSchema | None:
    """Return the schema of what a portal allows; None if that is not known."""
    added = [*more]
    if portal.definitions is None or portal.rules or added:
        return _schema(portal, added)
    of = [*portal.definitions.values()]
    known = tuple(map(id, of))  # which are kept with it, so that nothing else gets their numbers
    if known not in _schemas:
        _schemas[known] = of, _schema(portal)
    return _schemas[known][1]


FEW_BITS = 2**12
"""Size of the filter of a dry run of some rows, which would be 2 MB."""


class NoSession:
    """Stands for the connections of a client, which makes none."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Close nothing."""

    def close(self) -> None:
        """Close nothing."""


PARTS: tuple[tuple[Any, str, object], ...] = (
    (json_schema, "_Compiled", compiled),
    (properties, "_definition", definition),
    (Portal, "schema", schema),
    (dry_writes, "BITS", FEW_BITS),
    (dry_writes, "_MASK", FEW_BITS - 1),
    (transport, "Session", NoSession),
    (auth, "Session", NoSession),
)
"""Module or class → name → what takes its place while a world runs."""
