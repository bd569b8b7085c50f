# SPDX-License-Identifier: Apache-2.0
"""Which of a task's settings are templates, and which are data.

A template stands in the DAG file. What another task's output gave is data: Jinja would run whatever a record
holds, with all connections at hand. Airflow keeps them apart, but not where ``expand_kwargs`` takes a task's
output. What stands inside of a list or dict of records is data wherever it comes from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from inspect import signature
from pathlib import Path
from typing import Any

from airflow_provider_hubcontact.job.errors import SetupError
from airflow_provider_hubcontact.operators.fields import Options
from airflow_provider_hubcontact.operators.sources.redacted import Redacted
from airflow_provider_hubcontact.printable import printable
from airflow_provider_hubcontact.words import closest, named

__all__ = [
    "TEMPLATE_FILES",
    "Origins",
    "check_file",
    "check_function",
    "folder_of_file",
    "handed_in",
    "is_reference",
    "references_in",
    "resolved",
]


TEMPLATE_FILES = frozenset({"sql", "json_schema"})
"""Settings in which a text may be the name of a template file."""


_SHOWN = (str, int, float, date, timedelta, type(None))
"""What an argument may be that is rendered and shown as Airflow does."""


@dataclass(frozen=True)
class Origins:
    """Tells what another task's output gave a mapped task.

    :param given: names that ``expand`` or ``expand_kwargs`` gave, if they stand in the DAG file.
    :param outputs: those of them whose values are outputs; None if an output has the names, too.
    :param in_file: values that stand in the DAG file.
    :param partial: names that ``partial`` gave, if nothing else may give them.
    :param of_arguments: whether they are the arguments of a decorated function, not the operator's settings.
    """

    given: frozenset[str] = frozenset()
    outputs: frozenset[str] | None = frozenset()
    in_file: Sequence[object] = ()
    partial: frozenset[str] = frozenset()
    of_arguments: bool = False

    @classmethod
    def of(cls, task: Any, map_index: int | None) -> Origins:
        """Look at how a task was mapped, if it was.

        :param task: the task, unmapped.
        :param map_index: which one of the mapped tasks it is.
        """
        if not getattr(task, "_BaseOperator__from_mapped", False):
            return cls()
        mapped = task.dag.get_task(task.task_id)
        of_arguments = mapped._expand_input_attr == "op_kwargs_expand_input"  # noqa: SLF001 - nothing public tells
        partial = mapped.partial_kwargs.get("op_kwargs", {}) if of_arguments else mapped.partial_kwargs
        defaults = [each.default_args or {} for each in (mapped.task_group, task.dag) if each is not None]
        is_strict = mapped._disallow_kwargs_override  # noqa: SLF001 - same
        given, outputs = _names(mapped._get_specified_expand_input().value, map_index or 0)  # noqa: SLF001 - same
        return cls(
            given,
            outputs,
            [value for each in (partial, *defaults) for value in each.values()],
            frozenset(partial if is_strict else ()),
            of_arguments,
        )

    def setting_is_data(self, name: str, value: object) -> bool:
        """Check whether an output gave one of the operator's settings."""
        return not self.of_arguments and self._is_data(name, value)

    def argument_is_data(self, name: str, value: object) -> bool:
        """Check whether an output gave one of the arguments of a decorated function."""
        return self.of_arguments and self._is_data(name, value)

    def _is_data(self, name: str, value: object) -> bool:
        if self.outputs is not None:
            return name in self.outputs
        # An attribute may be named otherwise than its keyword; its value is still the one of the DAG file.
        origin = value.origin if isinstance(value, Options) else value
        return name not in self.partial and not any(origin is each for each in self.in_file)


