# SPDX-License-Identifier: Apache-2.0
"""What outlives a try, kept in memory: the ledger, the state of the task, the folder of a plan.

A process that was killed writes nothing more; what it was writing then may be torn.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatch
from typing import IO, Any

import orjson

from airflow_provider_hubcontact.operators.stores.ledger_files import LedgerFiles, lines_of, parts_of
from airflow_provider_hubcontact.sync.keep.ledger import Attempt, LedgerStore, Line
from airflow_provider_hubcontact.sync.model.outcome import SUCCESSES, Outcome
from tests.simulation.chooser import Chooser
from tests.simulation.loop import Loop, Process
from tests.simulation.oracles import TryWatch
from tests.simulation.plot import Row


class MemoryFolder:
    """A folder or a file of an object store in memory.

    :param files: path → content, of the whole store.
    :param path: of this one.
    """

    protocol = "memory"

    def __init__(self, files: dict[str, bytes], path: str = "") -> None:
        self._files = files
        self.path = path
        self.name = path.rpartition("/")[2]

    def __truediv__(self, name: str, /) -> MemoryFolder:
        return MemoryFolder(self._files, f"{self.path}/{name}")

    def __str__(self) -> str:
        return self.path

    def exists(self) -> bool:
        return any(name == self.path or name.startswith(f"{self.path}/") for name in self._files)

    def glob(self, pattern: str, /) -> Iterator[MemoryFolder]:
        wanted = pattern.rpartition("/")[2]
        for name in sorted(self._files):
            if name.startswith(f"{self.path}/") and fnmatch(name.rpartition("/")[2], wanted):
                yield MemoryFolder(self._files, name)

    def mkdir(self, mode: int = 0o777, parents: bool = False, exist_ok: bool = False) -> None:
        """Object stores have no folders."""

    def open(self, mode: str, /) -> IO[Any]:
        return _File(self._files, self.path) if "w" in mode else io.BytesIO(self.read_bytes())

    def read_bytes(self) -> bytes:
        if self.path not in self._files:
            raise FileNotFoundError(self.path)
        return self._files[self.path]

    def unlink(self) -> None:
        del self._files[self.path]


class _File(io.BytesIO):
    """A file that is there once it is closed."""

    def __init__(self, files: dict[str, bytes], path: str) -> None:
        super().__init__()
        self._files, self._path = files, path

    def close(self) -> None:
        if not self.closed:
            self._files[self._path] = self.getvalue()
        super().close()


class _Appended:
    """The file of one try on a local disk."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.content = b""

    def read_bytes(self) -> bytes:
        return self.content


class SimulatedLedger:
    """The ledger of a task, over all its tries.

    :param kind: ``appended`` to files of a disk, or in ``parts`` of an object store.
    """

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._files: list[_Appended] = []
        self._objects: dict[str, bytes] = {}

    def opened(self, attempt: Attempt, tried: Tried) -> LedgerStore:
        """Return the store of one try."""
        if self._kind == "parts":
            return _Watched(LedgerFiles(MemoryFolder(self._objects), attempt), tried)
        file = _Appended(attempt.number)
        known = [each for each in self._files if each.number <= attempt.last_known]
        self._files.append(file)
        return _Disk(file, known, tried)

    def lines(self) -> list[Line]:
        """Return the lines of all tries."""
        if self._kind == "parts":
            parts = parts_of(MemoryFolder(self._objects))
            return [line for part in parts for line in lines_of(part)]
        files = sorted(self._files, key=lambda each: each.number)
        return [line for file in files for line in lines_of(file)]  # type: ignore[arg-type] # as above

    def lose_a_part(self, chooser: Chooser) -> bool:
        """Lose a part, as an object store may that was told to forget it.

        :return: whether there was one.
        """
        if not self._objects:
            return False
        del self._objects[chooser.one_of(sorted(self._objects))]
        return True


class Tried:
    """A try, as its stores see it.

    :param loop: its time.
    :param process: its process.
    :param chooser: chooses where a line is torn.
    :param watch: is told of each line.
    :param on_write: called before lines are kept, or the state.
    """

    def __init__(
        self,
        loop: Loop,
        process: Process,
        chooser: Chooser,
        watch: TryWatch,
        on_write: Callable[[], None],
    ) -> None:
        self.process, self.watch = process, watch
        self.chooser = chooser.of(f"tear of {process.name}")
        self._loop = loop
        self._on_write = on_write

    def wait(self) -> None:
        """Take a moment to write, in which the process may be killed."""
        self._on_write()
        self._loop.wait(0.0)


