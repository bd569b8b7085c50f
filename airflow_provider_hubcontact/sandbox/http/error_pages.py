# SPDX-License-Identifier: Apache-2.0
"""The page that HubSpot's web server sends with some 404s to callers that do not ask for JSON (F)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

from airflow_provider_hubcontact.sandbox.errors.refusal import Refused
from airflow_provider_hubcontact.sandbox.http.routing import Reply

_HTML = b"text/html;charset=utf-8"
_PAGE = """\
<html>
<head>
<meta http-equiv="Content-Type" content="text/html;charset=utf-8"/>
<title>Error 404 Not Found</title>
</head>
<body><h2>HTTP ERROR 404</h2>
<p>Problem accessing {path}. Reason:
<pre>    Not Found</pre></p>
</body>
</html>
"""


def page_instead(refused: Refused, path: str, headers: Iterable[tuple[bytes, bytes]]) -> Reply | None:
    """Return the page that a caller gets instead of a refusal in JSON; None if it gets the JSON.

    :param refused: the refusal.
    :param path: of the call, percent-encoded.
    :param headers: of the call, with names in lower case.
    """
    if not refused.is_page or asks_for_json(headers):
        return None
    return Reply(refused.status, _PAGE.format(path=escape(path)).encode(), content_type=_HTML)


def asks_for_json(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Check whether a caller names JSON in ``Accept``; ``*/*``, ``;q=0`` and no header at all do not."""
    ranges = (each for name, value in headers if name == b"accept" for each in value.lower().split(b","))
    return any(_is_json(*each.split(b";")) for each in ranges)


def _is_json(media_type: bytes, *parameters: bytes) -> bool:
    """Check whether an entry of ``Accept`` asks for JSON; the quality 0 refuses the type (RFC 9110)."""
    refused = any(re.fullmatch(rb"q=0(\.0{0,3})?", each.strip()) for each in parameters)
    return b"json" in media_type and not refused
