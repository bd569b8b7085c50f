# SPDX-License-Identifier: Apache-2.0
"""A local HubSpot: real HTTP on loopback, HubSpot's rules, no account. It needs the extra ``sandbox``."""

from airflow_provider_hubcontact.sandbox.access.limits import RateLimit
from airflow_provider_hubcontact.sandbox.access.tokens import OAuthClient
from airflow_provider_hubcontact.sandbox.crm.owners import Owner
from airflow_provider_hubcontact.sandbox.crm.properties.definitions import Definition, Option
from airflow_provider_hubcontact.sandbox.crm.properties.requirements import Condition, Requirements
from airflow_provider_hubcontact.sandbox.crm.properties.rules import Rule
from airflow_provider_hubcontact.sandbox.server import Sandbox
from airflow_provider_hubcontact.sandbox.switches import Switches

__all__ = [
    "Condition",
    "Definition",
    "OAuthClient",
    "Option",
    "Owner",
    "RateLimit",
    "Requirements",
    "Rule",
    "Sandbox",
    "Switches",
]
