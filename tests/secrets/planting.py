"""A workspace in which every way to hold a secret was used, each with a text of its own."""

from dataclasses import dataclass, field
from typing import Any

from tests.secrets.search import canary
from tests.support.api import ApiProcess, Client, Workspace

ENVIRONMENTS = ("base", "staging", "prod")


@dataclass
class Planted:
    """What was planted where. `secret` may come out nowhere; `open` is no secret."""

    api: ApiProcess
    admin: Client
    workspace: Workspace
    secret: dict[str, str] = field(default_factory=dict)
    open: dict[str, str] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    before_secret: int = 0

    def new(self, name: str) -> str:
        """Return a new secret text."""
        self.secret[name] = canary(name)
        return self.secret[name]

    def note(self, where: str, answer: Any) -> Any:
        """Keep an answer to be searched; return it."""
        self.outputs[where] = f"{dict(answer.headers)}\n{answer.text}"
        return answer

    def edit(self, environment: str, key: str, value: Any, **more: Any) -> dict[str, Any]:
        """Return one edit of a change."""
        return {"environment": environment, "key": key, "value": value, **more}

    def change(self, action: str, *edits: dict[str, Any]) -> str:
        """Create a change; return its id."""
        body = {"message": "planted", "edits": list(edits), "action": action}
        made = self.admin.ok("POST", f"{self.workspace.path}/changes", json=body)
        self.changes.append(made.get("id") or made["change"])
        return self.changes[-1]


def plant(api: ApiProcess, admin: Client) -> Planted:
    """Plant secrets in every way there is."""
    planted = Planted(api, admin, Workspace(admin))
    planted.open["value"] = canary("open")
    admin.put(planted.workspace.place("base", "greeting"), planted.open["value"])
    _from_the_start(planted)
    _by_import(planted)
    _later(planted)
    return planted


def _from_the_start(planted: Planted) -> None:
    place, put = planted.workspace.place, planted.admin.put
    put(place("base", "db/password"), planted.new("text"), secret=True)
    put(place("prod", "db/password"), planted.new("text-of-prod"), secret=True)
    inside = {"user": "u", "password": planted.new("in-object"), planted.new("as-member"): 1}
    put(place("base", "db/login"), inside, secret=True)
    put(place("base", "tokens"), ["a", planted.new("in-list")], secret=True)
    put(place("base", "db/url"), "postgres://u:${db/password}@host/x")  # secret by what it holds
    put(place("staging", "copy"), {"of": ["${env:prod/db/password}"]})
    planted.change(
        "draft", planted.edit("staging", "drafted", planted.new("in-draft"), secret=True)
    )
    planted.change(
        "submit", planted.edit("staging", "in-review", planted.new("in-review"), secret=True)
    )
    rejected = planted.change(
        "draft", planted.edit("staging", "rejected", planted.new("rejected"), secret=True)
    )
    planted.admin.ok("POST", f"{planted.workspace.path}/changes/{rejected}/reject", json={})
    put(place("staging", "removed"), planted.new("removed"), secret=True)
    planted.admin.ok("DELETE", f"/config/{place('staging', 'removed')}", headers={"If-Match": "*"})


def _by_import(planted: Planted) -> None:
    """Nobody said that these are secrets; their names and forms do."""
    path = f"{planted.workspace.environment('prod')}/import"
    text = (
        f"SMTP_PASSWORD={planted.new('imported')}\nSITE=https://u:{planted.new('in-address')}@h/\n"
    )
    answer = planted.note(
        "import",
        planted.admin.request(
            "POST",
            path,
            params={"format": "env"},
            content=text,
            headers={"Content-Type": "text/plain"},
        ),
    )
    assert answer.status_code == 201, answer.text
    change = answer.json()["change"]["id"]
    planted.changes.append(change)
    planted.admin.ok("POST", f"{planted.workspace.path}/changes/{change}/publish")
    text = f'{{"app": {{"api_key": "{planted.new("imported-json")}"}}}}'
    planted.note(
        "import as lines",
        planted.admin.request(
            "POST",
            path,
            params={"format": "json"},
            content=text,
            headers={"Content-Type": "application/json", "Accept": "application/x-ndjson"},
        ),
    )


def _later(planted: Planted) -> None:
    """Keys that held clear values before somebody noticed that they are secrets."""
    workspace, put = planted.workspace, planted.admin.put
    place = workspace.place
    put(place("base", "late"), planted.new("late-first"))
    put(place("base", "late"), planted.new("late-second"))
    put(place("prod", "late"), planted.new("late-of-prod"))
    put(place("base", "uses-late"), "-${late}-")
    planted.change("draft", planted.edit("staging", "late", planted.new("late-in-draft")))
    put(place("base", "late-by-write"), planted.new("late-by-write"))
    put(place("base", "late-removed"), planted.new("late-removed"))
    planted.admin.ok(
        "DELETE", f"/config/{place('base', 'late-removed')}", headers={"If-Match": "*"}
    )
    planted.change("draft", planted.edit("staging", "late-drafted", planted.new("late-drafted")))
    rejected = planted.change(
        "draft", planted.edit("staging", "late", planted.new("late-rejected"))
    )
    planted.admin.ok("POST", f"{workspace.path}/changes/{rejected}/reject", json={})
    planted.before_secret = workspace.revision()
    _fill_caches(planted)
    for key in ("late", "late-removed", "late-drafted"):
        planted.admin.ok("PATCH", f"{workspace.path}/keys/{key}", json={"secret": True})
    put(place("prod", "late-by-write"), planted.new("late-by-write-of-prod"), secret=True)


def _fill_caches(planted: Planted) -> None:
    """Read everything as it is while it is clear, so that whatever remembers it has it."""
    for environment in ENVIRONMENTS:
        place = planted.workspace.place(environment)
        assert planted.secret["late-of-prod" if environment == "prod" else "late-second"] in str(
            planted.admin.values(place)
        )
        for revision in (planted.before_secret - 1, planted.before_secret):
            planted.admin.values(place, at=str(revision))
        planted.admin.ok("GET", f"/watch/{place}", params={"revision": 4, "wait": 0})
