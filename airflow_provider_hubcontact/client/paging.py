# SPDX-License-Identifier: Apache-2.0
"""Reads what HubSpot answers page by page, as long as it comes to an end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from airflow_provider_hubcontact.client.errors import UnusableAnswer

Item = TypeVar("Item")

MOST_PAGES = 1_000
"""The most pages that are read, unless a call says otherwise. Only a server in error has more of them."""


def read_pages(
    read: Callable[[str], tuple[Iterable[Item], str | None]], of: str, most: int = MOST_PAGES
) -> Iterator[Item]:
    """Yield what is on all pages, with a call for each page.

    :param read: returns what is on the page of a cursor, and the cursor of the next page, None after the
        last one. The cursor of the first page is an empty text.
    :param of: what is listed, for the error.
    :param most: the most pages that are read.
    :raises UnusableAnswer: if a cursor comes again, or there are more pages.
    """
    cursor = ""
    seen = {cursor}
    for _ in range(most):
        items, following = read(cursor)
        yield from items
        if following is None:
            return
        if following in seen:
            break
        seen.add(following)
        cursor = following
    raise UnusableAnswer(f"HubSpot's list of {of} has no end")


def cursor_after(body: Any) -> str | None:
    """Return the cursor of the next page that an answer names; None after the last page."""
    paging = body.get("paging") if isinstance(body, dict) else None
    following = paging.get("next") if isinstance(paging, dict) else None
    after = following.get("after") if isinstance(following, dict) else None
    return str(after) if after else None
