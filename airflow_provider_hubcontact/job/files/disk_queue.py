# SPDX-License-Identifier: Apache-2.0
"""Values of this process, kept on disk in their order."""

from __future__ import annotations

import copyreg
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from types import MappingProxyType
from typing import IO, Any, Generic, TypeVar

T = TypeVar("T")


class DiskQueue(Generic[T]):
    """Values in an unnamed file, of which nothing is left if the process is killed.

    :param file: an empty file.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._count = 0
        self._pickler = pickler(file)

    def __len__(self) -> int:
        return self._count

    def add(self, value: T) -> None:
        """Keep a value behind the others."""
        self._pickler.clear_memo()
        self._pickler.dump(value)
        self._count += 1

    def __iter__(self) -> Iterator[T]:
        self._file.seek(0)
        for _ in range(self._count):
            yield pickle.load(self._file)  # noqa: S301 - this process wrote the file, which has no name


def pickler(file: IO[bytes]) -> pickle.Pickler:
    """Return what writes values to a file; a read-only view of a dict becomes a dict."""
    made = pickle.Pickler(file, protocol=pickle.HIGHEST_PROTOCOL)
    made.dispatch_table = copyreg.dispatch_table | {MappingProxyType: _as_dict}
    return made


def _as_dict(proxy: MappingProxyType[Any, Any]) -> tuple[type[dict[Any, Any]], tuple[dict[Any, Any]]]:
    return dict, (dict(proxy),)


@contextmanager
def disk_queue() -> Iterator[DiskQueue[Any]]:
    """Open an empty queue for as long as the context lasts."""
    with TemporaryFile(prefix="hubcontact-") as file:
        yield DiskQueue(file)
