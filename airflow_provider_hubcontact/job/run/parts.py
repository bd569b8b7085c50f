# SPDX-License-Identifier: Apache-2.0
"""What all of one try of a job share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from airflow_provider_hubcontact.client import HubSpot
from airflow_provider_hubcontact.job.build import SyncBuilder
from airflow_provider_hubcontact.job.settings.settings import Settings
from airflow_provider_hubcontact.job.signals import StopSignal
from airflow_provider_hubcontact.job.source.columns import SourceColumns
from airflow_provider_hubcontact.job.source.watermark import Watermark
from airflow_provider_hubcontact.job.state.of_run import StateOfRun
from airflow_provider_hubcontact.job.surroundings import Surroundings
from airflow_provider_hubcontact.sync.keep.report import Report


@dataclass(frozen=True)
class RunParts:
    """The parts of one try: what it was asked to do, where it takes place, and what it goes by.

    :param settings: what it was asked to do.
    :param around: where it takes place.
    :param report: counts what becomes of the records.
    :param signal: may end it from outside.
    :param hubspot: the portal.
    :param watermark: leaves older rows out; None without one.
    :param state: knows what HubSpot was last proved to have, if the settings name one.
    """

    settings: Settings
    around: Surroundings
    report: Report
    signal: StopSignal
    hubspot: HubSpot
    watermark: Watermark | None
    state: StateOfRun

    @cached_property
    def builder(self) -> SyncBuilder:
        """Makes the syncs, and knows what the portal has."""
        return SyncBuilder(self.settings, self.hubspot, self.report)

    @cached_property
    def columns(self) -> SourceColumns:
        """Looks at the columns of the source."""
        return SourceColumns(self.settings)
