# SPDX-License-Identifier: Apache-2.0
"""What becomes of a record. Knows no HTTP and no Airflow."""
