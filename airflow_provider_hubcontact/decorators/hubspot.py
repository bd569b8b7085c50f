"""``@task.hubspot_update_contact``: a function returns or yields the records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import (
    DecoratedOperator,
    context_merge,
    task_decorator_factory,
)

from airflow_provider_hubcontact.compat import determine_kwargs
from airflow_provider_hubcontact.operators.hubspot import HubSpotUpdateContactOperator

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context, TaskDecorator


class HubSpotUpdateContactDecoratedOperator(DecoratedOperator, HubSpotUpdateContactOperator):
    """Update contacts from what a function returns or yields.

    :param python_callable: gives the records; one that yields them is read no faster than HubSpot takes
        them.
    :param op_args: its positional arguments. (templated)
    :param op_kwargs: its keyword arguments. (templated)
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
                f"@task.hubspot_update_contact takes no {given[0]}: the function gives the records"
            )
        super().__init__(
            python_callable=python_callable, op_args=op_args, op_kwargs=op_kwargs, records=[], **kwargs
        )

    def execute(self, context: Context) -> dict[str, Any]:
        """Call the function, and sync its records."""
        context_merge(context, self.op_kwargs)
        arguments = determine_kwargs(self.python_callable, self.op_args, context)
        self.records = self.python_callable(*self.op_args, **arguments)
        report: dict[str, Any] = HubSpotUpdateContactOperator.execute(self, context)
        return report


def hubspot_update_contact_task(
    python_callable: Callable[..., Any] | None = None,
    multiple_outputs: bool | None = None,
    **settings: Any,
) -> TaskDecorator:
    """Make a task of a function.

    :param python_callable: the function.
    :param multiple_outputs: push each entry of the report as an XCom of its own, too; the function's return
        type says nothing about it.
    :param settings: of :class:`HubSpotUpdateContactOperator`, but for the source.
    """
    return task_decorator_factory(
        python_callable=python_callable,
        multiple_outputs=bool(multiple_outputs),
        decorated_operator_class=HubSpotUpdateContactDecoratedOperator,
        **settings,
    )
