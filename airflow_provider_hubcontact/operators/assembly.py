"""From a task's settings, and what its portal is, to the parts of a sync."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from airflow_provider_hubcontact.client import HubSpot, HubSpotError
from airflow_provider_hubcontact.client.properties import PropertyDefinition
from airflow_provider_hubcontact.operators.contacts_port import Verifier, port_of
from airflow_provider_hubcontact.operators.errors import HubSpotSyncFailed, HubSpotSyncIncomplete
from airflow_provider_hubcontact.operators.properties import Portal, create_missing, missing, portal_of
from airflow_provider_hubcontact.operators.rows import UnusableSource
from airflow_provider_hubcontact.operators.settings import Settings
from airflow_provider_hubcontact.sync.comparison import Kind
from airflow_provider_hubcontact.sync.engine import Sync
from airflow_provider_hubcontact.sync.lifecycle import STAGE, OnRegression, Stages
from airflow_provider_hubcontact.sync.plan import Rules, WriteMode
from airflow_provider_hubcontact.sync.portal import PortalSchema
from airflow_provider_hubcontact.sync.record import Nulls, Shape, TimeForm
from airflow_provider_hubcontact.sync.report import Report
from airflow_provider_hubcontact.sync.validation import Schema


class Assembly:
    """Puts the parts of a run together.

    :param task: what it was asked to do.
    :param hubspot: the portal.
    :param report: is told which properties were created.
    """

    def __init__(self, task: Settings, hubspot: HubSpot, report: Report) -> None:
        self._task = task
        self._hubspot = hubspot
        self._report = report

    def shape(self) -> Shape:
        """Give how rows become records.

        :raises UnusableSource: if the settings contradict each other.
        """
        legacy = self._hubspot.api_version == "v1"
        if legacy and self._task.id_property != "email":
            raise UnusableSource("the legacy API finds contacts by email only: id_property must be email")
        if self._task.mapping is not None:
            _check_mapping(self._task.mapping)
        if self._task.mode == "upsert" and self._task.id_property == "hs_object_id":
            raise UnusableSource("a contact cannot be created with a record id: upsert by email")
        if self._task.timestamp and not legacy:
            raise UnusableSource("only the legacy API carries a timestamp: set api_version to v1 or drop it")
        return Shape(
            key=self._task.key,
            id_property=self._task.id_property,
            mapping=self._task.mapping,
            nulls=Nulls(self._task.nulls),
            time_form=TimeForm.MILLIS if legacy else TimeForm.ISO,
            timestamp=self._task.timestamp,
        )

    def sync(self, shape: Shape, first: Sequence[object], *, writes: bool) -> Sync:
        """Give the sync, once the portal is ready for it.

        :param first: the first rows: their types are those of the properties that are created.
        :param writes: whether anything is written.
        :raises UnusableSource: if the portal cannot take what is mapped to it.
        :raises HubSpotSyncFailed: if missing properties cannot be created.
        """
        task, hubspot = self._task, self._hubspot
        port = port_of(hubspot, task.id_property)
        portal = portal_of(hubspot.properties)
        schema = self._prepare(portal, shape, first)
        writes_stage = task.mapping is None or STAGE in task.mapping.values()
        rules = Rules(
            id_property=task.id_property,
            create=task.mode == "upsert",
            on_regression=OnRegression(task.on_stage_regression),
            stages=portal.stages if writes_stage else Stages.default(),
            kinds=portal.kinds,
            modes=_modes(task.write_modes, portal),
        )
        source = _read(task.schema) if isinstance(task.schema, Path) else task.schema
        return Sync(
            shape,
            rules,
            port,
            port if writes else None,
            schema=None if source is None else Schema.of(source),
            portal=schema if task.validate_against_portal else None,
            fold=task.duplicates == "last",
            verifier=Verifier(port) if task.verify else None,
        )

    def _prepare(self, portal: Portal, shape: Shape, first: Sequence[object]) -> PortalSchema | None:
        """Create the properties that the portal lacks, or say which these are.

        :return: what the portal then allows.
        """
        wanted = self._task.create_missing_properties
        if not isinstance(wanted, Mapping):
            wanted = is_true(wanted)
        columns = [column for row in first if isinstance(row, Mapping) for column in shape.columns(row)]
        new: dict[str, PropertyDefinition] = {}
        if wanted:
            new = missing(columns, wanted, portal.definitions or ())
            self._report.properties_created = self._create(new.values())
        schema = portal.schema(new.values())
        if schema and self._task.validate_against_portal and self._task.mapping is not None:
            _check_names(schema, self._task.mapping.values())
        return schema

    def _create(self, definitions: Iterable[PropertyDefinition]) -> list[str]:
        try:
            return create_missing(self._hubspot.properties, definitions, dry_run=self._report.dry_run)
        except HubSpotError as error:
            raised = HubSpotSyncIncomplete if error.retryable else HubSpotSyncFailed
            raise raised(f"Missing properties cannot be created: {error}") from error


def _modes(wanted: Mapping[str, str] | None, portal: Portal) -> Mapping[str, WriteMode]:
    if not isinstance(wanted or {}, Mapping) or not set((wanted or {}).values()) <= set(WriteMode):
        raise UnusableSource(f"write_modes is property → {', '.join(WriteMode)}, not {wanted!r:.200}")
    modes = {name: WriteMode(mode) for name, mode in (wanted or {}).items() if mode != WriteMode.OVERWRITE}
    for name, mode in modes.items():
        if mode is WriteMode.APPEND and portal.kinds.get(name, Kind.OPTIONS) is not Kind.OPTIONS:
            raise UnusableSource(f"only multiple checkboxes can be appended to, {name} is none")
    return modes


def _check_names(schema: PortalSchema, names: Iterable[str]) -> None:
    """Fail before the first record if no record could be written."""
    unknown = schema.missing(names)
    if unknown:
        named = ", ".join(
            f"{name} (the nearest is {closest})" if closest else name for name, closest in unknown.items()
        )
        raise UnusableSource(
            f"the portal has no property {named}: correct the mapping, or set create_missing_properties"
        )


def _check_mapping(mapping: object) -> None:
    if not isinstance(mapping, Mapping) or not all(isinstance(name, str) for name in mapping.values()):
        raise UnusableSource(f"mapping is column → property, not {mapping!r:.200}")
    names = list(mapping.values())
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UnusableSource(f"mapping has two columns for {', '.join(twice)}")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UnusableSource(f"the schema {path} cannot be read: {error}") from error


def is_true(value: object) -> bool:
    """Read a flag that a template may have rendered to text."""
    text = str(value).strip().lower()
    if text not in {"true", "false", "1", "0", ""}:
        raise HubSpotSyncFailed(f"dry_run is true or false, not {value!r}")
    return text in {"true", "1"}
