# SPDX-License-Identifier: Apache-2.0
"""How values are written, and the properties that are created for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from airflow_provider_hubcontact.job.settings.checks import flag, is_mapping_of_names, one_of
from airflow_provider_hubcontact.job.settings.frozen import Frozen

DEFINED = ("label", "type", "fieldType", "groupName", "description", "options")
"""What may be said of a property that is created."""


class Writes(Frozen):
    """How values are written.

    :param nulls: whether empty values are left out or clear the property.
    :param duplicates: what becomes of the later rows of a key.
    :param stages: what happens when a lifecycle stage would go back.
    :param properties: property → how it is written.
    :param create_properties: whether to create what the portal lacks, or property → definition.
    :param compare: whether contacts are looked up and compared before they are written.
    :param timestamp: column that says when the row's values were set.
    """

    nulls: str = "ignore"
    duplicates: str = "last"
    stages: str = "reject"
    properties: Mapping[str, str] | None = None
    create_properties: bool | Mapping[str, Mapping[str, Any]] = False
    compare: bool = True
    timestamp: str | None = None

    def problems(self) -> Iterator[str]:
        """Yield a sentence for each thing that is wrong."""
        if self._has_defaults:
            return  # a DAG file that chooses nothing does not import the choices
        from airflow_provider_hubcontact.sync.model.choices import Duplicates, Nulls, OnRegression, WriteMode

        yield from one_of("writes.nulls", self.nulls, Nulls)
        yield from one_of("writes.duplicates", self.duplicates, Duplicates)
        yield from one_of("writes.stages", self.stages, OnRegression)
        modes = self.properties
        if modes is not None and not is_mapping_of_names(modes):
            yield f"writes.properties must map properties to {', '.join(WriteMode)}, not {modes!r:.200}"
        elif modes is not None:
            for name, mode in modes.items():
                yield from one_of(f"writes.properties[{name!r}]", mode, WriteMode)
        if not isinstance(self.create_properties, bool | Mapping):
            yield (
                "writes.create_properties must be True, False or map properties to definitions, "
                f"not {self.create_properties!r:.200}"
            )
        elif not isinstance(self.create_properties, bool):
            for name, definition in self.create_properties.items():
                yield from _definition(f"writes.create_properties[{name!r}]", definition)
        yield from flag("writes.compare", self.compare)
        if self.timestamp is not None and (not isinstance(self.timestamp, str) or not self.timestamp):
            yield f"writes.timestamp must be the name of a column, not {self.timestamp!r:.100}"

    @property
    def _has_defaults(self) -> bool:
        return all(value is getattr(Writes, name) for name, value in self.fields().items())


def _definition(place: str, definition: object) -> Iterator[str]:
    """Check how a property is to be created; what HubSpot does not know would be left out silently."""
    if not isinstance(definition, Mapping):
        yield f"{place} must be a definition, such as {{'type': 'number'}}, not {definition!r:.100}"
        return
    for name, value in definition.items():
        if name == "options":
            if not isinstance(value, list | tuple) or not all(map(_is_option, value)):
                yield f"{place}: options must be a list of texts, or of label and value, not {value!r:.100}"
        elif name not in DEFINED:
            yield from one_of(f"{place}: a field", name, DEFINED)
        elif not isinstance(value, str):
            yield f"{place}: {name} must be text, not {value!r:.100}"


def _is_option(value: object) -> bool:
    if isinstance(value, Mapping):
        return is_mapping_of_names(value) and "value" in value and value.keys() <= {"value", "label"}
    return isinstance(value, str)
