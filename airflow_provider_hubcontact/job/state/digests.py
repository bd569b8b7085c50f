# SPDX-License-Identifier: Apache-2.0
"""Digests of keys, records and settings: nothing of a record can be read from them without their key."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import orjson

from airflow_provider_hubcontact.client.properties import PropertyDefinition
from airflow_provider_hubcontact.job.settings.settings import Settings
from airflow_provider_hubcontact.job.settings.values import Values
from airflow_provider_hubcontact.sync.model.record import Record

CONVERSION = 1
"""Version of the conversion from values to texts. A new one makes all rows be looked up once."""


SIZE = 16
"""Bytes of a digest."""


class Digests:
    """Makes the digests of a state.

    :param key: of the digests; each state has its own.
    :param settings: what decides besides the values what is written: part → text.
    :param definitions: property → what counts of its definition.
    """

    def __init__(self, key: bytes, settings: Mapping[str, str], definitions: Mapping[str, str]) -> None:
        self._key = key
        self._settings = orjson.dumps(settings, option=orjson.OPT_SORT_KEYS).decode()
        self._definitions = definitions

    def of_key(self, key: str) -> str:
        """Return the digest of a key, which is in its normal form."""
        return self._of(key.encode(errors="surrogatepass"))

    def of_content(self, record: Record) -> str:
        """Return the digest of what a record wants: of each text as it would be sent, and of nothing else."""
        known = self._definitions.get
        content = [
            self._settings,
            record.timestamp,
            *((name, text, known(name)) for name, text in sorted(record.properties.items())),
        ]
        try:
            return self._of(orjson.dumps(content))
        except TypeError:  # half of a surrogate pair
            return self._of(repr(content).encode(errors="surrogatepass"))

    def _of(self, content: bytes) -> str:
        return blake2b(content, key=self._key, digest_size=SIZE).hexdigest()


def settings_of(settings: Settings, api_version: str, *, knows_properties: bool = True) -> dict[str, str]:
    """Return what decides besides the values what is written, as texts.

    :param settings: what the run was asked to do.
    :param api_version: of the calls.
    :param knows_properties: whether the portal's properties can be read: values have another form without.
    """
    writes = settings.writes
    parts: Mapping[str, Any] = {
        "mapping": settings.mapping,
        "key": settings.key.fields(),
        "writes": {**writes.fields(), "create_properties": None, "duplicates": None, "compare": None},
        "json_schema": _of_schema(settings.json_schema),
        "api_version": "v1" if api_version == "v1" else "",
        "conversion": CONVERSION,
        "properties": knows_properties,
    }
    if settings.values != Values():  # else a state of an earlier version would be another one
        parts = {**parts, "values": settings.values.fields()}
    return {name: _short(part) for name, part in parts.items()}


def query_of(settings: Settings) -> str:
    """Return what tells a query from another one: other rows of it are no rows that left the source."""
    return _short(settings.source.query.fields())


def name_of(run: str) -> str:
    """Return what tells a run of a task from its other runs, whichever try of it this is."""
    return _short(run)


def definitions_of(definitions: Mapping[str, PropertyDefinition] | None) -> dict[str, str]:
    """Return property → what of its definition decides what is written.

    :param definitions: of the portal; None if they cannot be read.
    """
    return {
        name: _short([each.type, each.field_type, sorted(option.value for option in each.options)])
        for name, each in (definitions or {}).items()
    }


def _of_schema(schema: Any) -> Any:
    """Return what of a JSON Schema can be told apart: its text, or that of a validator."""
    own = getattr(schema, "schema", None)
    if own is not None:
        return [type(schema).__name__, own]
    return schema if isinstance(schema, Mapping) else schema and str(schema)


def _short(part: Any) -> str:
    content = orjson.dumps(part, default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    return blake2b(content, digest_size=8).hexdigest()
