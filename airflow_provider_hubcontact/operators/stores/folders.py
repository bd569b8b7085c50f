# SPDX-License-Identifier: Apache-2.0
"""Folders of this machine, or of a store that Airflow knows."""

from __future__ import annotations

from airflow_provider_hubcontact.job.errors import SetupError
from airflow_provider_hubcontact.job.files.local_folder import LocalFolder
from airflow_provider_hubcontact.job.ports import Folder
from airflow_provider_hubcontact.printable import printable_address


def folder_of(address: str) -> Folder:
    """Return a folder: a path of this machine, or one of a store that Airflow knows.

    :param address: a path, or a URL. Airflow is imported for a URL only.
    :raises SetupError: if no store has such addresses, or a package for it is missing.
    """
    if "://" not in address:
        return LocalFolder(address)
    from airflow.providers.common.compat.sdk import ObjectStoragePath

    try:
        folder = ObjectStoragePath(address)
        folder.fs  # noqa: B018 - imports the store's own package, and asks the store nothing
    except (ImportError, ValueError) as error:
        raise SetupError(f"{printable_address(address)} cannot be used: {error}") from error
    store: Folder = folder
    return store
