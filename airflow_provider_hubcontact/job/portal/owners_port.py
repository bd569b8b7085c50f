# SPDX-License-Identifier: Apache-2.0
"""Connects the list of owners of ``client`` with ``sync``."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_provider_hubcontact.client import owners as client
from airflow_provider_hubcontact.job.portal.contacts_port import answered
from airflow_provider_hubcontact.sync.model.ports import Lost, Owner, Refused


class OwnersPort:
    """Lists the owners of a portal.

    :param owners: of the portal.
    """

    def __init__(self, owners: client.Owners) -> None:
        self._owners = owners

    def read(self, *, archived: bool) -> Sequence[Owner] | Refused | Lost:
        """Return the owners, or why they cannot be listed.

        :param archived: return the owners whose user accounts were removed, instead of the others.
        """
        return answered(lambda: self._owners.list(archived=archived), _owners)


def _owners(listed: Sequence[client.Owner]) -> Sequence[Owner]:
    return [Owner(each.id, each.email, each.user_id) for each in listed]
