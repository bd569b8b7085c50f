# SPDX-License-Identifier: Apache-2.0
"""What a sync reads and writes, for OpenLineage."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_hubcontact.printable import printable
from airflow_provider_hubcontact.sync.model.outcome import WRITES, Outcome

if TYPE_CHECKING:
    from airflow.providers.openlineage.extractors import OperatorLineage


def lineage_of(
    report: Mapping[str, Any],
    hubspot_conn_id: str,
    sql: str | None,
    sql_conn_id: str | None,
    *,
    properties: Iterable[str] = (),
    checks: Iterable[str] = (),
) -> OperatorLineage[Any, Any] | None:
    """Return inputs and outputs.

    :param report: as :meth:`Report.to_dict` returns it; empty while the run has not ended.
    :param sql: the query, if there is one: its tables are the inputs.
    :param properties: that are written, as far as they are known.
    :param checks: categories of what records were checked for.
    :return: None without OpenLineage.
    """
    try:
        from airflow.providers.openlineage.extractors import OperatorLineage
        from openlineage.client.event_v2 import InputDataset, OutputDataset
        from openlineage.client.generated import (
            data_quality_assertions_dataset as quality,
        )
        from openlineage.client.generated import (
            output_statistics_output_dataset as statistics,
        )
        from openlineage.client.generated import schema_dataset
    except ImportError:
        return None
    lineage = _of_query(sql, sql_conn_id) or OperatorLineage()
    if not report:
        return lineage
    assertions = [
        quality.Assertion(assertion=name, success=success, column=column)
        for name, success, column in assertions_of(report, checks)
    ]
    checked: dict[str, Any] = {
        "dataQualityAssertions": quality.DataQualityAssertionsDatasetFacet(assertions=assertions)
    }
    inputs = [
        InputDataset(each.namespace, each.name, facets=each.facets, inputFacets=checked)
        for each in lineage.inputs
    ]
    written = sum(report["outcomes"].get(name, 0) for name in WRITES)
    fields = [schema_dataset.SchemaDatasetFacetFields(name=printable(str(name))) for name in properties]
    output = OutputDataset(
        namespace=f"hubspot://{hubspot_conn_id}",  # as the asset has it
        name="contacts",
        facets={"schema": schema_dataset.SchemaDatasetFacet(fields=fields)} if fields else {},
        outputFacets={
            "outputStatistics": statistics.OutputStatisticsOutputDatasetFacet(rowCount=written),
        },
    )
    return OperatorLineage(
        inputs=inputs,
        outputs=[output],
        run_facets=lineage.run_facets,
        job_facets=lineage.job_facets,
    )


def assertions_of(report: Mapping[str, Any], checks: Iterable[str]) -> Iterator[tuple[str, bool, str | None]]:
    """Yield what was found invalid, and which checks held.

    :param report: as :meth:`Report.to_dict` returns it.
    :param checks: categories of what records were checked for.
    :return: name, whether it holds, columns.
    """
    failed = set()
    for reason in report["reasons"]:
        if reason["outcome"] == Outcome.INVALID and reason["category"]:
            failed.add(reason["category"])
            yield reason["category"].lower(), False, ", ".join(reason["properties"]) or None
    if report["rows"] and report["stopped"] is None:
        yield from ((name.lower(), True, None) for name in checks if name not in failed)


def _of_query(sql: str | None, sql_conn_id: str | None) -> OperatorLineage[Any, Any] | None:
    """Return what a query reads, as Airflow's own SQL operator finds it."""
    if sql is None:
        return None
    from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator

    operator = SQLExecuteQueryOperator(task_id="query", sql=sql, conn_id=sql_conn_id)
    lineage: OperatorLineage[Any, Any] | None = operator.get_openlineage_facets_on_start()
    return lineage
