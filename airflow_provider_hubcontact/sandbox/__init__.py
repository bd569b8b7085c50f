"""A local HubSpot: real HTTP on loopback, HubSpot's rules, no account. It needs the extra ``sandbox``."""

from airflow_provider_hubcontact.sandbox.access import OAuthClient
from airflow_provider_hubcontact.sandbox.definitions import Definition, Option
from airflow_provider_hubcontact.sandbox.limits import RateLimit
from airflow_provider_hubcontact.sandbox.requirements import Condition, Requirements
from airflow_provider_hubcontact.sandbox.rules import Rule
from airflow_provider_hubcontact.sandbox.server import Sandbox
from airflow_provider_hubcontact.sandbox.switches import Switches

__all__ = [
    "Condition",
    "Definition",
    "OAuthClient",
    "Option",
    "RateLimit",
    "Requirements",
    "Rule",
    "Sandbox",
    "Switches",
]
