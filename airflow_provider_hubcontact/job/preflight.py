"""What would keep a run from its work, found before the first record is read."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

from airflow_provider_hubcontact.client import REQUIRED_SCOPES, HubSpot, HubSpotError
from airflow_provider_hubcontact.job.portal import Portal
from airflow_provider_hubcontact.job.settings import Settings, is_mapping_of_names, is_true
from airflow_provider_hubcontact.printable import printable, printable_logger
from airflow_provider_hubcontact.sync.model.choices import WriteMode
from airflow_provider_hubcontact.sync.rows.comparison import Kind
from airflow_provider_hubcontact.sync.rows.json_schema import InvalidSchema, Schema
from airflow_provider_hubcontact.sync.rows.portal_schema import PortalSchema

log = printable_logger(__name__)

BATCH = 100


SCHEMA_SCOPE = "crm.schemas.contacts.write"


READ_SCOPE, WRITE_SCOPE = sorted(REQUIRED_SCOPES)


LEGACY_SCOPE = "contacts"
"""OAuth apps of old have this one instead."""


class Preflight:
    """Looks at everything, so that one error can tell all that is wrong.

    :param task: what it was asked to do.
    :param hubspot: the portal.
    :param portal: what its properties are.
    :param columns: the source's columns, if they are known.
    :param total: the number of its rows, if it is known.
    """

    def __init__(
        self,
        task: Settings,
        hubspot: HubSpot,
        portal: Portal,
        columns: Sequence[str] | None = None,
        total: int | None = None,
    ) -> None:
        self._task = task
        self._hubspot = hubspot
        self._portal = portal
        self._columns = columns
        self._total = total
        self._is_legacy = hubspot.api_version == "v1"

    def problems(self) -> list[str]:
        """Give what is wrong, a sentence each; nothing if the run can begin."""
        found = [
            *self._api(),
            *self._mapping(),
            *self._source(),
            *self._key(),
            *self._names(),
            *self._modes(),
            *self._schema(),
        ]
        self._look_at_quota()
        return [printable(each) for each in (*found, *self._access(anything_else=bool(found)))]

    def _api(self) -> Iterator[str]:
        task = self._task
        if self._is_legacy and task.id_property != "email":
            yield "the legacy API finds contacts by email only: id_property must be email"
        if task.timestamp and not self._is_legacy:
            yield "only the legacy API carries a timestamp: set api_version to v1 or drop it"
        if task.mode == "upsert" and task.id_property == "hs_object_id":
            yield "a contact cannot be created with a record id: upsert by email"

    def _mapping(self) -> Iterator[str]:
        mapping = self._task.mapping
        if mapping is None:
            return
        if not is_mapping_of_names(mapping):
            yield f"mapping is column → property, not {mapping!r:.200}"
            return
        names = list(mapping.values())
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            yield f"mapping has two columns for {', '.join(twice)}"

    def _source(self) -> Iterator[str]:
        if self._columns is None:
            return
        task = self._task
        mapped = task.mapping if is_mapping_of_names(task.mapping) else {}
        needed = (task.key, *(mapped or ()), *filter(None, (task.timestamp, task.watermark)))
        missing = [column for column in dict.fromkeys(needed) if column not in self._columns]
        if missing:
            yield f"the query returns no column {', '.join(missing)}; it returns {', '.join(self._columns)}"

    def _key(self) -> Iterator[str]:
        definitions, name = self._portal.definitions, self._task.id_property
        if definitions is None or name in {"email", "hs_object_id"}:
            return
        if name not in definitions:
            yield f"id_property: the portal has no property {name}"
        elif not definitions[name].has_unique_value:
            yield f"id_property: several contacts may have the same {name}; it must be a unique property"

    def _names(self) -> Iterator[str]:
        task = self._task
        schema = self._portal.schema()
        if schema is None or not task.validate_against_portal:
            return
        if is_mapping_of_names(task.mapping):
            names = set(task.mapping.values()) if task.mapping else set()
        else:
            names = set(self._columns or ()) - {task.key, task.timestamp, task.watermark}
        created = task.create_missing_properties
        if not isinstance(created, Mapping) and is_true(created):
            return
        yield from _missing(schema, names - set(created if isinstance(created, Mapping) else ()))

    def _modes(self) -> Iterator[str]:
        wanted = self._task.write_modes or {}
        if not isinstance(wanted, Mapping) or not set(wanted.values()) <= set(WriteMode):
            yield f"write_modes is property → {', '.join(WriteMode)}, not {wanted!r:.200}"
            return
        yield from self._unsent("write_modes", wanted)
        for name, mode in wanted.items():
            if mode == WriteMode.APPEND and self._portal.kinds.get(name, Kind.OPTIONS) is not Kind.OPTIONS:
                yield f"only multiple checkboxes can be appended to, {name} is none"

        created = self._task.create_missing_properties
        if isinstance(created, Mapping):
            yield from self._unsent("create_missing_properties", created)

    def _unsent(self, setting: str, names: Iterable[str]) -> Iterator[str]:
        """Look for properties that a setting names and no column is sent as."""
        task, mapping = self._task, self._task.mapping
        if is_mapping_of_names(mapping) and mapping is not None:
            sent = {*mapping.values()}
        elif self._columns is not None:
            sent = {*self._columns} - {task.key, task.timestamp, task.watermark}
        else:
            return
        for name in names:
            if name not in sent:
                known = f": its column is sent as {mapping[name]}" if mapping and name in mapping else ""
                yield f"{setting} names {name}, which no column is sent as{known}"

    def _schema(self) -> Iterator[str]:
        try:
            schema = schema_of(self._task)
        except InvalidSchema as error:
            yield str(error)
            return
        mapping = self._task.mapping
        if schema is None or not is_mapping_of_names(mapping) or mapping is None:
            return
        given = {*mapping.values(), mapping.get(self._task.key, self._task.key)}
        never = [name for name in schema.required if name not in given]
        if never:
            yield f"the schema requires {', '.join(never)}, which no column is mapped to"

    def _access(self, *, anything_else: bool) -> Iterator[str]:
        """Look at token and scopes.

        A token that HubSpot refuses is told only beside something else: alone, the run itself gives every
        record the outcome of a 401.
        """
        try:
            scopes = self._hubspot.account.access().scopes
        except HubSpotError as error:
            if anything_else:
                yield str(error)
            return
        needed = {READ_SCOPE}
        if not is_true(self._task.is_dry_run):
            needed |= {WRITE_SCOPE} | ({SCHEMA_SCOPE} if self._task.create_missing_properties else set())
        lacking = sorted(needed - scopes)
        if scopes and lacking and LEGACY_SCOPE not in scopes:
            yield f"the token lacks the scopes {', '.join(lacking)}: add them to its app"

    def _look_at_quota(self) -> None:
        left = self._hubspot.rate_limit.daily_remaining
        if left is None or not self._total:
            return
        calls = self._total if self._is_legacy else 2 * math.ceil(self._total / BATCH)
        if calls > left:
            log.warning(
                "%s rows can take %s calls, but %s are left until midnight in %s: the rest has to wait.",
                f"{self._total:,}",
                f"{calls:,}",
                f"{left:,}",
                printable(self._hubspot.rate_limit.time_zone or "the portal's time zone", 64),
            )


def schema_of(task: Settings) -> Schema | None:
    """Compile the task's schema.

    :raises InvalidSchema: if it is none, or cannot be read.
    """
    return None if task.schema is None else Schema.of(task.schema, task.schema_folder)


def _missing(schema: PortalSchema, names: set[str]) -> Iterator[str]:
    unknown = schema.missing(sorted(names))
    if unknown:
        named = ", ".join(
            f"{name} (the nearest is {closest})" if closest else name for name, closest in unknown.items()
        )
        yield f"the portal has no property {named}: correct the mapping, or set create_missing_properties"
