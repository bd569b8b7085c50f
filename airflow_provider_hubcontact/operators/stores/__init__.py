# SPDX-License-Identifier: Apache-2.0
"""Where Airflow keeps what a run is to remember."""