def _names(expanded: Any, map_index: int) -> tuple[frozenset[str], frozenset[str] | None]:
    """Return the names that were expanded, and those whose values are outputs."""
    if isinstance(expanded, Mapping):  # expand(name=…)
        return frozenset(expanded), frozenset(name for name, each in expanded.items() if is_reference(each))
    if is_reference(expanded) or is_reference(expanded[map_index]):  # expand_kwargs(output)
        return frozenset(), None
    return frozenset(expanded[map_index]), frozenset()  # an output in it is resolved when it is rendered


def check_file(setting: str, value: object, suffixes: Sequence[str], jinja_env: Any) -> None:
    """Check that a template file is there, before Airflow fails with a traceback, and tries again.

    :param setting: that may name one.
    :param value: of the setting.
    :param suffixes: by which Airflow takes a text for the name of a file.
    :param jinja_env: finds the files.
    :raises SetupError: if the value names one that is not there.
    """
    if not isinstance(value, str) or not value.endswith(tuple(suffixes)):
        return
    from jinja2 import TemplateNotFound

    try:
        jinja_env.loader.get_source(jinja_env, value)
    except TemplateNotFound:
        folders = [Path(each) for each in getattr(jinja_env.loader, "searchpath", ())]
        beside = [each.name for folder in folders for each in (folder / value).parent.glob("*")]
        told = named(printable(value, 200), closest(Path(value).name, beside))
        where = f" in {', '.join(map(str, folders))}" if folders else ""
        raise SetupError(f"{setting} names the file {told}, which is not there{where}") from None


def folder_of_file(name: str, jinja_env: Any) -> Path | None:
    """Return the folder of a template file, as Airflow finds it; None if it does not."""
    try:
        file = jinja_env.loader.get_source(jinja_env, name)[1]
    except Exception:  # noqa: BLE001 - Airflow finds it next, and tells
        return None
    return Path(file).parent if file else None


def is_reference(value: object) -> bool:
    """Check whether Airflow replaces a value when the task runs: an output, an argument of a mapped group."""
    return hasattr(value, "iter_references") and hasattr(value, "resolve")


def references_in(value: object) -> Iterator[Any]:
    """Yield the references in a value of the DAG file, wherever they are."""
    if is_reference(value):
        yield value
    elif isinstance(value, Options):
        yield from references_in(value.fields())
    elif isinstance(value, Mapping):
        yield from references_in([*value.values()])
    elif isinstance(value, list | tuple | set):
        for each in value:
            yield from references_in(each)


def resolved(value: Any, resolve: Callable[[Any], Any]) -> Any:
    """Return a value of the DAG file with the references in it resolved; no text in it is rendered."""
    if is_reference(value):
        return resolve(value)
    if isinstance(value, dict):
        return {key: resolved(each, resolve) for key, each in value.items()}
    if type(value) in {list, tuple}:
        return type(value)(resolved(each, resolve) for each in value)
    return value


def handed_in(values: Iterable[tuple[Any, bool]], resolve: Callable[[Any], Any]) -> list[Any]:
    """Return the arguments of a function, those that are data resolved and withheld.

    :param values: the arguments, and whether another task's output gave them.
    :param resolve: replaces a reference.
    """
    return [
        Redacted(value) if is_data else value if _is_shown(value) else Redacted(resolved(value, resolve))
        for value, is_data in values
    ]


def _is_shown(value: object) -> bool:
    """Check whether an argument of the DAG file may be shown: a template, or a value without any text."""
    return isinstance(value, (*_SHOWN, Redacted)) or hasattr(type(value), "joinpath")


def check_function(setting: str, function: Callable[..., Any]) -> None:
    """Check that a function can render a setting, as Airflow calls it.

    :param setting: of the operator.
    :param function: its value.
    :raises ValueError: if it is a task that was not called, or any other function.
    """
    try:
        signature(function).bind(context={}, jinja_env=None)
    except TypeError:
        done = f"{setting} is a function, not what it returns: call "
        if setting == "records":
            done += "the task (records=extract()), or decorate the function with @task.hubspot_update_contact"
        else:
            done += "it"
        raise ValueError(done) from None
