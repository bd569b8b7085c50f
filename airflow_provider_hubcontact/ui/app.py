"""The web application of the report pages, which runs in Airflow 3's API server."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote, urlencode

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.common.db.common import SessionDep
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_dag
from fastapi import Depends, FastAPI, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from airflow_provider_hubcontact.printable import printable_json
from airflow_provider_hubcontact.ui.masking import masked
from airflow_provider_hubcontact.ui.page import (
    Heading,
    problems_csv,
    render,
    render_message,
    render_reasons,
    render_run,
)
from airflow_provider_hubcontact.ui.reports import report_of, reports_of_run

app = FastAPI(title="HubSpot sync reports", docs_url=None, redoc_url=None, openapi_url=None)

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'; "
        "form-action 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

READS_DAG = [Depends(requires_access_dag("GET", DagAccessEntity.TASK_INSTANCE))]


def _wanted(
    dag_id: str,
    run_id: str,
    task_id: str = "",
    # Airflow leaves the placeholder where a task is not mapped.
    map_index: Annotated[str, Query()] = "-1",
) -> Heading:
    is_number = map_index.removeprefix("-").isdecimal()
    return Heading(dag_id, run_id, task_id, int(map_index) if is_number else -1)


Wanted = Annotated[Heading, Depends(_wanted)]


@app.get("/report", dependencies=READS_DAG)
def show(wanted: Wanted, user: GetUserDep, session: SessionDep, request: Request) -> Response:
    """Show the report of one sync."""
    heading, report = report_of(session, wanted)
    is_masked = not _may_read_xcoms(wanted, user)
    query = urlencode({**wanted._asdict(), "state": "", "tries": ""})
    downloads = {f"{name.upper()}": f"{request.url.path}.{name}?{query}" for name in ("csv", "json")}
    shown = masked(report) if report and is_masked else report
    page = render(heading, shown, is_masked=is_masked, downloads=downloads)
    return HTMLResponse(page, headers=HEADERS)


@app.get("/report.json", dependencies=READS_DAG)
def as_json(wanted: Wanted, user: GetUserDep, session: SessionDep) -> Response:
    """Return the report as a JSON file."""
    text = printable_json(_found(wanted, user, session))
    return _file(text, "application/json", "report.json")


@app.get("/report.csv", dependencies=READS_DAG)
def as_csv(wanted: Wanted, user: GetUserDep, session: SessionDep) -> Response:
    """Return the sample of problems as a CSV file."""
    return _file(problems_csv(_found(wanted, user, session)), "text/csv; charset=utf-8", "problems.csv")


@app.get("/run", dependencies=READS_DAG)
def show_run(wanted: Wanted, session: SessionDep, request: Request) -> Response:
    """Show all reports of a DAG run."""
    root = request.url.path.removesuffix("/run")
    reports = []
    for heading, report in reports_of_run(session, wanted):
        names = {name: getattr(heading, name) for name in ("dag_id", "run_id", "task_id", "map_index")}
        reports.append((heading, report, f"{root}/report?{urlencode(names)}"))
    return HTMLResponse(render_run(wanted, reports), headers=HEADERS)


@app.get("/reasons")
def show_reasons(user: GetUserDep) -> Response:
    """Show what the reason codes mean; nothing of any DAG is in it."""
    del user  # whoever is logged in may read it
    return HTMLResponse(render_reasons(), headers=HEADERS)


@app.exception_handler(HTTPException)
async def refuse(request: Request, error: HTTPException) -> Response:
    """Redirect to the login if nobody is logged in; show any other error as a page."""
    if error.status_code == 401:
        here = quote(f"{request.url.path}?{request.url.query}")
        return RedirectResponse(f"{get_auth_manager().get_url_login()}?next={here}")
    title = {403: "No access", 404: "No report"}.get(error.status_code, f"Error {error.status_code}")
    page = render_message(title, str(error.detail))
    return HTMLResponse(page, error.status_code, headers=HEADERS)


def _found(wanted: Heading, user: GetUserDep, session: SessionDep) -> dict[str, object]:
    _, report = report_of(session, wanted)
    if report is None:
        raise HTTPException(404, "This task instance has no HubSpot sync report.")
    return dict(report) if _may_read_xcoms(wanted, user) else masked(report)


def _may_read_xcoms(wanted: Heading, user: GetUserDep) -> bool:
    return get_auth_manager().is_authorized_dag(
        method="GET", access_entity=DagAccessEntity.XCOM, details=DagDetails(id=wanted.dag_id), user=user
    )


def _file(text: str, kind: str, name: str) -> Response:
    headers = {**HEADERS, "Content-Disposition": f'attachment; filename="hubspot-{name}"'}
    return Response(text, media_type=kind, headers=headers)
