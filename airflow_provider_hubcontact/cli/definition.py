# SPDX-License-Identifier: Apache-2.0
"""What commands there are, for ``hubcontact`` and for Airflow alike.

Every ``airflow`` command loads this module: it imports nothing that takes time.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from argparse import Action, Namespace

SUMMARY = "inspect a HubSpot portal, and try a sync before it runs"


class Option(NamedTuple):
    """An argument of a command.

    :param flags: its names; one without dashes is positional.
    :param settings: what argparse takes besides.
    """

    flags: tuple[str, ...]
    settings: dict[str, Any]


class Command(NamedTuple):
    """A command.

    :param name: as it is typed.
    :param help: a line about it.
    :param description: all about it.
    :param examples: command lines, without the program's name, each with what it is for.
    :param options: its arguments.
    """

    name: str
    help: str
    description: str
    examples: tuple[tuple[str, str], ...]
    options: tuple[Option, ...]

    def epilog(self, program: str) -> str:
        """Return its examples as the end of a help text.

        :param program: by which commands are run.
        """
        lines = [f"  # {what}\n  {program} {line}" for line, what in self.examples]
        return "\n".join(["examples:", *lines])

    def run(self, chosen: Namespace) -> int:
        """Carry it out.

        :return: the exit status.
        """
        module = import_module("airflow_provider_hubcontact.cli.run")
        return int(module.run(self.name, chosen))


def _option(*flags: str, **settings: Any) -> Option:
    is_named = flags[0].startswith("-")
    return Option(flags, {"action": _given_once, **settings} if is_named else settings)


def _given_once(**settings: Any) -> Action:
    from airflow_provider_hubcontact.arguments import GivenOnce

    return GivenOnce(**settings)


def _choice(name: str, *choices: str, **settings: Any) -> Option:
    """Return an argument that is one of a few words; another one is told with the nearest."""

    def chosen(text: str) -> str:
        if text in choices:
            return text
        from argparse import ArgumentTypeError

        from airflow_provider_hubcontact.words import nearest

        raise ArgumentTypeError(f"it must be one of {', '.join(choices)}, not {nearest(text, choices)}")

    return _option(name, metavar=f"{{{','.join(choices)}}}", choices=choices, type=chosen, **settings)


CONNECTION = _option(
    "--conn-id",
    default="hubspot_default",
    metavar="ID",
    help="Airflow connection of the portal (default: %(default)s)",
)
JSON = _option("--json", action="store_true", help="write one JSON document")
LEDGER = "a path, s3://…, sql://conn_id/table, or a folder in a ledger: a run, a task"
OUT = _option("--out", required=True, metavar="FOLDER", help="new folder for the plan: a path, s3://…")
OVERWRITE = _option(
    "--overwrite", action="store_true", help="replace the plan that the folder has (default: leave it alone)"
)
FORM = (
    _choice(
        *("--format", "csv", "json", "jsonl", "parquet"),
        help="what the file is (default: as its suffix says; of standard input, csv), as in: --format jsonl",
    ),
    _option(
        "--delimiter",
        metavar="CHARACTER",
        help="what stands between cells of CSV (default: a comma), as in: --delimiter ';' or --delimiter tab",
    ),
    _option(
        "--encoding",
        metavar="NAME",
        help="encoding of CSV and JSON (default: utf-8), as in: --encoding cp1252",
    ),
)
SETTINGS_FILE = _option(
    "--settings",
    metavar="FILE",
    help="TOML or JSON with any of the operator's keywords, such as writes, guards or status_actions",
)
PORTAL = _option(
    "--conn-id", metavar="ID", help="Airflow connection of the portal (default: hubspot_default)"
)
SETTINGS = (
    _option(
        "file",
        nargs="?",
        help="records; the suffix is .csv, .json, .jsonl, .ndjson (both JSON lines) or .parquet; - reads "
        "standard input",
    ),
    *FORM,
    _option("--sql", metavar="QUERY", help="query whose rows are the records, instead of a file"),
    _option("--sql-conn-id", metavar="ID", help="Airflow connection of the query's database"),
    SETTINGS_FILE,
    _option(
        "--map",
        action="append",
        default=[],
        metavar="COLUMN=PROPERTY",
        help="send this column as this property; may be repeated; other columns are then not sent",
    ),
    _option("--key", metavar="COLUMN", help="column that identifies the contact (default: email)"),
    _option("--key-property", metavar="PROPERTY", help="property that this is a value of (default: email)"),
    _option("--becomes", metavar="COLUMN", help="column with the new value of the key's property"),
    _option(
        "--json-schema",
        metavar="FILE",
        help="JSON Schema that records must satisfy; its references point to files beside it",
    ),
    PORTAL,
)

COMMANDS = (
    Command(
        "check",
        "try the connection: portal, scopes, quota",
        "Try an Airflow connection. The exit status is 1 if HubSpot refuses it, or its token lacks a scope.",
        (("check", "the connection hubspot_default"), ("check --conn-id hubspot_prod --json", "another one")),
        (CONNECTION, JSON),
    ),
    Command(
        "schema",
        "print what the portal's properties allow, as a JSON Schema",
        "Print the portal's property definitions, and the rules of its admins, as a JSON Schema (draft "
        "2020-12) of the values that a sync accepts, before they are converted.",
        (
            ("schema lifecyclestage jobtitle", "two properties"),
            ("schema --conn-id hubspot_prod", "all properties of another portal"),
        ),
        (
            CONNECTION,
            _option(
                "properties",
                nargs="*",
                default=[],
                metavar="PROPERTY",
                help="property to print (default: all)",
            ),
        ),
    ),
    Command(
        "validate",
        "check records against a JSON Schema and the portal, and write nothing",
        "Check records as a sync does before it writes. An empty cell of a CSV file is no value. The exit "
        "status is 1 if a record is not valid.",
        (
            ("validate customers.csv", "against the portal"),
            ("validate - --no-portal --json-schema contact.json < customers.csv", "without it"),
            ("validate export.csv --delimiter ';' --encoding cp1252", "as Excel writes CSV in Europe"),
            ("validate --sql 'SELECT email FROM customers' --sql-conn-id warehouse", "rows of a query"),
        ),
        (
            *SETTINGS,
            _option("--no-portal", action="store_true", help="check without asking the portal"),
            JSON,
        ),
    ),
    Command(
        "plan",
        "find out what a sync would write, and keep it as a plan",
        "Read the contacts and write a plan: every record's old and new values, totals, and settings. "
        "HubSpotApplyPlanOperator applies it. The exit status is 1 if a record has a problem.",
        (
            ("plan customers.csv --out plan", "into a new folder"),
            ("plan customers.csv --out plan --overwrite --upsert", "once more, with contacts to create"),
            (
                "plan customers.csv --out plan --map first_name=firstname --settings sync.toml",
                "with settings",
            ),
        ),
        (
            *SETTINGS,
            _option("--upsert", action="store_true", help="also create contacts that do not exist"),
            OUT,
            OVERWRITE,
            JSON,
        ),
    ),
    Command(
        "undo",
        "plan the undo of a run",
        "Read the ledger of a run, and write a plan that gives contacts their old values back, where they "
        "still have what the run wrote. HubSpotApplyPlanOperator applies it. The ledger must have values: "
        "Ledger(path, values=True). The exit status is 1 if a contact has a problem.",
        (
            ("undo ledger/contacts%2Fmanual__2026-11-26 --out undo", "a run, by its folder in the ledger"),
            (
                "undo sql://warehouse/hubspot_ledger --run contacts/r1 --out undo --archive-created",
                "one of several",
            ),
        ),
        (
            _option("ledger", help=LEDGER),
            _option("--run", metavar="ID", help="the run to undo, if the ledger has several: dag/run id"),
            _option("--task", metavar="ID", help="the task to undo (default: all tasks of the run)"),
            _option(
                "--archive-created",
                action="store_true",
                help="archive the contacts that the run has created (default: leave them alone)",
            ),
            SETTINGS_FILE,
            _option(
                "--key-property",
                metavar="PROPERTY",
                help="property for finding contacts whose record id is not in the ledger (default: email)",
            ),
            PORTAL,
            OUT,
            OVERWRITE,
            JSON,
        ),
    ),
    Command(
        "ledger",
        "summarise a ledger, or list the records that failed",
        "Read a ledger; the last line of each record counts. The exit status is 1 if a record has a problem.",
        (
            ("ledger summary ledger", "counts"),
            ("ledger failures s3://warehouse/hubspot-ledger --json", "the records that failed"),
        ),
        (
            _choice("what", "summary", "failures", help="counts, or the records that failed"),
            _option("ledger", help=LEDGER),
            JSON,
        ),
    ),
    Command(
        "state",
        "look at a state, try its rights, or repair it",
        "show: what a state holds. check: try all rights that it needs, and leave nothing of that. void: "
        "make the next run look every contact up. forget: take keys out. reset: drop its tables. The exit "
        "status is 1 if a right is missing, or proofs are overdue for an audit.",
        (
            ("state show sql://state_db/hubspot_contacts", "what it holds"),
            (
                "state forget sql://state_db/hubspot_contacts - --source customers.csv < erased.txt",
                "take out",
            ),
        ),
        (
            _choice(
                *("what", "show", "check", "void", "forget", "reset"),
                help="what to do, as in: hubcontact state check sql://state_db/hubspot_contacts",
            ),
            _option(
                "state",
                help="sql://conn_id/table or sql://conn_id/schema.table of an Airflow connection, as in: "
                "hubcontact state void sql://state_db/crm.hubspot_contacts",
            ),
            _option(
                "keys",
                nargs="*",
                default=[],
                metavar="KEY",
                help="forget: keys, or - for one a line of standard input, as in: hubcontact state forget "
                "sql://state_db/hubspot_contacts - --yes < erased.txt",
            ),
            _option(
                "--source",
                metavar="FILE",
                help="forget: a file with all rows of the source; nothing is forgotten if one has a key, as "
                "in: hubcontact state forget sql://state_db/hubspot_contacts ada@example.com --source r.csv; "
                "- reads standard input",
            ),
            *FORM,
            _option(
                "--sql",
                metavar="QUERY",
                help="forget: a query with all rows of the source, instead of a file, as in: --sql 'SELECT "
                "email FROM customers' --sql-conn-id warehouse",
            ),
            _option(
                "--sql-conn-id",
                metavar="ID",
                help="forget: Airflow connection of the query's database, as in: --sql-conn-id warehouse",
            ),
            _option(
                "--settings",
                metavar="FILE",
                help="forget: TOML or JSON with the operator's keywords; keys are then read as in its runs, "
                "as in: --settings sync.toml",
            ),
            _option(
                "--conn-id",
                metavar="ID",
                help="forget: connection of the portal, which is asked for its properties if keys may be "
                "numbers (default: hubspot_default), as in: --conn-id hubspot_eu",
            ),
            _option(
                "--key",
                metavar="COLUMN",
                help="forget: column of the source with the key (default: email), as in: --key mail",
            ),
            _option(
                "--key-property",
                metavar="PROPERTY",
                help="forget: property that keys are values of (default: email), as in: --key-property "
                "hs_object_id",
            ),
            _option(
                "--yes",
                action="store_true",
                help="forget: do so whether or not the source has the key; if it has, the next run looks the "
                "contact up as a new one, as in: hubcontact state forget sql://state_db/hubspot_contacts "
                "ada@example.com --yes",
            ),
            _option(
                "--table",
                metavar="NAME",
                help="reset: the table's name once more; a terminal is asked for it, as in: hubcontact state "
                "reset sql://state_db/hubspot_contacts --table hubspot_contacts",
            ),
            _option(
                "--audit",
                metavar="DAYS",
                type=float,
                help="show: days after which a proof is overdue (default: 30), as in: --audit 7",
            ),
            JSON,
        ),
    ),
    Command(
        "sandbox",
        "run a local HubSpot",
        "Run a local HubSpot for tests.",
        (("sandbox --port 8042 --contacts-count 1000", "with contacts that are made up"),),
        (_option("arguments", nargs="...", help="arguments of the sandbox"),),
    ),
)


def get_hubspot_cli_commands() -> list[Any]:
    """Return ``airflow hubspot …`` for Airflow (3.2 and later).

    All but the sandbox, whose options are its own: Airflow's parser would refuse them.
    """
    from airflow.cli.cli_config import ActionCommand, Arg, GroupCommand

    return [
        GroupCommand(
            name="hubspot",
            help=SUMMARY,
            subcommands=[
                ActionCommand(
                    name=command.name,
                    help=command.help,
                    description=command.description,
                    epilog=command.epilog("airflow hubspot"),
                    func=_ending(command),
                    args=[Arg(option.flags, **option.settings) for option in command.options],
                )
                for command in COMMANDS
                if command.name != "sandbox"
            ],
        )
    ]


def _ending(command: Command) -> Any:
    def run(chosen: Namespace) -> None:
        raise SystemExit(command.run(chosen))

    return run
