# SPDX-License-Identifier: Apache-2.0
"""The folder of a plan on the command line, where somebody may have typed the name of another one."""

from __future__ import annotations

from airflow_provider_hubcontact.job.errors import SetupError
from airflow_provider_hubcontact.job.files.private import check_can_be_made
from airflow_provider_hubcontact.job.plans.files import is_of_a_plan
from airflow_provider_hubcontact.job.settings.checks import url_problem
from airflow_provider_hubcontact.operators.stores.folders import folder_of
from airflow_provider_hubcontact.printable import printable, printable_address


def check_folder(address: str, *, overwrite: bool) -> None:
    """Check that a plan can be written into a folder, before any call is spent on it.

    :param address: of the folder.
    :param overwrite: whether a plan that it has may be replaced.
    :raises SetupError: if it has something that may not be replaced, or is no folder's.
    """
    if problem := url_problem("--out", address):
        raise SetupError(problem)
    folder, shown = folder_of(address), printable_address(address)
    check_can_be_made(folder, "--out")
    names = [each.name for each in folder.glob("*")] if folder.exists() else []
    if other := sorted(name for name in names if not is_of_a_plan(name)):
        raise SetupError(
            f"--out: {shown} has something else than a plan, {printable(other[0], 100)}: name a new folder"
        )
    if names and not overwrite:
        raise SetupError(f"--out: {shown} has a plan already: name a new folder, or say --overwrite")
