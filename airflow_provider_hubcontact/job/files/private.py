# SPDX-License-Identifier: Apache-2.0
"""Files with values of records are readable by their owner only, where files have owners."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from airflow_provider_hubcontact.job.errors import SetupError
from airflow_provider_hubcontact.job.ports import Folder
from airflow_provider_hubcontact.printable import printable_address

FILE_MODE, FOLDER_MODE = 0o600, 0o700


def is_local(path: Folder) -> bool:
    """Check whether a path is one of this machine, whose files have owners and can be appended to."""
    return path.protocol in {"", "file", "local"}


def check_can_be_made(folder: Folder, name: str) -> None:
    """Check that files can be kept in a folder, as far as that can be told without making it.

    Of an object store nothing is asked: its rights show when the first file is written.

    :param name: what the folder is for, as it is told.
    :raises SetupError: if a file is in its place, or may not be made there.
    """
    if not is_local(folder):
        return
    path = Path(folder.path)
    nearest = next(each for each in (path, *path.parents) if os.path.exists(each))  # noqa: PTH110 - never raises
    shown, there = printable_address(str(path)), printable_address(str(nearest))
    if not nearest.is_dir():
        below = "" if nearest == path else f", so {shown} cannot be made"
        raise SetupError(f"{name}: {there} is a file, not a folder{below}")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise SetupError(f"{name}: nothing can be kept in {shown}: there is no right to write to {there}")


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
