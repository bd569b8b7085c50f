# SPDX-License-Identifier: Apache-2.0
"""The main job, run through Airflow against a local HubSpot."""
