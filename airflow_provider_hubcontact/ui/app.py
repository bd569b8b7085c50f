# SPDX-License-Identifier: Apache-2.0
"""The web application of the report pages, which runs in Airflow 3's API server."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import quote, urlencode

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.common.db.common import SessionDep
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_dag
from fastapi import Depends, FastAPI, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from airflow_provider_hubcontact.printable import printable, printable_json
from airflow_provider_hubcontact.ui.downloads import problems_csv
from airflow_provider_hubcontact.ui.figures import Report
from airflow_provider_hubcontact.ui.heading import Heading
from airflow_provider_hubcontact.ui.masking import masked
from airflow_provider_hubcontact.ui.names import PREFIX
from airflow_provider_hubcontact.ui.page import (
    Around,
    Row,
    render,
    render_dag,
    render_message,
    render_reasons,
    render_run,
)
from airflow_provider_hubcontact.ui.reports import (
    Found,
    approval_of,
    report_before,
    report_of,
    syncs_of_dag,
    syncs_of_run,
    unknown,
)

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
    run_id: str = "",
    task_id: str = "",
    # Airflow leaves the placeholder where a task is not mapped.
    map_index: Annotated[str, Query()] = "-1",
) -> Heading:
    if "\0" in f"{dag_id}{run_id}{task_id}":  # a database would refuse to look for it
        raise HTTPException(404, "No name of Airflow has this character.")
    index = int(map_index) if re.fullmatch(r"\d{1,9}", map_index) else -1
    return Heading(dag_id, run_id, task_id, index)


def _known(wanted: Annotated[Heading, Depends(_wanted)], session: SessionDep) -> Heading:
    if problem := unknown(session, wanted):
        raise HTTPException(404, problem)
    return wanted


Wanted = Annotated[Heading, Depends(_known)]


@app.get("/report", dependencies=READS_DAG)
def show(
    wanted: Wanted,
    user: GetUserDep,
    session: SessionDep,
    request: Request,
    outcome: Annotated[str, Query()] = "",
) -> Response:
    """Show the report of one sync."""
    heading, report = report_of(session, wanted)
    is_masked = not _may_read_xcoms(wanted, user)

    def told(some: Report) -> Report:
        return masked(some) if is_masked else some

    root, here = _root(request), request.url.path
    before = report_before(session, heading, dry_run=report["dry_run"]) if report else None
    approval = approval_of(session, heading) if report and report["dry_run"] else None
    around = Around(
        here=f"{here}?{urlencode(wanted.query)}",
        downloads={name: f"{here}.{name}?{urlencode(wanted.query)}" for name in ("csv", "json")},
        pages=_pages(root, wanted),
        approval=(_approval_page(root, approval), approval.task) if approval else None,
        before=(f"{here}?{urlencode(before[0].query)}", told(before[1])) if before else None,
        # Browsers tell it over HTTPS and on this machine only; it is safe to think that it is framed.
        is_framed=request.headers.get("sec-fetch-dest") != "document",
        is_masked=is_masked,
        chosen=outcome,
    )
    page = render(heading, told(report) if report else None, around)
    return HTMLResponse(page, headers=HEADERS)


@app.get("/report.json", dependencies=READS_DAG)
def as_json(wanted: Wanted, user: GetUserDep, session: SessionDep) -> Response:
    """Return the report as a JSON file."""
    text = printable_json(_found(wanted, user, session))
    return _file(text, "application/json", "report.json")


@app.get("/report.csv", dependencies=READS_DAG)
def as_csv(wanted: Wanted, user: GetUserDep, session: SessionDep) -> Response:
    """Return the sample of problems as a CSV file.

    It begins with a byte order mark: without one, Excel does not read it as UTF-8.
    """
    content = problems_csv(_found(wanted, user, session)).encode("utf-8-sig")
    return _file(content, "text/csv; charset=utf-8", "problems.csv")


@app.get("/run", dependencies=READS_DAG)
def show_run(wanted: Wanted, session: SessionDep, request: Request) -> Response:
    """Show all syncs of a DAG run."""
    root = _root(request)
    found, left_out = syncs_of_run(session, wanted)
    rows = [Row(*each, _report_page(root, each[0])) for each in found]
    pages = {name: href for name, href in _pages(root, wanted).items() if name != "run"}
    return HTMLResponse(render_run(wanted, rows, pages, left_out), headers=HEADERS)


@app.get("/dag", dependencies=READS_DAG)
def show_dag(wanted: Wanted, session: SessionDep, request: Request) -> Response:
    """Show the syncs of the latest runs of a DAG."""
    found, left_out = syncs_of_dag(session, wanted)
    rows = [_of_dag(_root(request), each) for each in found]
    return HTMLResponse(render_dag(wanted, rows, left_out), headers=HEADERS)


@app.get("/reasons")
def show_reasons(user: GetUserDep) -> Response:
    """Show what the reason codes mean; nothing of any DAG is in it."""
    del user  # whoever is logged in may read it
    return HTMLResponse(render_reasons(), headers=HEADERS)


@app.exception_handler(HTTPException)
async def refuse(request: Request, error: HTTPException) -> Response:
    """Redirect to the login if nobody is logged in; tell any other error as a page, or as JSON."""
    if error.status_code == 401:
        here = quote(f"{request.url.path}?{request.url.query}")
        return RedirectResponse(f"{get_auth_manager().get_url_login()}?next={here}")
    if request.url.path.endswith(".json"):
        return JSONResponse({"detail": printable(str(error.detail))}, error.status_code, headers=HEADERS)
    title = {403: "No access", 404: "Not found"}.get(error.status_code, f"Error {error.status_code}")
    page = render_message(title, str(error.detail))
    return HTMLResponse(page, error.status_code, headers=HEADERS)


def _root(request: Request) -> str:
    """Return the path below which Airflow is served; empty if it is served at the root."""
    return request.url.path.rpartition(f"{PREFIX}/")[0]


def _report_page(root: str, heading: Heading) -> str:
    return f"{root}{PREFIX}/report?{urlencode(heading.query)}"


def _pages(root: str, heading: Heading) -> dict[str, str]:
    """Return the pages of the run and of the DAG."""
    of_run = {"dag_id": heading.dag_id, "run_id": heading.run_id}
    return {
        "run": f"{root}{PREFIX}/run?{urlencode(of_run)}",
        "dag": f"{root}{PREFIX}/dag?{urlencode({'dag_id': heading.dag_id})}",
    }


def _of_dag(root: str, found: Found) -> Row:
    """Return a row that leads to the task's page, or to that of the run if the task is mapped."""
    heading, line = found
    is_one = heading.map_index < 0
    return Row(heading, line, _report_page(root, heading) if is_one else _pages(root, heading)["run"])


def _approval_page(root: str, heading: Heading) -> str:
    """Return the address of Airflow's own page on which a task is approved."""
    names = (quote(name, safe="") for name in (heading.dag_id, heading.run_id, heading.task_id))
    return "{}/dags/{}/runs/{}/tasks/{}/required_actions".format(root, *names)


def _found(wanted: Heading, user: GetUserDep, session: SessionDep) -> dict[str, object]:
    _, report = report_of(session, wanted)
    if report is None:
        raise HTTPException(404, "This task instance has no HubSpot sync report.")
    return dict(report) if _may_read_xcoms(wanted, user) else masked(report)


def _may_read_xcoms(wanted: Heading, user: GetUserDep) -> bool:
    return get_auth_manager().is_authorized_dag(
        method="GET", access_entity=DagAccessEntity.XCOM, details=DagDetails(id=wanted.dag_id), user=user
    )


def _file(content: str | bytes, kind: str, name: str) -> Response:
    headers = {**HEADERS, "Content-Disposition": f'attachment; filename="hubspot-{name}"'}
    return Response(content, media_type=kind, headers=headers)
