# SPDX-License-Identifier: Apache-2.0
"""Nothing that came in a record is printed raw."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_hubcontact.printable import printable


@given(st.text(), st.integers(1, 50))
def test_printable_is_one_line_of_bounded_length(text: str, limit: int) -> None:
    """Whatever the text, what is shown is printable, and no longer than the limit."""
    shown = printable(text, limit)
    assert shown.isprintable()
    assert len(shown) <= limit


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "Zs"]).filter(str.isprintable), max_size=50))
def test_printable_text_stays_as_it_is(text: str) -> None:
    """What is printable already is shown unchanged."""
    assert printable(text, 50) == text
