# SPDX-License-Identifier: Apache-2.0
"""``hubcontact undo``: plan how a run is undone."""

from __future__ import annotations

from argparse import Namespace

from airflow_provider_hubcontact.cli.output import Output
from airflow_provider_hubcontact.cli.plan_folder import check_folder
from airflow_provider_hubcontact.cli.settings import undo_of
from airflow_provider_hubcontact.cli.shown_plan import CountedReport, ended_with
from airflow_provider_hubcontact.cli.surroundings import CommandSurroundings
from airflow_provider_hubcontact.job.signals import StopSignal
from airflow_provider_hubcontact.job.undo import plan_undo


def run(chosen: Namespace, output: Output) -> int:
    """Write a plan that gives contacts the values back that they had before a run.

    :param chosen: the command's arguments.
    :param output: where it writes.
    :return: the exit status.
    :raises SetupError: if settings or ledger cannot be used, or the folder has something.
    """
    asked = undo_of(chosen)
    check_folder(chosen.out, overwrite=chosen.overwrite)
    with output.counting(None) as count:
        around = CommandSurroundings(asked.conn_id, ())
        report = CountedReport(count)
        ended = plan_undo(asked.settings, around, report, StopSignal(), chosen.out)
    return ended_with(ended, report, chosen.out, output)
