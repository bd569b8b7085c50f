# SPDX-License-Identifier: Apache-2.0
"""Files with values of records are readable by their owner only, where files have owners."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from airflow_provider_hubcontact.job.ports import Folder

FILE_MODE, FOLDER_MODE = 0o600, 0o700


def is_local(path: Folder) -> bool:
    """Check whether a path is one of this machine, whose files have owners and can be appended to."""
    return path.protocol in {"", "file", "local"}


def make_folder(folder: Folder) -> None:
    """Create a folder, and those above it, for their owner only; folders that exist stay as they are."""
    if not is_local(folder):
        folder.mkdir(parents=True, exist_ok=True)
        return
    local = Path(folder.path)
    lacking = [each for each in (local, *local.parents) if not each.exists()]
    for each in reversed(lacking):
        with suppress(FileExistsError):  # another task was first
            each.mkdir(FOLDER_MODE)


def open_private(path: Folder, *, append: bool = False) -> IO[Any]:
    """Open a file to write, for its owner only.

    :param path: of the file.
    :param append: keep what the file has; only for files of this machine.
    """
    mode = "ab" if append else "wb"
    if not is_local(path):
        file: IO[Any] = path.open(mode)
        return file
    return open(path.path, mode, opener=_opener)


def _opener(name: str, flags: int) -> int:
    return os.open(name, flags, FILE_MODE)
