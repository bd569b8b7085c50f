# SPDX-License-Identifier: Apache-2.0
"""Lets Airflow's notifiers tell the result of a sync: texts for them, and a filter for what has changed."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from airflow_provider_hubcontact.spelling import KnownKeywords

CHANGE, ALWAYS = "change", "always"

CONDITIONS = frozenset({"degraded", "source_empty", "drift"})
"""Conditions of a sync besides ``healthy``, as ``job.condition`` spells them."""


class HubSpotSyncNotifier(KnownKeywords):
    """Lets another notifier tell how a sync has ended, by default only if it ended otherwise than before.

    It is a callback like any notifier: pass one object as ``on_success_callback``, ``on_failure_callback``
    and ``on_skipped_callback``. If a task ended without storing its condition, for example since its worker
    was killed, it is always told.

    :param notifier: called with the task's context.
    :param on: ``change`` to tell whenever the condition of the sync has changed; ``always``; or the names of
        conditions, to tell when the sync comes into one of them or out of it: ``degraded``, ``source_empty``,
        ``drift``.
    """

    def __init__(self, notifier: Callable[[Any], Any], *, on: str | Collection[str] = CHANGE) -> None:
        if not callable(notifier):
            raise TypeError(f"notifier must be callable, as notifiers are, not {type(notifier).__name__}")
        if on not in (CHANGE, ALWAYS):
            named = [on] if isinstance(on, str) else [*on]
            odd = [name for name in named if name not in CONDITIONS]
            if odd or not named:
                known = ", ".join(sorted(CONDITIONS))
                raise ValueError(f"on must be change, always, or some of {known}, not {on!r:.100}")
            on = frozenset(named)
        self.notifier = notifier
        self.on = on
        self._last: tuple[Any, ...] = ()  # the try that it was called for

    def __call__(self, context: Any) -> None:
        """Tell, if there is something to tell."""
        ti = context["ti"]
        # Airflow 2 calls on_success_callback for a task that is skipped, too.
        this = (ti.dag_id, ti.run_id, ti.task_id, ti.map_index, ti.try_number)
        if this == self._last:
            return
        self._last = this
        noted = ti.xcom_pull(task_ids=ti.task_id, map_indexes=ti.map_index, key="hubspot_condition")
        if self._is_told(noted):
            self.notifier(context)

    def _is_told(self, noted: Any) -> bool:
        """Check whether a condition is to be told.

        :param noted: what the task has stored; None if it ended before that.
        """
        if self.on == ALWAYS or not noted:
            return True
        if noted["change"] is None:
            return False
        return self.on == CHANGE or not {noted["condition"], noted["before"]}.isdisjoint(self.on)


_REPORT = "{%- set report = ti.xcom_pull(task_ids=ti.task_id, map_indexes=ti.map_index) -%}"

_STATE = """{% if report.state %}State {{ report.state.table }}
{%- for name in ("changed", "up_to_date", "audited", "drifted", "contested", "gone", "removed", "overdue") %}
{%- set count = report.state.get(name) %}
{%- if count %}, {{ "{:,}".format(count) }} {{ name.replace("_", " ") }}{% endif %}
{%- endfor %}{% endif %}"""
"""What the rows came to beside the state's proofs; a plain table name, and numbers."""

_LISTS = """{% if report.get("lists") %}
{%- set others = report.get("more_lists") or {} %}
{%- set lists = report.lists | length + others.get("count", 0) %}{{ "{:,}".format(lists) }} \
{{ "list" if lists == 1 else "lists" }}
{%- for name in ("added", "member", "removed", "absent") %}
{%- set named = report.lists.values() | selectattr(name, "defined") | sum(attribute=name) %}
{%- set count = named + others.get(name, 0) %}
{%- if count %}, {{ "{:,}".format(count) }} {{ name }}{% endif %}
{%- endfor %}{% endif %}"""
"""What became of contacts in lists; not their names, which may be values of rows."""

_CONDITION = (
    "{%- set noted = ti.xcom_pull(task_ids=ti.task_id, map_indexes=ti.map_index, key='hubspot_condition') -%}"
)

_CHANGE = "Now {{ noted.condition.replace('_', ' ') }}; before: {{ noted.before.replace('_', ' ') }}."
"""In which condition the sync is now, if that has changed."""

SYNC_SUBJECT = (
    "HubSpot sync {{ ti.dag_id }}.{{ ti.task_id }}"
    + _CONDITION
    + "{% if noted and noted.change %}: {{ noted.change.replace('_', ' ') }}{% endif %}"
)
"""A line that names the task, and says what has changed."""

SYNC_TEXT = (
    _REPORT
    + _CONDITION
    + """{{ ti.dag_id }}.{{ ti.task_id }}, {{ ti.run_id }}
{% if noted and noted.change -%}
"""
    + _CHANGE
    + """
{% endif %}
{%- if not report -%}
There is no report: the task ended before it read a record.
{%- else -%}
{{ "{:,}".format(report.rows) }} {{ "record" if report.rows == 1 else "records" }}
{%- for outcome, count in report.outcomes.items() %}, {{ "{:,}".format(count) }} {{ outcome }}{% endfor %}; \
{{ "{:,}".format(report.calls.total) }} {{ "call" if report.calls.total == 1 else "calls" }}
{%- if report.state %}
"""
    + _STATE
    + """{% endif %}
{%- if report.get("lists") %}
"""
    + _LISTS
    + """{% endif %}
{%- if report.stopped %}
Stopped: {{ report.stopped }}{% endif %}
{%- for reason in report.reasons[:5] %}
- {% if reason.code %}{{ reason.code }}: {% endif %}{{ "{:,}".format(reason.count) }} {{ reason.outcome }}\
{% if reason.status %} ({{ reason.status }}){% endif %}\
{% if reason.category %}: {{ reason.category }}{% endif %}\
{% if reason.properties %} {{ reason.properties | join(", ") }}{% endif %}
{%- endfor %}
{%- endif %}"""
)
"""Counts and the most frequent reasons; no key and no value, which are personal data."""

SYNC_HTML = (
    _REPORT
    + _CONDITION
    + """<p>{{ ti.dag_id | e }}.{{ ti.task_id | e }}, {{ ti.run_id | e }}</p>
{% if noted and noted.change %}<p>"""
    + _CHANGE
    + """</p>
{% endif %}{% if not report %}<p>There is no report: the task ended before it read a record.</p>
{% else %}<table>
{% for outcome, count in report.outcomes.items() %}\
<tr><td align="right">{{ "{:,}".format(count) }}</td><td>{{ outcome | e }}</td></tr>
{% endfor %}</table>
<p>"""
    + _STATE
    + """</p>
<p>"""
    + _LISTS
    + """</p>
{% if report.stopped %}<p>Stopped: {{ report.stopped | e }}</p>{% endif %}
<ul>{% for reason in report.reasons[:5] %}\
<li>{% if reason.code %}{{ reason.code | e }}: {% endif %}\
{{ "{:,}".format(reason.count) }} {{ reason.outcome | e }}\
{% if reason.category %}: {{ reason.category | e }}{% endif %} {{ reason.properties | join(", ") | e }}</li>
{% endfor %}</ul>{% endif %}"""
)
"""The same for mails."""
