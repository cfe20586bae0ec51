# ruff: noqa: D417 - `opts` is described by its class
"""The access review: who may do what, what stands out, and what was decided."""

import csv
import io
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from central_config.cli.errors import UsageError
from central_config.cli.output import table, write
from central_config.cli.session import OPTIONS, Options
from central_config.cli.times import ago

if TYPE_CHECKING:
    from rich.console import Group

COLUMNS: tuple[str, ...] = (
    "subject",
    "kind",
    "name",
    "workspace",
    "detail",
    "roles",
    "permissions",
    "last_login",
)


def review(
    *,
    inactive_days: int = 90,
    key_days: int = 180,
    as_csv: Annotated[bool, Parameter(name="--csv")] = False,
    opts: Options = OPTIONS,
) -> None:
    """Show who may do what, and what stands out among users, keys and roles.

    Args:
        inactive_days: a user or key not used for so long stands out.
        key_days: a key that old stands out.
        as_csv: as comma-separated values, a line for each role of each user and for each finding.
    """
    params = {"inactive_days": inactive_days, "key_days": key_days}
    found = opts.client().get("/access/review", params)
    if as_csv:
        write(_csv(found))
    else:
        opts.out.show(found, lambda: _shown(found))


def _shown(found: dict[str, Any]) -> "Group":
    from rich.console import Group  # noqa: PLC0415 - raw output must start fast
    from rich.text import Text  # noqa: PLC0415

    users = table(
        ["user", "active", "last sign-in", "role", "workspace", "permissions"],
        [
            [
                user["username"],
                "yes" if user["active"] else "no",
                ago(user["last_login"]) or "never",
                role["role"],
                role["workspace"] or "(all)",
                " ".join(role["permissions"]),
            ]
            for user, role in _roles(found)
        ],
    )
    findings = table(
        ["to decide", "what", "name", "workspace", "detail"],
        [
            [each["subject"], each["kind"], each["name"], each["workspace"], each["detail"]]
            for each in found["findings"]
        ],
    )
    admins = Text(f"Administrators: {', '.join(found['administrators']) or 'none'}")
    return Group(users, Text(""), admins, Text(""), findings)


def _roles(found: dict[str, Any]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    none: dict[str, Any] = {"role": None, "workspace": "", "permissions": []}
    return [(user, role) for user in found["users"] for role in user["roles"] or [none]]


def _csv(found: dict[str, Any]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for user, role in _roles(found):
        writer.writerow(
            _safe(
                {
                    "subject": f"user:{user['username']}",
                    "kind": "role",
                    "name": user["display_name"],
                    "workspace": role["workspace"] or "",
                    "detail": user["email"],
                    "roles": role["role"] or "",
                    "permissions": " ".join(role["permissions"]),
                    "last_login": user["last_login"] or "",
                }
            )
        )
    for each in found["findings"]:
        writer.writerow(_safe({name: each[name] or "" for name in COLUMNS[:5]}))
    return text.getvalue()


def _safe(row: dict[str, str]) -> dict[str, str]:
    """Keep spreadsheets from running a name that looks like a formula."""
    return {
        name: f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
        for name, value in row.items()
    }


def reviewed(
    subject: list[str],
    /,
    *,
    kept: bool = False,
    revoked: bool = False,
    reason: str,
    opts: Options = OPTIONS,
) -> None:
    """Write a decision of the review to the audit log; it changes nobody's access by itself.

    Args:
        subject: what `user review` shows: `user:NAME`, `key:ID` or `role:NAME`; may be repeated.
        kept: the access stays.
        revoked: the access was taken away.
        reason: why.
    """
    if kept == revoked:
        raise UsageError("say either --kept or --revoked")
    decision = "kept" if kept else "revoked"
    decisions = [{"subject": each, "decision": decision, "reason": reason} for each in subject]
    opts.client().post("/access/reviews", {"decisions": decisions})
    opts.out.done(decisions, f"{len(decisions)} recorded as {decision}")
