# SPDX-License-Identifier: Apache-2.0
"""How texts are read is checked when a DAG file is parsed: what is wrong, or has no effect."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_hubcontact.job.settings.problems import problems_of
from airflow_provider_hubcontact.job.settings.settings import Settings
from airflow_provider_hubcontact.job.settings.values import Values

MANY: Any = ["NULL"]


def of(**fields: Any) -> list[str]:
    return problems_of(Settings(values=Values(**fields)))


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"labels": "yes"}, "values.labels must be True or False, not 'yes'"),
        ({"labels": 1}, "values.labels must be True or False, not 1"),
        ({"json_lists": "{{ params.x }}"}, "values.json_lists must be True or False"),
        ({"decimal": ";"}, "values.decimal must be ',' or '.', not ';'"),
        ({"decimal": ""}, "values.decimal must be ',' or '.', not ''"),
        ({"decimal": True}, "values.decimal must be ',' or '.', not True"),
        ({"null_texts": "NULL"}, "values.null_texts must be a list of texts, such as ['NULL', 'N/A']"),
        ({"null_texts": []}, "values.null_texts must be a list of texts"),
        ({"null_texts": [None]}, "values.null_texts must be a list of texts"),
        ({"null_texts": {"NULL": 1}}, "values.null_texts must be a list of texts"),
        (
            {"null_texts": [" NULL"]},
            "values.null_texts: ' NULL' matches nothing: blanks around a value are ignored",
        ),
        ({"dates": []}, "values.dates must be a format, such as '%d.%m.%Y', or several, not []"),
        ({"dates": 5}, "values.dates must be a format"),
        ({"dates": ["%d.%m.%Y", 5]}, "values.dates must be a format"),
        ({"dates": ""}, "values.dates: '' must name one day: %Y or %y, and either %m and %d or %j"),
        ({"dates": "%d.%m."}, "must name one day"),
        ({"dates": "%d.%Y"}, "must name one day"),
        ({"dates": "%d.%m.%Y %j"}, "must name one day"),
        ({"dates": "%Y %y %j"}, "must name one day"),
        ({"dates": "dd.mm.yyyy"}, "must name one day"),
        ({"dates": "%d.%m.%Y "}, "has blanks around it"),
        ({"dates": "%d %B %Y"}, "has %B; allowed are %d %m %y %Y %j %H %M %S %f %z %%"),
        ({"dates": "%d.%m.%Y %I:%M %p"}, "has %I"),
        ({"dates": "%x"}, "has %x"),
        ({"dates": "%d.%m.%Y %"}, "has %"),
        ({"dates": "%d.%m.%Y %-d"}, "has %-"),
        ({"dates": "%d.%d.%m.%Y"}, "has %d twice"),
        ({"dates": "%d.%m.%Y %M"}, "has a part of a time without the larger parts before it"),
        ({"dates": "%d.%m.%Y %H:%S"}, "has a part of a time without the larger parts before it"),
        ({"dates": "%d.%m.%Y %z"}, "has a time zone, but no time of day"),
        (
            {"booleans": {}},
            "values.booleans must map words to True or False, such as {'yes': True, 'no': Fal",
        ),
        ({"booleans": ("yes", "no")}, "values.booleans must map words to True or False"),
        ({"booleans": {"yes": 1}}, "values.booleans must map words to True or False"),
        ({"booleans": {5: True}}, "values.booleans must map words to True or False"),
        (
            {"booleans": {" ": True}},
            "values.booleans must not have an empty word: an empty text clears the property",
        ),
        (
            {"booleans": {"yes": True, "YES ": False}},
            "values.booleans: 'YES ' cannot mean False: it means True",
        ),
        ({"booleans": {"0": True}}, "values.booleans: '0' cannot mean True: it means False already"),
        ({"booleans": {"True": False}}, "cannot mean False: it means True already"),
        (
            {"booleans": {"N/A": False}, "null_texts": ["N/A"]},
            "values.booleans: 'N/A' is one of values.null_texts, which mean no value",
        ),
    ],
)
def test_what_is_wrong(fields: dict[str, Any], says: str) -> None:
    """One sentence, with the field and what was given."""
    (problem,) = of(**fields)
    assert says in problem


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"null_texts": ["NULL", "\\N", "N/A", ""]},
        {"null_texts": ("NULL",)},
        {"labels": True, "json_lists": True},
        {"decimal": ","},
        {"decimal": "."},
        {"dates": "%d.%m.%Y"},
        {"dates": ("%d.%m.%Y", "%Y-%m-%dT%H:%M:%S.%f%z", "%y%j", "%d%%%m%%%Y")},
        {"booleans": {"yes": True, "no": False, "1": True, "X": True}},
    ],
)
def test_what_is_right(fields: dict[str, Any]) -> None:
    """Fields that say something."""
    assert of(**fields) == []


def test_everything_at_once() -> None:
    """A DAG file is mended in one go."""
    assert len(of(labels=5, decimal=5, null_texts=5, dates=5, booleans=5, json_lists=5)) == 6


@pytest.mark.parametrize(
    ("values", "name"),
    [
        (Values(), None),
        (Values(null_texts=MANY), None),
        (Values(null_texts=MANY, decimal=","), "decimal"),
        (Values(labels=True, decimal=","), "labels"),
        (Values(dates="%d.%m.%Y"), "dates"),
        (Values(booleans={"ja": True}), "booleans"),
        (Values(json_lists=True), "json_lists"),
    ],
)
def test_what_needs_the_types_of_properties(values: Values, name: str | None) -> None:
    """A text that means no value means so in each property."""
    assert values.need_properties == name
