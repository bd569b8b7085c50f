"""What a task was asked to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from airflow_provider_hubcontact.sync.decide.policy import Policy


class Settings(Protocol):
    """The operator's parameters, rendered."""

    records: Any
    sql: str | None
    sql_conn_id: str | None
    parameters: Mapping[str, Any] | Sequence[Any] | None
    hubspot_conn_id: str
    mapping: Mapping[str, str] | None
    key: str
    id_property: str
    schema: Any
    schema_folder: Path | None
    nulls: str
    duplicates: str
    on_stage_regression: str
    mode: str
    write_modes: Mapping[str, str] | None
    validate_against_portal: bool
    create_missing_properties: bool | Mapping[str, Mapping[str, Any]]
    timestamp: str | None
    api_version: str | None
    verify: bool
    plan: str | None
    max_changes: float | None
    max_creates: float | None
    ledger: str | None
    ledger_values: bool
    records_from_ledger: str | None
    outcomes: Sequence[str] | None
    watermark: str | None
    is_dry_run: bool | str

    @property
    def policy(self) -> Policy:
        """How outcomes become the task's outcome."""


def is_true(value: object) -> bool:
    """Read a flag that a template may have rendered to text.

    :raises ValueError: if it is none.
    """
    text = str(value).strip().lower()
    if text not in {"true", "false", "1", "0", ""}:
        raise ValueError(f"a flag is true or false, not {value!r}")
    return text in {"true", "1"}


def is_mapping_of_names(mapping: Any) -> bool:
    """Check whether this is column → property."""
    return isinstance(mapping, Mapping) and all(isinstance(name, str) for name in mapping.values())
