"""What several commands show alike: writes, differences, changes."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from central_config.cli.output import Output, details, table, value_text, warn
from central_config.cli.times import ago

if TYPE_CHECKING:
    from rich.table import Table

IN_REVIEW = 202

Document = Mapping[str, Any]


def write_result(out: Output, status: int, body: Document, what: str) -> None:
    """Say what became of a write: published, so already, or waiting for review."""
    if status == IN_REVIEW:
        out.done(
            body,
            f"{what}: waits for review as change {body['id']}\n"
            f"  another person runs: ccfg change approve {body['id']}",
        )
        return
    for warning in body["warnings"]:
        warn(str(warning))
    if body["changed"]:
        out.done(body, f"{what}: published as revision {body['revision']}")
    else:
        out.done(body, f"{what}: is so already, nothing changed (revision {body['revision']})")


def shown_value(item: Document, member: str = "value") -> str:
    """Return a value for a cell; a secret's mask says that it is one."""
    value = item.get(member)
    if item.get("secret") and value is not None:
        return "(secret)"
    return value_text(value)


def differences_table(items: Sequence[Document]) -> "Table":
    """Return differences by key, coloured on a terminal."""
    from rich.text import Text  # noqa: PLC0415 - see `output`

    signs = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow")}
    rows: list[list[object]] = []
    for item in items:
        sign, colour = signs.get(item["kind"], ("?", ""))
        before = None if item["kind"] == "added" else _side(item, "before")
        after = None if item["kind"] == "removed" else _side(item, "after")
        rows.append([Text(sign, style=colour), Text(item["key"], style=colour), before, after])
    return table(["", "key", "before", "after"], rows)


def _side(item: Document, member: str) -> str:
    if item["kind"] == "changed" and item["before"] == item["after"] and not item.get("secret"):
        return f"{value_text(item[member])} (status)"
    return shown_value(item, member)


def changes_table(items: Sequence[Document]) -> "Table":
    """Return changes, one a line."""
    return table(
        ["id", "status", "edits", "author", "created", "revision", "message"],
        [
            [
                item["id"],
                item["status"],
                item["edit_count"],
                item["author"],
                ago(item["created_at"]),
                item["revision"],
                item["message"],
            ]
            for item in items
        ],
    )


def change_details(item: Document) -> "Table":
    """Return a change without its edits."""
    decided = item.get("decided_by")
    return details(
        [
            ("change", item["id"]),
            ("status", item["status"]),
            ("kind", item["kind"]),
            ("message", item["message"] or None),
            ("author", f"{item['author']}, {ago(item['created_at'])}"),
            ("base revision", item["base_revision"]),
            ("decided", decided and f"by {decided}, {ago(item['decided_at'])}"),
            ("comment", item["comment"] or None),
            ("revision", item["revision"]),
        ]
    )
