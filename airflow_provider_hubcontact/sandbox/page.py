"""The sandbox's pages for people: what the portal holds, who asked for what, what is left, what goes wrong.

They need no script, load nothing from elsewhere, and change nothing but faults. Who may see them, and from
where a form may come, is the admin API's rule.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from itertools import islice
from typing import Any
from urllib.parse import quote

from airflow_provider_hubcontact.sandbox.contact import Contact
from airflow_provider_hubcontact.sandbox.errors import NoSuchFault
from airflow_provider_hubcontact.sandbox.faults import Faults
from airflow_provider_hubcontact.sandbox.limits import Limits
from airflow_provider_hubcontact.sandbox.portal import Portal
from airflow_provider_hubcontact.sandbox.request_log import Logged
from airflow_provider_hubcontact.sandbox.switches import Switches
from airflow_provider_hubcontact.sandbox.values import iso
from airflow_provider_hubcontact.sandbox.wire import Reply, Request, Route

CONTACTS = "/sandbox/contacts"
A_PAGE = 25
SEARCHED_AT_ONCE = 5_000
"""Contacts that one search looks at; it goes on from there, so that nobody else waits for it."""

MAX_QUERY = 200
OVERVIEW_REQUESTS = 20
MAX_REQUESTS = 500
MAX_SHOWN = 2_000
"""Characters of a value."""

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
    limits: Limits
    faults: Faults
    log: deque[Logged]

    def routes(self) -> Iterator[Route]:
        """Give the routes."""
        for method, path, handler in (
            ("GET", "/", self._overview),
            ("GET", CONTACTS, self._contacts),
            ("GET", f"{CONTACTS}/{{id}}", self._contact),
            ("GET", "/sandbox/log", self._requests),
            ("POST", "/sandbox/faults/{name}", self._switch),
            ("GET", "/sandbox/page.css", _style),
        ):
            yield Route(method, path, handler, public=True, admin=True)

    def _overview(self, _: Request) -> Reply:
        rules = {rule.name: rule for rule in self.faults.plan.rules}
        faults = [
            {
                "name": each["name"],
                "path": quote(each["name"], safe=""),
                "kind": rules[each["name"]].kind,
                "on": f"{rules[each['name']].method} {rules[each['name']].pattern}".strip(),
                "struck": each["strikes"],
                "enabled": each["enabled"],
            }
            for each in self.faults.counts()
        ]
        usual = asdict(Switches())
        return self._page(
            "overview.html",
            title="Overview",
            place="Overview",
            contacts=len(self.portal.contacts),
            archived=len(self.portal.archived),
            properties=len(self.portal.definitions),
            gauges=list(_gauges(self.limits)),
            faults=faults,
            requests=list(islice(reversed(self.log), OVERVIEW_REQUESTS)),
            more=len(self.log) if len(self.log) > OVERVIEW_REQUESTS else 0,
            switches=[(n, value, value == usual[n]) for n, value in asdict(self.portal.switches).items()],
        )

    def _contacts(self, request: Request) -> Reply:
        query = (request.parameter("q") or "").strip()[:MAX_QUERY]
        after = request.number("after", 0)
        searched = 0
        if query:
            found, last, searched = self._search(query.lower(), after)
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
            contacts=[_line(contact) for contact in found],
            next=last if is_more else "",
            searched=searched,
        )

    def _search(self, wanted: str, after: int) -> tuple[list[Contact], str, int]:
        """Look through some contacts.

        :return: those that have the text in a value; the last one that was looked at; how many were.
        """
        found: list[Contact] = []
        some = self.portal.page(after, SEARCHED_AT_ONCE)
        for place, contact in enumerate(some, 1):
            if any(wanted in value.lower() for value in contact.properties.values()):
                found.append(contact)
                if len(found) == A_PAGE:
                    return found, contact.id, place
        return found, some[-1].id if some else "", len(some)

    def _contact(self, request: Request) -> Reply:
        wanted = request.params["id"]
        contact = self.portal.contacts.get(wanted) or self.portal.archived.get(wanted)
        if contact is None:
            return self._page(
                "missing.html",
                404,
                title="No such contact",
                place="",
                reason=f"No contact has the id {wanted[:50]}.",
            )
        definitions = self.portal.definitions
        shown = sorted(
            (definitions[n].label, n, v) for n, v in contact.properties.items() if v and n in definitions
        )
        return self._page(
            "contact.html",
            title=_name(contact),
            place="Contacts",
            id=contact.id,
            email=contact.email or "no address",
            archived=iso(contact.archived_at) if contact.archived_at else "",
            properties=[(name, label, _cut(value)) for label, name, value in shown],
            history=_history(contact),
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

    def _page(self, template: str, status: int = 200, /, **values: Any) -> Reply:  # noqa: ANN401 - any values
        text = _templates().get_template(template).render(portal_id=self.portal.account.portal_id, **values)
        return Reply(status, text.encode(), list(_HEADERS), b"text/html;charset=utf-8")


def _style(_: Request) -> Reply:
    css = files(__package__).joinpath("templates", "page.css").read_bytes()
    return Reply(200, css, [(b"X-Content-Type-Options", b"nosniff")], b"text/css;charset=utf-8")


@cache
def _templates() -> Any:  # noqa: ANN401 - Jinja is loaded by the first page, not by every sandbox
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415

    return Environment(
        loader=PackageLoader(__package__), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )


def _gauges(limits: Limits) -> Iterator[Mapping[str, Any]]:
    usage = limits.usage()
    apps, day, search = usage["apps"], usage["daily"], usage["search"]
    window = f"in the last {apps['seconds']:g} seconds"
    for app, used in apps["used"].items() or [("1", 0)]:
        limit = apps["limit"] if app == "1" or apps["limit"] == apps["oauthLimit"] else apps["oauthLimit"]
        yield _gauge(f"Calls of app {app}", used, limit, window)
    reset = iso(int(limits.resets_at) * 1000)
    yield _gauge(
        "Calls of the day", day["used"], day["limit"], f"from zero at {reset[:16].replace('T', ' ')} UTC"
    )
    yield _gauge("Searches", search["used"], search["limit"], f"in the last {search['seconds']:g} second")


def _gauge(name: str, used: int, limit: int | None, note: str) -> Mapping[str, Any]:
    percent = min(100, round(100 * used / limit)) if limit else 0
    level = "full" if percent >= 95 else "high" if percent >= 75 else "low"
    return {"name": name, "used": used, "limit": limit, "percent": percent, "level": level, "note": note}


def _name(contact: Contact) -> str:
    properties = contact.properties
    name = " ".join(filter(None, (properties.get("firstname"), properties.get("lastname"))))
    return _cut(name or contact.email or f"Contact {contact.id}", 200)


def _line(contact: Contact) -> Mapping[str, str]:
    return {
        "id": contact.id,
        "name": _name(contact),
        "email": contact.email,
        "stage": contact.properties.get("lifecyclestage", ""),
        "changed": contact.properties["lastmodifieddate"],
    }


def _history(contact: Contact) -> Sequence[Mapping[str, str]]:
    """Give the changes of all properties, the last one first."""
    before: dict[str, str] = {}
    changes = []
    for write in contact.writes:
        for name, value in write.values.items():
            changes.append(
                {
                    "when": iso(write.timestamps.get(name, write.timestamp)),
                    "who": " ".join(filter(None, (write.source, write.source_id))),
                    "name": name,
                    "before": _cut(before.get(name, "")),
                    "after": _cut(value),
                }
            )
            before[name] = value
    return changes[::-1]


def _cut(text: str, most: int = MAX_SHOWN) -> str:
    return text if len(text) <= most else f"{text[:most]}… ({len(text):,} characters)"
