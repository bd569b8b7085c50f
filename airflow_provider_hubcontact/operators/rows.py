"""An XCom value becomes records, which do not show themselves; a folder's address becomes a folder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import ObjectStoragePath


class UnusableSource(ValueError):
    """The source as a whole gives no records."""


class Opaque:
    """Something that was rendered, is no list of records, and does not show itself.

    :param value: what it is.
    """

    def __init__(self, value: object) -> None:
        self.value = value

    def __repr__(self) -> str:
        return f"<{type(self.value).__name__} withheld>"


class Withheld(Sequence[object]):
    """Records that do not show themselves.

    Rendered templates are stored and shown in the UI, and records are personal data. This is no list,
    so that nothing prints its items.

    :param records: the records.
    """

    def __init__(self, records: Sequence[object]) -> None:
        self._records = records

    def __getitem__(self, index: Any) -> Any:
        return self._records[index]

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[object]:
        return iter(self._records)

    def __repr__(self) -> str:
        return f"<{len(self):,} records withheld>"


def withhold(records: object) -> object:
    """Wrap what ``records`` was rendered to, whatever it is."""
    if records is None or isinstance(records, Withheld | Opaque):
        return records
    if isinstance(records, Mapping):
        return Withheld([records])
    return Withheld(records) if isinstance(records, list | tuple) else Opaque(records)


def records_of(value: object) -> Iterable[object]:
    """Take an XCom value as records.

    :param value: what ``records`` was rendered to: an iterable of mappings, or one mapping.
    :return: the records.
    :raises UnusableSource: if it is neither.
    """
    if isinstance(value, Opaque):
        value = value.value
    if isinstance(value, Mapping):
        return [value]
    if value is None:
        raise UnusableSource("records is None: the task that it comes from returned nothing")
    if isinstance(value, str | bytes):
        raise UnusableSource(
            "records is text: pass the task's output itself (records=extract(), or extract.output), "
            "not a template that renders to text"
        )
    if not isinstance(value, Iterable):
        raise UnusableSource(f"records is a {type(value).__name__}, it must be an iterable of mappings")
    return value


def folder_of(address: str) -> ObjectStoragePath:
    """Give a folder: a path of this machine, or one of a store that Airflow knows."""
    from airflow.providers.common.compat.sdk import ObjectStoragePath

    # Airflow 2 takes a path that is not absolute from where its process once began.
    return ObjectStoragePath(address if "://" in address else str(Path(address).absolute()))
