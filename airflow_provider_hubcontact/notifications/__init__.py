"""Texts for Airflow's notifiers."""
