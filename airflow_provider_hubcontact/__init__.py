"""Keep HubSpot contacts in step with a warehouse, from Apache Airflow."""

__version__ = "0.1.0"
