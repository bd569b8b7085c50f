# SPDX-License-Identifier: Apache-2.0
"""Which Airflow the tests run on; nothing of it is imported."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def _release() -> tuple[int, ...]:
    try:
        return tuple(map(int, version("apache-airflow").split(".")[:2]))
    except PackageNotFoundError:
        return (0, 0)


RELEASE = _release()
"""Such as (3, 3); (0, 0) without Airflow."""

DAG_TEST_GIVES_THE_ERROR = RELEASE != (3, 1)
"""Whether callbacks get a task's exception in ``dag.test``; with a scheduler they get it on 3.1, too."""
