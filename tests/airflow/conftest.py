# SPDX-License-Identifier: Apache-2.0
"""The tests of what needs Airflow."""

from tests.airflow_home import airflow_database, postgres_uri, run_dag

__all__ = ["airflow_database", "postgres_uri", "run_dag"]
