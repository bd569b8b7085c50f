# SPDX-License-Identifier: Apache-2.0
"""What would keep a run from its work, found before the first record is read."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from airflow_provider_hubcontact.client import REQUIRED_SCOPES, HubSpot, HubSpotError
from airflow_provider_hubcontact.job.portal.definitions import Portal
from airflow_provider_hubcontact.job.settings.settings import Settings
from airflow_provider_hubcontact.printable import printable, printable_logger
from airflow_provider_hubcontact.sync.decide.modes import needs_of
from airflow_provider_hubcontact.sync.model.choices import WriteMode
from airflow_provider_hubcontact.sync.model.outcome import Outcome, Result
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.sync.rows.coercion import Coercer
from airflow_provider_hubcontact.sync.rows.json_schema import InvalidSchema, Schema
from airflow_provider_hubcontact.sync.rows.keys import EMAIL, RECORD_ID, SECOND_ADDRESSES
from airflow_provider_hubcontact.sync.rows.portal_schema import PortalSchema
from airflow_provider_hubcontact.sync.rows.record_mapping import RecordMapping
from airflow_provider_hubcontact.sync.rows.texts.owners import OwnerIds
from airflow_provider_hubcontact.words import counted, named, nearest

log = printable_logger(__name__)

BATCH = 100


KEY = "the key"
"""Column of a key that stands for any; no property has such a name."""


LEGACY = "v1"


SCHEMA_SCOPE = "crm.schemas.contacts.write"


READ_SCOPE, WRITE_SCOPE = sorted(REQUIRED_SCOPES)


LIST_SCOPES = frozenset({"crm.lists.read", "crm.lists.write"})


LEGACY_SCOPE = "contacts"
"""OAuth apps of old have this one instead."""


DEFINITIONS_NEEDED = (
    "the definitions of the portal's properties, which cannot be read: the token needs "
    "crm.objects.contacts.read or crm.schemas.contacts.read"
)


MAY_PASS = frozenset({Outcome.UNAVAILABLE, Outcome.THROTTLED})
"""Outcomes of a value that cannot be read now: nothing is wrong with it."""


class SettingsCheck:
    """Looks at what settings ask of a portal and a source.

    :param settings: what the run was asked to do.
    :param portal: what its properties are.
    :param columns: the source's columns, if they are known.
    :param api_version: with which the portal is spoken to; None if it is not.
    :param owners: knows the ids of owners; None if addresses are left as they are.
    :ivar not_ready: a printable sentence about what the portal cannot tell now, and another try may find out;
        None if it has told everything.
    """

    def __init__(
        self,
        settings: Settings,
        portal: Portal,
        columns: Sequence[str] | None = None,
        api_version: str | None = None,
        owners: OwnerIds | None = None,
    ) -> None:
        self._settings = settings
        self._portal = portal
        self._columns = columns
        self._api_version = api_version
        self._owners = owners
        self.not_ready = self._unread_properties()

    def problems(self) -> list[str]:
        """Return what is wrong, a printable sentence each."""
        found = (
            *(self._api(), self._source(), self._key(), self._names(), self._modes(), self._schema()),
            *(self._removed(), self._values(), self._second_addresses()),
        )
        return [printable(each) for problems in found for each in problems]

    def _api(self) -> Iterator[str]:
        if self._api_version == LEGACY:
            yield from self._of_legacy()
        elif self._api_version is not None and self._settings.writes.timestamp:
            yield (
                "only the legacy API carries a timestamp: set the connection's api_version to v1, "
                "or drop writes.timestamp"
            )

    def _of_legacy(self) -> Iterator[str]:
        asked = self._settings
        otherwise = "or set the connection's api_version to another one than v1"
        if asked.source.undoes:
            yield (
                "an undo finds contacts by their record ids, which the legacy API does not: set the "
                "connection's api_version to another one than v1"
            )
        elif asked.key.property != EMAIL:
            yield "the legacy API finds contacts by email only: the key's property must be email"
        if asked.state:
            yield (
                "the legacy API does not tell which contact it has written, so nothing can be proved: leave "
                f"state out, {otherwise}"
            )
        if asked.lists:
            yield (
                "the legacy API does not tell which contact it has written, so that it cannot be put into a "
                f"list: leave lists out, {otherwise}"
            )
        if not asked.writes.compare:
            yield "the legacy API writes without a look-up anyway: leave writes.compare out"

    def _source(self) -> Iterator[str]:
        if self._columns is None:
            return
        asked = self._settings
        of_lists = asked.lists.column if asked.lists else None
        others = (asked.key.becomes, asked.writes.timestamp, asked.source.watermark, of_lists)
        needed = (asked.key.column, *(asked.mapping or ()), *filter(None, others))
        missing = [column for column in dict.fromkeys(needed) if column not in self._columns]
        if missing:
            told = ", ".join(nearest(column, self._columns) for column in missing)
            yield f"the query returns no column {told}; it returns {', '.join(self._columns)}"

    def _key(self) -> Iterator[str]:
        definitions, name = self._portal.definitions, self._settings.key.property
        if definitions is None or name in {EMAIL, RECORD_ID}:
            return
        if name not in definitions:
            yield f"key: the portal has no property {nearest(name, definitions)}"
        elif not definitions[name].has_unique_value:
            yield f"key: {name} is not a unique property, so several contacts may have the same value"

    def _names(self) -> Iterator[str]:
        schema, created = self._portal.schema(), self._settings.writes.create_properties
        if schema is not None and created is not True:
            names = self._settings.sent(self._columns) or set()
            yield from _missing(schema, names - set(created or ()))

    def _modes(self) -> Iterator[str]:
        if self._settings.columns is None:  # with a mapping the settings have told
            yield from self._settings.unsent(self._columns)
            yield from self._unknown_modes()
        for name, mode in (self._settings.writes.properties or {}).items():
            kind, needs = self._portal.kinds.get(name), needs_of(WriteMode(mode))
            if needs and kind and kind not in needs.kinds:
                yield f"`{mode}` needs {needs.called}; {name} is not one"

    def _unknown_modes(self) -> Iterator[str]:
        """Look for names that neither the portal has, nor a column of the source: typing errors."""
        schema, writes = self._portal.schema(), self._settings.writes
        if schema is None or self._columns is not None or writes.create_properties is True:
            return
        names = {*(writes.properties or ())} - {*(writes.create_properties or ())}
        for name, meant in schema.missing(sorted(names)).items():
            yield named(f"writes.properties names {name}, a property that the portal does not have", meant)

    def _schema(self) -> Iterator[str]:
        try:
            schema = schema_of(self._settings)
        except InvalidSchema as error:
            yield str(error)
            return
        mapping, key = self._settings.columns, self._settings.key.column
        if schema is None or mapping is None:
            return
        given = {*mapping.values(), mapping.get(key, key)}
        never = [name for name in schema.required if name not in given]
        if never:
            yield f"the schema requires {', '.join(never)}, which no column is mapped to"
        for column in sorted(mapping.keys() & schema.properties.keys() - given):
            yield f"the schema names the column {column}, but it sees the property {mapping[column]}"

    def _values(self) -> Iterator[str]:
        """Look for texts that cannot be read, since nobody knows the properties that they are for."""
        name = self._settings.values.need_properties
        if name and self._api_version and self._portal.definitions is None and not self._portal.may_pass:
            yield f"values.{name} needs {DEFINITIONS_NEEDED}"

    def _unread_properties(self) -> str | None:
        name, portal = self._settings.values.need_properties, self._portal
        if name and self._api_version and portal.definitions is None and portal.may_pass:
            return f"values.{name} needs the portal's properties, which cannot be read now"
        return None

    def _second_addresses(self) -> Iterator[str]:
        """Look for second addresses that no contact would get."""
        if SECOND_ADDRESSES not in (self._settings.sent(self._columns) or ()):
            return
        if self._api_version == LEGACY:
            yield (
                f"the legacy API does not take {SECOND_ADDRESSES}: leave it out, or set the connection's "
                "api_version to another one than v1"
            )
        elif not self._settings.upsert:
            yield (
                f"HubSpot takes {SECOND_ADDRESSES} of new contacts only, and without upsert none is created: "
                "leave it out, or set upsert"
            )

    def _removed(self) -> Iterator[str]:
        """Look at the values for the contacts of rows that left the source."""
        values, schema = self._settings.removed_values, self._portal.schema()
        if values is None or schema is None:
            return
        created = self._settings.writes.create_properties
        names = set() if created is True else {*values} - {*(created or ())}
        for name, meant in schema.missing(sorted(names)).items():
            told = named(f"state.on_removed names {name}, a property that the portal does not have", meant)
            yield f"{told}: correct the name, or set writes.create_properties"
        made, lacking = as_written(values, self._portal, self._owners), schema.missing(values)
        if isinstance(made, Result):
            told = f"state.on_removed: {made.reason}"
            if made.outcome in MAY_PASS:
                self.not_ready = self.not_ready or printable(told)
            else:
                yield told
            return
        known = {name: text for name, text in made.properties.items() if name not in lacking}
        if problem := schema.check(made, known):
            yield f"state.on_removed: {problem.reason}"


def as_written(values: Mapping[str, str], portal: Portal, owners: OwnerIds | None = None) -> Record | Result:
    """Return the record of values that are the same for each contact, as it is written.

    :param values: property → text.
    :param portal: what its properties are.
    :param owners: knows the ids of owners; None if addresses are left as they are.
    :return: the record, or a result that names all that is wrong with the values.
    """
    made = RecordMapping(key=KEY, mapping={name: name for name in values}, kinds=portal.kinds).record(
        1, {KEY: "key", **values}
    )
    if isinstance(made, Result):
        return made
    return Coercer(*(portal.kinds, lambda _: None, None, portal.padded), owners=owners).coerce(made)


class Preflight:
    """Looks at everything, so that one error can tell all that is wrong.

    :param settings: what the run was asked to do.
    :param hubspot: the portal.
    :param portal: what its properties are.
    :param columns: the source's columns, if they are known.
    :param total: the number of its rows, if it is known.
    :param writes: whether contacts are written.
    :param owners: knows the ids of the portal's owners.
    """

    def __init__(
        self,
        settings: Settings,
        hubspot: HubSpot,
        portal: Portal,
        columns: Sequence[str] | None = None,
        total: int | None = None,
        *,
        writes: bool = True,
        owners: OwnerIds | None = None,
    ) -> None:
        self._check = SettingsCheck(settings, portal, columns, hubspot.api_version, owners)
        self._settings = settings
        self._hubspot = hubspot
        self._total = total
        self._writes = writes

    @property
    def not_ready(self) -> str | None:
        """What the portal cannot tell now, once the problems are known; None if nothing."""
        return self._check.not_ready

    def problems(self) -> list[str]:
        """Return what is wrong, a printable sentence each; nothing if the run can begin."""
        found = self._check.problems()
        self._look_at_quota()
        return [*found, *map(printable, self._access(anything_else=bool(found)))]

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
        if self._writes:
            needed |= {WRITE_SCOPE} | ({SCHEMA_SCOPE} if self._settings.writes.create_properties else set())
        if self._settings.lists:
            needed |= LIST_SCOPES if self._writes else {min(LIST_SCOPES)}
        lacking = sorted(needed - scopes)
        if scopes and lacking and LEGACY_SCOPE not in scopes:
            yield f"the token lacks the scopes {', '.join(lacking)}: add them to its app"

    def _look_at_quota(self) -> None:
        left = self._hubspot.rate_limit.daily_remaining
        if left is None or not self._total:
            return
        calls = self._total if self._hubspot.api_version == LEGACY else 2 * math.ceil(self._total / BATCH)
        if calls > left:
            log.warning(
                "%s can take %s, but only %s left until midnight in %s: the rest must wait.",
                counted(self._total, "row"),
                counted(calls, "call"),
                counted(left, "is", "are"),
                printable(self._hubspot.rate_limit.time_zone or "the portal's time zone", 64),
            )


def schema_of(settings: Settings) -> Schema | None:
    """Compile the JSON Schema of the records.

    :raises InvalidSchema: if it is not valid, or cannot be read.
    """
    if settings.json_schema is None:
        return None
    return Schema.of(settings.json_schema, settings.schema_folder)


def _missing(schema: PortalSchema, names: set[str]) -> Iterator[str]:
    unknown = schema.missing(sorted(names))
    if unknown:
        told = ", ".join(named(name, meant) for name, meant in unknown.items())
        yield f"the portal has no property {told}: correct the mapping, or set writes.create_properties"
