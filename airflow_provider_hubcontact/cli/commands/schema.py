# SPDX-License-Identifier: Apache-2.0
"""``hubcontact schema``: print what the portal's properties allow."""

from __future__ import annotations

from argparse import Namespace

from airflow_provider_hubcontact.cli.exit_status import OK
from airflow_provider_hubcontact.cli.output import Output
from airflow_provider_hubcontact.cli.portal import portal_with_schema
from airflow_provider_hubcontact.hooks.hubspot import HubSpotHook
from airflow_provider_hubcontact.job.errors import SourceError
from airflow_provider_hubcontact.words import nearest


def run(chosen: Namespace, output: Output) -> int:
    """Print a JSON Schema of all properties, or of some.

    :param chosen: the command's arguments.
    :param output: where it writes.
    :return: the exit status.
    :raises SourceError: if the portal does not have one of them.
    """
    with HubSpotHook(chosen.conn_id).get_conn() as hubspot:
        document = portal_with_schema(hubspot)[1].document
    known = document["properties"]
    if unknown := [name for name in chosen.properties if name not in known]:
        told = ", ".join(nearest(name, known) for name in unknown)
        raise SourceError(f"the portal has no property {told}")
    if chosen.properties:
        document["properties"] = {name: known[name] for name in chosen.properties}
    output.json(document)
    return OK
