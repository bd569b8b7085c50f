# SPDX-License-Identifier: Apache-2.0
"""The inside of a contestant's process: read the rows, sync them, say what came of it and what it cost."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

BATCH = 100
Row = dict[str, str]


@dataclass
class Task:
    """What a contestant is asked to do.

    :param url: the portal's.
    :param token: the portal's.
    :param file: rows, as JSON lines; ``id`` is the contact's record id.
    :param seconds: after these, no further row is read; None to read all.
    :param options: further ones, by name.
    :param told: address → whether the contestant takes the record for written; it is filled as records end.
    :param ended: records that ended, where some have the same address.
    :ivar since: seconds of CPU, and the time, at which it was begun to measure.
    """

    url: str
    token: str
    file: Path
    seconds: float | None = None
    options: dict[str, Any] = field(default_factory=dict)
    told: dict[str, bool] = field(default_factory=dict)
    ended: int = 0
    since: tuple[float, float] = field(default_factory=lambda: (_cpu(), time.monotonic()))

    def begin(self) -> None:
        """Begin to measure: what was before is set-up."""
        self.since = (_cpu(), time.monotonic())

    def rows(self) -> Iterator[Row]:
        """Give the rows, until the time is over."""
        end = None if self.seconds is None else time.monotonic() + self.seconds
        with self.file.open(encoding="utf-8") as lines:
            for line in lines:
                if end is not None and time.monotonic() > end:
                    return
                yield json.loads(line)

    def batches(self, size: int = BATCH) -> Iterator[list[Row]]:
        """Give the rows, 100 at a time unless told otherwise."""
        rows = self.rows()
        while batch := list(islice(rows, size)):
            yield batch

    def tell(self, batch: list[Row], *, written: bool) -> None:
        """Note what became of some records."""
        self.told.update((each["email"], written) for each in batch)


def properties(row: Row) -> dict[str, str]:
    """Give what is written of a row."""
    return {name: value for name, value in row.items() if name not in {"id", "email"}}


def compete(sync: Callable[[Task], None]) -> None:
    """Do the task of the command line, and print what it took as JSON.

    :param sync: brings the task's rows into the portal.
    """
    given = json.loads(sys.argv[1])
    told = given.pop("told", None)
    task = Task(**{**given, "file": Path(given["file"])})
    sync(task)
    before, started = task.since
    took = {"seconds": time.monotonic() - started, "cpu": _cpu() - before, "memory": _memory()}
    took["rows"] = task.ended or len(task.told)
    if told:
        Path(told).write_text(json.dumps(task.told), encoding="utf-8")
    sys.stdout.write("\n" + json.dumps(took) + "\n")


def _cpu() -> float:
    """Give the seconds of CPU that this process and its ended children have used."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _memory() -> float:
    """Give the peak resident memory in MiB.

    ``ru_maxrss`` would count what the parent had when it started this process; the kernel's does not.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split(maxsplit=1)[0]) / 1024
