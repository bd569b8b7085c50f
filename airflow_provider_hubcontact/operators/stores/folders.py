"""Folders of this machine, or of a store that Airflow knows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import ObjectStoragePath


def folder_of(address: str) -> ObjectStoragePath:
    """Return a folder: a path of this machine, or one of a store that Airflow knows."""
    from airflow.providers.common.compat.sdk import ObjectStoragePath

    # Airflow 2 takes a path that is not absolute from where its process once began.
    return ObjectStoragePath(address if "://" in address else str(Path(address).absolute()))
