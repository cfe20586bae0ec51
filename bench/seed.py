"""What the service holds when it is measured: a workspace, keys of API clients, a schema rule."""

from typing import Any

from bench.client import Http
from bench.servers.ours import API

WORKSPACE, ENVIRONMENT = "bench", "prod"
PLACE = f"{API}/config/{WORKSPACE}/{ENVIRONMENT}"
SINGLE = "service/database"
# What a body of a value is around its value, with the key above, is found by asking.
SINGLE_BYTES, ENVIRONMENT_BYTES = 245, 14_000
WRITTEN = "write"
_PARENT = "base"


def workspace(admin: Http, slug: str = WORKSPACE) -> None:
    """Create a workspace with base <- prod, as applications have it."""
    admin.ok("POST", f"{API}/workspaces", {"slug": slug})
    for name, parent in ((_PARENT, None), (ENVIRONMENT, _PARENT)):
        path = f"{API}/workspaces/{slug}/environments"
        admin.ok("POST", path, {"slug": name, "parent": parent})


def key(admin: Http, access: str, slug: str = WORKSPACE) -> dict[str, str]:
    """Create an API key; return the header that carries it."""
    body = {"name": f"bench-{access}", "workspace": slug, "access": access, "secrets": False}
    token = admin.ok("POST", f"{API}/keys", body)["token"]
    return {"Authorization": f"Bearer {token}"}


def put(admin: Http, name: str, value: Any, slug: str = WORKSPACE, where: str = ENVIRONMENT) -> int:
    """Write a value over whatever is there; return the revision."""
    path = f"{API}/config/{slug}/{where}/{name}"
    return int(admin.ok("PUT", path, {"value": value}, {"If-Match": "*"})["revision"])


def values(admin: Http) -> None:
    """Fill the environment to 14 KB, half of it inherited, with one key answered in 245 bytes."""
    put(admin, SINGLE, "")
    empty = len(admin.raw("GET", f"{PLACE}/{SINGLE}")[1])
    put(admin, SINGLE, "x" * (SINGLE_BYTES - empty))
    edits: list[dict[str, Any]] = []
    size = len(admin.raw("GET", PLACE)[1])
    while size < ENVIRONMENT_BYTES:
        name, value = f"feature/area{len(edits) % 7}/item{len(edits):03d}", _value(len(edits))
        where = ENVIRONMENT if len(edits) % 2 else _PARENT
        edits.append({"environment": where, "key": name, "action": "set", "value": value})
        size += len(name) + len(str(value)) + 4
    change = {"message": "values to read", "edits": edits, "action": "publish"}
    admin.ok("POST", f"{API}/workspaces/{WORKSPACE}/changes", change)


def _value(number: int) -> Any:
    return ("on", number, {"limit": number, "unit": "ms", "hosts": ["a.internal", "b.internal"]})[
        number % 3
    ]


def rule(admin: Http) -> None:
    """Enforce a schema on what writers write."""
    schema = {
        "type": "object",
        "properties": {
            "count": {"type": "string", "pattern": "^[0-9]{10}$"},
            "text": {"type": "string", "maxLength": 500},
        },
        "required": ["count", "text"],
        "additionalProperties": False,
    }
    body = {"name": "written", "pattern": f"{WRITTEN}/**", "schema": schema, "mode": "enforce"}
    admin.ok("POST", f"{API}/workspaces/{WORKSPACE}/schemas", body)


def revision(admin: Http, slug: str = WORKSPACE) -> int:
    """Return the workspace's present revision."""
    return int(admin.ok("GET", f"{API}/workspaces/{slug}")["revision"])
