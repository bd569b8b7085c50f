# SPDX-License-Identifier: Apache-2.0
"""What the command lines share: an option that takes one value is given once."""

from __future__ import annotations

from argparse import Action, ArgumentError, ArgumentParser, Namespace
from collections.abc import Sequence

__all__ = ["GivenOnce"]


class GivenOnce(Action):
    """Stores the value of an option, and refuses a second one; argparse would forget the first."""

    _of: Namespace | None = None  # the command line that has had it

    def __call__(
        self,
        parser: ArgumentParser,
        namespace: Namespace,
        values: str | Sequence[object] | None,
        option_string: str | None = None,
    ) -> None:
        """Take the value.

        :raises ArgumentError: if there is one.
        """
        del parser, option_string
        if self._of is namespace:
            raise ArgumentError(self, "it is given twice: only one value has an effect")
        self._of = namespace
        setattr(namespace, self.dest, values)