class _Watched:
    """A store that is watched; nothing is kept of a process that was killed.

    :param store: the product's own.
    """

    def __init__(self, store: LedgerFiles, tried: Tried) -> None:
        self._store, self._tried = store, tried
        self.pace = store.pace

    def write(self, lines: Sequence[Line], /) -> None:
        if not self._tried.process.alive:
            return
        self._tried.wait()
        self._store.write(lines)
        self._tried.watch.ledger(lines)

    def earlier(self) -> Iterator[Line]:
        return self._store.earlier()


class _Disk:
    """A file that lines are appended to; a kill may leave a part of them, and the last one torn."""

    pace = 0.0

    def __init__(self, file: _Appended, known: Sequence[_Appended], tried: Tried) -> None:
        self._file, self._known, self._tried = file, known, tried

    def write(self, lines: Sequence[Line], /) -> None:
        if not self._tried.process.alive:
            return
        text = b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in lines)
        try:
            self._tried.wait()
        finally:
            if not self._tried.process.alive:
                written = text[: self._tried.chooser.below(len(text) + 1)]
                self._file.content += written
                if written and not written.endswith(b"\n"):
                    self._tried.watch.oracles.faults["torn line"] += 1
        self._file.content += text
        self._tried.watch.ledger(lines)

    def earlier(self) -> Iterator[Line]:
        for file in sorted(self._known, key=lambda each: each.number):
            yield from lines_of(file)  # type: ignore[arg-type] # it reads the bytes alone


class StateOfTry:
    """The state of the task, as one try has it.

    :param state: of the task.
    :param tried: the try.
    :param on_set: is told of what is kept.
    """

    def __init__(self, state: dict[str, Any], tried: Tried, on_set: Callable[[Any], None]) -> None:
        self._state, self._tried, self._on_set = state, tried, on_set

    def get(self, key: str, default: Any = None, /) -> Any:
        return self._state.get(key, default)

    def set(self, key: str, value: Any, /) -> None:
        if not self._tried.process.alive:
            return
        self._tried.wait()
        self._state[key] = orjson.loads(orjson.dumps(value))
        self._on_set(value)

    def delete(self, key: str, /) -> None:
        self._state.pop(key, None)


class MarkOfTask:
    """The watermark of a task, as one try has it.

    :param kept: of the task; empty if there is none.
    :param tried: the try.
    :param on_set: is told of a new one.
    """

    def __init__(
        self, kept: dict[str, dict[str, str]], tried: Tried, on_set: Callable[[dict[str, str]], None]
    ) -> None:
        self._kept, self._tried, self._on_set = kept, tried, on_set

    def get(self) -> dict[str, str] | None:
        return self._kept.get("mark")

    def set(self, value: dict[str, str]) -> None:
        if not self._tried.process.alive:
            return
        self._tried.wait()
        self._kept["mark"] = value
        self._on_set(value)


def problems_of(lines: Sequence[Line], rows: Sequence[Row]) -> list[Row]:
    """Return the rows that are sent again: those whose last line is not good, of their key and their list.

    :param lines: of the run.
    :param rows: that it has read.
    """
    last: dict[str, dict[str, tuple[int, Line]]] = {}  # key → list → its last line, and which one that is
    in_order = sorted(lines, key=lambda each: str(each["time"]))  # which leaves equal times in their order
    for place, line in enumerate(in_order):
        is_superseded = line["outcome"] == Outcome.SUPERSEDED
        if not line["key"] or (is_superseded and not line["membership"]):
            continue
        is_row = 0 < line["row"] <= len(rows)
        named = rows[line["row"] - 1].named if is_row and line["digest"] else None
        last.setdefault(line["key"], {})["not valid" if named is None else f"list {named}"] = place, line

    def is_sent(row: Row) -> bool:
        of_key = last.get(row.key, {})
        about = [*of_key.values()]
        if mine := of_key.get(f"list {row.named}"):
            about = [max([mine, *(each for name, each in of_key.items() if name == "not valid")], key=_place)]
        return any(line["outcome"] not in SUCCESSES for _, line in about)

    return [row for row in rows if is_sent(row)]


def _place(found: tuple[int, Line]) -> int:
    return found[0]
