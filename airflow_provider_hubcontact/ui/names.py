# SPDX-License-Identifier: Apache-2.0
"""Names that the pages share with Airflow. Imports nothing, since every Airflow component loads it."""

from __future__ import annotations

PREFIX = "/hubcontact"
"""Path of the pages, below Airflow's own."""

OPERATORS = (
    "HubSpotUpdateContactOperator",
    "HubSpotUpdateContactDecoratedOperator",
    "HubSpotPlanContactsOperator",
    "HubSpotApplyPlanOperator",
)
"""Classes of the operators whose tasks have a page, as Airflow's database has them."""

APPROVALS = ("ApprovalOperator", "HITLOperator", "HITLBranchOperator")
"""Airflow's operators that wait for a person."""
