# SPDX-License-Identifier: Apache-2.0
"""The command line: ``hubcontact …``, and ``airflow hubspot …`` where Airflow takes commands of providers."""
