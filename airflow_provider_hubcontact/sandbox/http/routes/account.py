# SPDX-License-Identifier: Apache-2.0
"""The account, its calls of the day, and information about a token.

HubSpot docs: "Account information", API usage; the token endpoint is not documented (T).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from airflow_provider_hubcontact.sandbox.crm.times import iso
from airflow_provider_hubcontact.sandbox.http.routing import (
    DATED_VERSIONS,
    Reply,
    Request,
    Route,
    required,
    text,
)


def routes() -> Iterator[Route]:
    """Yield the routes of this family."""
    for version in ("v3", *DATED_VERSIONS):
        yield Route("GET", f"/account-info/{version}/details", details)
        yield Route("GET", f"/account-info/{version}/api-usage/daily/private-apps", daily_usage)
    yield Route("POST", "/oauth/v2/private-apps/get/access-token-info", token_info, public=True)


def details(request: Request) -> Reply:
    """Answer 200 with the portal's id, zone and currency."""
    account = request.portal.account
    now = datetime.fromtimestamp(request.portal.now() / 1000, ZoneInfo(account.time_zone))
    offset = now.utcoffset() or timedelta()
    return Reply(
        200,
        {
            "portalId": account.portal_id,
            "accountType": account.account_type,
            "timeZone": account.time_zone,
            "companyCurrency": account.currency,
            "additionalCurrencies": [],
            "utcOffset": now.isoformat()[-6:],
            "utcOffsetMilliseconds": int(offset.total_seconds() * 1000),
            "uiDomain": "app.hubspot.com",
            "dataHostingLocation": "na1",
        },
    )


def daily_usage(request: Request) -> Reply:
    """Answer 200 with the calls of all private apps since midnight, this one included (S)."""
    result = {
        "name": "private-apps-api-calls-daily",
        "currentUsage": request.limits.used_today,
        "usageLimit": request.limits.daily,
        "collectedAt": iso(request.portal.now()),
        "fetchStatus": "SUCCESS",
        "resetsAt": iso(int(request.limits.resets_at * 1000)),
    }
    return Reply(200, {"results": [result]})


def token_info(request: Request) -> Reply:
    """Answer 200 with the scopes of a service key or a private app's token."""
    required(request.json, "tokenKey")
    grant = request.access.look_up(text(request.json["tokenKey"]))
    return Reply(
        200,
        {
            "userId": 1,
            "hubId": request.portal.account.portal_id,
            "appId": grant.app_id,
            "scopes": sorted(grant.scopes),
        },
    )
