# SPDX-License-Identifier: Apache-2.0
"""``hubcontact sandbox``: serve a HubSpot on this machine."""

from __future__ import annotations

from argparse import Namespace

from airflow_provider_hubcontact.cli.output import Output
from airflow_provider_hubcontact.sandbox.__main__ import main


def run(chosen: Namespace, _: Output) -> int:
    """Serve until it is told to stop.

    :param chosen: has the sandbox's own arguments.
    :return: the exit status.
    """
    return main(chosen.arguments, "hubcontact sandbox")
