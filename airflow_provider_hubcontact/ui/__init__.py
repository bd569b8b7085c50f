# SPDX-License-Identifier: Apache-2.0
"""The pages of sync reports in Airflow's UI."""
