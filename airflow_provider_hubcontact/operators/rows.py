"""What a source is, and is not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import ObjectStoragePath


class UnusableSource(ValueError):
    """The source as a whole gives no records."""


def folder_of(address: str) -> ObjectStoragePath:
    """Return a folder: a path of this machine, or one of a store that Airflow knows."""
    from airflow.providers.common.compat.sdk import ObjectStoragePath

    # Airflow 2 takes a path that is not absolute from where its process once began.
    return ObjectStoragePath(address if "://" in address else str(Path(address).absolute()))
