"""Templates of a sync's result, which Airflow's own notifiers render: Slack, mail and the like."""

from __future__ import annotations

_REPORT = "{%- set report = ti.xcom_pull(task_ids=ti.task_id, map_indexes=ti.map_index) -%}"

_STATE = """{% if report.state %}State {{ report.state.table }}
{%- for name in ("changed", "up_to_date", "audited", "drifted", "contested", "gone", "removed", "overdue") %}
{%- set count = report.state.get(name) %}
{%- if count %}, {{ "{:,}".format(count) }} {{ name.replace("_", " ") }}{% endif %}
{%- endfor %}{% endif %}"""
"""What the rows came to beside the state's proofs; a plain table name, and numbers."""

SYNC_SUBJECT = "HubSpot sync {{ ti.dag_id }}.{{ ti.task_id }}"
"""A line that names the task."""

SYNC_TEXT = (
    _REPORT
    + """{{ ti.dag_id }}.{{ ti.task_id }}, {{ ti.run_id }}
{% if not report -%}
There is no report: the task ended before it read a record.
{%- else -%}
{{ "{:,}".format(report.rows) }} records
{%- for outcome, count in report.outcomes.items() %}, {{ "{:,}".format(count) }} {{ outcome }}{% endfor %}; \
{{ "{:,}".format(report.calls.total) }} calls
{%- if report.state %}
"""
    + _STATE
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
    + """<p>{{ ti.dag_id | e }}.{{ ti.task_id | e }}, {{ ti.run_id | e }}</p>
{% if not report %}<p>There is no report: the task ended before it read a record.</p>
{% else %}<table>
{% for outcome, count in report.outcomes.items() %}\
<tr><td align="right">{{ "{:,}".format(count) }}</td><td>{{ outcome | e }}</td></tr>
{% endfor %}</table>
<p>"""
    + _STATE
    + """</p>
{% if report.stopped %}<p>Stopped: {{ report.stopped | e }}</p>{% endif %}
<ul>{% for reason in report.reasons[:5] %}\
<li>{% if reason.code %}{{ reason.code | e }}: {% endif %}\
{{ "{:,}".format(reason.count) }} {{ reason.outcome | e }}\
{% if reason.category %}: {{ reason.category | e }}{% endif %} {{ reason.properties | join(", ") | e }}</li>
{% endfor %}</ul>{% endif %}"""
)
"""The same for mails."""
