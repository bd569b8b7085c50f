# SPDX-License-Identifier: Apache-2.0
"""Keeps the addresses of contacts out of urllib3's log: the legacy API has them in its paths."""

from __future__ import annotations

import logging
import re

_ADDRESS = re.compile(r"(/contacts/v1/contact/(?:createOrUpdate/)?email/)[^/?\s'\"]+")


class _WithoutAddress(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                without_address(each) if isinstance(each, str) else each for each in record.args
            )
        return True


def without_address(text: str) -> str:
    """Return a path, or a text with one, without a contact's address."""
    return _ADDRESS.sub(r"\1***", text)


def withhold_addresses() -> None:
    """Keep addresses out of what urllib3 logs from now on, at debug level mostly."""
    logger = logging.getLogger("urllib3.connectionpool")
    if not any(isinstance(each, _WithoutAddress) for each in logger.filters):
        logger.addFilter(_WithoutAddress())
