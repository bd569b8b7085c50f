# SPDX-License-Identifier: Apache-2.0
"""What Airflow renders of a task's settings, and what it must not: records are data."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_hubcontact.operators.base import HubSpotRunOperator
from airflow_provider_hubcontact.operators.fields import Options

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_hubcontact.operators.sources.templates import Origins


class HubSpotTemplatedOperator(HubSpotRunOperator):
    """Render settings, files and value objects as they stand in the DAG file, and withhold the records.

    :ivar records: what is handed in; withheld from logs and pages once it is known.
    :ivar json_schema: a file's name becomes the file's text.
    :ivar schema_folder: the folder of that file; None without one.
    """

    records: Any
    json_schema: Any
    schema_folder: Path | None

    @property
    def _was_mapped(self) -> bool:
        return bool(getattr(self, "_BaseOperator__from_mapped", False))

    def _depend_on_references(self) -> None:
        """Set the tasks whose outputs are in value objects upstream: Airflow looks into lists and dicts only.

        :raises ValueError: in a mapped task, which is made when its dependencies have long been settled.
        """
        for name in ("key", "writes", "values", "guards", "ledger", "state", "lists", "replay"):
            if not isinstance(option := getattr(self, name), Options):
                continue
            from airflow_provider_hubcontact.operators.sources.templates import references_in

            for reference in references_in(option):
                if self._was_mapped:
                    raise ValueError(
                        f"{type(option).__name__} of a mapped task contains another task's output, for which "
                        "Airflow does not wait: let that task return the whole object, passed to expand()"
                    )
                for task, _ in reference.iter_references():
                    self.set_upstream(task)

    def resolve_template_files(self) -> None:
        """Read the template files of the settings that may name one; any other text is just that."""
        from airflow_provider_hubcontact.operators.sources.templates import TEMPLATE_FILES

        self._note_schema_folder()
        fields = self.template_fields
        self.template_fields = [name for name in fields if name in TEMPLATE_FILES]
        try:
            super().resolve_template_files()
        finally:
            self.template_fields = fields

    def _note_schema_folder(self, jinja_env: Any = None) -> None:
        """Note the folder of the schema's file before Airflow replaces its name by its text."""
        if isinstance(self.json_schema, str) and self.json_schema.endswith(".json"):
            from airflow_provider_hubcontact.operators.sources.templates import folder_of_file

            self.schema_folder = folder_of_file(self.json_schema, jinja_env or self.get_template_env())

    def _do_render_template_fields(
        self,
        parent: Any,
        template_fields: Iterable[str],
        context: Context,
        jinja_env: Any,
        seen_oids: set[int],
    ) -> None:
        """Render what stands in the DAG file, never what is data, and withhold the records.

        Airflow has no public place for this that mapped tasks pass through too.
        """
        from airflow_provider_hubcontact.operators.sources.templates import TEMPLATE_FILES, Origins

        render = super()._do_render_template_fields
        if parent is not self:
            render(parent, template_fields, context, jinja_env, seen_oids)
            return
        origins = Origins.of(self, context["ti"].map_index)
        names = self._templates(template_fields, origins)
        if "json_schema" in names:
            self._note_schema_folder(jinja_env)
        files = [name for name in names if name in TEMPLATE_FILES]
        self._check_files(files, jinja_env)
        render(self, files, context, jinja_env, seen_oids)
        extensions, self.template_ext = self.template_ext, ()
        try:
            others = [name for name in names if name not in TEMPLATE_FILES]
            render(self, others, context, jinja_env, seen_oids)
            if "records" in template_fields and (self.records is not None or "records" in origins.given):
                self._take_records(origins, context, jinja_env)
        finally:
            self.template_ext = extensions

    def _check_files(self, names: Iterable[str], jinja_env: Any) -> None:
        """Check that the template files are there.

        :raises HubSpotSyncFailed: if one is not.
        """
        from airflow_provider_hubcontact.job.errors import SetupError
        from airflow_provider_hubcontact.operators.errors import HubSpotSyncFailed
        from airflow_provider_hubcontact.operators.sources.templates import check_file
        from airflow_provider_hubcontact.sync.model.codes import coded

        try:
            for name in names:
                check_file(name, getattr(self, name), self.template_ext, jinja_env)
        except SetupError as error:
            raise HubSpotSyncFailed(coded(error)) from None

    def _templates(self, template_fields: Iterable[str], origins: Origins) -> list[str]:
        """Return the settings that are rendered, each as an object of this task alone."""
        names = [
            name
            for name in template_fields
            if name != "records" and not origins.setting_is_data(name, getattr(self, name))
        ]
        for name in names:  # Airflow renders a value object in its place, and may have copied the task
            if isinstance(given := getattr(self, name), Options):
                setattr(self, name, given.copy())
        return names

    def _take_records(self, origins: Origins, context: Context, jinja_env: Any) -> None:
        """Resolve the records; only a text, or a function, in the DAG file can be a template."""
        from airflow_provider_hubcontact.operators.sources.redacted import withhold
        from airflow_provider_hubcontact.operators.sources.templates import resolved

        if not origins.setting_is_data("records", self.records):
            if isinstance(self.records, str) or callable(self.records):
                super()._do_render_template_fields(self, ["records"], context, jinja_env, set())
            else:
                self.records = resolved(
                    self.records, lambda each: self.render_template(each, context, jinja_env, set())
                )
        self.records = withhold(self.records)
