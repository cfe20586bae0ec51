"""The command `central-config` (`ccfg`): every command by name, and how it ends.

A command's module is imported when the command is called, so `ccfg get` does not pay for the
server, nor `ccfg --help` for anything.
"""

import os
import sys
from collections.abc import Collection, Sequence
from typing import NamedTuple

from cyclopts import App, CycloptsError, Group

from central_config import __version__
from central_config.cli.errors import INTERRUPTED, OK, USAGE, CliError
from central_config.cli.groups import DEFAULTS
from central_config.core.process import collect_rarely

NAME = "ccfg"
PACKAGE = "central_config"
COMMANDS = f"{PACKAGE}.cli.commands"

VALUES = Group("Configuration", sort_key=1)
PAST = Group("History and review", sort_key=2)
FILES = Group("Files and programs", sort_key=3)
PLACES = Group("Workspaces and rules", sort_key=4)
ACCESS = Group("Access and audit", sort_key=5)
SIGN_IN = Group("Signing in", sort_key=6)
SERVER = Group("Running the service", sort_key=7)
OPERATING = Group("Operating the service", sort_key=8)


class Command(NamedTuple):
    """A command: its name, where it is (`module:attribute` below a package), what it does.

    `summary` repeats the first line of its help, so that the list of commands imports none.
    """

    name: str
    place: str
    summary: str
    group: Group


TABLE = (
    Command("get", "reading:get", "Read a value, or all an environment serves.", VALUES),
    Command("set", "writing:set_", "Write a value.", VALUES),
    Command(
        "rm",
        "writing:rm",
        "Remove the environment's own value; what a parent holds shows again.",
        VALUES,
    ),
    Command(
        "ls",
        "reading:ls",
        "List configurations with their status, origin and last change.",
        VALUES,
    ),
    Command("tree", "reading:tree", "Show keys as a tree of their segments.", VALUES),
    Command(
        "status",
        "writing:status",
        "Deprecate, archive or reactivate a value the environment itself holds.",
        VALUES,
    ),
    Command(
        "search",
        "reading:search",
        "Find configurations by what their key, description or value holds.",
        VALUES,
    ),
    Command(
        "reveal",
        "reading:reveal",
        "Show a secret in clear. The audit log records who looked, and why.",
        VALUES,
    ),
    Command(
        "ask",
        "ask:ask",
        "Ask in plain words: which keys, who changed what when, what differs, why, what is unused.",
        VALUES,
    ),
    Command("watch", "watch:watch", "Print changes as they are published, until Ctrl-C.", VALUES),
    Command("diff", "past:diff", "Show what changed in an environment between two moments.", PAST),
    Command("history", "past:history", "List the versions of a key, newest first.", PAST),
    Command(
        "log",
        "past:log",
        "Show the timeline of the workspace, newest first, or what one revision did.",
        PAST,
    ),
    Command(
        "activity",
        "past:activity",
        "List who changed which value when, in all environments or, with `--env`, in one.",
        PAST,
    ),
    Command(
        "explain", "past:explain", "Say why an environment serves what it serves for a key.", PAST
    ),
    Command(
        "rollback",
        "past:rollback",
        "Make an environment's own values what they were; shows the differences first.",
        PAST,
    ),
    Command(
        "change", "change:app", "Changes: many keys at once, drafted, reviewed, published.", PAST
    ),
    Command(
        "review",
        "review:review",
        "Say what could be wrong with a change, with evidence and how risky it is.",
        PAST,
    ),
    Command(
        "advice",
        "advice:app",
        "Advice: what the workspace could do better, as drafts for you to look at.",
        PAST,
    ),
    Command(
        "compact",
        "past:compact",
        "Forget history before a revision or time. It cannot be taken back.",
        PAST,
    ),
    Command(
        "import",
        "transfer:import_",
        "Bring a file in as a draft change, and show what it would do.",
        FILES,
    ),
    Command(
        "export",
        "transfer:export",
        "Write what an environment serves as a file, references resolved.",
        FILES,
    ),
    Command(
        "run",
        "run:run",
        "Run a program with the environment's values as its environment variables.",
        FILES,
    ),
    Command("workspace", "workspace:app", "Workspaces: create, list, show, delete.", PLACES),
    Command(
        "env",
        "environment:app",
        "Environments: create, list, update, delete, compare.",
        PLACES,
    ),
    Command("schema", "schema:app", "Schema rules: which values keys may have.", PLACES),
    Command(
        "synonym",
        "synonym:app",
        "Synonyms: what people say for what configurations are called.",
        PLACES,
    ),
    Command(
        "user",
        "user:app",
        "Users: list, create, show, deactivate; their roles; the access review.",
        ACCESS,
    ),
    Command("role", "role:app", "Roles: which there are, and what they allow.", ACCESS),
    Command("key", "key:app", "API keys, for programs: create, list, rotate, revoke.", ACCESS),
    Command("audit", "audit:app", "The audit log: list, export, verify, seal old months.", ACCESS),
    Command(
        "job",
        "job:app",
        "Background jobs: list, watch, retry, cancel; what runs by itself.",
        OPERATING,
    ),
    Command(
        "maintenance",
        "maintenance:app",
        "Maintenance: run it, and read its reports.",
        OPERATING,
    ),
    Command(
        "incident",
        "incident:app",
        "Incidents: open, update, acknowledge, resolve, report, escalate.",
        OPERATING,
    ),
    Command("checklist", "checklist:app", "Checklists: run one, list runs.", OPERATING),
    Command(
        "notification", "notification:app", "Messages to people: list, test, retry.", OPERATING
    ),
    Command("login", "account:login", "Sign in, and save the session as a context.", SIGN_IN),
    Command("logout", "account:logout", "End the session, here and on the server.", SIGN_IN),
    Command("whoami", "account:whoami", "Show who you are and what you may do.", SIGN_IN),
    Command("passwd", "account:passwd", "Change your password; your other sessions end.", SIGN_IN),
    Command(
        "context",
        "context:app",
        "Saved contexts: which server, as whom, where by default.",
        SIGN_IN,
    ),
    Command(
        "completion",
        "completion:app",
        "Completion of commands and options in the shell.",
        SIGN_IN,
    ),
)

