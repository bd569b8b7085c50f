# SPDX-License-Identifier: Apache-2.0
"""Folders of this machine, or of a store that Airflow knows."""

from __future__ import annotations

from airflow_provider_hubcontact.job.files.local_folder import LocalFolder
from airflow_provider_hubcontact.job.ports import Folder


def folder_of(address: str) -> Folder:
    """Return a folder: a path of this machine, or one of a store that Airflow knows.

    :param address: a path, or a URL. Airflow is imported for a URL only.
    """
    if "://" not in address:
        return LocalFolder(address)
    from airflow.providers.common.compat.sdk import ObjectStoragePath

    folder: Folder = ObjectStoragePath(address)
    return folder
