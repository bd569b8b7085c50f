# SPDX-License-Identifier: Apache-2.0
"""Pictures for the documentation, which ``SCREENSHOTS=1`` renews."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

IMAGES = Path(__file__).parent.parent.parent / "docs" / "images"
KEEPS_IMAGES = os.environ.get("SCREENSHOTS") == "1"


def keep(screen: Page, name: str, *, whole: bool = False, before: str | None = None) -> None:
    """Take a picture, if asked to, without an empty place below a short page.

    :param name: of the picture.
    :param whole: whether to show the whole page, and not only what the screen shows of it.
    :param before: selector of a part with which the picture ends, so that it is not cut in the middle.
    """
    if not KEEPS_IMAGES:
        return
    assert screen.viewport_size
    width, height = screen.viewport_size["width"], screen.viewport_size["height"]
    end = screen.evaluate(
        """before => Math.ceil(scrollY + (before ? document.querySelector(before).getBoundingClientRect().top
            : document.body.getBoundingClientRect().bottom))""",
        before,
    )
    clip = {"x": 0, "y": 0, "width": width, "height": end if whole else min(height, end)}
    screen.screenshot(path=IMAGES / f"{name}.png", full_page=True, clip=clip)  # type: ignore[arg-type] # TypedDict
