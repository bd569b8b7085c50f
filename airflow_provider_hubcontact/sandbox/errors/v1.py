# SPDX-License-Identifier: Apache-2.0
"""Refusals in the words of the contacts API v1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from airflow_provider_hubcontact.sandbox.errors.refusal import Json, Refused
from airflow_provider_hubcontact.sandbox.errors.values import Problem


class PropertyMissing(Refused):
    """An entry of v1's ``properties`` does not say which property it is (F)."""

    def __init__(self) -> None:
        super().__init__("property cannot be missing or null")


class LegacyContactNotFound(Refused):
    """v1 is asked for a contact that it does not have (F).

    :param older: whether it is told as it was until 2020, without a category and ``errors``.
    """

    status = 404

    def __init__(self, *, older: bool) -> None:
        sentence = "contact does not exist"
        if older:
            super().__init__(sentence)
        else:
            super().__init__(sentence, "OBJECT_NOT_FOUND", errors=[{"message": sentence}])


class LegacyContactExists(Refused):
    """Another contact has this address, in the words of v1 (F).

    :param profile: the other contact's ``identityProfile``.
    :param older: whether the sentence has the other contact's id, as it had until 2024.
    """

    status = 409

    def __init__(self, existing_id: str | None, value: str, profile: Json, *, older: bool) -> None:
        text = f"A contact with email {value} already exists. Existing ID: {existing_id}"
        super().__init__(
            f"Contact already exists. Existing ID: {existing_id}" if older else "Contact already exists",
            "OBJECT_ALREADY_EXISTS",
            identityProfile=profile,
            errors=[{"message": text, "in": "email"}],
            error="CONTACT_EXISTS",
        )


class NotMergeable(Refused):
    """A contact of a v1 merge is unknown, or both are the same (F; U for the same)."""

    def __init__(self) -> None:
        super().__init__("vid to merge is not a valid contact or is already in the process of being merged")


class Failure(NamedTuple):
    """Why one contact prevents a batch of v1 from being accepted.

    :param place: the contact's place in the batch, from 0.
    :param problem: what is wrong with a property; None if the problem is another one.
    :param invalid_email: an address that is not valid.
    """

    place: int
    message: str
    problem: Problem | None = None
    invalid_email: str = ""

    @property
    def entry(self) -> Json:
        """The failure as an entry of ``failureMessages``; an invalid address has no property result (C)."""
        if self.problem is None or self.invalid_email:
            return {"index": self.place, "error": {"status": "error", "message": self.message}}
        return {"index": self.place, "propertyValidationResult": self.problem.result}


class BatchRefused(Refused):
    """A batch of v1 has contacts that cannot be written, so that none is written (C, F)."""

    def __init__(self, failures: Sequence[Failure]) -> None:
        super().__init__(
            "Errors found processing batch update",
            invalidEmails=[failure.invalid_email for failure in failures if failure.invalid_email],
            failureMessages=[failure.entry for failure in failures],
        )
