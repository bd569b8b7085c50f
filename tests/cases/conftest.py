"""Inputs of users that could end green and wrong: one file a class, named after the rule that it holds.

A file that needs Airflow begins with ``pytest.importorskip("airflow")``; the others run without it, too.
"""

from tests.airflow_home import airflow_database, postgres_uri, run_dag

__all__ = ["airflow_database", "postgres_uri", "run_dag"]
