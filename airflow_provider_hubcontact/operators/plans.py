"""A plan: what a run would write, kept to be read by people and applied later."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import orjson

from airflow_provider_hubcontact.operators.rows import UnusableSource
from airflow_provider_hubcontact.sync.ledger import digest_of
from airflow_provider_hubcontact.sync.lifecycle import STAGE
from airflow_provider_hubcontact.sync.outcome import Result
from airflow_provider_hubcontact.sync.plan import WOULD, Write
from airflow_provider_hubcontact.sync.record import Record

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import ObjectStoragePath

MANIFEST = "plan.json"
LINES_IN_A_PART = 50_000
BATCH = 100


class PlanWriter:
    """Keeps what would be written: lines of JSON, and totals once the plan is whole.

    :param folder: of the plan; an older plan in it is replaced.
    """

    def __init__(self, folder: ObjectStoragePath) -> None:
        self._folder = folder
        self._lines: list[dict[str, Any]] = []
        self._digests: dict[int, str] = {}  # of rows under way
        self._parts = 0
        self._rows = 0
        self._writes: Counter[Write] = Counter()
        self._others: Counter[str] = Counter()
        self._stages: Counter[str] = Counter()
        folder.mkdir(parents=True, exist_ok=True)
        for old in [folder / MANIFEST, *folder.glob("part-*.jsonl")]:
            if old.exists():
                old.unlink()

    def earlier(self, record: Record, /) -> None:
        """Know of no earlier try: a plan is made whole or not at all."""
        self._digests[record.row] = digest_of(record)

    def settled(self, result: Result, /) -> None:
        """Note what would be done for a record, or why nothing would."""
        self._rows += 1
        digest = self._digests.pop(result.row, None)
        line: dict[str, Any] = {"row": result.row, "key": result.key}
        write = WOULD.get(result.category or "")
        if write is None:
            self._others[str(result.outcome)] += 1
            line |= {
                "outcome": str(result.outcome),
                "category": result.category,
                "reason": result.reason,
                "properties": list(result.properties),
            }
        else:
            self._writes[write] += 1
            line |= {
                "write": str(write),
                "changes": {name: list(each) for name, each in result.changes.items()},
                "digest": digest,
            }
            if (stage := result.changes.get(STAGE)) is not None:
                self._stages[f"{stage[0] or 'none'} → {stage[1] or 'none'}"] += 1
        self._lines.append(line)

    def flush(self) -> None:
        """Write a part when there is enough for one."""
        if len(self._lines) >= LINES_IN_A_PART:
            self._write()

    def finish(
        self, calls_in_ten_seconds: int, properties: Mapping[str, Mapping[str, Any]] = MappingProxyType({})
    ) -> dict[str, Any]:
        """Write the rest and the totals.

        :param properties: that are to be created before the plan is applied: name → definition.
        :return: the totals.
        """
        if self._lines:
            self._write()
        changes, creates = self._writes[Write.UPDATE], self._writes[Write.CREATE]
        batches = math.ceil((changes + creates) / BATCH)
        calls = batches + math.ceil(changes / BATCH) + math.ceil(creates / BATCH)
        totals = {
            "made": datetime.now(UTC).isoformat(timespec="seconds"),
            "rows": self._rows,
            "changes": changes,
            "creates": creates,
            "others": dict(sorted(self._others.items())),
            "stage_moves": dict(sorted(self._stages.items())),
            "properties": dict(properties),
            "calls": calls,
            "minutes": round(calls / calls_in_ten_seconds / 6, 1),
        }
        (self._folder / MANIFEST).write_text(json.dumps(totals, ensure_ascii=False, indent=1))
        return totals

    def _write(self) -> None:
        self._parts += 1
        text = b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in self._lines)
        with (self._folder / f"part-{self._parts:06}.jsonl").open("wb") as file:
            file.write(text)
        self._lines = []


def totals_of(folder: ObjectStoragePath) -> dict[str, Any]:
    """Give a plan's totals.

    :raises UnusableSource: if there is no whole plan.
    """
    try:
        totals: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
    except (OSError, ValueError) as error:
        raise UnusableSource(f"there is no whole plan at {folder}: make one with dry_run=True") from error
    return totals


def records_of_plan(folder: ObjectStoragePath, id_property: str, *, checked: bool = True) -> Iterator[Record]:
    """Give a plan's records.

    :param id_property: property that keys are values of.
    :param checked: each with the values that its contact must still have.
    """
    for part in sorted(folder.glob("part-*.jsonl"), key=str):
        for text in part.read_bytes().splitlines():
            line = orjson.loads(text)
            if "write" in line:
                record = _record(line, id_property)
                yield record if checked else record._replace(before=None)


def _record(line: dict[str, Any], id_property: str) -> Record:
    values = {name: new for name, (_, new) in line["changes"].items()}
    before = {name: old for name, (old, _) in line["changes"].items()}
    if line["write"] == Write.CREATE:
        before[id_property] = None  # nobody may have the key by now
        if values.get(id_property) == line["key"]:
            del values[id_property]
    return Record(line["row"], line["key"], values, dict(values), before=before, digest=line.get("digest"))
