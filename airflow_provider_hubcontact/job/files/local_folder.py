# SPDX-License-Identifier: Apache-2.0
"""A folder of this machine, which needs no Airflow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any


class LocalFolder:
    """A folder or a file of this machine.

    :param path: of it; one that is not absolute begins where the process is now.
    """

    protocol = "file"

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path).absolute()

    def __str__(self) -> str:
        return str(self._path)

    def __truediv__(self, name: str, /) -> LocalFolder:
        return LocalFolder(self._path / name)

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self._path.name

    @property
    def path(self) -> str:
        """Its path."""
        return str(self._path)

    def exists(self) -> bool:
        """Check whether it is there."""
        return self._path.exists()

    def glob(self, pattern: str, /) -> Iterator[LocalFolder]:
        """Return what is below it and has such a name."""
        return map(LocalFolder, self._path.glob(pattern))

    def mkdir(self, mode: int = 0o777, parents: bool = False, exist_ok: bool = False) -> None:
        """Create it."""
        self._path.mkdir(mode, parents, exist_ok)

    def open(self, mode: str, /) -> IO[Any]:
        """Open it as a file."""
        return self._path.open(mode)

    def read_bytes(self) -> bytes:
        """Return what it holds."""
        return self._path.read_bytes()

    def unlink(self) -> None:
        """Remove it."""
        self._path.unlink()
