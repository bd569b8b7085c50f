# SPDX-License-Identifier: Apache-2.0
"""Strikes the client's own secrets from what a server says: a hostile one could repeat them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

SHORTEST = 5
"""Characters of the shortest secret that is struck; a shorter one would be found in any text."""


STRUCK = "***"


_ESCAPE = re.compile(r"\\|%[2-7][0-9a-f]|%25|&#", re.IGNORECASE)


_ESCAPE_IN_BYTES = re.compile(rb"\\(/|\\|u00[2-7])|%[2-7][0-9a-f]|%25|&#", re.IGNORECASE)
"""An escape that may stand for a character of a secret."""


_ESCAPES = (b"\\", b"%", b"&#")
"""How each of them begins."""


def without(secrets: Iterable[str], value: Any, raw: bytes | None = None) -> Any:
    """Return a JSON value in which no text holds a secret.

    A secret is found as it is, and with any of its characters escaped as JSON, URLs and HTML do, more than
    once too: the value may hold JSON of its own, which is parsed later.

    :param secrets: the client holds them; one of fewer than ``SHORTEST`` characters is left alone.
    :param value: as parsed; a header's text or None, too.
    :param raw: the bytes that it was parsed from: most answers hold neither secrets nor escapes, and
        searching their values takes longer.
    """
    if value is None:
        return None
    # The longest first: one may begin as another does.
    held = tuple(sorted((each for each in set(secrets) if len(each) >= SHORTEST), key=len, reverse=True))
    if not held or (raw is not None and not _may_hold(held, raw)):
        return value
    return _struck(value, lambda text: _strike(held, text))


def _may_hold(secrets: tuple[str, ...], raw: bytes) -> bool:
    return (
        any(each.encode("utf-8", "surrogatepass") in raw for each in secrets)
        # Most answers have none of these, and to search for them takes a hundredth of the time.
        or (any(each in raw for each in _ESCAPES) and _ESCAPE_IN_BYTES.search(raw) is not None)
    )


def _struck(value: Any, strike: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return strike(value)
    if isinstance(value, list):
        return [_struck(item, strike) for item in value]
    if isinstance(value, dict):
        return {strike(name): _struck(item, strike) for name, item in value.items()}
    return value


def _strike(secrets: tuple[str, ...], text: str) -> str:
    if _ESCAPE.search(text) is not None:
        return _pattern(secrets).sub(STRUCK, text)
    for each in secrets:
        text = text.replace(each, STRUCK)
    return text


@lru_cache(maxsize=16)
def _pattern(secrets: tuple[str, ...]) -> re.Pattern[str]:
    first = "".join(re.escape(each[0]) for each in secrets)
    # A run of backslashes is searched from its beginning only: a server could send one of any length.
    return re.compile(
        rf"(?=[\\%&{first}])(?<!\\)(?:{'|'.join(''.join(map(_char, each)) for each in secrets)})",
        re.IGNORECASE,
    )


def _char(char: str) -> str:
    """Return a pattern of a character in all its disguises."""
    code = ord(char)
    percent = "".join(f"%(?:25){{0,9}}{byte:02x}" for byte in char.encode("utf-8", "surrogatepass"))
    entity = rf"&#(?:0{{0,9}}{code}|x0{{0,9}}{code:x});"
    # Escapes come first: of a percent sign, %25 is one as well.
    return rf"\\*(?:u{code:04x}|{percent}|{entity}|{re.escape(char)})"
