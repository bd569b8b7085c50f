# SPDX-License-Identifier: Apache-2.0
"""A plan: what a run would write, kept to be read by people and applied later, whole or not at all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from types import MappingProxyType
from typing import Any

from airflow_provider_hubcontact.clock import SYSTEM_CLOCK, Clock
from airflow_provider_hubcontact.job.errors import PlanError
from airflow_provider_hubcontact.job.files.private import make_folder, open_private
from airflow_provider_hubcontact.job.minutes import minutes_of
from airflow_provider_hubcontact.job.plans.calls import PlannedCalls
from airflow_provider_hubcontact.job.plans.lines import (
    Line,
    LineMaker,
    SpooledLines,
    Totals,
    checked_line,
    encoded,
)
from airflow_provider_hubcontact.job.plans.manifest import LINES_IN_A_PART, Manifest, Part, part_name
from airflow_provider_hubcontact.job.ports import Folder
from airflow_provider_hubcontact.sync.model.outcome import Result
from airflow_provider_hubcontact.sync.model.record import Record
from airflow_provider_hubcontact.words import counted

MANIFEST = "plan.json"


PARTS = "part-*"


_PART = re.compile(r"part-\d{6,}\.jsonl")


MAX_LINE = 256 * 1024 * 1024
"""Bytes of a line: more than a record can have."""


def is_of_a_plan(name: str) -> bool:
    """Check whether a file of this name is one of a plan; any other one of its folder is left alone."""
    return name == MANIFEST or _PART.fullmatch(name) is not None


class PlanWriter:
    """Keeps what would be written: lines of JSON, and a manifest once the plan is whole.

    :param folder: of the plan; an older plan in it is replaced.
    :param calls: counts those that applying the plan takes.
    :param clock: tells when the plan is made.
    """

    def __init__(self, folder: Folder, calls: PlannedCalls, clock: Clock = SYSTEM_CLOCK) -> None:
        self._folder = folder
        self._calls = calls
        self._clock = clock
        self._lines: list[bytes] = []
        self._parts: list[Part] = []
        self._maker = LineMaker(self._keep, calls.id_property)
        make_folder(folder)
        old = [each for each in folder.glob(PARTS) if is_of_a_plan(each.name)]
        for each in [folder / MANIFEST, *old]:  # the manifest first: no plan without
            if each.exists():
                each.unlink()

    def earlier(self, record: Record, /) -> None:
        """Know of no earlier try: a plan is made whole or not at all."""
        self._maker.earlier(record)

    def settled(self, result: Result, /) -> None:
        """Note what would be done for a record, or why nothing would."""
        self._maker.settled(result)

    def flush(self) -> None:
        """Do nothing: a part is written when it is full."""

    def finish(
        self,
        calls_in_ten_seconds: int,
        properties: Mapping[str, Mapping[str, Any]],
        settings: Mapping[str, Any],
    ) -> dict[str, Any]:
        """Write the rest and the manifest.

        :param calls_in_ten_seconds: that the portal allows.
        :param properties: that are to be created before the plan is applied: name → definition.
        :param settings: with which the plan is applied.
        :return: the totals, and the digest of the whole.
        :raises PlanError: if a definition has a value of a wrong type.
        """
        if self._lines:
            self._write()
        totals = totals_of(
            self._maker.totals, self._calls, calls_in_ten_seconds, properties, clock=self._clock
        )
        manifest = Manifest(totals, settings, self._parts)
        try:
            text = manifest.encode()
        except (TypeError, ValueError) as error:
            raise PlanError(f"the plan cannot be written: {error}") from None
        with open_private(self._folder / MANIFEST) as file:
            file.write(text)
        return manifest.told()

    def _keep(self, line: Line) -> None:
        self._calls.add(line)
        self._lines.append(encoded(line))
        if len(self._lines) >= LINES_IN_A_PART:
            self._write()

    def _write(self) -> None:
        text = b"".join(self._lines)
        part = Part(part_name(len(self._parts) + 1), len(self._lines), sha256(text).hexdigest())
        with open_private(self._folder / part.name) as file:
            file.write(text)
        self._parts.append(part)
        self._lines = []


def totals_of(
    counted: Totals,
    planned: PlannedCalls,
    calls_in_ten_seconds: int,
    properties: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
    clock: Clock = SYSTEM_CLOCK,
) -> dict[str, Any]:
    """Return what is told of a plan: its counts, and what it costs to apply it.

    :param counted: its lines.
    :param planned: the calls about contacts that these take.
    :param calls_in_ten_seconds: that the portal allows.
    :param properties: that are to be created before it is applied.
    :param clock: tells when it is made.
    """
    calls = planned.total + len(properties)
    return {
        "made": clock.now().isoformat(timespec="seconds"),
        **counted.to_dict(),
        "properties": dict(properties),
        "calls": calls,
        "minutes": minutes_of(calls, calls_in_ten_seconds),
    }


def verified(folder: Folder, lines: SpooledLines) -> Manifest:
    """Check a whole plan, and take its lines over: what is applied is what was checked.

    The files are read once. Whoever changes them afterwards changes nothing that is applied.

    :param folder: of the plan.
    :param lines: gets the lines that write.
    :return: its manifest, whose totals are those of the lines.
    :raises PlanError: if the plan is not exactly as it was made.
    """
    manifest = _manifest(folder)
    with _one_error(folder):
        listed = {part.name for part in manifest.parts}
        found = {path.name for path in folder.glob(PARTS)}
        if odd := sorted(listed ^ found):
            what = "is missing" if odd[0] in listed else "does not belong to it"
            raise ValueError(f"{odd[0]} {what}")
        _counted(folder, manifest, lines)
    return manifest


def _manifest(folder: Folder) -> Manifest:
    try:
        text = (folder / MANIFEST).read_bytes()
    except OSError:
        raise PlanError(f"there is no complete plan at {folder}: make one first") from None
    with _one_error(folder):
        return Manifest.parse(text)


@contextmanager
def _one_error(folder: Folder) -> Iterator[None]:
    try:
        yield
    except (ValueError, FileNotFoundError, IsADirectoryError, PermissionError) as error:
        why = error if isinstance(error, ValueError) else f"a part cannot be read ({type(error).__name__})"
        raise PlanError(
            f"the plan at {folder} cannot be applied, nothing was written: {why}; make it again"
        ) from None


def _counted(folder: Folder, manifest: Manifest, lines: SpooledLines) -> None:
    """Read all lines, and hold their counts against the manifest's.

    :raises ValueError: if they differ.
    """
    rows = manifest.totals["rows"]
    if sum(part.lines for part in manifest.parts) != rows:
        raise ValueError("its parts do not have one line for each row")
    totals, seen = Totals(), bytearray(rows // 8 + 1)
    for part in manifest.parts:
        for number, text in enumerate(_texts(folder / part.name, part), 1):
            try:
                line = checked_line(text)
                _mark(seen, line["row"], rows)
            except ValueError as error:
                # What the parser says may quote the line.
                why = "it is not JSON" if type(error) is not ValueError else error
                raise ValueError(f"{part.name}, line {number}: {why}") from None
            totals.add(line)
            lines.add(line)
    counts = totals.to_dict()
    if wrong := [name for name, count in counts.items() if manifest.totals[name] != count]:
        raise ValueError(f"its lines do not add up to its totals: {', '.join(wrong)}")


def _mark(seen: bytearray, row: int, rows: int) -> None:
    """Note a row; each stands once in a plan."""
    if not 1 <= row <= rows:
        raise ValueError("it has a row number that the source does not have")
    place, bit = divmod(row, 8)
    if seen[place] >> bit & 1:
        raise ValueError("it has the row number of an earlier line")
    seen[place] |= 1 << bit


def _texts(path: Folder, part: Part) -> Iterator[bytes]:
    """Return the lines of a part, counted and hashed as they are read.

    :raises ValueError: if they are not those that were written.
    """
    content, count = sha256(), 0
    with path.open("rb") as file:
        while text := file.readline(MAX_LINE):
            count += 1
            if count > part.lines:
                raise ValueError(f"{part.name} has more than its {counted(part.lines, 'line')}")
            content.update(text)
            yield text
    if count != part.lines:
        raise ValueError(f"{part.name} has {counted(count, 'line')} instead of {part.lines:,}")
    if content.hexdigest() != part.sha256:
        raise ValueError(f"{part.name} was changed after it was written")
