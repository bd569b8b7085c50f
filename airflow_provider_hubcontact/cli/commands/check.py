# SPDX-License-Identifier: Apache-2.0
"""``hubcontact check``: try a connection."""

from __future__ import annotations

from argparse import Namespace

from airflow_provider_hubcontact.cli.exit_status import OK, PROBLEMS
from airflow_provider_hubcontact.cli.output import Output
from airflow_provider_hubcontact.client import REQUIRED_SCOPES
from airflow_provider_hubcontact.client.errors import Forbidden, Unauthorized
from airflow_provider_hubcontact.hooks.connections import why_not
from airflow_provider_hubcontact.hooks.hubspot import HubSpotHook


def run(chosen: Namespace, output: Output) -> int:
    """Look at portal, scopes and quota.

    :param chosen: the command's arguments.
    :param output: where it writes.
    :return: the exit status.
    """
    with HubSpotHook(chosen.conn_id).get_conn() as hubspot:
        try:
            access = hubspot.account.access()
        except (Unauthorized, Forbidden) as error:
            output.error(why_not(error))
            return PROBLEMS
        details = hubspot.account.details()
        missing = sorted(REQUIRED_SCOPES - access.scopes)
        facts = {
            "portal": details.portal_id,
            "account": details.account_type,
            "time_zone": details.time_zone,
            "api_version": hubspot.api_version,
            "scopes": sorted(access.scopes),
            "missing_scopes": missing,
            "calls_in_10_seconds": hubspot.rate_limit.limit,
            "calls_left_today": hubspot.rate_limit.daily_remaining,
        }
    if output.as_json:
        output.json(facts)
    else:
        shown = {name.replace("_", " "): value for name, value in facts.items()}
        scopes = {"scopes": " ".join(sorted(access.scopes)), "missing scopes": " ".join(missing) or "none"}
        output.facts(shown | scopes)
    return PROBLEMS if missing else OK
