"""What people see in Airflow: the page of a sync's report."""
