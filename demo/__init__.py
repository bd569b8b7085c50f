"""The main job, run through Airflow against a local HubSpot."""
