# SPDX-License-Identifier: Apache-2.0
"""Settings for texts of the source: how numbers, dates, options and missing values are written there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from airflow_provider_hubcontact.job.settings.frozen import Frozen

MARKS = (",", ".")
"""Decimal marks of a number."""


DIRECTIVES = "dmyYjHMSfz%"
"""Directives of a date format: numbers alone, which are the same in every locale."""


class Values(Frozen):
    """How texts of the source are read. A field that is not set changes nothing.

    :param null_texts: texts that mean no value.
    :param labels: whether an option's label is accepted instead of its value.
    :param decimal: the decimal mark of numbers.
    :param dates: format of days and times, or several formats.
    :param booleans: word → its meaning in a boolean property.
    :param json_lists: whether the JSON text of a list is read as a list of options.
    """

    null_texts: Sequence[str] | None = None
    labels: bool = False
    decimal: str | None = None
    dates: str | Sequence[str] | None = None
    booleans: Mapping[str, bool] | None = None
    json_lists: bool = False

    def problems(self) -> Iterator[str]:
        """Yield a sentence for each thing that is wrong."""
        for name, value in (("labels", self.labels), ("json_lists", self.json_lists)):
            if not isinstance(value, bool):
                yield f"values.{name} must be True or False, not {value!r:.100}"
        if self.decimal is not None and self.decimal not in MARKS:
            yield f"values.decimal must be ',' or '.', not {self.decimal!r:.100}"
        yield from self._of_nulls()
        yield from self._of_dates()
        yield from self._of_booleans()

    @property
    def formats(self) -> tuple[str, ...]:
        """The date formats; empty if none is set."""
        if self.dates is None:
            return ()
        return (self.dates,) if isinstance(self.dates, str) else tuple(self.dates)

    @property
    def need_properties(self) -> str | None:
        """The first field that needs the types of the portal's properties; None if no field does."""
        names = ("labels", "decimal", "dates", "booleans", "json_lists")
        return next((name for name in names if getattr(self, name)), None)

    def _of_nulls(self) -> Iterator[str]:
        texts = self.null_texts
        if texts is None:
            return
        if not _is_list_of_texts(texts):
            yield f"values.null_texts must be a list of texts, such as ['NULL', 'N/A'], not {texts!r:.100}"
            return
        for text in texts:
            if text != text.strip():
                yield f"values.null_texts: {text!r:.100} matches nothing: blanks around a value are ignored"

    def _of_dates(self) -> Iterator[str]:
        if self.dates is None:
            return
        if not isinstance(self.dates, str) and not _is_list_of_texts(self.dates):
            yield f"values.dates must be a format, such as '%d.%m.%Y', or several, not {self.dates!r:.100}"
            return
        for form in self.formats:
            if problem := _format_problem(form):
                yield f"values.dates: {form!r:.100} {problem}"

    def _of_booleans(self) -> Iterator[str]:
        words = self.booleans
        if words is None:
            return
        if not isinstance(words, Mapping) or not words or not all(map(_is_word, words.items())):
            yield (
                "values.booleans must map words to True or False, such as {'yes': True, 'no': False}, "
                f"not {words!r:.200}"
            )
            return
        meant: dict[str, bool] = {**_ALWAYS}
        for word, value in words.items():
            folded = word.strip().casefold()
            if not folded:
                yield "values.booleans must not have an empty word: an empty text clears the property"
            elif meant.setdefault(folded, value) is not value:
                yield f"values.booleans: {word!r:.100} cannot mean {value}: it means {not value} already"
            elif word.strip() in (self.null_texts or ()):
                yield f"values.booleans: {word!r:.100} is one of values.null_texts, which mean no value"


def _is_list_of_texts(value: Any) -> bool:
    """Check whether a value is a list of texts that is not empty."""
    if isinstance(value, str) or not isinstance(value, Sequence):
        return False
    return bool(value) and all(isinstance(each, str) for each in value)


def _is_word(item: tuple[object, object]) -> bool:
    return isinstance(item[0], str) and isinstance(item[1], bool)


def _format_problem(form: str) -> str | None:
    """Return why a format cannot be used; None if it can."""
    if form != form.strip():
        return "has blanks around it, which are ignored in a value"
    found = re.findall("%(.?)", form, re.DOTALL)
    if odd := [each for each in found if not each or each not in DIRECTIVES]:
        return f"has %{odd[0]}; allowed are {' '.join(f'%{each}' for each in DIRECTIVES)}"
    return _parts_problem([each for each in found if each != "%"])


def _parts_problem(named: Sequence[str]) -> str | None:
    """Return why the directives of a format cannot be used; None if they can."""
    if twice := [each for each in named if named.count(each) > 1]:
        return f"has %{twice[0]} twice"
    if sorted(each for each in named if each in "dmjyY") not in _DAYS:
        return "must name one day: %Y or %y, and either %m and %d or %j"
    return _time_problem("".join(each for each in "HMSf" if each in named), has_zone="z" in named)


def _time_problem(times: str, *, has_zone: bool) -> str | None:
    """Return why the parts of a time cannot be used; None if they can."""
    if not "HMSf".startswith(times):
        return "has a part of a time without the larger parts before it: %H, %M, %S, %f"
    return "has a time zone, but no time of day" if has_zone and not times else None


_DAYS = (["Y", "d", "m"], ["d", "m", "y"], ["Y", "j"], ["j", "y"])
"""The parts that name one day, in alphabetical order."""


_ALWAYS: Mapping[str, bool] = {"true": True, "1": True, "false": False, "0": False}
"""Texts that always have this meaning in a boolean property."""
