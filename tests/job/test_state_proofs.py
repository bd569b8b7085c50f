# SPDX-License-Identifier: Apache-2.0
"""What a pass over the rows is told of a state, and what it changes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import pytest

from airflow_provider_hubcontact.job.errors import ClaimLost
from airflow_provider_hubcontact.job.state.audit import Clockwork, Selection
from airflow_provider_hubcontact.job.state.claim import Claim
from airflow_provider_hubcontact.job.state.proofs import REMOVED, ProofsOfGone, StateProofs
from airflow_provider_hubcontact.sync.model.outcome import Outcome
from airflow_provider_hubcontact.sync.model.ports import Proof
from airflow_provider_hubcontact.sync.model.record import Record
from tests.job.hub import Hub, records

(ADA,) = records("ada")


@pytest.fixture
def hub() -> Hub:
    return Hub()


@pytest.fixture
def claim(hub: Hub) -> Claim:
    return hub.claimed()


def proofs(hub: Hub, claim: Claim | None = None, *, has_tables: bool = True, **options: Any) -> StateProofs:
    return StateProofs(hub.database, hub.tables if has_tables else None, hub.digests, claim, **options)


def all_of(most: int | None = None) -> Selection:
    """Return an audit of all proofs up to the time 10."""
    return Selection(Clockwork(10, None, 0), 0, None, most, takes_due=True)


EQUAL = "equal"
"""The digest of what the record wants, whatever it is."""


class TestCompare:
    @pytest.mark.parametrize(
        ("row", "options", "told"),
        [
            ({}, {}, (EQUAL, "1", Outcome.UPDATED, False, 0, 10)),
            ({"origin": "created", "drifts": 2}, {}, (EQUAL, "1", Outcome.CREATED, False, 2, 10)),
            ({"content": "other"}, {}, ("other", "1", Outcome.UPDATED, False, 0, 10)),
            ({"content": None}, {}, (None, "1", Outcome.UPDATED, False, 0, 10)),
            ({}, {"believes": False}, (None, "1", Outcome.UPDATED, False, 0, 10)),
            ({}, {"selection": all_of()}, (EQUAL, "1", Outcome.UPDATED, True, 0, 10)),
            ({"at": 11}, {"selection": all_of()}, (EQUAL, "1", Outcome.UPDATED, False, 0, 11)),
            ({"content": "other"}, {"selection": all_of()}, ("other", "1", Outcome.UPDATED, False, 0, 10)),
            ({"contact": None, "origin": "absent"}, {}, (None, None, Outcome.NOT_FOUND, False, 0, 10)),
            (
                {"contact": None, "origin": "absent"},
                {"absent": range(10, 11), "selection": all_of()},
                (EQUAL, None, Outcome.NOT_FOUND, False, 0, 10),
            ),
            (
                {"contact": None, "origin": "absent"},
                {"absent": range(11, 12)},
                (None, None, Outcome.NOT_FOUND, False, 0, 10),
            ),
            (
                {"contact": None, "origin": "absent"},
                {"absent": range(10, 11), "believes": False},
                (None, None, Outcome.NOT_FOUND, False, 0, 10),
            ),
        ],
    )
    def test_a_key(
        self, hub: Hub, claim: Claim, row: dict[str, Any], options: dict[str, Any], told: tuple[Any, ...]
    ) -> None:
        """What it was proved to have, whose it is, whether it is read back, and how often it has drifted."""
        del claim  # it has created the tables
        wants = hub.digests.of_content(ADA)
        content = row.get("content", EQUAL)
        hub.have(
            "ada",
            row.get("contact", "1"),
            row.get("origin", "written"),
            content_digest=wants if content == EQUAL else content,
            proved_at=row.get("at", 10),
            drifts=row.get("drifts"),
        )

        unknown, found = proofs(hub, **options).compare([*records("new"), ADA])

        proved, *rest = told
        key = hub.digests.of_key("ada")
        assert found == (key, wants, wants if proved == EQUAL else proved, *rest, ())
        new = Record(1, "new", {})
        assert unknown == Proof(hub.digests.of_key("new"), hub.digests.of_content(new))

    def test_a_new_key(self, hub: Hub, claim: Claim) -> None:
        """It is a value of the property that keys are values of, if that is written."""
        moved = Record(1, "a", {"number": "b", "email": "c"})

        told = [
            each.gives
            for name in ("number", "email", "other")
            for each in proofs(hub, claim, id_property=name).compare([moved])
        ]

        assert told == [(hub.digests.of_key("b"),), (hub.digests.of_key("c"),), ()]

    def test_second_addresses(self, hub: Hub, claim: Claim) -> None:
        """They are keys that the contact is to get, if keys are addresses."""
        texts = {"email": "c", "hs_additional_emails": "D;e;d;c"}
        told = [
            each.gives
            for name in ("number", "email")
            for each in proofs(hub, claim, id_property=name).compare([Record(1, "a", texts)])
        ]

        assert told == [(), tuple(map(hub.digests.of_key, "cde"))]

    def test_no_more_is_audited_than_there_are_calls(self, hub: Hub, claim: Claim) -> None:
        """A proof that differs from its row takes no part of them."""
        del claim
        for key, content in (("ada", "other"), ("bob", None), ("eve", None)):
            wants = hub.digests.of_content(Record(1, key, {}))
            hub.have(key, key, content_digest=content or wants, proved_at=5)

        found = proofs(hub, selection=all_of(1)).compare(records("ada", "bob", "eve"))

        assert [each.is_audited for each in found] == [False, True, False]


class TestWithoutAState:
    def test_nothing_is_proved(self, hub: Hub) -> None:
        """Nothing can be kept, either; the contacts of rows are noted all the same."""
        met: list[Collection[str]] = []
        without = proofs(hub, has_tables=False, met=met.append)

        assert without.compare([ADA]) == [Proof(hub.digests.of_key("ada"), hub.digests.of_content(ADA))]
        assert without.keys_of(["1"]) == {}
        without.void(["k"])
        without.prove([Proof("k", "c", "c", "1", Outcome.UPDATED)])
        without.confirm()

        assert met == [["1"]]

    def test_without_tables_but_with_a_claim(self, hub: Hub, claim: Claim) -> None:
        """The same holds."""
        without = proofs(hub, claim, has_tables=False)

        without.void(["k"])
        without.prove([Proof("k", "c", "c", "1", Outcome.UPDATED)])

        assert hub.contacts() == []


class TestChange:
    def test_the_keys_of_contacts(self, hub: Hub, claim: Claim) -> None:
        """All of each contact; those of others are not told."""
        first, second = hub.have("a", "1"), hub.have("b", "1")
        third = hub.have("c", "2")
        hub.have("d", "3")
        met: list[Collection[str]] = []

        found = proofs(hub, claim, met=met.append).keys_of(["1", "2", "9"])

        assert {each: sorted(keys) for each, keys in found.items()} == {
            "1": sorted([first, second]),
            "2": [third],
        }
        assert met == [["1", "2", "9"]]

    def test_void(self, hub: Hub, claim: Claim) -> None:
        """Proofs of keys, and those of contacts, but no others; what else is known stays."""
        keys = [hub.have(each, each.upper(), content_digest="c") for each in "abc"]
        hub.have("d", "B", content_digest="c")

        proofs(hub).void(keys)  # claims nothing
        assert hub.contacts("content_digest IS NULL") == []

        proofs(hub, claim).void(keys[:1], ["B"])
        assert hub.contacts("content_digest IS NULL") == ["A", "B", "B"]
        assert hub.contacts("content_digest = 'c'") == ["C"]

    def test_prove(self, hub: Hub, claim: Claim) -> None:
        """It takes the place of what was there, with the time; the key is missed no more."""
        key = hub.have("ada", "1", "seen", content_digest="old", missing=2, proved_at=5, drifts=1)
        new = Proof(key, "wanted", "new", "2", Outcome.CREATED, drifts=3)

        proofs(hub).prove([new])  # claims nothing
        proofs(hub, claim, keeps=False).prove([new])
        assert hub.contacts() == ["1"]

        proofs(hub, claim).prove([new])
        assert hub.do("SELECT * FROM hub") == [(key, "new", "2", "created", hub.now, 3, None)]

    @pytest.mark.parametrize(
        "act",
        [
            lambda hub, claim: proofs(hub, claim).void(["k"]),
            lambda hub, claim: proofs(hub, claim).prove([Proof("k", "c", "c", "1", Outcome.UPDATED)]),
            lambda hub, claim: proofs(hub, claim).confirm(),
            lambda hub, claim: proofs(hub, alive=claim).compare([ADA]),
            lambda hub, claim: proofs(hub, alive=claim).keys_of(["1"]),
        ],
        ids=["void", "prove", "confirm", "compare", "keys of contacts"],
    )
    def test_a_claim(self, hub: Hub, claim: Claim, act: Callable[[Hub, Claim], object]) -> None:
        """Whatever is done is a sign of life; a run that has lost its claim finds that out."""
        hub.now += 60
        act(hub, claim)
        assert hub.one("SELECT seen_at FROM hub_meta") == hub.now
        hub.do("DELETE FROM hub")

        hub.lose()

        with pytest.raises(ClaimLost):
            act(hub, claim)
        assert hub.contacts() == []


def test_rows_that_left(hub: Hub, claim: Claim) -> None:
    """Nothing is proved of their contacts, and nothing is kept."""
    of_gone = ProofsOfGone(hub.database, hub.tables, hub.digests, claim)
    left: Sequence[Record] = [Record(1, "7", {}, digest="k")]

    assert of_gone.compare(left) == [Proof("k", REMOVED, None, "7")]
    of_gone.prove(of_gone.compare(left))

    assert hub.contacts() == []
