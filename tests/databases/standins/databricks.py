# SPDX-License-Identifier: Apache-2.0
"""Databricks' side of the protocol of its SQL warehouses: Thrift over HTTP, with rows in Arrow's format."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pyarrow as pa
from databricks.sql.thrift_api.TCLIService import TCLIService, ttypes
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.transport.TTransport import TMemoryBuffer

from tests.databases.standins.http import Answering, served

Result = tuple[pa.Schema, Iterator[pa.RecordBatch]]
"""The columns of a result, and its rows in the parts in which they are fetched."""

OK = ttypes.TStatus(statusCode=ttypes.TStatusCode.SUCCESS_STATUS)

KINDS: list[tuple[Callable[[Any], bool], int]] = [
    (pa.types.is_int64, ttypes.TTypeId.BIGINT_TYPE),
    (pa.types.is_boolean, ttypes.TTypeId.BOOLEAN_TYPE),
    (pa.types.is_float64, ttypes.TTypeId.DOUBLE_TYPE),
    (pa.types.is_date32, ttypes.TTypeId.DATE_TYPE),
    (pa.types.is_timestamp, ttypes.TTypeId.TIMESTAMP_TYPE),
    (pa.types.is_decimal, ttypes.TTypeId.DECIMAL_TYPE),
    (pa.types.is_list, ttypes.TTypeId.ARRAY_TYPE),
    (pa.types.is_struct, ttypes.TTypeId.STRUCT_TYPE),
    (lambda _: True, ttypes.TTypeId.STRING_TYPE),
]


def _handle() -> Any:
    return ttypes.THandleIdentifier(guid=uuid4().bytes, secret=uuid4().bytes)


def _column(place: int, field: Any) -> Any:
    kind = next(kind for fits, kind in KINDS if fits(field.type))
    qualifiers = None
    if pa.types.is_decimal(field.type):
        sizes = {"precision": field.type.precision, "scale": field.type.scale}
        values = {name: ttypes.TTypeQualifierValue(i32Value=size) for name, size in sizes.items()}
        qualifiers = ttypes.TTypeQualifiers(values)
    entry = ttypes.TTypeEntry(primitiveEntry=ttypes.TPrimitiveTypeEntry(kind, qualifiers))
    return ttypes.TColumnDesc(columnName=field.name, position=place, typeDesc=ttypes.TTypeDesc(types=[entry]))


class Warehouse:
    """Answers statements; Thrift calls its methods by their names.

    :param answers: text in a statement → its result, or the message of its error.
    """

    def __init__(self, answers: dict[str, Callable[[], Result] | str]) -> None:
        self.calls: list[str] = []
        self.parameters: list[tuple[str, str, str]] = []
        self._answers = answers
        self._results: dict[bytes, Result] = {}

    def OpenSession(self, _: Any) -> Any:  # noqa: N802 - Thrift's name
        self.calls.append("open")
        version = ttypes.TProtocolVersion.SPARK_CLI_SERVICE_PROTOCOL_V7
        session = ttypes.TSessionHandle(sessionId=_handle(), serverProtocolVersion=version)
        return ttypes.TOpenSessionResp(status=OK, serverProtocolVersion=version, sessionHandle=session)

    def CloseSession(self, _: Any) -> Any:  # noqa: N802 - Thrift's name
        self.calls.append("close")
        return ttypes.TCloseSessionResp(status=OK)

    def CloseOperation(self, _: Any) -> Any:  # noqa: N802 - Thrift's name
        return ttypes.TCloseOperationResp(status=OK)

    def ExecuteStatement(self, request: Any) -> Any:  # noqa: N802 - Thrift's name
        self.calls.append("execute")
        self.parameters = [
            (each.name, each.type, each.value.stringValue) for each in request.parameters or ()
        ]
        handle = ttypes.TOperationHandle(
            operationId=_handle(), operationType=ttypes.TOperationType.EXECUTE_STATEMENT, hasResultSet=True
        )
        found = next(each for text, each in self._answers.items() if text in request.statement)
        if isinstance(found, str):
            state = ttypes.TGetOperationStatusResp(
                status=OK, operationState=ttypes.TOperationState.ERROR_STATE,
                errorMessage=found, displayMessage=found,
            )  # fmt: skip
            direct = ttypes.TSparkDirectResults(operationStatus=state)
            return ttypes.TExecuteStatementResp(status=OK, operationHandle=handle, directResults=direct)
        self._results[handle.operationId.guid] = found()
        direct = ttypes.TSparkDirectResults(
            operationStatus=ttypes.TGetOperationStatusResp(
                status=OK, operationState=ttypes.TOperationState.FINISHED_STATE
            ),
            resultSetMetadata=self._metadata(handle),
            resultSet=self._part(handle),
        )
        return ttypes.TExecuteStatementResp(status=OK, operationHandle=handle, directResults=direct)

    def FetchResults(self, request: Any) -> Any:  # noqa: N802 - Thrift's name
        self.calls.append("fetch")
        return self._part(request.operationHandle)

    def _metadata(self, handle: Any) -> Any:
        schema, _ = self._results[handle.operationId.guid]
        columns = [_column(place, field) for place, field in enumerate(schema, 1)]
        return ttypes.TGetResultSetMetadataResp(
            status=OK, schema=ttypes.TTableSchema(columns), lz4Compressed=False,
            resultFormat=ttypes.TSparkRowSetType.ARROW_BASED_SET, arrowSchema=schema.serialize().to_pybytes(),
        )  # fmt: skip

    def _part(self, handle: Any) -> Any:
        """Return the next rows; that there are no more is known when there are none."""
        batch = next(self._results[handle.operationId.guid][1], None)
        batches = []
        if batch is not None:
            rows = batch.num_rows
            batches = [ttypes.TSparkArrowBatch(batch=batch.serialize().to_pybytes(), rowCount=rows)]
        return ttypes.TFetchResultsResp(
            status=OK, hasMoreRows=batch is not None, resultSetMetadata=self._metadata(handle),
            results=ttypes.TRowSet(startRowOffset=0, rows=[], arrowBatches=batches),
        )  # fmt: skip


@contextmanager
def serve(warehouse: Warehouse) -> Iterator[str]:
    """Serve a warehouse, and return its address."""
    processor = TCLIService.Processor(warehouse)

    class Handler(Answering):
        def do_POST(self) -> None:  # noqa: N802 - the server's name
            done = TMemoryBuffer()
            processor.process(TBinaryProtocol(TMemoryBuffer(self.body())), TBinaryProtocol(done))
            self.answer(done.getvalue(), "application/x-thrift")

    with served(Handler) as address:
        yield address
