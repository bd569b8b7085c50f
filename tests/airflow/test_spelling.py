# SPDX-License-Identifier: Apache-2.0
"""A misspelt keyword of what is public besides operators and value objects."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from airflow_provider_hubcontact.client import AccessToken, HubSpot
from airflow_provider_hubcontact.hooks.hubspot import HubSpotHook
from airflow_provider_hubcontact.notifications.hubspot import HubSpotSyncNotifier
from airflow_provider_hubcontact.sandbox import Sandbox
from airflow_provider_hubcontact.spelling import keywords_of, unknown_keyword


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (
            lambda: HubSpotHook(hubspot_con_id="c"),
            "HubSpotHook has no hubspot_con_id (the nearest is hubspot_conn_id)",
        ),
        (lambda: HubSpotHook(loger_name="c"), "HubSpotHook has no loger_name (the nearest is logger_name)"),
        (
            lambda: HubSpotSyncNotifier(print, onn="always"),  # type: ignore[call-arg]
            "HubSpotSyncNotifier has no onn (the nearest is on)",
        ),
        (
            lambda: HubSpot("https://api.hubapi.com", AccessToken("t"), api_versoin="v3"),  # type: ignore[call-arg]
            "HubSpot has no api_versoin (the nearest is api_version)",
        ),
        (lambda: Sandbox(tokn="t"), "Sandbox has no tokn (the nearest is token)"),  # type: ignore[call-arg]
    ],
)
def test_a_misspelt_keyword(make: Callable[[], object], says: str) -> None:
    """It is told with the nearest one."""
    with pytest.raises(TypeError) as raised:
        make()
    assert str(raised.value) == says


def test_keywords_that_are_handed_on() -> None:
    """Those of a class that takes any are also those of the next one; what nobody takes is unknown."""

    class Base:
        def __init__(self, first: int = 0, *, second: int = 0) -> None: ...

    class Derived(Base):
        def __init__(self, *more: int, third: int = 0, **others: int) -> None: ...

    class Closed(Base):
        def __init__(self, fourth: int = 0) -> None: ...

    assert keywords_of(Derived) == ["third", "first", "second"]
    assert keywords_of(Closed) == ["fourth"]
    assert unknown_keyword(Derived, ["first", "third"]) is None
    assert unknown_keyword(Closed, ["first"]) == "Closed has no first"
    assert unknown_keyword(object, ["x"]) == "object has no x"