# These run the service itself. Their place, like that of the next, is below `PACKAGE`.
SERVER_COMMANDS = (
    Command(
        "serve",
        "cli.server:serve",
        "Run everything on this machine: PostgreSQL, Valkey, API, worker and beat.",
        SERVER,
    ),
    Command("api", "cli.server:api", "Run the API (production: one process per replica).", SERVER),
    Command("worker", "cli.server:worker", "Run the background worker.", SERVER),
    Command("beat", "cli.server:beat", "Run the scheduler; any number may run, one leads.", SERVER),
    Command(
        "migrate",
        "cli.server:migrate",
        "Bring the database schema to the version this program needs.",
        SERVER,
    ),
    Command(
        "bootstrap",
        "cli.server:bootstrap",
        "Create roles, the first administrator and, when asked for, the sample workspace.",
        SERVER,
    ),
)

# These operate the service on its own settings: they ask no API, for it may be down.
OPERATING_COMMANDS: tuple[Command, ...] = (
    Command(
        "backup",
        "backups.commands.backup:app",
        "Backups: create, list, verify, drill, prune.",
        OPERATING,
    ),
    Command(
        "restore",
        "backups.commands.restore:restore",
        "Restore the database beside the live one and compare them; with `--apply`, switch.",
        OPERATING,
    ),
    Command(
        "doctor",
        "playbooks.commands.doctor:doctor",
        "Examine an installation: settings, rights, room for connections, keys, backups.",
        OPERATING,
    ),
    Command(
        "ai",
        "assistant.commands.ai:app",
        "The AI engine: doctor.",
        OPERATING,
    ),
    Command(
        "support-bundle",
        "playbooks.commands.bundle:support_bundle",
        "Write a bundle for whoever helps: findings, statistics, logs; no value, no secret.",
        OPERATING,
    ),
    Command(
        "ops",
        "playbooks.commands.ops:app",
        "The runbook as commands: diagnose, plan, apply, verify.",
        OPERATING,
    ),
    Command(
        "certificates",
        "operations.commands.certificates:certificates",
        "List certificates with their subjects, names, ends, and what is wrong with them.",
        OPERATING,
    ),
    Command(
        "dependencies",
        "operations.commands.dependencies:app",
        "What this installation is made of: report, SBOM.",
        OPERATING,
    ),
    Command(
        "manifest",
        "operations.commands.manifest:app",
        "Signed checksums of a release: create, verify.",
        OPERATING,
    ),
)

HELP = "Central configuration: typed, reviewed, versioned, watched live."


def build(asked: Collection[str] | None = None) -> App:
    """Return the command line.

    `asked`: words of the command line; the help of the commands among them is their own, whole
    one. None: of all commands.
    """
    app = App(
        name=NAME,
        help=HELP,
        version=__version__,
        # Markdown costs 0.1 s, which the list of commands need not pay; each command's help may.
        help_format="plaintext",
        default_parameter=DEFAULTS,
        result_action="return_value",
        suppress_keyboard_interrupt=False,
        exit_on_error=False,
    )
    app["--help"].group = app["--version"].group = SIGN_IN
    for root, commands in ((COMMANDS, TABLE), (PACKAGE, (*SERVER_COMMANDS, *OPERATING_COMMANDS))):
        for command in commands:
            is_group = command.place.endswith(":app")
            given: dict[str, str] = {} if is_group else {"help_format": "markdown"}
            if is_group or not (asked is None or command.name in asked):
                given["help"] = command.summary
            app.command(f"{root}.{command.place}", name=command.name, group=command.group, **given)
    return app


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line (by default this process's) and return the exit code."""
    collect_rarely()
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        return _code(build(words)(words))
    except CycloptsError:
        return USAGE  # it has been printed
    except CliError as error:
        from central_config.cli.output import report  # noqa: PLC0415 - only when something fails

        report(error, "json" if _asks_for_json(words) else "table")
        return error.code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read has seen enough (`ccfg log | head`). Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK


def _code(result: object) -> int:
    return result if isinstance(result, int) else OK


def _asks_for_json(words: Sequence[str]) -> bool:
    """Tell whether `-o json` stands there, also where the rest could not be understood."""
    text = " ".join(words)
    return any(form in text for form in ("-o json", "-o=json", "--output json", "--output=json"))
