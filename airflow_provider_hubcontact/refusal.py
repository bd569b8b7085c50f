# SPDX-License-Identifier: Apache-2.0
"""What HubSpot said when it refused a call: one value, from the HTTP answer to the record's result."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Detail:
    """One of the things that are wrong with a call.

    :param message: HubSpot's sentence.
    :param code: HubSpot's code, such as ``PROPERTY_DOESNT_EXIST``.
    :param properties: names of the properties that it is about.
    """

    message: str
    code: str | None = None
    properties: tuple[str, ...] = ()


# ``client.error_body`` reads it from an answer. Everybody behind that passes the same value on, so that a new
# field is added here and read there, and nowhere else.
@dataclass(frozen=True, slots=True)
class Refusal:
    """What is known of a refusal, of a whole call or of some inputs of a batch.

    :param status: HTTP status; of an error inside a 207, the one that it would have alone, or 207 if that is
        not known.
    :param message: all that is wrong, in HubSpot's own sentences, as one printable line. It may quote values.
    :param category: HubSpot's category, such as ``VALIDATION_ERROR``.
    :param correlation_id: HubSpot's id of the call, for its support.
    :param properties: names of the properties that were refused, each once.
    :param subcategory: HubSpot's finer category.
    :param details: everything that is wrong, one by one.
    :param ids: inputs of a batch that are named by id.
    :param trace_ids: inputs of a batch that are named by ``objectWriteTraceId``.
    :param existing_id: record id of the contact that is in the way.
    :param missing_scopes: scopes that the token lacks.
    :param policy: the limit that was reached, such as ``TEN_SECONDLY_ROLLING``.
    :param is_hubspots: whether HubSpot itself or the client said so; a proxy's word decides about no record.
    :param why: what the client itself says of it: words without a value of a record, which logs may show.
    """

    status: int
    message: str
    category: str | None = None
    correlation_id: str | None = None
    properties: tuple[str, ...] = ()
    subcategory: str | None = None
    details: tuple[Detail, ...] = ()
    ids: tuple[str, ...] = ()
    trace_ids: tuple[str, ...] = ()
    existing_id: str | None = None
    missing_scopes: tuple[str, ...] = ()
    policy: str | None = None
    is_hubspots: bool = True
    why: str = ""

    @property
    def is_conflict(self) -> bool:
        """Whether another contact is in the way; HubSpot says so with a 409, and with a 400 that names it."""
        return self.status == 409 or self.existing_id is not None
