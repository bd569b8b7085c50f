# SPDX-License-Identifier: Apache-2.0
"""What the command line takes, and that it means what Python's sandbox does."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from airflow_provider_hubcontact.sandbox import Sandbox, options
from airflow_provider_hubcontact.sandbox.__main__ import main

PARSER = options.parser("sandbox")


def test_what_is_not_given_is_as_in_python() -> None:
    """But for the tier, and the port, which people can remember."""
    usual = {name: each.default for name, each in inspect.signature(Sandbox).parameters.items()}
    chosen: dict[str, Any] = vars(PARSER.parse_args([]))
    same = chosen.keys() & usual.keys() - {"tier", "port"}

    assert {"portal_id", "time_zone", "latency", "v1_batch_delay", "search_lag", "host"} <= same
    assert {name: chosen[name] for name in same if chosen[name] not in (None, [])} == {
        name: usual[name] for name in same if chosen[name] not in (None, [])
    }


@pytest.mark.parametrize(
    ("option", "least", "most"),
    [
        ("--port", 0, 65_535),
        ("--portal-id", 0, 2**53),
        ("--daily-limit", 0, 2**53),
        ("--latency", 0, 86_400),
        ("--oauth-lifetime", 0, 86_400),
    ],
)
def test_the_bounds_of_a_number(
    option: str, least: int, most: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both can be given, and the next ones are refused with them."""
    name = option.removeprefix("--").replace("-", "_")

    taken = [getattr(PARSER.parse_args([f"{option}={each}"]), name) for each in (least, most)]
    for each in (least - 1, most + 1):
        with pytest.raises(SystemExit):
            PARSER.parse_args([f"{option}={each}"])

    assert taken == [least, most]
    assert capsys.readouterr().err.count(f"is not between {least:,} and {most:,}") == 2


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (["--port", "1", "--port", "2"], "argument --port: it is given twice"),
        (["--db", "a.sqlite", "--db", "b.sqlite"], "argument --db: it is given twice"),
        (
            ["--switch", "old_email=secondary", "--switch", "old_email=dropped"],
            "argument --switch: old_email is given twice",
        ),
    ],
)
def test_an_option_that_is_given_twice(
    line: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only one value would have an effect; those that can be repeated say so."""
    with pytest.raises(SystemExit) as ended:
        main(line)

    assert ended.value.code == 2
    assert f"{says}: only one value has an effect" in capsys.readouterr().err


def test_an_option_that_there_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    """It is told with the nearest one, and nothing is served."""
    with pytest.raises(SystemExit) as ended:
        main(["--contact-count=5", "--prt", "8042"])

    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert (
        "it does not take --contact-count (the nearest is --contacts-count), --prt (the nearest is --port)"
        in told
    )
