# SPDX-License-Identifier: Apache-2.0
"""Texts for Airflow's notifiers."""
