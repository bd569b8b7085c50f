# SPDX-License-Identifier: Apache-2.0
"""One run, without Airflow: what it is asked to do, what it finds out first, and its parts."""
