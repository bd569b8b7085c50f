# SPDX-License-Identifier: Apache-2.0
"""Names that the oldest common provider does not have are found in Airflow."""

from __future__ import annotations

from importlib import import_module

import pytest

from airflow_provider_hubcontact import compat

RETRIES = {"RetryDecision", "RetryPolicy"}


@pytest.mark.parametrize("name", sorted(compat.PLACES.keys() - RETRIES))
def test_airflow_has_the_very_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name is the same object whether or not the common provider knows it."""
    preferred = getattr(compat, name)
    monkeypatch.setattr(compat, "COMMON", "airflow.there_is_no_such_module")

    assert getattr(compat, name) is preferred


@pytest.mark.parametrize("name", sorted(RETRIES))
def test_retry_policies(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are where Airflow 3.3 has them; before, what is missing is named."""
    monkeypatch.setattr(compat, "COMMON", "airflow.there_is_no_such_module")
    try:
        home = import_module("airflow.sdk.definitions.retry_policy")
    except ImportError:
        with pytest.raises(ImportError, match=name):
            getattr(compat, name)
    else:
        assert getattr(compat, name) is getattr(home, name)


def test_nothing_else_is_looked_for() -> None:
    """A misspelt name is not taken from anywhere."""
    with pytest.raises(AttributeError, match="mask_secrets"):
        compat.__getattr__("mask_secrets")


def test_every_name_has_its_places() -> None:
    """What type checkers see is what is found."""
    assert set(compat.__all__) - {"CONTEXT"} == compat.PLACES.keys()
