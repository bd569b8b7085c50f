"""The page that HubSpot's web server sends with some 404s to callers that do not ask for JSON (F)."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from airflow_provider_hubcontact.sandbox.errors import Refused
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
    """Check whether a caller names JSON in ``Accept``; ``*/*`` does not, and neither does no header."""
    return any(name == b"accept" and b"json" in value.lower() for name, value in headers)
