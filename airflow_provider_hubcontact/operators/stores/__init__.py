"""Where Airflow keeps what a run is to remember."""
