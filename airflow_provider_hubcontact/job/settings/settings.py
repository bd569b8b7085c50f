# SPDX-License-Identifier: Apache-2.0
"""Everything that a run was asked to do, in one value.

A DAG file is parsed often, and makes its settings each time: what only some tasks have is not imported here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_hubcontact.job.settings.frozen import Frozen
from airflow_provider_hubcontact.job.settings.guards import Guards
from airflow_provider_hubcontact.job.settings.key import Key
from airflow_provider_hubcontact.job.settings.source import Source
from airflow_provider_hubcontact.job.settings.values import Values
from airflow_provider_hubcontact.job.settings.writes import Writes

if TYPE_CHECKING:
    from airflow_provider_hubcontact.job.settings.ledger import Ledger
    from airflow_provider_hubcontact.job.settings.lists import Lists
    from airflow_provider_hubcontact.job.settings.state import State
    from airflow_provider_hubcontact.sync.decide.policy import Policy


class Settings(Frozen):
    """What a run was asked to do.

    :param source: where the records come from.
    :param key: which contact a row is about.
    :param mapping: column → property; None sends every column under its own name.
    :param json_schema: that every record must satisfy: a document, its text, a file or a validator.
    :param schema_folder: in which the schema's references lead to files.
    :param upsert: whether contacts that are not there are created.
    :param writes: how values are written.
    :param values: how texts of the source are read.
    :param status_actions: HTTP status or outcome → action.
    :param max_failures: failing records to tolerate: a count, or a share of all records below 1.
    :param guards: what the run may do at most.
    :param ledger: where every record's result is kept.
    :param state: where it is kept what HubSpot was last proved to have.
    :param lists: in which lists the contacts are to be.
    :param verify: whether what was written is read back.
    :param dry_run: whether nothing is written.
    """

    source: Source = Source()
    key: Key = Key()
    mapping: Mapping[str, str] | None = None
    json_schema: Any = None
    schema_folder: Path | None = None
    upsert: bool = False
    writes: Writes = Writes()
    values: Values = Values()
    status_actions: Mapping[int | str, str] | None = None
    max_failures: float = 0
    guards: Guards = Guards()
    ledger: Ledger | None = None
    state: State | None = None
    lists: Lists | None = None
    verify: bool = False
    dry_run: bool = False

    @property
    def policy(self) -> Policy:
        """How outcomes become the task's outcome.

        :raises ValueError: if ``status_actions`` or ``max_failures`` is not valid.
        """
        from airflow_provider_hubcontact.sync.decide.policy import Policy

        return Policy.of(self.status_actions or {}, self.max_failures)

    def policy_problems(self) -> Iterator[str]:
        """Yield a sentence if there is no such policy."""
        if self.status_actions is not None and not isinstance(self.status_actions, Mapping):
            yield (
                "status_actions must map HTTP statuses or outcomes to actions, "
                f"not {self.status_actions!r:.200}"
            )
            return
        if not self.status_actions and self.max_failures == 0 and not isinstance(self.max_failures, bool):
            return
        try:
            _ = self.policy
        except ValueError as error:
            yield str(error)

    @property
    def columns(self) -> Mapping[str, str] | None:
        """Column → property of all that is sent, with the key's new value; None without a mapping."""
        if self.mapping is None or self.key.becomes is None:
            return self.mapping
        return {**self.mapping, self.key.becomes: self.key.property}

    def sent(self, columns: Iterable[str] | None) -> set[str] | None:
        """Return the properties that are sent; None if nobody knows before the rows are read.

        :param columns: of the source, if they are known.
        """
        if self.columns is not None:
            return {*self.columns.values()}
        if columns is None:
            return None
        return {*columns} - self.own_columns | ({self.key.property} if self.key.becomes else set())

    @property
    def lets_leave(self) -> bool:
        """Whether contacts leave lists that no row names for them any more."""
        is_asked = self.state is not None and self.state.lets_leave
        return self.lists is not None and (is_asked or self.lists.mirror)

    @property
    def removed_values(self) -> Mapping[str, str] | None:
        """Property → value for the contacts of rows that left the source; None if they get none."""
        asked = self.state.on_removed if self.state else None
        return None if isinstance(asked, str) else asked

    @property
    def own_columns(self) -> frozenset[str]:
        """Columns that are not sent under their own names: key, new key, timestamp, watermark, list."""
        if self.source.is_ledger_alone:  # its values have the names of their properties
            return frozenset()
        own = (self.key.column, self.key.becomes, self.writes.timestamp, self.source.watermark)
        return frozenset(filter(None, (*own, self.lists.column if self.lists else None)))

    @property
    def named(self) -> Iterator[tuple[str, str]]:
        """Setting and property, for each property that a setting is about."""
        created, stages = self.writes.create_properties, self.writes.stages
        yield from (("writes.properties names", name) for name in self.writes.properties or ())
        if not isinstance(created, bool):
            yield from (("writes.create_properties names", name) for name in created)
        if stages != Writes.stages:
            yield f"writes.stages={str(stages)!r} is about", "lifecyclestage"

    def unsent(self, columns: Iterable[str] | None = None) -> Iterator[str]:
        """Yield a sentence for each property that a setting is about and no column is sent as.

        :param columns: of the source, if they are known.
        """
        mapping = self.mapping or {}
        for setting, name in self.named:
            if not self._may_be_sent(name, columns):
                known = f": its column is sent as {mapping[name]}" if name in mapping else ""
                yield f"{setting} {name}, which no column is sent as{known}"

    def _may_be_sent(self, name: str, columns: Iterable[str] | None) -> bool:
        """Check whether a column may be sent as a property, as far as the columns are known."""
        sent = self.sent(columns)
        if sent is not None:
            return name in sent
        is_key = name == self.key.property
        return self.key.becomes is not None if is_key else name not in self.own_columns
