"""What a sync reads and writes, for OpenLineage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.providers.openlineage.extractors import OperatorLineage

CHECKS = ("JSON_SCHEMA", "PORTAL_SCHEMA", "VALUE", "KEY")
"""Categories of what is found wrong with a record before it is sent."""


def lineage_of(
    report: Mapping[str, Any],
    hubspot_conn_id: str,
    sql: str | None,
    sql_conn_id: str | None,
    properties: Iterable[str],
) -> OperatorLineage[Any, Any] | None:
    """Give inputs and outputs.

    :param report: as :meth:`Report.to_dict` gives it; empty while the run has not ended.
    :param sql: the query, if there is one: its tables are the inputs.
    :param properties: that are written, as far as they are known.
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
        quality.Assertion(
            assertion=reason["category"].lower(),
            success=False,
            column=", ".join(reason["properties"]) or None,
        )
        for reason in report["reasons"]
        if reason["category"] in CHECKS
    ] or [quality.Assertion(assertion="json_schema", success=True)]
    checked: dict[str, Any] = {
        "dataQualityAssertions": quality.DataQualityAssertionsDatasetFacet(assertions=assertions)
    }
    inputs = [
        InputDataset(each.namespace, each.name, facets=each.facets, inputFacets=checked)
        for each in lineage.inputs
    ]
    written = sum(report["outcomes"].get(name, 0) for name in ("updated", "created"))
    fields = [schema_dataset.SchemaDatasetFacetFields(name=name) for name in properties]
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


def _of_query(sql: str | None, sql_conn_id: str | None) -> OperatorLineage[Any, Any] | None:
    """Let Airflow's own SQL operator tell what a query reads."""
    if sql is None:
        return None
    from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator

    operator = SQLExecuteQueryOperator(task_id="query", sql=sql, conn_id=sql_conn_id)
    lineage: OperatorLineage[Any, Any] | None = operator.get_openlineage_facets_on_start()
    return lineage
