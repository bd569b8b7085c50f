# SPDX-License-Identifier: Apache-2.0
"""The tables of a state, and the statements about them."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from itertools import chain
from typing import Any

import pytest
from sqlalchemy import func
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import IdentifierError

from airflow_provider_hubcontact.job.ports import Statement
from airflow_provider_hubcontact.job.settings.state import LONGEST_TABLE
from airflow_provider_hubcontact.job.state import statements as module
from airflow_provider_hubcontact.job.state.digests import SIZE
from airflow_provider_hubcontact.job.state.lists.member_table import MemberTable
from airflow_provider_hubcontact.job.state.tables import ORIGINS, Tables
from airflow_provider_hubcontact.sync.model.outcome import DECIDES_VALUES, Outcome
from airflow_provider_hubcontact.sync.model.ports import Proof
from tests.job.hub import Hub

CREATION = """\
CREATE TABLE {0}hub (
 key_digest CHAR(32) NOT NULL,
 content_digest CHAR(32),
 record_id VARCHAR(32),
 origin VARCHAR(8),
 proved_at BIGINT,
 drifts INTEGER,
 missing INTEGER,
 PRIMARY KEY (key_digest)
)
CREATE INDEX hub_contact ON {0}hub (record_id)
CREATE TABLE {0}hub_meta (
 id INTEGER NOT NULL,
 portal BIGINT,
 digest_key CHAR(64),
 settings TEXT,
 token CHAR(32),
 holder TEXT,
 since BIGINT,
 seen_at BIGINT,
 beats BIGINT,
 runs BIGINT,
 completed_run BIGINT,
 completed_at BIGINT,
 audited_to BIGINT,
 PRIMARY KEY (id)
)"""
"""Tables that exist are used as they are, so that these can never change."""

POSTGRES: Callable[[], Dialect] = PGDialect


@pytest.fixture
def hub() -> Hub:
    state = Hub()
    state.claimed()
    return state


def asked(hub: Hub, *statements: Statement) -> list[tuple[Any, ...]]:
    """Carry statements out, and return their rows."""
    return hub.database.transact(lambda execute: [row for each in statements for row in execute(each)])


@pytest.mark.parametrize(("name", "schema"), [("hub", ""), ("ops.hub", "ops.")])
def test_the_tables(name: str, schema: str) -> None:
    """They are those of earlier versions."""
    statements = [each for some in Tables(name, 0).creation() for each in some]

    made = "\n".join(str(each.text.compile(dialect=POSTGRES())).strip() for each in statements)

    lines = (line.replace("\t", " ").rstrip() for line in made.splitlines())
    assert "\n".join(filter(None, lines)) == CREATION.format(schema)


def test_the_longest_name() -> None:
    """PostgreSQL takes all names of the tables and indexes of a state; one more character is too many."""
    for size, fits in ((LONGEST_TABLE, True), (LONGEST_TABLE + 1, False)):
        name = "s." + "t" * size
        tables, members = Tables(name, func.now()), MemberTable(name, func.now())
        statements = [*chain.from_iterable(tables.creation()), *members.creation()]
        with nullcontext() if fits else pytest.raises(IdentifierError):
            for each in statements:
                each.text.compile(dialect=POSTGRES())


def test_the_widths() -> None:
    """A fixed text is as wide as what it holds, since some databases fill it up with blanks."""
    tables = Tables("hub", 0)
    columns = {each.name: each for table in (tables.proofs, tables.meta) for each in table.c}
    widths: dict[str, Any] = {name: getattr(column.type, "length", None) for name, column in columns.items()}

    assert widths["key_digest"] == widths["content_digest"] == 2 * SIZE
    assert widths["digest_key"] == len(secrets.token_hex(32))
    assert widths["token"] == len(secrets.token_hex(16))
    assert widths["origin"] >= max(map(len, ORIGINS))


def test_all_that_proves_what_a_contact_has_can_be_kept() -> None:
    """An outcome that says what became of each value has its name in the tables."""
    assert set(ORIGINS.values()) >= DECIDES_VALUES


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7, 8, 9, 19])
def test_sizes(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """Lists of any size take few different statements, each once and of at most so many values."""
    monkeypatch.setattr(module, "MOST", 8)
    tables = Tables("hub", 0)
    keys = [f"k{number}" for number in range(count)]
    proofs = [Proof(each, "c", "c", "1", Outcome.UPDATED) for each in keys]

    lists = [*tables.found(keys)]
    rows = [
        [value for name, value in each.values.items() if name.startswith("p_key_digest_")]
        for each in tables.prove(proofs)
    ]

    wholes, rest = divmod(count, 8)
    assert [len(each.values) for each in lists] == [8] * wholes + powers(rest)
    assert {*values(lists)} == {*keys}
    written = [each for each in rows if each]
    assert [each for some in written for each in some] == keys
    assert {len(each) for each in written} <= {1, 2, 4, 8}
    assert [each.text for each in tables.found(keys)] == [each.text for each in lists]


def values(statements: Iterable[Statement]) -> list[Any]:
    return [value for each in statements for value in each.values.values()]


def powers(rest: int) -> list[int]:
    """Return the least power of two that is not less."""
    return [next(size for size in (1, 2, 4, 8) if size >= rest)] if rest else []


def test_ages(hub: Hub) -> None:
    """Proofs of contacts that are newer than one time, and those of them up to another one."""
    for at in (5, 6, 7, 8):
        hub.have(str(at), str(at), content_digest="c", proved_at=at)
    hub.have("void", "1", proved_at=6)
    hub.have("nobody", None, "absent", content_digest="c", proved_at=6)
    tables = hub.tables

    assert asked(hub, tables.ages(5, 7)) == [(3, 2, 6, 8)]
    assert asked(hub, tables.ages(8, 9)) == [(0, 0, None, None)]
    assert [asked(hub, tables.nth_oldest(number, 5))[:1] for number in (1, 2, 3, 4)] == [
        *([(6,)], [(7,)], [(8,)], [])
    ]


def test_missing(hub: Hub) -> None:
    """It is selected of one key, if that has a contact."""
    key, nobody = hub.have("a", "1", missing=3), hub.have("b", None, missing=4)
    hub.have("c", "2", missing=5)

    assert asked(hub, *hub.tables.missing(key)) == [(3,)]
    assert asked(hub, *hub.tables.missing(nobody)) == []


def test_what_is_tried(hub: Hub) -> None:
    """What a run does with the tables is done to rows that nobody has, and nothing is left of it."""
    hub.have("a", "1", content_digest="c")
    hub.have("b", "2")
    before = [*hub.connection.iterdump()]

    for _, statements in hub.tables.tries("n" * 32):
        assert asked(hub, *statements) == []

    assert [*hub.connection.iterdump()] == before


def test_counts(hub: Hub) -> None:
    """Of each origin its keys, those with a proof, those that drifted, and the contested ones."""
    for number, (origin, drifts) in enumerate([("seen", 1), ("seen", 0), ("seen", 2), ("written", None)]):
        hub.have(str(number), str(number), origin, drifts=drifts, content_digest="c" if drifts else None)

    assert sorted(asked(hub, hub.tables.counts())) == [("seen", 3, 2, 2, 1), ("written", 1, 0, 0, 0)]
