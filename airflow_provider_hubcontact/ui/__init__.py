"""The pages of sync reports in Airflow's UI."""
