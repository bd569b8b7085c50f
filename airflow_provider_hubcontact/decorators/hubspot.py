# SPDX-License-Identifier: Apache-2.0
"""``@task.hubspot_update_contact``: a function returns or yields the records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import (
    DecoratedOperator,
    context_merge,
    task_decorator_factory,
)

from airflow_provider_hubcontact.compat import determine_kwargs
from airflow_provider_hubcontact.operators.hubspot import HubSpotUpdateContactOperator
from airflow_provider_hubcontact.operators.sources.redacted import revealed, withhold
from airflow_provider_hubcontact.operators.sources.templates import Origins, handed_in

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context, TaskDecorator


class HubSpotUpdateContactDecoratedOperator(DecoratedOperator, HubSpotUpdateContactOperator):
    """Update contacts from what a function returns or yields.

    :param python_callable: returns or yields the records; a generator is read no faster than HubSpot accepts
        them.
    :param op_args: its positional arguments. A text is a template; the output of another task, and anything
        inside a list or dict, is data: it is neither rendered nor shown. (templated)
    :param op_kwargs: its keyword arguments; the same applies to them. (templated)
    """

    template_fields: Sequence[str] = (
        *DecoratedOperator.template_fields,
        *(name for name in HubSpotUpdateContactOperator.template_fields if name != "records"),
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {
        **DecoratedOperator.template_fields_renderers,
        **HubSpotUpdateContactOperator.template_fields_renderers,
    }
    custom_operator_name = "@task.hubspot_update_contact"

    def __init__(
        self,
        *,
        python_callable: Callable[..., Any],
        op_args: Sequence[Any] | None = None,
        op_kwargs: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        given = sorted({"records", "sql"} & kwargs.keys())
        if given:
            raise ValueError(
                f"@task.hubspot_update_contact takes no {given[0]}: the function returns the records"
            )
        super().__init__(
            python_callable=python_callable, op_args=op_args, op_kwargs=op_kwargs, records=[], **kwargs
        )

    def _do_render_template_fields(
        self,
        parent: Any,
        template_fields: Iterable[str],
        context: Context,
        jinja_env: Any,
        seen_oids: set[int],
    ) -> None:
        """Withhold the arguments that are data; a text in the DAG file is a template, as in any task."""
        if parent is self:

            def resolve(reference: Any) -> Any:
                return self.render_template(reference, context, jinja_env, set())

            origins = Origins.of(self, context["ti"].map_index)
            self.op_args = handed_in(((value, False) for value in self.op_args), resolve)
            named = [(value, origins.argument_is_data(name, value)) for name, value in self.op_kwargs.items()]
            self.op_kwargs = dict(zip(self.op_kwargs, handed_in(named, resolve), strict=True))
        super()._do_render_template_fields(parent, template_fields, context, jinja_env, seen_oids)

    def execute(self, context: Context) -> dict[str, Any]:
        """Call the function, and sync its records."""
        positional = [revealed(value) for value in self.op_args]
        named = {name: revealed(value) for name, value in self.op_kwargs.items()}
        context_merge(context, named)
        arguments = determine_kwargs(self.python_callable, positional, context)
        self.records = withhold(self.python_callable(*positional, **arguments))
        report: dict[str, Any] = HubSpotUpdateContactOperator.execute(self, context)
        return report


def hubspot_update_contact_task(
    python_callable: Callable[..., Any] | None = None,
    multiple_outputs: bool | None = None,
    **settings: Any,
) -> TaskDecorator:
    """Make a task from a function that returns or yields records.

    :param python_callable: the function.
    :param multiple_outputs: also push each entry of the report as a separate XCom; the function's return
        type has no influence.
    :param settings: keywords of :class:`HubSpotUpdateContactOperator`, except ``records`` and ``sql``.
    """
    return task_decorator_factory(
        python_callable=python_callable,
        multiple_outputs=bool(multiple_outputs),
        decorated_operator_class=HubSpotUpdateContactDecoratedOperator,
        **settings,
    )
