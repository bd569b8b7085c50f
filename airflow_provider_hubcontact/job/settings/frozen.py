# SPDX-License-Identifier: Apache-2.0
"""Values with named fields that never change.

A named tuple or a dataclass is the same, but its class takes twenty times as long to make, and every parsed
DAG file pays for that.
"""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn, Self, dataclass_transform

__all__ = ["Frozen"]


@dataclass_transform(frozen_default=True)
class Frozen:
    """A value whose fields are the annotations of its class, as a frozen dataclass's are.

    :param values: of the first fields, in their order.
    :param named: of other fields; a field that is not named has its class's default.
    :raises TypeError: if a field is missing, unknown, or named twice.
    :ivar field_names: all fields, in their order.
    """

    field_names: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        """Take the fields from the annotations."""
        cls.field_names = tuple(cls.__annotations__)

    def __init__(self, *values: Any, **named: Any) -> None:
        names = self.field_names
        first = names[: len(values)]
        odd = len(values) > len(names) or named.keys() & first or named.keys() - names
        if odd or any(name not in first and name not in named and not hasattr(self, name) for name in names):
            raise TypeError(f"{type(self).__name__} has the fields {', '.join(names)}, each at most once")
        self.__dict__.update(zip(first, values, strict=True), **named)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.field_names)

    def __hash__(self) -> int:
        return hash(tuple(self.fields().values()))

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self.fields().items())
        return f"{type(self).__name__}({fields})"

    def fields(self) -> dict[str, Any]:
        """Return the fields by their names."""
        return {name: getattr(self, name) for name in self.field_names}

    def replace(self, **changes: Any) -> Self:
        """Return a value that differs in some fields.

        :param changes: field → new value.
        :raises TypeError: if there is no such field.
        """
        return type(self)(**{**self.fields(), **changes})
