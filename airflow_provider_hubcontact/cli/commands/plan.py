# SPDX-License-Identifier: Apache-2.0
"""``hubcontact plan``: find out what a sync would write, and keep it."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sized

from airflow_provider_hubcontact.cli.files import Form
from airflow_provider_hubcontact.cli.output import Output
from airflow_provider_hubcontact.cli.plan_folder import check_folder
from airflow_provider_hubcontact.cli.settings import asked_of
from airflow_provider_hubcontact.cli.shown_plan import CountedReport, ended_with
from airflow_provider_hubcontact.cli.sources import NO_RECORDS, source_of
from airflow_provider_hubcontact.cli.surroundings import CommandSurroundings
from airflow_provider_hubcontact.job.make_plan import make_plan
from airflow_provider_hubcontact.job.signals import StopSignal


def run(chosen: Namespace, output: Output) -> int:
    """Write a plan, with the settings that apply it.

    :param chosen: the command's arguments.
    :param output: where it writes.
    :return: the exit status.
    :raises SetupError: if settings or source cannot be used, or the folder has something.
    """
    asked = asked_of(chosen)
    check_folder(chosen.out, overwrite=chosen.overwrite)
    with (
        source_of(chosen.file, asked.query, Form.of(chosen)) as rows,
        output.counting(len(rows) if isinstance(rows, Sized) else None) as count,
    ):
        around = CommandSurroundings(asked.conn_id, rows)
        report = CountedReport(count)
        ended = make_plan(asked.settings, around, report, StopSignal(), chosen.out)
    if not report.rows:
        output.warning(NO_RECORDS)
    return ended_with(ended, report, chosen.out, output)
