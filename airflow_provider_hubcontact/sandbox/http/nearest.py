"""Which call the sandbox has that is most like one that it does not have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

NEAR = 0.7
"""The share of segments that two paths have in common at least, to be called near."""

SAME_METHOD = 0.05
_MOST_SEGMENTS = 20


def nearest(method: str, path: str, known: Iterable[tuple[str, str]]) -> str:
    """Return the call that is most like another one, such as ``GET /crm/v3/objects/contacts``.

    :param method: the HTTP method of the other one.
    :param path: its path, percent-encoded.
    :param known: methods and paths of the calls; ``{name}`` stands for a segment that is a parameter.
    :return: empty if no call is near.
    """
    wanted = _shape(path)[:_MOST_SEGMENTS]
    best, found = NEAR, ""
    for other, template in known:
        likeness = SequenceMatcher(None, wanted, _shape(template), autojunk=False).ratio()
        if likeness >= NEAR and likeness + SAME_METHOD * (other == method) > best:
            best, found = likeness + SAME_METHOD * (other == method), f"{other} {template}"
    return found


def _shape(path: str) -> Sequence[str]:
    """Return the segments of a path, with ``{}`` for parameters and numbers."""
    return ["{}" if part.startswith("{") or part.isdigit() else part for part in path.strip("/").split("/")]
