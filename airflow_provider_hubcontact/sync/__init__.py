"""What becomes of a record. Knows no HTTP and no Airflow."""
