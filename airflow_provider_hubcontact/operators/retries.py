# SPDX-License-Identifier: Apache-2.0
"""When Airflow 3.3 tries a task again: not before HubSpot accepts its records."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_hubcontact.compat import RetryDecision, RetryPolicy
from airflow_provider_hubcontact.operators.errors import HubSpotSyncIncomplete

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context


class HubSpotRetryPolicy(RetryPolicy):
    """Waits as long as HubSpot asks, or until the daily quota is back.

    Otherwise the task's own ``retry_delay`` applies.
    """

    def evaluate(
        self, exception: BaseException, try_number: int, max_tries: int, context: Context | None = None
    ) -> Any:
        """Decide on the exception of a try."""
        del try_number, max_tries, context
        after = exception.retry_after if isinstance(exception, HubSpotSyncIncomplete) else None
        if after is None:
            return RetryDecision.default()
        return RetryDecision.retry(timedelta(seconds=after), "HubSpot accepts no calls until then")
