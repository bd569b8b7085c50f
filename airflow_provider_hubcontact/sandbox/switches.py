# SPDX-License-Identifier: Apache-2.0
"""Switches for behaviour of HubSpot that is not known for certain."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Literal, get_args, get_type_hints


@dataclass(frozen=True, slots=True)
class Switches:
    """The open questions, each with the likelier answer as its default.

    :param batch_update_with_trace_ids: an invalid input among inputs that all have an
        ``objectWriteTraceId``: ``207`` names it, as create and upsert do, ``400`` refuses the batch.
    :param batch_update_by_email: ``idProperty: email`` in a batch update: HubSpot's guide and its reference
        contradict each other; a report of 2024 has it refused.
    :param upsert_by_email: an upsert that names some properties of a contact by its address: ``partial``
        changes these; ``refused`` answers 400, as the guide's "not supported" can be read.
    :param write_rules: required and conditional properties, which came with 2026-09, count for ``2026-09``
        alone, or for ``every`` version.
    :param search_filters: of a search: ``18`` at most and six in a group (guide), or ``25`` and ten
        (changelog).
    :param import_calls: whether calls of the imports API are ``counted`` by the limits, or ``free``.
    :param stage_regression: a lifecycle stage that goes back by v3 or a dated version: ``keep`` answers 200
        with the old stage, ``reject`` answers 400. v1 always keeps it and answers 204.
    :param taken_email: an update of one contact takes another one's address: ``409``, ``400`` as for other
        unique values, or ``ignore`` to write the rest and keep the address. Batches and createOrUpdate never
        ignore it.
    :param taken_email_on_create: a creation takes another contact's address: ``409``, or the ``400`` that was
        recorded where HubSpot's own look-up had missed it.
    :param old_email: a new primary address makes the old one: ``dropped``, or ``secondary``.
    :param first_company: the first company of a contact becomes its ``primary`` one by itself, or stays
        ``unlabeled``.
    :param merged_id: what two records become has a ``new`` id, or, with HubSpot's beta "Primary ID
        Preservation", the primary one's, ``kept``.
    :param gdpr_address: an address that was deleted for good is ``blocked``, or ``free`` for a new contact.
    :param result_order: the order of a batch's results: HubSpot promises none, ``reversed`` shows it.
    :param v1_errors: refusals by v1 of an unknown contact and a taken address: ``newer``, of 2021 and later,
        with a category and ``errors``, or ``older``.
    :param v1_batch_limit: the most contacts of a batch of v1: a changelog says ``20000``, the reference
        ``1000``.
    :param not_emulated: the status of what the sandbox does not emulate: ``501`` with
        ``X-Should-Retry: false``, which hubspot-sdk obeys; or ``405``, since the Node client repeats any 5xx.
    :param new_contact_stage: the stage of a contact that is created by API without one, a setting of the
        portal: ``lead`` (F), or ``none``.
    :param oauth_json: OAuth's parameters as JSON, as hubspot-sdk sends them, instead of the documented form:
        ``415`` was reported for v1, ``accepted`` reads them.
    :param import_invalid_value: a value that HubSpot does not take keeps out of an import the ``value``, or
        the whole ``row``. An invalid id always keeps out the row.
    """

    batch_update_with_trace_ids: Literal["207", "400"] = "207"
    batch_update_by_email: Literal["refused", "allowed"] = "refused"
    upsert_by_email: Literal["partial", "refused"] = "partial"
    write_rules: Literal["2026-09", "every"] = "2026-09"
    search_filters: Literal["18", "25"] = "18"
    import_calls: Literal["counted", "free"] = "counted"
    stage_regression: Literal["keep", "reject"] = "keep"
    taken_email: Literal["409", "400", "ignore"] = "409"
    taken_email_on_create: Literal["409", "400"] = "409"
    old_email: Literal["dropped", "secondary"] = "dropped"
    first_company: Literal["primary", "unlabeled"] = "primary"
    merged_id: Literal["new", "kept"] = "new"
    gdpr_address: Literal["blocked", "free"] = "blocked"
    result_order: Literal["reversed", "input"] = "reversed"
    v1_errors: Literal["newer", "older"] = "newer"
    v1_batch_limit: Literal["20000", "1000"] = "20000"
    not_emulated: Literal["501", "405"] = "501"
    new_contact_stage: Literal["lead", "none"] = "lead"
    oauth_json: Literal["415", "accepted"] = "415"
    import_invalid_value: Literal["value", "row"] = "value"

    def __post_init__(self) -> None:
        choices = Switches.choices()
        for name, allowed in choices.items():
            value = getattr(self, name)
            if value not in allowed:
                raise ValueError(f"The switch {name} is one of {', '.join(allowed)}, not {value!r}.")

    @classmethod
    def choices(cls) -> dict[str, tuple[str, ...]]:
        """Return the values of each switch, the default first.

        :return: switch → values.
        """
        hints = get_type_hints(cls)
        return {field.name: get_args(hints[field.name]) for field in fields(cls)}

    def flipped(self, settings: dict[str, str]) -> Switches:
        """Return these switches with some of them set.

        :param settings: switch → value.
        :raises ValueError: for a switch or value that does not exist.
        """
        unknown = sorted(settings.keys() - self.choices().keys())
        if unknown:
            raise ValueError(f"There is no switch {unknown[0]!r}; there are {', '.join(self.choices())}.")
        return replace(self, **settings)  # type: ignore[arg-type] # __post_init__ checks the values
