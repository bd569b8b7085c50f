# SPDX-License-Identifier: Apache-2.0
"""Names of Airflow that the oldest ``apache-airflow-providers-common-compat`` we take does not have yet.

The constraints of an Airflow release pin the version of that provider that was new then.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import (
        AirflowPlugin,
        RetryDecision,
        RetryPolicy,
        conf,
        determine_kwargs,
        mask_secret,
    )

__all__ = [
    "CONTEXT",
    "AirflowPlugin",
    "RetryDecision",
    "RetryPolicy",
    "conf",
    "determine_kwargs",
    "mask_secret",
]

CONTEXT = "_AIRFLOW_PROCESS_CONTEXT"
"""Airflow's variable: what this process is. A server may read the database, a task of Airflow 3 may not."""


COMMON = "airflow.providers.common.compat.sdk"

PLACES = {
    "AirflowPlugin": ("airflow.sdk.plugins_manager", "airflow.plugins_manager"),
    "RetryDecision": ("airflow.sdk.definitions.retry_policy",),
    "RetryPolicy": ("airflow.sdk.definitions.retry_policy",),
    "conf": ("airflow.sdk.configuration", "airflow.configuration"),
    "determine_kwargs": ("airflow.sdk.bases.decorator", "airflow.utils.operator_helpers"),
    "mask_secret": (
        "airflow.sdk.log",
        "airflow.sdk.execution_time.secrets_masker",
        "airflow.utils.log.secrets_masker",
    ),
}
"""Where Airflow itself has each name, its newest place first."""


def __getattr__(name: str) -> Any:
    """Import a name from the first place that has it; the common provider's own place comes first.

    :param name: one of :data:`PLACES`.
    :raises AttributeError: if it is not one of them.
    :raises ImportError: if this Airflow does not have it.
    """
    if name not in PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    for place in (COMMON, *PLACES[name]):
        try:
            return getattr(import_module(place), name)
        except (ImportError, AttributeError):
            continue
    raise ImportError(f"this Airflow has no {name}", name=__name__)
