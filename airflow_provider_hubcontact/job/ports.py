# SPDX-License-Identifier: Apache-2.0
"""What a run asks of the outside."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import IO, Any, NamedTuple, Protocol, TypeVar

T = TypeVar("T")


class Statement(NamedTuple):
    """A statement of SQLAlchemy's.

    :param text: what is compiled; once, however often the same object is carried out.
    :param values: of its parameters.
    """

    text: Any
    values: Mapping[str, Any] = MappingProxyType({})


Execute = Callable[[Statement], Sequence[tuple[Any, ...]]]
"""Carries out a statement, and returns its rows."""


class Folder(Protocol):
    """A folder or a file, of this machine or of an object store; Airflow's ``ObjectStoragePath`` is one."""

    @property
    def name(self) -> str:
        """The last part of its path."""

    @property
    def path(self) -> str:
        """Its path within its store."""

    @property
    def protocol(self) -> str:
        """Which store it is in; ``file`` and the empty text mean this machine."""

    def __truediv__(self, name: str, /) -> Folder:
        """Return what has this name below it."""

    def exists(self) -> bool:
        """Check whether it is there."""

    def glob(self, pattern: str, /) -> Iterator[Folder]:
        """Return what is below it and has such a name."""

    def mkdir(self, mode: int = 0o777, parents: bool = False, exist_ok: bool = False) -> None:
        """Create it."""

    def open(self, mode: str, /) -> IO[Any]:
        """Open it as a file."""

    def read_bytes(self) -> bytes:
        """Return what it holds."""

    def unlink(self) -> None:
        """Remove it."""


class MarkStore(Protocol):
    """Keeps one value between runs."""

    def get(self) -> dict[str, str] | None:
        """Return the value; None if there is none."""

    def set(self, value: dict[str, str]) -> None:
        """Keep a value."""


class Database(Protocol):
    """A database that holds a state."""

    @property
    def now(self) -> Any:
        """The expression of the database's clock, in seconds since 1970."""

    def transact(self, work: Callable[[Execute], T], /) -> T:
        """Do some work in one transaction, which is committed if the work raises nothing.

        If the connection is lost, the work is done once more over a new one.

        :param work: gets what carries out statements; doing it twice must come to the same.
        :raises StateError: if the database refuses it.
        """
