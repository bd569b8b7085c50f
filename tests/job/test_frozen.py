# SPDX-License-Identifier: Apache-2.0
"""A frozen value: what a frozen dataclass promises, held to one."""

from __future__ import annotations

import copy
import pickle
from dataclasses import dataclass
from typing import Any

import pytest

from airflow_provider_hubcontact.job.settings.frozen import Frozen


class Point(Frozen):
    x: int
    y: int = 2
    z: Any = None

    @property
    def total(self) -> int:
        return self.x + self.y


class Other(Frozen):
    x: int
    y: int = 2
    z: Any = None


@dataclass(frozen=True)
class Oracle:
    x: int
    y: int = 2
    z: Any = None


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ((), {}),
        ((1,), {}),
        ((1, 3), {}),
        ((1, 3, "a"), {}),
        ((1, 3, "a", 5), {}),
        ((), {"x": 1}),
        ((), {"y": 1}),
        ((1,), {"x": 1}),
        ((1,), {"z": [1]}),
        ((1,), {"w": 1}),
        ((1,), {"total": 1}),
        ((1,), {"fields": 1}),
        ((None,), {"y": None}),
    ],
)
def test_it_is_made_as_a_dataclass_is(values: tuple[Any, ...], named: dict[str, Any]) -> None:
    try:
        oracle = Oracle(*values, **named)
    except TypeError:
        with pytest.raises(TypeError, match="Point has the fields x, y, z, each at most once"):
            Point(*values, **named)
        return
    made = Point(*values, **named)
    assert (made.x, made.y, made.z) == (oracle.x, oracle.y, oracle.z)
    assert repr(made) == repr(oracle).replace("Oracle", "Point")
    assert made.fields() == {"x": oracle.x, "y": oracle.y, "z": oracle.z}


def test_it_never_changes() -> None:
    point = Point(1)
    with pytest.raises(AttributeError, match="Point is frozen"):
        point.x = 2  # type: ignore[misc]
    with pytest.raises(AttributeError, match="Point is frozen"):
        del point.x
    with pytest.raises(AttributeError, match="Point is frozen"):
        point.more = 2
    assert point == Point(1)


def test_equal_fields_of_one_class_are_equal() -> None:
    assert Point(1, z="a") == Point(1, 2, "a")
    assert hash(Point(1, z="a")) == hash(Point(1, 2, "a"))
    assert Point(1) != Point(1, 3)
    assert Point(1) != Other(1)
    assert Point(1) != (1, 2, None)


def test_a_changed_one_is_another() -> None:
    point = Point(1)
    assert point.replace(y=5) == Point(1, 5)
    assert point == Point(1)
    with pytest.raises(TypeError, match="Point has the fields"):
        point.replace(w=5)


def test_it_survives_copying_and_pickling() -> None:
    point = Point(1, z=[2])
    assert copy.copy(point) == copy.deepcopy(point) == pickle.loads(pickle.dumps(point)) == point  # noqa: S301
