# SPDX-License-Identifier: Apache-2.0
"""What databases' drivers hand over is read alike."""

from __future__ import annotations

import pytest

from airflow_provider_hubcontact.operators.sources import drivers
from airflow_provider_hubcontact.sync.rows.values import UnreadableValue


@pytest.mark.parametrize("kind", [str, bytes])
@pytest.mark.parametrize(("text", "is_no_date"), [("0000-00-00", True), ("2024-00-00", False)])
def test_a_date_that_mysql_alone_has(kind: type, text: str, is_no_date: bool) -> None:
    """Zeros are no date, and half of one cannot be read; drivers give texts, or bytes."""
    number = 10
    converters = dict.fromkeys((7, number, 12), lambda value: value)
    drivers._prepare_mysql(converters)  # noqa: SLF001 - else only a server decides whether it sends bytes

    found = converters[number](text if kind is str else text.encode())

    assert (found is None) == is_no_date
    assert isinstance(found, UnreadableValue) != is_no_date
