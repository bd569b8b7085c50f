# SPDX-License-Identifier: Apache-2.0
"""The sandbox's pages for people: contacts, requests, limits and faults.

They need no script, load nothing from elsewhere, and change nothing but faults. The rules of the admin API
say who may see them, and from where a form may come.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import cache, partial
from importlib.resources import files
from itertools import islice
from typing import Any

from airflow_provider_hubcontact.sandbox.access.limits import Limits
from airflow_provider_hubcontact.sandbox.access.tokens import Access
from airflow_provider_hubcontact.sandbox.crm.portal import Portal
from airflow_provider_hubcontact.sandbox.crm.record import Record
from airflow_provider_hubcontact.sandbox.crm.times import iso
from airflow_provider_hubcontact.sandbox.errors.own import NoSuchFault
from airflow_provider_hubcontact.sandbox.errors.refusal import Refused
from airflow_provider_hubcontact.sandbox.faults.injector import Faults
from airflow_provider_hubcontact.sandbox.http.request_log import Logged
from airflow_provider_hubcontact.sandbox.http.routing import Reply, Request, Route
from airflow_provider_hubcontact.sandbox.page import view_models
from airflow_provider_hubcontact.sandbox.switches import Switches
from airflow_provider_hubcontact.words import counted

CONTACTS = "/sandbox/contacts"
A_PAGE = 25
SEARCHED_AT_ONCE = 5_000
"""Contacts that one search looks at. The next page goes on from there, so that no other call waits."""

MAX_QUERY = 200
OVERVIEW_REQUESTS = 20
MAX_REQUESTS = 500
MAX_FORM = 1_000
"""The most bytes of a form; the only form is a button."""

_POLICY = (
    b"default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; "
    b"frame-ancestors 'none'"
)
_HEADERS = [
    (b"Content-Security-Policy", _POLICY),
    (b"X-Content-Type-Options", b"nosniff"),
    (b"Referrer-Policy", b"same-origin"),
    (b"Cache-Control", b"no-store"),
]


@dataclass(frozen=True)
class Pages:
    """Answers browsers."""

    portal: Portal
    access: Access
    limits: Limits
    faults: Faults
    log: deque[Logged]

    def routes(self) -> Iterator[Route]:
        """Yield the routes."""
        for method, path, handler in (
            ("GET", "/", self._overview),
            ("GET", CONTACTS, self._contacts),
            ("GET", f"{CONTACTS}/{{id}}", self._contact),
            ("GET", "/sandbox/log", self._requests),
            ("POST", "/sandbox/faults/{name}", self._switch),
            ("GET", "/sandbox/page.css", _style),
        ):
            answer = partial(self._readable, handler)
            yield Route(method, path, answer, public=True, admin=True, max_body=MAX_FORM)

    def _overview(self, _: Request) -> Reply:
        usual = asdict(Switches())
        oauth_apps = {str(app.app_id) for app in self.access.apps.all}
        return self._page(
            "overview.html",
            title="Overview",
            place="Overview",
            contacts=len(self.portal.contacts),
            archived=len(self.portal.archived),
            properties=len(self.portal.definitions),
            gauges=list(view_models.gauges(self.limits, oauth_apps)),
            faults=view_models.fault_rules(self.faults),
            requests=list(islice(reversed(self.log), OVERVIEW_REQUESTS)),
            more=len(self.log) if len(self.log) > OVERVIEW_REQUESTS else 0,
            switches=[(n, value, value == usual[n]) for n, value in asdict(self.portal.switches).items()],
        )

    def _contacts(self, request: Request) -> Reply:
        query = (request.parameter("q") or "").strip()[:MAX_QUERY]
        after = request.number("after", 0)
        searched = 0
        if query:
            found, last, searched = self._search(query, after)
        else:
            found = self.portal.page(after, A_PAGE)
            last = found[-1].id if found else ""
        is_more = last and self.portal.page(int(last), 1)
        return self._page(
            "contacts.html",
            title="Contacts",
            place="Contacts",
            q=query,
            after=after,
            contacts=[view_models.line(contact) for contact in found],
            next=last if is_more else "",
            searched=searched,
            total=len(self.portal.contacts),
        )

    def _search(self, query: str, after: int) -> tuple[list[Record], str, int]:
        """Find contacts by address, by id, or by a text in their values.

        :return: the contacts; the last one that was looked at; how many were looked at.
        """
        exact = self.portal.contact(query)
        found = [exact] if exact and not after else []
        some = self.portal.page(after, SEARCHED_AT_ONCE)
        wanted = query.lower()
        for place, contact in enumerate(some, 1):
            if contact is not exact and any(wanted in value.lower() for value in contact.properties.values()):
                found.append(contact)
                if len(found) == A_PAGE:
                    return found, contact.id, place
        return found, some[-1].id if some else "", len(some)

    def _contact(self, request: Request) -> Reply:
        wanted = request.params["id"]
        contact = self.portal.contacts.get(wanted) or self.portal.archived.get(wanted)
        if contact is None:
            return self._refusal(404, f"No contact has the id {view_models.cut(wanted, 50)}.")
        definitions = self.portal.definitions
        properties = sorted(
            (definitions[n].label, n, v) for n, v in contact.properties.items() if v and n in definitions
        )
        changes = view_models.history(contact)
        return self._page(
            "contact.html",
            title=view_models.name(contact),
            place="Contacts",
            id=contact.id,
            email=contact.email or "no address",
            archived=iso(contact.archived_at) if contact.archived_at else "",
            properties=[(name, label, view_models.cut(value)) for label, name, value in properties],
            history=changes[: view_models.MAX_CHANGES],
            changes=len(changes),
        )

    def _requests(self, _: Request) -> Reply:
        last = list(islice(reversed(self.log), MAX_REQUESTS))
        return self._page("log.html", title="Requests", place="Requests", requests=last, total=len(self.log))

    def _switch(self, request: Request) -> Reply:
        try:
            self.faults.switch(request.params["name"], on=request.form.get("enabled") == "true")
        except KeyError:
            raise NoSuchFault(request.params["name"]) from None
        return Reply(303, None, [(b"Location", b"/#faults"), *_HEADERS])

    def _readable(self, handler: Callable[[Request], Reply], request: Request) -> Reply:
        """Call a handler, and show its refusal as a page."""
        try:
            return handler(request)
        except Refused as refused:
            return self._refusal(refused.status, view_models.cut(refused.message))

    def _refusal(self, status: int, reason: str) -> Reply:
        title = "Not found" if status == 404 else "Not understood"
        return self._page("refused.html", status, title=title, place="", reason=reason)

    def _page(self, template: str, status: int = 200, /, **values: Any) -> Reply:  # noqa: ANN401 - any values
        text = _templates().get_template(template).render(portal_id=self.portal.account.portal_id, **values)
        # A value of the portal's may hold half a character, which UTF-8 cannot.
        return Reply(status, text.encode(errors="replace"), list(_HEADERS), b"text/html;charset=utf-8")


def _style(_: Request) -> Reply:
    css = files(__package__).joinpath("templates", "page.css").read_bytes()
    return Reply(200, css, [(b"X-Content-Type-Options", b"nosniff")], b"text/css;charset=utf-8")


@cache
def _templates() -> Any:  # noqa: ANN401 - Jinja is loaded by the first page, not by every sandbox
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415

    environment = Environment(
        loader=PackageLoader(__package__), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["counted"] = counted
    return environment
