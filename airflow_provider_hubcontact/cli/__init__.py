"""The command line: ``hubcontact …``, and ``airflow hubspot …`` where Airflow takes commands of providers."""
