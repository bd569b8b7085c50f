# SPDX-License-Identifier: Apache-2.0
"""The order of lifecycle stages."""

from __future__ import annotations

import pytest

from airflow_provider_hubcontact.sync.decide.lifecycle import DEFAULT_STAGES, Stages


@pytest.mark.parametrize(
    ("current", "desired", "back"),
    [
        pytest.param("customer", "lead", True, id="back"),
        pytest.param("lead", "customer", False, id="forward"),
        pytest.param("lead", "lead", False, id="same"),
        pytest.param(None, "lead", False, id="never had one"),
        pytest.param("", "lead", False, id="cleared"),
        pytest.param("customer", "", False, id="clearing"),
        pytest.param("customer", "1234567", False, id="to a stage the portal does not list"),
        pytest.param("1234567", "lead", False, id="from a stage the portal does not list"),
    ],
)
def test_going_back(current: str | None, desired: str, back: bool) -> None:
    """A move goes back only if both stages are known and the new one comes first."""
    assert Stages.default().goes_back(current, desired) is back


def test_default_order() -> None:
    """No default stage goes back to a later one, each goes back to every earlier one."""
    stages = Stages.default()

    goes_back = [
        (current, desired)
        for current in DEFAULT_STAGES
        for desired in DEFAULT_STAGES
        if stages.goes_back(current, desired)
    ]

    assert goes_back == [
        (current, desired) for n, current in enumerate(DEFAULT_STAGES) for desired in DEFAULT_STAGES[:n]
    ]


def test_order_of_a_portal() -> None:
    """The portal's own order decides, also for default stages that it reordered."""
    stages = Stages.of(["customer", "71", "lead"])

    assert stages.goes_back("lead", "customer")
    assert stages.goes_back("71", "customer")
    assert not stages.goes_back("customer", "lead")
